/** The wait for a sync of a pair that was set up by hand. */
import type { Lab } from "../../../lab/lab";
import { MACHINES, type MachineName } from "../../../lab/machines";

const seconds = 300;

/**
 * Until the source says that both disks are UpToDate. What is written during the sync can make DRBD 8.4 miss its end: one of 28
 * first syncs on a loaded machine did. Then the peer says it again (tellSyncEnd in provider/core/steps/kernel-steps.ts).
 */
export async function waitInSync(lab: Lab, source: MachineName, resource: string): Promise<void> {
  const peers = MACHINES.filter((name) => name !== source);
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const states = (await lab.run(source, `drbdadm dstate ${resource}`)).stdout.trim().split("\n");
    if (states.every((state) => state === "UpToDate/UpToDate")) return;
    const seen = (await lab.run(source, `drbdsetup events2 --now --statistics ${resource}`)).stdout;
    if (/ replication:SyncSource .* out-of-sync:0 /.test(seen))
      for (const peer of peers) await lab.run(peer, `drbdadm pause-sync ${resource}; drbdadm resume-sync ${resource}`);
    if (performance.now() > deadline) throw new Error(`${resource} is not in sync after ${seconds} s:\n${seen}`);
    await new Promise((wake) => setTimeout(wake, 500));
  }
}
