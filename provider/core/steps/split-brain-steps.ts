/** The commands that end a split brain, by a person's word. */
import type { Call } from "../seen/remote-functions";
import { keptNote } from "./own-folder";
import type { Step } from "./plan";
import { copied, patient, quick } from "./time-limits";

/** The generation of a volume is the one that was looked at, and so is how many KiB of it differ, where that is given. */
export const stillDiffers = (word: string, generation: string, kib?: number): Call => [
  "still_differs",
  word,
  generation,
  kib === undefined ? "any" : String(kib),
];

/** Where so many bytes of a disk are copied to. */
export interface Copy {
  readonly disk: string;
  readonly place: string;
  readonly bytes: number;
}

export interface Copied extends Copy {
  readonly generation: string;
}

/** Of the backing disk, which nobody writes to: the side is Secondary and has no peer. Reads it, and writes to the place alone. */
export function keepCopy(
  node: string,
  resource: string,
  copy: Copied,
  isAsPlanned: readonly Call[],
  because: string,
): Step {
  const { disk, place, bytes, generation } = copy;
  return {
    node,
    argv: ["dd", `if=${disk}`, `of=${place}`, "bs=4M", `count=${bytes}`, "iflag=direct,count_bytes"],
    because,
    guard: [["is_secondary", resource], ...isAsPlanned],
    does: [{ kind: "copy-disk", disk, place, bytes, note: keptNote(resource), line: `${generation} ${place}` }],
    timeoutSeconds: copied(bytes),
  };
}

/** Reads only. */
export function checkKept(node: string, resource: string, stays: readonly Call[], because: string): Step {
  return {
    node,
    argv: ["drbdadm", "get-gi", resource],
    because,
    does: stays.map((call) => ({ kind: "check", call })),
    timeoutSeconds: quick,
  };
}

export function disconnect(node: string, resource: string, because: string): Step {
  return { node, argv: ["drbdadm", "disconnect", resource], because, timeoutSeconds: patient };
}

export function connectDiscarding(
  node: string,
  resource: string,
  /** `copies`: those that an earlier run made, which are compared once more. */
  { isAsPlanned, copies }: { readonly isAsPlanned: readonly Call[]; readonly copies: readonly Copy[] },
  because: string,
  destroys: string,
): Step {
  const holds = copies.map(({ disk, place, bytes }): Call => ["copy_holds", disk, place, String(bytes)]);
  return {
    node,
    argv: ["drbdadm", "connect", "--discard-my-data", resource],
    because,
    destroys,
    guard: [["is_secondary", resource], ...isAsPlanned, ...holds],
    timeoutSeconds: patient + copies.reduce((seconds, { bytes }) => seconds + copied(bytes), 0),
  };
}

export function connect(node: string, resource: string, because: string): Step {
  return { node, argv: ["drbdadm", "connect", resource], because, timeoutSeconds: patient };
}
