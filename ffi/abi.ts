/**
 * What the C compiler would know: sizes, offsets and numbers of the kernel's and glibc's interface.
 *
 * x86_64 and aarch64 are both LP64 and share the generic layouts, so the sizes hold for either; only system
 * call numbers differ. `tests/ffi/abi_test.ts` asserts what can be observed from outside.
 */

/** System call numbers that are reached by syscall(2), per architecture (the kernel's unistd tables). */
const SYSTEM_CALLS = {
  x86_64: { getdents64: 217 },
  aarch64: { getdents64: 61 },
} as const;

/** The numbers for the architecture that this runs on. */
export const SYS: (typeof SYSTEM_CALLS)[keyof typeof SYSTEM_CALLS] = SYSTEM_CALLS[Deno.build.arch];

/** Bytes of `posix_spawnattr_t`, `posix_spawn_file_actions_t`, `sigset_t`, `struct sigaction`, `siginfo_t`. */
export const SIZE = {
  spawnAttributes: 336,
  spawnFileActions: 80,
  signalSet: 128,
  signalAction: 152,
  signalInfo: 128,
} as const;

/** Offsets in `struct sigaction` (glibc). */
export const SIGNAL_ACTION = { handler: 0, mask: 8, flags: 136 } as const;

/** Offsets in `siginfo_t`; `pid` is set for a signal that somebody sent and for waitid(2), `status` for the latter. */
export const SIGNAL_INFO = { signal: 0, code: 8, pid: 16, status: 24 } as const;

/** Offsets in the kernel's `struct linux_dirent64`, getdents64(2). */
export const DIRECTORY_ENTRY = { length: 16, name: 19 } as const;

/** Highest signal number on Linux. */
export const LAST_SIGNAL = 64;
