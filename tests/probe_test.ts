import { PollSet } from "../ffi/poll.ts";
import { type RunningProbe, startProbe } from "../src/probe.ts";
import { deepEqual, equal, match, ok } from "./assert.ts";

/** The descriptors that are open. */
function open(): string {
  return [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => name).sort().join(" ");
}

type Question = Parameters<typeof startProbe>[0];

/** Asks, and lets the other side have its turns meanwhile; what came of it. */
async function ask(question: Question): Promise<string | null> {
  const poller = new PollSet();
  const answers: (string | null)[] = [];
  const probe = startProbe(question, poller, (failure) => answers.push(failure));
  if ("failure" in probe) return probe.failure;
  equal(answers.length, 0);
  while (answers.length === 0) {
    poller.wait(1);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  poller.wait(0);
  equal(answers.length, 1);
  probe.cancel();
  return answers[0]!;
}

/** Answers each connection with these bytes and closes it; what each of them has asked. */
function serve(answer: string, hostname = "127.0.0.1"): { port: number; asked: string[] } & AsyncDisposable {
  const listener = Deno.listen({ hostname, port: 0 });
  const asked: string[] = [];
  const serving = (async () => {
    for await (const connection of listener) {
      const buffer = new Uint8Array(4096);
      const count = await connection.read(buffer) ?? 0;
      asked.push(new TextDecoder().decode(buffer.subarray(0, count)));
      const bytes = new TextEncoder().encode(answer);
      for (let at = 0; at < bytes.length;) {
        at += await connection.write(bytes.subarray(at)).catch(() => Infinity);
      }
      connection.close();
    }
  })();
  return {
    port: listener.addr.port,
    asked,
    async [Symbol.asyncDispose](): Promise<void> {
      listener.close();
      await serving;
    },
  };
}

function freePort(hostname = "127.0.0.1"): number {
  using listener = Deno.listen({ hostname, port: 0 });
  return listener.addr.port;
}

for (
  const [answer, failure] of [
    ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", null],
    ["HTTP/1.0 204\r\n\r\n", null],
    ["HTTP/1.1 302 Found\r\n", null],
    ["HTTP/1.1 399 \r\n", null],
    ["HTTP/1.1 200 OK\n\n", null],
    ["HTTP/1.1 200 OK\r\n\r\n" + "x".repeat(1_000_000), null],
    ["HTTP/1.1 400 Bad Request\r\n\r\n", "answered 400 Bad Request"],
    ["HTTP/1.1 503 Service Unavailable\r\n\r\n", "answered 503 Service Unavailable"],
    ["HTTP/1.1 503\r\n\r\n", "answered 503"],
    ["HTTP/1.1 101 Switching Protocols\r\n\r\n", "answered 101 Switching Protocols"],
    ["", "closed the connection without an answer"],
    ["HTTP/1.1 2", "closed the connection amid its answer"],
    ["SSH-2.0-x\r\n", "answered with what is no HTTP"],
    ["HTTP/2 200\r\n", "answered with what is no HTTP"],
    ["HTTP/1.1 2000 OK\r\n", "answered with what is no HTTP"],
    ["x".repeat(100_000), "answered with what is no HTTP"],
  ] as const
) {
  Deno.test(`${JSON.stringify(answer.slice(0, 40))}: ${failure ?? "healthy"}`, async () => {
    const before = open();
    {
      await using server = serve(answer);
      equal(await ask({ name: "http", host: "127.0.0.1", port: server.port, path: "/" }), failure);
    }
    equal(open(), before);
  });
}

Deno.test("asks for the path, by name", async () => {
  await using server = serve("HTTP/1.1 200 OK\r\n\r\n");
  const { port, asked } = server;
  equal(await ask({ name: "http", host: "localhost", port, path: "/healthz?deep=1" }), null);
  const request = asked[0]!;
  match(request, /^GET \/healthz\?deep=1 HTTP\/1\.1\r\n/);
  ok(request.includes(`\r\nHost: localhost:${port}\r\n`));
  ok(request.includes("\r\nUser-Agent: denit\r\n"));
  ok(request.includes("\r\nConnection: close\r\n"));
  ok(request.endsWith("\r\n\r\n"));
});

Deno.test("an answer may come in pieces", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const poller = new PollSet();
  const told: unknown[] = [];
  const { port } = listener.addr;
  startProbe({ name: "http", host: "127.0.0.1", port, path: "/" }, poller, (failure) => told.push(failure));
  poller.wait(null);
  using connection = await listener.accept();
  for (const piece of ["HT", "TP/1.1 20", "0 O", "K\r", "\n"]) {
    deepEqual(told, []);
    await connection.write(new TextEncoder().encode(piece));
    poller.wait(null);
  }
  deepEqual(told, [null]);
});

Deno.test("an accepted connection is health enough for tcp", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  equal(await ask({ name: "tcp", host: "127.0.0.1", port: listener.addr.port }), null);
});

for (const host of ["127.0.0.1", "localhost"]) {
  for (const name of ["http", "tcp"] as const) {
    Deno.test(`${name} to ${host} where nobody listens: connection refused`, async () => {
      const port = freePort();
      const before = open();
      equal(await ask({ name, host, port, path: "/" }), "connection refused");
      equal(open(), before);
    });
  }
}

Deno.test("localhost is ::1 too", async (test) => {
  const server = tryOrNull(() => serve("HTTP/1.1 200 OK\r\n\r\n", "::1"));
  await test.step({
    name: "where there is one",
    ignore: server === null,
    async fn() {
      await using there = server!;
      equal(await ask({ name: "http", host: "localhost", port: there.port, path: "/" }), null);
      equal(await ask({ name: "http", host: "::1", port: there.port, path: "/" }), null);
      ok(there.asked[1]!.includes(`\r\nHost: [::1]:${there.port}\r\n`));
    },
  });
});

Deno.test("what cannot be begun is told at once", () => {
  const start = (host: string): unknown =>
    startProbe({ name: "tcp", host, port: 80 }, new PollSet(), () => ok(false, "told twice"));
  deepEqual(start("255.255.255.255"), { failure: "network is unreachable" });
  deepEqual(start("example"), { failure: "example is no IP address" });
});

Deno.test("tells nothing once it was cancelled, and leaves nothing open, in whatever state", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const poller = new PollSet();
  const { port } = listener.addr;
  const before = open();
  for (const turns of [0, 1, 2]) {
    const told: unknown[] = [];
    const question = { name: "http", host: "127.0.0.1", port, path: "/" } as const;
    const probe = startProbe(question, poller, (failure) => told.push(failure)) as RunningProbe;
    for (let turn = 0; turn < turns; turn++) poller.wait(turn);
    probe.cancel();
    probe.cancel();
    (await listener.accept()).close();
    poller.wait(0);
    deepEqual(told, []);
  }
  equal(open(), before);
});

function tryOrNull<T>(action: () => T): T | null {
  try {
    return action();
  } catch {
    return null;
  }
}
