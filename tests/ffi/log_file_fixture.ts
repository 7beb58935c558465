import { RESOURCE } from "../../ffi/abi.ts";
import { append, type FileFailure, openForAppend } from "../../ffi/log_file.ts";
import { catchSignals } from "../../ffi/signal_handler.ts";
import { serve } from "../fixture.ts";
import { setLimit } from "./posix.ts";

const SIGXFSZ = 25;

const functions = {
  /** Appends twice to a file that may hold 10 bytes; what came of it, and the signals that were heard. */
  fill(path: string): { results: (number | FileFailure)[]; heard: number[] } {
    const caught = catchSignals([SIGXFSZ])!;
    const file = openForAppend(path);
    if ("failure" in file) throw new Error(file.failure);
    setLimit(RESOURCE.fsize, 10n, 10n);
    const bytes = new Uint8Array(100);
    const results = [append(file.descriptor, bytes), append(file.descriptor, bytes)];
    return { results, heard: caught.take() };
  },
};

export type LogFileFixture = typeof functions;
await serve(functions);
