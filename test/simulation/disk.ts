import { type Drbd, metadataVersion } from "./drbd";
import type { Version } from "./ledger";

export const MiB = 1024 * 1024;
/** The blocks that hold data: few, so that everything happens to each of them. The first is where a superblock stands. */
export const dataBlocks = 4;
/** Data that is so little that no sample meets it. */
export const unseenBlock = dataBlocks - 1;
/** Behind them, where internal metadata goes. */
export const tailBlock = dataBlocks;

/** KiB that stand for a block. */
export const blockSize = 65536;

/** How much of a disk differs from its peer's, by its own bitmap. */
export const outOfSyncKib = ({ metadata }: Disk): number =>
  (metadata?.outOfSync.filter(Boolean).length ?? 0) * blockSize;

/** DRBD's metadata: generation identifiers without the role in bit 0, flags, the bitmap, and what is being written. */
export interface Metadata {
  current: number;
  bitmap: number;
  history: [number, number];
  flags: {
    consistent: boolean;
    wasUpToDate: boolean;
    primary: boolean;
    /** DRBD 9 notes it beside `primary`, and prints the two as one. */
    peerIsPrimary: boolean;
    crashed: boolean;
    peerOutdated: boolean;
  };
  outOfSync: boolean[];
  /** The activity log: written since it became Primary, and so out of sync after a crash. */
  active: boolean[];
  /** A conversion gives it another one. */
  deviceUuid: string;
  /** DRBD 9 has another format: to the other version's module its metadata looks like none. */
  version: "v08" | "v09";
  /** Of v09: the host's own node id, once it was attached. `bitmap` is what stands in the slot of its one peer. */
  nodeId?: number;
  /** The id of that peer. */
  peerId?: number;
  /** Whether it is the pair's own: made by the provider, and not by a person or for another pair. */
  readonly isOwn: boolean;
  /** The serial number of the disk for whose data it was made. */
  readonly madeFor: string;
  /** Where it was made: a disk that grew has it no more at its end. */
  diskSize: number;
}

export interface Disk {
  readonly name: string;
  readonly serial: string;
  size: number;
  /** `dataBlocks` of data, and the tail. */
  readonly blocks: Version[];
  /** A copy that need not be kept. */
  readonly givenUp: boolean[];
  metadata?: Metadata;
}

/** Of a disk for data, and of one for metadata alone. */
export const usualSize = 320 * MiB;
export const smallSize = 16 * MiB;

export function newDisk(name: string, serial: string, size: number): Disk {
  const each = Array.from({ length: dataBlocks + 1 });
  return { name, serial, size, blocks: each.map(() => 0), givenUp: each.map(() => false) };
}

export const justCreated = 4;

export function newMetadata(
  drbd: Drbd,
  { holder, madeFor }: { readonly holder: Disk; readonly madeFor: Disk },
  deviceUuid: string,
  isOwn: boolean,
): Metadata {
  const blocks = Array.from({ length: dataBlocks });
  return {
    current: justCreated,
    bitmap: 0,
    history: [0, 0],
    flags: {
      consistent: false,
      wasUpToDate: false,
      primary: false,
      peerIsPrimary: false,
      crashed: false,
      peerOutdated: false,
    },
    outOfSync: blocks.map(() => false),
    active: blocks.map(() => false),
    deviceUuid,
    version: metadataVersion[drbd],
    isOwn,
    madeFor: madeFor.serial,
    diskSize: holder.size,
  };
}

/** The metadata where drbdmeta looks for it. */
export function anyMetadata(disk: Disk): Metadata | undefined {
  return disk.metadata?.diskSize === disk.size ? disk.metadata : undefined;
}

/** Such as the module reads. */
export function visibleMetadata(disk: Disk, drbd: Drbd): Metadata | undefined {
  const found = anyMetadata(disk);
  return found?.version === metadataVersion[drbd] ? found : undefined;
}

/** Metadata where drbdmeta looks for it in a disk that was smaller once. */
export function metadataAt(disk: Disk, bytes: number): Metadata | undefined {
  return disk.metadata?.diskSize === bytes ? disk.metadata : undefined;
}

const word = (uuid: number): string => uuid.toString(16).toUpperCase().padStart(16, "0");

/** As `get-gi` prints it: of v09 for the slot of the peer. In the host's own slot there is no bitmap. */
export function giText(metadata: Metadata, isPrimary: boolean, slot: "peer" | "own" = "peer"): string {
  const { current, bitmap, history, flags } = metadata;
  const isOfPeer = metadata.version === "v08" || slot === "peer";
  const uuids = [current + (isPrimary ? 1 : 0), isOfPeer ? bitmap : 0, ...history].map(word);
  const { consistent, wasUpToDate, primary, peerIsPrimary, crashed } = flags;
  const peerOutdated = isOfPeer && flags.peerOutdated;
  const bits =
    metadata.version === "v08"
      ? [consistent, wasUpToDate, primary, false, false, peerOutdated, crashed]
      : [
          ...[consistent, wasUpToDate, primary || peerIsPrimary, crashed],
          ...[false, false, false, false, peerOutdated, false, false, false],
        ];
  return [...uuids, ...bits.map((one) => (one ? "1" : "0"))].join(":");
}
