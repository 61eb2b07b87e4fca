/** Where drbdadm begins to read, and where our files stand on a host. */
export const topPath = "/etc/drbd.conf";
/** Those that drbdadm takes before it where one is there: the first of them for DRBD 9 alone (drbd-utils 9.22.0). */
export const otherTopPaths = [90, 84, 83, 82, "08"].map((version) => `/etc/drbd-${version}.conf`);
export const globalCommonPath = "/etc/drbd.d/global_common.conf";
export const globalCommonBackupPath = "/etc/drbd.d/global_common.conf.before-pulumi-drbd";
export const moduleAtBootPath = "/etc/modules-load.d/drbd.conf";
export const fstabPath = "/etc/fstab";
/** Root's own, unlike /run/lock, where anybody could hold our lock or lay a link in its place. */
export const runFolder = "/run/pulumi-drbd";
/** What apt-get update said, for the step that installs. */
export const updateOutputPath = `${runFolder}/apt-get-update`;
export const lockPath = `${runFolder}/lock`;
/** Who works on the host (seen/turn.ts). */
export const turnPath = `${runFolder}/turn`;

/** What the host's commands (host/commands) are told of a resource. */
export function valuesPath(resource: string): string {
  return `${valuesFolder}/${resource}.conf`;
}
export const valuesFolder = "/etc/pulumi-drbd";

export function resourcePath(resource: string): string {
  return `/etc/drbd.d/${resource}.res`;
}

export function devicePath(minor: number): string {
  return `/dev/drbd${minor}`;
}
