/** How long each step may take, in seconds: after that the run stops waiting for the host (shell/session). */

/** What asks the kernel answers at once. */
export const quick = 30;
/** Reading a kernel module from a slow disk. */
export const moduleLoaded = 60;
/** What waits for the peer, or for systemd, has its own bound inside. */
export const patient = 120;
/** mkfs discards the whole device first. */
export const formatted = 600;
/** After a crash the journal is replayed first, and an unmount writes what is left, over the link too. systemd itself allows 90 s. */
export const mounted = 600;
/** With the wait for other runs of apt and dpkg. */
export const listsUpdated = 1200;
/** A disk of so many bytes, at 10 MiB a second on a slow one. */
export const copied = (bytes: number): number => patient + Math.ceil(bytes / (10 * 1024 * 1024));
export const packagesInstalled = 1800;
/** systemd's own limit for a service is 90 s by default, and some have a longer one. */
export const serviceStart = 600;
