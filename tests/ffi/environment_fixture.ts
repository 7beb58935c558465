import {
  ownVariables,
  readVariable,
  restoreEnvironment,
  type Variable,
  withChanges,
} from "../../ffi/environment.ts";
import { readHead } from "../../ffi/file.ts";
import { environment } from "../../ffi/libc.ts";
import { serve } from "../fixture.ts";

const functions = {
  readVariable: (name: string): string | null => readVariable(name) ?? null,

  /** The entries in hexadecimal, as they are and with changes. */
  change(changes: Record<string, string | null>): { given: string[]; changed: string[] } {
    restoreEnvironment();
    const own = ownVariables();
    return { given: own.map(hex), changed: withChanges(own, changes).map(hex) };
  },

  /** What the kernel was given, and what is in `environ` before and after {@linkcode restoreEnvironment}. */
  restore(): { given: string[]; before: string[]; after: string[] } {
    const given = new TextDecoder().decode(readHead("/proc/self/environ", 1024 * 1024)!).split("\0").slice(
      0,
      -1,
    );
    const before = entries();
    restoreEnvironment();
    return { given, before, after: entries() };
  },
};

function hex({ entry }: Variable): string {
  return [...entry.bytes.subarray(0, -1)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function entries(): string[] {
  const table = new Deno.UnsafePointerView(environment()!);
  const found: string[] = [];
  for (let i = 0;; i++) {
    const entry = table.getPointer(i * 8);
    if (entry === null) return found;
    found.push(Deno.UnsafePointerView.getCString(entry));
  }
}

export type EnvironmentFixture = typeof functions;
await serve(functions);
