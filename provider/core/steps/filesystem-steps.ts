import type { Action } from "./action";
import { sideOn, type VolumePair, type DesiredFilesystem } from "../wanted/desired";
import { foldersNote } from "./own-folder";
import { devicePath, fstabPath } from "../config/paths";
import type { Step } from "./plan";
import { forgetMark } from "./promotion-steps";
import { promotedOf, promotionOf, bringUpOf } from "./systemd";
import { patient, quick } from "./time-limits";

/** On the DRBD device of a Primary that was never formatted; mkfs.xfs itself refuses over a signature, and gets no -f. */
export function makeFilesystem(
  node: string,
  desired: VolumePair,
  filesystem: DesiredFilesystem,
  forBoth: readonly string[],
  because: string,
): Step {
  const device = devicePath(sideOn(desired, node).minor);
  const label = filesystem.label === undefined ? [] : ["-L", filesystem.label];
  const argv = ["mkfs.xfs", ...label, ...filesystem.mkfsOptions, ...forBoth, device];
  return {
    node,
    argv,
    because,
    guard: [["still_blank", device, "any"]],
    does: [{ kind: "run", argv }, forgetMark(desired)],
    timeoutSeconds: 600,
  };
}

/** The line that systemd and mount read. `nofail`: a device that does not come must not stop the boot. */
export function fstabLine(
  desired: VolumePair,
  node: string,
  filesystem: DesiredFilesystem,
  mountPoint: string,
  atBoot: boolean,
): string {
  const own = [
    ...(atBoot ? [] : ["noauto"]),
    "nofail",
    "_netdev",
    `x-systemd.requires=${promotedOf(desired.name)}`,
    // Units that are not active order nothing, so each is named: whoever promoted it, it is unmounted before it goes.
    `x-systemd.after=${promotionOf(desired.name)}`,
    `x-systemd.after=${bringUpOf(desired.name)}`,
    "x-systemd.device-timeout=90",
  ];
  const options = [...filesystem.mountOptions, ...own].join(",");
  return `${devicePath(sideOn(desired, node).minor)} ${mountPoint.replaceAll(" ", "\\040")} ${filesystem.type} ${options} 0 0`;
}

/** With the mount point's folder: on the other host a failover mounts it by hand. */
export function writeFstabLine(
  node: string,
  { name }: VolumePair,
  /** By which lines of fstab name the device. */
  words: readonly string[],
  line: string,
  mountPoint: string,
  because: string,
): Step {
  const does: Action[] = [
    { kind: "folder", path: mountPoint, note: foldersNote(name) },
    { kind: "fstab", names: words, line },
  ];
  return { node, argv: ["write", fstabPath], because, does, timeoutSeconds: quick };
}

export function removeFstabLine(node: string, words: readonly string[], because: string, givesBack: boolean): Step {
  const does: Action[] = [{ kind: "fstab", names: words, givesBack }];
  return { node, argv: ["write", fstabPath], because, does, timeoutSeconds: quick };
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
      { kind: "mount", device: devicePath(sideOn(desired, node).minor), mountPoint },
      forgetMark(desired),
    ],
    timeoutSeconds: patient,
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
