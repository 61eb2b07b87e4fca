import type { DesiredResource, DesiredSide } from "../wanted/desired";
import type { Action } from "./action";
import type { Step } from "./plan";
import type { Call } from "../seen/remote-functions";
import { quick, patient } from "./time-limits";

/** Seconds. A disk that comes to a connection negotiates for as long as one message takes, or until the connection is lost. */
const mostSettling = 30;

/** A command that attaches a disk. It ends while the disk's state may still pass, and on a passing state nothing is planned. */
function attaching(argv: readonly string[], resource: string): Pick<Step, "argv" | "does" | "timeoutSeconds"> {
  const does: Action[] = [
    { kind: "run", argv },
    { kind: "check", call: ["wait_settled", resource, String(mostSettling)] },
  ];
  return { argv, does, timeoutSeconds: quick + mostSettling };
}

/** `overwritten`: sides that are filled from their peer though we did not find them blank ourselves just now. */
export function up(node: string, resource: string, because: string, overwritten: readonly DesiredSide[] = []): Step {
  return {
    node,
    because,
    guard: overwritten.length === 0 ? undefined : overwritten.map(nothingInFront),
    ...attaching(["drbdadm", "up", resource], resource),
  };
}

export function nothingInFront({ disk, metaDisk }: DesiredSide): Call {
  return metaDisk === "internal" ? ["blank_before_metadata", disk] : ["still_blank", disk, "any"];
}

/** Brings the kernel to the configuration where the resource is there already; never while StandAlone (it would reconnect). */
export function adjust(
  node: string,
  resource: string,
  because: string,
  overwritten: readonly DesiredSide[] = [],
): Step {
  return {
    node,
    because,
    guard: [["not_standalone", resource], ...overwritten.map(nothingInFront)],
    ...attaching(["drbdadm", "adjust", resource], resource),
  };
}

/** Seconds after which two that have missed each other try again. */
const connectInterval = ({ net }: DesiredResource["sections"]): number => Number(net["connect-int"] ?? 10);

/** Reads only. Whose data is newer DRBD finds out when they meet. */
export function waitConnected(node: string, { name, sections }: DesiredResource, because: string): Step {
  const seconds = Math.max(30, 3 * connectInterval(sections));
  return {
    node,
    argv: ["drbdadm", "cstate", name],
    because,
    does: [{ kind: "check", call: ["wait_connected", name, String(seconds)] }],
    timeoutSeconds: patient + seconds,
  };
}

/**
 * Reads only. Until the two have met, nobody knows whether they have parted, and an `up` that ends before tells of a pair that is
 * well. A link that is down fails no `up` that has brought up what it could.
 */
export function meet(node: string, { name, sections }: DesiredResource): Step {
  const seconds = Math.max(15, Math.ceil(1.5 * connectInterval(sections)));
  return {
    node,
    argv: ["drbdadm", "cstate", name],
    because: `gives the two ${seconds} s to find each other`,
    does: [{ kind: "meet", resource: name, seconds }],
    timeoutSeconds: patient + seconds,
  };
}

/**
 * On the side that was filled, when the sync source has not noticed the end. The target's last word overtakes what the
 * source has still to count (8.4.11 finishes a source's resync only on a message about the peer's state, if by then its
 * own bitmap is empty; mkfs, whose discards empty it at once, makes the race likely). A pause that is taken back at once
 * makes the target send its state again. Seen in the lab: the source stood at 100 % for ten minutes, and ended in the
 * second in which this ran.
 */
export function tellSyncEnd(node: string, resource: string, volumes: readonly string[], because: string): Step {
  return {
    node,
    argv: ["drbdadm", "resume-sync", resource],
    because,
    guard: volumes.map((volume) => ["sync_ended", volume]),
    does: [
      { kind: "run", argv: ["drbdadm", "pause-sync", resource] },
      { kind: "run", argv: ["drbdadm", "resume-sync", resource] },
    ],
    timeoutSeconds: quick,
  };
}

/** On the source, after tellSyncEnd: fails where it still has not noticed after 10 s. */
export function waitSyncEnded(node: string, resource: string, volumes: readonly string[], because: string): Step {
  return {
    node,
    argv: ["drbdadm", "cstate", resource],
    because,
    does: volumes.map((volume) => ({ kind: "check", call: ["wait_sync_ended", volume, "10"] })),
    timeoutSeconds: patient,
  };
}

/** Nothing of it is in use: where that is not so any more, it stays. */
export function downHalfUp(node: string, resource: string, devices: readonly string[], because: string): Step {
  return { ...down(node, resource, devices, because), guard: [["is_half_up", resource]] };
}

export function down(node: string, resource: string, devices: readonly string[], because: string): Step {
  return {
    node,
    argv: ["drbdadm", "down", resource],
    because,
    holdersOf: devices.map((device) => [device]),
    timeoutSeconds: patient,
  };
}
