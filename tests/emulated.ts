/** What runs under qemu-user, as .ci/aarch64 has it. */

/** Whether Deno and its fixtures run there; see tests/fixture.ts. */
export const EMULATED: boolean = Deno.env.has("DENIT_FIXTURE_DENO");

/** Registers a test of something that qemu-user does not do as the kernel does; there it is left out. */
export function testOnKernel(name: string, reason: string, body: () => void | Promise<void>): void {
  Deno.test(EMULATED ? `${name} (not under qemu-user: ${reason})` : name, { ignore: EMULATED }, body);
}
