/** What a pair that is taken over must keep, and what may be done to it. */
import type { Lab } from "../../../lab/lab";
import { MACHINES } from "../../../lab/machines";

export async function onBoth(lab: Lab, script: string): Promise<string[]> {
  const runs = await Promise.all(MACHINES.map((name) => lab.run(name, script, { timeout: 300 })));
  return runs.map(({ stdout }) => stdout);
}

/** Whatever drbdsetup and the mounts under /srv say of what runs: an interruption would leave another mount. */
export const running = (lab: Lab): Promise<string[]> =>
  onBoth(lab, "drbdsetup show; drbdsetup status --verbose; grep ' /srv/' /proc/self/mountinfo || :");

/** A change that touches files and units only. */
export const onFiles = /^(alpha|bravo): (ln |write |systemctl (enable|start|daemon-reload))/;

/** Makes two DOS partitions of 100 MiB on /dev/vdb: the machines have no fdisk. */
const entries = String.raw`\0\0\0\0\203\0\0\0\0\010\0\0\0\040\003\0\0\0\0\0\203\0\0\0\0\050\003\0\0\040\003\0`;
export const twoPartitions = String.raw`{ printf '${entries}'; head -c 32 /dev/zero; printf '\125\252'; } | dd of=/dev/vdb bs=1 seek=446 conv=notrunc 2>/dev/null; blockdev --rereadpt /dev/vdb; udevadm settle`;
