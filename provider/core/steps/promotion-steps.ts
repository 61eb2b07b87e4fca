import type { Action } from "./action";
import type { DesiredResource, DesiredSide } from "../wanted/desired";
import { devicePath } from "../config/paths";
import { formattingMark } from "./own-folder";
import type { Step } from "./plan";
import { nothingInFront } from "./kernel-steps";
import type { Call } from "../seen/remote-functions";
import { patient, quick } from "./time-limits";

/** Reads only. */
export function checkUpToDate(desired: DesiredResource, { hostname, disk, metaDisk }: DesiredSide): Step {
  const [holder, kind] = metaDisk === "internal" ? [disk, "internal"] : [metaDisk, "flex-external"];
  return {
    node: hostname,
    argv: ["drbdadm", "dstate", desired.name],
    because: "must hold the newest data, or nothing else of it may go",
    does: [{ kind: "check", call: ["up_to_date", String(desired.minor), holder, kind, desired.name] }],
    timeoutSeconds: quick,
  };
}

/**
 * Reads only: each side's half of the gate before `primary --force`. A disk that the first sync will overwrite, and that
 * had its metadata already, must hold nothing in front of it: somebody may have run create-md over data.
 */
export function checkNeverUsed(node: string, resource: string, overwritten?: DesiredSide): Step {
  const checks: Call[] = [["never_used", resource]];
  if (overwritten !== undefined) checks.push(nothingInFront(overwritten));
  return {
    node,
    argv: ["drbdadm", "get-gi", resource],
    because:
      overwritten === undefined
        ? "must be a new device's, or nobody may overwrite it"
        : `must be a new device's, and ${overwritten.disk} blank, or nobody may overwrite it`,
    does: checks.map((call) => ({ kind: "check", call })),
    timeoutSeconds: quick,
  };
}

export function forcePrimary(node: string, resource: string, formatsNext: boolean, because: string): Step {
  const argv = ["drbdadm", "primary", "--force", resource];
  return {
    node,
    argv,
    because,
    guard: [["both_new", resource]],
    // Noted with the generation that it begins: an interrupted run may then go on to mkfs, which is refused on any other
    // device that was in use.
    does: formatsNext ? [{ kind: "force", resource, mark: formattingMark(resource) }] : undefined,
    timeoutSeconds: patient,
  };
}

/** For a side whose data stays, which its peer, whoever that is, must not overwrite: nobody is waited for. */
export function forcePrimaryAlone(node: string, resource: string, because: string): Step {
  const guard: Call[] = [["never_used", resource]];
  return { node, argv: ["drbdadm", "primary", "--force", resource], because, guard, timeoutSeconds: patient };
}

export function primary(node: string, resource: string, because: string): Step {
  return {
    node,
    argv: ["drbdadm", "primary", resource],
    because,
    guard: [["wait_up_to_date", resource, "30"]],
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

export function forgetMark(resource: string): Action {
  return { kind: "remove", path: formattingMark(resource) };
}

export function secondary(node: string, resource: string, device: string, because: string): Step {
  return { node, argv: ["drbdadm", "secondary", resource], because, holdersOf: [device], timeoutSeconds: patient };
}
