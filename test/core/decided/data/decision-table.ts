/**
 * What each combination of what is found calls for, written down by itself, to be read row by row and held against the
 * planner (decision-table.test.ts). Every row has every column: a new word does not compile without its place here.
 */

/** What DRBD's metadata on a disk that is not attached says. */
export const metadataWords = [
  "absent",
  "just created",
  "in use",
  "in use, older",
  "in use, diverged",
  "in use, unrelated",
  "of another version",
  "of another device",
  "where the disk ended",
  "busy",
  "unreadable",
  "not read",
] as const;
export type MetadataWord = (typeof metadataWords)[number];

/** What stands on the disk itself. Grown and shrunk: against what is remembered; another: by its serial number. */
export const diskWords = [
  "blank",
  "filesystem",
  "data",
  "DRBD's",
  "another, blank",
  "grown",
  "shrunk",
  "unreadable",
  "mounted",
  "held",
  "read-only",
  "in fstab",
  "missing",
  "no block device",
] as const;
export type DiskWord = (typeof diskWords)[number];

/** What a side is taken for. */
export type Verdict =
  | "blank"
  | "new"
  | "used"
  | "older"
  | "diverged"
  | "unrelated"
  | "stranger"
  | "grown"
  /** Known by our memory alone, so that its generation identifiers are not. */
  | "grown, unseen"
  | "foreign"
  | "unread"
  /** Refused, with these words. */
  | RegExp;

/** A disk that cannot be used, whatever its metadata says. */
const unusable = {
  mounted: /is mounted at \/mnt/,
  held: /is held by/,
  "read-only": /is read-only/,
  "in fstab": /fstab mounts/,
  missing: /there is no/,
  "no block device": /is no block device/,
} as const;

/** Metadata that was read counts, whatever else the disk seems to hold: that was written through DRBD. */
const whatever = <V extends Verdict>(verdict: V) => ({
  blank: verdict,
  filesystem: verdict,
  data: verdict,
  "DRBD's": verdict,
  "another, blank": verdict,
  grown: verdict,
  shrunk: verdict,
  unreadable: verdict,
  ...unusable,
});

export const apart: Readonly<Record<MetadataWord, Readonly<Record<DiskWord, Verdict>>>> = {
  absent: {
    blank: "blank",
    filesystem: "foreign",
    data: "foreign",
    "DRBD's": "foreign",
    "another, blank": "blank",
    grown: "grown, unseen",
    shrunk: /it was shrunk/,
    unreadable: /could not be read/,
    ...unusable,
  },
  "just created": whatever("new"),
  "in use": whatever("used"),
  "in use, older": whatever("older"),
  "in use, diverged": whatever("diverged"),
  "in use, unrelated": whatever("unrelated"),
  "of another version": whatever(/metadata of version v09, and the module there/),
  "of another device": { ...whatever("unrelated"), "DRBD's": "stranger" },
  // It lies there only where the disk is bigger than it was.
  "where the disk ended": { ...whatever(/DRBD's metadata lies where it had/), grown: "grown" },
  busy: whatever(/metadata of r0 could not be read/),
  unreadable: whatever(/metadata of r0 could not be read/),
  // Without drbd-utils, in a preview.
  "not read": {
    blank: "blank",
    filesystem: "foreign",
    data: "foreign",
    "DRBD's": "unread",
    "another, blank": "blank",
    grown: "grown, unseen",
    shrunk: /it was shrunk/,
    unreadable: /could not be read/,
    ...unusable,
  },
};

/** The same where the metadata is on a disk of its own: what stands on the disk for the data is seen as it is. */
const foreignUnlessBlank = (verdict: Verdict): Readonly<Record<DiskWord, Verdict>> => ({
  blank: verdict,
  filesystem: "foreign",
  data: "foreign",
  "DRBD's": "foreign",
  "another, blank": verdict,
  grown: "foreign",
  shrunk: "foreign",
  unreadable: "foreign",
  ...unusable,
});
const anotherIsTold = (verdict: Verdict): Readonly<Record<DiskWord, Verdict>> => ({
  ...whatever(verdict),
  "another, blank": /is another disk than the one that the metadata on \/dev\/vdc was made for/,
});
type OfAnInternalOneOnly = "of another device" | "where the disk ended";

export const besideMetadata: Readonly<
  Record<Exclude<MetadataWord, OfAnInternalOneOnly>, Readonly<Record<DiskWord, Verdict>>>
> = {
  absent: { ...foreignUnlessBlank("blank"), unreadable: /could not be read/ },
  "just created": foreignUnlessBlank("new"),
  "in use": anotherIsTold("used"),
  "in use, older": anotherIsTold("older"),
  "in use, diverged": anotherIsTold("diverged"),
  "in use, unrelated": anotherIsTold("unrelated"),
  "of another version": whatever(/metadata of version v09, and the module there/),
  busy: whatever(/metadata of r0 could not be read/),
  unreadable: whatever(/metadata of r0 could not be read/),
  "not read": { ...foreignUnlessBlank("blank"), unreadable: /could not be read/ },
};

/** A disk that DRBD has attached, by its state: `by its identifiers` where those decide. */
export const attached = {
  Attaching: /on its way to another state/,
  Detaching: /on its way to another state/,
  Negotiating: /on its way to another state/,
  Failed: /has failed/,
  Inconsistent: "by its identifiers",
  Outdated: "by its identifiers",
  Consistent: "by its identifiers",
  UpToDate: "by its identifiers",
} as const;
export type DiskState = keyof typeof attached;

export const connections = {
  StandAlone: "alone",
  Disconnecting: "looking",
  Unconnected: "looking",
  Timeout: "looking",
  BrokenPipe: "looking",
  NetworkFailure: "looking",
  ProtocolError: "looking",
  TearDown: "looking",
  Connecting: "looking",
  Connected: "together",
} as const;
export type Connection = keyof typeof connections;

type Kind = Exclude<Verdict, RegExp>;
export type Outcome =
  /** Both were never used: primary --force on the sync source, once. */
  | "first sync"
  /** Metadata on the empty side only, which the other one fills. */
  | "filled"
  /** Brought up; the sync source may be promoted. */
  | "meet"
  /** Brought up, and the sync source is filled by the other side before it is promoted. */
  | "meet, source behind"
  | RegExp;

const foreign = /which create-md and the sync would overwrite/;
const lost = /neither disk holds a generation of its data any more/;
const alien = /holds the metadata of another DRBD device/;
const split = /^split brain/;
const nothingInCommon = /nothing in common/;
const wrongSource = /holds data of a DRBD resource, while the sync source/;

/** Row: the sync source. Column: the target. Where nothing is remembered of the pair. */
export const together: Readonly<Record<Kind, Readonly<Record<Kind, Outcome>>>> = {
  blank: {
    blank: "first sync",
    new: "first sync",
    used: wrongSource,
    older: wrongSource,
    diverged: wrongSource,
    unrelated: wrongSource,
    stranger: wrongSource,
    grown: wrongSource,
    "grown, unseen": wrongSource,
    foreign,
    unread: wrongSource,
  },
  new: {
    blank: "first sync",
    new: "first sync",
    used: wrongSource,
    older: wrongSource,
    diverged: wrongSource,
    unrelated: wrongSource,
    stranger: wrongSource,
    grown: wrongSource,
    "grown, unseen": wrongSource,
    foreign,
    unread: wrongSource,
  },
  used: {
    blank: "filled",
    new: "filled",
    used: "meet",
    older: "meet",
    diverged: split,
    unrelated: nothingInCommon,
    stranger: nothingInCommon,
    grown: "meet",
    "grown, unseen": "meet",
    foreign,
    unread: "meet",
  },
  older: {
    blank: "filled",
    new: "filled",
    used: "meet, source behind",
    older: "meet",
    diverged: "meet, source behind",
    unrelated: nothingInCommon,
    stranger: nothingInCommon,
    grown: "meet, source behind",
    "grown, unseen": "meet",
    foreign,
    unread: "meet",
  },
  diverged: {
    blank: "filled",
    new: "filled",
    used: split,
    older: "meet",
    diverged: "meet",
    unrelated: nothingInCommon,
    stranger: nothingInCommon,
    grown: split,
    "grown, unseen": "meet",
    foreign,
    unread: "meet",
  },
  unrelated: {
    blank: "filled",
    new: "filled",
    used: nothingInCommon,
    older: nothingInCommon,
    diverged: nothingInCommon,
    unrelated: "meet",
    stranger: "meet",
    grown: nothingInCommon,
    "grown, unseen": "meet",
    foreign,
    unread: "meet",
  },
  stranger: {
    blank: "filled",
    new: "filled",
    used: nothingInCommon,
    older: nothingInCommon,
    diverged: nothingInCommon,
    unrelated: "meet",
    stranger: "meet",
    grown: nothingInCommon,
    "grown, unseen": "meet",
    foreign,
    unread: "meet",
  },
  grown: {
    blank: "filled",
    new: "filled",
    used: "meet",
    older: "meet",
    diverged: split,
    unrelated: nothingInCommon,
    stranger: nothingInCommon,
    grown: "meet",
    "grown, unseen": "meet",
    foreign,
    unread: "meet",
  },
  "grown, unseen": {
    blank: "filled",
    new: "filled",
    used: "meet",
    older: "meet",
    diverged: "meet",
    unrelated: "meet",
    stranger: "meet",
    grown: "meet",
    "grown, unseen": "meet",
    foreign,
    unread: "meet",
  },
  foreign: {
    blank: foreign,
    new: foreign,
    used: foreign,
    older: foreign,
    diverged: foreign,
    unrelated: foreign,
    stranger: foreign,
    grown: foreign,
    "grown, unseen": foreign,
    foreign,
    unread: foreign,
  },
  unread: {
    blank: "filled",
    new: "filled",
    used: "meet",
    older: "meet",
    diverged: "meet",
    unrelated: "meet",
    stranger: "meet",
    grown: "meet",
    "grown, unseen": "meet",
    foreign,
    unread: "meet",
  },
};

/** What changes where the pair is remembered to have been in use, with its disks. */
export function remembering(source: Kind, target: Kind): Outcome {
  const empty = (kind: Kind) => kind === "blank" || kind === "new";
  if (empty(source) && empty(target)) return lost;
  // Another device's metadata, unless its identifiers say that it belongs to the pair.
  if (source === "stranger" && target !== "unrelated") return alien;
  if (target === "stranger" && source !== "unrelated") return alien;
  if (empty(source) && target !== "foreign") return "filled";
  return together[source][target];
}

/** The size of a disk is only known to have changed where it is remembered; else what stands there is somebody's. */
export function verdictOf(metadata: MetadataWord, disk: DiskWord, remembered: boolean): Verdict {
  const unknown = metadata === "absent" || metadata === "not read";
  if (!remembered && unknown && (disk === "grown" || disk === "shrunk")) return "foreign";
  return apart[metadata][disk];
}
