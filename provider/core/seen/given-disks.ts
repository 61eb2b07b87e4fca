/**
 * Disks that a host gives to a guest, or to others over the network, or mounts on demand. Most of these programs open a
 * disk beside whoever has it already, DRBD too: what they write past DRBD is on one host alone, and nobody is told.
 */

/** Where it is written down: definitions of libvirt, Xen and Proxmox, targets of LIO, tgt and nbd-server, autofs. */
export const givingFiles: readonly string[] = [
  "/etc/libvirt/qemu/*.xml",
  "/etc/libvirt/libxl/*.xml",
  "/etc/libvirt/lxc/*.xml",
  // A guest that runs without being defined.
  "/run/libvirt/qemu/*.xml",
  "/etc/xen/*.cfg",
  "/etc/pve/qemu-server/*.conf",
  "/etc/pve/lxc/*.conf",
  "/etc/target/saveconfig.json",
  "/etc/rtslib-fb-target/saveconfig.json",
  "/etc/tgt/targets.conf",
  "/etc/tgt/conf.d/*.conf",
  "/etc/nbd-server/config",
  "/etc/nbd-server/conf.d/*",
  "/etc/auto.*",
  "/etc/auto.master.d/*",
];

export interface GivenDisk {
  readonly file: string;
  readonly line: string;
  readonly path: string;
}

/** `lines` are those that the probe found, by file. */
export function givenDisks(lines: ReadonlyMap<string, string>): GivenDisk[] {
  return [...lines].flatMap(([file, text]) =>
    text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => !/^(#|<!--)/.test(line))
      .flatMap((line) => pathsIn(line).map((path) => ({ file, line, path }))),
  );
}

function pathsIn(line: string): string[] {
  const [, pool] = /\bpool=["']([^"']+)["']/.exec(line) ?? [];
  const [, volume] = /\bvolume=["']([^"']+)["']/.exec(line) ?? [];
  // A pool of libvirt's that stands for a volume group has its name as a rule.
  const inPool = pool === undefined || volume === undefined ? [] : [`/dev/${pool}/${volume}`];
  return [...(line.match(/(?<![\w.-])\/dev\/[^\s"'<>,;|\\]+/g) ?? []), ...inPool];
}
