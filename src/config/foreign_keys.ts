/** The keys of the Compose specification that mean nothing to an init, and what is said about them. */

import type { Report } from "./problems.ts";
import { LOG_DRIVERS } from "./schema.ts";
import { type Entry, type Path, placeOf, shown, type Tree } from "./tree.ts";

const DOCKERS = "belongs to Docker: denit starts processes, not containers; leave it out or use --compat";

/**
 * The keys by the place that they stand in; `*` is a name, `[]` an item of a list.
 *
 * With the keys of the schema these are all keys of the official one, as a test checks.
 */
export const FOREIGN_KEYS: Readonly<Record<string, readonly string[]>> = {
  "": ["configs", "models", "networks", "volumes"],
  "services.*": [
    ...["annotations", "attach", "blkio_config", "build", "cap_add", "cap_drop", "cgroup", "cgroup_parent"],
    ...["configs", "container_name", "cpu_count", "cpu_percent", "cpu_period", "cpu_quota", "cpu_rt_period"],
    ...[
      "cpu_rt_runtime",
      "cpu_shares",
      "cpus",
      "cpuset",
      "credential_spec",
      "develop",
      "device_cgroup_rules",
    ],
    ...["devices", "dns", "dns_opt", "dns_search", "domainname", "expose", "extends", "external_links"],
    ...["extra_hosts", "gpus", "hostname", "image", "init", "ipc", "isolation", "label_file", "labels"],
    ...["links", "mac_address", "mem_limit", "mem_reservation", "mem_swappiness", "memswap_limit", "models"],
    ...["network_mode", "networks", "oom_kill_disable", "pid", "pids_limit", "platform", "ports"],
    ...["privileged", "provider", "pull_policy", "pull_refresh_after", "read_only", "runtime"],
    ...["security_opt", "shm_size", "stdin_open", "storage_opt", "sysctls", "tmpfs", "tty"],
    ...["use_api_socket", "userns_mode", "uts", "volumes", "volumes_from"],
  ],
  "services.*.deploy": [
    ...["endpoint_mode", "labels", "mode", "placement", "resources", "rollback_config", "update_config"],
  ],
  "services.*.post_start.[]": ["privileged"],
  "services.*.pre_stop.[]": ["privileged"],
  "services.*.logging.options": ["compress", "env", "env-regex", "labels", "labels-regex", "tag"],
  "services.*.secrets.[]": ["gid", "mode", "uid"],
  "secrets.*": ["driver", "driver_opts", "external", "labels", "name", "template_driver"],
  "include.[]": ["env_file"],
};

/** What is said instead where that tells more. */
const REASONS: Readonly<Record<string, string>> = {
  tty: "services share no terminal: their output is denit's; leave it out or use --compat",
  stdin_open: "services share no terminal: their input is /dev/null; leave it out or use --compat",
  init: "denit is the init already; leave it out or use --compat",
};

/** What cannot be passed over, since the rest of the file would mean something else without it. */
const NEVER_PASSED_OVER: Readonly<Record<string, string>> = {
  extends: "is not supported: share keys by an anchor and <<, or services by include",
  env_file: "is not supported here: variables of the file come from denit's own environment",
};

/** Mappings whose keys are names that people give. */
const NAMES: readonly string[] = ["services", "secrets"];

/** The tree without these keys: each is reported, or passed over if the file is shared with Compose. */
export function withoutForeignKeys(root: Tree, compat: boolean, report: Report, warn: Report): Tree {
  return without(root, "", []);

  function without(tree: Tree, pattern: string, path: Path): Tree {
    const foreign = Object.hasOwn(FOREIGN_KEYS, pattern) ? FOREIGN_KEYS[pattern]! : [];
    const leads = foreign.length > 0 || PREFIXES.has(pattern);
    if (!leads || tree.kind === "scalar") return tree;
    if (tree.kind === "list") {
      const items = tree.items.map((item, i) => without(item, join(pattern, "[]"), [...path, i]));
      return { ...tree, items };
    }
    const entries = new Map<string, Entry>();
    for (const [key, { keyAt, value }] of tree.entries) {
      const here = [...path, key];
      const driver = compat && pattern === "services.*" && key === "logging" ? driverOf(value) : null;
      if (driver !== null && !LOG_DRIVERS.some((own) => own === driver)) {
        const message = `denit has no driver ${shown(driver)}: passed over, its lines are denit's own`;
        warn(placeOf(value, ["driver"]), [...here, "driver"], message);
        continue;
      }
      if (!foreign.includes(key)) {
        const next = NAMES.includes(pattern) ? "*" : key;
        entries.set(key, { keyAt, value: without(value, join(pattern, next), here) });
        continue;
      }
      const never = NEVER_PASSED_OVER[key];
      if (never !== undefined || !compat) report(keyAt, here, never ?? REASONS[key] ?? DOCKERS);
    }
    return { ...tree, entries };
  }
}

function driverOf(logging: Tree): string | null {
  const driver = logging.kind === "mapping" ? logging.entries.get("driver")?.value : undefined;
  return driver?.kind === "scalar" && typeof driver.value === "string" ? driver.value : null;
}

function join(pattern: string, next: string): string {
  return pattern === "" ? next : `${pattern}.${next}`;
}

/** The places on the way to those that have such keys. */
const PREFIXES: ReadonlySet<string> = new Set(
  Object.keys(FOREIGN_KEYS).flatMap((pattern) => {
    const steps = pattern.split(".");
    return steps.map((_, i) => steps.slice(0, i).join("."));
  }),
);
