import { sideOn, type VolumePair, type DesiredFilesystem } from "../wanted/desired";
import { mountUnitOf } from "./boot-units";
import { foldersNote } from "./own-folder";
import { devicePath } from "../config/paths";
import type { Step } from "./plan";
import { forgetMark } from "./promotion-steps";
import { formatted, mounted, patient, quick } from "./time-limits";

/** `forBoth`: further options, so that both hosts can mount it. */
export function mkfsCommand(filesystem: DesiredFilesystem, forBoth: readonly string[], device: string): string[] {
  const label = filesystem.label === undefined ? [] : ["-L", filesystem.label];
  return ["mkfs.xfs", ...label, ...filesystem.mkfsOptions, ...forBoth, device];
}

/** On the DRBD device of a Primary that was never formatted; mkfs.xfs itself refuses over a signature, and gets no -f. */
export function makeFilesystem(
  node: string,
  desired: VolumePair,
  filesystem: DesiredFilesystem,
  forBoth: readonly string[],
  because: string,
): Step {
  const device = devicePath(sideOn(desired, node).minor);
  const argv = mkfsCommand(filesystem, forBoth, device);
  return {
    node,
    argv,
    because,
    guard: [["still_blank", device, "any"]],
    does: [{ kind: "run", argv }, forgetMark(desired)],
    timeoutSeconds: formatted,
  };
}

/** Where the kernel has no such filesystem, nothing was forced or formatted yet. */
export function loadFilesystemModule(node: string, type: string, because: string): Step {
  return { node, argv: ["modprobe", type], because, timeoutSeconds: quick };
}

/** Succeeds where it is mounted there already, by systemd or by another run. */
export function mount(node: string, desired: VolumePair, mountPoint: string, because: string): Step {
  return {
    node,
    argv: ["mount", mountPoint],
    because,
    does: [
      { kind: "folder", path: mountPoint, note: foldersNote(desired.name) },
      { kind: "mount", device: devicePath(sideOn(desired, node).minor), mountPoint, unit: mountUnitOf(mountPoint) },
      forgetMark(desired),
    ],
    timeoutSeconds: mounted + quick,
  };
}

export function unmount(node: string, device: string, mountPoint: string, because: string): Step {
  return {
    node,
    argv: ["umount", mountPoint],
    because,
    holdersOf: [[device, mountPoint]],
    timeoutSeconds: patient,
  };
}
