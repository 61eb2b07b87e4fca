import { type VolumePair, type DesiredSide } from "../../wanted/desired";
import { metaDiskText } from "../../wanted/metadata-place";
import { isSameDisk, mebibytes } from "../../seen/disk-identity";
import { refuseDisk, refuseUnreadable } from "./disk-refusals";
import { parseGi, isJustCreated } from "../../seen/generation-identifiers";
import { refuseKernel, unreadGenerations } from "./kernel-refusals";
import { diskStates } from "../../seen/kernel-states";
import type { Memory } from "../../seen/memory";
import { refuseVersion } from "./metadata-version";
import {
  type ObservedNode,
  type ObservedVolume,
  type Metadata,
  grammarOf,
  volumeSeen,
  type PeerSlot,
  type Contents,
  sizeOf,
} from "../../seen/observed";
import { isOwnDisk } from "./own-disk";
import { devicePath } from "../../config/paths";
import { seenFromPeer } from "../../installed/peer-slot";
import type { Refusal } from "../../steps/plan";
import { about, diskProperty } from "./refusals-about";
import { Side, Progress } from "./side";
import { disksOf, DiskContents } from "../../seen/side-disks";
import { refuseEmptySlot } from "./slot-refusals";

/** Bytes of DRBD's own block of metadata. */
export const superblock = 4096;

/** Looks at one side, and stops at whatever create-md, attach or a mount would harm. */
export function classifySide(
  desired: VolumePair,
  side: DesiredSide,
  node: ObservedNode,
  memory: Memory,
  peer: ObservedNode,
): Side | Refusal[] {
  const observed = volumeSeen(node, desired);
  const refuse = (found: string, way: string): Refusal[] => [{ node: side.hostname, found, way }];
  const kernel = node.kernelResources.get(desired.name);
  const device = kernel?.devices.find((one) => one.minor === side.minor);
  const base = {
    desired: side,
    node,
    observed,
    kernel,
    device,
    mountedAt: node.mounts.filter((one) => one.source === devicePath(side.minor)).map((one) => one.target),
  };

  const running = refuseKernel(desired, side, node);
  if (running.length > 0) return running;
  if (observed === undefined || observed.disk.kind === "attached") {
    if (device?.disk === "UpToDate") return { ...base, progress: { kind: "used", attached: true } };
    return refuse("the resource was not looked at there", "This is a defect of pulumi-drbd: please report it.");
  }
  if (kernel === undefined && node.resources.get(desired.name)?.portTaken === true) {
    return about("port", refuse(`something listens on port ${side.port} already`, "Choose another `port`."));
  }

  if (device !== undefined && diskStates[device.disk] !== "apart") {
    const gi = observed.kernelGi === undefined ? undefined : parseGi(observed.kernelGi);
    if (gi === undefined) return [unreadGenerations(desired, side, node, kernel)];
    const fresh = isJustCreated(gi) && device.disk === "Inconsistent";
    return { ...base, progress: fresh ? { kind: "new", attached: true } : { kind: "used", attached: true, gi } };
  }
  const progress = classifyDisk(desired, side, node, observed, memory, peer);
  return Array.isArray(progress) ? progress : { ...base, progress };
}

/** A disk that DRBD has not attached: is it free, is it ours, or is it somebody's? */
function classifyDisk(
  desired: VolumePair,
  side: DesiredSide,
  node: ObservedNode,
  observed: ObservedVolume,
  memory: Memory,
  peer: ObservedNode,
): Progress | Refusal[] {
  const disks = disksOf(side, observed);
  const isOwn = isOwnDisk(desired, side, node, observed, memory);
  const refusals = disks.flatMap(({ path, contents }, index) => {
    const place = index === 0 ? ("disk" as const) : ("metaDisk" as const);
    return about(diskProperty(desired, side, index), refuseDisk({ desired, place, path, contents, isOwn }, node));
  });
  if (refusals.length > 0) return refusals;
  const { metadata } = observed;
  const holder = disks.at(-1)?.contents;
  switch (metadata.kind) {
    case "present":
    case "moved": {
      const version = refuseVersion(desired, side, node, metadata);
      if (version !== undefined) return version;
      const seen = seenFromPeer(desired, metadata, node, peer);
      if (!("kind" in seen)) return refusePeers(side, peer, seen);
      return seen.kind === "present" ? usedOrNew(side, node, seen) : moved(side, observed.disk, seen);
    }
    case "busy":
    case "unreadable":
      return [
        {
          node: side.hostname,
          found: `the DRBD metadata of ${desired.name} could not be read: ${metadata.said}`,
          way: "Anything that is not plainly absent counts as present, so nothing is created over it. Look at what holds the disk.",
        },
      ];
    case "unknown":
      if (side.metaIndex !== undefined) return { kind: "unread" };
      if (holder?.kind === "signature" && holder.type === "drbd") return { kind: "unread" };
      // On a disk of its own it begins with the first byte, and blkid does not know it.
      if (side.metaDisk !== "internal" && holder?.kind === "data" && holder.offset < superblock)
        return { kind: "unread" };
      break;
    case "absent":
      if (side.metaIndex !== undefined) return refuseEmptySlot(desired, side, node);
  }
  const unreadable = disks.flatMap(({ path, contents }, place) =>
    about(diskProperty(desired, side, place), refuseUnreadable(side.hostname, path, contents)),
  );
  if (unreadable.length > 0) return unreadable;
  return resized(side, node, observed, memory) ?? blankOrForeign(disks);
}

function blankOrForeign(disks: readonly DiskContents[]): Progress {
  const foreign = disks.filter(({ contents }) => contents.kind !== "blank");
  if (foreign.length > 0) return { kind: "foreign", disks: foreign };
  const size = (disk: DiskContents | undefined) => (disk?.contents.kind === "blank" ? disk.contents.size : 0);
  return { kind: "blank", diskSize: size(disks[0]), metaDiskSize: size(disks[1]) };
}

function usedOrNew(
  side: DesiredSide,
  node: ObservedNode,
  metadata: Metadata & { kind: "present" },
): Progress | Refusal[] {
  const gi = parseGi(metadata.gi);
  if (gi === undefined) {
    return [
      {
        node: side.hostname,
        found: `generation identifiers that are none: ${metadata.gi}`,
        way: "Look at the disk's metadata.",
      },
    ];
  }
  const isOld = metadata.version === "v08" && node.module !== null && grammarOf(node) === "9";
  const old = isOld ? { converts: metadata.gi } : {};
  return isJustCreated(gi) ? { kind: "new", attached: false, ...old } : { kind: "used", attached: false, gi, ...old };
}

/** Metadata with bitmaps for several peers, and nothing that tells which of them this one is. */
function refusePeers(side: DesiredSide, peer: ObservedNode, slots: readonly PeerSlot[]): Refusal[] {
  const ids = slots.map(({ nodeId }) => nodeId);
  return [
    {
      node: side.hostname,
      found: `the metadata on ${side.metaDisk === "internal" ? side.disk : metaDiskText(side)} has bitmaps for several peers (node ids ${ids.join(", ")}), and nothing tells which of them ${peer.hostname} is`,
      way: "pulumi-drbd manages two hosts of a resource. If the others are gone for good, make DRBD forget them (`drbdadm forget-peer`, or `drbdmeta … forget-peer --node-id …` where no file names them), and run `pulumi up` again.",
    },
  ];
}

/** Metadata where the disk ended once: it grew, and what lies there moves with it. */
function moved(side: DesiredSide, disk: Contents, metadata: Metadata & { kind: "moved" }): Progress | Refusal[] {
  const size = sizeOf(disk) ?? 0;
  if (size > metadata.bytes)
    return { kind: "grown", from: metadata.bytes, uuid: metadata.uuid, gi: parseGi(metadata.gi) };
  return [
    {
      node: side.hostname,
      found: `${side.disk} has ${size} bytes, and DRBD's metadata lies where it had ${metadata.bytes}`,
      way: "Give it back its size: what DRBD needs of it is cut off.",
    },
  ];
}

/** No metadata where it should be, on the disk that had it when it had another size. */
function resized(
  side: DesiredSide,
  node: ObservedNode,
  { disk }: ObservedVolume,
  memory: Memory,
): Progress | Refusal[] | undefined {
  const known = memory.disks[side.hostname];
  if (known === undefined || known.metadataUuid === "" || known.bytes === 0 || side.metaDisk !== "internal") return;
  const same = isSameDisk(known, node, disk);
  const size = sizeOf(disk);
  if (known.path !== side.disk || same === false || size === undefined) return;
  if (size > known.bytes) return { kind: "grown", from: known.bytes, uuid: known.metadataUuid };
  if (size === known.bytes) return;
  return [
    {
      node: side.hostname,
      found: `${side.disk} has ${mebibytes(size)} (${size} bytes) and had ${mebibytes(known.bytes)} (${known.bytes} bytes): it was shrunk, and DRBD's metadata, which lay at its end, is cut off`,
      way:
        `Give it back its size, and run \`pulumi up\` again: nothing was written to it since.` +
        (same === true
          ? ""
          : ` If it is another disk, name it by another path (one of /dev/disk/by-id): it is then judged by what stands on it.`),
    },
  ];
}
