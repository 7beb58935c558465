/**
 * The signals that `Deno.addSignalListener` cannot take, caught by a handler of our own.
 *
 * The handler is the self-pipe trick in machine code: it writes the `siginfo_t` that it was given to a pipe,
 * with a raw system call, and returns. So nothing of the runtime runs in it, errno is not touched, a real-time
 * signal that was sent three times arrives three times, and a fault of our own is told from a signal that somebody
 * sent. The order of different signals is not kept: several threads take them side by side.
 *
 * libc alone has `eventfd_write`, whose arguments happen to fit a handler's. It needs the descriptor whose number
 * is the signal's, which below 34 is the runtime's, and up to 64 may be one that main is to inherit, bash's
 * `<(...)` for one; and it counts many deliveries as one.
 */

import { SIGNAL_INFO, SIZE } from "./abi.ts";
import { setHandler } from "./disposition.ts";
import { libc, readBlocking } from "./libc.ts";

const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const F_SETFL = 4;
const [PROT_READ, PROT_WRITE, PROT_EXEC] = [1, 2, 4] as const;
const [MAP_PRIVATE, MAP_ANONYMOUS] = [0x02, 0x20] as const;
const [SA_SIGINFO, SA_ONSTACK, SA_RESTART] = [0x4, 0x08000000, 0x10000000] as const;

/**
 * if (info->si_code > 0) rt_sigaction(signal, &default, NULL, 8);   // a fault of our own: it ends us when it recurs
 * else write(descriptor, info, sizeof(siginfo_t));                  // somebody sent it
 *
 * The kernel calls a handler with the signal's number in the first argument register and the address of its
 * siginfo_t in the second. The zeros of the page behind the code serve as the default's `struct sigaction`.
 */
const HANDLER_CODE = {
  x86_64: (descriptor: number): number[] => [
    ...[0x83, 0x7e, SIGNAL_INFO.code, 0x00], //           cmp  dword [rsi + si_code], 0
    ...[0x7f, 0x12], //                                   jg   fault
    ...[0xbf, ...littleEndian(descriptor)], //            mov  edi, descriptor
    ...[0xba, ...littleEndian(SIZE.signalInfo)], //       mov  edx, 128
    ...[0xb8, ...littleEndian(1)], //                     mov  eax, SYS_write
    ...[0x0f, 0x05], //                                   syscall
    ...[0xc3], //                                         ret
    ...[0x48, 0x8d, 0x35, ...littleEndian(0x10)], // fault: lea  rsi, [rip + behind the code]
    ...[0x31, 0xd2], //                                   xor  edx, edx
    ...[0x41, 0xba, ...littleEndian(8)], //               mov  r10d, 8
    ...[0xb8, ...littleEndian(13)], //                    mov  eax, SYS_rt_sigaction
    ...[0x0f, 0x05], //                                   syscall
    ...[0xc3], //                                         ret
  ],
  aarch64: (descriptor: number): number[] =>
    [
      0xb9400029 | ((SIGNAL_INFO.code / 4) << 10), //     ldr  w9, [x1, #si_code]
      0x7100013f, //                                      cmp  w9, #0
      0x540000cc, //                                      b.gt fault
      0x52800000 | (descriptor << 5), //                  mov  w0, #descriptor
      0x52800002 | (SIZE.signalInfo << 5), //             mov  w2, #128
      0x52800008 | (64 << 5), //                          mov  w8, #SYS_write
      0xd4000001, //                                      svc  #0
      0xd65f03c0, //                                      ret
      0x100000c1, // fault:                               adr  x1, behind the code
      0xd2800002, //                                      mov  x2, #0
      0xd2800103, //                                      mov  x3, #8
      0x52800008 | (134 << 5), //                         mov  w8, #SYS_rt_sigaction
      0xd4000001, //                                      svc  #0
      0xd65f03c0, //                                      ret
    ].flatMap(littleEndian),
} as const;

function littleEndian(word: number): number[] {
  return [word & 0xff, (word >> 8) & 0xff, (word >> 16) & 0xff, (word >>> 24) & 0xff];
}

/** Catches signals by the handler above. */
export interface SignalPipe {
  /** Calls `deliver` with the number of each signal that somebody sends, in order, for ever. Never throws. */
  listen(deliver: (signal: number) => void): Promise<never>;
}

/**
 * Installs the handler for the signals; from then on they are kept, up to 512 at a time, until they are listened to.
 *
 * Returns `null` if this system gives no pipe or no executable page.
 */
export function catchByPipe(signals: readonly number[]): SignalPipe | null {
  const ends = new Int32Array(2);
  if (libc.pipe2(new Uint8Array(ends.buffer), O_CLOEXEC) !== 0) return null;
  const [readEnd, writeEnd] = [ends[0]!, ends[1]!];
  libc.fcntl(writeEnd, F_SETFL, O_NONBLOCK); // a full pipe loses a signal, but never stops a thread in its handler
  const handler = executableCode(HANDLER_CODE[Deno.build.arch](writeEnd));
  if (handler === null) {
    libc.close(readEnd);
    libc.close(writeEnd);
    return null;
  }
  for (const signal of signals) setHandler(signal, handler, SA_SIGINFO | SA_ONSTACK | SA_RESTART);
  return {
    async listen(deliver): Promise<never> {
      const records = new Uint8Array(32 * SIZE.signalInfo);
      const view = new DataView(records.buffer);
      for (;;) {
        const filled = Number(await readBlocking(readEnd, records));
        for (let at = 0; at + SIZE.signalInfo <= filled; at += SIZE.signalInfo) {
          deliver(view.getInt32(at + SIGNAL_INFO.signal, true));
        }
      }
    },
  };
}

/** The address of a page that holds the code and can be executed but no longer written; `null` if refused. */
function executableCode(code: readonly number[]): bigint | null {
  const PAGE = 65536n; // the largest page size of either architecture
  const page = libc.mmap(null, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0n);
  const address = Deno.UnsafePointer.value(page);
  if (page === null || address === 0xffffffffffffffffn) return null; // MAP_FAILED
  new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(page, code.length)).set(code);
  return libc.mprotect(page, PAGE, PROT_READ | PROT_EXEC) === 0 ? address : null;
}
