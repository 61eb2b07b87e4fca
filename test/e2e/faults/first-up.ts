/** The steps of a first `up` on the lab's two machines, and the faults that come between them. */
import { MACHINES, type MachineName } from "../../../lab/machines";
import type { Point } from "../checkpoint";

/** In the order of each machine. A line that is set off begins a remote command; what follows runs in the same one. */
export const FIRST_UP: Readonly<Record<MachineName, readonly (readonly string[])[]>> = {
  alpha: [
    [
      "modprobe drbd",
      "write /usr/local/sbin/drbd-handback /usr/local/sbin/drbd-takeover /usr/local/sbin/drbd-where",
      "ln /etc/drbd.d/global_common.conf /etc/drbd.d/global_common.conf.before-pulumi-drbd",
      "write /etc/drbd.d/global_common.conf",
    ],
    [
      "write /etc/drbd.d/r0.res",
      "drbdadm create-md r0",
      "drbdadm up r0",
      "modprobe xfs",
      "write /etc/pulumi-drbd/r0.conf",
      "write /etc/systemd/system/drbd-primary@.service",
      "write /etc/systemd/system/drbd-primary@.target",
      "write /etc/systemd/system/drbd-primary-services@.target",
      "write /etc/systemd/system/drbd-role@.service",
      "write /etc/systemd/system/drbd-primary-services@r0.target.d/pulumi-drbd.conf",
      "write /var/lib/pulumi-drbd/r0.last-primary",
      "write /etc/fstab",
      "write /etc/systemd/system/drbd@r0.service.d/pulumi-drbd.conf",
      "write /etc/systemd/system/drbd@r0.target.d/pulumi-drbd.conf",
      "systemctl enable --no-reload drbd@r0.target",
      "systemctl start drbd-role@r0.service",
      "systemctl daemon-reload",
    ],
    [
      "drbdadm primary --force r0",
      "mkfs.xfs -L data /dev/drbd1",
      "systemctl start drbd-primary@r0.service",
      "mount /srv/data",
    ],
  ],
  bravo: [
    [
      "modprobe drbd",
      "write /usr/local/sbin/drbd-handback /usr/local/sbin/drbd-takeover /usr/local/sbin/drbd-where",
      "ln /etc/drbd.d/global_common.conf /etc/drbd.d/global_common.conf.before-pulumi-drbd",
      "write /etc/drbd.d/global_common.conf",
    ],
    [
      "write /etc/drbd.d/r0.res",
      "drbdadm create-md r0",
      "write /etc/pulumi-drbd/r0.conf",
      "write /etc/systemd/system/drbd-primary@.service",
      "write /etc/systemd/system/drbd-primary@.target",
      "write /etc/systemd/system/drbd-primary-services@.target",
      "write /etc/systemd/system/drbd-role@.service",
      "write /etc/systemd/system/drbd-primary-services@r0.target.d/pulumi-drbd.conf",
      "write /var/lib/pulumi-drbd/r0.last-primary",
      "write /etc/fstab",
      "drbdadm up r0",
      "write /etc/systemd/system/drbd@r0.service.d/pulumi-drbd.conf",
      "write /etc/systemd/system/drbd@r0.target.d/pulumi-drbd.conf",
      "systemctl enable --no-reload drbd@r0.target",
      "systemctl start drbd-role@r0.service",
      "systemctl daemon-reload",
    ],
  ],
};

/** The programs that these steps run, to be wrapped. */
export const PROGRAMS = ["modprobe", "ln", "mv", "sync", "drbdadm", "mkfs.xfs", "systemctl", "systemd-run", "mount"];

/**
 * What a step's last command begins with: a file is written beside its place, and moved there; systemd reloads by itself,
 * and starts what is asked for alone.
 */
function commandOf(step: string): string {
  return step
    .replace(/^write (?:.* )?(\/\S*\/)([^/]+)$/, "mv -f $1.$2.pulumi-drbd")
    .replace(/^systemctl start drbd-role@r0\..*$/, "systemctl start --job-mode=ignore-dependencies drbd@r0")
    .replace(/^systemctl start (.*@r0)\..*$/, "systemctl start --job-mode=ignore-dependencies $1")
    .replace(/^mount \/srv\/data$/, "systemctl start --job-mode=ignore-dependencies srv-data.mount")
    .replace(/^systemctl daemon-reload$/, "systemd-run");
}

export type Kind = "provider killed" | `power of ${MachineName} cut`;

export interface Fault {
  readonly kind: Kind;
  /** Where the command runs that waits at the point while it happens. */
  readonly machine: MachineName;
  readonly moment: "before" | "after";
  readonly step: string;
}

/** The step that forces is over once the generation that it began is noted. */
const NOTED = "sync /var/lib/pulumi-drbd/r0.new";
const FORCE = "drbdadm primary --force r0";
/** In between there are milliseconds: whose generation it is would not be known after them. */
export const BEFORE_NOTED: Point = `after ${FORCE}`;

export const pointOf = ({ moment, step }: Fault): Point =>
  moment === "after" && step === FORCE ? `after ${NOTED}` : `${moment} ${commandOf(step)}`;
export const nameOf = ({ kind, machine, moment, step }: Fault): string => `${kind} ${moment} ${machine}: ${step}`;

/** Each destroys, or begins to use, what is on a disk. */
const WEIGHTY = /create-md|primary --force|mkfs|^mount/;

export const KINDS: readonly Kind[] = ["provider killed", "power of alpha cut", "power of bravo cut"];

interface Moment {
  readonly machine: MachineName;
  readonly moment: "before" | "after";
  readonly step: string;
}

/**
 * Before a step is after the one in front of it, where both run in one remote command. The weighty ones do more than one
 * thing on their machine, and so get both.
 */
const moments: readonly Moment[] = MACHINES.flatMap((machine) =>
  FIRST_UP[machine].flatMap((command) =>
    command.flatMap((step, index) => {
      const names = index === 0 || WEIGHTY.test(step) ? (["before", "after"] as const) : (["after"] as const);
      return names.map((moment): Moment => ({ machine, moment, step }));
    }),
  ),
);

/** Every kind at the weighty steps; at the others, which write files and units, one kind each, all kinds by turns. */
export const ALL: readonly Fault[] = moments.flatMap((one, index) =>
  KINDS.filter((_, place) => WEIGHTY.test(one.step) || place === index % KINDS.length).map((kind): Fault => ({
    kind,
    ...one,
  })),
);
