import type { VolumeName } from "../seen/observed";
import { escapeInstance } from "../wanted/systemd-escape";

const ownFolder = "/var/lib/pulumi-drbd";

/**
 * Stands on the sync source from its `primary --force` until it was formatted or mounted, and holds the generation that
 * this began: somebody else's `primary --force`, on either side, begins another.
 */
export function formattingMark({ name, volume }: VolumeName): string {
  // No resource's name has an @.
  return `${ownFolder}/${name}${volume === 0 ? "" : `@${volume}`}.new`;
}

/** What brought a resource up at boot, and was active, before we took it over: a destroy that gives it back leaves that. */
export function bootNote(resource: string): string {
  return `${ownFolder}/${resource}.boot`;
}

/** Which copies of what was given up in a split brain are whole: a line each, of the generation and the place. */
export function keptNote(resource: string): string {
  return `${ownFolder}/${resource}.kept`;
}

/** The folders that we made to mount on. */
export function foldersNote(resource: string): string {
  return `${ownFolder}/${resource}.folders`;
}

/** Who was Primary last, as this host has seen it: `uname -n` of that host, in a line. */
export function lastPrimaryNote(resource: string): string {
  return `${ownFolder}/${resource}.last-primary`;
}

/** The definition of a virtual machine that we gave it, behind the digest of what libvirt made of it. */
export function definitionNote(machine: string): string {
  return `${ownFolder}/${escapeInstance(machine)}.machine`;
}
