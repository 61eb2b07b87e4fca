/** The pair of an old tutorial, word for word, made by hand: its options in `common`, its fstab line, a partition. */
import type { Lab } from "../../../lab/lab";
import { MACHINES, type MachineName } from "../../../lab/machines";
import { waitInSync } from "./in-sync";

export const MOUNT_POINT = "/srv/vm";
export const tutorialsCommon = `global { usage-count no; }
common { net { protocol A; } handlers { split-brain "/usr/lib/drbd/notify-split-brain.sh root"; } }
`;

/** One DOS partition of type 83 over 320 MiB, from sector 2048 on: the machines have no fdisk. */
const entry = String.raw`\0\0\0\0\203\0\0\0\0\010\0\0\0\370\011\0`;
const partition = String.raw`{ printf '${entry}'; head -c 48 /dev/zero; printf '\125\252'; } | dd of=/dev/vdb bs=1 seek=446 conv=notrunc 2>/dev/null && blockdev --rereadpt /dev/vdb`;

export interface TutorialsPair {
  /** The text of the resource's file, all on one line as the tutorial has it. */
  readonly resource: string;
  /** sha256sum of a file on it. */
  readonly sum: string;
}

/** The line of fstab, with the device's path. */
export const fstabLine = (options: string): string => `/dev/drbd1 ${MOUNT_POINT} xfs ${options} 0 0`;

/** In sync, Primary on alpha and mounted there, by the filesystem's UUID as an installer would write it. */
export async function makeTutorialsPair(
  lab: Lab,
  {
    common = tutorialsCommon,
    file = "/etc/drbd.d/r0.res",
    options = "defaults",
  }: { readonly common?: string; readonly file?: string; readonly options?: string } = {},
): Promise<TutorialsPair> {
  const line = fstabLine(options);
  const side = (name: MachineName) =>
    `on ${name} { device /dev/drbd1; disk /dev/vdb1; address ${lab.address(name)}:7789; meta-disk internal; }`;
  const resource = `resource r0 { ${MACHINES.map(side).join(" ")} }\n`;
  for (const name of MACHINES) {
    await lab.run(
      name,
      `set -e; ${partition}; udevadm settle
      printf '%s' '${common}' >/etc/drbd.d/global_common.conf; printf '%s' '${resource}' >${file}
      dd if=/dev/zero of=/dev/vdb1 bs=1M count=128 2>/dev/null; modprobe drbd; drbdadm create-md r0 </dev/null; drbdadm up r0
      mkdir -p ${MOUNT_POINT}; echo '${line}' >>/etc/fstab`,
      { timeout: 120 },
    );
  }
  // udev has no link yet for a filesystem that was just made on a DRBD device.
  const byUuid = `sed -i "s|^/dev/drbd1 |UUID=$(blkid -p -s UUID -o value /dev/drbd1) |" /etc/fstab`;
  const make = `until drbdadm cstate r0 | grep -q Connected; do sleep 0.2; done; drbdadm primary --force r0; mkfs.xfs -q /dev/drbd1; ${byUuid}; mount /dev/drbd1 ${MOUNT_POINT}; head -c 2000000 /dev/urandom >${MOUNT_POINT}/file; sync; sha256sum ${MOUNT_POINT}/file`;
  const sum = (await lab.run("alpha", make, { timeout: 120 })).stdout;
  await waitInSync(lab, "alpha", "r0");
  return { resource, sum };
}
