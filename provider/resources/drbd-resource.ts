import type { ManagerName } from "../core/wanted/manager-names";
import * as pulumi from "@pulumi/pulumi";

import { announceResource } from "./announce";
import { secretOutputs } from "../core/config/shared-secret";
import type {
  ByHostInputs,
  FilesystemInputs,
  SectionInputs,
  LinkInputs,
  VirtualMachineInputs,
} from "../core/wanted/inputs";
import type { VolumeOutputs } from "../core/told/outputs";
import type { DiskIdentity } from "../core/seen/disk-identity";
import type { DrbdNode } from "./drbd-node";
import { hidden } from "./engine-inputs";
import { warnOfSecretsFromPlainConfig } from "./plain-config";
import { resourceProvider } from "../dynamic/stub";

/** One side of a resource. */
export interface DrbdResourceNodeArgs {
  readonly node: DrbdNode;
  /**
   * The backing disk, partition or logical volume: best a path that stays the same (/dev/disk/by-id/…, /dev/vg/lv). It
   * must be blank, or hold this resource's own metadata: anything else is refused, but for what `existingData` keeps or
   * `discard` names. A change is refused while it runs. Left out where the resource has `volumes`.
   */
  readonly disk?: pulumi.Input<string>;
  /**
   * `internal` (default): at the end of the disk. Else the path of another blank disk for the metadata; for a pair that has
   * it so, with its slot there, 0..255: `/dev/vdc[1]` (drbd.conf's indexed metadata, 128 MiB each; drbd-utils 9.22.0). None is
   * made in a slot. A change is refused.
   */
  readonly metaDisk?: pulumi.Input<string>;
}

/** One volume of a resource that has several. */
export interface DrbdVolumeArgs {
  /** Its number in the resource, 0..65535. A volume that is new here is added to the resource that runs. */
  readonly volume: number;
  /** Number of the device, 0..1048575: 1 is /dev/drbd1; by hostname where it differs. A change is refused while it runs. */
  readonly minor: pulumi.Input<ByHostInputs<number>>;
  /** Hostname → backing disk, as in `nodes`. A change is refused while it runs. */
  readonly disks: Readonly<Record<string, pulumi.Input<string>>>;
  /** Hostname → another blank disk for the metadata, or a slot, as in `nodes`. Left out: the end of the backing disk. */
  readonly metaDisks?: Readonly<Record<string, pulumi.Input<string>>>;
  /**
   * Options of this volume's disk alone, on both hosts, which count before those of the resource's `disk`: drbd.conf's section
   * `disk` in a volume (drbd-utils 9.22.0). Changed in place. Those that DRBD 9 has for a connection (resync-rate, bitmap and
   * c-…) are refused here.
   */
  readonly disk?: pulumi.Input<NonNullable<SectionInputs["disk"]>>;
  /** As the resource's, for this volume. All volumes of a resource are new then. */
  readonly existingData?: pulumi.Input<"keep">;
  /** As the resource's, on this volume. Default: none. */
  readonly filesystem?: pulumi.Input<FilesystemInputs>;
}

export interface DrbdResourceArgs {
  /**
   * DRBD's own name for it, also that of /etc/drbd.d/NAME.res. With DRBD 8.4 no number and no word of drbd.conf's.
   * Default: the Pulumi name.
   */
  readonly name?: pulumi.Input<string>;
  /** The two hosts with a disk each. */
  readonly nodes: readonly [DrbdResourceNodeArgs, DrbdResourceNodeArgs];
  /**
   * Number of the device, 0..1048575: 1 is /dev/drbd1; by hostname where it differs. A change is refused while it runs.
   * Left out where the resource has `volumes`.
   */
  readonly minor?: pulumi.Input<ByHostInputs<number>>;
  /** TCP port, 1..65535; by hostname where it differs. A change disconnects and connects again. */
  readonly port: pulumi.Input<ByHostInputs<number>>;
  /**
   * Several volumes, which are connected, promoted and demoted together; or one with another number than 0. `minor`,
   * `filesystem`, `existingData` and the nodes' disks then stand in each of them, and options of its disk alone in its own
   * `disk`. Volumes are added and taken away while the others run.
   */
  readonly volumes?: readonly DrbdVolumeArgs[];
  /** When a write counts as done: A sent, B received by the peer, C (default) on both disks. Changed while connected. */
  readonly protocol?: pulumi.Input<"A" | "B" | "C">;
  /** Options of drbd.conf's `net` section. Changed in place; some reconnect. */
  readonly net?: pulumi.Input<NonNullable<SectionInputs["net"]>>;
  /** Options of drbd.conf's `disk` section. Changed in place. */
  readonly disk?: pulumi.Input<NonNullable<SectionInputs["disk"]>>;
  /** Options of drbd.conf's `options` section. Changed in place. */
  readonly options?: pulumi.Input<NonNullable<SectionInputs["options"]>>;
  /** Options of drbd.conf's `startup` section. */
  readonly startup?: pulumi.Input<NonNullable<SectionInputs["startup"]>>;
  /** drbd.conf's `handlers`: commands that the kernel has run on the hosts. */
  readonly handlers?: pulumi.Input<NonNullable<SectionInputs["handlers"]>>;
  /**
   * Default true: the peers prove to each other that they know a secret. Changed while connected. With false,
   * `sharedSecret` alone or `cramHmacAlg` alone is written all the same, as some pairs have it: a secret alone does
   * nothing, an algorithm alone takes the empty secret.
   */
  readonly auth?: pulumi.Input<boolean>;
  /** 1..63 printable ASCII characters. One is made, and kept as a secret output, where none is given. */
  readonly sharedSecret?: pulumi.Input<string>;
  /**
   * sha256 (default), md5, sha1, sha224, sha384, sha512, sha3-224, sha3-256, sha3-384, sha3-512, rmd160, sm3, wp512,
   * streebog256, streebog512, blake2b-256, blake2b-384 or blake2b-512, or the name of one driver of the kernel for it
   * (sha1-ssse3). The hosts' kernels must have it. Changed while connected.
   */
  readonly cramHmacAlg?: pulumi.Input<string>;
  /**
   * What the line between the two hosts is: { bandwidth: "24Mbit/s", roundTrip: "50ms" }. From it come those of these options
   * that nothing else sets, be it `net`, `disk` or a node's `common`: sndbuf-size (protocol A, or a long fast line), ko-count,
   * rcvbuf-size, max-buffers, max-epoch-size, ping-timeout, c-plan-ahead, c-fill-target, c-max-rate, c-min-rate; with
   * `whenFull: pull-ahead` on-congestion, congestion-fill, congestion-extents; of a new pair csums-alg. Those that come to DRBD's
   * own default are left out. Changed while connected; the sizes of buffers count from the next connection on DRBD 8.4.
   * Default: none, and DRBD's own defaults stay.
   */
  readonly link?: pulumi.Input<LinkInputs>;
  /**
   * Default false. True: before a resync overwrites a disk, drbd-utils' own handlers make an LVM snapshot of it, and remove it
   * when the resync is over. All backing disks are LVM volumes then, with room in their volume groups for what differs, 10 MiB
   * and 10 % of the disk. Where the room is too little when a resync begins, it begins without a snapshot. DRBD 8.4 alone. Not
   * beside handlers of your own for the same. Changed at any time; it counts from the next resync on.
   */
  readonly snapshotBeforeResync?: pulumi.Input<boolean>;
  /** Hostname of the side whose disk counts in the initial sync, which is Primary then and mounts the filesystem. */
  readonly syncSource: pulumi.Input<string>;
  /**
   * Hostname of the node that is Primary. An `up` in which it is new or another one switches sides: services stop, it is
   * unmounted and demoted there, then promoted and mounted here. Refused while this side is not connected and UpToDate.
   * Where it has not changed since the last `up`, or is left out, the resource stays where it runs. Default: none.
   */
  readonly primary?: pulumi.Input<string>;
  /**
   * `keep`: what is on the sync source's disk stays and is replicated. Nothing is formatted; DRBD's metadata goes behind
   * its filesystem where there is room, else to a `metaDisk`. A change does nothing once the pair was up.
   */
  readonly existingData?: pulumi.Input<"keep">;
  /**
   * `full` (default): of two new disks the sync source's is sent to the other one. `skip`: nothing is sent, and both are
   * UpToDate at once. Each host reads its whole disk first, and where any byte is not zero, `up` stops and says where; what
   * `discard` names is overwritten with zeros from end to end. A change does nothing once the pair was up.
   */
  readonly initialSync?: pulumi.Input<"full" | "skip">;
  /**
   * Hostname → what may be destroyed on its disk, by the identity that a refusal tells: { bravo: "xfs:1f0c…" }. Anything
   * else there is refused still. Means nothing once it is gone.
   */
  readonly discard?: pulumi.Input<Record<string, pulumi.Input<string | string[]>>>;
  /**
   * Hostname → the generation of the side whose changes are given up in a split brain, as the refusal tells it: { alpha:
   * "6D58B9…" }; a list, in the order of the volumes' numbers, where there are several. That side must be Secondary by then.
   * It is filled from the other one, and loses all that the other one never got. Of one side alone. Means nothing once it
   * is done. Default: none.
   */
  readonly giveUp?: pulumi.Input<Record<string, pulumi.Input<string | string[]>>>;
  /**
   * Where a copy of what `giveUp` gives up is kept first, on that host: a block device that is blank and large enough, or a
   * file that is not there yet, in an existing folder (sparse, with the device's size). For several volumes a list, in
   * the order of their numbers. `none`: no copy. Asked for with `giveUp`.
   */
  readonly keep?: pulumi.Input<string | string[]>;
  /**
   * Hostname → the token by which `primary` makes the other host Primary while this one cannot be reached: your word that it
   * is off, { alpha: "3f9c2ab81d04e756" }. The refusal of that `primary` tells the token. It counts until the two hosts are
   * connected again, and once. Without it, a host that cannot be reached stops `up`. Asked for with `primary`. Default: none.
   */
  readonly peerIsOff?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** The filesystem on the DRBD device. Made once, on a blank device only, and never again. Default: none. */
  readonly filesystem?: pulumi.Input<FilesystemInputs>;
  /**
   * Default true: `up` ends when both disks are UpToDate. Where a side must be filled before it can be made Primary and
   * mounted, `up` waits for that, and then does it; with false it warns that this is still to be done.
   */
  readonly waitForSync?: pulumi.Input<boolean>;
  /** Longest wait for the initial sync in seconds, 1..604800, default 3600. After that the sync goes on by itself. */
  readonly waitForSyncSeconds?: pulumi.Input<number>;
  /**
   * Units of systemd that run where the resource is mounted, or where it is Primary if it has no mount point: ["web.service"].
   * They start after it is mounted and stop before it is unmounted: in a boot, a shutdown, a switch, `systemctl stop`. Each is
   * there on both hosts beforehand, and may be .service, .timer, .socket, .target or .path; what a timer, a socket or a path
   * starts is listed, too. Where it is not mounted they do not start, even if somebody enabled them. One that is taken out of
   * the list runs on.
   */
  readonly services?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * Virtual machines of libvirt (`qemu:///system`) that run as `services` do, after them, and are shut down before the resource
   * is unmounted: ["web", { name: "db", shutdownTimeout: 300 }]. One that does not shut down keeps running, and the resource
   * stays where it is; only when its host shuts down is it powered off. All of their disks are files below the mount point, or
   * devices of the resource. One that is taken out of the list runs on, and stays defined.
   */
  readonly virtualMachines?: pulumi.Input<pulumi.Input<string | VirtualMachineInputs>[]>;
  /**
   * Tools whose word on this resource is passed over, by the names that a refusal has, such as ["Pacemaker"]: for one that
   * acts no more, or that leaves the resource alone (in maintenance mode, say). Without it, nothing is done to a resource
   * that another tool manages. Leave `filesystem` and `services` out where the tool goes on promoting and mounting.
   */
  readonly ignoreManagers?: pulumi.Input<pulumi.Input<ManagerName>[]>;
}

/** A replicated block device on two hosts, with a filesystem on it. */
export class DrbdResource extends pulumi.dynamic.Resource {
  declare readonly name: pulumi.Output<string>;
  declare readonly minor: pulumi.Output<ByHostInputs<number> | undefined>;
  declare readonly port: pulumi.Output<ByHostInputs<number>>;
  declare readonly syncSource: pulumi.Output<string>;
  /** The secret that the peers authenticate each other with. */
  declare readonly sharedSecret: pulumi.Output<string | undefined>;
  /** The text of /etc/drbd.d/NAME.res, with a placeholder for the secret. */
  declare readonly configuration: pulumi.Output<string>;
  /** /dev/drbdN, of the first volume. Known in a preview already. */
  declare readonly devicePath: pulumi.Output<string>;
  /**
   * Host → Primary or Secondary. This and what follows up to `inSync` was seen in the run that prints it: where it is
   * another state than the one that is stored, `up` stores it anew, which counts as an update and changes nothing on a
   * host.
   */
  declare readonly roles: pulumi.Output<Record<string, string>>;
  /** Connected when all is well. */
  declare readonly connectionState: pulumi.Output<string>;
  /** Host → UpToDate when all is well. */
  declare readonly diskStates: pulumi.Output<Record<string, string>>;
  /** Whether both disks hold the same. How far a sync is, a preview tells, and `up` while it waits for it. */
  declare readonly inSync: pulumi.Output<boolean>;
  declare readonly filesystemUuid: pulumi.Output<string | null>;
  declare readonly disks: pulumi.Output<Record<string, DiskIdentity>>;
  /** By number, where the resource has other volumes than volume 0 alone. */
  declare readonly volumeStates: pulumi.Output<Record<string, VolumeOutputs> | undefined>;
  /** The value of `primary` that an `up` has carried out: from then on the resource stays where somebody puts it. */
  declare readonly switchedTo: pulumi.Output<string | undefined>;

  constructor(name: string, args: DrbdResourceArgs, opts?: pulumi.CustomResourceOptions) {
    const found = {
      configuration: undefined,
      roles: undefined,
      connectionState: undefined,
      diskStates: undefined,
      inSync: undefined,
      filesystemUuid: undefined,
      disks: undefined,
      volumeStates: undefined,
      switchedTo: undefined,
    };
    const { sharedSecret } = args;
    warnOfSecretsFromPlainConfig(args, { sharedSecret });
    const props = {
      ...found,
      ...args,
      name: args.name ?? name,
      // Known before anything runs, so that others can use it in a preview.
      devicePath: pulumi
        .all([firstMinor(args), args.primary, args.syncSource])
        .apply(([minor, primary, source]) => devicePathOn(minor, primary ?? source)),
      sharedSecret: sharedSecret === undefined ? undefined : pulumi.secret(sharedSecret),
      nodes: args.nodes.map(({ node, disk, metaDisk }) => ({
        hostname: node.hostname,
        address: node.address,
        connection: node.connection,
        insecureIgnoreHostKey: node.insecureIgnoreHostKey,
        disk,
        metaDisk,
      })),
      __globalCommon: args.nodes.map(({ node }) => node.configuration),
      ...hidden("DrbdResource", name, opts),
    };
    super(
      resourceProvider,
      name,
      props,
      pulumi.mergeOptions(
        { additionalSecretOutputs: secretOutputs, dependsOn: args.nodes.map(({ node }) => node) },
        opts,
      ),
      "drbd",
      "DrbdResource",
    );
    announceResource(
      args.nodes.map(({ node }) => node),
      {
        ...args,
        // A look needs none.
        sharedSecret: undefined,
        name: args.name ?? name,
        nodes: args.nodes.map(({ disk, metaDisk }) => ({ disk, metaDisk })),
      },
    );
  }
}

function valueOn<T>(hostname: string, given: ByHostInputs<T>): T | undefined {
  return typeof given === "object" && given !== null ? (given as Readonly<Record<string, T>>)[hostname] : given;
}

function firstMinor(args: DrbdResourceArgs): pulumi.Input<ByHostInputs<number> | undefined> {
  const [first] = [...(args.volumes ?? [])].sort((a, b) => a.volume - b.volume);
  return first === undefined ? args.minor : first.minor;
}

function devicePathOn(minor: ByHostInputs<number> | undefined, hostname: string): string {
  return minor === undefined ? "" : `/dev/drbd${valueOn(hostname, minor) ?? ""}`;
}
