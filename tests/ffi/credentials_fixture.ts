import { SYS } from "../../ffi/abi.ts";
import { actAs, type Credentials, ownCredentials, type Refused, withFilesOf } from "../../ffi/credentials.ts";
import { readHead } from "../../ffi/file.ts";
import { libc } from "../../ffi/libc.ts";
import { serve } from "../fixture.ts";

const functions = {
  /** What it is itself, what it acts as meanwhile, and what it is afterwards, also if that throws. */
  acts(as: Credentials): { own: Credentials; seen: (string | Refused)[] } {
    const seen: (string | Refused)[] = [ids(), actAs(as, ids), ids()];
    try {
      actAs(as, () => {
        throw new Error("meant");
      });
    } catch {
      seen.push(ids());
    }
    return { own: ownCredentials(), seen };
  },

  /** What is refused, and what not, before the way back is barred, while it is, and when it is open again. */
  losesWay(as: Credentials): (string | Refused)[] {
    const own = ownCredentials();
    return [
      actAs(own, ids),
      // It gives up the saved user id, which is the way back, and so only root's capabilities are left: none.
      actAs(as, () => {
        setAllIds(as.uid);
        return ids();
      }),
      actAs(own, ids),
      actAs(as, ids),
    ];
  },

  /** The ids by which files are opened, before, meanwhile and after. */
  withFiles(uid: number, gid: number): string[] {
    return [ids(), withFilesOf(uid, gid, ids), ids()];
  },
};

function setAllIds(uid: number): void {
  libc.syscall_ids(BigInt(SYS.setresuid), uid, uid, uid);
}

/** What the kernel shows of this thread. */
function ids(): string {
  const status = new TextDecoder().decode(readHead("/proc/thread-self/status", 4096)!);
  return [...status.matchAll(/^(?:Uid|Gid|Groups):\t(.*?) *$/gm)].map(([, ids]) => ids).join("; ");
}

export type CredentialsFixture = typeof functions;
await serve(functions);
