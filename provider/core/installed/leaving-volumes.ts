/** Volumes that our own file on a host has, and that the program describes no more. */
import { isOurs } from "../config/own-mark";
import { type FoundVolume, parseResFile } from "../config/found-resource";
import type { DesiredResource } from "../wanted/desired";
import type { KernelDevice, ObservedNode } from "../seen/observed";
import { installedFile } from "./configuration-place";
import { volumesOn } from "./file-hosts";

export interface LeavingVolume {
  readonly name: string;
  readonly volume: number;
  readonly minor: number;
  readonly disk: string;
  /** `internal`, or a path. */
  readonly metaDisk: string;
  /** Where the kernel has it still. */
  readonly device?: KernelDevice;
}

export function leavingOn(desired: DesiredResource, node: ObservedNode, hostname: string): LeavingVolume[] {
  const { name, volumes } = desired;
  const described = new Set(volumes.map(({ number }) => number));
  return ownVolumes(desired, node, hostname).flatMap(
    ({ volume, minor, disk, metaDisk = "internal" }): LeavingVolume[] => {
      if (described.has(volume) || minor === undefined || disk === undefined) return [];
      const device = node.kernelResources.get(name)?.devices.find((one) => one.volume === volume);
      // One that somebody gave another minor is not as our file has it, nor is one whose minor another resource has by now.
      if (device !== undefined ? device.minor !== minor : isTaken(node, minor)) return [];
      return [{ name, volume, minor, disk, metaDisk, ...(device && { device }) }];
    },
  );
}

function isTaken(node: ObservedNode, minor: number): boolean {
  return [...node.kernelResources.values()].some(({ devices }) => devices.some((one) => one.minor === minor));
}

/** None of those that our file has there is in the program. */
export function leavesNone(desired: DesiredResource, node: ObservedNode, hostname: string): boolean {
  const own = ownVolumes(desired, node, hostname);
  return own.length > 0 && own.length === leavingOn(desired, node, hostname).length;
}

function ownVolumes({ name }: DesiredResource, node: ObservedNode, hostname: string): FoundVolume[] {
  const text = installedFile(node, name)?.text;
  return parseResFile(isOurs(text) ? (text ?? "") : "")
    .filter((found) => found.resource === name)
    .flatMap((found) => volumesOn(found, hostname, node));
}
