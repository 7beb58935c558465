import { sendSignal } from "../../ffi/process.ts";
import { deepEqual, equal } from "../assert.ts";
import { fixture } from "../fixture.ts";
import { namespaces } from "../namespaces.ts";
import { tempFolder } from "../temp_folder.ts";
import type { ProcessFixture } from "./process_fixture.ts";

const processes = fixture<ProcessFixture>(import.meta.resolve("./process_fixture.ts"));

Deno.test("a subreaper adopts orphans", async () => {
  const { result } = await processes.call("adopts", []);
  deepEqual(result, { before: false, made: true, after: true });
});

Deno.test("tells whether a signal was sent, whether nobody was there, and whether it was not permitted", async () => {
  const SETUID = { x86_64: 105, aarch64: 146 }[Deno.build.arch];
  const { result } = await processes.call("results", [SETUID]);
  deepEqual(result, {
    "self": "sent",
    "missing": "gone",
    "missing group": "gone",
    "group": "sent",
    "gone": "gone",
    "first": "not permitted",
  });
});

Deno.test("a signal to a process group reaches all in it", async () => {
  const { result } = await processes.call("endsGroup", []);
  deepEqual(result, { signal: 15, left: [] });
});

Deno.test({
  name: "the first process of a namespace knows whether it is alone, and counts zombies",
  ignore: namespaces === null,
  async fn() {
    const { result } = await processes.call("others", [], { through: [...namespaces!, "--mount-proc"] });
    deepEqual(result, [false, true, true, false]);
  },
});

Deno.test("knows its parent and its process group", async () => {
  const { result } = await processes.call("ids", []);
  deepEqual(result.asked, result.shown);
});

Deno.test("gets the signal that it asked for when its parent dies", async () => {
  const script = "if (fork) { <STDIN>; exit } open(STDIN, '<', '/dev/null'); exec @ARGV";
  await using running = processes.start("outliveParent", [], { through: ["perl", "-e", script] });
  equal(await running.nextLine(), `true ${running.pid}`);
  await running.tell("die");
  equal(await running.nextLine(), "the parent died");
});

Deno.test("changes its working directory where it can", async () => {
  await using folder = await tempFolder();
  const { result, output } = await processes.call("changeDirectory", [folder.path]);
  deepEqual(result, [true, false]);
  equal(output.trim(), await Deno.realPath(folder.path));
});

Deno.test("stops itself until somebody continues it", async () => {
  await using running = processes.start("stopSelf", []);
  equal(await running.nextLine(), "stopping");
  await running.untilStopped();
  sendSignal(running.pid, 18);
  equal(await running.nextLine(), "went on");
});

for (const [how, through] of [["", []], [", also without /proc", namespaces]] as const) {
  Deno.test({
    name: `closes what it inherited, and nothing else${how}`,
    ignore: through === null,
    async fn() {
      const inherit = ["perl", "-MPOSIX", "-e", "POSIX::dup2(0, $_) for 3, 60, 200; exec @ARGV"];
      const hide = how === "" ? [] : ["sh", "-c", 'mount -t tmpfs none /proc; exec "$@"', "sh"];
      const { result } = await processes.call("closeInherited", [[0, 1, 2, 60, 200]], {
        through: [...through!, ...how === "" ? [] : ["--mount-proc"], ...hide, ...inherit],
      });
      deepEqual(result, { before: [0, 1, 2, 60, 200], after: [0, 1, 2], ownIsOpen: true });
    },
  });
}

for (const code of [0, 3, 125, 255]) {
  Deno.test(`ends at once with ${code}, with no handler run`, async () => {
    await using running = processes.start("exitNow", [code]);
    const ended = await running.ended();
    equal(ended.code, code);
    equal(ended.output, "");
  });
}
