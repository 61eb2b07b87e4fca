import type { ObservedNode, SyncProgress } from "./observed";
import { quote } from "./shell-words";

/** Whether a resource's two disks are not yet the same, and the connection is there to make them so. */
export function isSyncing(resource: string, nodes: readonly ObservedNode[]): boolean {
  return nodes.some((node) => {
    const kernel = node.kernelResources.get(resource);
    return (
      kernel?.connection === "Connected" &&
      (kernel.peerDisk !== "UpToDate" || kernel.devices.some((one) => one.disk !== "UpToDate"))
    );
  });
}

/** A sync that is waited for. */
export interface SyncWatch {
  readonly resource: string;
  readonly minor: number;
  /** The longest wait. */
  readonly seconds: number;
}

/**
 * Prints the resource's part of /proc/drbd once a second, each time followed by `--`, until both disks are UpToDate
 * (exit 0), the connection is lost (exit 1) or the time is up (exit 2).
 */
export function syncScript({ resource, minor, seconds }: SyncWatch): string {
  const name = quote(resource);
  return `follow() {
left=${seconds}
while :; do
  disks=$(drbdadm dstate ${name} </dev/null 2>&1)
  [ "$disks" = UpToDate/UpToDate ] && exit 0
  state=$(drbdadm cstate ${name} </dev/null 2>&1)
  case $state in StandAlone|Disconnecting|Unconnected|WFConnection|Connecting) echo "connection $state"; exit 1 ;; esac
  [ "$left" -gt 0 ] || { echo "$state $disks"; exit 2; }
  grep -A 4 '^ *${minor}: ' /proc/drbd; echo --
  left=$((left - 1)); sleep 1
done
}
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C; export PATH LC_ALL
follow </dev/null
`;
}

/** `initial sync 80.4 %, 12,345 KiB/s, 0:01:20 left` */
export function formatSync(progress: SyncProgress): string {
  const speed = progress.speed === undefined ? "" : `, ${progress.speed.toLocaleString("en")} KiB/s`;
  const finish = progress.finish === undefined ? "" : `, ${progress.finish} left`;
  return `initial sync ${progress.percent} %${speed}${finish}`;
}
