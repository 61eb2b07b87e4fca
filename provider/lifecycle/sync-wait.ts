import type { ObservedNode } from "../core/seen/observed";
import { formatSync, isSyncing, kindOfSync, type SyncKind } from "../core/told/sync";
import { endUntold, isToBeTold } from "../core/steps/sync-script";
import { progressIn } from "../core/seen/sync-progress";
import { devicesOn } from "../core/wanted/desired";
import type { Pair } from "./pair";
import type { Reporter } from "./reporter";
import type { Host } from "../shell/host";
import type { RemoteResult } from "../shell/remote-shell";

/** How a wait ended: `missed`, where the sync is over and its source has not noticed; the next plan then tells it. */
export type SyncWait = "nothing to wait for" | "ended" | "missed";

/**
 * Follows a sync on the resource's row until both disks are UpToDate or the time is up. The sync is DRBD's:
 * it goes on whether or not anybody waits for it. `missed` is answered at most three times: `told` says how often it was.
 */
export async function waitForSync(
  pair: Pair,
  nodes: readonly ObservedNode[],
  reporter: Reporter,
  told: number,
): Promise<SyncWait> {
  const { name, syncSource } = pair.desired;
  if (!isSyncing(name, nodes)) return "nothing to wait for";
  const host = pair.hosts.find(({ name: hostname }) => hostname === syncSource) ?? pair.hosts[0];
  const kind = kindOfSync(name, nodes, pair.memory);
  const result = await follow(pair, host, kind, reporter);
  pair.hosts.forEach((each) => {
    each.forget();
  });
  if (isToBeTold(result.exit, told)) return "missed";
  if (result.exit !== 0) {
    const last = result.stdout.trim().split("\n").at(-1) ?? "";
    const then = result.exit === endUntold ? `${host.name} has nothing left to send` : "it goes on by itself";
    reporter.warn(`the ${kind} is not finished (${last}); ${then}. \`pulumi preview\` shows how far it is`);
  }
  return "ended";
}

function follow(pair: Pair, host: Host, kind: SyncKind, reporter: Reporter): Promise<RemoteResult> {
  const { name, waitForSyncSeconds } = pair.desired;
  const minors = devicesOn(pair.desired, host.name).map(({ minor }) => minor);
  let block: string[] = [];
  return host.followSync({ resource: name, minors, seconds: waitForSyncSeconds }, (line) => {
    if (line !== "--") {
      block.push(line);
      return;
    }
    const progress = progressIn(block.join("\n"), minors);
    block = [];
    if (progress !== undefined) reporter.progress(formatSync(kind, progress));
  });
}
