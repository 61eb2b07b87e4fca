import { describeAdjustment } from "./adjust-lines";
import { describeChange } from "./changed-lines";
import { redactSecrets } from "./config-file";
import type { DesiredResource } from "./desired";
import type { Memory } from "./memory";
import type { ObservedNode } from "./observed";
import { fstabLines } from "./fstab";
import { pairRefusals } from "./pair-refusals";
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
  const first = classifySide(desired, desired.sides[0], nodes[0]);
  const second = classifySide(desired, desired.sides[1], nodes[1]);
  if (Array.isArray(first) || Array.isArray(second)) {
    return refused([first, second].flatMap((side) => (Array.isArray(side) ? side : [])));
  }
  const pair = new PairView(desired, situation.memory, [first, second]);
  const refusals = pairRefusals(pair);
  if (refusals.length > 0) return refused(refusals);
  const plan = new PairPlan(pair, situation.configuration);
  return {
    subject: desired.name,
    stages: plan.stages().filter((stage) => stage.length > 0),
    refusals: [],
    warnings: warn(situation),
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
    const changedFiles = this.sides.flatMap((side) => this.writeFile(side));
    const running = this.sides.filter((side) => side.device?.disk !== "Diskless" && this.pair.isChange(side));
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
    // What this plan has created is new; what was found as new may have been used since.
    const found = this.sides.filter((side) => forced && side.progress.kind === "new");
    const checked = found.map((side) =>
      steps.checkNeverUsed(side.desired.hostname, this.desired.name, this.overwritten(side)),
    );
    // What concerns the next boot comes first: meanwhile the two find each other.
    return [
      [...prepare, ...boot, ...checked],
      [...promote, ...this.mountSteps()],
    ];
  }

  /** The disk that the first sync overwrites, where it was not we who found it blank just now. */
  private overwritten(side: Side): string | undefined {
    return side === this.target ? side.desired.disk : undefined;
  }

  private writeFile(side: Side): Step[] {
    const path = resourcePath(this.desired.name);
    const there = side.node.files.get(path);
    if (there === this.configuration) return [];
    const because =
      there === undefined
        ? "new; parsed by drbdadm there first, identical on both"
        : redactSecrets(there) === redactSecrets(this.configuration)
          ? "the shared secret changes"
          : "changed (see --diff); parsed by drbdadm there first, identical on both";
    return [steps.writeResourceFile(side.desired.hostname, this.desired.name, this.configuration, because)];
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
    if (this.pair.neverUsed) {
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
    return primary === this.source && primary.observed?.device?.kind === "blank" && this.pair.isNewlyForced(primary);
  }

  private mountSteps(): Step[] {
    const mountPoint = this.desired.filesystem?.mountPoint;
    if (mountPoint === undefined) return [];
    if (this.sides.some((side) => side.mountedAt.length > 0)) return [];
    // Formatted by this plan, or seen to hold a filesystem: else the next look decides.
    const ready =
      this.pair.neverUsed ||
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
