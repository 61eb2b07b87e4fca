import { describeAdjustment } from "./adjust-lines";
import { describeChange } from "./changed-lines";
import { redactSecrets } from "./config-file";
import { replacedPath } from "./configuration-place";
import type { DesiredResource, DesiredSide } from "./desired";
import { describeContents, describeDisk, isSameDisk, mebibytes } from "./disk-identity";
import { isAttached } from "./discards";
import { diskStates } from "./kernel-states";
import type { Memory } from "./memory";
import { usableBytes } from "./metadata-size";
import type { ObservedNode } from "./observed";
import { fstabLines } from "./fstab";
import { mountRefusals, pairRefusals } from "./pair-refusals";
import { PairView } from "./pair-view";
import { devicePath, resourcePath } from "./paths";
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
  const first = classifySide(desired, desired.sides[0], nodes[0], situation.memory);
  const second = classifySide(desired, desired.sides[1], nodes[1], situation.memory);
  if (Array.isArray(first) || Array.isArray(second)) {
    return refused([first, second].flatMap((side) => (Array.isArray(side) ? side : [])));
  }
  const pair = new PairView(desired, situation.memory, [first, second]);
  const refusals = pairRefusals(pair);
  if (refusals.length > 0) return refused(refusals);
  const plan = new PairPlan(pair, situation.configuration);
  const stages = plan.stages();
  const unmounted = stages.length === 0 ? mountRefusals(pair) : [];
  if (unmounted.length > 0) return refused(unmounted);
  return {
    subject: desired.name,
    stages,
    refusals: [],
    warnings: [...warn(situation), ...plan.warnings()],
    afterwards: plan.afterwards(),
  };
}

class PairPlan {
  private readonly desired: DesiredResource;
  private readonly source: Side;
  private readonly target: Side;
  private readonly sides: readonly [Side, Side];

  constructor(
    private readonly pair: PairView,
    private readonly configuration: string,
  ) {
    ({ desired: this.desired, source: this.source, target: this.target, sides: this.sides } = pair);
  }

  stages(): Stage[] {
    const stages = this.changes().filter((stage) => stage.length > 0);
    return stages.length === 0 ? [] : [this.checkFilled(), ...stages].filter((stage) => stage.length > 0);
  }

  /** A side that waits for its peer with its disk attached is filled as soon as we bring that one to it. */
  private checkFilled(): Step[] {
    const { survivor, isTogether } = this.pair;
    if (survivor === undefined || isTogether) return [];
    return this.sides
      .filter(({ progress }) => progress.kind === "new" && progress.attached)
      .map((side) => steps.checkNeverUsed(side.desired.hostname, this.desired.name, side.desired));
  }

  private changes(): Stage[] {
    const changedFiles = this.sides.flatMap((side) => this.writeFile(side));
    const running = this.sides.filter((side) => side.device?.disk !== "Diskless" && this.pair.isChange(side));
    // A side with data to keep is brought up before anything else happens to its peer: the next look adjusts what runs.
    if (running.length > 0 && !this.pair.isToKeep) {
      // Both files first, then one node after the other: a pair whose halves differ would part on a reconnect.
      return [changedFiles, ...running.map((side) => [this.adjust(side)]), ...this.startup([])];
    }
    return this.startup(changedFiles);
  }

  /** From wherever the pair is to up, connected, promoted, formatted and mounted. */
  private startup(changedFiles: readonly Step[]): Stage[] {
    if (this.pair.isToKeep) return this.startupKeeping(changedFiles);
    const prepare = this.sides.flatMap((side) => {
      const host = side.desired.hostname;
      return [...changedFiles.filter((step) => step.node === host), ...this.bringUp(side)];
    });
    const boot = this.sides.flatMap((side) => this.bootSteps(side));
    const promote = this.promoteAndFormat();
    const forced = promote.some((step) => step.argv.includes("--force"));
    // What this plan has created is new; what was found as new may have been used since.
    const found = this.sides.filter((side) => forced && side.progress.kind === "new");
    const checked = found.map((side) =>
      steps.checkNeverUsed(side.desired.hostname, this.desired.name, this.overwritten(side)),
    );
    // What concerns the next boot comes first: meanwhile the two find each other.
    return [this.checkSurvivor(), [...prepare, ...boot, ...checked], [...promote, ...this.mountSteps()]];
  }

  /**
   * Data without a generation of DRBD's is overwritten by whatever peer has one. So the side that keeps its data meets its
   * peer only once its data has a generation: the other one is made ready, and brought up last.
   */
  private startupKeeping(changedFiles: readonly Step[]): Stage[] {
    const { source, target } = this;
    const made = this.metadataSteps(target);
    const ready =
      made.length > 0 ? made : [steps.checkNeverUsed(target.desired.hostname, this.desired.name, target.desired)];
    const { hostname } = target.desired;
    // Else the next look could come before they have met, and nobody would wait for the sync.
    const met = steps.waitConnected(source.desired.hostname, this.desired.name, `${hostname} is filled from here`);
    return [
      [...changedFiles, ...ready],
      [...this.bringUp(source), ...this.promoteAndFormat()],
      [...this.attach(target, made.length > 0), ...this.bootSteps(target), ...this.bootSteps(source), met],
    ];
  }

  /** Before a disk is cleared that shall be filled from the other one: that one must have the newest data still. */
  private checkSurvivor(): Step[] {
    const { survivor } = this.pair;
    const clears = this.sides.some(({ progress }) => progress.kind === "blank" && progress.discarded !== undefined);
    return survivor === undefined || !clears ? [] : [steps.checkUpToDate(this.desired, survivor.desired)];
  }

  /** The disk that the first sync overwrites, where it was not we who found it blank just now. */
  private overwritten(side: Side): DesiredSide | undefined {
    return side === this.target ? side.desired : undefined;
  }

  private writeFile(side: Side): Step[] {
    const path = resourcePath(this.desired.name);
    const there = side.node.files.get(path);
    if (there === this.configuration) return [];
    const replaces = there === undefined ? replacedPath(side.node, this.desired.name) : undefined;
    const because =
      replaces !== undefined
        ? `takes the place of ${replaces}, which is kept beside it; parsed by drbdadm there first, identical on both`
        : there === undefined
          ? "new; parsed by drbdadm there first, identical on both"
          : redactSecrets(there) === redactSecrets(this.configuration)
            ? "the shared secret changes"
            : "changed (see --diff); parsed by drbdadm there first, identical on both";
    const { hostname } = side.desired;
    return [steps.writeResourceFile(hostname, this.desired.name, this.configuration, because, replaces)];
  }

  private adjust(side: Side): Step {
    const there = side.node.files.get(resourcePath(this.desired.name));
    const changed = describeChange(redactSecrets(there ?? ""), redactSecrets(this.configuration));
    const reconnects = this.pair.adjustment(side).connection.length > 0 ? "; disconnects and connects again" : "";
    const because =
      there === undefined || changed === ""
        ? `the kernel differs from the configuration: ${describeAdjustment(this.pair.adjustment(side))}`
        : `${changed}${reconnects}`;
    return steps.adjust(side.desired.hostname, this.desired.name, because);
  }

  private bringUp(side: Side): Step[] {
    const made = this.metadataSteps(side);
    return [...made, ...this.attach(side, made.length > 0)];
  }

  private attach(side: Side, isMade: boolean): Step[] {
    const host = side.desired.hostname;
    // Somebody may have run create-md over data: what is filled from the peer must hold nothing in front of its metadata,
    // and until that is known it must not wait for a peer either.
    const isFilled = this.pair.survivor !== undefined || (this.pair.neverUsed && side === this.target);
    const isLoose = side.progress.kind === "new" && !side.progress.attached;
    const overwritten = isFilled && (isLoose || this.pair.isToKeep) ? side.desired : undefined;
    if (side.kernel === undefined) {
      const because = isMade ? "attaches the disk and looks for the peer" : "it is down";
      return [steps.up(host, this.desired.name, because, overwritten)];
    }
    return isAttached(side) ? [] : [steps.adjust(host, this.desired.name, "its disk is not attached", overwritten)];
  }

  /** What a disk needs before it can be attached. */
  private metadataSteps(side: Side): Step[] {
    const { desired } = this;
    const host = side.desired.hostname;
    const { disk, metaDisk } = side.desired;
    const { progress } = side;
    switch (progress.kind) {
      case "blank": {
        const { diskSize, metaDiskSize, discarded = [] } = progress;
        const place = { disk, diskSize, metaDisk, metaDiskSize };
        const cleared = discarded.map(({ path, contents }) => steps.clearDisk(host, path, contents));
        const state = discarded.length > 0 ? "was cleared" : "is blank";
        const because = `${describeDisk(disk, side.observed?.disk, side.node)} ${state}${this.replaces(side)}`;
        return [...cleared, steps.createMetadata(host, desired, place, because)];
      }
      case "kept": {
        const { contents, metaDiskSize } = progress;
        const diskSize = "size" in contents ? contents.size : 0;
        const place = { disk, diskSize, metaDisk, metaDiskSize };
        const room =
          metaDisk === "internal" && contents.kind === "signature"
            ? `takes ${mebibytes(contents.taken ?? 0)} of the ${mebibytes(usableBytes(diskSize))} in front of the metadata`
            : `the metadata goes to ${metaDisk}`;
        const because = `${describeDisk(disk, contents, side.node)} keeps its ${describeContents(contents)}: ${room}`;
        return [steps.createMetadataBeside(host, desired, place, contents, because)];
      }
      case "grown": {
        const now = side.observed !== undefined && "size" in side.observed.disk ? side.observed.disk.size : 0;
        const because = `${disk} was grown from ${mebibytes(progress.from)} to ${mebibytes(now)} while it was down: the metadata moves to its new end`;
        return [steps.moveMetadata(host, desired, disk, progress, because)];
      }
      case "new":
      case "used":
      case "unread":
      case "foreign":
        return [];
    }
  }

  /** That a disk stands in for another one, and where its data comes from. */
  private replaces(side: Side): string {
    const { survivor } = this.pair;
    if (survivor === undefined) return "";
    const known = this.pair.memory.disks[side.desired.hostname];
    const contents = side.observed?.disk;
    const other =
      known !== undefined && contents !== undefined && isSameDisk(known, side.node, contents) === false
        ? `, in the place of the one with serial ${known.serial}`
        : "";
    return `${other}; ${survivor.desired.hostname} fills it`;
  }

  private promoteAndFormat(): Step[] {
    const { desired } = this;
    const host = this.source.desired.hostname;
    const { filesystem } = desired;
    if (this.pair.neverUsed) return this.firstPromotion(host);
    const primary = this.sides.find(isPrimary);
    if (primary !== undefined) {
      return this.mayFormat(primary) && filesystem !== undefined
        ? [steps.makeFilesystem(host, desired, filesystem, "blank, never formatted")]
        : [];
    }
    // An unmounted pair with no Primary is brought back only where the user wants something mounted or formatted.
    if (filesystem === undefined) return [];
    switch (this.sourceState()) {
      case "ready":
        return [
          steps.primary(host, desired.name, "neither host is Primary, and the filesystem belongs on the sync source"),
        ];
      case "behind":
        return [
          steps.waitConnected(
            host,
            desired.name,
            `${this.target.desired.hostname} has newer data: DRBD fills ${host} first`,
          ),
        ];
      case "syncing":
        return [];
    }
  }

  private firstPromotion(host: string): Step[] {
    const { desired } = this;
    const { filesystem } = desired;
    const keeps = this.pair.isToKeep;
    const what = keeps ? "sync source, with the data that it keeps, before it meets its peer" : "sync source";
    const because = `${what}; both sides never used. The first sync overwrites ${this.target.desired.hostname}:${this.target.desired.disk} (blank)`;
    if (keeps) return [steps.forcePrimaryAlone(host, desired.name, because)];
    const promote = steps.forcePrimary(host, desired.name, filesystem !== undefined, because);
    return filesystem === undefined
      ? [promote]
      : [promote, steps.makeFilesystem(host, desired, filesystem, "blank, never formatted")];
  }

  /** Whether the sync source may become Primary: only with the newest data, and all of it (a failover into a resync loses). */
  private sourceState(): "ready" | "behind" | "syncing" {
    if (!isAttached(this.source)) return this.pair.sourceIsBehind ? "behind" : "ready";
    const meaning = diskStates[this.source.device?.disk ?? ""];
    if (meaning === "newest" || meaning === "whole")
      return this.pair.sourceIsBehind && !this.pair.isTogether ? "behind" : "ready";
    return this.pair.isTogether ? "syncing" : "behind";
  }

  private mayFormat(primary: Side): boolean {
    // Where nothing at all is told of the connection, something is amiss: first that.
    const isTold = primary.kernel?.connection !== undefined;
    return (
      isTold &&
      primary === this.source &&
      primary.observed?.device?.kind === "blank" &&
      this.pair.isNewlyForced(primary)
    );
  }

  private mountSteps(): Step[] {
    const mountPoint = this.desired.filesystem?.mountPoint;
    if (mountPoint === undefined) return [];
    if (this.sides.some((side) => side.mountedAt.length > 0)) return [];
    // Formatted by this plan, or seen to hold a filesystem: else the next look decides.
    const ready =
      (this.pair.neverUsed && !this.pair.isToKeep) ||
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
    const there = fstabLines(side.node).filter((one) => one.startsWith(`${devicePath(desired.minor)} `));
    if (there.length !== 1 || there[0] !== line) {
      const place =
        side === this.source ? "mounted at boot; nofail, so that a boot never hangs on it" : "noauto: for a failover";
      found.push(steps.writeFstabLine(host, desired.minor, line, mountPoint, `${mountPoint} ${place}`));
    }
    // The other host's systemd reads both when it boots, or at the failover.
    const mountsNow = side === this.source && !this.sides.some((one) => one.mountedAt.length > 0);
    if (mountsNow && found.length > 0) found.push(steps.reloadSystemd(host, "reads fstab and the units"));
    return found;
  }

  warnings(): string[] {
    const { desired, source, target } = this;
    const found: string[] = [];
    const undecided = desired.filesystem !== undefined && !this.pair.neverUsed && !this.sides.some(isPrimary);
    if (undecided && this.sourceState() === "syncing") {
      found.push(
        `${source.desired.hostname} gets its data from ${target.desired.hostname} and is not made Primary before its disk is UpToDate`,
      );
    }
    return found;
  }

  afterwards(): string[] {
    const { desired } = this;
    const found: string[] = [];
    if (this.sides.some(({ progress }) => progress.kind === "unread")) {
      found.push(`what the metadata on the disks says is read once drbd-utils is there`);
    }
    const fresh = this.pair.neverUsed;
    const undecided = !fresh && desired.filesystem !== undefined && !this.sides.some(isPrimary);
    if (undecided)
      found.push(
        `what ${devicePath(desired.minor)} holds is looked at once it is Primary: a filesystem is mounted, never made anew`,
      );
    if (undecided && this.sourceState() !== "ready") {
      found.push(`${this.source.desired.hostname} is made Primary once its disk is UpToDate`);
    }
    if (fresh && desired.waitForSync) {
      found.push(`wait for the initial sync, at most ${desired.waitForSyncSeconds} s`);
    }
    return found;
  }
}
