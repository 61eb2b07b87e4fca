/** What a machine unpacks that is to run a cluster. */
const CLUSTER = ["drbd-utils", "pacemaker", "pacemaker-cli-utils", "corosync", "resource-agents"] as const;

/** What a machine unpacks that is to run virtual machines: libvirt with an emulator, and nothing that they do not need. */
const LIBVIRT = ["libvirt-daemon-system", "libvirt-clients", "qemu-system-x86", "qemu-utils"] as const;

/** Debian's releases that a machine can have, with a reason where one is built differently. */
export const RELEASES = {
  // The tests with a cluster and with libvirt are for the default release alone.
  trixie: { security: true, cluster: CLUSTER, libvirt: LIBVIRT },
  bookworm: { security: true, cluster: [], libvirt: [] },
  // Its security index names a kernel package that is no longer served.
  bullseye: { security: false, cluster: [], libvirt: [] },
} as const;

export type Release = keyof typeof RELEASES;

/** Debian's stable release. */
export const DEFAULT_RELEASE: Release = "trixie";
