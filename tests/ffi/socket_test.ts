import { libc } from "../../ffi/libc.ts";
import { closeDescriptor, readAvailable } from "../../ffi/pipe.ts";
import { PollSet } from "../../ffi/poll.ts";
import { connectResult, connectTo, sendAvailable } from "../../ffi/socket.ts";
import { deepEqual, equal, ok } from "../assert.ts";
import { fixture } from "../fixture.ts";
import type { SocketFixture } from "./socket_fixture.ts";
import { bindSocket, isInherited, isNonblocking } from "./posix.ts";

const socket = fixture<SocketFixture>(import.meta.resolve("./socket_fixture.ts"));

/** Waits until a descriptor can be read or written. */
function untilReady(descriptor: number, forWhat: "read" | "write"): void {
  const poller = new PollSet();
  let ready = false;
  poller.watch(descriptor, forWhat, () => ready = true);
  while (!ready) poller.wait(null);
}

function connect(address: string, port: number): number {
  const descriptor = connectTo(address, port);
  ok(typeof descriptor === "number", JSON.stringify(descriptor));
  untilReady(descriptor, "write");
  return descriptor;
}

/** A port at which nobody listens. */
function freePort(hostname: string): number {
  using listener = Deno.listen({ hostname, port: 0 });
  return listener.addr.port;
}

const hasIpV6 = ((): boolean => {
  try {
    freePort("::1");
    return true;
  } catch {
    return false;
  }
})();

for (const [address, ignore] of [["127.0.0.1", false], ["::1", !hasIpV6]] as const) {
  Deno.test({
    name: `connects to ${address}, sends and receives`,
    ignore,
    async fn() {
      using listener = Deno.listen({ hostname: address, port: 0 });
      const descriptor = connect(address, listener.addr.port);
      deepEqual([isInherited(descriptor), isNonblocking(descriptor)], [false, true]);
      equal(connectResult(descriptor), null);
      using peer = await listener.accept();
      const buffer = new Uint8Array(16);
      equal(readAvailable(descriptor, buffer), "again");
      equal(sendAvailable(descriptor, new TextEncoder().encode("hello")), 5);
      equal(await peer.read(buffer), 5);
      await peer.write(buffer.subarray(0, 5));
      untilReady(descriptor, "read");
      equal(readAvailable(descriptor, buffer), 5);
      equal(new TextDecoder().decode(buffer.subarray(0, 5)), "hello");
      peer.closeWrite();
      untilReady(descriptor, "read");
      equal(readAvailable(descriptor, buffer), "end");
      closeDescriptor(descriptor);
    },
  });

  Deno.test({
    name: `tells that nobody listens at a port of ${address}`,
    ignore,
    fn() {
      const descriptor = connectTo(address, freePort(address));
      if (typeof descriptor !== "number") return deepEqual(descriptor, { failure: "connection refused" });
      untilReady(descriptor, "write");
      equal(connectResult(descriptor), "connection refused");
      closeDescriptor(descriptor);
    },
  });
}

Deno.test("is not taken in by a connection to itself, where nobody listens", () => {
  const address = new Uint8Array(16); // struct sockaddr_in
  const view = new DataView(address.buffer);
  view.setUint16(0, 2, true);
  view.setUint16(2, freePort("127.0.0.1"));
  address.set([127, 0, 0, 1], 4);
  const descriptor = libc.socket(2, 1, 0);
  ok(bindSocket(descriptor, address));
  equal(libc.connect(descriptor, address, address.length), 0);
  equal(connectResult(descriptor), "connection refused");
  closeDescriptor(descriptor);
});

Deno.test("sends what the connection takes, and no more", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const descriptor = connect("127.0.0.1", listener.addr.port);
  using _peer = await listener.accept();
  const bytes = new Uint8Array(1024 * 1024);
  let count;
  while (typeof (count = sendAvailable(descriptor, bytes)) === "number");
  equal(count, "again");
  closeDescriptor(descriptor);
});

Deno.test("where the other side has gone sending has failed, and nobody hears a PIPE", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const heard = socket.call("heardWhileSending", [listener.addr.port]);
  (await listener.accept()).close();
  deepEqual((await heard).result, []);
});

for (const address of ["localhost", "", "1.2.3", "1.2.3.4.5", "::g", "1.2.3.4 ", "fe80::1%lo"]) {
  Deno.test(`${JSON.stringify(address)} is no address`, () => {
    deepEqual(connectTo(address, 80), { failure: `${address} is no IP address` });
  });
}

Deno.test("tells what cannot be reached", () => {
  const before = [...Deno.readDirSync("/proc/self/fd")].length;
  deepEqual(connectTo("255.255.255.255", 80), { failure: "network is unreachable" });
  equal([...Deno.readDirSync("/proc/self/fd")].length, before);
});
