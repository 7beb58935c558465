/** What few runs need: other inits' command lines, and words for who asks. */

export { helpText } from "./cli/help.ts";
export { execWithListenPid } from "./drop_in/listen_pid.ts";
export { PARSERS } from "./drop_in/parsers.ts";
export { VERSION } from "./version.ts";
