import { unreadOwnFiles } from "../../installed/broken-file";
import { describeAdjustment } from "../../steps/adjust-lines";
import { bootSteps, broughtUpAtBoot, inOrder, isActive, mountedAtBoot, promotionFollows, reloaded } from "./boot-steps";
import { attach, bringUp, metadataSteps } from "./bring-up";
import { ownChanges, type WantedFiles } from "../../installed/changes-by-plan";
import { describeChanges, type OptionChange } from "../../config/compare-options";
import { replacedPath } from "../../installed/configuration-place";
import { dataRefusals } from "../data/data-refusals";
import type { DesiredFilesystem, DesiredResource, DesiredSide } from "../../wanted/desired";
import { isAttached } from "../data/side-relation";
import { keptName } from "../../installed/kept-files";
import { diskStates } from "../../seen/kernel-states";
import { drbdServiceWarnings, managerRefusals, managerWarnings } from "../hosts/manager-refusals";
import { filesystemToolSteps, roomRefusals } from "../hosts/host-needs";
import { mkfsOptionsOf, mountableWarnings } from "../data/mountable";
import { nodeIdRefusals } from "../../installed/node-ids";
import { isOurs } from "../../config/own-mark";
import { mountRefusals, pairRefusals } from "../data/pair-refusals";
import { PairView } from "../data/pair-view";
import { devicePath, resourcePath } from "../../config/paths";
import type { Plan, Refusal, Stage, Step } from "../../steps/plan";
import { preflight } from "../hosts/preflight";
import { warn } from "../hosts/warnings";
import { isHalfUp, isPrimary, isTogether, type Side } from "../data/side";
import { classifySide } from "../data/classify-side";
import * as steps from "../../steps/kernel-steps";
import * as stepsUnits from "../../steps/unit-steps";
import * as stepsFilesystem from "../../steps/filesystem-steps";
import * as stepsPromotion from "../../steps/promotion-steps";
import * as stepsFiles from "../../steps/file-steps";
import { promotionOf } from "../../steps/systemd";
import { takeOverWarnings } from "../hosts/take-over-warnings";
import { ResourceSituation } from "../hosts/resource-situation";

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
  const managed = desired.sides.flatMap(({ hostname }, place) =>
    managerRefusals(nodes[place === 0 ? 0 : 1], hostname, desired),
  );
  const path = resourcePath(desired.name);
  if (managed.length > 0 && nodes.some((node) => !isOurs(node.files.get(path)))) return refused(managed);
  const early = preflight(situation);
  if (early.length > 0) return refused(early);
  const first = classifySide(desired, desired.sides[0], nodes[0], situation.memory, nodes[1]);
  const second = classifySide(desired, desired.sides[1], nodes[1], situation.memory, nodes[0]);
  if (Array.isArray(first) || Array.isArray(second)) {
    return refused([first, second].flatMap((side) => (Array.isArray(side) ? side : [])));
  }
  const pair = new PairView(desired, situation.memory, [first, second]);
  // With other ids in its file, what drbdadm would do to the pair is no guide: data first, and then those.
  const unclear = dataRefusals(pair).length > 0 ? [] : nodeIdRefusals(desired, nodes);
  const refusals = unclear.length > 0 ? unclear : pairRefusals(pair);
  if (refusals.length > 0) return refused(refusals);
  const plan = new PairPlan(pair, situation.configuration, situation.globalCommon ?? []);
  const stages = plan.stages();
  const unmounted = stages.length === 0 ? mountRefusals(pair) : [];
  if (unmounted.length > 0) return refused(unmounted);
  if (managed.length > 0 && stages.length > 0) return refused(managed);
  const full = pair.sides.flatMap(({ node, desired: { hostname } }) => roomRefusals(hostname, node, stages.flat()));
  if (full.length > 0) return refused(full);
  return {
    subject: desired.name,
    stages,
    refusals: [],
    warnings: [...warn(situation), ...plan.warnings()],
    afterwards: plan.afterwards(),
    ...(plan.waitsForFill() && desired.waitForSync ? { waits: true } : {}),
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
    private readonly globalCommon: readonly (string | undefined)[],
  ) {
    ({ desired: this.desired, source: this.source, target: this.target, sides: this.sides } = pair);
  }

  stages(): Stage[] {
    const tools = this.sides.flatMap(({ node, desired: { hostname } }) =>
      filesystemToolSteps(this.desired, hostname, node),
    );
    const stages = [tools, ...this.changes()].filter((stage) => stage.length > 0);
    return stages.length === 0 ? [] : [this.checkFilled(), ...stages].filter((stage) => stage.length > 0);
  }

  /** A side that waits for its peer with its disk attached is filled as soon as we bring that one to it. */
  private checkFilled(): Step[] {
    const { survivor, isTogether } = this.pair;
    if (survivor === undefined || isTogether) return [];
    return this.sides
      .filter(({ progress }) => progress.kind === "new" && progress.attached)
      .map((side) => stepsPromotion.checkNeverUsed(side.desired.hostname, this.desired.name, side.desired));
  }

  private changes(): Stage[] {
    const changedFiles = this.sides.flatMap((side) => this.writeFile(side));
    // A side with data to keep is brought up before anything else happens to its peer: the next look adjusts what runs.
    const running = this.sides.filter((side) => this.isAdjusted(side));
    if (running.length > 0) {
      // Both files first, then one node after the other: a pair whose halves differ would part on a reconnect.
      return [
        changedFiles,
        ...running.map((side) => [this.adjust(side)]),
        ...this.startup([]),
        this.connectedAgain(running),
      ];
    }
    return this.startup(changedFiles);
  }

  /** The state that is stored in the end must not be the one between two connections. Those that were apart may stay so. */
  private connectedAgain(adjusted: readonly Side[]): Step[] {
    const reconnects = adjusted.some((side) => this.pair.adjustment(side).connection.length > 0);
    if (!reconnects || !this.sides.every(isTogether)) return [];
    const because = "must be connected again with what has changed";
    return this.sides.map((side) => steps.waitConnected(side.desired.hostname, this.desired, because));
  }

  /** From wherever the pair is to up, connected, promoted, formatted and mounted. */
  private startup(changedFiles: readonly Step[]): Stage[] {
    if (this.pair.isToKeep) return this.startupKeeping(changedFiles);
    const prepare = this.sides.flatMap((side) => this.prepare(side, changedFiles));
    const promote = this.promoteAndFormat();
    const forced = promote.some((step) => step.argv.includes("--force"));
    // What this plan has created is new; what was found as new may have been used since.
    const found = this.sides.filter((side) => forced && side.progress.kind === "new");
    const checked = found.map((side) =>
      stepsPromotion.checkNeverUsed(side.desired.hostname, this.desired.name, this.overwritten(side)),
    );
    return [this.checkSurvivor(), [...prepare, ...checked], [...promote, ...this.mountSteps()]];
  }

  /**
   * Two that look for each other in the same moment may miss each other, and look again after `connect-int` (10 s): so the
   * sync source looks first, and does what needs no peer while it waits; the other does of that beforehand what it can.
   * Neither is enabled at boot before it was brought up: what a guard stops there must not come up at the next boot,
   * where nothing is checked.
   */
  private prepare(side: Side, changedFiles: readonly Step[]): Step[] {
    const file = changedFiles.filter((step) => step.node === side.desired.hostname);
    const made = metadataSteps(this.pair, side);
    const up = attach(this.pair, side, made.length > 0);
    const mounts = mountedAtBoot(this.pair, side);
    const last = [
      ...broughtUpAtBoot(this.pair, side),
      ...promotionFollows(this.pair, side),
      ...reloaded(this.pair, side),
    ];
    return side === this.source
      ? [...file, ...made, ...up, ...this.loadFilesystemModule(), ...mounts, ...last]
      : [...file, ...made, ...mounts, ...up, ...last];
  }

  /** `mount` would load it, too, but later, and only when the disk behind it is forced and formatted. */
  private loadFilesystemModule(): Step[] {
    const { filesystem } = this.desired;
    if (!this.pair.neverUsed || filesystem?.mountPoint === undefined) return [];
    const { type } = filesystem;
    if (new RegExp(`\\t${type}$`, "m").test(this.source.node.files.get("/proc/filesystems") ?? "")) return [];
    const because = `the kernel must be able to mount ${type}`;
    return [stepsFilesystem.loadFilesystemModule(this.source.desired.hostname, type, because)];
  }

  /**
   * Data without a generation of DRBD's is overwritten by whatever peer has one. So the side that keeps its data meets its
   * peer only once its data has a generation: the other one is made ready, and brought up last.
   */
  private startupKeeping(changedFiles: readonly Step[]): Stage[] {
    const { source, target } = this;
    const made = metadataSteps(this.pair, target);
    const ready =
      made.length > 0
        ? made
        : [stepsPromotion.checkNeverUsed(target.desired.hostname, this.desired.name, target.desired)];
    const { hostname } = target.desired;
    // Else the next look could come before they have met, and nobody would wait for the sync.
    const met = steps.waitConnected(source.desired.hostname, this.desired, `${hostname} is filled from here`);
    return [
      [...changedFiles, ...ready],
      [...bringUp(this.pair, source), ...this.promoteAndFormat()],
      [
        ...attach(this.pair, target, made.length > 0),
        ...bootSteps(this.pair, target),
        ...bootSteps(this.pair, source),
        met,
      ],
    ];
  }

  /** Before a disk is cleared that shall be filled from the other one: that one must have the newest data still. */
  private checkSurvivor(): Step[] {
    const { survivor } = this.pair;
    const clears = this.sides.some(({ progress }) => progress.kind === "blank" && progress.discarded !== undefined);
    return survivor === undefined || !clears ? [] : [stepsPromotion.checkUpToDate(this.desired, survivor.desired)];
  }

  /** The disk that the first sync overwrites, where it was not we who found it blank just now. */
  private overwritten(side: Side): DesiredSide | undefined {
    return side === this.target ? side.desired : undefined;
  }

  private writeFile(side: Side): Step[] {
    const { name } = this.desired;
    const path = resourcePath(name);
    const there = side.node.files.get(path);
    if (there === this.configuration) return [];
    const foreign = this.foreignPath(side);
    const replaces = foreign === undefined ? undefined : { path: foreign, kept: keptName(side.node, foreign) };
    const parsed = "parsed by drbdadm there first, identical on both";
    // Where the device runs, `adjust` is the step that says what changes.
    const changes = this.isAdjusted(side) ? "" : describeChanges(this.changedOptions(side));
    const what =
      replaces !== undefined
        ? `takes the place of ${foreign === path ? "yours" : replaces.path}, which is kept as ${replaces.kept}`
        : there === undefined
          ? "new"
          : "changed (see --diff)";
    const because = `${what}${changes === "" ? "" : `: ${changes}`}; ${parsed}`;
    const unread = unreadOwnFiles(side.node).filter((one) => one !== path);
    const beside = { ...(replaces === undefined ? {} : { replaces }), ...(unread.length === 0 ? {} : { unread }) };
    return [stepsFiles.writeResourceFile(side.desired.hostname, name, this.configuration, because, beside)];
  }

  /** The file that somebody else wrote, and ours takes the place of. */
  private foreignPath({ node }: Side): string | undefined {
    const path = resourcePath(this.desired.name);
    const there = node.files.get(path);
    if (there === undefined) return replacedPath(node, this.desired.name);
    return isOurs(there) ? undefined : path;
  }

  /** Of those that manage this resource, there is nothing to do here, or the plan is refused. */
  private otherTools(side: Side): string[] {
    const { node, desired } = side;
    const { hostname } = desired;
    const { name } = this.desired;
    return [
      ...managerRefusals(node, hostname, this.desired).map(({ found }) => `${hostname}: ${found}`),
      ...managerWarnings(node, hostname, this.desired),
      ...drbdServiceWarnings(node, hostname, name, this.wantedFiles(side)),
    ];
  }

  private isAdjusted(side: Side): boolean {
    const isRunning = side.device?.disk !== "Diskless" && !isHalfUp(side);
    return isRunning && this.pair.isChange(side) && !this.pair.isToKeep;
  }

  /** Each option that the new file, and the new `common`, change for this resource. */
  private changedOptions(side: Side): OptionChange[] {
    return ownChanges(side.node, this.desired.name, this.wantedFiles(side));
  }

  private wantedFiles(side: Side): WantedFiles {
    const globalCommon = this.globalCommon[this.sides.indexOf(side)];
    return { globalCommon, configuration: this.configuration };
  }

  private adjust(side: Side): Step {
    const changed = describeChanges(this.changedOptions(side));
    const adjustment = this.pair.adjustment(side);
    const reconnects = adjustment.connection.length > 0 ? "; disconnects and connects again" : "";
    // The changed file names the addresses too, unless the kernel had others than the old file.
    const isNamed = (words: string) => words.split(" ").some((word) => changed.includes(word.replace(/^ipv[46]:/, "")));
    const moves = adjustment.moves
      .filter(({ from, to }) => !isNamed(from) || !isNamed(to))
      .map(({ from, to }) => `; the connection moves from ${from} to ${to}`);
    const because = [
      changed === ""
        ? `the kernel differs from the configuration: ${describeAdjustment(adjustment)}`
        : `${changed}${reconnects}`,
      ...moves,
    ].join("");
    return steps.adjust(side.desired.hostname, this.desired.name, because);
  }

  private promoteAndFormat(): Step[] {
    const { desired } = this;
    const host = this.source.desired.hostname;
    const { filesystem } = desired;
    if (this.pair.neverUsed) return this.firstPromotion(host);
    const primary = this.sides.find(isPrimary);
    if (primary !== undefined) {
      return this.mayFormat(primary) && filesystem !== undefined ? [this.makeFilesystem(filesystem)] : [];
    }
    // An unmounted pair with no Primary is brought back only where the user wants something mounted or formatted.
    if (filesystem === undefined) return [];
    switch (this.sourceState()) {
      case "ready":
        return [
          stepsPromotion.primary(
            host,
            desired.name,
            "neither host is Primary, and the filesystem belongs on the sync source",
          ),
        ];
      case "behind":
        return [
          steps.waitConnected(
            host,
            desired,
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
    if (keeps) return [stepsPromotion.forcePrimaryAlone(host, desired.name, because)];
    const promote = stepsPromotion.forcePrimary(host, desired.name, filesystem !== undefined, because);
    return filesystem === undefined ? [promote] : [promote, this.makeFilesystem(filesystem)];
  }

  private makeFilesystem(filesystem: DesiredFilesystem): Step {
    const { options, because } = mkfsOptionsOf(this.pair, filesystem);
    const { hostname } = this.source.desired;
    const why = ["blank, never formatted", ...because].join("; ");
    return stepsFilesystem.makeFilesystem(hostname, this.desired, filesystem, options, why);
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
      primary.mountedAt.length === 0 &&
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
    const { name } = this.desired;
    return [
      ...(isActive(this.source.node, promotionOf(name)) ? [] : [stepsUnits.startPromotionUnit(host, name, inOrder)]),
      stepsFilesystem.mount(host, this.desired, mountPoint, "by its line in fstab"),
    ];
  }

  warnings(): string[] {
    const { desired, source, target } = this;
    const taken = this.sides.filter((side) => this.foreignPath(side) !== undefined);
    const found = [
      ...new Set(taken.flatMap((side) => takeOverWarnings(this.changedOptions(side)))),
      ...this.sides.flatMap((side) => this.otherTools(side)),
    ];
    found.push(...mountableWarnings(this.pair));
    if (this.waitsForFill()) {
      const later = desired.waitForSync ? "" : ": not waited for (`waitForSync: false`), so run `pulumi up` again then";
      found.push(
        `${source.desired.hostname} gets its data from ${target.desired.hostname} and is not made Primary before its disk is UpToDate${later}`,
      );
    }
    return found;
  }

  /** The side that shall be Primary is being filled, and nothing else is to be done until it is. */
  waitsForFill(): boolean {
    const undecided = this.desired.filesystem !== undefined && !this.pair.neverUsed && !this.sides.some(isPrimary);
    return undecided && this.sourceState() === "syncing";
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
