import type { Action } from "./action";
import { wordFor, type VolumePair, type DesiredSide } from "../wanted/desired";
import { drbdmetaPlace } from "../wanted/metadata-place";
import { devicePath } from "../config/paths";
import { formattingMark } from "./own-folder";
import type { Step } from "./plan";
import { nothingInFront } from "./kernel-steps";
import type { Call } from "../seen/remote-functions";
import { patient, quick } from "./time-limits";

/** With its number, also where it is the only one: the file there may have another volume that leaves. */
export const volumeWord = ({ name, volume }: VolumePair): string => `${name}/${volume}`;

/** Reads only. */
export function checkUpToDate(desired: VolumePair, { hostname, minor, ...side }: DesiredSide): Step {
  const [holder, place] = drbdmetaPlace(side);
  return {
    node: hostname,
    argv: ["drbdadm", "dstate", wordFor(desired)],
    because: "must hold the newest data, or nothing else of it may go",
    does: [{ kind: "check", call: ["up_to_date", String(minor), holder, place, volumeWord(desired)] }],
    timeoutSeconds: quick,
  };
}

/**
 * Reads only: each side's half of the gate before `primary --force`. A disk that the first sync will overwrite, and that
 * had its metadata already, must hold nothing in front of it: somebody may have run create-md over data.
 */
export function checkNeverUsed(node: string, volume: VolumePair, overwritten?: DesiredSide): Step {
  const checks: Call[] = [["never_used", volumeWord(volume)]];
  if (overwritten !== undefined) checks.push(nothingInFront(overwritten));
  return {
    node,
    argv: ["drbdadm", "get-gi", wordFor(volume)],
    because:
      overwritten === undefined
        ? "must be a new device's, or nobody may overwrite it"
        : `must be a new device's, and ${overwritten.disk} blank, or nobody may overwrite it`,
    does: checks.map((call) => ({ kind: "check", call })),
    timeoutSeconds: quick,
  };
}

/** `word`: what drbdadm makes Primary, the resource or one volume. `fresh`: the volumes that this takes for the newest data. */
export function forcePrimary(node: string, word: string, fresh: readonly VolumePair[], because: string): Step {
  const formatted = fresh.filter(({ filesystem }) => filesystem !== undefined);
  const marks = formatted.map((volume) => ({ volume: wordFor(volume), mark: formattingMark(volume) }));
  return {
    node,
    argv: ["drbdadm", "primary", "--force", word],
    because,
    guard: fresh.map((volume) => ["both_new", wordFor(volume)]),
    // Noted with the generation that it begins: an interrupted run may then go on to mkfs, which is refused on any other
    // device that was in use.
    does: marks.length > 0 ? [{ kind: "force", word, marks }] : undefined,
    timeoutSeconds: patient,
  };
}

/**
 * DRBD 9 makes a whole resource Primary, and takes for the newest each volume that no side has whole: so the others must be
 * whole here.
 */
export function forcePrimaryBeside(
  node: string,
  resource: string,
  fresh: readonly VolumePair[],
  others: readonly VolumePair[],
  because: string,
): Step {
  const step = forcePrimary(node, resource, fresh, because);
  const whole = others.map((volume): Call => ["wait_up_to_date", wordFor(volume), "30"]);
  return { ...step, guard: [...(step.guard ?? []), ...whole] };
}

/** For a side whose data stays, which its peer, whoever that is, must not overwrite: nobody is waited for. */
export function forcePrimaryAlone(node: string, resource: string, fresh: readonly VolumePair[], because: string): Step {
  const guard = fresh.map((volume): Call => ["never_used", wordFor(volume)]);
  return { node, argv: ["drbdadm", "primary", "--force", resource], because, guard, timeoutSeconds: patient };
}

export function primary(node: string, resource: string, volumes: readonly VolumePair[], because: string): Step {
  return {
    node,
    argv: ["drbdadm", "primary", resource],
    because,
    guard: volumes.map((volume) => ["wait_up_to_date", wordFor(volume), "30"]),
    timeoutSeconds: patient,
  };
}

/**
 * DRBD 9 makes nobody Primary while somebody has the device open on the peer, and says only that the peer declined; an older
 * one has the number alone.
 */
export function isDeclined(output: string): boolean {
  return /Declined by peer|\(-10\)/.test(output);
}

/** Reads only. Fails where somebody has the device open, and says who. */
export function checkNotHeld(node: string, minor: number, because: string): Step {
  const device = devicePath(minor);
  const does: Action[] = [{ kind: "check", call: ["nobody_holds", device] }];
  return { node, argv: ["fuser", "-v", device], because, does, timeoutSeconds: quick };
}

/** Reads only: it comes after whatever a run that lost its connection began there, and lets that end. */
export function letLastStepEnd(node: string, resource: string): Step {
  const does: Action[] = [{ kind: "check", call: ["wait_settled", resource, "30"] }];
  const because = "what was begun there ends before anything else";
  return { node, argv: ["drbdadm", "role", resource], because, does, timeoutSeconds: patient };
}

export function forgetMark(volume: VolumePair): Action {
  return { kind: "remove", path: formattingMark(volume) };
}

export function secondary(node: string, resource: string, devices: readonly string[], because: string): Step {
  return {
    node,
    argv: ["drbdadm", "secondary", resource],
    because,
    holdersOf: devices.map((device) => [device]),
    timeoutSeconds: patient,
  };
}
