/**
 * Filesystems that are mounted and kept. Only XFS is made: of the others we take those that one host at a time mounts from
 * one device, as somebody made them.
 */
export const FILESYSTEM_TYPES = ["xfs", "ext4", "ext3", "ext2", "btrfs", "jfs", "reiserfs"] as const;
export type FilesystemType = (typeof FILESYSTEM_TYPES)[number];

export const isFilesystemType = (type: string): type is FilesystemType =>
  FILESYSTEM_TYPES.some((known) => known === type);

/** Whether a blank device is formatted with it. */
export const isMade = ({ type }: { readonly type: FilesystemType }): boolean => type === "xfs";
