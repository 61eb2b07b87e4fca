/** The script that waits on a host until a sync is over. */
import { environment, waits } from "../../host/text";
import { commandLine } from "../seen/shell-words";

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
