/**
 * What is told of a run, in either world: by denit of its services, by the processes of themselves, and the exit code.
 * Only the order is told that somebody relies on: of each service's own lines, and of those of two services of which
 * one depends on the other.
 */

import type { Project } from "../../../src/core/services/project.ts";

/** The lines of a run by who told them, sorted by that. */
export type Story = ReadonlyMap<string, readonly string[]>;

/** What is known of a run that has ended. */
export interface Told {
  /** denit's lines with their level, such as `info: started web as 12 (run)`. */
  readonly lines: readonly string[];
  /** What processes did, such as `web.main.1 begins`. */
  readonly deeds: readonly string[];
  readonly exitCode: number;
}

/** What concerns all services, and not the one that it may name. */
const OF_ALL = /^\w+: (?:shutting down|killing whatever|reread the file)/;

/** What is told of any process, by the name of its program, and of the file, which the fake world has not. */
const OF_NO_SERVICE =
  /^\w+: (?:reaped |killed .*(?:\): (?:its? .*had not ended in time|it had not been asked to end)|, which still ran)$|\.\/denit\.yaml:)/;

/** The story that is told of a run of services, which are those of all its files. */
export function storyOf({ lines, deeds, exitCode }: Told, projects: readonly (Project | null)[]): Story {
  const services = projects.flatMap((project) => project?.services ?? []);
  const names = [...new Set(services.map(({ name }) => name))];
  const story = new Map([["denit", [`exits with ${exitCode}`]]]);
  const add = (who: string, line: string): void => {
    story.set(who, [...story.get(who) ?? [], line]);
  };
  const pairs = services.flatMap(({ name, dependsOn }) => dependsOn.map((on) => [on.service, name]));
  const uniquePairs = new Map(pairs.map((pair) => [pair.join(" and "), pair]));
  for (const line of lines.filter((line) => !OF_NO_SERVICE.test(line)).map(withoutIds)) {
    if (OF_ALL.test(line)) add("denit", line);
    const name = OF_ALL.test(line)
      ? undefined
      : /\w+/g[Symbol.match](line)?.find((word) => names.includes(word));
    if (name === undefined) continue;
    add(name, line);
    for (const [key, pair] of uniquePairs) if (pair.includes(name)) add(key, line);
  }
  for (const deed of deeds) {
    const [who, ...what] = deed.split(" ");
    add(who!, what.join(" "));
  }
  return new Map([...withoutCounts(story)].toSorted(([one], [other]) => one < other ? -1 : 1));
}

/** A story as lines. */
export function show(story: Story): string {
  return [...story].map(([who, lines]) => `${who}: ${lines.join("; ")}`).join("\n");
}

/** Process ids, commands and reasons differ; who was left behind is in the processes' own words. */
function withoutIds(line: string): string {
  return line
    .replace(/ as \d+ \([^)]*\)$/, "")
    .replace(/ killed (\w+ )?\d+(?: \([^)]*\))?/, " killed $1")
    .replace(/ left .* behind: sent SIGTERM$/, " left somebody behind: sent SIGTERM")
    .replace(/^(error: Cannot start [^(]*) \(.*?\)(?=: )/, "$1")
    .replace(/: (?:the reason|no such file)(?=$| \(|: )/, "")
    .replace(/, core dumped/, "");
}

/** How often a service is probed is a matter of milliseconds: of all probes only what they do is kept, each once. */
function* withoutCounts(
  story: ReadonlyMap<string, readonly string[]>,
): Generator<[string, readonly string[]]> {
  const probes = new Map<string, Set<string>>();
  for (const [who, lines] of story) {
    const [probe] = /^\w+\.probe/.exec(who) ?? [];
    if (probe === undefined) yield [who, lines];
    else probes.set(probe, (probes.get(probe) ?? new Set()).add(lines.join(", ")));
  }
  for (const [probe, all] of probes) yield [probe, [...all].toSorted()];
}
