/**
 * DRBD's options, as drbd.conf spells them, with what each one takes. Types, ranges, defaults and the grammars that
 * know them are those of `drbdsetup xml-help` and `drbdsetup-84 xml-help` in drbd-utils 9.22.0 (captured in
 * test/fixtures/xml-help; a test holds this table against them). What xml-help does not say comes from the man pages
 * drbd.conf-8.4 and drbd.conf-9.0 of the same release: the defaults of enums, and the sections startup, handlers and
 * global, whose ranges were tried out on both parsers.
 *
 * Left out, because they are arguments of a command or have a place of their own: see `optionElsewhere`.
 */

/** The two configuration languages: drbdadm-84's, for DRBD 8.4 modules, and drbdadm's, for DRBD 9. */
export type Grammar = "8.4" | "9";

export type SectionName = "net" | "disk" | "options" | "startup" | "handlers" | "global";

interface Common {
  /** What it is for, in a line. */
  readonly about: string;
  /** The one grammar that knows it; both do when missing. */
  readonly only?: Grammar;
  /** Where it stands in 8.4, when that is another section than here (9's). */
  readonly sectionOf84?: SectionName;
}

/**
 * A number without a suffix counts these. Sizes take K, M and G (1024 each), `sectors` also s; numbers of things take
 * K, M and G too; times take no suffix.
 */
export type Unit = "bytes" | "sectors" | "KiB/s" | "s" | "0.1 s" | "ms" | "pages" | "requests" | "extents";

export interface NumberOption extends Common {
  readonly type: "number";
  readonly min: number;
  readonly max: number;
  readonly default: number;
  readonly unit?: Unit;
  /** Where the grammars differ; min and max are the wider ones. */
  readonly limits?: Readonly<Record<Grammar, { readonly min: number; readonly max: number }>>;
}
export interface BooleanOption extends Common {
  readonly type: "boolean";
  readonly default: boolean;
}
/** Written without a value; standing there means yes. */
export interface FlagOption extends Common {
  readonly type: "flag";
  readonly default: boolean;
}
export interface EnumOption extends Common {
  readonly type: "enum";
  readonly values: readonly string[];
  readonly default: string;
  /** The shorter list of 8.4, where it is shorter. */
  readonly valuesOf84?: readonly string[];
}
export interface NumberOrSymbolOption extends Common {
  readonly type: "number-or-symbol";
  readonly min: number;
  readonly max: number;
  readonly symbols: readonly string[];
  readonly default: string;
}
/** digest: a name from the kernel's crypto API. command: a shell command. resource: NAME or NAME/VOLUME. */
export interface TextOption extends Common {
  readonly type: "digest" | "transport" | "cpu-mask" | "command" | "resource";
  readonly default?: string;
}

export type Option = NumberOption | BooleanOption | FlagOption | EnumOption | NumberOrSymbolOption | TextOption;

const handler = (about: string, only?: Grammar): TextOption => ({ type: "command", about, only });
const wait = (about: string): NumberOption => ({ type: "number", min: 0, max: 300000, default: 0, unit: "s", about });
const deadline = (fallback: number, about: string): NumberOption => ({
  type: "number",
  min: 0,
  max: 900,
  default: fallback,
  unit: "s",
  about,
});

/** Section → option → what it takes. Sections as drbd.conf-9.0 has them. */
export const OPTIONS: Readonly<Record<SectionName, Readonly<Record<string, Option>>>> = {
  net: {
    "after-sb-0pri": {
      type: "enum",
      values: [
        "disconnect",
        "discard-younger-primary",
        "discard-older-primary",
        "discard-zero-changes",
        "discard-least-changes",
        "discard-local",
        "discard-remote",
      ],
      default: "disconnect",
      about: "What to do about a split brain while no node is Primary; all but disconnect may throw away writes",
    },
    "after-sb-1pri": {
      type: "enum",
      values: ["disconnect", "consensus", "discard-secondary", "call-pri-lost-after-sb", "violently-as0p"],
      default: "disconnect",
      about: "What to do about a split brain while one node is Primary; all but disconnect may throw away writes",
    },
    "after-sb-2pri": {
      type: "enum",
      values: ["disconnect", "call-pri-lost-after-sb", "violently-as0p"],
      default: "disconnect",
      about: "What to do about a split brain while both nodes are Primary; all but disconnect may throw away writes",
    },
    "allow-remote-read": {
      type: "boolean",
      default: true,
      only: "9",
      about: "Whether a node without data of its own may read from its peer (DRBD 9.0.19)",
    },
    "allow-two-primaries": {
      type: "boolean",
      default: false,
      about: "Lets both nodes be Primary at once, for cluster filesystems and live migration; needs protocol C",
    },
    "always-asbp": {
      type: "boolean",
      default: false,
      about: "Use the after-sb policies even where the history of the data is unclear",
    },
    "congestion-extents": {
      type: "number",
      min: 67,
      max: 65534,
      default: 1237,
      unit: "extents",
      about: "Active activity-log extents at which on-congestion applies",
    },
    "congestion-fill": {
      type: "number",
      min: 0,
      max: 20971520,
      default: 0,
      unit: "sectors",
      about: "Data in flight at which on-congestion applies; 0 turns this off",
    },
    "connect-int": {
      type: "number",
      min: 1,
      max: 120,
      default: 10,
      unit: "s",
      about: "Pause between two attempts to connect",
    },
    "csums-after-crash-only": {
      type: "boolean",
      default: false,
      about: "Use checksum-based resync only after the crash of a Primary",
    },
    "csums-alg": {
      type: "digest",
      default: "",
      about: "Digest for checksum-based resync, which sends only blocks that differ; for slow lines",
    },
    "data-integrity-alg": {
      type: "digest",
      default: "",
      about: "Checksum over each replicated block on the wire, for finding faulty networks; costs CPU time",
    },
    fencing: {
      type: "enum",
      values: ["dont-care", "resource-only", "resource-and-stonith"],
      default: "dont-care",
      sectionOf84: "disk",
      about:
        "Whether a node that lost its peer may be sure of its data; resource-only also keeps a node whose peer is unknown from becoming Primary, and is what a new DrbdResource gets when it says nothing",
    },
    "ko-count": {
      type: "number",
      min: 0,
      max: 200,
      default: 7,
      about: "A peer that fails to finish one write within ko-count times timeout is thrown out; 0 turns this off",
    },
    "max-buffers": {
      type: "number",
      min: 32,
      max: 131072,
      default: 2048,
      unit: "pages",
      about:
        "Most pages that the receiving side holds for writes and resync; raise it together with max-epoch-size on fast disks",
    },
    "max-epoch-size": {
      type: "number",
      min: 1,
      max: 20000,
      default: 2048,
      unit: "requests",
      about: "Most write requests between two write barriers",
    },
    "on-congestion": {
      type: "enum",
      values: ["block", "pull-ahead", "disconnect"],
      default: "block",
      about:
        "What to do when the send buffer is full; pull-ahead needs protocol A and leaves the peer Inconsistent for a while",
    },
    "ping-int": {
      type: "number",
      min: 1,
      max: 120,
      default: 10,
      unit: "s",
      about: "How long a connection may be idle before a keep-alive packet is sent",
    },
    "ping-timeout": {
      type: "number",
      min: 1,
      max: 300,
      default: 5,
      unit: "0.1 s",
      about:
        "How long a peer has to answer a keep-alive packet; the default is half a second, too short for some long lines",
    },
    "rcvbuf-size": {
      type: "number",
      min: 0,
      max: 10485760,
      default: 0,
      unit: "bytes",
      about: "TCP receive buffer; 0 lets the kernel tune it",
    },
    "rr-conflict": {
      type: "enum",
      values: ["disconnect", "call-pri-lost", "violently", "retry-connect", "auto-discard"],
      default: "disconnect",
      valuesOf84: ["disconnect", "call-pri-lost", "violently"],
      about: "What to do when a resync would have to overwrite a Primary",
    },
    "sndbuf-size": {
      type: "number",
      min: 0,
      max: 10485760,
      default: 0,
      unit: "bytes",
      about: "TCP send buffer; 0 lets the kernel tune it. With protocol A it bounds what can be lost",
    },
    "socket-check-timeout": {
      type: "number",
      min: 0,
      max: 300,
      default: 0,
      unit: "0.1 s",
      about: "How long a new connection is watched for stability; 0 means ping-timeout",
    },
    "tcp-cork": { type: "boolean", default: true, about: "Collect small packets before they are sent" },
    timeout: {
      type: "number",
      min: 1,
      max: 600,
      default: 60,
      unit: "0.1 s",
      about:
        "How long a peer may leave a request unanswered before it counts as dead; best below connect-int and ping-int",
    },
    transport: {
      type: "transport",
      default: "tcp",
      only: "9",
      about: "Kernel module that carries the connection (DRBD 9): tcp, rdma or lb-tcp",
    },
    "unplug-watermark": {
      type: "number",
      min: 1,
      max: 131072,
      default: 128,
      unit: "requests",
      only: "8.4",
      about: "Pending writes at which the backing disk is told to start; without effect since Linux 2.6.39",
    },
    "use-rle": { type: "boolean", default: true, about: "Compress bitmaps by run lengths when they are exchanged" },
    "verify-alg": {
      type: "digest",
      default: "",
      about: "Digest for online verification (drbdadm verify), which does not run without it",
    },
  },
  disk: {
    "al-extents": {
      type: "number",
      min: 67,
      max: 65534,
      default: 1237,
      unit: "extents",
      about:
        "Size of the activity log, in extents of 4 MiB: the hot area that is resynced after a crash of the Primary",
    },
    "al-updates": {
      type: "boolean",
      default: true,
      about: "Write the activity log; without it a crashed Primary means a full resync",
    },
    bitmap: {
      type: "boolean",
      default: true,
      only: "9",
      about: "Keep a bitmap for the peer (DRBD 9); without it each resync is a full one",
    },
    "c-delay-target": {
      type: "number",
      min: 1,
      max: 100,
      default: 10,
      unit: "0.1 s",
      about: "Delay in the line at which the resync controller aims when c-fill-target is 0",
    },
    "c-fill-target": {
      type: "number",
      min: 0,
      max: 1048576,
      default: 100,
      unit: "sectors",
      about: "Data in flight at which the resync controller aims; two to three times bandwidth times round trip",
    },
    "c-max-rate": {
      type: "number",
      min: 0,
      max: 4194304,
      default: 102400,
      unit: "KiB/s",
      limits: { "8.4": { min: 250, max: 4194304 }, "9": { min: 0, max: 4194304 } },
      about: "Highest speed that the resync controller may use",
    },
    "c-min-rate": {
      type: "number",
      min: 0,
      max: 4194304,
      default: 250,
      unit: "KiB/s",
      about: "Speed that a resync may always have, beside application I/O; 0 means no throttling at all",
    },
    "c-plan-ahead": {
      type: "number",
      min: 0,
      max: 300,
      default: 20,
      unit: "0.1 s",
      about: "How far the resync controller plans; 0 means the fixed resync-rate. At least five round trips",
    },
    "disable-write-same": {
      type: "boolean",
      default: false,
      about: "Do not pass on WRITE_SAME to backing disks that claim it and fail",
    },
    "discard-zeroes-if-aligned": {
      type: "boolean",
      default: true,
      about: "Treat aligned discards as zeroing where the backing disk does not promise it",
    },
    "disk-barrier": { type: "boolean", default: false, about: "Order writes with barriers" },
    "disk-drain": { type: "boolean", default: true, about: "Order writes by draining the queue" },
    "disk-flushes": {
      type: "boolean",
      default: true,
      about: "Order writes with flushes; turn it off only with a battery-backed cache",
    },
    "disk-timeout": {
      type: "number",
      min: 0,
      max: 6000,
      default: 0,
      unit: "0.1 s",
      about:
        "How long the backing disk may take for a request before it counts as failed; 0 means for ever. DRBD may crash the kernel if such a request returns later",
    },
    "max-bio-bvecs": {
      type: "number",
      min: 0,
      max: 128,
      default: 0,
      only: "8.4",
      about: "Most vectors in one block request, for misaligned partitions in guests; 0 means no limit",
    },
    "md-flushes": {
      type: "boolean",
      default: true,
      about: "Flush the metadata disk; turn it off only with a battery-backed cache",
    },
    "on-io-error": {
      type: "enum",
      values: ["pass_on", "call-local-io-error", "detach"],
      default: "detach",
      about:
        "What to do when the backing disk reports an error: detach goes on over the peer, pass_on reports it upwards (on a Primary)",
    },
    "read-balancing": {
      type: "enum",
      values: [
        "prefer-local",
        "prefer-remote",
        "round-robin",
        "least-pending",
        "when-congested-remote",
        "32K-striping",
        "64K-striping",
        "128K-striping",
        "256K-striping",
        "512K-striping",
        "1M-striping",
      ],
      default: "prefer-local",
      about: "Which node answers reads of the Primary",
    },
    "resync-after": {
      type: "resource",
      about:
        "Wait with this resource's resync until that of another one is done: its name, with /volume where it is not 0",
    },
    "resync-rate": {
      type: "number",
      min: 1,
      max: 8388608,
      default: 250,
      unit: "KiB/s",
      limits: { "8.4": { min: 1, max: 4194304 }, "9": { min: 1, max: 8388608 } },
      about: "Fixed speed of resync; counts only with c-plan-ahead 0",
    },
    "rs-discard-granularity": {
      type: "number",
      min: 0,
      max: 1048576,
      default: 0,
      unit: "bytes",
      about: "Unit in which zeroes are resynced as discards; 0 turns this off",
    },
  },
  options: {
    "auto-promote": {
      type: "boolean",
      default: true,
      only: "9",
      about: "Become Primary when the device is opened for writing, and Secondary when it is closed (DRBD 9)",
    },
    "auto-promote-timeout": {
      type: "number",
      min: 0,
      max: 600,
      default: 20,
      unit: "0.1 s",
      only: "9",
      about: "How long an open waits for the automatic promotion (DRBD 9)",
    },
    "cpu-mask": {
      type: "cpu-mask",
      default: "",
      about: "CPUs for DRBD's threads, a hexadecimal mask; empty lets the scheduler decide",
    },
    "max-io-depth": {
      type: "number",
      min: 4,
      max: 4294967295,
      default: 8000,
      unit: "requests",
      only: "9",
      about: "Most requests in flight in a device (DRBD 9)",
    },
    "on-no-data-accessible": {
      type: "enum",
      values: ["io-error", "suspend-io"],
      default: "io-error",
      about: "What I/O gets when no good copy can be reached",
    },
    "on-no-quorum": {
      type: "enum",
      values: ["io-error", "suspend-io"],
      default: "suspend-io",
      only: "9",
      about: "What I/O gets without quorum (DRBD 9)",
    },
    "on-suspended-primary-outdated": {
      type: "enum",
      values: ["disconnect", "force-secondary"],
      default: "disconnect",
      only: "9",
      about: "What a Primary frozen for lack of quorum does when it learns that its data is outdated (DRBD 9.1.7)",
    },
    "peer-ack-delay": {
      type: "number",
      min: 1,
      max: 10000,
      default: 100,
      unit: "ms",
      only: "9",
      about: "Idle time after which the Primary sends a peer-ack (DRBD 9)",
    },
    "peer-ack-window": {
      type: "number",
      min: 2048,
      max: 204800,
      default: 4096,
      unit: "sectors",
      only: "9",
      about: "Data after which the Primary sends a peer-ack (DRBD 9)",
    },
    quorum: {
      type: "number-or-symbol",
      min: 1,
      max: 32,
      symbols: ["off", "majority", "all"],
      default: "off",
      only: "9",
      about: "How many nodes must be seen for writing to go on; made for three and more (DRBD 9)",
    },
    "quorum-minimum-redundancy": {
      type: "number-or-symbol",
      min: 1,
      max: 32,
      symbols: ["off", "majority", "all"],
      default: "off",
      only: "9",
      about: "How many UpToDate disks must be seen for quorum (DRBD 9)",
    },
    "twopc-retry-timeout": {
      type: "number",
      min: 1,
      max: 50,
      default: 1,
      unit: "0.1 s",
      only: "9",
      about: "Longest pause before a cluster-wide state change is tried again (DRBD 9)",
    },
    "twopc-timeout": {
      type: "number",
      min: 50,
      max: 600,
      default: 300,
      unit: "0.1 s",
      only: "9",
      about: "How long a cluster-wide state change may take (DRBD 9)",
    },
  },
  startup: {
    "wfc-timeout": wait("How long drbd.service waits for the peer at boot; 0 means for ever"),
    "degr-wfc-timeout": wait("The same, when the peer was already gone before the reboot; 0 means for ever"),
    "outdated-wfc-timeout": wait("The same, when the peer's data was outdated before the reboot; 0 means for ever"),
    "wait-after-sb": {
      type: "boolean",
      default: false,
      about: "Whether drbd.service goes on waiting in a split brain",
    },
  },
  handlers: {
    "after-resync-target": handler("Runs on the target after a resync"),
    "before-resync-source": handler("Runs on the source before a resync"),
    "before-resync-target": handler("Runs on the target before a resync; a failure breaks the connection"),
    disconnected: handler("Runs when a connection went down (DRBD 9)", "9"),
    "fence-peer": handler("Keeps the peer from becoming Primary; runs only where fencing is not dont-care"),
    "initial-split-brain": handler("Runs when a split brain is seen, before the after-sb policies"),
    "local-io-error": handler("Runs on an error of the backing disk with on-io-error call-local-io-error"),
    "out-of-sync": handler("Runs after a verification that found differences"),
    "pri-lost": handler("Runs on a Primary that should become a resync's target"),
    "pri-lost-after-sb": handler("Runs on a Primary that lost an after-sb policy"),
    "pri-on-incon-degr": handler("Runs on a Primary that has no good copy left to read from"),
    "quorum-lost": handler("Runs on a Primary that lost quorum (DRBD 9)", "9"),
    "split-brain": handler("Runs when a split brain was not resolved"),
    "unfence-peer": handler("Takes back what fence-peer did, after a resync"),
  },
  global: {
    "cmd-timeout-short": deadline(5, "How long drbdadm waits for quick commands"),
    "cmd-timeout-medium": deadline(121, "How long drbdadm waits for most commands"),
    "cmd-timeout-long": deadline(600, "How long drbdadm waits for slow commands"),
    "dialog-refresh": {
      type: "number",
      min: 0,
      max: 600,
      default: 1,
      unit: "s",
      about: "Pause between two updates of the countdown that the init script shows; 0 means none",
    },
    "disable-ip-verification": {
      type: "flag",
      default: false,
      about: "Keeps drbdadm from checking that a configured address is there",
    },
    "minor-count": {
      type: "number",
      min: 1,
      max: 255,
      default: 32,
      about: "Expected number of devices, a hint for the size of memory pools",
    },
    "udev-always-use-vnr": {
      type: "flag",
      default: true,
      about:
        "Names the link /dev/drbd/by-res/RESOURCE/0 instead of …/RESOURCE, as Debian's own file does. Left out where a pair is there already, its link stays what it was",
    },
    "usage-count": {
      type: "enum",
      values: ["yes", "no", "ask"],
      default: "no",
      about:
        "Whether drbdadm reports this installation to LINBIT's counter on the internet (upstream's default is ask)",
    },
  },
};

/** Names that drbd.conf or drbdsetup know, and that are not to be set in a section here: what to do instead. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  protocol: "the protocol is set on the resource itself: protocol: A, B or C",
  "cram-hmac-alg": "peer authentication is set on the resource itself: auth, cramHmacAlg",
  "shared-secret": "the secret is set on the resource itself: sharedSecret",
  size: "the device takes its size from the smaller disk; a size that is set could cut off a filesystem's end",
  "become-primary-on": "who becomes Primary is syncSource's matter",
  "stacked-timeouts": "stacked resources are not supported",
  "discard-my-data": "it throws away data and belongs on a command line, not in a file",
  "outdate-peer": "the old name of fence-peer",
  rate: "the old name of resync-rate",
  after: "the old name of resync-after",
  "no-disk-barrier": "write disk-barrier: false",
  "no-disk-flushes": "write disk-flushes: false",
  "no-disk-drain": "write disk-drain: false",
  "no-md-flushes": "write md-flushes: false",
  "no-tcp-cork": "write tcp-cork: false",
};

export const optionElsewhere = (name: string): string | undefined =>
  Object.hasOwn(ELSEWHERE, name) ? ELSEWHERE[name] : undefined;

/** The options of `disk` that DRBD 9 keeps for each connection, which is where drbdadm has resolved them. */
export const PEER_DEVICE_OPTIONS: ReadonlySet<string> = new Set([
  "bitmap",
  "c-delay-target",
  "c-fill-target",
  "c-max-rate",
  "c-min-rate",
  "c-plan-ahead",
  "resync-rate",
]);

export const findOption = (section: SectionName, name: string): Option | undefined =>
  Object.hasOwn(OPTIONS[section], name) ? OPTIONS[section][name] : undefined;

/** The options that stand in another section in 8.4. */
export const movedIn84: readonly string[] = Object.values(OPTIONS).flatMap((options) =>
  Object.entries(options).flatMap(([name, { sectionOf84 }]) => (sectionOf84 === undefined ? [] : [name])),
);

/** The options that 8.4 does not have. */
export const ONLY_IN_9: ReadonlySet<string> = new Set(
  Object.values(OPTIONS).flatMap((options) =>
    Object.entries(options).flatMap(([name, { only }]) => (only === "9" ? [name] : [])),
  ),
);

/** Every name that is an option of drbd.conf, whether it can be set here or not. */
export const OPTION_NAMES: readonly string[] = [
  ...Object.values(OPTIONS).flatMap((options) => Object.keys(options)),
  ...Object.keys(ELSEWHERE),
];
