import type { VolumeDevice } from "../wanted/desired";
import type { ObservedNode } from "./observed";
import { devicePath, fstabPath } from "../config/paths";

/** What a line of fstab that we wrote has: no user's line requires our unit. As a regular expression of awk's, too. */
export const ownLine = /x-systemd[.]requires=drbd-primary@/;

/** Before somebody's line of the device, which ours takes the place of: it stays where it was, as a comment. */
export const keptPrefix = "# before pulumi-drbd: ";

/** The names that a line of fstab may have for a volume's device. udev calls volume 0 by its resource alone, too. */
export function deviceNames({ name, volume, minor }: VolumeDevice): string[] {
  const byResource = `/dev/drbd/by-res/${name}`;
  return [devicePath(minor), ...(volume === 0 ? [byResource] : []), `${byResource}/${volume}`];
}

export function fstabLines(node: ObservedNode): string[] {
  return (node.files.get(fstabPath) ?? "").split("\n");
}

/** Device, mount point, type and so on of each line that is no comment. */
export function fstabFields(node: ObservedNode): string[][] {
  return fstabLines(node)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(/\s+/));
}

/** The lines of a device: our own, and somebody's. */
export function linesOf(node: ObservedNode, names: readonly string[]): { own: string[]; foreign: string[] } {
  const found = fstabLines(node).filter((line) => names.includes(wordOf(line)));
  return { own: found.filter((line) => ownLine.test(line)), foreign: found.filter((line) => !ownLine.test(line)) };
}

/**
 * Somebody's lines of a device that ours took the place of: those with its names, and those that were for the folder of
 * our own line, whatever they called what is mounted there.
 */
export function keptLines(node: ObservedNode, names: readonly string[]): string[] {
  const folders = linesOf(node, names).own.map(folderOf);
  return fstabLines(node)
    .filter((line) => line.startsWith(keptPrefix))
    .map((line) => line.slice(keptPrefix.length))
    .filter((line) => names.includes(wordOf(line)) || folders.includes(folderOf(line)));
}

/** The word by which a line names what it mounts. */
export function wordOf(line: string): string {
  return line.trim().split(/\s+/)[0] ?? "";
}

/** `/srv/data/` is `/srv/data`. */
function folderOf(line: string): string {
  return (line.trim().split(/\s+/)[1] ?? "").replace(/(?<=.)\/+$/, "");
}
