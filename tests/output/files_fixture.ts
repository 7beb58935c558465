import { LogFiles } from "../../src/output/files.ts";
import { setLimit } from "../ffi/posix.ts";
import { serve } from "../fixture.ts";

const RLIMIT_FSIZE = 1;
const NO_LIMIT = 2n ** 64n - 1n;
const encoder = new TextEncoder();

const functions = {
  /** Writes lines until the file may not grow, more of them, and others when it may again. */
  fill(folder: string): string[] {
    const reports: string[] = [];
    const limits = { maxBytes: null, maxFiles: 1 };
    const files = new LogFiles("web", folder, limits, (text) => reports.push(text));
    limitFiles(1024n);
    files.write(encoder.encode("line of a log\n".repeat(100)));
    files.write(encoder.encode("lost\n"));
    limitFiles(NO_LIMIT);
    files.write(encoder.encode("next\n"));
    files.write(encoder.encode("the last\n"));
    files.close();
    return reports;
  },
};

/** Sets how large a file of ours may become; a disk that is full does the same. */
function limitFiles(bytes: bigint): void {
  setLimit(RLIMIT_FSIZE, bytes, NO_LIMIT);
}

export type FilesFixture = typeof functions;
await serve(functions);
