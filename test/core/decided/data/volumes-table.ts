/**
 * What two volumes of one resource call for together, neither attached, written down by itself and held against the planner
 * (volumes-table.test.ts). Row: volume 0, column: volume 1. A refusal for one stops every step of the resource.
 */

/** What is found on the two disks of a volume, the sync source's first. */
export const volumeStates = [
  "blank",
  "made, never used",
  "in use",
  "target replaced",
  "source behind",
  "grown",
  "split brain",
  "unrelated",
  "somebody's data",
  "shrunk",
] as const;
export type VolumeState = (typeof volumeStates)[number];

export type Together =
  /** Both volumes begin: one `primary --force` of the resource, behind the gate of each. */
  | "both begin"
  /** That volume begins beside the other, which is promoted by what it holds. */
  | "0 begins"
  | "1 begins"
  /** The same, and the other is not promoted before its sync source is filled. */
  | "0 begins, 1 waits"
  | "1 begins, 0 waits"
  /** DRBD finds out whose data is newer; promoted once both are whole on the sync source. */
  | "meet"
  /** One of them is filled on the sync source first, and so neither is promoted. */
  | "wait"
  /** By the volume that it is about; of both, both are told. */
  | "refused: 0"
  | "refused: 1"
  | "refused: both";

type Columns = Readonly<Record<VolumeState, Together>>;

/** A volume that is fine, beside those that call for a decision. */
const refusals = {
  "split brain": "refused: 1",
  unrelated: "refused: 1",
  "somebody's data": "refused: 1",
  shrunk: "refused: 1",
} as const;

const begins: Columns = {
  blank: "both begin",
  "made, never used": "both begin",
  "in use": "0 begins",
  "target replaced": "0 begins",
  "source behind": "0 begins, 1 waits",
  grown: "0 begins",
  ...refusals,
};

const holdsData: Columns = {
  blank: "1 begins",
  "made, never used": "1 begins",
  "in use": "meet",
  "target replaced": "meet",
  "source behind": "wait",
  grown: "meet",
  ...refusals,
};

/** A disk that lacks what DRBD needs of it is told before whatever the identifiers say of two sides. */
const refused: Columns = {
  blank: "refused: 0",
  "made, never used": "refused: 0",
  "in use": "refused: 0",
  "target replaced": "refused: 0",
  "source behind": "refused: 0",
  grown: "refused: 0",
  "split brain": "refused: both",
  unrelated: "refused: both",
  "somebody's data": "refused: both",
  shrunk: "refused: 1",
};

export const volumesTogether: Readonly<Record<VolumeState, Columns>> = {
  blank: begins,
  "made, never used": begins,
  "in use": holdsData,
  "target replaced": holdsData,
  "source behind": {
    blank: "1 begins, 0 waits",
    "made, never used": "1 begins, 0 waits",
    "in use": "wait",
    "target replaced": "wait",
    "source behind": "wait",
    grown: "wait",
    ...refusals,
  },
  grown: holdsData,
  "split brain": refused,
  unrelated: refused,
  "somebody's data": refused,
  shrunk: {
    ...refused,
    "split brain": "refused: 0",
    unrelated: "refused: 0",
    "somebody's data": "refused: 0",
    shrunk: "refused: both",
  },
};

/** What each refusal says. */
export const refusalOf: Readonly<Partial<Record<VolumeState, RegExp>>> = {
  "split brain": /^split brain/,
  unrelated: /nothing in common/,
  "somebody's data": /which create-md and the sync would overwrite/,
  shrunk: /it was shrunk/,
};
