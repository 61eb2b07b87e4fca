import { describeAdjustment, parseAdjustment, type Adjustment } from "./adjust-lines";
import { describeChange } from "./changed-lines";
import { redactSecrets } from "./config-file";
import type { DesiredResource } from "./desired";
import { relate } from "./generation-identifiers";
import type { Memory } from "./memory";
import type { ObservedNode } from "./observed";
import { devicePath, fstabPath, resourcePath } from "./paths";
import type { Plan, Refusal, Stage, Step } from "./plan";
import { preflight, warn } from "./preflight";
import { classifySide, isPrimary, type Side } from "./side";
import * as steps from "./steps-resource";
import { promotionUnit, promotionUnitPath, targetOf } from "./systemd";

export interface ResourceSituation {
  readonly desired: DesiredResource;
  /** The text of the resource's file, secret included. */
  readonly configuration: string;
  /** In the order of `desired.sides`. */
  readonly nodes: readonly [ObservedNode, ObservedNode];
  readonly memory: Memory;
  /** drbd-utils and the module may still be missing: the nodes' own plans bring them. */
  readonly preview: boolean;
}

/**
 * (Desired, Observed) → Plan. Every step is there because of something observed; a plan after a full apply is empty.
 * Where a later step depends on what an earlier one finds, the plan ends before it, and the next observation goes on.
 */
export function planResource(situation: ResourceSituation): Plan {
  const { desired, nodes } = situation;
  const refused = (refusals: readonly Refusal[]): Plan => ({
    subject: desired.name,
    stages: [],
    refusals,
    warnings: [],
    afterwards: [],
  });
  const early = preflight(situation);
  if (early.length > 0) return refused(early);
  const first = classifySide(desired, desired.sides[0], nodes[0]);
  const second = classifySide(desired, desired.sides[1], nodes[1]);
  if (Array.isArray(first) || Array.isArray(second)) {
    return refused([first, second].flatMap((side) => (Array.isArray(side) ? side : [])));
  }
  const pair = new PairPlan(situation, [first, second]);
  const refusals = pair.refusals();
  if (refusals.length > 0) return refused(refusals);
  return {
    subject: desired.name,
    stages: pair.stages().filter((stage) => stage.length > 0),
    refusals: [],
    warnings: warn(situation),
    afterwards: pair.afterwards(),
  };
}

class PairPlan {
  private readonly desired: DesiredResource;
  private readonly source: Side;
  private readonly target: Side;

  constructor(
    private readonly situation: ResourceSituation,
    private readonly sides: readonly [Side, Side],
  ) {
    this.desired = situation.desired;
    const [first, second] = sides;
    const firstIsSource = first.desired.hostname === this.desired.syncSource;
    this.source = firstIsSource ? first : second;
    this.target = firstIsSource ? second : first;
  }

  /** Nobody ever wrote through this pair: the one state in which the sync source may be made primary by force. */
  private get neverUsed(): boolean {
    return this.sides.every(({ progress }) => progress.kind === "blank" || progress.kind === "new");
  }

  refusals(): Refusal[] {
    return [
      ...this.refuseLostData(),
      ...this.refuseWrongSource(),
      ...this.refuseUnrelated(),
      ...this.sides.flatMap((side) => this.refuseRunning(side)),
      ...this.refuseFilesystem(),
      ...this.sides.flatMap((side) => this.refuseMount(side)),
    ];
  }

  private refuseLostData(): Refusal[] {
    const { filesystemUuid } = this.situation.memory;
    if (filesystemUuid === null || !this.neverUsed) return [];
    return [
      {
        found: `the filesystem ${filesystemUuid} was on ${this.desired.name}, and neither disk holds a generation of its data any more`,
        way: `The disks may have been swapped, wiped or re-partitioned: find the old ones. To begin anew with these, run \`pulumi destroy\` for this resource (it leaves the disks alone) and then \`pulumi up\`.`,
      },
    ];
  }

  private refuseWrongSource(): Refusal[] {
    const empty = ["blank", "new"].includes(this.source.progress.kind);
    if (!empty || this.target.progress.kind !== "used" || this.situation.memory.filesystemUuid !== null) return [];
    const { hostname } = this.target.desired;
    return [
      {
        node: hostname,
        found: `its disk ${this.target.desired.disk} holds data of a DRBD resource, while the sync source ${this.desired.syncSource} holds none`,
        way: `If ${hostname}'s data is the one to keep, set \`syncSource: ${hostname}\`. If it may go, wipe it there yourself (\`drbdadm wipe-md ${this.desired.name}\`, \`wipefs -a\`).`,
      },
    ];
  }

  private refuseUnrelated(): Refusal[] {
    const [first, second] = this.sides;
    const connected = this.sides.some(({ kernel }) => kernel?.connection === "Connected");
    if (connected || first.progress.kind !== "used" || second.progress.kind !== "used") return [];
    if (first.progress.gi === undefined || second.progress.gi === undefined) return [];
    const relation = relate(first.progress.gi, second.progress.gi);
    if (relation === "split-brain" || relation === "unrelated") {
      const names = `${first.desired.hostname} and ${second.desired.hostname}`;
      const [victim, survivor] = [this.target.desired.hostname, this.source.desired.hostname];
      const found =
        relation === "split-brain"
          ? `split brain: ${names} both hold changes that the other has not seen`
          : `${names} hold data that has nothing in common`;
      return [
        {
          found,
          way:
            `Which changes are given up is for a person to decide. To give up ${victim}'s: there, unmount it, \`drbdadm secondary ${this.desired.name}\`, ` +
            `\`drbdadm disconnect ${this.desired.name}\`, \`drbdadm connect --discard-my-data ${this.desired.name}\`; then on ${survivor}, \`drbdadm connect ${this.desired.name}\`.`,
        },
      ];
    }
    return [];
  }

  /** What bringing the kernel to the wanted configuration would do to a device that runs. */
  private refuseRunning(side: Side): Refusal[] {
    const host = side.desired.hostname;
    const adjustment = this.adjustment(side);
    if (side.kernel === undefined) return [];
    if (adjustment.dangerous.length > 0) {
      return [
        {
          node: host,
          found: `the wanted configuration would have DRBD run \`${adjustment.dangerous.join("; ")}\` on a device that is running`,
          way: "A disk, a minor, a metadata place or a size cannot be changed under a running device: take the old value back, or take the resource down yourself first.",
        },
      ];
    }
    if (side.kernel.connection === "StandAlone" && this.isChange(side)) {
      return [
        {
          node: host,
          found: `${this.desired.name} is StandAlone there: it was disconnected by hand, or after a split brain`,
          way: `Connect it first (\`drbdadm connect ${this.desired.name}\` on both hosts) and look at \`dmesg\` if it parts again.`,
        },
      ];
    }
    return [];
  }

  private refuseFilesystem(): Refusal[] {
    const { filesystem } = this.desired;
    const primary = this.sides.find(isPrimary);
    const device = primary?.observed?.device;
    if (filesystem === undefined || primary === undefined || device === undefined) return [];
    const node = primary.desired.hostname;
    const path = devicePath(this.desired.minor);
    const known = this.situation.memory.filesystemUuid;
    switch (device.kind) {
      case "blank":
        if (known !== null) {
          return [
            {
              node,
              found: `${path} looks blank, but the filesystem ${known} was made on it`,
              way: "It is never formatted a second time. Find out what happened to it before anything else.",
            },
          ];
        }
        if (this.isNewlyForced(primary)) return [];
        return [
          {
            node,
            found: `${path} has no filesystem, and was not first made Primary by pulumi-drbd: samples of it are zero, but it has been in use`,
            way: `If nothing on it counts, format it yourself (\`mkfs.xfs ${path}\` on ${node}) and run \`pulumi up\` again.`,
          },
        ];
      case "signature":
        if (device.type === filesystem.type) return [];
        return [
          {
            node,
            found: `${path} holds ${device.type}, not ${filesystem.type}`,
            way: "Leave `filesystem` out to use the device as it is.",
          },
        ];
      default:
        return [
          {
            node,
            found: `${path} holds data (${device.kind === "data" ? `the first at byte ${device.offset}` : device.kind}) but no filesystem`,
            way: "It is not formatted over. Leave `filesystem` out to use the device as it is, or clear it yourself.",
          },
        ];
    }
  }

  /** We made it Primary by force, and were stopped before it was formatted. */
  private isNewlyForced(side: Side): boolean {
    return side.node.links.includes(steps.formattingMark(this.desired.name));
  }

  private refuseMount(side: Side): Refusal[] {
    const mountPoint = this.desired.filesystem?.mountPoint;
    if (mountPoint === undefined) return [];
    const node = side.desired.hostname;
    const device = devicePath(this.desired.minor);
    const there = side.node.mounts.findLast((one) => one.target === mountPoint);
    if (there !== undefined && there.source !== device) {
      return [
        {
          node,
          found: `${there.source} is mounted at ${mountPoint}`,
          way: "Choose another `filesystem.mountPoint`, or unmount it.",
        },
      ];
    }
    if (side.mountedAt.length > 0 && !side.mountedAt.includes(mountPoint)) {
      return [
        {
          node,
          found: `${device} is mounted at ${side.mountedAt.join(", ")}, and ${mountPoint} is wanted`,
          way: "Unmount it there; `pulumi up` then mounts it at the new place.",
        },
      ];
    }
    const line = fstabLines(side.node).find((fields) => fields[1] === mountPoint && fields[0] !== device);
    if (line !== undefined) {
      return [
        {
          node,
          found: `${fstabPath} mounts ${line[0] ?? ""} at ${mountPoint}`,
          way: "Remove that line, or choose another `filesystem.mountPoint`.",
        },
      ];
    }
    return [];
  }

  stages(): Stage[] {
    const changedFiles = this.sides.flatMap((side) => this.writeFile(side));
    const running = this.sides.filter((side) => side.kernel !== undefined && this.isChange(side));
    if (running.length > 0) {
      // Both files first, then one node after the other: a pair whose halves differ would part on a reconnect.
      return [changedFiles, ...running.map((side) => [this.adjust(side)]), ...this.startup([])];
    }
    return this.startup(changedFiles);
  }

  /** From wherever the pair is to up, connected, promoted, formatted and mounted. */
  private startup(changedFiles: readonly Step[]): Stage[] {
    const prepare = this.sides.flatMap((side) => {
      const host = side.desired.hostname;
      return [...changedFiles.filter((step) => step.node === host), ...this.bringUp(side)];
    });
    const boot = this.sides.flatMap((side) => this.bootSteps(side));
    const promote = this.promoteAndFormat();
    const forced = promote.some((step) => step.argv.includes("--force"));
    const checked = forced
      ? this.sides.map((side) => steps.checkNeverUsed(side.desired.hostname, this.desired.name))
      : [];
    return [
      [...prepare, ...checked],
      [...promote, ...boot, ...this.mountSteps()],
    ];
  }

  private writeFile(side: Side): Step[] {
    const path = resourcePath(this.desired.name);
    const there = side.node.files.get(path);
    if (there === this.situation.configuration) return [];
    const because =
      there === undefined
        ? "new; parsed by drbdadm there first, identical on both"
        : redactSecrets(there) === redactSecrets(this.situation.configuration)
          ? "the shared secret changes"
          : "changed (see --diff); parsed by drbdadm there first, identical on both";
    return [steps.writeResourceFile(side.desired.hostname, this.desired.name, this.situation.configuration, because)];
  }

  private adjustment(side: Side): Adjustment {
    const { observed, node } = side;
    const text = observed?.change?.output ?? node.adjust?.output ?? "";
    return parseAdjustment(text);
  }

  /** Whether the running kernel differs from what is wanted. */
  private isChange(side: Side): boolean {
    const adjustment = this.adjustment(side);
    return (
      [...adjustment.options, ...adjustment.connection, ...adjustment.start].length > 0 &&
      side.device?.disk !== undefined
    );
  }

  private adjust(side: Side): Step {
    const there = side.node.files.get(resourcePath(this.desired.name));
    const changed = describeChange(redactSecrets(there ?? ""), redactSecrets(this.situation.configuration));
    const reconnects = this.adjustment(side).connection.length > 0 ? "; disconnects and connects again" : "";
    const because =
      there === undefined || changed === ""
        ? `the kernel differs from the configuration: ${describeAdjustment(this.adjustment(side))}`
        : `${changed}${reconnects}`;
    return steps.adjust(side.desired.hostname, this.desired.name, because);
  }

  private bringUp(side: Side): Step[] {
    const { desired } = this;
    const host = side.desired.hostname;
    const { disk, metaDisk } = side.desired;
    const { progress } = side;
    const made: Step[] = [];
    if (progress.kind === "blank") {
      const because = `${describeDisk(side)} is blank`;
      const { diskSize, metaDiskSize } = progress;
      made.push(steps.createMetadata(host, desired, { disk, diskSize, metaDisk, metaDiskSize }, because));
    }
    if (side.kernel === undefined) {
      made.push(
        steps.up(
          host,
          desired.name,
          progress.kind === "blank" ? "attaches the disk and looks for the peer" : "it is down",
        ),
      );
    } else if (side.device === undefined || side.device.disk === "Diskless") {
      made.push(steps.adjust(host, desired.name, "its disk is not attached"));
    }
    return made;
  }

  private promoteAndFormat(): Step[] {
    const { desired } = this;
    const host = this.source.desired.hostname;
    const filesystem = desired.filesystem;
    if (this.neverUsed) {
      const promote = steps.forcePrimary(
        host,
        desired.name,
        filesystem !== undefined,
        `sync source; both sides never used. The first sync overwrites ${this.target.desired.hostname}:${this.target.desired.disk} (blank)`,
      );
      return filesystem === undefined
        ? [promote]
        : [promote, steps.makeFilesystem(host, desired, filesystem, "blank, never formatted")];
    }
    const primary = this.sides.find(isPrimary);
    if (primary !== undefined) {
      return this.mayFormat(primary) && filesystem !== undefined
        ? [steps.makeFilesystem(host, desired, filesystem, "blank, never formatted")]
        : [];
    }
    // An unmounted pair with no Primary is brought back only where the user wants something mounted or formatted.
    if (filesystem === undefined) return [];
    return [
      steps.primary(host, desired.name, "neither host is Primary, and the filesystem belongs on the sync source"),
    ];
  }

  private mayFormat(primary: Side): boolean {
    return primary === this.source && primary.observed?.device?.kind === "blank" && this.isNewlyForced(primary);
  }

  private mountSteps(): Step[] {
    const mountPoint = this.desired.filesystem?.mountPoint;
    if (mountPoint === undefined) return [];
    if (this.sides.some((side) => side.mountedAt.length > 0)) return [];
    // Formatted by this plan, or seen to hold a filesystem: else the next look decides.
    const ready =
      this.neverUsed ||
      (isPrimary(this.source) && (this.mayFormat(this.source) || this.source.observed?.device?.kind === "signature"));
    if (!ready) return [];
    const host = this.source.desired.hostname;
    return [
      steps.mount(host, this.desired.name, mountPoint, "by its line in fstab"),
      steps.startPromotionUnit(
        host,
        this.desired.name,
        "so that a shutdown unmounts, demotes and takes it down in order",
      ),
    ];
  }

  private bootSteps(side: Side): Step[] {
    const { desired } = this;
    const host = side.desired.hostname;
    const found: Step[] = [];
    if (!side.node.links.some((link) => link.endsWith(`/${targetOf(desired.name)}`))) {
      found.push(
        steps.enableAtBoot(host, desired.name, "brings the resource up after a reboot, without waiting for the peer"),
      );
    }
    const { filesystem } = desired;
    const mountPoint = filesystem?.mountPoint;
    if (filesystem === undefined || mountPoint === undefined) return found;
    if (side.node.files.get(promotionUnitPath) !== promotionUnit) {
      found.push(
        steps.writePromotionUnit(host, "promotes it for its mount after a reboot, once the peer is connected"),
      );
    }
    const line = steps.fstabLine(desired, filesystem, mountPoint, side === this.source);
    const there = fstabText(side.node).filter((one) => one.startsWith(`${devicePath(desired.minor)} `));
    if (there.length !== 1 || there[0] !== line) {
      const place =
        side === this.source ? "mounted at boot; nofail, so that a boot never hangs on it" : "noauto: for a failover";
      found.push(steps.writeFstabLine(host, desired.minor, line, `${mountPoint} ${place}`));
    }
    // The other host's systemd reads both when it boots, or at the failover.
    const mountsNow = side === this.source && !this.sides.some((one) => one.mountedAt.length > 0);
    if (mountsNow && found.length > 0) found.push(steps.reloadSystemd(host, "reads fstab and the units"));
    return found;
  }

  afterwards(): string[] {
    const { desired } = this;
    const found: string[] = [];
    if (this.sides.some(({ progress }) => progress.kind === "unread")) {
      found.push(`what the metadata on the disks says is read once drbd-utils is there`);
    }
    const fresh = this.neverUsed;
    const undecided = !fresh && desired.filesystem !== undefined && !this.sides.some(isPrimary);
    if (undecided)
      found.push(
        `what ${devicePath(desired.minor)} holds is looked at once it is Primary: a filesystem is mounted, never made anew`,
      );
    if (fresh && desired.waitForSync) {
      found.push(`wait for the initial sync, at most ${desired.waitForSyncSeconds} s`);
    }
    return found;
  }
}

function describeDisk(side: Side): string {
  const { disk } = side.desired;
  const contents = side.observed?.disk;
  if (contents === undefined || contents.kind === "missing" || contents.kind === "not-block") return disk;
  const serial = side.node.blocks.get(contents.real)?.serial;
  return `${disk} (${Math.floor(contents.size / 1024 / 1024)} MiB${serial === undefined ? "" : `, serial ${serial}`})`;
}

function fstabText(node: ObservedNode): string[] {
  return (node.files.get(fstabPath) ?? "").split("\n");
}

function fstabLines(node: ObservedNode): string[][] {
  return fstabText(node)
    .filter((line) => !line.trimStart().startsWith("#"))
    .map((line) => line.trim().split(/\s+/));
}
