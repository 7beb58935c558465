/** Calls of libc that tests need and denit does not. */

const { symbols: c } = Deno.dlopen("libc.so.6", {
  /** `int dup2(int oldfd, int newfd)` */
  dup2: { parameters: ["i32", "i32"], result: "i32" },
  /** `int fcntl(int fd, int cmd, int arg)` */
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  /** `int pipe2(int pipefd[2], int flags)` */
  pipe2: { parameters: ["buffer", "i32"], result: "i32" },
  /** `int close(int fd)` */
  close: { parameters: ["i32"], result: "i32" },
});

const [F_GETFD, F_GETFL, F_SETFL] = [1, 3, 4] as const;
const [O_NONBLOCK, O_CLOEXEC] = [0o4000, 0o2000000] as const;

/** Makes a pipe that no child inherits. */
export function makePipe(): [read: number, write: number] {
  const ends = new Int32Array(2);
  if (c.pipe2(new Uint8Array(ends.buffer), O_CLOEXEC) !== 0) throw new Error("Cannot make a pipe");
  return [ends[0]!, ends[1]!];
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
