/** One host: what is on its disks, and what its kernel and systemd know of until the power goes. */
import { type Disk, newDisk } from "./disk";
import type { Kernel } from "./kernel";

export const resource = "r0";
export const device = "/dev/drbd1";
export const minor = 1;
export const port = 7789;
export const diskPath = "/dev/vdb";
export const resourceFile = "/etc/drbd.d/r0.res";
/** Where drbdmeta keeps the size that it last knew of the disk. */
export const sizeFile = "/var/lib/drbd/drbd-minor-1.lkbd";
export const enabledLink = "/etc/systemd/system/multi-user.target.wants/drbd@r0.target";

export class Machine {
  powered = true;
  hasUtils = true;
  moduleLoaded = true;
  kernel: Kernel | undefined;
  disk: Disk;
  /** Where the DRBD device is mounted. */
  mountedAt: string | undefined;
  /** A mount that systemd waits with until the pair is connected, and for how long it still does. */
  bootMount: { readonly target: string; patience: number } | undefined;
  /** A step that goes on although the connection over which it was begun is gone. */
  readonly unfinished: (() => void)[] = [];
  /** One remote command's steps follow each other in milliseconds: whoever comes with another disk is let in after them. */
  busy = false;
  readonly waiting: (() => void)[] = [];
  readonly files = new Map<string, string>([
    ["/etc/drbd.conf", 'include "drbd.d/global_common.conf";\ninclude "drbd.d/*.res";\n'],
    ["/etc/fstab", "/dev/vda / ext4 defaults 0 1\n"],
    ["/lib/modules-load.d/drbd.conf", "drbd\n"],
  ]);
  readonly links = new Set<string>();

  constructor(
    readonly name: string,
    readonly address: string,
  ) {
    this.disk = newDisk(`${name}:${diskPath}`, `${name}-1`);
  }

  get isPrimary(): boolean {
    return this.kernel?.role === "Primary";
  }

  /** Device, mount point and options of the DRBD device's line in fstab. */
  get fstabLine(): { readonly target: string; readonly options: readonly string[] } | undefined {
    const lines = (this.files.get("/etc/fstab") ?? "").split("\n").map((line) => line.split(/\s+/));
    const line = lines.find(([source]) => source === device);
    return line?.[1] === undefined ? undefined : { target: line[1], options: (line[3] ?? "").split(",") };
  }
}
