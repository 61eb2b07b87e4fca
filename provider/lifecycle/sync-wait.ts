import type { ObservedNode } from "../core/seen/observed";
import { tellSyncEnd } from "../core/steps/kernel-steps";
import { formatSync, isSyncing, kindOfSync, type SyncKind } from "../core/told/sync";
import { isToBeTold } from "../core/steps/sync-script";
import { progressIn } from "../core/seen/sync-progress";
import { devicesOn, volumePairs, wordFor } from "../core/wanted/desired";
import type { Pair } from "./pair";
import type { Reporter } from "./reporter";
import type { Host } from "../shell/host";
import type { RemoteResult } from "../shell/remote-shell";
import { inTurn } from "./turns";

/**
 * Follows a sync on the resource's row until both disks are UpToDate or the time is up. The sync is DRBD's:
 * it goes on whether or not anybody waits for it. Returns a new look at the hosts where there was something to wait for.
 */
export async function waitForSync(
  pair: Pair,
  nodes: readonly ObservedNode[],
  reporter: Reporter,
): Promise<readonly ObservedNode[] | undefined> {
  const { name } = pair.desired;
  if (!isSyncing(name, nodes)) return undefined;
  const host = pair.hosts.find(({ name: hostname }) => hostname === pair.desired.syncSource) ?? pair.hosts[0];
  const peer = pair.hosts.find((each) => each !== host);
  const kind = kindOfSync(name, nodes, pair.memory);
  let result = await follow(pair, host, kind, reporter);
  for (let told = 0; peer !== undefined && isToBeTold(result.exit, told); told++) {
    const step = tellSyncEnd(
      peer.name,
      name,
      volumePairs(pair.desired).map(wordFor),
      `${host.name} has not noticed that the sync is over`,
    );
    await inTurn([peer], reporter, () => peer.apply([step], undefined, reporter.step));
    result = await follow(pair, host, kind, reporter);
  }
  if (result.exit !== 0) {
    const last = result.stdout.trim().split("\n").at(-1) ?? "";
    reporter.warn(
      `the ${kind} is not finished (${last}); it goes on by itself. \`pulumi preview\` shows how far it is`,
    );
  }
  pair.hosts.forEach((each) => {
    each.forget();
  });
  return pair.observe("close");
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
