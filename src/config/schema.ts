/**
 * What a file of services may hold: one source for the types, the checks and the JSON Schema (`denit config --schema`).
 *
 * The keys are the Compose specification's but for those that are marked as ours. What a form cannot say is checked here
 * by functions, and what needs two keys in check.ts.
 */

import {
  array,
  boolean,
  check,
  custom,
  description,
  exactOptional,
  type GenericIssue,
  type GenericSchema,
  type InferOutput,
  integer,
  is,
  looseObject,
  maxValue,
  metadata,
  minLength,
  minValue,
  null as nothing,
  number,
  type ObjectEntries,
  picklist,
  pipe,
  rawCheck,
  record,
  regex,
  safeParse,
  string,
  union,
} from "valibot";
import { parseDuration } from "../cli/duration.ts";
import { LIMIT_NAMES } from "../core/services/project.ts";
import { number as signalNumber, parseSignal, SIGKILL, signalName, signalNames } from "../core/signals.ts";
import { scheduleFailure } from "./cron.ts";
import { didYouMean, type Report } from "./problems.ts";
import { type Path, placeOf, plainOf, shown, type Tree } from "./tree.ts";

/** Of a form by the words that tell it: whether a text has it. */
const FORMS = new Map<string, (text: string) => boolean>();

const MOST_REPLICAS = 1000;
const LARGEST = Number.MAX_SAFE_INTEGER;

const Text = string("expected a text");
const Word = pipe(Text, minLength(1, "expected a text that is not empty"));
const TextList = uniqueList(Text);
const TextOrList = union([Text, TextList], "expected a text or a list of texts");
const Flag = union([boolean(), picklist(["true", "false"])], "expected true or false");
const Command = union([nothing(), Text, array(Text)], "expected a text or a list of texts");

const DURATION = /^(?:0|(?:[0-9]+(?:\.[0-9]+)?(?:us|ms|s|m|h))+)$/;
const Duration = form(DURATION, "a duration such as 500ms, 8s or 1m30s, at most a year", isDuration);
const Period = form(
  DURATION,
  "a duration of 1ms at least, such as 500ms, 8s or 1m30s, at most a year",
  (text) => isDuration(text) && parseDuration(text)! >= 1,
);
const Umask = form(/^0?[0-7]{3}$/, 'an octal number such as "022"');
const Size = union(
  [form(/^(?:-1|[0-9]+(?:\.[0-9]+)?[kKmMgG]?[bB]?)$/, "a size such as 10m"), whole(-1, LARGEST)],
  "expected a size such as 10m",
);

const Signal = pipe(
  Text,
  regex(/^[A-Za-z0-9+-]+$/, "expected a signal such as SIGTERM, QUIT or RTMIN+3"),
  check(
    (text) => parseSignal(text) !== null,
    ({ input }) =>
      `expected a signal such as SIGTERM, QUIT or RTMIN+3${
        didYouMean(input.toUpperCase().replace(/^SIG/, ""), signalNames())
      }`,
  ),
);

/** Why these are not passed on to a service. */
const NOT_FORWARDED: ReadonlyMap<number, string> = new Map([
  ...(["TERM", "INT", "QUIT"] as const).map((name) => [signalNumber(name), "it stops denit"] as const),
  [signalNumber("HUP"), "it has denit read the file again"],
  [SIGKILL, "no program can be told of it"],
  [signalNumber("STOP"), "no program can be told of it"],
  [signalNumber("CHLD"), "it tells denit that a process has ended"],
]);
const ForwardedSignal = pipe(
  Signal,
  check(
    (text) => !NOT_FORWARDED.has(parseSignal(text) ?? 0),
    ({ input }) => {
      const signal = parseSignal(input)!;
      return `${signalName(signal)} cannot be passed on: ${NOT_FORWARDED.get(signal)}`;
    },
  ),
);

const Environment = union(
  [
    names(union([Text, number(), boolean(), nothing()], "expected a text, a number, true or false")),
    TextList,
  ],
  "expected a mapping or a list of NAME=value",
);

const EnvFile = union([
  Word,
  array(union([
    Word,
    mapping({
      path: Word,
      required: exactOptional(Flag),
      format: exactOptional(picklist(["raw"], 'expected "raw", or no format')),
    }),
  ], "expected a path or a mapping with path")),
], "expected a path or a list of paths");

const LimitValue = whole(-1, LARGEST);
const Ulimits = mapping(
  Object.fromEntries(
    LIMIT_NAMES.map((name) => [
      name,
      exactOptional(
        union(
          [LimitValue, mapping({ soft: LimitValue, hard: LimitValue })],
          "expected a number, or soft and hard",
        ),
      ),
    ]),
  ),
);

const CONDITIONS = ["service_started", "service_healthy", "service_completed_successfully"] as const;
const DependsOn = union([
  TextList,
  names(mapping({
    condition: picklist(CONDITIONS, `expected ${CONDITIONS.join(", ").replace(/, (\w+)$/, " or $1")}`),
    required: exactOptional(boolean("expected true or false")),
    restart: exactOptional(Flag),
  })),
], "expected a list of services or a mapping");

const HOST = "(?:localhost|[0-9]{1,3}(?:\\.[0-9]{1,3}){3}|\\[[0-9A-Fa-f:.]+\\])";
const Healthcheck = mapping({
  test: exactOptional(union([Word, array(Text)], "expected a text or a list of texts")),
  http: exactOptional(ours(
    "Healthy if a GET of this URL is answered with a status from 200 to 399.",
    form(
      new RegExp(`^http:\\/\\/${HOST}(?::[0-9]{1,5})?(?:\\/[!-"$-~]*)?$`),
      "http://HOST[:PORT][/PATH], HOST an IP address or localhost",
    ),
  )),
  tcp: exactOptional(ours(
    "Healthy if a connection to HOST:PORT is accepted.",
    form(new RegExp(`^${HOST}:[0-9]{1,5}$`), "HOST:PORT, HOST an IP address or localhost"),
  )),
  interval: exactOptional(Period),
  timeout: exactOptional(Period),
  retries: exactOptional(whole(1, 1_000_000)),
  start_period: exactOptional(Duration),
  start_interval: exactOptional(Period),
  disable: exactOptional(Flag),
});

const Restart = form(
  /^(?:no|always|unless-stopped|on-failure(?::[0-9]{1,6})?)$/,
  "no, always, unless-stopped, on-failure or on-failure:N",
);

const Deploy = union([
  nothing(),
  mapping({
    replicas: exactOptional(whole(0, MOST_REPLICAS)),
    restart_policy: exactOptional(mapping({
      condition: exactOptional(picklist(["none", "on-failure", "any"], "expected none, on-failure or any")),
      delay: exactOptional(Duration),
      max_attempts: exactOptional(whole(0, 1_000_000)),
      window: exactOptional(Duration),
    })),
  }),
], "expected a mapping");

const User = form(/^(?:[^:\s]+(?::[^:\s]+)?|:[^:\s]+)$/, "a user such as app, 1000, app:staff or :staff");

const GROUP = "expected a group by name or number";
const Group = union(
  [Word, pipe(number(), integer(GROUP), minValue(0, GROUP), maxValue(LARGEST, GROUP))],
  GROUP,
);

const Hooks = array(
  mapping({
    command: Command,
    user: exactOptional(User),
    working_dir: exactOptional(Word),
    environment: exactOptional(Environment),
  }),
  "expected a list of mappings with command",
);

/** Where the lines of a service may go beside denit's own output. */
export const LOG_DRIVERS = ["json-file", "local", "none"] as const;
const LoggingKeys = mapping({
  driver: exactOptional(
    picklist(
      LOG_DRIVERS,
      "expected json-file, local or none: denit knows no other driver",
    ),
  ),
  options: exactOptional(
    mapping({ "max-size": exactOptional(Size), "max-file": exactOptional(whole(1, 1000)) }),
  ),
});

const Service = mapping({
  command: exactOptional(Command),
  entrypoint: exactOptional(Command),
  environment: exactOptional(Environment),
  env_file: exactOptional(EnvFile),
  user: exactOptional(User),
  group_add: exactOptional(uniqueList(Group)),
  working_dir: exactOptional(Word),
  umask: exactOptional(ours("The file mode creation mask, in octal.", Umask)),
  ulimits: exactOptional(Ulimits),
  oom_score_adj: exactOptional(whole(-1000, 1000)),
  nice: exactOptional(ours("From -20 (most favourable) to 19, nice(2).", whole(-20, 19))),
  scale: exactOptional(whole(0, MOST_REPLICAS)),
  profiles: exactOptional(TextList),
  depends_on: exactOptional(DependsOn),
  healthcheck: exactOptional(Healthcheck),
  restart: exactOptional(Restart),
  deploy: exactOptional(Deploy),
  stop_signal: exactOptional(Signal),
  signal_to: exactOptional(ours(
    "Whom stop_signal and forward_signals go to: group, its process group; main, its program alone.",
    picklist(["group", "main"], "expected group or main"),
  )),
  stop_grace_period: exactOptional(Duration),
  post_start: exactOptional(Hooks),
  pre_stop: exactOptional(Hooks),
  secrets: exactOptional(array(
    union(
      [Word, mapping({ source: Word, target: exactOptional(Word) })],
      "expected the name of a secret, or source and target",
    ),
    "expected a list of secrets",
  )),
  logging: exactOptional(LoggingKeys),
  essential: exactOptional(ours(
    "true: any end of it ends the container; false: none does; unset: a failure that is not restarted.",
    Flag,
  )),
  schedule: exactOptional(ours("When a job runs: five fields of cron(8).", Schedule())),
  forward_signals: exactOptional(
    ours("Signals that are passed on to it when denit gets them.", uniqueList(ForwardedSignal)),
  ),
});

const Secret = mapping({ file: exactOptional(Word), environment: exactOptional(Word) });

const Includes = array(
  union([
    Word,
    mapping({ path: TextOrList, project_directory: exactOptional(Word) }),
  ], "expected a path or a mapping with path"),
  "expected a list of paths",
);

/** A name that begins so is no option on a command line, and no other folder as the name of a file. */
const ServiceName = pipe(
  string(),
  regex(
    /^[a-zA-Z0-9_][a-zA-Z0-9._-]*$/,
    "expected a name of letters, digits, _, . and -, that begins with a letter, a digit or _",
  ),
);
const SecretName = pipe(
  string(),
  regex(/^[a-zA-Z0-9._-]+$/, "expected a name of letters, digits, _, . and -"),
);

/** The whole file. */
export const File = mapping({
  version: exactOptional(Text),
  name: exactOptional(
    form(
      /^[a-z0-9][a-z0-9_-]*$/,
      "a name of small letters, digits, _ and -, that begins with a letter or a digit",
    ),
  ),
  include: exactOptional(Includes),
  services: exactOptional(names(Service, ServiceName)),
  secrets: exactOptional(names(Secret, SecretName)),
}, (value) => isService(value) ? "; a service stands under services:" : null);

function isService(value: unknown): boolean {
  return isMapping(value) &&
    ["command", "entrypoint", "image"].some((key) => Object.hasOwn(value as object, key));
}

export type Include = InferOutput<typeof Includes>[number];
export type Secret = InferOutput<typeof Secret>;
export type Service = InferOutput<typeof Service>;
export type Healthcheck = InferOutput<typeof Healthcheck>;
export type Hooks = InferOutput<typeof Hooks>;
export type Environment = InferOutput<typeof Environment>;
export type Logging = InferOutput<typeof LoggingKeys>;

/** What one file says, as far as it is as it should be. */
export interface Form {
  readonly name: string | null;
  readonly include: readonly Include[];
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, Secret>>;
}

/**
 * Checks the whole file and reports all that is otherwise. Of what is left, each service and secret is whole.
 *
 * What aliases and variables stood for is in its place, and keys that are Docker's are out of it.
 */
export function checkForm(tree: Tree, report: Report): Form {
  const plain = plainOf(tree);
  const result = safeParse(File, plain);
  if (result.success) {
    const { name = null, include = [], services = {}, secrets = {} } = result.output;
    return { name, include, services, secrets };
  }
  for (const { path, message, ofKey } of result.issues.flatMap(flatten)) {
    report(placeOf(tree, path, ofKey ? "key" : "value"), path, message);
  }
  const parts = isMapping(plain) ? plain as Record<string, unknown> : {};
  const include = safeParse(Includes, parts["include"]);
  return {
    name: null,
    include: include.success ? include.output : [],
    services: theSoundOf(Service, parts["services"]),
    secrets: theSoundOf(Secret, parts["secrets"]),
  };
}

function theSoundOf<const Schema extends GenericSchema>(
  schema: Schema,
  all: unknown,
): Record<string, InferOutput<Schema>> {
  return Object.fromEntries(
    Object.entries(isMapping(all) ? all as object : {}).filter(([, each]) => is(schema, each)),
  );
}

interface Misfit {
  readonly path: Path;
  readonly message: string;
  /** Whether it is the key that is wrong, not its value. */
  readonly ofKey: boolean;
}

/** One issue of the library as a person would tell it: of a choice, what the form that was meant lacks. */
function flatten(issue: GenericIssue): Misfit[] {
  const items = issue.path ?? [];
  const path = items.map(({ key }) => typeof key === "number" ? key : String(key));
  const inside = (issue.issues ?? []).filter((each) => each.path !== undefined).flatMap(flatten);
  if (inside.length > 0) return inside.map((each) => ({ ...each, path: [...path, ...each.path] }));
  const last = items.at(-1);
  const ofKey = last?.origin === "key";
  if (ofKey && issue.type === "loose_object") {
    return [{ path: path.slice(0, -1), message: `the key ${issue.expected} is missing`, ofKey: true }];
  }
  return [{ path, message: ofKey ? issue.message : `${issue.message}${instead(issue)}`, ofKey }];
}

/** What there is instead of what was expected, where that tells more. */
function instead({ input, type, message: expected }: GenericIssue): string {
  if (type === "check" || type === "min_length") return "";
  if (input === null) return ", not nothing";
  if (typeof input === "object") return Array.isArray(input) ? ", not a list" : ", not a mapping";
  const has = FORMS.get(expected);
  if (type === "string" && typeof input !== "string") {
    const written = [String(input), String(input).padStart(3, "0")]; // 022 has come as the number 22
    if (has === undefined || written.some(has)) return "; put it in quotes";
  }
  const right = `${input}s`; // a number that would be a duration with its unit
  const meant = has !== undefined && /^[0-9.]+s$/.test(right) && has(right);
  return `, not ${shown(input)}${meant ? `; did you mean ${JSON.stringify(right)}?` : ""}`;
}

/** A text of this form, which `holds` may narrow; `what` tells it in words. */
function form(pattern: RegExp, what: string, holds: (text: string) => boolean = () => true) {
  const message = `expected ${what}`;
  FORMS.set(message, (text) => pattern.test(text) && holds(text));
  return pipe(string(message), regex(pattern, message), check(holds, message));
}

/** A whole number, also as a text, which it is when it comes from a variable. */
function whole(least: number, most: number) {
  const message = `expected a whole number ${
    most === LARGEST ? `from ${least}` : `from ${least} to ${most}`
  }`;
  return union([
    pipe(number(), integer(message), minValue(least, message), maxValue(most, message)),
    pipe(
      string(),
      regex(/^-?[0-9]{1,16}$/, message),
      check((text) => Number(text) >= least && Number(text) <= most, message),
    ),
  ], message);
}

function isDuration(text: string): boolean {
  return parseDuration(text) !== null;
}

/** A mapping with these keys; `x-` and whatever follows may stand in each. `hintOf` tells of a value under another key. */
function mapping<const Entries extends ObjectEntries>(
  entries: Entries,
  hintOf: (value: unknown) => string | null = () => null,
) {
  const known = Object.keys(entries);
  return pipe(
    custom<Record<string, unknown>>(isMapping, "expected a mapping"),
    looseObject(entries),
    rawCheck(({ dataset, addIssue }) => {
      const input = dataset.value as Record<string, unknown>;
      for (const key of Object.keys(input)) {
        if (Object.hasOwn(entries, key) || key.startsWith("x-")) continue;
        addIssue({
          message: `unknown key${hintOf(input[key]) ?? didYouMean(key, known)}`,
          path: [{ type: "object", origin: "key", input, key, value: input[key] }],
        });
      }
    }),
    metadata({ additionalProperties: false, patternProperties: { "^x-": {} } }),
  );
}

/** A mapping whose keys are names that people give. */
function names<const Value extends GenericSchema>(
  value: Value,
  key: GenericSchema<string, string> = string(),
) {
  return pipe(custom<Record<string, unknown>>(isMapping, "expected a mapping"), record(key, value));
}

function isMapping(input: unknown): boolean {
  return typeof input === "object" && input !== null && !Array.isArray(input);
}

/** The official schema has such lists hold nothing twice. */
function uniqueList<const Item extends GenericSchema>(item: Item) {
  return pipe(
    array(item, "expected a list"),
    check((items) => new Set(items).size === items.length, "the list holds something twice"),
    metadata({ uniqueItems: true }),
  );
}

/** Marks a key that Compose does not have. */
function ours<const Value extends GenericSchema>(meaning: string, value: Value) {
  return pipe(value, description(`Only denit's. ${meaning}`));
}

function Schedule() {
  const message = "expected five fields of cron(8), such as 0 3 * * *";
  return pipe(
    string(message),
    regex(/^\S+(?: +\S+){4}$/, message),
    check((text) => scheduleFailure(text) === null, ({ input }) => scheduleFailure(input)!),
  );
}
