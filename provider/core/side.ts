import type { DesiredResource, DesiredSide } from "./desired";
import { isSameDisk, mebibytes, metadataUuid } from "./disk-identity";
import { refuseDisk, refuseUnreadable } from "./disk-refusals";
import { isJustCreated, parseGi, type GenerationIdentifiers } from "./generation-identifiers";
import { diskStates, roles, connectionStates } from "./kernel-states";
import type { Memory } from "./memory";
import {
  grammarOf,
  type Contents,
  type KernelDevice,
  type KernelResource,
  type Metadata,
  type ObservedNode,
  type ObservedResource,
  type PeerSlot,
} from "./observed";
import { isOwnDisk } from "./own-disk";
import { devicePath } from "./paths";
import { seenFromPeer } from "./peer-slot";
import type { Refusal } from "./plan";
import { refuseMetadata9 } from "./upgrade";

/** A disk of a side, the one for the data or the one for the metadata, and what stands on it. */
export interface DiskContents {
  readonly path: string;
  readonly contents: Contents;
}

/** Where one side of a resource stands on the way from a blank disk to a replicated one. */
export type Progress =
  /** No metadata, no data: create-md may run. `discarded`: what a person named as what may go, cleared first. */
  | {
      readonly kind: "blank";
      readonly diskSize: number;
      readonly metaDiskSize: number;
      readonly discarded?: readonly DiskContents[];
    }
  /** Metadata made, no data ever written through it. `converts`: by DRBD 8.4, and now DRBD 9 runs (upgrade.ts). */
  | { readonly kind: "new"; readonly attached: boolean; readonly converts?: string }
  /** Holds a generation of data. */
  | {
      readonly kind: "used";
      readonly attached: boolean;
      readonly gi?: GenerationIdentifiers;
      readonly converts?: string;
    }
  /** The same on a device that was grown while it was down: its metadata is not where it is looked for. */
  | { readonly kind: "grown"; readonly from: number; readonly uuid: string; readonly gi?: GenerationIdentifiers }
  /** Data without metadata that shall stay: the sync source's, with `existingData: "keep"`. */
  | { readonly kind: "kept"; readonly contents: Contents; readonly metaDiskSize: number }
  /** Data of somebody else's. */
  | { readonly kind: "foreign"; readonly disks: readonly DiskContents[] }
  /** drbd-utils are not there yet, so that the metadata cannot be read; only in a preview. */
  | { readonly kind: "unread" };

/** Bytes of DRBD's own block of metadata. */
const superblock = 4096;

export interface Side {
  readonly desired: DesiredSide;
  readonly node: ObservedNode;
  /** Absent where the host's own tables already showed that all is well (settled.ts). */
  readonly observed?: ObservedResource;
  readonly kernel?: KernelResource;
  readonly device?: KernelDevice;
  readonly progress: Progress;
  /** Where the DRBD device is mounted here. */
  readonly mountedAt: readonly string[];
}

export const isPrimary = (side: Side): boolean => side.kernel?.role === "Primary";

/** It has a connection to its peer. */
export const isTogether = ({ kernel }: Side): boolean => connectionStates[kernel?.connection ?? ""] === "together";

/**
 * A `drbdadm up` failed on its way (its attach was refused, say): nobody uses the resource here, it has no data attached,
 * and it does not look for its peer. DRBD 8.4 calls it StandAlone, too, and in /proc/drbd Unconfigured. There is nothing
 * in it that a person may have decided, unlike in a StandAlone with data.
 */
export function isHalfUp({ kernel, device, progress }: Side): boolean {
  if (kernel?.role !== "Secondary") return false;
  const isAlone = kernel.connection === undefined || connectionStates[kernel.connection] === "alone";
  return isAlone && (device === undefined || device.disk === "Diskless" || progress.kind === "new");
}

/** What stands on a side's disks: the data disk's first, then that for the metadata where it is another. */
export function disksOf(side: DesiredSide, observed: ObservedResource): DiskContents[] {
  const data = { path: side.disk, contents: observed.disk };
  if (side.metaDisk === "internal") return [data];
  return [data, { path: side.metaDisk, contents: observed.metaDisk ?? { kind: "missing" } }];
}

/** The same refusals, with the input that they are about. */
function about(property: string, refusals: readonly Refusal[]): Refusal[] {
  return refusals.map((refusal) => ({ ...refusal, property }));
}

/** The input behind one of what disksOf gives. */
function diskProperty(desired: DesiredResource, side: DesiredSide, place: number): string {
  return `nodes[${desired.sides.indexOf(side)}].${place === 0 ? "disk" : "metaDisk"}`;
}

/** Looks at one side, and stops at whatever create-md, attach or a mount would harm. */
export function classifySide(
  desired: DesiredResource,
  side: DesiredSide,
  node: ObservedNode,
  memory: Memory,
  peer: ObservedNode,
): Side | Refusal[] {
  const observed = node.resources.get(desired.name);
  const refuse = (found: string, way: string): Refusal[] => [{ node: side.hostname, found, way }];
  const kernel = node.kernelResources.get(desired.name);
  const device = kernel?.devices.find((one) => one.minor === desired.minor);
  const base = {
    desired: side,
    node,
    observed,
    kernel,
    device,
    mountedAt: node.mounts.filter((one) => one.source === devicePath(desired.minor)).map((one) => one.target),
  };

  const running = refuseKernel(desired, side, node);
  if (running.length > 0) return running;
  if (observed === undefined || observed.disk.kind === "attached") {
    if (device?.disk === "UpToDate") return { ...base, progress: { kind: "used", attached: true } };
    return refuse("the resource was not looked at there", "This is a defect of pulumi-drbd: please report it.");
  }
  if (kernel === undefined && observed.portTaken) {
    return about("port", refuse(`something listens on port ${desired.port} already`, "Choose another `port`."));
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

/** DRBD 9 tells them for the peer that the host's file names, by its node id: not where the kernel has no such peer. */
function unreadGenerations(
  { name }: DesiredResource,
  { hostname }: DesiredSide,
  node: ObservedNode,
  kernel: KernelResource | undefined,
): Refusal {
  const found = `the generation identifiers of ${name} could not be read`;
  if (grammarOf(node) === "8.4") return { node: hostname, found, way: `Look at \`drbdadm get-gi ${name}\` there.` };
  const same = `the node ids in its file must be those that \`drbdsetup show ${name}\` tells (node-id, _peer_node_id)`;
  const peer = kernel?.connections?.[0];
  return peer === undefined
    ? {
        node: hostname,
        found: `${found}: DRBD has its disk, and no peer for it`,
        way: `\`drbdadm adjust ${name}\` there adds the peer that its file names. Where that fails, ${same}. Then run \`pulumi up\` again.`,
      }
    : {
        node: hostname,
        found,
        way: `\`drbdadm get-gi ${name}\` there says why. Where it finds the disk busy, DRBD has another peer than its file: ${same}. Then run \`pulumi up\` again.`,
      };
}

/** What the kernel runs by the resource's name or minor, where nothing can be planned on it. */
function refuseKernel(desired: DesiredResource, side: DesiredSide, node: ObservedNode): Refusal[] {
  const { name, minor } = desired;
  const refuse = (found: string, way: string): Refusal[] => [{ node: side.hostname, found, way }];
  const kernel = node.kernelResources.get(name);
  const other = kernel?.devices.find((one) => one.minor !== minor);
  if (other !== undefined) {
    return refuse(
      `${name} runs there as minor ${other.minor}, and a running device cannot change its minor to ${minor}`,
      `Keep minor ${other.minor}, or take the resource down yourself first.`,
    );
  }
  const user = [...node.kernelResources.values()].find(
    (one) => one.name !== name && one.devices.some((device) => device.minor === minor),
  );
  if (user !== undefined)
    return about(
      "minor",
      refuse(
        `minor ${minor} is in use by the resource ${user.name}`,
        `Choose another \`minor\`; or, if that is the pair that you mean: \`name: ${user.name}\`.`,
      ),
    );
  if (kernel === undefined) return [];
  const { connection, role } = kernel;
  const disk = kernel.devices[0]?.disk;
  const strange = [
    ...(disk === undefined || disk in diskStates ? [] : [`disk state ${disk}`]),
    ...(connection === undefined || connection in connectionStates ? [] : [`connection state ${connection}`]),
    ...(roles.includes(role) ? [] : [`role ${role}`]),
  ];
  if (strange.length > 0) {
    return refuse(
      `drbdsetup tells of the ${strange.join(" and ")}, which pulumi-drbd does not know`,
      `Look at \`drbdsetup status --verbose ${name}\` there, and please report it.`,
    );
  }
  const meaning = disk === undefined ? "apart" : diskStates[disk];
  if (meaning === "passing") {
    return refuse(
      `the disk of ${name} is ${disk ?? ""}, on its way to another state`,
      "Run `pulumi up` again in some seconds.",
    );
  }
  if (meaning === "broken") {
    return refuse(
      `the disk ${side.disk} behind ${name} has failed`,
      `The resource goes on with its peer's disk. \`drbdadm detach --force ${name}\` lets go of it; put another disk there, and \`pulumi up\` fills it from the peer.`,
    );
  }
  return [];
}

/** A disk that DRBD has not attached: is it free, is it ours, or is it somebody's? */
function classifyDisk(
  desired: DesiredResource,
  side: DesiredSide,
  node: ObservedNode,
  observed: ObservedResource,
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
      const seen = seenFromPeer(desired.name, metadata, node, peer);
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
      if (holder?.kind === "signature" && holder.type === "drbd") return { kind: "unread" };
      // On a disk of its own it begins with the first byte, and blkid does not know it.
      if (side.metaDisk !== "internal" && holder?.kind === "data" && holder.offset < superblock)
        return { kind: "unread" };
      break;
    case "absent":
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
      found: `the metadata on ${side.metaDisk === "internal" ? side.disk : side.metaDisk} has bitmaps for several peers (node ids ${ids.join(", ")}), and nothing tells which of them ${peer.hostname} is`,
      way: "pulumi-drbd manages two hosts of a resource. If the others are gone for good, make DRBD forget them (`drbdadm forget-peer`, or `drbdmeta … forget-peer --node-id …` where no file names them), and run `pulumi up` again.",
    },
  ];
}

/** Metadata where the disk ended once: it grew, and what lies there moves with it. */
function moved(side: DesiredSide, disk: Contents, metadata: Metadata & { kind: "moved" }): Progress | Refusal[] {
  const size = "size" in disk ? disk.size : 0;
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
  { disk }: ObservedResource,
  memory: Memory,
): Progress | Refusal[] | undefined {
  const known = memory.disks[side.hostname];
  if (known === undefined || known.metadataUuid === "" || known.bytes === 0 || side.metaDisk !== "internal") return;
  const same = isSameDisk(known, node, disk);
  if (known.path !== side.disk || same === false || !("size" in disk)) return;
  if (disk.size > known.bytes) return { kind: "grown", from: known.bytes, uuid: known.metadataUuid };
  if (disk.size === known.bytes) return;
  return [
    {
      node: side.hostname,
      found: `${side.disk} has ${mebibytes(disk.size)} (${disk.size} bytes) and had ${mebibytes(known.bytes)} (${known.bytes} bytes): it was shrunk, and DRBD's metadata, which lay at its end, is cut off`,
      way:
        `Give it back its size, and run \`pulumi up\` again: nothing was written to it since.` +
        (same === true
          ? ""
          : ` If it is another disk, name it by another path (one of /dev/disk/by-id): it is then judged by what stands on it.`),
    },
  ];
}

/** Metadata of a version that the module there neither reads nor can be given: it looks empty to that one. */
function refuseVersion(
  desired: DesiredResource,
  side: DesiredSide,
  node: ObservedNode,
  metadata: Metadata & { kind: "present" | "moved" },
): Refusal[] | undefined {
  const wanted = grammarOf(node) === "8.4" ? "v08" : "v09";
  if (node.module === null || metadata.version === wanted) return undefined;
  if (metadata.kind === "moved") {
    return [
      {
        node: side.hostname,
        found: `${side.disk} grew while it was down, and where it ended when it had ${metadata.bytes} bytes lies DRBD metadata of version ${metadata.version}, while the module there (${node.module.version}) reads ${wanted}`,
        way: `Boot the kernel with the module that wrote it and run \`pulumi up\` with it: the metadata moves to the disk's new end. Only then change the module.`,
      },
    ];
  }
  // upgrade.ts: converted where that loses nothing.
  return wanted === "v09" ? undefined : [refuseMetadata9(desired, side, node)];
}

/** The UUID of the metadata on a side's disk; empty where blkid tells none. */
export function deviceUuidOf({ desired, observed }: Side): string {
  if (observed === undefined) return "";
  return metadataUuid(disksOf(desired, observed).at(-1)?.contents, observed.metadata);
}
