/**
 * The signals that `Deno.addSignalListener` cannot take, caught by a handler of our own.
 *
 * The handler is the self-pipe trick in machine code: it writes the `siginfo_t` that it was given to a pipe,
 * with a raw system call, and returns. So nothing of the runtime runs in it, errno is not touched, a real-time
 * signal that was sent three times arrives three times, and the record tells a signal that somebody sent from a
 * fault of our own. The order of different signals is not kept: several threads take them side by side. (libc alone has `eventfd_write`, whose arguments happen to fit a handler's; it
 * needs the descriptor whose number is the signal's, which below 34 is the runtime's and up to 64 may be one
 * that main is to inherit, bash's `<(...)` for one, and it counts many deliveries as one.)
 */

import { SIGNAL_INFO, SIZE } from "./abi.ts";
import { setHandler } from "./disposition.ts";
import { libc, readBlocking } from "./libc.ts";

const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const F_SETFL = 4;
const [PROT_READ, PROT_WRITE, PROT_EXEC] = [1, 2, 4] as const;
const [MAP_PRIVATE, MAP_ANONYMOUS] = [0x02, 0x20] as const;
const [SA_SIGINFO, SA_ONSTACK, SA_RESTART, SA_RESETHAND] = [0x4, 0x08000000, 0x10000000, 0x80000000] as const;

/**
 * `write(descriptor, siginfo, sizeof(siginfo_t)); return;` The kernel calls a handler with the signal's number in
 * the first argument register and the address of its siginfo_t in the second, where write(2) wants its buffer.
 */
const HANDLER_CODE = {
  x86_64: (descriptor: number): number[] => [
    ...[0xbf, ...littleEndian(descriptor)], //            mov  edi, descriptor
    ...[0xba, ...littleEndian(SIZE.signalInfo)], //       mov  edx, 128
    ...[0xb8, ...littleEndian(1)], //                     mov  eax, SYS_write
    ...[0x0f, 0x05], //                                   syscall
    ...[0xc3], //                                         ret
  ],
  aarch64: (descriptor: number): number[] => [
    ...littleEndian(0x52800000 | (descriptor << 5)), //           mov  w0, #descriptor
    ...littleEndian(0x52800002 | (SIZE.signalInfo << 5)), //      mov  w2, #128
    ...littleEndian(0x52800008 | (64 << 5)), //                   mov  w8, #SYS_write
    ...littleEndian(0xd4000001), //                               svc  #0
    ...littleEndian(0xd65f03c0), //                               ret
  ],
} as const;

function littleEndian(word: number): number[] {
  return [word & 0xff, (word >> 8) & 0xff, (word >> 16) & 0xff, (word >>> 24) & 0xff];
}

/** Signals that the kernel raises for a fault: after one delivery they do their default, so that a fault still ends us. */
const FAULTS: readonly number[] = [
  /* ILL */ 4,
  /* TRAP */ 5,
  /* BUS */ 7,
  /* FPE */ 8,
  /* SEGV */ 11,
  /* SYS */ 31,
];

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
  const install = (signal: number): void => {
    const once = FAULTS.includes(signal) ? SA_RESETHAND : 0;
    setHandler(signal, handler, SA_SIGINFO | SA_ONSTACK | SA_RESTART | once);
  };
  signals.forEach(install);
  return {
    async listen(deliver): Promise<never> {
      const records = new Uint8Array(32 * SIZE.signalInfo);
      const view = new DataView(records.buffer);
      for (;;) {
        const filled = Number(await readBlocking(readEnd, records));
        for (let at = 0; at + SIZE.signalInfo <= filled; at += SIZE.signalInfo) {
          const signal = view.getInt32(at + SIGNAL_INFO.signal, true);
          const sent = view.getInt32(at + SIGNAL_INFO.code, true) <= 0; // SI_USER, SI_QUEUE, SI_TKILL: sigaction(2)
          if (FAULTS.includes(signal)) install(signal);
          if (sent) deliver(signal);
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
