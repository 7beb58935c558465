import { PollSet } from "../../ffi/poll.ts";
import { catchSignals } from "../../ffi/signal_handler.ts";
import { connectTo, sendAvailable } from "../../ffi/socket.ts";
import { serve } from "../fixture.ts";

const SIGPIPE = 13;

const functions = {
  /** The signals that are heard while it sends to a port of which the other side closes. */
  heardWhileSending(port: number): number[] {
    const caught = catchSignals([SIGPIPE])!;
    const descriptor = connectTo("127.0.0.1", port);
    if (typeof descriptor !== "number") throw new Error(descriptor.failure);
    const poller = new PollSet();
    let failed = false;
    poller.watch(descriptor, "write", () => {
      failed = sendAvailable(descriptor, new Uint8Array(1000)) === "failed" &&
        sendAvailable(descriptor, new Uint8Array(1000)) === "failed"; // the first one only tells of the reset
    });
    while (!failed) poller.wait(null);
    return caught.take();
  },
};

export type SocketFixture = typeof functions;
await serve(functions);
