// Made from option-table.ts: `UPDATE=1 npx jest --selectProjects unit test/core/wanted/option-types` writes this file.
// Types alone: a user's program imports them, and must not pull in anything at run time.
// Names and meaning: man pages drbd.conf-8.4 and drbd.conf-9.0, drbd-utils 9.22.0.

/**
 * The connection. A change is applied while it is up (`drbdadm adjust` on each node, files first); a digest that the
 * kernel does not have is refused there. `protocol`, authentication and the secret are properties of the resource.
 */
export interface NetOptions {
  /**
   * What to do about a split brain while no node is Primary; all but disconnect may throw away writes.
   * Default disconnect.
   */
  readonly "after-sb-0pri"?:
    | "disconnect"
    | "discard-younger-primary"
    | "discard-older-primary"
    | "discard-zero-changes"
    | "discard-least-changes"
    | "discard-local"
    | "discard-remote";
  /**
   * What to do about a split brain while one node is Primary; all but disconnect may throw away writes.
   * Default disconnect.
   */
  readonly "after-sb-1pri"?:
    "disconnect" | "consensus" | "discard-secondary" | "call-pri-lost-after-sb" | "violently-as0p";
  /**
   * What to do about a split brain while both nodes are Primary; all but disconnect may throw away writes.
   * Default disconnect.
   */
  readonly "after-sb-2pri"?: "disconnect" | "call-pri-lost-after-sb" | "violently-as0p";
  /**
   * Whether a node without data of its own may read from its peer (DRBD 9.0.19).
   * Default yes.
   * Only DRBD 9 has it.
   */
  readonly "allow-remote-read"?: boolean | "yes" | "no";
  /**
   * Lets both nodes be Primary at once, for cluster filesystems and live migration; needs protocol C.
   * Default no.
   */
  readonly "allow-two-primaries"?: boolean | "yes" | "no";
  /**
   * Use the after-sb policies even where the history of the data is unclear.
   * Default no.
   */
  readonly "always-asbp"?: boolean | "yes" | "no";
  /**
   * Active activity-log extents at which on-congestion applies.
   * A whole number 67..65534 extents of 4 MiB, default 1237.
   */
  readonly "congestion-extents"?: number | string;
  /**
   * Data in flight at which on-congestion applies; 0 turns this off.
   * A whole number 0..20971520 sectors of 512 bytes, or with K, M or G behind it, default 0.
   */
  readonly "congestion-fill"?: number | string;
  /**
   * Pause between two attempts to connect.
   * A whole number 1..120 seconds, default 10.
   */
  readonly "connect-int"?: number | string;
  /**
   * Use checksum-based resync only after the crash of a Primary.
   * Default no.
   */
  readonly "csums-after-crash-only"?: boolean | "yes" | "no";
  /**
   * Digest for checksum-based resync, which sends only blocks that differ; for slow lines.
   * A digest of the kernel or one driver's name for it, for example sha256, crc32c or crc32c-intel; default none.
   */
  readonly "csums-alg"?: string;
  /**
   * Checksum over each replicated block on the wire, for finding faulty networks; costs CPU time.
   * A digest of the kernel or one driver's name for it, for example sha256, crc32c or crc32c-intel; default none.
   */
  readonly "data-integrity-alg"?: string;
  /**
   * Whether a node that lost its peer may be sure of its data; resource-only also keeps a node whose peer is unknown from becoming Primary, and is what a new DrbdResource gets when it says nothing.
   * Default dont-care.
   */
  readonly fencing?: "dont-care" | "resource-only" | "resource-and-stonith";
  /**
   * A peer that fails to finish one write within ko-count times timeout is thrown out; 0 turns this off.
   * A whole number 0..200, default 7.
   */
  readonly "ko-count"?: number | string;
  /**
   * Most pages that the receiving side holds for writes and resync; raise it together with max-epoch-size on fast disks.
   * A whole number 32..131072 pages of 4 KiB, default 2048.
   */
  readonly "max-buffers"?: number | string;
  /**
   * Most write requests between two write barriers.
   * A whole number 1..20000 requests, default 2048.
   */
  readonly "max-epoch-size"?: number | string;
  /**
   * What to do when the send buffer is full; pull-ahead needs protocol A and leaves the peer Inconsistent for a while.
   * Default block.
   */
  readonly "on-congestion"?: "block" | "pull-ahead" | "disconnect";
  /**
   * How long a connection may be idle before a keep-alive packet is sent.
   * A whole number 1..120 seconds, default 10.
   */
  readonly "ping-int"?: number | string;
  /**
   * How long a peer has to answer a keep-alive packet; the default is half a second, too short for some long lines.
   * A whole number 1..300 tenths of a second, default 5 (0.5 s).
   */
  readonly "ping-timeout"?: number | string;
  /**
   * TCP receive buffer; 0 lets the kernel tune it.
   * A whole number 0..10485760 bytes, or with K, M or G behind it, default 0.
   */
  readonly "rcvbuf-size"?: number | string;
  /**
   * What to do when a resync would have to overwrite a Primary.
   * Default disconnect.
   * DRBD 8.4: disconnect, call-pri-lost, violently.
   */
  readonly "rr-conflict"?: "disconnect" | "call-pri-lost" | "violently" | "retry-connect" | "auto-discard";
  /**
   * TCP send buffer; 0 lets the kernel tune it. With protocol A it bounds what can be lost.
   * A whole number 0..10485760 bytes, or with K, M or G behind it, default 0.
   */
  readonly "sndbuf-size"?: number | string;
  /**
   * How long a new connection is watched for stability; 0 means ping-timeout.
   * A whole number 0..300 tenths of a second, default 0 (0 s).
   */
  readonly "socket-check-timeout"?: number | string;
  /**
   * Collect small packets before they are sent.
   * Default yes.
   */
  readonly "tcp-cork"?: boolean | "yes" | "no";
  /**
   * How long a peer may leave a request unanswered before it counts as dead; best below connect-int and ping-int.
   * A whole number 1..600 tenths of a second, default 60 (6 s).
   */
  readonly timeout?: number | string;
  /**
   * Kernel module that carries the connection (DRBD 9): tcp, rdma or lb-tcp.
   * Default tcp.
   * Only DRBD 9 has it.
   */
  readonly transport?: string;
  /**
   * Pending writes at which the backing disk is told to start; without effect since Linux 2.6.39.
   * A whole number 1..131072 requests, default 128.
   * Only DRBD 8.4 has it.
   */
  readonly "unplug-watermark"?: number | string;
  /**
   * Compress bitmaps by run lengths when they are exchanged.
   * Default yes.
   */
  readonly "use-rle"?: boolean | "yes" | "no";
  /**
   * Digest for online verification (drbdadm verify), which does not run without it.
   * A digest of the kernel or one driver's name for it, for example sha256, crc32c or crc32c-intel; default none.
   */
  readonly "verify-alg"?: string;
}

/**
 * The backing disk and the resync. A change is applied while the disk is attached (`drbdadm adjust`).
 */
export interface DiskOptions {
  /**
   * Size of the activity log, in extents of 4 MiB: the hot area that is resynced after a crash of the Primary.
   * A whole number 67..65534 extents of 4 MiB, default 1237.
   */
  readonly "al-extents"?: number | string;
  /**
   * Write the activity log; without it a crashed Primary means a full resync.
   * Default yes.
   */
  readonly "al-updates"?: boolean | "yes" | "no";
  /**
   * Keep a bitmap for the peer (DRBD 9); without it each resync is a full one.
   * Default yes.
   * Only DRBD 9 has it.
   */
  readonly bitmap?: boolean | "yes" | "no";
  /**
   * Delay in the line at which the resync controller aims when c-fill-target is 0.
   * A whole number 1..100 tenths of a second, default 10 (1 s).
   */
  readonly "c-delay-target"?: number | string;
  /**
   * Data in flight at which the resync controller aims; two to three times bandwidth times round trip.
   * A whole number 0..1048576 sectors of 512 bytes, or with K, M or G behind it, default 100.
   */
  readonly "c-fill-target"?: number | string;
  /**
   * Highest speed that the resync controller may use.
   * A whole number 0..4194304 KiB/s, or with K, M or G behind it, default 102400.
   * DRBD 8.4 takes 250..4194304, DRBD 9 0..4194304.
   */
  readonly "c-max-rate"?: number | string;
  /**
   * Speed that a resync may always have, beside application I/O; 0 means no throttling at all.
   * A whole number 0..4194304 KiB/s, or with K, M or G behind it, default 250.
   */
  readonly "c-min-rate"?: number | string;
  /**
   * How far the resync controller plans; 0 means the fixed resync-rate. At least five round trips.
   * A whole number 0..300 tenths of a second, default 20 (2 s).
   */
  readonly "c-plan-ahead"?: number | string;
  /**
   * Do not pass on WRITE_SAME to backing disks that claim it and fail.
   * Default no.
   */
  readonly "disable-write-same"?: boolean | "yes" | "no";
  /**
   * Treat aligned discards as zeroing where the backing disk does not promise it.
   * Default yes.
   */
  readonly "discard-zeroes-if-aligned"?: boolean | "yes" | "no";
  /**
   * Order writes with barriers.
   * Default no.
   */
  readonly "disk-barrier"?: boolean | "yes" | "no";
  /**
   * Order writes by draining the queue.
   * Default yes.
   */
  readonly "disk-drain"?: boolean | "yes" | "no";
  /**
   * Order writes with flushes; turn it off only with a battery-backed cache.
   * Default yes.
   */
  readonly "disk-flushes"?: boolean | "yes" | "no";
  /**
   * How long the backing disk may take for a request before it counts as failed; 0 means for ever. DRBD may crash the kernel if such a request returns later.
   * A whole number 0..6000 tenths of a second, default 0 (0 s).
   */
  readonly "disk-timeout"?: number | string;
  /**
   * Most vectors in one block request, for misaligned partitions in guests; 0 means no limit.
   * A whole number 0..128, default 0.
   * Only DRBD 8.4 has it.
   */
  readonly "max-bio-bvecs"?: number | string;
  /**
   * Flush the metadata disk; turn it off only with a battery-backed cache.
   * Default yes.
   */
  readonly "md-flushes"?: boolean | "yes" | "no";
  /**
   * What to do when the backing disk reports an error: detach goes on over the peer, pass_on reports it upwards (on a Primary).
   * Default detach.
   */
  readonly "on-io-error"?: "pass_on" | "call-local-io-error" | "detach";
  /**
   * Which node answers reads of the Primary.
   * Default prefer-local.
   */
  readonly "read-balancing"?:
    | "prefer-local"
    | "prefer-remote"
    | "round-robin"
    | "least-pending"
    | "when-congested-remote"
    | "32K-striping"
    | "64K-striping"
    | "128K-striping"
    | "256K-striping"
    | "512K-striping"
    | "1M-striping";
  /**
   * Wait with this resource's resync until that of another one is done: its name, with /volume where it is not 0.
   * Default none.
   */
  readonly "resync-after"?: string;
  /**
   * Fixed speed of resync; counts only with c-plan-ahead 0.
   * A whole number 1..8388608 KiB/s, or with K, M or G behind it, default 250.
   * DRBD 8.4 takes 1..4194304, DRBD 9 1..8388608.
   */
  readonly "resync-rate"?: number | string;
  /**
   * Unit in which zeroes are resynced as discards; 0 turns this off.
   * A whole number 0..1048576 bytes, or with K, M or G behind it, default 0.
   */
  readonly "rs-discard-granularity"?: number | string;
}

/**
 * The resource as a whole. A change is applied while it is up (`drbdadm adjust`).
 */
export interface ResourceOptions {
  /**
   * Become Primary when the device is opened for writing, and Secondary when it is closed (DRBD 9).
   * Default yes.
   * Only DRBD 9 has it.
   */
  readonly "auto-promote"?: boolean | "yes" | "no";
  /**
   * How long an open waits for the automatic promotion (DRBD 9).
   * A whole number 0..600 tenths of a second, default 20 (2 s).
   * Only DRBD 9 has it.
   */
  readonly "auto-promote-timeout"?: number | string;
  /**
   * CPUs for DRBD's threads, a hexadecimal mask; empty lets the scheduler decide.
   * Default empty.
   */
  readonly "cpu-mask"?: string;
  /**
   * Most requests in flight in a device (DRBD 9).
   * A whole number 4..4294967295 requests, default 8000.
   * Only DRBD 9 has it.
   */
  readonly "max-io-depth"?: number | string;
  /**
   * What I/O gets when no good copy can be reached.
   * Default io-error.
   */
  readonly "on-no-data-accessible"?: "io-error" | "suspend-io";
  /**
   * What I/O gets without quorum (DRBD 9).
   * Default suspend-io.
   * Only DRBD 9 has it.
   */
  readonly "on-no-quorum"?: "io-error" | "suspend-io";
  /**
   * What a Primary frozen for lack of quorum does when it learns that its data is outdated (DRBD 9.1.7).
   * Default disconnect.
   * Only DRBD 9 has it.
   */
  readonly "on-suspended-primary-outdated"?: "disconnect" | "force-secondary";
  /**
   * Idle time after which the Primary sends a peer-ack (DRBD 9).
   * A whole number 1..10000 milliseconds, default 100.
   * Only DRBD 9 has it.
   */
  readonly "peer-ack-delay"?: number | string;
  /**
   * Data after which the Primary sends a peer-ack (DRBD 9).
   * A whole number 2048..204800 sectors of 512 bytes, or with K, M or G behind it, default 4096.
   * Only DRBD 9 has it.
   */
  readonly "peer-ack-window"?: number | string;
  /**
   * How many nodes must be seen for writing to go on; made for three and more (DRBD 9).
   * Off, majority, all or 1..32, default off.
   * Only DRBD 9 has it.
   */
  readonly quorum?: "off" | "majority" | "all" | number;
  /**
   * How many UpToDate disks must be seen for quorum (DRBD 9).
   * Off, majority, all or 1..32, default off.
   * Only DRBD 9 has it.
   */
  readonly "quorum-minimum-redundancy"?: "off" | "majority" | "all" | number;
  /**
   * Longest pause before a cluster-wide state change is tried again (DRBD 9).
   * A whole number 1..50 tenths of a second, default 1 (0.1 s).
   * Only DRBD 9 has it.
   */
  readonly "twopc-retry-timeout"?: number | string;
  /**
   * How long a cluster-wide state change may take (DRBD 9).
   * A whole number 50..600 tenths of a second, default 300 (30 s).
   * Only DRBD 9 has it.
   */
  readonly "twopc-timeout"?: number | string;
}

/**
 * What drbd.service does at boot. A change alters the file alone.
 */
export interface StartupOptions {
  /**
   * How long drbd.service waits for the peer at boot; 0 means for ever.
   * A whole number 0..300000 seconds, default 0.
   */
  readonly "wfc-timeout"?: number | string;
  /**
   * The same, when the peer was already gone before the reboot; 0 means for ever.
   * A whole number 0..300000 seconds, default 0.
   */
  readonly "degr-wfc-timeout"?: number | string;
  /**
   * The same, when the peer's data was outdated before the reboot; 0 means for ever.
   * A whole number 0..300000 seconds, default 0.
   */
  readonly "outdated-wfc-timeout"?: number | string;
  /**
   * Whether drbd.service goes on waiting in a split brain.
   * Default no.
   */
  readonly "wait-after-sb"?: boolean | "yes" | "no";
}

/**
 * Shell commands that DRBD's kernel module has run on the node, by root, with DRBD_RESOURCE and more in the environment.
 * One line of printable ASCII, at most 255 characters. A change alters the file alone; the next event uses it.
 */
export interface HandlersOptions {
  /**
   * Runs on the target after a resync.
   * Default none.
   */
  readonly "after-resync-target"?: string;
  /**
   * Runs on the source before a resync.
   * Default none.
   */
  readonly "before-resync-source"?: string;
  /**
   * Runs on the target before a resync; a failure breaks the connection.
   * Default none.
   */
  readonly "before-resync-target"?: string;
  /**
   * Runs when a connection went down (DRBD 9).
   * Default none.
   * Only DRBD 9 has it.
   */
  readonly disconnected?: string;
  /**
   * Keeps the peer from becoming Primary; runs only where fencing is not dont-care.
   * Default none.
   */
  readonly "fence-peer"?: string;
  /**
   * Runs when a split brain is seen, before the after-sb policies.
   * Default none.
   */
  readonly "initial-split-brain"?: string;
  /**
   * Runs on an error of the backing disk with on-io-error call-local-io-error.
   * Default none.
   */
  readonly "local-io-error"?: string;
  /**
   * Runs after a verification that found differences.
   * Default none.
   */
  readonly "out-of-sync"?: string;
  /**
   * Runs on a Primary that should become a resync's target.
   * Default none.
   */
  readonly "pri-lost"?: string;
  /**
   * Runs on a Primary that lost an after-sb policy.
   * Default none.
   */
  readonly "pri-lost-after-sb"?: string;
  /**
   * Runs on a Primary that has no good copy left to read from.
   * Default none.
   */
  readonly "pri-on-incon-degr"?: string;
  /**
   * Runs on a Primary that lost quorum (DRBD 9).
   * Default none.
   * Only DRBD 9 has it.
   */
  readonly "quorum-lost"?: string;
  /**
   * Runs when a split brain was not resolved.
   * Default none.
   */
  readonly "split-brain"?: string;
  /**
   * Takes back what fence-peer did, after a resync.
   * Default none.
   */
  readonly "unfence-peer"?: string;
}

/**
 * drbdadm's own settings on a node. A change alters the file alone.
 */
export interface GlobalOptions {
  /**
   * How long drbdadm waits for quick commands.
   * A whole number 0..900 seconds, default 5.
   */
  readonly "cmd-timeout-short"?: number | string;
  /**
   * How long drbdadm waits for most commands.
   * A whole number 0..900 seconds, default 121.
   */
  readonly "cmd-timeout-medium"?: number | string;
  /**
   * How long drbdadm waits for slow commands.
   * A whole number 0..900 seconds, default 600.
   */
  readonly "cmd-timeout-long"?: number | string;
  /**
   * Pause between two updates of the countdown that the init script shows; 0 means none.
   * A whole number 0..600 seconds, default 1.
   */
  readonly "dialog-refresh"?: number | string;
  /**
   * Keeps drbdadm from checking that a configured address is there.
   * Default no.
   */
  readonly "disable-ip-verification"?: boolean | "yes" | "no";
  /**
   * Expected number of devices, a hint for the size of memory pools.
   * A whole number 1..255, default 32.
   */
  readonly "minor-count"?: number | string;
  /**
   * Names the link /dev/drbd/by-res/RESOURCE/0 instead of …/RESOURCE, as Debian's own file does. Left out where a pair is there already, its link stays what it was.
   * Default yes.
   */
  readonly "udev-always-use-vnr"?: boolean | "yes" | "no";
  /**
   * Whether drbdadm reports this installation to LINBIT's counter on the internet (upstream's default is ask).
   * Default no.
   */
  readonly "usage-count"?: "yes" | "no" | "ask";
}
