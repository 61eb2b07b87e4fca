import type { DiskIdentity } from "./disk-identity";

/** What we know we did with one volume, kept in Pulumi's state. The truth is on the hosts; this only ever makes us stop. */
export interface Memory {
  /** The filesystem that stands on the DRBD device since we first saw it there; null before. */
  readonly filesystemUuid: string | null;
  /** Host → the disk that was the resource's there when last we looked. */
  readonly disks: Readonly<Record<string, DiskIdentity>>;
}

export const noMemory: Memory = { filesystemUuid: null, disks: {} };

/** By volume number. */
export type MemoryOfVolumes = ReadonlyMap<number, Memory>;

export function memoryOf(memory: MemoryOfVolumes, { volume }: { readonly volume: number }): Memory {
  return memory.get(volume) ?? noMemory;
}

/** Whether the resource was in use: both disks cannot be new then. */
export function wasInUse(memory: Memory): boolean {
  return memory.filesystemUuid !== null || Object.values(memory.disks).some((disk) => disk.metadataUuid !== "");
}
