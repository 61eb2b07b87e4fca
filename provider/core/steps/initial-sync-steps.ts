/** Two new disks that need no first sync: each is read as zeros, and only then are they taken for the same. */
import type { Action } from "./action";
import type { DesiredSide, VolumePair } from "../wanted/desired";
import { wordFor } from "../wanted/desired";
import { nothingInFront } from "./kernel-steps";
import { formattingMark } from "./own-folder";
import { actionsOf, type Step } from "./plan";
import { checkNeverUsed, volumeWord } from "./promotion-steps";
import type { Call } from "../seen/remote-functions";
import { copied, patient } from "./time-limits";

/**
 * Reads only, and all of it. Nobody can write to it meanwhile: DRBD has it, and neither side can be Primary without the word
 * that it shall be forced. What was so before the read is so after it, as long as DRBD has the same disk (stillAsRead).
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

const stillAsRead = ({ disk, minor }: DesiredSide): Call => ["still_as_read", disk, String(minor)];

/** Reads only: on the side that does not clear. One host may be done hours before the other. */
export function checkStillAsRead(volume: VolumePair, side: DesiredSide): Step {
  const step = checkNeverUsed(side.hostname, volume, side);
  return { ...step, does: [...actionsOf(step), { kind: "check", call: stillAsRead(side) }] };
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
    guard: [["both_new", wordFor(volume)], nothingInFront(side), stillAsRead(side)],
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
