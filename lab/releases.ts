/** Debian's releases that a machine can have, with a reason where one is built differently. */
export const RELEASES = {
  trixie: { security: true },
  bookworm: { security: true },
  // Its security index names a kernel package that is no longer served.
  bullseye: { security: false },
} as const;

export type Release = keyof typeof RELEASES;

/** Debian's stable release. */
export const DEFAULT_RELEASE: Release = "trixie";
