import { SIGNAL_ACTION, SIGNAL_INFO, SIZE } from "../../ffi/abi.ts";
import { readHead } from "../../ffi/file.ts";
import { libc } from "../../ffi/libc.ts";
import { serve, until } from "../fixture.ts";
import { start, takeAll } from "./children.ts";

const SIGUSR1 = 10;
const SIG_IGN = 1n;
const SA_RESTART = 0x10000000;

interface Info {
  readonly signal: number;
  readonly code: number;
  readonly pid: number;
  readonly status: number;
}

const functions = {
  /** Ignores USR1 by a struct that is filled at the declared offsets: what the kernel then shows, here and in /proc. */
  dispositions(): { handler: string; mask: string; flags: number; status: number[] } {
    const action = new Uint8Array(SIZE.signalAction);
    const view = new DataView(action.buffer);
    view.setBigUint64(SIGNAL_ACTION.handler, SIG_IGN, true);
    view.setBigUint64(SIGNAL_ACTION.mask, 0x1234n, true);
    view.setInt32(SIGNAL_ACTION.flags, SA_RESTART, true);
    libc.sigaction(SIGUSR1, action, null);
    const now = new DataView(new ArrayBuffer(SIZE.signalAction));
    libc.sigaction(SIGUSR1, null, new Uint8Array(now.buffer));
    return {
      handler: String(now.getBigUint64(SIGNAL_ACTION.handler, true)),
      mask: String(now.getBigUint64(SIGNAL_ACTION.mask, true)),
      flags: now.getInt32(SIGNAL_ACTION.flags, true) & SA_RESTART,
      status: ignoredInStatus().filter((signal) => signal === SIGUSR1),
    };
  },

  /** What waitid tells of a child that exits with 42, and how many bytes it writes. */
  async waitInfo(): Promise<{ pid: number; info: Info; size: number }> {
    const [P_ALL, WEXITED, WNOHANG] = [0, 4, 1];
    const pid = start("sh", "-c", "exit 42");
    const bytes = new Uint8Array(1024).fill(0xa5);
    const view = new DataView(bytes.buffer);
    await until(() => {
      libc.waitid(P_ALL, 0, bytes, WEXITED | WNOHANG);
      return view.getInt32(SIGNAL_INFO.pid, true) === pid;
    });
    await takeAll();
    const info = {
      signal: view.getInt32(SIGNAL_INFO.signal, true),
      code: view.getInt32(SIGNAL_INFO.code, true),
      pid: view.getInt32(SIGNAL_INFO.pid, true),
      status: view.getInt32(SIGNAL_INFO.status, true),
    };
    return { pid, info, size: bytes.findLastIndex((byte) => byte !== 0xa5) + 1 };
  },
};

function ignoredInStatus(): number[] {
  const status = new TextDecoder().decode(readHead("/proc/self/status", 8192)!);
  const bits = BigInt(`0x${/^SigIgn:\s*(\w+)$/m.exec(status)![1]}`);
  return Array.from({ length: 64 }, (_, i) => i + 1).filter((signal) => bits >> BigInt(signal - 1) & 1n);
}

export type AbiFixture = typeof functions;
await serve(functions);
