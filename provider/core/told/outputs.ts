import type { DesiredResource, DesiredSide } from "../wanted/desired";
import { filesystemIn, metadataUuid, wholeUuid, type DiskIdentity } from "../seen/disk-identity";
import { generationOf } from "../seen/generation-identifiers";
import { diskStates } from "../seen/kernel-states";
import type { Memory } from "../seen/memory";
import type { Contents, ObservedNode } from "../seen/observed";
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
}

export function outputsOf(desired: DesiredResource, nodes: readonly ObservedNode[], memory?: Memory): ResourceOutputs {
  const byHost = <T>(pick: (node: ObservedNode, index: number) => T) =>
    Object.fromEntries(desired.sides.map((side, index) => [side.hostname, pick(at(nodes, index), index)]));
  const kernels = nodes.map((node) => node.kernelResources.get(desired.name));
  const device = devicePath(desired.minor);
  const found = nodes.flatMap((node) => {
    const uuid = filesystemUuid(node, desired, device);
    return uuid === undefined ? [] : [uuid];
  });
  return {
    devicePath: device,
    roles: byHost((node) => node.kernelResources.get(desired.name)?.role ?? "Unconfigured"),
    connectionState: kernels.map((kernel) => kernel?.connection ?? "Unconfigured")[0] ?? "Unconfigured",
    diskStates: byHost((node) => node.kernelResources.get(desired.name)?.devices[0]?.disk ?? "Unconfigured"),
    inSync: isInSync(desired, nodes),
    filesystemUuid: found[0] ?? memory?.filesystemUuid ?? null,
    disks: byHost((node, index) => diskIdentity(node, desired, at(desired.sides, index), memory)),
  };
}

/** Both disks UpToDate, and no block that differs. How far a sync is changes by itself, and is no state to be stored. */
function isInSync(desired: DesiredResource, nodes: readonly ObservedNode[]): boolean {
  const kernels = nodes.flatMap((node) => node.kernelResources.get(desired.name) ?? []);
  const whole = kernels.length === nodes.length && kernels.every((kernel) => kernel.devices[0]?.disk === "UpToDate");
  return whole && kernels.every((kernel) => (kernel.outOfSync ?? 0) === 0);
}

function filesystemUuid(node: ObservedNode, desired: DesiredResource, device: string): string | undefined {
  const closely = node.resources.get(desired.name)?.device;
  const found = closely && filesystemIn(closely, desired.filesystem?.type ?? "");
  if (found?.uuid !== undefined) return found.uuid;
  const listed = node.blocks.get(device);
  return listed?.fstype !== undefined && listed.fstype === desired.filesystem?.type ? listed.uuid : undefined;
}

function diskIdentity(node: ObservedNode, desired: DesiredResource, side: DesiredSide, memory?: Memory): DiskIdentity {
  const looked = node.resources.get(desired.name);
  const path = side.disk;
  const block = node.blocks.get(realPath(looked?.disk) ?? path);
  const before = memory?.disks[side.hostname];
  // What DRBD has not attached may be another disk by now, or a grown one: what is remembered is the one to look for.
  const device = node.kernelResources.get(desired.name)?.devices.find((one) => one.minor === desired.minor);
  const attached = device !== undefined && diskStates[device.disk] !== "apart";
  if (before !== undefined && (block === undefined || !attached)) return before;
  const holder = side.metaDisk === "internal" ? looked?.disk : looked?.metaDisk;
  const looksLike = looked === undefined ? "" : metadataUuid(holder, looked.metadata);
  const generation = generationOf(looked?.kernelGi) ?? before?.generation;
  const listed = side.metaDisk === "internal" ? block : node.blocks.get(realPath(holder) ?? side.metaDisk);
  return {
    path,
    bytes: block?.size ?? 0,
    serial: block?.serial ?? "",
    wwn: block?.wwn ?? "",
    metadataUuid: looksLike !== "" ? looksLike : listed?.fstype === "drbd" ? wholeUuid(listed.uuid ?? "") : "",
    ...(generation === undefined ? {} : { generation }),
  };
}

function realPath(contents: Contents | undefined): string | undefined {
  return contents !== undefined && "real" in contents ? contents.real : undefined;
}

function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found === undefined) throw new Error(`nothing at place ${index}`);
  return found;
}
