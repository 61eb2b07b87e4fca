import { environment, waits } from "../../host/text";
import { justCreated, parseGi } from "../seen/generation-identifiers";
import { wasInUse, type MemoryOfVolumes } from "../seen/memory";
import type { ObservedNode, SyncProgress } from "../seen/observed";
import { commandLine } from "../seen/shell-words";

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

/** A sync that is waited for. */
export interface SyncWatch {
  readonly resource: string;
  /** Of all its volumes, on the host that is watched. */
  readonly minors: readonly number[];
  /** The longest wait. */
  readonly seconds: number;
}

/** How the script below ends when the sync is over and only the peer knows. */
export const endUntold = 3;

/** Whether the peer is to say again that the sync is over; `told`: how often it has already, for nothing. */
export function isToBeTold(exit: number | null, told: number): boolean {
  return exit === endUntold && told < 3;
}

/**
 * Prints how far the sync is, once a second, each time followed by `--`, until both disks are UpToDate (exit 0), the
 * connection is lost (exit 1), the time is up (exit 2), or this side has been a sync source with nothing left to send for
 * some seconds (exit 3): DRBD 8.4 then never notices by itself (kernel-steps.ts, tellSyncEnd).
 */
export function syncScript({ resource, minors, seconds }: SyncWatch): string {
  const call = commandLine(["follow_sync", resource, minors.join("|"), String(seconds)]);
  return `${environment}${waits}${call} </dev/null\n`;
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
