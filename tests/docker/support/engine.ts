/** A Docker engine of the suite's own: nothing is shared with one that the machine may have. */

import { run } from "./command.ts";
import { until, within } from "../../e2e/support/until.ts";

/** Longer than an engine takes to start or to end on a busy machine. */
const LIMIT_MS = 60_000;

/** Why no engine can be started here; `null` where one can. */
export function noEngine(): string | null {
  if (Deno.build.os !== "linux") return "a Docker engine needs Linux";
  if (Deno.uid() !== 0) return "a Docker engine needs root";
  const CAP_SYS_ADMIN = 1n << 21n;
  const capabilities = /^CapEff:\t(\w+)$/m.exec(Deno.readTextFileSync("/proc/self/status"));
  if ((BigInt(`0x${capabilities?.[1] ?? 0}`) & CAP_SYS_ADMIN) === 0n) {
    return "a Docker engine needs to mount, which root may not here";
  }
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  const missing = Object.entries(NEEDED).filter(([command]) =>
    !folders.some((folder) => isFile(`${folder}/${command}`))
  );
  if (missing.length === 0) return null;
  return missing.map(([command, from]) => `there is no ${command} in PATH (${from})`).join(", ");
}

/** The commands that the suite runs, and the package of Debian that each comes from. */
const NEEDED: Readonly<Record<string, string>> = {
  docker: "docker.io",
  dockerd: "docker.io",
  dpkg: "Debian itself",
  ldd: "libc-bin",
  script: "bsdutils",
  setpriv: "util-linux",
  tar: "tar",
  umount: "mount",
};

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** A running engine. */
export interface Engine {
  /** An empty folder that lives as long as the engine. */
  readonly folder: string;
  /** The environment in which the client `docker` talks to this engine and reads nobody's configuration. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends whatever was started and removes all traces. Throws if something is left. */
  end(): Promise<void>;
}

/**
 * What `docker run --init` puts into a container as its first process: denit under that name. An executable of
 * denit would be that file itself; the bundle needs Deno to become it, so the image must have both, and Perl.
 */
const DOCKER_INIT = `#!/usr/bin/perl
exec { "/deno" } "docker-init", qw(run --no-config --no-prompt --no-code-cache --allow-ffi /denit.js), @ARGV;
`;

/** Starts an engine and waits until it answers. */
export async function startEngine(): Promise<Engine> {
  const folder = await Deno.makeTempDir({ prefix: "denit-docker-" });
  const name = folder.slice(folder.lastIndexOf("/") + 1);
  const socket = `unix://${folder}/docker.sock`;
  await Promise.all(["client", "data", "exec", "files"].map((part) => Deno.mkdir(`${folder}/${part}`)));
  await Deno.writeTextFile(`${folder}/daemon.json`, "{}");
  await Deno.writeTextFile(`${folder}/docker-init`, DOCKER_INIT, { mode: 0o755 });

  const daemon = new Deno.Command("setpriv", {
    // Ends with us even if we are killed, and its containers with it.
    args: ["--pdeathsig", "TERM", "sh", "-c", 'exec "$@" >>"$0" 2>&1', `${folder}/log`, "dockerd"].concat(
      [`--config-file=${folder}/daemon.json`, `--pidfile=${folder}/pid`, `--host=${socket}`],
      [`--data-root=${folder}/data`, `--exec-root=${folder}/exec`],
      // Where the machine has a containerd, the engine uses that one, and we must not meet other engines in it.
      [`--containerd-namespace=${name}`, `--containerd-plugins-namespace=${name}-plugins`],
      ["--exec-opt=native.cgroupdriver=cgroupfs", `--cgroup-parent=/${name}`],
      [`--init-path=${folder}/docker-init`],
      ["--iptables=false", "--ip6tables=false", "--bridge=none", "--shutdown-timeout=2"],
    ),
    stdin: "null",
  }).spawn();
  const sweeper = startSweeper(daemon.pid, folder, name);

  const env = {
    DOCKER_HOST: socket,
    DOCKER_CONFIG: `${folder}/client`,
    DOCKER_BUILDKIT: "0",
    DOCKER_CONTEXT: "default",
  };
  const engine: Engine = {
    folder: `${folder}/files`,
    env,
    end: () => end(daemon, sweeper, folder, name, env),
  };
  try {
    let ended = false;
    daemon.status.then(() => ended = true);
    await until(
      async () => ended || (await run(["docker", "version"], { env })).code === 0,
      "the engine answers",
      LIMIT_MS,
    );
    if (ended) throw new Error("It ended by itself");
  } catch (error) {
    const lines = (await Deno.readTextFile(`${folder}/log`)).trimEnd().split("\n").slice(-20).join("\n");
    await engine.end();
    throw new Error(`Cannot start a Docker engine; the end of its log:\n${lines}`, { cause: error });
  }
  return engine;
}

/**
 * A shell that removes the engine's folder and control groups once we let go of it, which we also do when we are killed,
 * and the engine has ended.
 */
function startSweeper(daemon: number, folder: string, name: string): Deno.ChildProcess {
  const script = `
    trap '' HUP INT TERM
    cat
    for second in $(seq 60); do kill -0 "$0" 2>/dev/null && sleep 1; done
    rm -rf --one-file-system "$1"
    find /sys/fs/cgroup -depth -type d -path "*/$2*" -exec rmdir {} +`;
  return new Deno.Command("sh", { args: ["-c", script, String(daemon), folder, name], stdin: "piped" })
    .spawn();
}

async function end(
  daemon: Deno.ChildProcess,
  sweeper: Deno.ChildProcess,
  folder: string,
  name: string,
  env: Engine["env"],
): Promise<void> {
  const containers = (await run(["docker", "ps", "--all", "--quiet"], { env })).stdout.split("\n").filter(
    Boolean,
  );
  if (containers.length > 0) await run(["docker", "rm", "--force", "--volumes", ...containers], { env });
  killChild(daemon, "SIGTERM");
  await within(daemon.status, () => "the engine ends", LIMIT_MS).catch(() => killChild(daemon, "SIGKILL"));
  await daemon.status;

  // What it should have ended and unmounted itself, and has not if it was killed.
  const rest = () => [...processesOf(folder, name), ...cgroupsOf(name).flatMap(processesIn)];
  for (const pid of rest()) kill(pid, "SIGKILL");
  await until(() => rest().length === 0, "the engine's processes end");
  for (const point of mountsBelow(folder)) await run(["umount", "--lazy", point]);
  await sweeper.stdin.close();
  await sweeper.status;

  const left = [...rest().map((pid) => `process ${pid}`), ...mountsBelow(folder), ...cgroupsOf(name)];
  if (left.length > 0) throw new Error(`Cannot end the Docker engine whole: ${left.join(", ")} is left`);
}

function killChild(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // it has ended
  }
}

function kill(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** The processes that name our folder or namespace: the engine, its containerd, and a shim for each container. */
function processesOf(folder: string, name: string): number[] {
  return [...Deno.readDirSync("/proc")]
    .map((entry) => Number(entry.name))
    .filter((pid) => {
      if (!(pid > 0) || pid === Deno.pid) return false;
      try {
        const words = Deno.readTextFileSync(`/proc/${pid}/cmdline`).split("\0");
        const program = words[0]!.slice(words[0]!.lastIndexOf("/") + 1);
        if (!["dockerd", "containerd", "containerd-shim-runc-v2"].includes(program)) return false;
        return words.some((word) => word === name || word.startsWith(`${folder}/`));
      } catch {
        return false; // it has ended
      }
    });
}

/** Mount points below the folder, the innermost first. */
function mountsBelow(folder: string): string[] {
  return mounts().map(({ point }) => point).filter((point) => point.startsWith(`${folder}/`)).reverse();
}

/** The engine's control group in each hierarchy. */
function cgroupsOf(name: string): string[] {
  return mounts()
    .filter(({ type }) => type === "cgroup" || type === "cgroup2")
    .map(({ point }) => `${point}/${name}`)
    .filter((path) => {
      try {
        return Deno.statSync(path).isDirectory;
      } catch {
        return false;
      }
    });
}

/** The lines of /proc/self/mountinfo; proc(5). */
function mounts(): { point: string; type: string }[] {
  return Deno.readTextFileSync("/proc/self/mountinfo").trimEnd().split("\n").map((line) => {
    const fields = line.split(" ");
    return { point: fields[4]!, type: fields[fields.indexOf("-") + 1]! };
  });
}

/** The processes in a control group and in those below it. */
function processesIn(group: string): number[] {
  const pids = Deno.readTextFileSync(`${group}/cgroup.procs`).split("\n").filter(Boolean).map(Number);
  const below = [...Deno.readDirSync(group)].filter((entry) => entry.isDirectory);
  return [...pids, ...below.flatMap((entry) => processesIn(`${group}/${entry.name}`))];
}
