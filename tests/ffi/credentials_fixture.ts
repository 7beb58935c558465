import { withFilesOf } from "../../ffi/credentials.ts";
import { readHead } from "../../ffi/file.ts";
import { serve } from "../fixture.ts";

const functions = {
  /** The ids by which files are opened, before, meanwhile and after. */
  withFiles(uid: number, gid: number): string[] {
    return [ids(), withFilesOf(uid, gid, ids), ids()];
  },
};

/** What the kernel shows of this thread. */
function ids(): string {
  const status = new TextDecoder().decode(readHead("/proc/thread-self/status", 4096)!);
  return [...status.matchAll(/^(?:Uid|Gid|Groups):\t(.*?) *$/gm)].map(([, ids]) => ids).join("; ");
}

export type CredentialsFixture = typeof functions;
await serve(functions);
