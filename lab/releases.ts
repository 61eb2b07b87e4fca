/** What a machine unpacks that is to run a cluster. */
const CLUSTER = ["drbd-utils", "pacemaker", "pacemaker-cli-utils", "corosync", "resource-agents"] as const;

/** Debian's releases that a machine can have, with a reason where one is built differently. */
export const RELEASES = {
  // The tests with a cluster are for the default release alone.
  trixie: { security: true, cluster: CLUSTER },
  bookworm: { security: true, cluster: [] },
  // Its security index names a kernel package that is no longer served.
  bullseye: { security: false, cluster: [] },
} as const;

export type Release = keyof typeof RELEASES;

/** Debian's stable release. */
export const DEFAULT_RELEASE: Release = "trixie";
