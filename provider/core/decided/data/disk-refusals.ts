import { sideOn, type VolumePair } from "../../wanted/desired";
import { namesOf } from "../../seen/disk-names";
import { describeUser, removal, usersOf } from "../hosts/disk-users";
import { releaseOf } from "./own-disk";
import type { Contents, Mount, ObservedNode } from "../../seen/observed";
import { devicePath } from "../../config/paths";
import type { Refusal } from "../../steps/plan";

/** One of a resource's disks on one host. */
export interface DiskPlace {
  readonly desired: VolumePair;
  readonly place: "disk" | "metaDisk";
  readonly path: string;
  readonly contents: Contents;
  /** The resource's data or metadata is on it already, as far as is known: nothing on it may be cleared. */
  readonly isOwn: boolean;
}

/** What rules a disk out, whatever stands on it. */
export function refuseDisk({ desired, place, path, contents, isOwn }: DiskPlace, node: ObservedNode): Refusal[] {
  const { name } = desired;
  const refuse = (found: string, way: string): Refusal[] => [{ node: node.hostname, found, way }];
  if (contents.kind === "missing") {
    const disks = [...node.blocks.values()].filter((one) => one.type === "disk").map((one) => one.path);
    return refuse(`there is no ${path}`, `Name the disk to use; its disks are ${[...new Set(disks)].join(", ")}.`);
  }
  if (contents.kind === "not-block")
    return refuse(`${path} is no block device`, "Name a disk, a partition or a logical volume.");
  if (isDrbdDevice(contents.real)) {
    return refuse(
      `${path} leads to ${contents.real}, a DRBD device itself`,
      "Name the disk behind it: stacked resources are not supported.",
    );
  }
  // Each DRBD device with a slot on it holds the disk.
  const isShared = place === "metaDisk" && sideOn(desired, node.hostname).metaIndex !== undefined;
  const held = descendants(node, contents.real, isShared ? isDrbdDevice : () => false);
  const names = new Set([...namesOf(node, desired, place, path, contents), ...held]);
  const numbers = [...names].flatMap((one) => node.blocks.get(one)?.number ?? []);
  const mounted = node.mounts.find((one) => names.has(one.source) || numbers.includes(one.number ?? ""));
  const swap = node.swaps.find((one) => names.has(one));
  const [user] = usersOf(node, desired, place, path, contents);
  if (isOwn) {
    const release = releaseOf({
      node,
      name,
      device: devicePath(sideOn(desired, node.hostname).minor),
      path,
      mounted,
      swap,
      held,
      user,
    });
    if (release !== undefined) return [release];
  }
  if (mounted !== undefined) {
    return refuse(
      `${mounted.source} is mounted at ${mounted.target}`,
      `A disk that is in use is never given to DRBD. Unmount it (\`umount ${mounted.target}\`), and take it out of /etc/fstab: what is on it is then asked about.`,
    );
  }
  const together = mountedTogether(node, contents);
  if (together !== undefined && !isOwn) {
    return refuse(
      `${path} is one of the disks of what is mounted at ${together.target} (${together.source}, ${together.fstype})`,
      "A disk that is in use is never given to DRBD. Name another disk, or take it out of there yourself.",
    );
  }
  if (swap !== undefined) return refuse(`${swap} is swap space in use`, "Name another disk.");
  if (held.length > 0 && !isOwn) {
    return refuse(
      `${path} is held by ${held.join(", ")}`,
      "Name a disk that nothing stands on, or remove what stands on it yourself.",
    );
  }
  if (node.blocks.get(contents.real)?.readOnly === true)
    return refuse(`${path} is read-only`, "Name a disk that can be written.");
  if (user !== undefined) {
    const remove = removal(user, devicePath(sideOn(desired, node.hostname).minor));
    return refuse(
      describeUser(user, path),
      `${remove.charAt(0).toUpperCase()}${remove.slice(1)}: what is used is the DRBD device, never the disk behind it.`,
    );
  }
  return [];
}

export function refuseUnreadable(host: string, path: string, contents: Contents): Refusal[] {
  if (contents.kind !== "unreadable") return [];
  return [
    {
      node: host,
      found: `${path} could not be read: ${contents.said}`,
      way: "Look at the disk: nothing is created on a disk that cannot be read.",
    },
  ];
}

/** btrfs and ZFS stand on several disks, and only one of these, or none, is what mountinfo tells of. */
function mountedTogether(node: ObservedNode, contents: Contents): Mount | undefined {
  if (contents.kind !== "signature") return undefined;
  const { type, uuid, real } = contents;
  if (type === "btrfs" && uuid !== undefined) {
    const others = [...node.blocks].filter(([, block]) => block.uuid === uuid).map(([path]) => path);
    return node.mounts.find((one) => others.includes(one.source));
  }
  const pool = type === "zfs_member" ? node.blocks.get(real)?.label : undefined;
  return node.mounts.find((one) => one.fstype === "zfs" && one.source.split("/")[0] === pool);
}

function descendants(node: ObservedNode, path: string, isLeftOut: (path: string) => boolean): string[] {
  const children = (node.blocks.get(path)?.children ?? []).filter((child) => !isLeftOut(child));
  return children.flatMap((child) => [child, ...descendants(node, child, isLeftOut)]);
}

const isDrbdDevice = (path: string): boolean => /^\/dev\/drbd\d/.test(path);
