/** Connecting to a TCP port and talking to it without ever waiting: tcp(7). */

import { EINTR } from "./abi.ts";
import { inSentence, lastReason } from "./error_words.ts";
import { cString } from "./c_string.ts";
import { errno, hasFailedForNow, libc } from "./libc.ts";

const [AF_INET, AF_INET6] = [2, 10] as const;
const SOCK_STREAM = 1;
const [SOCK_NONBLOCK, SOCK_CLOEXEC] = [0o4000, 0o2000000] as const;
const [SOL_SOCKET, SO_ERROR] = [1, 4] as const;
const MSG_NOSIGNAL = 0x4000;
const [ECONNREFUSED, EINPROGRESS] = [111, 115] as const;
const LONGEST_ADDRESS = 128; // struct sockaddr_storage

/** Why there is no connection, in words. */
export interface ConnectFailure {
  readonly failure: string;
}

/**
 * Begins to connect to a port of an IPv4 or IPv6 address. Returns a descriptor, to be closed by the caller, which
 * can be written once {@linkcode connectResult} can be asked.
 */
export function connectTo(address: string, port: number): number | ConnectFailure {
  const socketAddress = parseAddress(address, port);
  if (socketAddress === null) return { failure: `${address} is no IP address` };
  const family = new DataView(socketAddress.buffer).getUint16(0, true);
  const descriptor = libc.socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return { failure: lastReason() };
  if (libc.connect(descriptor, socketAddress, socketAddress.length) === 0) return descriptor;
  const error = errno();
  if (error === EINPROGRESS || error === EINTR) return descriptor;
  libc.close(descriptor);
  return { failure: inSentence(error) };
}

/** `struct sockaddr_in`, ip(7), or `struct sockaddr_in6`, ipv6(7). */
function parseAddress(address: string, port: number): Uint8Array<ArrayBuffer> | null {
  const isV6 = address.includes(":");
  const bytes = new Uint8Array(isV6 ? 28 : 16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, isV6 ? AF_INET6 : AF_INET, true);
  view.setUint16(2, port);
  const parsed = libc.inet_pton(isV6 ? AF_INET6 : AF_INET, cString(address), bytes.subarray(isV6 ? 8 : 4));
  return parsed === 1 ? bytes : null;
}

/** Why the connection was not made, in words, or `null` if it was. */
export function connectResult(descriptor: number): string | null {
  const error = new Int32Array(1);
  const length = new Uint8Array(new Uint32Array([4]).buffer);
  libc.getsockopt(descriptor, SOL_SOCKET, SO_ERROR, new Uint8Array(error.buffer), length);
  // Where nobody listens, the port that the kernel chose for us may be the very one that we asked for.
  const code = error[0] === 0 && isConnectedToItself(descriptor) ? ECONNREFUSED : error[0]!;
  return code === 0 ? null : inSentence(code);
}

function isConnectedToItself(descriptor: number): boolean {
  const [own, peer] = [libc.getsockname, libc.getpeername].map((ask) => {
    const address = new Uint8Array(LONGEST_ADDRESS);
    ask(descriptor, address, new Uint8Array(new Uint32Array([address.length]).buffer));
    return address.join();
  });
  return own === peer;
}

/** Sends what the connection takes now: how many bytes, `"again"` if none at the moment, or `"failed"`. */
export function sendAvailable(
  descriptor: number,
  bytes: Uint8Array<ArrayBuffer>,
): number | "again" | "failed" {
  const count = Number(libc.send(descriptor, bytes, BigInt(bytes.length), MSG_NOSIGNAL));
  if (count >= 0) return count;
  return hasFailedForNow() ? "again" : "failed";
}
