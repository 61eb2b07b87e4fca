/** The steps of a switchover on the lab's two machines, and the faults that come between them. */
import { MACHINES, type MachineName } from "../../../lab/machines";
import { SERVICE } from "../writer-service";
import { type Fault, KINDS } from "./first-up";

/** In the order of each machine: alpha gives it up, and bravo takes it. */
export const SWITCHOVER: Readonly<Record<MachineName, readonly string[]>> = {
  alpha: [
    `systemctl stop ${SERVICE}`,
    "umount /srv/data",
    "drbdadm secondary r0",
    "systemctl stop drbd-primary@r0.service",
  ],
  bravo: [
    "drbdadm primary r0",
    "systemctl start drbd-primary@r0.service",
    "mount /srv/data",
    `systemctl start ${SERVICE}`,
  ],
};

/** The programs that these steps run, to be wrapped. */
export const PROGRAMS = ["umount", "drbdadm", "systemctl"];

/** Each kind before the first step, and after each of them: before a step is after the one in front of it. */
export const ALL: readonly Fault[] = MACHINES.flatMap((machine) =>
  SWITCHOVER[machine].flatMap((step) =>
    (step === SWITCHOVER.alpha[0] ? (["before", "after"] as const) : (["after"] as const)).flatMap((moment) =>
      KINDS.map((kind): Fault => ({ kind, machine, moment, step })),
    ),
  ),
);
