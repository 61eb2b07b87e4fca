/** One volume taken out of a resource that goes on with its others. Its data and metadata stay on its disks. */
import { devicePath } from "../config/paths";
import type { Step } from "./plan";
import { patient, quick } from "./time-limits";

/** Also the Secondary of a resource that is Primary here (DRBD 9): so it is looked at whether somebody has it open. */
export function detachVolume(node: string, minor: number, because: string): Step {
  return {
    node,
    argv: ["drbdsetup", "detach", String(minor)],
    because,
    guard: [["nobody_holds", devicePath(minor)]],
    timeoutSeconds: patient,
  };
}

/** The kernel refuses it for a volume that has its disk, or is Primary. */
export function deleteMinor(node: string, minor: number, because: string): Step {
  return { node, argv: ["drbdsetup", "del-minor", String(minor)], because, timeoutSeconds: quick };
}
