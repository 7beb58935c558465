/**
 * Catching signals, by a handler of our own in machine code.
 *
 * For each signal the handler adds one to a counter and wakes us through an eventfd, with a raw system call. So
 * nothing of the runtime runs in it, errno is not touched, and nothing is lost or held up however many signals come.
 * As in the kernel, a standard signal that comes again before it was taken is one, and a real-time signal that was
 * sent three times is three.
 *
 * Not `Deno.addSignalListener`, because of what it does to a PID 1: its first call makes the runtime catch HUP, INT
 * and TERM, and until each has a listener of its own one that comes ends in a crash (22 of 150 that were aimed at
 * that moment). It takes no real-time signal, nor ILL, FPE and SEGV, it merges what comes together, and it needs the
 * event loop: see src/loop.ts. libc alone has `eventfd_write`, whose arguments happen to fit a handler's, but it
 * needs the descriptor whose number is the signal's: below 34 that is the runtime's, and up to 64 it may be one
 * that main is to inherit, bash's `<(...)` for one.
 */

import { LAST_SIGNAL, POLLIN, POLLOUT, SIGNAL_INFO } from "./abi.ts";
import { setHandlers } from "./disposition.ts";
import { libc } from "./libc.ts";
import { instructions, makeExecutable, mapMemory, PAGE } from "./machine_code.ts";
import { pause } from "./pause.ts";
import { signalSet } from "./signal_set.ts";

const [EFD_CLOEXEC, EFD_NONBLOCK] = [0o2000000, 0o4000] as const;
const LONGEST_POLL_MS = 2 ** 31 - 1;
const [SA_SIGINFO, SA_ONSTACK, SA_RESTART] = [0x4, 0x08000000, 0x10000000] as const;

/** Signals that the kernel raises for a fault. */
const FAULTS: readonly number[] = [
  /* ILL */ 4,
  /* TRAP */ 5,
  /* BUS */ 7,
  /* FPE */ 8,
  /* SEGV */ 11,
  /* SYS */ 31,
];

/**
 * The handlers, with the offset of the one that a fault's signal does not need:
 *
 *     fault handler:     if (info->si_code > 0) {           // a fault of our own, not sent by anybody
 *                          rt_sigaction(signal, zeros, NULL, 8);  // it recurs, and then does its default: it ends us
 *                          return;
 *                        }
 *     counting handler:  if (signal >= 32) context->uc_sigmask |= real_time;
 *                        atomic_increment(&counters[signal]);
 *                        write(descriptor, increment, 8);
 *
 * Behind a real-time signal all of these are blocked in this thread until the signals are taken: they queue by the ten
 * thousand, and a thread that has the next one delivered when a handler returns would do nothing else.
 *
 * The kernel passes the signal's number in the first argument register, the address of its siginfo_t in the second, and
 * that of the ucontext_t with which the thread goes on in the third (uc_sigmask is at 296 in it, on aarch64 at 40:
 * asm/ucontext.h). Behind the code stand five words of 8 bytes, which it reads: the addresses of the counters, of the
 * increment and of the zeros, the descriptor, and the set of real-time signals.
 */
const HANDLERS = {
  x86_64: {
    counting: 6,
    code: [
      ...[0x83, 0x7e, SIGNAL_INFO.code, 0x00], //             cmp   dword [rsi + si_code], 0
      ...[0x7f, 0x3a], //                                     jg    fault
      ...[0x83, 0xff, 0x20], //                    counting:  cmp   edi, 32
      ...[0x7c, 0x0e], //                                     jl    count
      ...[0x48, 0x8b, 0x05, 0x6e, 0x00, 0x00, 0x00], //       mov   rax, [real_time]
      ...[0x48, 0x09, 0x82, 0x28, 0x01, 0x00, 0x00], //       or    [rdx + uc_sigmask], rax
      ...[0x89, 0xf8], //                             count:  mov   eax, edi
      ...[0x48, 0x8b, 0x0d, 0x3e, 0x00, 0x00, 0x00], //       mov   rcx, [counters]
      ...[0xf0, 0xff, 0x04, 0x81], //                         lock inc dword [rcx + rax * 4]
      ...[0x48, 0x8b, 0x35, 0x3b, 0x00, 0x00, 0x00], //       mov   rsi, [increment]
      ...[0x8b, 0x3d, 0x45, 0x00, 0x00, 0x00], //             mov   edi, [descriptor]
      ...[0xba, 0x08, 0x00, 0x00, 0x00], //                   mov   edx, 8
      ...[0xb8, 0x01, 0x00, 0x00, 0x00], //                   mov   eax, SYS_write
      ...[0x0f, 0x05], //                                     syscall
      ...[0xc3], //                                           ret
      ...[0x48, 0x8b, 0x35, 0x29, 0x00, 0x00, 0x00], // fault: mov  rsi, [zeros]
      ...[0x31, 0xd2], //                                     xor   edx, edx
      ...[0x41, 0xba, 0x08, 0x00, 0x00, 0x00], //             mov   r10d, 8
      ...[0xb8, 0x0d, 0x00, 0x00, 0x00], //                   mov   eax, SYS_rt_sigaction
      ...[0x0f, 0x05], //                                     syscall
      ...[0xc3], //                                           ret
      ...[0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0], //          nop
    ],
  },
  aarch64: {
    counting: 12,
    code: instructions(
      0xb9400029 | ((SIGNAL_INFO.code / 4) << 10), //          ldr   w9, [x1, #si_code]
      0x7100013f, //                                          cmp   w9, #0
      0x5400026c, //                                          b.gt  fault
      0x7100801f, //                               counting:  cmp   w0, #32
      0x540000ab, //                                          b.lt  count
      0x580003e9, //                                          ldr   x9, real_time
      0xf940144a, //                                          ldr   x10, [x2, #uc_sigmask]
      0xaa09014a, //                                          orr   x10, x10, x9
      0xf900144a, //                                          str   x10, [x2, #uc_sigmask]
      0x58000269, //                                  count:  ldr   x9, counters
      0x8b204929, //                                          add   x9, x9, w0, uxtw #2
      0x885f7d2a, //                                   again: ldxr  w10, [x9]
      0x1100054a, //                                          add   w10, w10, #1
      0x880b7d2a, //                                          stxr  w11, w10, [x9]
      0x35ffffab, //                                          cbnz  w11, again
      0x18000260, //                                          ldr   w0, descriptor
      0x580001c1, //                                          ldr   x1, increment
      0x52800102, //                                          mov   w2, #8
      0x52800808, //                                          mov   w8, #SYS_write
      0xd4000001, //                                          svc   #0
      0xd65f03c0, //                                          ret
      0x58000161, //                                  fault:  ldr   x1, zeros
      0xd2800002, //                                          mov   x2, #0
      0xd2800103, //                                          mov   x3, #8
      0x528010c8, //                                          mov   w8, #SYS_rt_sigaction
      0xd4000001, //                                          svc   #0
      0xd65f03c0, //                                          ret
      0xd503201f, //                                          nop
    ),
  },
} as const;

/** In the counters' page, behind them: a `struct sigaction` of zeros, which is the default. */
const ZEROS = 1024;

const FIRST_REAL_TIME = 32;
const SIG_UNBLOCK = 1;
/** Those that are an application's: glibc keeps 32 and 33 for itself. */
const REAL_TIME = signalSet(Array.from({ length: LAST_SIGNAL - 33 }, (_, i) => 34 + i));
/** So many signals are taken in one go, or a few more, where real-time ones queue: others must get their turn. */
const TAKEN_AT_ONCE = 64;

/** Signals that are caught, and counted until they are taken. */
export interface CaughtSignals {
  /** Those of them that were ignored before, from the lowest number on. */
  readonly ignored: readonly number[];
  /**
   * Waits until a signal has come, one of the descriptors can be written, or `timeoutMs` is over (`null`: never),
   * and not for a moment where that is so already; poll(2). May return sooner.
   */
  wait(timeoutMs: number | null, toWrite: readonly number[]): void;
  /** Can be read when a signal has come, for who waits by other means; then {@linkcode acknowledge} is to be called. */
  readonly descriptor: number;
  /** Whether one of these has come and was not taken. */
  has(wanted: readonly number[]): boolean;
  /** Takes back that the descriptor can be read, before the signals themselves are taken; returns whether it could. */
  acknowledge(): boolean;
  /**
   * The signals that have come since the last call: standard ones once, in the order in which they were given to be
   * caught, real-time ones as often as they came, as a rule the lowest first; of very many the rest comes with the next
   * call.
   */
  take(): number[];
}

/** Catches the signals from now on; `null` if this system gives no descriptor, or no page that may be executed. */
export function catchSignals(signals: readonly number[]): CaughtSignals | null {
  const descriptor = libc.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  const memory = descriptor < 0 ? null : mapHandlers(descriptor);
  if (memory === null) return null;

  const { code, counters } = memory;
  const { counting } = HANDLERS[Deno.build.arch];
  const flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  const isFault = (signal: number): boolean => FAULTS.includes(signal);
  const ignored = [
    ...setHandlers(signals.filter((signal) => !isFault(signal)), code + BigInt(counting), flags),
    ...setHandlers(signals.filter(isFault), code, flags),
  ].sort((a, b) => a - b);
  const seen = new Int32Array(counters.length);
  const wakeUps = new Uint8Array(8);
  const acknowledge = (): boolean => libc.read(descriptor, wakeUps, BigInt(wakeUps.length)) > 0;
  const alone = requestsOf([descriptor, POLLIN]);
  let interrupted = false;

  /** Adds those that are counted; returns whether there is a real-time signal among them. */
  function takeCounted(taken: number[]): boolean {
    let isRealTime = false;
    for (let i = 0; i < signals.length; i++) { // each time that we wake: as plain as can be
      const signal = signals[i]!;
      const came = (counters[signal]! - seen[signal]!) | 0;
      if (came === 0) continue;
      seen[signal]! += came;
      taken.push(signal);
      if (signal < FIRST_REAL_TIME) continue;
      isRealTime = true;
      for (let i = 1; i < came; i++) taken.push(signal); // those that other threads were given
    }
    return isRealTime;
  }

  return {
    ignored,
    descriptor,
    acknowledge,
    has: (wanted) => wanted.some((signal) => counters[signal] !== seen[signal]),
    wait(timeoutMs, toWrite): void {
      const timeout = timeoutMs === null ? -1 : Math.min(Math.ceil(timeoutMs), LONGEST_POLL_MS);
      if (interrupted) {
        interrupted = false;
        if (!acknowledge()) pause(timeout); // it was no signal: poll(2) was asked for too many descriptors
        return;
      }
      const requests = toWrite.length === 0
        ? alone
        : requestsOf([descriptor, POLLIN, ...toWrite.flatMap((other) => [other, POLLOUT])]);
      const ready = libc.poll(requests, BigInt(1 + toWrite.length), timeout);
      // Before the counters are read, or a wake-up is lost. Where a signal has ended the wait what is to be done about it
      // comes first, and whether there is more is looked at before the next.
      if (ready < 0) interrupted = true;
      else acknowledge();
    },
    take(): number[] {
      const taken: number[] = [];
      while (takeCounted(taken)) {
        libc.pthread_sigmask(SIG_UNBLOCK, REAL_TIME, null); // and the next one is delivered
        if (taken.length >= TAKEN_AT_ONCE) break;
      }
      return taken;
    },
  };
}

/** Pairs of a descriptor and of events, as poll(2) takes them. */
function requestsOf(words: readonly number[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new Int32Array(words).buffer);
}

/** A page with the code, which may be executed and no longer written, and the counters behind it. */
function mapHandlers(descriptor: number): { code: bigint; counters: Int32Array<ArrayBuffer> } | null {
  const mapped = mapMemory(2, "private");
  if (mapped === null) return null;
  const { address, memory } = mapped;
  const { code } = HANDLERS[Deno.build.arch];
  new Uint8Array(memory).set(code);
  const words = new BigUint64Array(memory, code.length, 5);
  const counters = address + BigInt(PAGE);
  const descriptorWord = address + BigInt(code.length + 3 * 8); // any number but 0 does as the increment
  const realTime = new BigUint64Array(REAL_TIME.buffer)[0]!;
  words.set([counters, descriptorWord, counters + BigInt(ZEROS), BigInt(descriptor), realTime]);

  if (!makeExecutable(mapped)) return null;
  return { code: address, counters: new Int32Array(memory, PAGE, LAST_SIGNAL + 1) };
}
