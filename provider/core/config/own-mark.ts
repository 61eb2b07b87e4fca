/** How a file that we wrote is told from anybody else's: by its first line, which every version of ours has had. */
export const ownMark = "Managed by pulumi-drbd";

/** Whether we wrote a file; of one that is not there, no. */
export function isOurs(text: string | undefined): boolean {
  return text?.startsWith(`# ${ownMark}`) === true;
}
