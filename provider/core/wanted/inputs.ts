import type { FilesystemType } from "./filesystem-types";
import type { ManagerName } from "./manager-names";
import type {
  DiskOptions,
  GlobalOptions,
  HandlersOptions,
  NetOptions,
  ResourceOptions,
  StartupOptions,
} from "./option-types";

/** How a host is reached over SSH: @pulumi/command 1.2.1's `remote.ConnectionArgs`, without Pulumi's wrapping. */
export interface ProxyConnectionInputs {
  /** Host name or address. */
  readonly host: string;
  /** 1..65535. Default: what ~/.ssh/config says, and else 22. */
  readonly port?: number;
  /** Default: what ~/.ssh/config says, and else root. Another user works through `sudo -n`. */
  readonly user?: string;
  /** That of the user, where no key is given. */
  readonly password?: string;
  /**
   * The text of a private key, in OpenSSH's format, PEM or PKCS#8; preferred to the password. With a key or a
   * password here, ~/.ssh/config is not read; without, the system's own `ssh` is used, where there is one.
   */
  readonly privateKey?: string;
  /** Passphrase of the private key. */
  readonly privateKeyPassword?: string;
  /** Socket of an SSH agent, default $SSH_AUTH_SOCK. */
  readonly agentSocketPath?: string;
  /** Dials before giving up, -1 for no limit. Default: two, and one where it took longer than 5 seconds. */
  readonly dialErrorLimit?: number;
  /** Seconds for each dial, default 15; 0 for no limit. */
  readonly perDialTimeout?: number;
  /** The host's public key, as in known_hosts. Without it the key must be in known_hosts already. */
  readonly hostKey?: string;
}

export interface ConnectionInputs extends ProxyConnectionInputs {
  /** One hop in between. */
  readonly proxy?: ProxyConnectionInputs;
}

/** drbd.conf's sections of options. */
export interface SectionInputs {
  readonly net?: NetOptions;
  readonly disk?: DiskOptions;
  readonly options?: ResourceOptions;
  readonly startup?: StartupOptions;
  readonly handlers?: HandlersOptions;
}

/** drbd.conf's `common` section. */
export interface CommonInputs extends SectionInputs {
  /** Of resources that the program does not describe: a DrbdResource has its own, C where it says nothing. */
  readonly protocol?: "A" | "B" | "C";
}

/** A host that replicates. */
export interface NodeInputs {
  /** What `uname -n` says there, to the letter. A change is another node. */
  readonly hostname: string;
  readonly connection: ConnectionInputs;
  /** Default false: the host's key must be given in `connection.hostKey` or stand in known_hosts. True trusts any host. */
  readonly insecureIgnoreHostKey?: boolean;
  /**
   * IPv4 or IPv6 address of this host that its peers reach; no host name. A link-local one has its interface with it,
   * `fe80::1%eth1`, by a name that both hosts have (DRBD 9 alone); a loopback one is the end of a tunnel.
   */
  readonly address: string;
  readonly global?: GlobalOptions;
  /** Options for every resource of the node that does not set them itself. */
  readonly common?: CommonInputs;
}

/** One side of a resource. */
export interface ResourceNodeInputs {
  /** What `uname -n` says there, to the letter. */
  readonly hostname: string;
  /** IPv4 or IPv6 address of this host that the peer reaches. A change disconnects and connects again. */
  readonly address: string;
  readonly connection: ConnectionInputs;
  /** Default false: the host's key must be given in `connection.hostKey` or stand in known_hosts. True trusts any host. */
  readonly insecureIgnoreHostKey?: boolean;
  /**
   * Path of the backing disk below /dev, best one that stays the same: /dev/disk/by-id/…, /dev/vg/lv. A change is refused.
   * Left out where the resource has `volumes`.
   */
  readonly disk?: string;
  /**
   * `internal` (default: at the end of the disk), or the path of another disk for the metadata. `/dev/vdc[1]` is a slot of a
   * disk that several share, 0..255, for a pair that has its metadata there: none is made in one. A change is refused.
   */
  readonly metaDisk?: string;
}

export interface FilesystemInputs {
  /** Default xfs. ext4, ext3, ext2, btrfs, jfs and reiserfs are mounted where they are there already, and never made. */
  readonly type?: FilesystemType;
  /** At most 12 of A-Z a-z 0-9 . _ -. */
  readonly label?: string;
  /**
   * Further arguments of mkfs.xfs, word by word: ["-m", "reflink=0"]. What both hosts need to mount it is added where they
   * differ: the larger disk's sector size, and an option that leaves out each feature that the older kernel lacks. `-c` with
   * one of xfsprogs' own lists (["-c", "options=/usr/share/xfsprogs/mkfs/lts_6.1.conf"]) decides the features alone.
   * -f, -L, -N and other devices are refused.
   */
  readonly mkfsOptions?: readonly string[];
  /** Where it is mounted on the host that is Primary; an absolute path. Not mounted when left out. */
  readonly mountPoint?: string;
  /**
   * Further options for fstab: ["noatime"]. The provider itself sets noauto, nofail, _netdev and, of systemd's, what starts
   * the device; x-systemd.after, .before, .requires, .wants, .requires-mounts-for and .mount-timeout may be given. A
   * mount, and an unmount by systemd, may take 600 s where no mount-timeout is given (systemd 247: 90 s by itself).
   */
  readonly mountOptions?: readonly string[];
}

/** A value for both hosts, or one for each by its hostname: { alpha: 7789, bravo: 7790 }. */
export type ByHostInputs<T> = T | Readonly<Record<string, T>>;

/** A virtual machine of libvirt. */
export interface VirtualMachineInputs {
  /** As `virsh list --all` shows it. */
  readonly name: string;
  /**
   * Its definition, for both hosts: it is defined where it is not there or differs. It has a <mac> for each <interface>, and
   * holds no password. Left out: it is defined on one host at least, and on the other one from there. A change counts from the
   * machine's next start.
   */
  readonly xml?: string;
  /** Seconds that it has to shut down, 1..86400, default 120. */
  readonly shutdownTimeout?: number;
}

/** One volume of a resource that has several: a replicated device. */
export interface VolumeInputs {
  /** Its number in the resource, 0..65535. A volume that is new here is added to the resource that runs. */
  readonly volume: number;
  /** Number of the device, 0..1048575, free on both nodes: minor 1 is /dev/drbd1. A change is refused. */
  readonly minor: ByHostInputs<number>;
  /** Hostname → path of the backing disk, as in `nodes`. A change is refused. */
  readonly disks: Readonly<Record<string, string>>;
  /**
   * Hostname → `internal` (default), the path of another disk for the metadata, or a slot of one, as in `nodes`. A change is
   * refused.
   */
  readonly metaDisks?: Readonly<Record<string, string>>;
  /**
   * Options of this volume's disk alone, on both nodes; they count before those of the resource's `disk`. Changed while it is
   * attached. Those that DRBD 9 has for a connection (resync-rate, bitmap and c-…) stand in the resource's `disk`.
   */
  readonly disk?: DiskOptions;
  /** As the resource's, for this volume. All volumes of a resource are new then. */
  readonly existingData?: "keep";
  /** As the resource's, on this volume. Default: none. */
  readonly filesystem?: FilesystemInputs;
}

/** What the line between the two hosts is. */
export interface LinkInputs {
  /** 512kbit/s..800Gbit/s, what the line gives in the worse direction: "24Mbit/s", "3MB/s". */
  readonly bandwidth: string;
  /** 0..1s, what ping shows on the idle line: "50ms". */
  readonly roundTrip: string;
  /**
   * How many resources use the line, 1..100, default 1; of a DrbdPair's or a site's own `link`, as many as it has without one
   * of their own. c-min-rate and ko-count allow for all of them.
   */
  readonly sharedBy?: number;
  /**
   * What happens to writes while the send buffer is full: they wait for the line (block, the default), or they go on and the
   * second host falls behind (pull-ahead, with protocol A alone). With pull-ahead the loss has no bound where the Primary dies.
   */
  readonly whenFull?: "block" | "pull-ahead";
}

/** One or more replicated devices on two nodes, which are connected, promoted and demoted together. */
export interface ResourceInputs extends SectionInputs {
  /**
   * DRBD's name for it: a letter or digit, then letters, digits, `.`, `_`, `-`; at most 63. With DRBD 8.4 no number and no
   * word of drbd.conf's. A change is refused.
   */
  readonly name: string;
  /** The two sides, in any order. */
  readonly nodes: readonly ResourceNodeInputs[];
  /**
   * Number of the device, 0..1048575, free on both nodes: minor 1 is /dev/drbd1. A change is refused. Left out where the
   * resource has `volumes`.
   */
  readonly minor?: ByHostInputs<number>;
  /** TCP port, 1..65535, free on each node. A change disconnects and connects again. */
  readonly port: ByHostInputs<number>;
  /**
   * Several volumes, or one with another number than 0. `minor`, `filesystem`, `existingData` and the nodes' disks then
   * stand in each of them, and not beside. Volumes are added and taken away while the others run.
   */
  readonly volumes?: readonly VolumeInputs[];
  /**
   * When a write counts as done: A when it is on the local disk and sent, B when the peer has received it, C (default)
   * when it is on both disks. Changed while connected.
   */
  readonly protocol?: "A" | "B" | "C";
  /**
   * Default true: the nodes prove to each other that they know the secret. Changed while connected. A pair that somebody
   * else set up keeps what it has where auth, sharedSecret and cramHmacAlg are left out. With false, `sharedSecret`
   * alone or `cramHmacAlg` alone is written all the same, as some pairs have it: a secret alone does nothing, an algorithm
   * alone takes the empty secret.
   */
  readonly auth?: boolean;
  /** 1..63 printable ASCII characters. One is generated when left out. */
  readonly sharedSecret?: string;
  /**
   * sha256 (default), md5, sha1, sha224, sha384, sha512, sha3-224, sha3-256, sha3-384, sha3-512, rmd160, sm3, wp512,
   * streebog256, streebog512, blake2b-256, blake2b-384 or blake2b-512, or the name of one driver of the kernel for it
   * (sha1-ssse3). The hosts' kernels must have it. Changed while connected.
   */
  readonly cramHmacAlg?: string;
  /**
   * What the line between the two hosts is: { bandwidth: "24Mbit/s", roundTrip: "50ms" }. From it come those of these options
   * that nothing else sets, be it `net`, `disk` or a node's `common`: sndbuf-size (protocol A, or a long fast line), ko-count,
   * rcvbuf-size, max-buffers, max-epoch-size, ping-timeout, c-plan-ahead, c-fill-target, c-max-rate, c-min-rate; with
   * `whenFull: pull-ahead` on-congestion, congestion-fill, congestion-extents; of a new pair csums-alg. Those that come to DRBD's
   * own default are left out. Changed while connected; the sizes of buffers count from the next connection on DRBD 8.4.
   * Default: none, and DRBD's own defaults stay.
   */
  readonly link?: LinkInputs;
  /**
   * Default false. True: before a resync overwrites a disk, drbd-utils' own handlers make an LVM snapshot of it, and remove it
   * when the resync is over. All backing disks are LVM volumes then, with room in their volume groups for what differs, 10 MiB
   * and 10 % of the disk. Where the room is too little when a resync begins, it begins without a snapshot. DRBD 8.4 alone. Not
   * beside handlers of your own for the same. Changed at any time; it counts from the next resync on.
   */
  readonly snapshotBeforeResync?: boolean;
  /** Hostname of the node whose disk counts in the initial sync, and that is Primary then. */
  readonly syncSource: string;
  /**
   * Hostname of the node that is Primary. An `up` in which it is new or another one switches sides: services stop, it is
   * unmounted and demoted there, then promoted and mounted here. Refused while this side is not connected and UpToDate.
   * Where it has not changed since the last `up`, or is left out, the resource stays where it runs. Default: none.
   */
  readonly primary?: string;
  /**
   * `keep`: the sync source's disk holds data that becomes what is replicated. Nothing is formatted; DRBD's metadata
   * goes behind its filesystem (XFS, ext2 to ext4) where there is room, else to a `metaDisk`. Without it, a disk that is
   * not blank is refused. Once the pair was up it means nothing more, and a change of it does nothing.
   */
  readonly existingData?: "keep";
  /**
   * `full` (default): of two new disks the sync source's is sent to the other one. `skip`: nothing is sent. Each host reads its
   * whole disk instead, and where any byte is not zero, `up` stops. Once the pair was up it means nothing more.
   */
  readonly initialSync?: "full" | "skip";
  /**
   * Hostname → what may be destroyed on its disk, by the identity that a refusal tells: { bravo: "xfs:1f0c…" }; a list
   * where both its disks hold something. Other contents than these are refused still. Never the only or the newest copy
   * of the resource's data. Once it is gone the line means nothing more.
   */
  readonly discard?: Readonly<Record<string, string | readonly string[]>>;
  /**
   * Hostname → the generation of the side whose changes are given up in a split brain, as the refusal tells it: { alpha:
   * "6D58B9…" }; a list, in the order of the volumes' numbers, where there are several. That side must be Secondary by then.
   * It is filled from the other one, and loses all that the other one never got. Of one side alone. Means nothing once it
   * is done. Default: none.
   */
  readonly giveUp?: Readonly<Record<string, string | readonly string[]>>;
  /**
   * Where a copy of what `giveUp` gives up is kept first, on that host: a block device that is blank and large enough, or a
   * file that is not there yet, in an existing folder (sparse, with the device's size). For several volumes a list, in
   * the order of their numbers. `none`: no copy. Asked for with `giveUp`.
   */
  readonly keep?: string | readonly string[];
  /**
   * Hostname → the token by which `primary` makes the other host Primary while this one cannot be reached: your word that it
   * is off, { alpha: "3f9c2ab81d04e756" }. The refusal of that `primary` tells the token. It counts until the two hosts are
   * connected again, and once. Without it, a host that cannot be reached stops `up`. Asked for with `primary`. Default: none.
   */
  readonly peerIsOff?: Readonly<Record<string, string>>;
  readonly filesystem?: FilesystemInputs;
  /** Default true: `up` ends when both disks are UpToDate. */
  readonly waitForSync?: boolean;
  /** Longest wait for the initial sync in seconds, 1..604800, default 3600. The sync itself goes on after it. */
  readonly waitForSyncSeconds?: number;
  /**
   * Units of systemd that run where the resource is mounted, or where it is Primary if it has no mount point: ["web.service"].
   * They start after it is mounted and stop before it is unmounted: in a boot, a shutdown, a switch, `systemctl stop`. Each is
   * there on both hosts beforehand, and may be .service, .timer, .socket, .target or .path; what a timer, a socket or a path
   * starts is listed, too. Where it is not mounted they do not start, even if somebody enabled them. One that is taken out of
   * the list runs on.
   */
  readonly services?: readonly string[];
  /**
   * Virtual machines of libvirt (`qemu:///system`) that run as `services` do, after them, and are shut down before the resource
   * is unmounted: ["web", { name: "db", shutdownTimeout: 300 }]. One that does not shut down keeps running, and the resource
   * stays where it is; only when its host shuts down is it powered off. All of their disks are files below the mount point, or
   * devices of the resource. One that is taken out of the list runs on, and stays defined.
   */
  readonly virtualMachines?: readonly (string | VirtualMachineInputs)[];
  /**
   * Tools whose word on this resource is passed over, by the names that a refusal has, such as ["Pacemaker"]: for one that
   * acts no more, or that leaves the resource alone (in maintenance mode, say). Without it, nothing is done to a resource
   * that another tool manages. Leave `filesystem` and `services` out where the tool goes on promoting and mounting.
   */
  readonly ignoreManagers?: readonly ManagerName[];
}
