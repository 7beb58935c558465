/**
 * Starting a program: a new process of ours makes system calls, one after the other, of which the last executes it.
 *
 * It shares our memory until then, as that of posix_spawn(3) does, so nothing is copied. But that one has its caller
 * wait in the kernel, where no signal ends it, until the program has been executed, and how long that takes is for others
 * to say: a disk that does not answer, or whoever stops the process once it runs as his user. We wait for so long as a
 * start may take, and then go on. And as whom it runs, what it may use and what it ignores is changed in the new process
 * alone: denit itself stays what it is, and hears every signal.
 *
 * What it does until then is machine code of ours and touches nothing of libc or of the runtime, of which it shares the
 * thread's state. All signals are blocked in it until the last but one of its calls, or a handler would run there.
 */

import { EINVAL, ENOMEM, O_CLOEXEC, POLLIN, SIZE, SYS } from "./abi.ts";
import { cString, type CStringTable } from "./c_string.ts";
import { libc } from "./libc.ts";
import { instructions, makeExecutable, mapMemory, type Mapped, PAGE } from "./machine_code.ts";
import { signalSetWithout } from "./signal_set.ts";
import { takeEnd } from "./wait.ts";

/** A system call of the new process. */
export interface Step {
  readonly call: keyof typeof SYS;
  /** Numbers, what they point to, or {@linkcode RESULT_BEFORE}; at most five. */
  readonly args: readonly Arg[];
  /** The error numbers below 64 with which it goes on, a bit for each; without that it ends with any. */
  readonly passes?: bigint;
}

export type Arg = number | bigint | string | Uint8Array<ArrayBuffer> | CStringTable | typeof RESULT_BEFORE;

/** Stands for the address of what the call before has returned. */
export const RESULT_BEFORE = Symbol("the result of the call before");

/** With any error it goes on. */
export const PASSES_ALL: bigint = 2n ** 64n - 1n;

export function passing(...errors: readonly number[]): bigint {
  return errors.reduce((bits, error) => bits | 1n << BigInt(error), 0n);
}

/**
 * What has come of it: `errors` has the error number of each step, 0 where there was none.
 *
 * `"late"`: it has not been executed in the time that there was; it may be yet, or ends with 127. `"failed"`: there is no
 * process, and the step `at` is why. `"no process"`: the system gave none.
 */
export type ChildOutcome =
  | { readonly name: "executed"; readonly pid: number; readonly errors: readonly number[] }
  | {
    readonly name: "late";
    readonly pid: number;
    readonly errors: readonly number[];
    /** What it has ended with in the place of a program, if it has: to be asked when it was reaped. */
    readonly failure: () => ChildFailure | null;
  }
  | ChildFailure
  | { readonly name: "no process"; readonly error: number };

export interface ChildFailure {
  readonly name: "failed";
  readonly at: number;
  readonly errors: readonly number[];
}

/** So long a start may take, in milliseconds, before other things are looked after. Usually it is less than one. */
export const PATIENCE_MS = 250;
/** The same where many others are late: their waits add up, and a signal that has come waits for all of them. */
const LEAST_PATIENCE_MS = 20;

/**
 * A function that takes the address of a block and returns a process id or a negated error number:
 *
 *     pid = clone(block->flags, block->stack)
 *     if (pid != 0) return pid
 *     for (signal = 64; signal > 0; signal--) rt_sigaction(signal, block->action, NULL, 8)
 *     for (step = block->steps; step->call >= 0; step++) {
 *       step->result = syscall(step->call, step->args[0], ..., step->args[4])
 *       if (step->result < 0 && !(step->passes >> (-step->result % 64) & 1)) break
 *     }
 *     block->failed = 1
 *     exit_group(127)
 *
 * A block is made of words of 8 bytes: flags, stack, failed, four of zeros that are a `struct sigaction` for the default,
 * and then eight for each step: call, args, passes, result.
 */
const CODE = {
  x86_64: [
    ...[0x49, 0x89, 0xf9], //                                     mov   r9, rdi
    ...[0x49, 0x8b, 0x39], //                                     mov   rdi, [r9]
    ...[0x49, 0x8b, 0x71, 0x08], //                               mov   rsi, [r9 + 8]
    ...[0x31, 0xd2], //                                           xor   edx, edx
    ...[0x45, 0x31, 0xd2], //                                     xor   r10d, r10d
    ...[0x45, 0x31, 0xc0], //                                     xor   r8d, r8d
    ...[0xb8, 0x38, 0x00, 0x00, 0x00], //                         mov   eax, SYS_clone
    ...[0x0f, 0x05], //                                           syscall
    ...[0x85, 0xc0], //                                           test  eax, eax
    ...[0x74, 0x01], //                                           jz    child
    ...[0xc3], //                                                 ret
    ...[0x4d, 0x89, 0xcc], //                              child: mov   r12, r9
    ...[0xbd, 0x40, 0x00, 0x00, 0x00], //                         mov   ebp, 64
    ...[0x89, 0xef], //                                    reset: mov   edi, ebp
    ...[0x49, 0x8d, 0x74, 0x24, 0x18], //                         lea   rsi, [r12 + 24]
    ...[0x31, 0xd2], //                                           xor   edx, edx
    ...[0x41, 0xba, 0x08, 0x00, 0x00, 0x00], //                   mov   r10d, 8
    ...[0xb8, 0x0d, 0x00, 0x00, 0x00], //                         mov   eax, SYS_rt_sigaction
    ...[0x0f, 0x05], //                                           syscall
    ...[0xff, 0xcd], //                                           dec   ebp
    ...[0x75, 0xe6], //                                           jnz   reset
    ...[0x49, 0x8d, 0x5c, 0x24, 0x38], //                         lea   rbx, [r12 + 56]
    ...[0x48, 0x8b, 0x03], //                              next:  mov   rax, [rbx]
    ...[0x48, 0x85, 0xc0], //                                     test  rax, rax
    ...[0x78, 0x32], //                                           js    end
    ...[0x48, 0x8b, 0x7b, 0x08], //                               mov   rdi, [rbx + 8]
    ...[0x48, 0x8b, 0x73, 0x10], //                               mov   rsi, [rbx + 16]
    ...[0x48, 0x8b, 0x53, 0x18], //                               mov   rdx, [rbx + 24]
    ...[0x4c, 0x8b, 0x53, 0x20], //                               mov   r10, [rbx + 32]
    ...[0x4c, 0x8b, 0x43, 0x28], //                               mov   r8, [rbx + 40]
    ...[0x0f, 0x05], //                                           syscall
    ...[0x48, 0x89, 0x43, 0x38], //                               mov   [rbx + 56], rax
    ...[0x48, 0x85, 0xc0], //                                     test  rax, rax
    ...[0x79, 0x0d], //                                           jns   passed
    ...[0x48, 0xf7, 0xd8], //                                     neg   rax
    ...[0x48, 0x8b, 0x4b, 0x30], //                               mov   rcx, [rbx + 48]
    ...[0x48, 0x0f, 0xa3, 0xc1], //                               bt    rcx, rax
    ...[0x73, 0x06], //                                           jnc   end
    ...[0x48, 0x83, 0xc3, 0x40], //                       passed: add   rbx, 64
    ...[0xeb, 0xc6], //                                           jmp   next
    ...[0x49, 0xc7, 0x44, 0x24, 0x10, 0x01, 0, 0, 0], //     end: mov   qword [r12 + 16], 1
    ...[0xbf, 0x7f, 0x00, 0x00, 0x00], //                         mov   edi, 127
    ...[0xb8, 0xe7, 0x00, 0x00, 0x00], //                         mov   eax, SYS_exit_group
    ...[0x0f, 0x05], //                                           syscall
  ],
  aarch64: instructions(
    0xaa0003e9, //         mov   x9, x0
    0xa9400520, //         ldp   x0, x1, [x9]
    0xd2800002, //         mov   x2, #0
    0xd2800003, //         mov   x3, #0
    0xd2800004, //         mov   x4, #0
    0xd2801b88, //         mov   x8, #SYS_clone
    0xd4000001, //         svc   #0
    0xb4000040, //         cbz   x0, child
    0xd65f03c0, //         ret
    0xaa0903f3, //  child: mov   x19, x9
    0xd2800814, //         mov   x20, #64
    0xaa1403e0, //  reset: mov   x0, x20
    0x91006261, //         add   x1, x19, #24
    0xd2800002, //         mov   x2, #0
    0xd2800103, //         mov   x3, #8
    0xd28010c8, //         mov   x8, #SYS_rt_sigaction
    0xd4000001, //         svc   #0
    0xf1000694, //         subs  x20, x20, #1
    0x54ffff21, //         b.ne  reset
    0x9100e275, //         add   x21, x19, #56
    0xf94002a8, //  next:  ldr   x8, [x21]
    0xb7f801a8, //         tbnz  x8, #63, end
    0xa94086a0, //         ldp   x0, x1, [x21, #8]
    0xa9418ea2, //         ldp   x2, x3, [x21, #24]
    0xf94016a4, //         ldr   x4, [x21, #40]
    0xd4000001, //         svc   #0
    0xf9001ea0, //         str   x0, [x21, #56]
    0xb6f800a0, //         tbz   x0, #63, passed
    0xcb0003e0, //         neg   x0, x0
    0xf9401aa1, //         ldr   x1, [x21, #48]
    0x9ac02421, //         lsr   x1, x1, x0
    0x36000061, //         tbz   w1, #0, end
    0x910102b5, // passed: add   x21, x21, #64
    0x17fffff3, //         b     next
    0xd2800020, //    end: mov   x0, #1
    0xf9000a60, //         str   x0, [x19, #16]
    0xd2800fe0, //         mov   x0, #127
    0xd2800bc8, //         mov   x8, #SYS_exit_group
    0xd4000001, //         svc   #0
  ),
} as const;

const WORD = 8;
const [FLAGS, STACK, FAILED, FIRST_STEP] = [0, 1, 2, 7] as const;
const STEP_WORDS = 8;
const [FIRST_ARG, PASSES, RESULT] = [1, 6, 7] as const;
const NO_MORE = -1n;
/** More than enough: it calls the kernel and nothing else. In bytes. */
const STACK_SIZE = 4096;

const SIGCHLD = 17n;
const [CLONE_VM, CLONE_VFORK] = [0x100n, 0x4000n] as const;
/** qemu-user, and who else knows no process that shares memory and is waited for by nobody, makes a copy. */
let flags = CLONE_VM | SIGCHLD;

const SIG_SETMASK = 2;
const ALL_SIGNALS = signalSetWithout([]);
const [PR_GET_DUMPABLE, PR_SET_DUMPABLE] = [3, 4] as const;
const END_MS = 50;

/** What a new process uses, and what must stay as it is until that has been executed. */
interface Use {
  readonly block: Mapped;
  readonly steps: number;
  readonly held: readonly unknown[];
  /**
   * The end of a pipe, the other of which is its own until it has been executed or has ended; `null`: there was no
   * descriptor left, and the kernel has us wait until then.
   */
  readonly read: number | null;
  readonly changesUser: boolean;
  /** Nobody waits for it any more. */
  isLate: boolean;
  /** See {@linkcode ChildOutcome}; known when the block is not used any more. */
  failure: ChildFailure | null;
}

/** The code as a function; see {@linkcode CODE}. */
interface Start {
  call(block: Deno.PointerObject): number;
}

let start: Start | null = null;
/** Blocks that nobody uses: one while a process is waited for, and one for the next. */
const spares: Mapped[] = [];
const MOST_SPARES = 2;
/** Of all whose process may still share our memory. */
const inUse = new Set<Use>();
/** What we are when none of them keeps us from it. */
let dumpable = 1;

/**
 * Makes the calls in a new process, of which the last should execute a program.
 *
 * What is returned waits for that, and must be called once: for {@linkcode PATIENCE_MS} at most or, with `news`, a
 * descriptor, for so long after that can be read. Until then another may be begun, so that both go on at once.
 */
export function beginInChild(steps: readonly Step[], news: number | null = null): () => ChildOutcome {
  lookAtLate();
  start ??= mapStart();
  const block = takeBlock(steps.length);
  if (start === null || block === null) return () => ({ name: "no process", error: ENOMEM });
  const words = new BigInt64Array(block.memory);
  const held = write(words, block, steps);
  // Not makePipe: nothing is ever read, and each call counts before the first program.
  const ends = new Int32Array(2);
  const hasPipe = libc.pipe2(new Uint8Array(ends.buffer), O_CLOEXEC) === 0;
  const [read, theirs] = ends as unknown as [number, number];
  const changesUser = steps.some(({ call }) => call === "setresuid" || call === "setresgid");
  const use: Use = {
    block,
    steps: steps.length,
    held,
    read: hasPipe ? read : null,
    changesUser,
    isLate: false,
    failure: null,
  };
  if (changesUser) keepDumpable(); // it makes its memory, and so ours, unreadable for others: prctl(2)
  inUse.add(use);

  const pid = cloneInto(block, words, start, hasPipe ? 0n : CLONE_VFORK);
  if (hasPipe) libc.close(theirs);
  if (pid > 0) return () => finish(use, pid, news);
  release(use);
  return () => ({ name: "no process", error: -pid });
}

function finish(use: Use, pid: number, news: number | null): ChildOutcome {
  if (news !== null) waitForEndOr(news, use);
  const others = [...inUse].filter(({ isLate }) => isLate).length;
  const isThrough = waitForEnd(use, Math.max(LEAST_PATIENCE_MS, PATIENCE_MS / (1 + others)));
  const errors = errorsIn(use);
  if (!isThrough) {
    giveUpOn(use);
    return { name: "late", pid, errors, failure: () => (lookAtLate(), use.failure) };
  }
  conclude(use, errors);
  if (use.failure === null) return { name: "executed", pid, errors };
  takeEnd(pid, END_MS); // one that is kept from ending is reaped as others are
  return use.failure;
}

/** Takes note of what has come of it, when its process shares our memory no longer. */
function conclude(use: Use, errors: readonly number[]): void {
  const hasFailed = new BigInt64Array(use.block.memory)[FAILED] !== 0n;
  release(use);
  if (hasFailed) use.failure = { name: "failed", at: errors.findLastIndex((error) => error !== 0), errors };
}

/** The error number of each step; what others return is of no interest. */
function errorsIn({ block, steps }: Use): number[] {
  const halves = new Int32Array(block.memory);
  const errors: number[] = [];
  for (let i = 0; i < steps; i++) {
    errors.push(Math.max(0, -halves[2 * (FIRST_STEP + i * STEP_WORDS + RESULT)]!));
  }
  return errors;
}

function mapStart(): Start | null {
  const page = mapMemory(1, "private");
  if (page === null) return null;
  new Uint8Array(page.memory).set(CODE[Deno.build.arch]);
  if (!makeExecutable(page)) return null;
  return new Deno.UnsafeFnPointer(
    page.pointer as Deno.PointerObject<never>,
    { parameters: ["pointer"], result: "i32" } as const,
  );
}

/** A block with room for so many steps. */
function takeBlock(steps: number): Mapped | null {
  const size = (FIRST_STEP + (steps + 1) * STEP_WORDS) * WORD + STACK_SIZE;
  const at = spares.findIndex(({ memory }) => memory.byteLength >= size);
  return at < 0 ? mapMemory(Math.ceil(size / PAGE), "shared") : spares.splice(at, 1)[0]!;
}

/** Writes the steps, and an end, into a block; returns what they point to. */
function write(words: BigInt64Array, { address, memory }: Mapped, steps: readonly Step[]): unknown[] {
  const held: unknown[] = [];
  words[STACK] = address + BigInt(memory.byteLength);
  words[FAILED] = 0n;
  let at: number = FIRST_STEP;
  for (const { call, args, passes = 0n } of steps) {
    words.fill(0n, at, at + STEP_WORDS);
    words[at] = BigInt(SYS[call]);
    for (let i = 0; i < args.length; i++) {
      const arg = args[i]!;
      if (typeof arg === "number") words[at + FIRST_ARG + i] = BigInt(arg);
      else if (typeof arg === "bigint") words[at + FIRST_ARG + i] = arg;
      else if (arg === RESULT_BEFORE) {
        words[at + FIRST_ARG + i] = address + BigInt((at - STEP_WORDS + RESULT) * WORD);
      } else {
        const given = typeof arg === "string" ? cString(arg) : arg;
        const bytes = "pointers" in given ? given.pointers : given;
        words[at + FIRST_ARG + i] = Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
        held.push(given);
      }
    }
    words[at + PASSES] = passes;
    at += STEP_WORDS;
  }
  words[at] = NO_MORE;
  return held;
}

const maskBefore = new Uint8Array(SIZE.signalSet);

/** Makes the process, with all signals blocked: it has our handlers still. */
function cloneInto(block: Mapped, words: BigInt64Array, start: Start, waiting: bigint): number {
  libc.pthread_sigmask(SIG_SETMASK, ALL_SIGNALS, maskBefore);
  try {
    words[FLAGS] = flags | waiting;
    const pid = start.call(block.pointer);
    if (pid !== -EINVAL || flags === SIGCHLD) return pid;
    flags = SIGCHLD;
    words[FLAGS] = flags | waiting;
    return start.call(block.pointer);
  } finally {
    libc.pthread_sigmask(SIG_SETMASK, maskBefore, null);
  }
}

/** Waits until nobody holds the other end of the pipe, or the descriptor can be read. May return sooner. */
function waitForEndOr(news: number, { read }: Use): void {
  if (read !== null) libc.poll(new Uint8Array(new Int32Array([read, POLLIN, news, POLLIN]).buffer), 2n, -1);
}

/** Waits until nobody holds the other end of the pipe, for at most so many milliseconds; returns whether that is so. */
function waitForEnd({ read }: Use, limitMs: number): boolean {
  if (read === null) return true;
  const request = new Uint8Array(new Int32Array([read, POLLIN]).buffer);
  for (const untilMs = performance.now() + limitMs;;) {
    const leftMs = Math.max(0, Math.ceil(untilMs - performance.now()));
    if (libc.poll(request, 1n, leftMs) > 0) return true;
    if (leftMs === 0) return false; // before that a signal has ended the wait
  }
}

/**
 * Nobody waits for it any more. Until it is executed a signal can have it dump its core, as QUIT does, and before Linux
 * 5.16 that ends all who share the memory, so us. Of what is not to be dumped there is none.
 */
function giveUpOn(use: Use): void {
  keepDumpable();
  use.isLate = true;
  libc.prctl(PR_SET_DUMPABLE, 0n, 0n, 0n, 0n);
}

function keepDumpable(): void {
  if (!isUndumpable()) dumpable = libc.prctl(PR_GET_DUMPABLE, 0n, 0n, 0n, 0n);
}

function isUndumpable(): boolean {
  return [...inUse].some(({ changesUser, isLate }) => changesUser || isLate);
}

/** Takes back what a process has used that shares our memory no longer. */
function release(use: Use): void {
  const { block, read } = use;
  if (read !== null) libc.close(read);
  if (spares.length < MOST_SPARES) spares.push(block);
  else libc.munmap(block.pointer, BigInt(block.memory.byteLength));
  const wasUndumpable = isUndumpable();
  inUse.delete(use);
  if (wasUndumpable && !isUndumpable()) libc.prctl(PR_SET_DUMPABLE, BigInt(dumpable), 0n, 0n, 0n);
}

function lookAtLate(): void {
  for (const use of [...inUse]) if (use.isLate && waitForEnd(use, 0)) conclude(use, errorsIn(use));
}
