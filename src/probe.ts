/** How a service is asked for its health over the network. */

import { closeDescriptor, readAvailable } from "../ffi/pipe.ts";
import type { Poller } from "../ffi/poll.ts";
import { connectResult, connectTo, sendAvailable } from "../ffi/socket.ts";
import type { Probe } from "./core/services/project.ts";

/** A question that is being asked. */
export interface RunningProbe {
  /** Asks no further: nothing is told any more, and nothing stays open. */
  cancel(): void;
}

/** Why a question could not even be asked, in words. */
export interface ProbeFailure {
  readonly failure: string;
}

/** A status line, and more than any sensible one; RFC 9112. */
const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})(?: ([^\r]*))?\r?\n/;
const LONGEST_STATUS_LINE = 1024;

/**
 * Asks for a service's health, and tells with one call of `done`, in a later turn, why it is not healthy: in words,
 * or `null` if it is. Takes as long as the answer does: whoever asks cancels.
 *
 * For `http`, healthy is an answer with a status from 200 to 399; for `tcp`, an accepted connection. `localhost` is
 * 127.0.0.1 and, where that does not connect, ::1.
 */
export function startProbe(
  probe: Extract<Probe, { name: "http" | "tcp" }>,
  poller: Poller,
  done: (failure: string | null) => void,
): RunningProbe | ProbeFailure {
  const addresses = probe.host === "localhost" ? ["127.0.0.1", "::1"] : [probe.host];
  let descriptor = -1;

  /** Begins with the next address that can be tried; why there is none, with the reason of the first. */
  function connect(earlier: string | null): string | null {
    let failure = earlier;
    for (let address; (address = addresses.shift()) !== undefined;) {
      const connecting = connectTo(address, probe.port);
      if (typeof connecting === "number") {
        descriptor = connecting;
        poller.watch(descriptor, "write", () => connected(failure));
        return null;
      }
      failure ??= connecting.failure;
    }
    return failure;
  }

  function connected(earlier: string | null): void {
    const failure = connectResult(descriptor);
    if (failure === null) return probe.name === "tcp" ? end(null) : send(request(probe));
    close();
    const last = connect(earlier ?? failure);
    if (last !== null) done(last);
  }

  function send(bytes: Uint8Array<ArrayBuffer>): void {
    const count = sendAvailable(descriptor, bytes);
    if (count === "failed") return end("closed the connection without an answer");
    const rest = bytes.subarray(count === "again" ? 0 : count);
    if (rest.length > 0) return poller.watch(descriptor, "write", () => send(rest));
    const answer = new Uint8Array(LONGEST_STATUS_LINE);
    let filled = 0;
    poller.watch(descriptor, "read", () => {
      const count = readAvailable(descriptor, answer.subarray(filled));
      if (count === "again") return;
      if (typeof count === "number") filled += count;
      const verdict = judge(answer.subarray(0, filled), typeof count !== "number");
      if (verdict !== "unfinished") end(verdict);
    });
  }

  function close(): void {
    if (descriptor < 0) return;
    poller.unwatch(descriptor);
    closeDescriptor(descriptor);
    descriptor = -1;
  }

  function end(failure: string | null): void {
    close();
    done(failure);
  }

  const failure = connect(null);
  return failure === null ? { cancel: close } : { failure };
}

function request({ host, port, path }: Extract<Probe, { name: "http" }>): Uint8Array<ArrayBuffer> {
  const authority = `${host.includes(":") ? `[${host}]` : host}${port === 80 ? "" : `:${port}`}`;
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${authority}`,
    "User-Agent: denit",
    "Accept: */*",
    "Connection: close",
    "",
    "",
  ];
  return new TextEncoder().encode(lines.join("\r\n"));
}

/** Why an answer, as far as it has come, does not tell of health; `null` if it does. */
function judge(answer: Uint8Array, isOver: boolean): string | null | "unfinished" {
  const line = STATUS_LINE.exec(new TextDecoder().decode(answer));
  if (line !== null) {
    const [, status, reason = ""] = line;
    const healthy = Number(status) >= 200 && Number(status) < 400;
    return healthy ? null : `answered ${status} ${reason}`.trimEnd();
  }
  if (answer.length === LONGEST_STATUS_LINE || answer.includes(LINE_END)) {
    return "answered with what is no HTTP";
  }
  if (!isOver) return "unfinished";
  return answer.length === 0
    ? "closed the connection without an answer"
    : "closed the connection amid its answer";
}

const LINE_END = 10;
