/** What a host is at in the middle of a look, and what that has printed until now. */
export interface AskedNow {
  readonly what: string;
  readonly said: string;
}

/** The commands behind the probe's sections (probe.ts), for who waits for one of them. */
const commands: Readonly<Record<string, string>> = {
  turn: "reading /run/pulumi-drbd/turn",
  files: "grep of /proc and /etc",
  given: "grep of the definitions of guests in /etc",
  includes: "reading drbd.conf and the files that it includes",
  events: "drbdsetup events2 --now --statistics",
  modinfo: "modinfo drbd",
  links: "the links in /etc/systemd/system",
  needs: "the look for the tools",
  commands: "sha256sum of the commands in /usr/local/sbin",
  services: "systemctl show",
  machines: "virsh",
  names: "the names in /dev",
  room: "df",
  folder: "the look into the folder of the mount point",
  adjust: "drbdadm -d adjust all",
  version: "drbdadm --version",
  dump: "drbdadm dump all",
  common: "reading the wanted global_common.conf",
  commonnow: "drbdadm dump all",
  commonthen: "drbdadm dump all with the wanted global_common.conf",
  back: "reading the files to give back",
  file: "reading the files to give back",
  mkfs: "mkfs.xfs -V",
  blocks: "lsblk",
  disk: "blkid and reading samples of",
  metadisk: "blkid and reading samples of",
  device: "blkid and reading samples of",
  gi: "drbdmeta get-gi",
  kernelgi: "drbdadm get-gi",
  digests: "reading /proc/crypto and modprobe -n",
  users: "the look for who has the device open",
  past: "the look into the kernel's log",
  snapshots: "the look for what makes snapshots",
  lvm: "lvs",
  written: "the look for what was written last",
  status: "drbdsetup status",
  port: "grep of /proc/net/tcp",
  parsed: "drbdadm sh-nop with the wanted configuration",
  change: "drbdadm -d adjust with the wanted configuration",
  means: "drbdadm --verbose dump",
  meant: "drbdadm --verbose dump with the wanted configuration",
};

/** What every look runs; a host where one of them does not work can't be looked at. */
export const lookTools = [
  "grep",
  "sed",
  "awk",
  "cut",
  "readlink",
  "sha256sum",
  "lsblk",
  "blkid",
  "perl",
  "modinfo",
] as const;

/** By the last of the probe's markers. */
export function askedNow(nonce: string, stdout: string): AskedNow {
  const mark = `\n@${nonce} `;
  const at = stdout.lastIndexOf(mark);
  if (at < 0) return { what: "the shell that is to look", said: stdout };
  const [line = "", ...said] = stdout.slice(at + mark.length).split("\n");
  const [section = "", subject = ""] = line.split(" ");
  const text = said.join("\n");
  if (section === "exit" || section === "format") return { what: "the look goes on", said: text };
  const command = commands[section] ?? section;
  return { what: command.endsWith(" of") ? `${command} ${subject}` : command, said: text };
}
