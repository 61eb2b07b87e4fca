/** One host: its volumes, and what its kernel and systemd know of until the power goes. */
import type { Drbd } from "./drbd";
import type { Disk } from "./disk";
import type { SimulatedGuest } from "./virtual-machines";
import type { Kernel } from "./kernel";
import { isRunning, type RunningVolume, Volume, volumesIn } from "./volume";
import { activeLink, bringUpOf, promotionOf, roleOf, startsOf, targetOf } from "../../provider/core/steps/boot-units";

export const resource = "r0";
export const port = 7789;
/** Volume 0's, on each host. */
export const device = "/dev/drbd1";
export const minor = 1;
export const diskPath = "/dev/vdb";
export const metaDiskPath = "/dev/vdc";
export const resourceFile = "/etc/drbd.d/r0.res";
/** Of a resource of somebody else's. drbdadm reads it after ours, and not at all where it stops at ours. */
export const othersFile = "/etc/drbd.d/web.res";
export const broken = "resource web {\n    bogus;\n}\n";
export const enabledLink = "/etc/systemd/system/multi-user.target.wants/drbd@r0.target";
/** As long as these units are active. */
export const broughtUpLink = activeLink(bringUpOf(resource));
export const promotionLink = activeLink(promotionOf(resource));
export const roleLink = activeLink(roleOf(resource));
export const startsLink = activeLink(startsOf(resource));
/** The service of a program that has one, and what binds it to the resource. */
export const serviceName = "web.service";
const serviceDropIn = `/etc/systemd/system/${serviceName}.d/pulumi-drbd-${resource}.conf`;
/** By which a boot follows who is Primary. */
export const roleDropIn = `/etc/systemd/system/${targetOf(resource)}.d/pulumi-drbd.conf`;

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
  /** Where nothing is configured yet, whether the metadata will be on a disk of its own. */
  beginsApart = false;
  /** Folders to mount on. */
  readonly folders = new Set<string>();
  /** Since its boot, somebody was Primary: drbd-role@r0.service promotes no more. */
  isDecided = false;
  /** drbd-role@.service has seen that it is apart from its peer. */
  isApart = false;
  /** A unit that the resource's program lists: whether it runs, and whether a stop of it hangs until its time is up. */
  readonly service = { isActive: false, hangs: false };
  /** The run that had the turn last. */
  lastTurn = "";
  /** A step that goes on although the connection over which it was begun is gone. */
  readonly unfinished: (() => void)[] = [];
  /** One remote command's steps follow each other in milliseconds: whoever comes with another disk is let in after them. */
  busy = false;
  readonly waiting: (() => void)[] = [];
  readonly files = new Map<string, string>(filesOfAPackage);
  readonly links = new Set<string>();
  /** libvirt's machines, by name. */
  readonly guests = new Map<string, SimulatedGuest>();
  /** By number: every volume that the resource may come to have, with its disks. */
  readonly volumes: readonly [Volume, ...Volume[]];

  constructor(
    readonly name: string,
    readonly address: string,
    /** Of the module, and so of the grammar that drbdadm reads. */
    public drbd: Drbd,
    volumes = 1,
  ) {
    const others = Array.from({ length: volumes - 1 }, (_, index) => new Volume(this, index + 1));
    this.volumes = [new Volume(this, 0), ...others];
  }

  /** Those that the kernel has. */
  get running(): RunningVolume[] {
    return this.volumes.filter(isRunning);
  }

  get isConfigured(): boolean {
    return this.volumes.some(isRunning);
  }

  /** Those that its file has, or another text. */
  defined(text = this.files.get(resourceFile)): Volume[] {
    const numbers = volumesIn(text ?? "");
    return this.volumes.filter(({ number }) => numbers.includes(number));
  }

  /** By drbdadm's word for it: `r0/1`, or the resource for all that its file has. */
  named(word: string): Volume[] {
    const number = /^r0\/(\d+)$/.exec(word)?.[1];
    if (number !== undefined) return this.volumes.filter((one) => one.number === Number(number));
    const defined = this.defined();
    return defined.length > 0 ? defined : this.volumes.length === 1 ? [...this.volumes] : this.running;
  }

  withMinor(found: number): Volume | undefined {
    return this.volumes.find((one) => one.minor === found);
  }

  withDevice(path: string): Volume | undefined {
    return this.volumes.find((one) => one.device === path);
  }

  /** Whose disk it is, for its data or its metadata. */
  withDisk(path: string): Volume | undefined {
    return this.volumes.find((one) => one.diskAt(path) !== undefined);
  }

  diskAt(path: string): Disk | undefined {
    return this.withDisk(path)?.diskAt(path);
  }

  get disks(): readonly Disk[] {
    return this.volumes.flatMap(({ disks }) => disks);
  }

  /** Of volume 0: most tests have no other. */
  get kernel(): Kernel | undefined {
    return this.volumes[0].kernel;
  }

  get disk(): Disk {
    return this.volumes[0].disk;
  }

  get holder(): Disk {
    return this.volumes[0].holder;
  }

  get mountedAt(): string | undefined {
    return this.volumes[0].mountedAt;
  }

  /** Any of its volumes. */
  /** What starts where the resource is mounted starts its service, too. */
  get hasService(): boolean {
    return this.files.has(serviceDropIn);
  }

  get isPrimary(): boolean {
    return this.volumes.some(({ isPrimary }) => isPrimary);
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
}
