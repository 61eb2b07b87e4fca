/** The line of fstab by which a volume is mounted: what it says, written, and taken out. */
import { devicePath, fstabPath } from "../config/paths";
import { type VolumePair, type DesiredFilesystem, sideOn } from "../wanted/desired";
import type { Action } from "./action";
import { foldersNote } from "./own-folder";
import type { Step } from "./plan";
import { promotedOf, promotionOf, bringUpOf } from "./boot-units";
import { mounted, quick } from "./time-limits";

/**
 * The line that systemd and mount read. `noauto`: a boot mounts it where it was Primary last, which fstab does not know.
 * `nofail`: a device that does not come stops nothing. A mount-timeout among the mount options takes the place of ours.
 */
export function fstabLine(
  desired: VolumePair,
  node: string,
  filesystem: DesiredFilesystem,
  mountPoint: string,
): string {
  const own = [
    "noauto",
    "nofail",
    "_netdev",
    `x-systemd.requires=${promotedOf(desired.name)}`,
    // Whoever promoted it, and whatever of systemd's was started for that: it is unmounted before the service stops.
    `x-systemd.requires=${promotionOf(desired.name)}`,
    `x-systemd.after=${bringUpOf(desired.name)}`,
    "x-systemd.device-timeout=90",
    ...(filesystem.mountOptions.some((given) => given.startsWith("x-systemd.mount-timeout="))
      ? []
      : [`x-systemd.mount-timeout=${mounted}`]),
  ];
  const options = [...filesystem.mountOptions, ...own].join(",");
  return `${devicePath(sideOn(desired, node).minor)} ${mountPoint.replaceAll(" ", "\\040")} ${filesystem.type} ${options} 0 0`;
}

/** With the mount point's folder. */
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
