import { justCreated, parseGi } from "../seen/generation-identifiers";
import { wasInUse, type MemoryOfVolumes } from "../seen/memory";
import type { ObservedNode, SyncProgress } from "../seen/observed";
import { quote } from "../seen/shell-words";

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
 * Prints the resource's part of /proc/drbd once a second, each time followed by `--`, until both disks are UpToDate
 * (exit 0), the connection is lost (exit 1), the time is up (exit 2), or this side has been a sync source with nothing
 * left to send for some seconds (exit 3): DRBD 8.4 then never notices by itself (kernel-steps.ts, tellSyncEnd). With a
 * DRBD 9 module /proc/drbd has no devices, and what `drbdsetup events2` tells is printed in its place.
 */
export function syncScript({ resource, minors, seconds }: SyncWatch): string {
  const name = quote(resource);
  return `follow() {
left=${seconds} idle=0
while :; do
  # Each volume has a line.
  disks=$(drbdadm dstate ${name} </dev/null 2>&1 | sort -u)
  [ "$disks" = UpToDate/UpToDate ] && exit 0
  state=$(drbdadm cstate ${name} </dev/null 2>&1 | sort -u)
  case $state in StandAlone|Disconnecting|Unconnected|WFConnection|Connecting|*"No such connection"*|*"Unknown resource"*) echo "connection $state"; exit 1 ;; esac
  [ "$left" -gt 0 ] || { echo "$state $disks"; exit 2; }
  now=$(grep -A 4 -E '^ *(${minors.join("|")}): ' /proc/drbd) || now=$(drbdsetup events2 --now --statistics ${name} </dev/null 2>&1); printf '%s\n--\n' "$now"
  case "$state" in *SyncSource*) sends=y ;; *) sends= ;; esac
  case "$sends $now" in
    y*|*" replication:SyncSource "*)
      left_to_send=$(printf '%s\n' "$now" | grep -A 1 -E ' (cs|replication):SyncSource( |$)')
      case $left_to_send in *" oos:"[1-9]*|*" out-of-sync:"[1-9]*) idle=0 ;; *) idle=$((idle + 1)) ;; esac ;;
    *) idle=0 ;;
  esac
  [ $idle -lt 5 ] || exit ${endUntold}
  left=$((left - 1)); sleep 1
done
}
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C; export PATH LC_ALL
follow </dev/null
`;
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
