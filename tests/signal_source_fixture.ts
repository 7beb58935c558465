import { withoutOutputSignals } from "../ffi/disposition.ts";
import { libc } from "../ffi/libc.ts";
import { sendSignal } from "../ffi/process.ts";
import { catchAllSignals } from "../src/signal_source.ts";
import { makePipe } from "./ffi/posix.ts";
import { say, serve } from "./fixture.ts";

const SIGHUP = 1;

const functions = {
  /** Shows how the caller had set its signals, and then each that comes, for ever. */
  show(): void {
    const signals = catchAllSignals()!;
    say(`${JSON.stringify({ ignored: signals.ignored, blocked: signals.blocked })}\n`);
    for (;;) {
      signals.wait(null, []);
      for (const signal of signals.take()) say(`${signal}\n`);
    }
  },

  /** What is heard of a write to a closed pipe, which the kernel answers by PIPE to the thread that writes. */
  ownPipe(): number[] {
    const signals = catchAllSignals()!;
    const [read, write] = makePipe();
    libc.close(read);
    withoutOutputSignals(() => libc.write(write, new Uint8Array(1), 1n), (written) => written < 0n);
    sendSignal(Deno.pid, SIGHUP);
    return signals.take();
  },
};

export type SignalSourceFixture = typeof functions;
await serve(functions);
