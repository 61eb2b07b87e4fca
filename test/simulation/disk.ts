import type { Version } from "./ledger";

export const MiB = 1024 * 1024;
/** The blocks that hold data: few, so that everything happens to each of them. The first is where a superblock stands. */
export const dataBlocks = 4;
/** Data that is so little that no sample meets it. */
export const unseenBlock = dataBlocks - 1;
/** Behind them, where internal metadata goes. */
export const tailBlock = dataBlocks;

/** DRBD's metadata: generation identifiers without the role in bit 0, flags, the bitmap, and what is being written. */
export interface Metadata {
  current: number;
  bitmap: number;
  history: [number, number];
  flags: { consistent: boolean; wasUpToDate: boolean; primary: boolean; crashed: boolean; peerOutdated: boolean };
  outOfSync: boolean[];
  /** The activity log: written since it became Primary, and so out of sync after a crash. */
  active: boolean[];
  readonly deviceUuid: string;
  /** DRBD 9 has another format: to 8.4 its metadata looks like none. */
  version: "v08" | "v09";
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

export function newMetadata(holder: Disk, madeFor: Disk, deviceUuid: string, isOwn: boolean): Metadata {
  const blocks = Array.from({ length: dataBlocks });
  return {
    current: justCreated,
    bitmap: 0,
    history: [0, 0],
    flags: { consistent: false, wasUpToDate: false, primary: false, crashed: false, peerOutdated: false },
    outOfSync: blocks.map(() => false),
    active: blocks.map(() => false),
    deviceUuid,
    version: "v08",
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
export function visibleMetadata(disk: Disk): Metadata | undefined {
  const found = anyMetadata(disk);
  return found?.version === "v08" ? found : undefined;
}

/** Metadata where drbdmeta looks for it in a disk that was smaller once. */
export function metadataAt(disk: Disk, bytes: number): Metadata | undefined {
  return disk.metadata?.diskSize === bytes && disk.metadata.version === "v08" ? disk.metadata : undefined;
}

const word = (uuid: number): string => uuid.toString(16).toUpperCase().padStart(16, "0");

/** As `get-gi` prints it. */
export function giText(metadata: Metadata, isPrimary: boolean): string {
  const { current, bitmap, history, flags } = metadata;
  const uuids = [current + (isPrimary ? 1 : 0), bitmap, ...history].map(word);
  const bits = [flags.consistent, flags.wasUpToDate, flags.primary, false, false, flags.peerOutdated, flags.crashed];
  return [...uuids, ...bits.map((one) => (one ? "1" : "0"))].join(":");
}
