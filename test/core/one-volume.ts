/** A resource of one volume, and a look at it, as one flat object each: most tests need no more. */
import {
  type DesiredFilesystem,
  type DesiredHost,
  type DesiredPlace,
  type DesiredResource,
  type VolumePair,
  volumePairs,
} from "../../provider/core/wanted/desired";
import type {
  DeviceNames,
  KernelResource,
  ObservedNode,
  ObservedResource,
  ObservedVolume,
} from "../../provider/core/seen/observed";
import type { Look, VolumeLook } from "../../provider/core/seen/probe";
import type { Memory, MemoryOfVolumes } from "../../provider/core/seen/memory";

/** One side, without what both have in common. */
export type OneSide = Omit<DesiredHost, "port"> & Omit<DesiredPlace, "minor">;

export interface OneVolume extends Omit<DesiredResource, "hosts" | "volumes"> {
  readonly minor: number;
  readonly port: number;
  readonly sides: readonly [OneSide, OneSide];
  readonly existingData?: "keep";
  readonly filesystem?: DesiredFilesystem;
}

export function resourceOf({ minor, port, sides, existingData, filesystem, ...context }: OneVolume): DesiredResource {
  const [first, second] = sides;
  const host = ({ hostname, address }: OneSide): DesiredHost => ({ hostname, address, port });
  const place = ({ disk, metaDisk, metaIndex }: OneSide): DesiredPlace => ({ minor, disk, metaDisk, metaIndex });
  return {
    ...context,
    hosts: [host(first), host(second)],
    volumes: [
      {
        number: 0,
        places: [place(first), place(second)],
        ...(existingData === undefined ? {} : { existingData }),
        ...(filesystem === undefined ? {} : { filesystem }),
      },
    ],
  };
}

export const pairOf = (one: OneVolume): VolumePair => volumePairs(resourceOf(one))[0];

export function oneVolumeOf(desired: DesiredResource): OneVolume {
  const { hosts, volumes, ...context } = desired;
  const [first] = volumes;
  const side = (place: 0 | 1): OneSide => {
    const { hostname, address } = hosts[place];
    const { disk, metaDisk, metaIndex } = first.places[place];
    return { hostname, address, disk, metaDisk, metaIndex };
  };
  const { existingData, filesystem } = first;
  return {
    ...context,
    minor: first.places[0].minor,
    port: hosts[0].port,
    sides: [side(0), side(1)],
    ...(existingData === undefined ? {} : { existingData }),
    ...(filesystem === undefined ? {} : { filesystem }),
  };
}

/** What was seen of a resource and its volume 0. */
export type OneLook = ObservedVolume & Omit<ObservedResource, "volumes">;

export function observedOf({
  nodeId,
  portTaken,
  missingDigests,
  snapshots,
  candidate,
  change,
  meanings,
  ...volume
}: OneLook): ObservedResource {
  return {
    volumes: new Map([[0, volume]]),
    portTaken,
    ...(nodeId === undefined ? {} : { nodeId }),
    ...(missingDigests === undefined ? {} : { missingDigests }),
    ...(snapshots === undefined ? {} : { snapshots }),
    ...(candidate === undefined ? {} : { candidate }),
    ...(change === undefined ? {} : { change }),
    ...(meanings === undefined ? {} : { meanings }),
  };
}

export function lookOf(node: ObservedNode, name = "r0"): OneLook | undefined {
  const seen = node.resources.get(name);
  const volume = seen?.volumes.get(0);
  if (seen === undefined || volume === undefined) return undefined;
  const { volumes, ...resource } = seen;
  return volumes.size === 1 ? { ...volume, ...resource } : undefined;
}

/** A look at a resource with volume 0 alone. */
export type OneVolumeLook = Omit<VolumeLook, "volume"> & Omit<Look, "volumes">;

export const probeLook = ({ name, port, digests, ...volume }: OneVolumeLook): Look => ({
  ...(digests === undefined ? {} : { digests }),
  name,
  port,
  volumes: [{ volume: 0, ...volume }],
});

/** The look with its volumes changed in some points. */
export const withVolume = (look: Look, change: Partial<VolumeLook>): Look => ({
  ...look,
  volumes: look.volumes.map((volume) => ({ ...volume, ...change })),
});

/** By resource, of volume 0. */
export const namesOfDevices = (
  names: Readonly<Record<string, DeviceNames>>,
): ReadonlyMap<string, ReadonlyMap<number, DeviceNames>> =>
  new Map(Object.entries(names).map(([resource, its]) => [resource, new Map([[0, its]])]));

export const memoryOfOne = (memory: Memory): MemoryOfVolumes => new Map([[0, memory]]);

/** What the kernel tells of a resource with volume 0 alone. */
export type OneKernel = KernelResource & {
  readonly replication?: string;
  readonly peerDisk?: string;
  readonly outOfSync?: number;
};

export function kernelOf({ replication, peerDisk, outOfSync, ...kernel }: OneKernel): KernelResource {
  if (replication === undefined && peerDisk === undefined && outOfSync === undefined) return kernel;
  const before = kernel.peerDevices?.[0];
  return {
    ...kernel,
    peerDevices: [
      {
        volume: 0,
        replication: replication ?? before?.replication ?? "",
        peerDisk: peerDisk ?? before?.peerDisk ?? "",
        ...((outOfSync ?? before?.outOfSync) === undefined ? {} : { outOfSync: outOfSync ?? before?.outOfSync }),
      },
    ],
  };
}
