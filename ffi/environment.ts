/** Which environment variables denit was given. Read through libc, so that it needs no permission but FFI. */

import { cString } from "./c_string.ts";
import { libc } from "./libc.ts";

/**
 * The value of an environment variable, or `undefined` where it is not set; getenv(3).
 *
 * What is not UTF-8 comes back with U+FFFD in its place.
 */
export function readVariable(name: string): string | undefined {
  const value = libc.getenv(cString(name));
  return value === null ? undefined : Deno.UnsafePointerView.getCString(value);
}
