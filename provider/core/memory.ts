/** What we know we did, kept in Pulumi's state. The truth is on the hosts; this only ever makes us stop, never go on. */
export interface Memory {
  /** The filesystem that stands on the DRBD device since we first saw it there; null before. */
  readonly filesystemUuid: string | null;
}

export const noMemory: Memory = { filesystemUuid: null };
