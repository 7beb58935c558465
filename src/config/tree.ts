/** What a file says, before anyone knows what it means: a tree of values that know where they were written. */

/** Where something was written: the file as a person calls it, the line and the column from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One value. Where an alias stands for it, it is in several places of the tree. */
export type Tree = Scalar | List | Mapping;

export interface Scalar {
  readonly kind: "scalar";
  readonly at: Place;
  readonly value: string | number | boolean | null;
  /** As it was written: `1.10`, where the value is 1.1. */
  readonly source: string;
}

export interface List {
  readonly kind: "list";
  readonly at: Place;
  readonly items: readonly Tree[];
}

export interface Mapping {
  readonly kind: "mapping";
  readonly at: Place;
  readonly entries: ReadonlyMap<string, Entry>;
}

export interface Entry {
  readonly keyAt: Place;
  readonly value: Tree;
}

/** The keys and indexes that lead from the root to a value. */
export type Path = readonly (string | number)[];

/** Values as JavaScript has them: what a schema checks and what is printed. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };

/**
 * The tree without its places.
 *
 * What stands in a mapping called `environment` is text, as it was written: `1.10` and `007` are not numbers there.
 */
export function plainOf(tree: Tree, inEnvironment = false): Plain {
  switch (tree.kind) {
    case "scalar":
      return inEnvironment && tree.value !== null ? tree.source : tree.value;
    case "list":
      return tree.items.map((item) => plainOf(item));
    case "mapping":
      return Object.fromEntries(
        [...tree.entries].map(([key, { value }]) =>
          [key, plainOf(value, key === "environment" || inEnvironment && value.kind === "scalar")] as const
        ),
      );
  }
}

/** Where the value is, or its key; where nothing is at the path, the nearest that it would be in. */
export function placeOf(tree: Tree, path: Path, what: "value" | "key" = "value"): Place {
  let here = tree;
  let place = tree.at;
  for (const step of path) {
    const entry = here.kind === "mapping" ? here.entries.get(String(step)) : undefined;
    const next = here.kind === "list" ? here.items[Number(step)] : entry?.value;
    if (next === undefined) return place;
    here = next;
    place = what === "key" && entry !== undefined ? entry.keyAt : next.at;
  }
  return place;
}

/** Whether there is a key at the path. */
export function hasKey(tree: Tree, path: readonly string[]): boolean {
  let here: Tree | undefined = tree;
  for (const step of path) here = here?.kind === "mapping" ? here.entries.get(step)?.value : undefined;
  return here !== undefined;
}

/** `services.web.command[0]`; a key that would not read well is put in quotes. */
export function pathText(path: Path): string {
  return path.map((step, i) => {
    if (typeof step === "number") return `[${step}]`;
    const key = /^(?:[A-Za-z0-9_-]{1,80}|<<)$/.test(step) ? step : shown(step);
    return i === 0 ? key : `.${key}`;
  }).join("");
}

/** A value in a message: short, a text in quotes, on one line. */
export function shown(value: unknown): string {
  const text = typeof value === "string"
    ? JSON.stringify(value)
    : String(value).replace("NaN", ".nan").replace("Infinity", ".inf"); // as YAML has them
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
