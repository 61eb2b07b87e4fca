import { justCreated, parseGi } from "../seen/generation-identifiers";
import { wasInUse, type MemoryOfVolumes } from "../seen/memory";
import type { ObservedNode, SyncProgress } from "../seen/observed";

/** Whether a resource's two disks are not yet the same, and the connection is there to make them so. */
export function isSyncing(resource: string, nodes: readonly ObservedNode[]): boolean {
  return nodes.some((node) => {
    const kernel = node.kernelResources.get(resource);
    if (kernel?.connection !== "Connected") return false;
    const peers = kernel.peerDevices ?? [];
    const isWhole = peers.length > 0 && peers.every(({ peerDisk }) => peerDisk === "UpToDate");
    return !isWhole || kernel.devices.some((one) => one.disk !== "UpToDate");
  });
}

/** What a person would call the sync that runs: it is the initial one only while nothing was ever filled through this pair. */
export type SyncKind = "initial sync" | "resync";

export function kindOfSync(resource: string, nodes: readonly ObservedNode[], memory: MemoryOfVolumes): SyncKind {
  const isFirst = nodes.some((node) => isWhole(resource, node) && hasNoHistory(resource, node));
  return isFirst && ![...memory.values()].some(wasInUse) ? "initial sync" : "resync";
}

function isWhole(resource: string, { kernelResources }: ObservedNode): boolean {
  return kernelResources.get(resource)?.devices.every(({ disk }) => disk === "UpToDate") === true;
}

/** The source of a first sync has no generation behind the one that its promotion began (seen on 8.4.11 and 9.2.16). */
function hasNoHistory(resource: string, { resources }: ObservedNode): boolean {
  return [...(resources.get(resource)?.volumes.values() ?? [])].some(
    ({ kernelGi }) => parseGi(kernelGi ?? "")?.history.every((one) => one === 0n || one === justCreated) === true,
  );
}

/** `initial sync 80.4 %, 12,345 KiB/s, 0:01:20 left` */
export function formatSync(kind: SyncKind, progress: SyncProgress): string {
  const speed = progress.speed === undefined ? "" : `, ${progress.speed.toLocaleString("en")} KiB/s`;
  const finish = progress.finish === undefined ? "" : `, ${progress.finish} left`;
  return `${kind} ${progress.percent} %${speed}${finish}`;
}
