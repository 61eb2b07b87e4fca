import type { Progress } from "./side";

/** What the two disks together call for. */
export type Row =
  /** Nobody ever wrote through this pair: the sync source is made Primary by force, once, and fills the other. */
  | "first-sync"
  /** The same with data that stands on the sync source already: nothing is formatted. */
  | "first-sync-keeping"
  /** The target is another disk than before, or empty: metadata is made there only, and the sync source fills it. */
  | "fill-target"
  /** The same the other way round: only where we remember that the pair was in use. */
  | "fill-source"
  /** Both hold a generation of the data: DRBD itself finds out who is newer when they meet. */
  | "meet"
  /** Data that is not ours: a person says what becomes of it. */
  | "refuse-foreign"
  /** Data to keep on the sync source, and a generation of DRBD's data on the target: one would overwrite the other. */
  | "refuse-two-copies";

type Kind = Progress["kind"];

/** Row: the sync source. Column: the target. There is no default: a new kind of progress does not compile without its row. */
const table: Readonly<Record<Kind, Readonly<Record<Kind, Row>>>> = {
  blank: {
    blank: "first-sync",
    new: "first-sync",
    used: "fill-source",
    grown: "fill-source",
    unread: "fill-source",
    kept: "refuse-foreign",
    foreign: "refuse-foreign",
  },
  new: {
    blank: "first-sync",
    new: "first-sync",
    used: "fill-source",
    grown: "fill-source",
    unread: "fill-source",
    kept: "refuse-foreign",
    foreign: "refuse-foreign",
  },
  kept: {
    blank: "first-sync-keeping",
    new: "first-sync-keeping",
    used: "refuse-two-copies",
    grown: "refuse-two-copies",
    unread: "refuse-two-copies",
    kept: "refuse-foreign",
    foreign: "refuse-foreign",
  },
  used: {
    blank: "fill-target",
    new: "fill-target",
    used: "meet",
    grown: "meet",
    unread: "meet",
    kept: "refuse-foreign",
    foreign: "refuse-foreign",
  },
  grown: {
    blank: "fill-target",
    new: "fill-target",
    used: "meet",
    grown: "meet",
    unread: "meet",
    kept: "refuse-foreign",
    foreign: "refuse-foreign",
  },
  unread: {
    blank: "fill-target",
    new: "fill-target",
    used: "meet",
    grown: "meet",
    unread: "meet",
    kept: "refuse-foreign",
    foreign: "refuse-foreign",
  },
  foreign: {
    blank: "refuse-foreign",
    new: "refuse-foreign",
    used: "refuse-foreign",
    grown: "refuse-foreign",
    unread: "refuse-foreign",
    kept: "refuse-foreign",
    foreign: "refuse-foreign",
  },
};

export function rowOf(source: Progress, target: Progress): Row {
  return table[source.kind][target.kind];
}
