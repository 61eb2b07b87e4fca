/** By the Debian package that has them. All but mkfs.xfs are on every usual host; a slim image may lack one. */
export const toolsByPackage: Readonly<Record<string, readonly string[]>> = {
  coreutils: ["sha256sum", "cut", "stat", "date", "sync", "readlink", "df", "seq"],
  diffutils: ["cmp"],
  grep: ["grep"],
  kmod: ["modprobe", "modinfo"],
  mawk: ["awk"],
  mount: ["mount", "umount"],
  perl: ["perl"],
  sed: ["sed"],
  "util-linux": ["blkid", "blockdev", "flock", "lsblk", "wipefs"],
  xfsprogs: ["mkfs.xfs"],
  systemd: ["systemctl", "systemd-run"],
};

/** What the probe looks for, each by its name. */
export const neededTools: readonly string[] = Object.values(toolsByPackage).flat();

/** What the probe says where systemd is not what runs the host. */
export const noSystemd = "a host that systemd runs";
