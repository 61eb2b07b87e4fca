import { sideOn, volumePairs, type DesiredResource, type DesiredSide, type VolumePair } from "../wanted/desired";
import { filesystemIn, metadataUuid, wholeUuid, type DiskIdentity } from "../seen/disk-identity";
import { generationOf } from "../seen/generation-identifiers";
import { diskStates } from "../seen/kernel-states";
import type { Memory, MemoryOfVolumes } from "../seen/memory";
import { kernelDeviceOf, peerDeviceOf, realPathOf, volumeSeen, type ObservedNode } from "../seen/observed";
import { devicePath } from "../config/paths";

/** Keys of DrbdResource that are never a user's inputs. */
export const resourceOutputNames: readonly string[] = [
  "configuration",
  "devicePath",
  "roles",
  "connectionState",
  "diskStates",
  "inSync",
  "filesystemUuid",
  "disks",
  "volumeStates",
  "switchedTo",
];

/** What DrbdResource gives out, beside its inputs. */
export interface ResourceOutputs {
  readonly devicePath: string;
  readonly roles: Readonly<Record<string, string>>;
  readonly connectionState: string;
  readonly diskStates: Readonly<Record<string, string>>;
  readonly inSync: boolean;
  readonly filesystemUuid: string | null;
  readonly disks: Readonly<Record<string, DiskIdentity>>;
  /** By number, where it has others than volume 0: the outputs beside it are of the first one. */
  readonly volumeStates?: Readonly<Record<string, VolumeOutputs>>;
}

/** What is of one volume. */
export type VolumeOutputs = Pick<ResourceOutputs, "devicePath" | "diskStates" | "filesystemUuid" | "disks">;

export function outputsOf(
  desired: DesiredResource,
  nodes: readonly ObservedNode[],
  memory: MemoryOfVolumes = new Map(),
): ResourceOutputs {
  const kernels = nodes.map((node) => node.kernelResources.get(desired.name));
  const volumes = volumePairs(desired);
  const [first] = volumes;
  const isPlain = volumes.length === 1 && first.volume === 0;
  const states = volumes.map((volume) => [String(volume.volume), volumeOutputs(volume, nodes, memory)] as const);
  return {
    ...volumeOutputs(first, nodes, memory),
    roles: byHost(first, (_, index) => kernels[index]?.role ?? "Unconfigured"),
    connectionState: kernels.map((kernel) => kernel?.connection ?? "Unconfigured")[0] ?? "Unconfigured",
    inSync: volumes.every((volume) => isInSync(volume, nodes)),
    ...(isPlain ? {} : { volumeStates: Object.fromEntries(states) }),
  };
}

/**
 * The value of `primary` that the last `up` has carried out: what is not it is still to be done. Where that `up` could not
 * do it yet, the one before.
 */
export function switchedTo(
  { name, primary, hosts }: DesiredResource,
  nodes: readonly ObservedNode[],
  stored: Readonly<Record<string, unknown>>,
): { readonly switchedTo?: string } {
  const place = hosts.findIndex(({ hostname }) => hostname === primary);
  const isThere = nodes[place]?.kernelResources.get(name)?.role === "Primary";
  const before = stored["switchedTo"];
  if (primary === undefined) return {};
  return isThere ? { switchedTo: primary } : typeof before === "string" ? { switchedTo: before } : {};
}

/** After a takeover: what is known of the host that is left. All else stays as it was stored. */
export function outputsAlone(
  desired: DesiredResource,
  host: string,
  node: ObservedNode,
  stored: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const kernel = node.kernelResources.get(desired.name);
  const [volume] = volumePairs(desired);
  const here = (own: string, others: string): Record<string, string> =>
    Object.fromEntries(desired.hosts.map(({ hostname }) => [hostname, hostname === host ? own : others]));
  return {
    ...Object.fromEntries(resourceOutputNames.map((key) => [key, stored[key]])),
    roles: here(kernel?.role ?? "Unconfigured", "Unknown"),
    connectionState: kernel?.connection ?? "Unconfigured",
    diskStates: here(kernelDeviceOf(node, volume)?.disk ?? "Unconfigured", "DUnknown"),
    inSync: false,
    ...(kernel?.role === "Primary" ? { switchedTo: desired.primary } : {}),
  };
}

function byHost<T>({ sides }: VolumePair, pick: (side: DesiredSide, index: number) => T): Record<string, T> {
  return Object.fromEntries(sides.map((side, index) => [side.hostname, pick(side, index)]));
}

function volumeOutputs(volume: VolumePair, nodes: readonly ObservedNode[], all: MemoryOfVolumes): VolumeOutputs {
  const memory = all.get(volume.volume);
  const found = nodes.flatMap((node, index) => filesystemUuid(node, volume, at(volume.sides, index)) ?? []);
  return {
    devicePath: devicePath(sideOn(volume, volume.primary ?? volume.syncSource).minor),
    diskStates: byHost(volume, (_, index) => kernelDeviceOf(at(nodes, index), volume)?.disk ?? "Unconfigured"),
    filesystemUuid: found[0] ?? memory?.filesystemUuid ?? null,
    disks: byHost(volume, (side, index) => diskIdentity(at(nodes, index), volume, side, memory)),
  };
}

/** Both disks UpToDate, and no block that differs. How far a sync is changes by itself, and is no state to be stored. */
function isInSync(volume: VolumePair, nodes: readonly ObservedNode[]): boolean {
  return nodes.every(
    (node) => kernelDeviceOf(node, volume)?.disk === "UpToDate" && (peerDeviceOf(node, volume)?.outOfSync ?? 0) === 0,
  );
}

function filesystemUuid(node: ObservedNode, volume: VolumePair, side: DesiredSide): string | undefined {
  const closely = volumeSeen(node, volume)?.device;
  const found = closely && filesystemIn(closely, volume.filesystem?.type ?? "");
  if (found?.uuid !== undefined) return found.uuid;
  const listed = node.blocks.get(devicePath(side.minor));
  return listed?.fstype !== undefined && listed.fstype === volume.filesystem?.type ? listed.uuid : undefined;
}

function diskIdentity(node: ObservedNode, volume: VolumePair, side: DesiredSide, memory?: Memory): DiskIdentity {
  const looked = volumeSeen(node, volume);
  const path = side.disk;
  const block = node.blocks.get(realPathOf(looked?.disk) ?? path);
  const before = memory?.disks[side.hostname];
  // What DRBD has not attached may be another disk by now, or a grown one: what is remembered is the one to look for.
  const device = kernelDeviceOf(node, volume);
  const attached = device !== undefined && diskStates[device.disk] !== "apart";
  if (before !== undefined && (block === undefined || !attached)) return before;
  const holder = side.metaDisk === "internal" ? looked?.disk : looked?.metaDisk;
  const looksLike = looked === undefined ? "" : metadataUuid(holder, looked.metadata);
  const generation = generationOf(looked?.kernelGi) ?? before?.generation;
  const metaBlock = side.metaDisk === "internal" ? block : node.blocks.get(realPathOf(holder) ?? side.metaDisk);
  // What blkid tells of a disk with slots is not of one of them.
  const listed = side.metaIndex === undefined ? metaBlock : undefined;
  return {
    path,
    bytes: block?.size ?? 0,
    serial: block?.serial ?? "",
    wwn: block?.wwn ?? "",
    metadataUuid: looksLike !== "" ? looksLike : listed?.fstype === "drbd" ? wholeUuid(listed.uuid ?? "") : "",
    ...(generation === undefined ? {} : { generation }),
  };
}

function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found === undefined) throw new Error(`nothing at place ${index}`);
  return found;
}
