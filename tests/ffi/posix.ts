/** Calls of libc that tests need and denit does not. */

const { symbols: c } = Deno.dlopen("libc.so.6", {
  /** `int bind(int sockfd, const struct sockaddr *addr, socklen_t addrlen)` */
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  /** `int clock_adjtime(clockid_t clockid, struct timex *buf)` */
  clock_adjtime: { parameters: ["i32", "buffer"], result: "i32" },
  /** `int dup2(int oldfd, int newfd)` */
  dup2: { parameters: ["i32", "i32"], result: "i32" },
  /** `int fanotify_init(unsigned int flags, unsigned int event_f_flags)` */
  fanotify_init: { parameters: ["u32", "u32"], result: "i32" },
  /** `int fanotify_mark(int fanotify_fd, unsigned int flags, uint64_t mask, int dirfd, const char *pathname)` */
  fanotify_mark: { parameters: ["i32", "u32", "u64", "i32", "buffer"], result: "i32" },
  /** `int fcntl(int fd, int cmd, int arg)` */
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  /** `int prlimit(pid_t pid, int resource, const struct rlimit *new_limit, struct rlimit *old_limit)` */
  prlimit: { parameters: ["i32", "i32", "buffer", "buffer"], result: "i32" },
  /** `long syscall(long number, ...)`, here for setresuid(2): `(uid_t real, uid_t effective, uid_t saved)` */
  syscall: { parameters: ["i64", "u32", "u32", "u32"], result: "i64" },
  /** The same, for rt_sigqueueinfo(2): `(pid_t tgid, int sig, siginfo_t *info)` */
  queueSignal: { name: "syscall", parameters: ["i64", "i32", "i32", "buffer"], result: "i64" },
  /** `int pipe2(int pipefd[2], int flags)` */
  pipe2: { parameters: ["buffer", "i32"], result: "i32" },
  /** `ssize_t read(int fd, void *buf, size_t count)` */
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  /** `ssize_t write(int fd, const void *buf, size_t count)` */
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  /** `int close(int fd)` */
  close: { parameters: ["i32"], result: "i32" },
  /** `int open(const char *pathname, int flags)` */
  open: { parameters: ["buffer", "i32"], result: "i32" },
  /** `int posix_openpt(int flags)` */
  posix_openpt: { parameters: ["i32"], result: "i32" },
  /** `int unlockpt(int fd)` */
  unlockpt: { parameters: ["i32"], result: "i32" },
  /** `char *ptsname(int fd)` */
  ptsname: { parameters: ["i32"], result: "pointer" },
});

const [F_GETFD, F_GETFL, F_SETFL] = [1, 3, 4] as const;
const [O_NONBLOCK, O_CLOEXEC] = [0o4000, 0o2000000] as const;

/** Makes a pipe that no child inherits. */
export function makePipe(): [read: number, write: number] {
  const ends = new Int32Array(2);
  if (c.pipe2(new Uint8Array(ends.buffer), O_CLOEXEC) !== 0) throw new Error("Cannot make a pipe");
  return [ends[0]!, ends[1]!];
}

/** How many bytes a pipe holds. */
export function pipeSize(descriptor: number): number {
  const F_GETPIPE_SZ = 1032;
  return c.fcntl(descriptor, F_GETPIPE_SZ, 0);
}

/** Makes a terminal: where it is read like a screen, and where a program writes. It becomes nobody's own. */
export function makeTerminal(): [screen: number, terminal: number] {
  const [O_RDWR, O_NOCTTY] = [2, 0o400];
  const screen = c.posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  const name = c.unlockpt(screen) === 0 ? c.ptsname(screen) : null;
  if (name === null) throw new Error("Cannot make a terminal");
  const path = new TextEncoder().encode(`${Deno.UnsafePointerView.getCString(name)}\0`);
  const terminal = c.open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0) throw new Error("Cannot open the terminal");
  return [screen, terminal];
}

/** Moves a descriptor to a number, whatever had that before. */
export function moveDescriptor(from: number, to: number): void {
  if (c.dup2(from, to) !== to) throw new Error(`Cannot move descriptor ${from} to ${to}`);
  c.close(from);
}

/** Whether a read or write through a descriptor returns at once; that is shared with all who hold it. */
export function isNonblocking(descriptor: number): boolean {
  return (c.fcntl(descriptor, F_GETFL, 0) & O_NONBLOCK) !== 0;
}

export function makeNonblocking(descriptor: number): void {
  c.fcntl(descriptor, F_SETFL, c.fcntl(descriptor, F_GETFL, 0) | O_NONBLOCK);
}

/** Whether a program that is executed inherits the descriptor; `null` if it is not open. */
export function isInherited(descriptor: number): boolean | null {
  const flags = c.fcntl(descriptor, F_GETFD, 0);
  return flags < 0 ? null : flags === 0;
}

/** A resource limit of ours, soft and hard. */
export function readLimit(resource: number): [soft: bigint, hard: bigint] {
  const limit = new BigUint64Array(2);
  c.prlimit(0, resource, null, new Uint8Array(limit.buffer));
  return [limit[0]!, limit[1]!];
}

export function setLimit(resource: number, soft: bigint, hard: bigint): void {
  c.prlimit(0, resource, new Uint8Array(new BigUint64Array([soft, hard]).buffer), null);
}

/** Makes this thread another user's, for good. */
export function becomeUser(uid: number): void {
  const SETRESUID = { x86_64: 117n, aarch64: 147n }[Deno.build.arch];
  c.syscall(SETRESUID, uid, uid, uid);
}

/** Why {@linkcode holdExecution} cannot be had here; `null` where it can. */
export function noHolding(): string | null {
  const descriptor = watchExecution(new URL(import.meta.url).pathname);
  if (descriptor === null) return "fanotify(7) is not permitted";
  c.close(descriptor);
  return null;
}

/** Has whoever executes the file wait, as on a disk that does not answer; returns what lets one go on. */
export function holdExecution(path: string): () => void {
  const descriptor = watchExecution(path);
  if (descriptor === null) throw new Error(`Cannot hold who executes ${path}: fanotify(7) is not permitted`);
  return () => {
    const event = new Int32Array(6); // struct fanotify_event_metadata, with a descriptor of the file at 16
    c.read(descriptor, new Uint8Array(event.buffer), BigInt(event.byteLength));
    const FAN_ALLOW = 1;
    const response = new Uint8Array(new Int32Array([event[4]!, FAN_ALLOW]).buffer);
    c.write(descriptor, response, BigInt(response.length));
    c.close(event[4]!);
    c.close(descriptor);
  };
}

/** A descriptor that is told of whoever executes the file, and has him wait; `null` where that is not permitted. */
function watchExecution(path: string): number | null {
  const [FAN_CLOEXEC, FAN_CLASS_CONTENT, FAN_MARK_ADD, AT_FDCWD] = [1, 4, 1, -100] as const;
  const FAN_OPEN_EXEC_PERM = 0x40000n;
  const descriptor = c.fanotify_init(FAN_CLOEXEC | FAN_CLASS_CONTENT, 0);
  if (descriptor < 0) return null;
  const file = new TextEncoder().encode(`${path}\0`);
  if (c.fanotify_mark(descriptor, FAN_MARK_ADD, FAN_OPEN_EXEC_PERM, AT_FDCWD, file) === 0) return descriptor;
  c.close(descriptor);
  return null;
}

/** Sets the wall clock, by a microsecond; returns whether that is allowed. */
export function stepWallClock(): boolean {
  const [CLOCK_REALTIME, ADJ_SETOFFSET] = [0, 0x0100];
  const timex = new BigInt64Array(26); // struct timex: modes at 0, the time in seconds and microseconds at 72 and 80
  timex[0] = BigInt(ADJ_SETOFFSET);
  timex[10] = 1n;
  return c.clock_adjtime(CLOCK_REALTIME, new Uint8Array(timex.buffer)) >= 0;
}

/** Gives a socket an address, which is a `struct sockaddr`. */
export function bindSocket(descriptor: number, address: Uint8Array<ArrayBuffer>): boolean {
  return c.bind(descriptor, address, address.length) === 0;
}

/** Has a signal come to us as one that the kernel raises for a fault: nobody may do so to another process. */
export function raiseAsFault(signal: number): void {
  const RT_SIGQUEUEINFO = { x86_64: 129n, aarch64: 138n }[Deno.build.arch];
  const info = new Int32Array(32);
  [info[0], info[2]] = [signal, 1]; // si_signo, si_code
  if (c.queueSignal(RT_SIGQUEUEINFO, Deno.pid, signal, new Uint8Array(info.buffer)) !== 0n) {
    throw new Error(`Cannot raise signal ${signal}`);
  }
}
