/** What a person types on a real host for what events.ts calls a hand command: the same words, in the same order. */
import { type HandCommand } from "../../simulation/events";
import { DEVICE, MOUNT_POINT } from "../site";

type Typed = readonly (readonly [0 | 1, string])[];

const down = `umount ${MOUNT_POINT}; drbdadm down r0`;

const scripts: Partial<Record<HandCommand, string>> = {
  mount: `mount ${MOUNT_POINT}`,
  umount: `umount ${MOUNT_POINT}`,
  mkfs: `mkfs.xfs -f ${DEVICE}`,
  "create-md --force": `${down}; drbdadm -- --force create-md r0 </dev/null`,
  "wipe-md --force": `${down}; drbdadm -- --force wipe-md r0 </dev/null`,
  // Discarded, the lab's disks read as zeros.
  "wipe the disk": `${down}; blkdiscard /dev/vdb`,
  "remove the file": "rm -f /etc/drbd.d/r0.res",
  "lose the size file": "rm -f /var/lib/drbd/drbd-minor-1.lkbd",
};

export function typed(command: HandCommand, on: 0 | 1): Typed {
  const peer = on === 0 ? 1 : 0;
  switch (command) {
    case "give up what is here":
      return [
        [on, `umount ${MOUNT_POINT}; drbdadm secondary r0; drbdadm disconnect r0`],
        [on, "drbdadm connect --discard-my-data r0"],
        [peer, "drbdadm connect r0"],
      ];
    case "move here":
      return [
        [peer, `umount ${MOUNT_POINT}; drbdadm secondary r0`],
        [on, `drbdadm primary r0 && mount ${MOUNT_POINT}`],
      ];
  }
  const script = scripts[command];
  if (script !== undefined) return [[on, script]];
  const [verb = "", ...flags] = command.split(" ");
  if (!/^(up|down|adjust|connect|disconnect|primary|secondary)$/.test(verb))
    throw new Error(`nobody has taught the lab: ${command}`);
  return [[on, ["drbdadm", verb, ...flags, "r0"].join(" ")]];
}
