/** Which user and groups a `user` of the file means. The rules are Docker's. */

/** A user as a program runs as one. */
export interface User {
  readonly uid: number;
  readonly gid: number;
  /** All groups, the first one too. */
  readonly groups: readonly number[];
  /** For HOME; `null`: it stays as it is. */
  readonly home: string | null;
  /** For USER and LOGNAME; `null`: they stay as they are. */
  readonly name: string | null;
}

/** Why there is no such user, in words. */
export interface UserFailure {
  readonly failure: string;
}

/** As Docker: more than any id that a file system or namespace is likely to know. */
const HIGHEST_ID = 2 ** 31 - 1;
const [PASSWD, GROUP] = ["/etc/passwd", "/etc/group"] as const;
/** As Docker's, for a user without an entry. */
const HOME_OF_NOBODY = "/";

/**
 * Looks up `name`, `uid`, `name:group`, `uid:gid` or `:group`, with groups in addition by name or number; `null` and an
 * empty name are denit's own user.
 *
 * Numbers need no entry in /etc/passwd and /etc/group: such a user has the group 0. One with an entry is in each
 * group that lists it (initgroups(3)), but not where a group was named.
 */
export function lookUpUser(
  user: string | null,
  groupAdd: readonly string[],
  read: (path: string) => string | null,
  own: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] },
): User | UserFailure {
  const groupFile = read(GROUP);
  const groups = groupFile === null ? null : parseGroups(groupFile);
  const added = groupAdd.map((group) => findGroup(group, groups));
  const wrong = added.find((group) => typeof group !== "number");
  if (wrong !== undefined) return wrong;
  const withAdded = (some: readonly number[]): number[] => [...new Set([...some, ...added as number[]])];
  if (user === null) return { ...own, groups: withAdded(own.groups), home: null, name: null };

  const [userName, groupName] = splitOnce(user, ":");
  const found = findUser(userName === "" ? String(own.uid) : userName, read(PASSWD));
  if ("failure" in found) return found;
  if (groupName !== null && groupName !== "") {
    const gid = findGroup(groupName, groups);
    return typeof gid === "number" ? { ...found, gid, groups: withAdded([gid]) } : gid;
  }
  const listing = groups?.filter(({ members }) => found.name !== null && members.includes(found.name)) ?? [];
  return { ...found, groups: withAdded([found.gid, ...listing.map(({ gid }) => gid)]) };
}

function splitOnce(text: string, separator: string): [string, string | null] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
}

function findUser(user: string, passwd: string | null): Omit<User, "groups"> | UserFailure {
  const uid = parseId(user);
  const entry = parseUsers(passwd ?? "").find((entry) =>
    uid === null ? entry.name === user : entry.uid === uid
  );
  if (entry !== undefined) return entry;
  if (uid === null) return { failure: missing("user", user, PASSWD, passwd !== null) };
  return uid > HIGHEST_ID
    ? { failure: `the user id ${shortened(user)} is higher than ${HIGHEST_ID}` }
    : { uid, gid: 0, home: HOME_OF_NOBODY, name: null };
}

function findGroup(group: string, groups: readonly Group[] | null): number | UserFailure {
  const gid = parseId(group);
  const entry = groups?.find((entry) => gid === null ? entry.name === group : entry.gid === gid);
  if (entry !== undefined) return entry.gid;
  if (gid === null) return { failure: missing("group", group, GROUP, groups !== null) };
  return gid > HIGHEST_ID
    ? { failure: `the group id ${shortened(group)} is higher than ${HIGHEST_ID}` }
    : gid;
}

function missing(what: string, name: string, file: string, fileExists: boolean): string {
  const where = fileExists ? ` in ${file}` : `: ${file} cannot be read`;
  return `there is no ${what} ${JSON.stringify(shortened(name))}${where}`;
}

/** Longer than any name that a system has, useradd(8). */
const LONGEST = 256;

function shortened(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}...`;
}

function parseId(text: string): number | null {
  return /^\d+$/.test(text) ? Number(text) : null;
}

/** An id in a file; `null` where there is none that the kernel could take for one, as -1, which means no change. */
function parseEntryId(text: string): number | null {
  const id = parseId(text);
  return id !== null && id <= HIGHEST_ID ? id : null;
}

/** The entries of /etc/passwd, passwd(5), without lines that are none. */
function parseUsers(text: string): { name: string; uid: number; gid: number; home: string }[] {
  return text.split("\n").flatMap((line) => {
    const [name = "", , uid = "", gid = "", , home = ""] = line.split(":");
    const ids = { uid: parseEntryId(uid), gid: parseEntryId(gid) };
    return ids.uid === null || ids.gid === null
      ? []
      : [{ name, uid: ids.uid, gid: ids.gid, home: home === "" ? HOME_OF_NOBODY : home }];
  });
}

interface Group {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** The entries of /etc/group, group(5), without lines that are none. */
function parseGroups(text: string): Group[] {
  return text.split("\n").flatMap((line) => {
    const [name = "", , id = "", members = ""] = line.split(":");
    const gid = parseEntryId(id);
    return gid === null ? [] : [{ name, gid, members: members.split(",") }];
  });
}
