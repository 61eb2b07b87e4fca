/**
 * Bytes of internal metadata on a device (drbd-reference: matched every dump of 8.4.11 and 9.2.14): superblock, activity
 * log of 32 KiB, and a bitmap of one bit for 4 KiB, for one peer.
 */
export function metadataBytes(deviceBytes: number): number {
  const align = (value: number, to: number) => Math.ceil(value / to) * to;
  const bitmap = align(Math.ceil(Math.ceil(deviceBytes / 4096) / 8), 8);
  return 4096 + 32768 + align(bitmap, 4096);
}

/** What is left of a disk for data behind internal metadata. */
export function usableBytes(deviceBytes: number): number {
  return deviceBytes - (deviceBytes % 4096) - metadataBytes(deviceBytes);
}
