/** One host: what is on its disks, and what its kernel and systemd know of until the power goes. */
import type { Drbd } from "./drbd";
import { type Disk, newDisk, smallSize, usualSize } from "./disk";
import type { Kernel } from "./kernel";
import { activeLink, bringUpOf, promotionOf } from "../../provider/core/steps/boot-units";

export const resource = "r0";
export const device = "/dev/drbd1";
export const minor = 1;
export const port = 7789;
export const diskPath = "/dev/vdb";
export const metaDiskPath = "/dev/vdc";
export const resourceFile = "/etc/drbd.d/r0.res";
/** Where drbdmeta keeps the size that it last knew of the disk. */
export const sizeFile = "/var/lib/drbd/drbd-minor-1.lkbd";
/** Of a resource of somebody else's. drbdadm reads it after ours, and not at all where it stops at ours. */
export const othersFile = "/etc/drbd.d/web.res";
export const broken = "resource web {\n    bogus;\n}\n";
export const enabledLink = "/etc/systemd/system/multi-user.target.wants/drbd@r0.target";
/** As long as these units are active. */
export const broughtUpLink = activeLink(bringUpOf(resource));
export const promotionLink = activeLink(promotionOf(resource));

/** Of a host with drbd-utils, as its package leaves them. */
const filesOfAPackage: readonly (readonly [string, string])[] = [
  ["/etc/drbd.conf", 'include "drbd.d/global_common.conf";\ninclude "drbd.d/*.res";\n'],
  ["/etc/fstab", "/dev/vda / ext4 defaults 0 1\n"],
  ["/lib/modules-load.d/drbd.conf", "drbd\n"],
  ["/lib/systemd/system/drbd@.target", "[Unit]\n"],
];

export class Machine {
  powered = true;
  hasUtils = true;
  moduleLoaded = true;
  kernel: Kernel | undefined;
  /** Somebody reads the DRBD device, which DRBD 9 takes for a reason not to let its peer become Primary. */
  heldOpen = false;
  disk: Disk;
  /** For DRBD's metadata, where the program keeps it apart from the data. */
  metaDisk: Disk;
  /** Where nothing is configured yet, whether it will be there. */
  beginsApart = false;
  /** Folders to mount on. */
  readonly folders = new Set<string>();
  /** Where the DRBD device is mounted. */
  mountedAt: string | undefined;
  /** The disk for the data is mounted by itself, beside DRBD. */
  mountsDisk = false;
  /** A mount that systemd waits with until the pair is connected, and for how long it still does. */
  bootMount: { readonly target: string; patience: number } | undefined;
  /** A step that goes on although the connection over which it was begun is gone. */
  readonly unfinished: (() => void)[] = [];
  /** One remote command's steps follow each other in milliseconds: whoever comes with another disk is let in after them. */
  busy = false;
  readonly waiting: (() => void)[] = [];
  readonly files = new Map<string, string>(filesOfAPackage);
  readonly links = new Set<string>();

  constructor(
    readonly name: string,
    readonly address: string,
    /** Of the module, and so of the grammar that drbdadm reads. */
    public drbd: Drbd,
  ) {
    this.disk = newDisk(`${name}:${diskPath}`, `${name}-1`, usualSize);
    this.metaDisk = newDisk(`${name}:${metaDiskPath}`, `${name}-meta-1`, smallSize);
  }

  /** The disk that DRBD's metadata is on: as the kernel runs it, and else as its file says. */
  get holder(): Disk {
    return this.keepsMetadataApart ? this.metaDisk : this.disk;
  }

  get keepsMetadataApart(): boolean {
    return this.isApart(this.kernel?.configuration ?? this.files.get(resourceFile));
  }

  /** What drbdadm reads, whatever runs. */
  get holderByFile(): Disk {
    return this.isApart(this.files.get(resourceFile)) ? this.metaDisk : this.disk;
  }

  private isApart(configuration: string | undefined): boolean {
    return configuration?.includes(`meta-disk ${metaDiskPath};`) ?? this.beginsApart;
  }

  get disks(): readonly Disk[] {
    return [this.disk, this.metaDisk];
  }

  diskAt(path: string): Disk | undefined {
    return { [diskPath]: this.disk, [metaDiskPath]: this.metaDisk }[path];
  }

  /** Installed anew, on its system's disk alone. */
  reinstall(): void {
    this.hasUtils = false;
    this.links.clear();
    this.files.clear();
    for (const [path, text] of filesOfAPackage) if (path === "/etc/fstab") this.files.set(path, text);
  }

  installUtils(): void {
    this.hasUtils = true;
    for (const [path, text] of filesOfAPackage) if (!this.files.has(path)) this.files.set(path, text);
  }

  /** What drbdadm says where it cannot read some file: no resource at all is there then. */
  get parseError(): string | undefined {
    return this.parseErrorWith(this.files.get(resourceFile) ?? "");
  }

  /** The same, with another text in the place of the resource's own file. */
  parseErrorWith(text: string): string | undefined {
    return this.parseErrorsWith(text)[0];
  }

  /** What it says of each file alone, in the order in which it reads them. */
  parseErrorsWith(text: string): string[] {
    // Each version's drbdadm knows some words that the other's does not.
    const strange = this.drbd === "9" ? /^ {4}disk \{\n(?: {8}.*\n)*? {8}(fencing) /m : /^ *(node-id) /m;
    const word = strange.exec(text)?.[1];
    const complaint = (path: string, line: number, got: string): string =>
      `${path.slice("/etc/".length)}:${line}: Parse error: 'an option' expected,\n\tbut got '${got}'`;
    return [
      ...(word === undefined ? [] : [complaint(resourceFile, 9, word)]),
      ...(this.files.get(othersFile) === broken ? [complaint(othersFile, 2, "bogus")] : []),
    ];
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
