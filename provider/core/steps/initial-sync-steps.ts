/** Two new disks that need no first sync: each is read as zeros, and only then are they taken for the same. */
import type { Action } from "./action";
import type { DesiredSide, VolumePair } from "../wanted/desired";
import { wordFor } from "../wanted/desired";
import { nothingInFront } from "./kernel-steps";
import { formattingMark } from "./own-folder";
import type { Step } from "./plan";
import { volumeWord } from "./promotion-steps";
import { copied, patient } from "./time-limits";

/**
 * Reads only, and all of it. Nobody can write to it meanwhile: DRBD has it, and neither side can be Primary without the word
 * that it shall be forced. What was so before the read is so after it, too.
 */
export function readZeros(
  volume: VolumePair,
  { hostname, disk, minor }: DesiredSide,
  bytes: number,
  because: string,
): Step {
  const word = wordFor(volume);
  const does: Action[] = [
    { kind: "read-zeros", disk, minor, resource: volume.name },
    { kind: "check", call: ["both_new", word] },
  ];
  return {
    node: hostname,
    argv: ["cmp", disk, "/dev/zero"],
    because,
    guard: [["both_new", word]],
    does,
    timeoutSeconds: copied(bytes),
  };
}

/**
 * On one side. The kernel begins a generation on both in one command, and only where each was just created. Marked with that
 * generation, as after `primary --force`: it holds nothing, and may be formatted.
 */
export function skipSync(volume: VolumePair, side: DesiredSide, because: string): Step {
  const word = volumeWord(volume);
  const mark = volume.filesystem === undefined ? {} : { mark: formattingMark(volume) };
  return {
    node: side.hostname,
    argv: ["drbdadm", "new-current-uuid", "--clear-bitmap", word],
    because,
    guard: [["both_new", wordFor(volume)], nothingInFront(side)],
    does: [{ kind: "skip-sync", volume: word, ...mark }],
    timeoutSeconds: patient,
  };
}

/** Reads only: on the other side. */
export function checkSkipped(volume: VolumePair, { hostname }: DesiredSide): Step {
  return {
    node: hostname,
    argv: ["drbdadm", "dstate", wordFor(volume)],
    because: "must be UpToDate there, too",
    does: [{ kind: "check", call: ["wait_both_whole", wordFor(volume), "30"] }],
    timeoutSeconds: patient,
  };
}
