/**
 * The C library: each function that denit calls, with its declaration, and the one `dlopen`.
 *
 * It opens little more than dlsym(3), which finds each function when it is first used. Opened as functions Deno
 * would compile a trampoline for each: 0.1 to 0.3 ms a piece before the first program could start, against a call
 * that is 1 us slower. And opened as static pointers all of them together would cost 0.4 ms, most for nothing. So
 * that is done for each when it has been called often.
 */

import { EAGAIN, EINTR } from "./abi.ts";
import { cString } from "./c_string.ts";

const DECLARATIONS = {
  /** `int access(const char *pathname, int mode)` */
  access: { parameters: ["buffer", "i32"], result: "i32" },
  /** `int capget(cap_user_header_t hdrp, cap_user_data_t datap)` */
  capget: { parameters: ["buffer", "buffer"], result: "i32" },
  /** `int capset(cap_user_header_t hdrp, const cap_user_data_t datap)` */
  capset: { parameters: ["buffer", "buffer"], result: "i32" },
  /** `int chdir(const char *path)` */
  chdir: { parameters: ["buffer"], result: "i32" },
  /** `int close(int fd)` */
  close: { parameters: ["i32"], result: "i32" },
  /** `int connect(int sockfd, const struct sockaddr *addr, socklen_t addrlen)` */
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  /** `int *__errno_location(void)` */
  __errno_location: { parameters: [], result: "pointer" },
  /** `int eventfd(unsigned int initval, int flags)` */
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  /** `int execvp(const char *file, char *const argv[])` */
  execvp: { parameters: ["buffer", "buffer"], result: "i32" },
  /** `void _exit(int status)` */
  _exit: { parameters: ["i32"], result: "void" },
  /** `int fchown(int fd, uid_t owner, gid_t group)` */
  fchown: { parameters: ["i32", "u32", "u32"], result: "i32" },
  /** `int fcntl(int fd, int cmd, int arg)` */
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  /** `int getcontext(ucontext_t *ucp)` */
  getcontext: { parameters: ["buffer"], result: "i32" },
  /** `char *getcwd(char *buf, size_t size)` */
  getcwd: { parameters: ["buffer", "usize"], result: "pointer" },
  /** `gid_t getegid(void)` */
  getegid: { parameters: [], result: "u32" },
  /** `char *getenv(const char *name)` */
  getenv: { parameters: ["buffer"], result: "pointer" },
  /** `uid_t geteuid(void)` */
  geteuid: { parameters: [], result: "u32" },
  /** `int getgroups(int size, gid_t list[])` */
  getgroups: { parameters: ["i32", "buffer"], result: "i32" },
  /** `int getpeername(int sockfd, struct sockaddr *addr, socklen_t *addrlen)` */
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  /** `pid_t getpgrp(void)` */
  getpgrp: { parameters: [], result: "i32" },
  /** `pid_t getppid(void)` */
  getppid: { parameters: [], result: "i32" },
  /** `pid_t getsid(pid_t pid)` */
  getsid: { parameters: ["i32"], result: "i32" },
  /** `int getsockname(int sockfd, struct sockaddr *addr, socklen_t *addrlen)` */
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  /** `int getsockopt(int sockfd, int level, int optname, void *optval, socklen_t *optlen)` */
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  /** `int inet_pton(int af, const char *src, void *dst)` */
  inet_pton: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  /** `int ioctl(int fd, unsigned long request)` */
  ioctl: { parameters: ["i32", "usize"], result: "i32" },
  /** `int isatty(int fd)` */
  isatty: { parameters: ["i32"], result: "i32" },
  /** `int kill(pid_t pid, int sig)` */
  kill: { parameters: ["i32", "i32"], result: "i32" },
  /** `off_t lseek(int fd, off_t offset, int whence)` */
  lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
  /** `int mkdir(const char *pathname, mode_t mode)` */
  mkdir: { parameters: ["buffer", "u32"], result: "i32" },
  /** `int mallopt(int param, int value)` */
  mallopt: { parameters: ["i32", "i32"], result: "i32" },
  /** `int malloc_trim(size_t pad)` */
  malloc_trim: { parameters: ["usize"], result: "i32" },
  /** `int madvise(void *addr, size_t length, int advice)` */
  madvise: { parameters: ["pointer", "usize", "i32"], result: "i32" },
  /** `void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)` */
  mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  /** `int mprotect(void *addr, size_t len, int prot)` */
  mprotect: { parameters: ["pointer", "usize", "i32"], result: "i32" },
  /** `int munmap(void *addr, size_t length)` */
  munmap: { parameters: ["pointer", "usize"], result: "i32" },
  /** `int nanosleep(const struct timespec *req, struct timespec *rem)` */
  nanosleep: { parameters: ["buffer", "buffer"], result: "i32" },
  /** `int open(const char *pathname, int flags)` */
  open: { parameters: ["buffer", "i32"], result: "i32" },
  /** `int openat(int dirfd, const char *pathname, int flags, mode_t mode)` */
  openat: { parameters: ["i32", "buffer", "i32", "u32"], result: "i32" },
  /** `int pipe2(int pipefd[2], int flags)` */
  pipe2: { parameters: ["buffer", "i32"], result: "i32" },
  /** `int poll(struct pollfd *fds, nfds_t nfds, int timeout)` */
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32" },
  /** `int prctl(int option, unsigned long arg2, ...)` */
  prctl: { parameters: ["i32", "usize", "usize", "usize", "usize"], result: "i32" },
  /** `int pthread_sigmask(int how, const sigset_t *set, sigset_t *oldset)` */
  pthread_sigmask: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  /** `ssize_t pwritev2(int fd, const struct iovec *iov, int iovcnt, off_t offset, int flags)` */
  pwritev2: { parameters: ["i32", "buffer", "i32", "i64", "i32"], result: "isize" },
  /** `ssize_t read(int fd, void *buf, size_t count)` */
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  /** `int rename(const char *oldpath, const char *newpath)` */
  rename: { parameters: ["buffer", "buffer"], result: "i32" },
  /** `ssize_t send(int sockfd, const void *buf, size_t len, int flags)` */
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  /** `int setenv(const char *name, const char *value, int overwrite)` */
  setenv: { parameters: ["buffer", "buffer", "i32"], result: "i32" },
  /** `int setfsgid(gid_t fsgid)` */
  setfsgid: { parameters: ["u32"], result: "i32" },
  /** `int setfsuid(uid_t fsuid)` */
  setfsuid: { parameters: ["u32"], result: "i32" },
  /** `int sigaction(int signum, const struct sigaction *act, struct sigaction *oldact)` */
  sigaction: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  /** `int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout)` */
  sigtimedwait: { parameters: ["buffer", "buffer", "buffer"], result: "i32" },
  /** `int socket(int domain, int type, int protocol)` */
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  /** `char *strerror(int errnum)` */
  strerror: { parameters: ["i32"], result: "pointer" },
  /** `size_t strlen(const char *s)` */
  strlen: { parameters: ["pointer"], result: "usize" },
  /** `long syscall(long number, ...)`, here for getdents64(2): `(int fd, void *buf, size_t count)` */
  syscall: { parameters: ["i64", "i32", "buffer", "usize"], result: "i64" },
  /** `pid_t tcgetpgrp(int fd)` */
  tcgetpgrp: { parameters: ["i32"], result: "i32" },
  /** `int tcsetpgrp(int fd, pid_t pgrp)` */
  tcsetpgrp: { parameters: ["i32", "i32"], result: "i32" },
  /** `int timerfd_create(int clockid, int flags)` */
  timerfd_create: { parameters: ["i32", "i32"], result: "i32" },
  /** `int timerfd_settime(int fd, int flags, const struct itimerspec *new_value, struct itimerspec *old_value)` */
  timerfd_settime: { parameters: ["i32", "i32", "buffer", "buffer"], result: "i32" },
  /** `int unlink(const char *pathname)` */
  unlink: { parameters: ["buffer"], result: "i32" },
  /** `int unsetenv(const char *name)` */
  unsetenv: { parameters: ["buffer"], result: "i32" },
  /** `int waitid(idtype_t idtype, id_t id, siginfo_t *infop, int options)` */
  waitid: { parameters: ["i32", "u32", "buffer", "i32"], result: "i32" },
  /** `pid_t waitpid(pid_t pid, int *wstatus, int options)` */
  waitpid: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  /** `ssize_t write(int fd, const void *buf, size_t count)` */
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
} as const satisfies Record<string, Deno.ForeignFunction>;

type Declarations = typeof DECLARATIONS;
type Name = keyof Declarations;
type Call<N extends Name> = Deno.UnsafeFnPointer<Declarations[N]>["call"];

const LIBRARY = "libc.so.6";

const opened = Deno.dlopen(LIBRARY, {
  dlsym: { type: "pointer", optional: true },
  environ: { type: "pointer" },
  program_invocation_short_name: { type: "pointer" },
}).symbols;

/** Before glibc 2.34 (Deno needs 2.27) dlsym stood in a library of its own. */
function openOlder(): Deno.PointerValue {
  return Deno.dlopen("libdl.so.2", { dlsym: { type: "pointer" } }).symbols.dlsym;
}

/** `void *dlsym(void *handle, const char *symbol)`; without a handle it looks in all that is loaded. */
const dlsym = new Deno.UnsafeFnPointer(
  (opened.dlsym ?? openOlder()) as Deno.PointerObject<never>,
  { parameters: ["pointer", "buffer"], result: "pointer" } as const,
);

function addressOf(name: Name): Deno.PointerValue {
  return dlsym.call(null, cString(name));
}

/** So many calls make a function worth a trampoline of its own. Each start has sigaction called 62 times. */
export const OFTEN = 100;

/** What has not been used yet is asked of this. */
const notYetUsed = new Proxy({}, {
  get(_nothing, name): AnyCall | undefined {
    return Object.hasOwn(DECLARATIONS, name) ? use(name as Name) : undefined;
  },
});

/** Each function of {@linkcode DECLARATIONS}, made callable when it is first used. */
export const libc: { readonly [N in Name]: Call<N> } = Object.create(notYetUsed);

function use(name: Name): AnyCall {
  const address = addressOf(name);
  if (address === null) throw new Error(`Cannot call ${name}: this C library does not have it`);
  const pointer: { call: unknown } = new Deno.UnsafeFnPointer(address as never, DECLARATIONS[name]);
  const byAddress = (pointer.call as AnyCall).bind(pointer);
  let calls = 0;
  const call: AnyCall = (...values) => {
    if (++calls === OFTEN) define(name, compiled(name) ?? byAddress);
    return byAddress(...values);
  };
  return define(name, call);
}

function define(name: Name, call: AnyCall): AnyCall {
  Object.defineProperty(libc, name, { value: call, configurable: true });
  return call;
}

type AnyCall = (...values: unknown[]) => unknown;

/** The same function by a trampoline; `null` where that cannot be had, for want of memory. */
function compiled(name: Name): AnyCall | null {
  try {
    return Deno.dlopen(LIBRARY, { [name]: DECLARATIONS[name] }).symbols[name] as AnyCall;
  } catch {
    return null;
  }
}

/** `char **environ`: this process's environment as it was given, also what is not UTF-8. */
export function environment(): Deno.PointerObject | null {
  return new Deno.UnsafePointerView(opened.environ!).getPointer();
}

/** The last part of the path that this program was started under, argv[0]; program_invocation_short_name(3). */
export function invokedName(): string {
  const name = new Deno.UnsafePointerView(opened.program_invocation_short_name!).getPointer();
  return name === null ? "" : Deno.UnsafePointerView.getCString(name);
}

/**
 * The error number of the last failed call on this thread.
 *
 * Right only straight after a synchronous call: the runtime's own calls write it too. Never let a decision
 * that cannot be repeated hang on it.
 */
export function errno(): number {
  return new Deno.UnsafePointerView(libc.__errno_location()!).getInt32();
}

/** Whether the last call, which reads or writes, has failed for the moment only. To be asked as {@linkcode errno}. */
export function hasFailedForNow(): boolean {
  const error = errno();
  return error === EAGAIN || error === EINTR;
}
