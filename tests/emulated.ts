/** What runs under qemu-user, as .ci/aarch64 has it. */

/** Whether Deno and its fixtures run there; see tests/fixture.ts. */
export const EMULATED: boolean = Deno.env.has("DENIT_FIXTURE_DENO");

/** Registers a test that needs something of its machine; `lacking` says why there is none of that: then it is left out. */
export function testWith(lacking: string | null, name: string, body: () => void | Promise<void>): void {
  Deno.test(lacking === null ? name : `${name} (${lacking})`, { ignore: lacking !== null }, body);
}

/** Registers a test of something that qemu-user does not do as the kernel does; there it is left out. */
export function testOnKernel(name: string, reason: string, body: () => void | Promise<void>): void {
  testWith(EMULATED ? `not under qemu-user: ${reason}` : null, name, body);
}
