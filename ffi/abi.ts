/**
 * What the C compiler would know: sizes, offsets and numbers of the kernel's and glibc's interface.
 *
 * x86_64 and aarch64 are both LP64 and share the generic layouts, so the sizes hold for either; only system
 * call numbers differ. `tests/ffi/abi_test.ts` asserts what can be observed from outside.
 */

/** The numbers of system calls that are made without libc, per architecture (the kernel's unistd tables). */
const SYSTEM_CALLS = {
  x86_64: {
    ...{ capset: 126, chdir: 80, close: 3, dup3: 292, execve: 59, fstat: 5, getdents64: 217, getpid: 39 },
    ...{ ioctl: 16, openat: 257, prlimit64: 302, rt_sigaction: 13, rt_sigprocmask: 14, setgroups: 116 },
    ...{ setpgid: 109, setpriority: 141, setresgid: 119, setresuid: 117, setsid: 112, umask: 95 },
  },
  aarch64: {
    ...{ capset: 91, chdir: 49, close: 57, dup3: 24, execve: 221, fstat: 80, getdents64: 61, getpid: 172 },
    ...{ ioctl: 29, openat: 56, prlimit64: 261, rt_sigaction: 134, rt_sigprocmask: 135, setgroups: 159 },
    ...{ setpgid: 154, setpriority: 140, setresgid: 149, setresuid: 147, setsid: 157, umask: 166 },
  },
} as const;

/** The numbers for the architecture that this runs on. */
export const SYS: (typeof SYSTEM_CALLS)[keyof typeof SYSTEM_CALLS] = SYSTEM_CALLS[Deno.build.arch];

/** Error numbers that several files look for (the kernel's errno.h), errno(3). */
export const EPERM = 1;
export const ENOENT = 2;
export const EINTR = 4;
export const ENOEXEC = 8;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const EACCES = 13;
export const ENOTDIR = 20;
export const EINVAL = 22;
export const ELOOP = 40;

/** Flags of open(2) and pipe2(2) that several files use (the kernel's fcntl.h). */
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_NOCTTY = 0o400;
export const O_NONBLOCK = 0o4000;
export const O_CLOEXEC = 0o2000000;

/** Events of poll(2). */
export const POLLIN = 1;
export const POLLOUT = 4;

/** The flags of open(2) that differ between the architectures (the kernel's fcntl.h). */
const OPEN_FLAGS = {
  x86_64: { noFollow: 0o400000 },
  aarch64: { noFollow: 0o100000 },
} as const;

/** The flags for the architecture that this runs on. */
export const OPEN: (typeof OPEN_FLAGS)[keyof typeof OPEN_FLAGS] = OPEN_FLAGS[Deno.build.arch];

/** Offsets of the stack pointer in `ucontext_t` (glibc). */
const STACK_POINTERS = { x86_64: 160, aarch64: 432 } as const;

/** `ucontext_t`: bytes that hold it on either architecture, and where the stack pointer is; getcontext(3). */
export const CONTEXT = { size: 5120, stackPointer: STACK_POINTERS[Deno.build.arch] } as const;

/** Bytes of `sigset_t`, `struct sigaction` and `siginfo_t`. */
export const SIZE = {
  signalSet: 128,
  signalAction: 152,
  signalInfo: 128,
} as const;

/** The kernel's own of what glibc makes larger: bytes of its `sigset_t`, and of its `struct sigaction` at most. */
export const KERNEL_SIZE = { signalSet: 8, signalAction: 32 } as const;

/** Offsets in `struct sigaction` (glibc). */
export const SIGNAL_ACTION = { handler: 0, mask: 8, flags: 136 } as const;

/** Offsets in `siginfo_t`; `pid` is set for a signal that somebody sent and for waitid(2), `status` for the latter. */
export const SIGNAL_INFO = { signal: 0, code: 8, pid: 16, status: 24 } as const;

/** The kernel's `struct stat`: bytes that hold it on either architecture, and what names a file at its start, st_dev and st_ino. */
export const FILE_STATUS = { size: 144, identity: 16 } as const;

/** Offsets in the kernel's `struct linux_dirent64`, getdents64(2). */
export const DIRECTORY_ENTRY = { length: 16, name: 19 } as const;

/** The resources of setrlimit(2), by their names without RLIMIT_ and in small letters (the kernel's resource.h). */
export const RESOURCE = {
  cpu: 0,
  fsize: 1,
  data: 2,
  stack: 3,
  core: 4,
  rss: 5,
  nproc: 6,
  nofile: 7,
  memlock: 8,
  as: 9,
  locks: 10,
  sigpending: 11,
  msgqueue: 12,
  nice: 13,
  rtprio: 14,
  rttime: 15,
} as const;

/** Highest signal number on Linux. */
export const LAST_SIGNAL = 64;
