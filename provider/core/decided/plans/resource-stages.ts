/** The stages of a resource's plan, in the order that carries the safety: files, metadata, up, promoted, formatted, mounted. */
import { overwrittenOn, attach, bringUp, metadataSteps } from "./bring-up";
import { bootSteps, broughtUpAtBoot, mountedAtBoot, promotionFollows, reloaded, toldToCommands } from "./boot-steps";
import { giveUpStages } from "./give-up-steps";
import { leavingStages } from "./leaving-steps";
import type { Promotion } from "./promotion";
import { givingUp } from "../data/giving-up";
import { missedEnd } from "../data/missed-end";
import { serviceSteps } from "./service-steps";
import { skippedSyncStages } from "./skipped-sync";
import { isHalfUpOn, isTogetherOn, otherHost, type HostView, type ResourceView } from "../data/resource-view";
import { filesystemToolSteps } from "../hosts/host-needs";
import type { ResourceSituation } from "../hosts/resource-situation";
import { describeChanges, type OptionChange } from "../../config/compare-options";
import { isOurs } from "../../config/own-mark";
import { resourcePath } from "../../config/paths";
import { unreadOwnFiles } from "../../installed/broken-file";
import { ownChanges, type WantedFiles } from "../../installed/changes-by-plan";
import { replacedPath } from "../../installed/configuration-place";
import { keptDefinitions, keptName } from "../../installed/kept-files";
import { describeAdjustment } from "../../steps/adjust-lines";
import { bringUpOf, isActive, promotedOf, targetOf } from "../../steps/boot-units";
import * as stepsFiles from "../../steps/file-steps";
import * as stepsFilesystem from "../../steps/filesystem-steps";
import * as steps from "../../steps/kernel-steps";
import type { Stage, Step } from "../../steps/plan";
import * as stepsPromotion from "../../steps/promotion-steps";
import { wasInUse } from "../../seen/memory";
import { fstabLines } from "../../seen/parse-fstab";
import { wordFor, type DesiredResource, type DesiredSide } from "../../wanted/desired";

export class ResourceStages {
  private readonly desired: DesiredResource;
  private readonly configuration: string;
  private readonly globalCommon: readonly (string | undefined)[];

  constructor(
    private readonly view: ResourceView,
    private readonly promotion: Promotion,
    { desired, configuration, globalCommon = [] }: ResourceSituation,
  ) {
    this.desired = desired;
    this.configuration = configuration;
    this.globalCommon = globalCommon;
  }

  stages(): Stage[] {
    // A split brain comes first: what is to be changed is looked at once the two are one again.
    const decided = givingUp(this.view);
    if (decided !== undefined) return giveUpStages(this.view, decided);
    // Until the source knows that its peer is whole, DRBD refuses what needs that.
    const filled = missedEnd(this.view);
    if (filled !== undefined) return this.tellSyncEnd(filled);
    const tools = this.view.hosts.flatMap(({ node, host }) => filesystemToolSteps(this.desired, host.hostname, node));
    const stages = [tools, ...leavingStages(this.view), ...this.changes()].filter((stage) => stage.length > 0);
    return stages.length === 0 ? [] : [this.checkFilled(), ...stages].filter((stage) => stage.length > 0);
  }

  private tellSyncEnd(filled: HostView): Stage[] {
    const [told, source] = [filled.host.hostname, otherHost(this.view, filled).host.hostname];
    const { name } = this.desired;
    const volumes = this.view.pairs.map((pair) => wordFor(pair.desired));
    return [
      [steps.tellSyncEnd(told, name, volumes, `${source} has not noticed that the sync is over`)],
      [steps.waitSyncEnded(source, name, volumes, "knows then that the sync is over")],
    ];
  }

  /** A side that waits for its peer with its disk attached is filled as soon as we bring that one to it. */
  private checkFilled(): Step[] {
    return this.view.pairs
      .filter((pair) => pair.survivor !== undefined && !pair.isTogether)
      .flatMap((pair) =>
        pair.sides
          .filter(({ progress }) => progress.kind === "new" && progress.attached)
          .map(({ desired }) => stepsPromotion.checkNeverUsed(desired.hostname, pair.desired, desired)),
      );
  }

  private changes(): Stage[] {
    const changedFiles = this.view.hosts.flatMap((host) => this.writeFile(host));
    // A side with data to keep is brought up before anything else happens to its peer: the next look adjusts what runs.
    const running = this.view.hosts.filter((host) => this.isAdjusted(host));
    if (running.length > 0) {
      // Both files first, then one node after the other: a pair whose halves differ would part on a reconnect. A disk that
      // comes to a resource that runs needs its metadata before that.
      return [
        changedFiles,
        ...(this.clearsOn(running) ? [this.checkSurvivors()] : []),
        running.flatMap((host) => metadataSteps(this.view, host)),
        ...running.map((host) => [this.adjust(host)]),
        ...this.startup([], running),
        this.connectedAgain(running),
      ];
    }
    return this.startup(changedFiles, []);
  }

  /** The state that is stored in the end must not be the one between two connections. Those that were apart may stay so. */
  private connectedAgain(adjusted: readonly HostView[]): Step[] {
    const reconnects = adjusted.some((host) => this.view.adjustment(host).connection.length > 0);
    if (!reconnects || !this.view.hosts.every(isTogetherOn)) return [];
    const because = "must be connected again with what has changed";
    return this.view.hosts.map(({ host }) => steps.waitConnected(host.hostname, this.desired, because));
  }

  /** From wherever the pair is to up, connected, promoted, formatted and mounted. */
  private startup(changedFiles: readonly Step[], adjusted: readonly HostView[]): Stage[] {
    if (this.view.isToKeep) return this.startupKeeping(changedFiles);
    const prepare = this.view.hosts.flatMap((host) => this.prepare(host, changedFiles, adjusted.includes(host)));
    const promote = this.promotion.promoteAndFormat();
    // What this plan has created is new; what was found as new may have been used since.
    const checked = this.view.pairs
      .filter((pair) => pair.neverUsed)
      .flatMap((pair) =>
        pair.sides
          .filter(({ progress }) => progress.kind === "new")
          .map((side) => {
            // The disk that the first sync overwrites, where it was not we who found it blank just now.
            const overwritten: DesiredSide | undefined = side === pair.target ? side.desired : undefined;
            return stepsPromotion.checkNeverUsed(side.desired.hostname, pair.desired, overwritten);
          }),
      );
    const serving = [...promote, ...this.promotion.mountSteps()];
    // On the host where the last of these runs: in one command with them.
    return [
      this.checkSurvivors(),
      [...prepare, ...checked],
      ...skippedSyncStages(this.view),
      [...serving, ...serviceSteps(this.view, serving)],
      this.meetsPeer(adjusted),
    ];
  }

  /** What is brought up beside a peer that is served already, or that nothing waits for. */
  private meetsPeer(adjusted: readonly HostView[]): Step[] {
    if (this.promotion.waitsForPeer) return [];
    const broughtUp = this.view.hosts.filter(
      (host) => !adjusted.includes(host) && (host.kernel === undefined || isHalfUpOn(host)),
    );
    const last = broughtUp.find((host) => host !== this.view.source) ?? broughtUp[0];
    return last === undefined ? [] : [steps.meet(last.host.hostname, this.desired)];
  }

  /**
   * Two that look for each other in the same moment may miss each other, and look again after `connect-int` (10 s): so the
   * sync source looks first, and does what needs no peer while it waits; the other does of that beforehand what it can.
   * Neither is enabled at boot before it was brought up: what a guard stops there must not come up at the next boot,
   * where nothing is checked.
   */
  private prepare(host: HostView, changedFiles: readonly Step[], isAdjusted: boolean): Step[] {
    const { view } = this;
    const file = changedFiles.filter((step) => step.node === host.host.hostname);
    const made = isAdjusted ? [] : metadataSteps(view, host);
    const up = isAdjusted ? [] : attach(view, host, made.length > 0);
    const mounts = [...toldToCommands(view, host), ...mountedAtBoot(view, host)];
    const last = [...broughtUpAtBoot(view, host), ...promotionFollows(view, host), ...reloaded(view, host)];
    return host === view.source
      ? [...file, ...made, ...up, ...this.loadFilesystemModule(), ...mounts, ...last]
      : [...file, ...made, ...mounts, ...up, ...last];
  }

  /** `mount` would load it, too, but later, and only when the disk behind it is forced and formatted. */
  private loadFilesystemModule(): Step[] {
    const { node, host } = this.view.source;
    const types = this.view.pairs.flatMap(({ neverUsed, desired: { filesystem } }) =>
      neverUsed && filesystem?.mountPoint !== undefined ? [filesystem.type] : [],
    );
    return [...new Set(types)]
      .filter((type) => !new RegExp(`\\t${type}$`, "m").test(node.files.get("/proc/filesystems") ?? ""))
      .map((type) =>
        stepsFilesystem.loadFilesystemModule(host.hostname, type, `the kernel must be able to mount ${type}`),
      );
  }

  /**
   * Data without a generation of DRBD's is overwritten by whatever peer has one. So the side that keeps its data meets its
   * peer only once its data has a generation: the other one is made ready, and brought up last.
   */
  private startupKeeping(changedFiles: readonly Step[]): Stage[] {
    const { view } = this;
    const { source, target } = view;
    const made = metadataSteps(view, target);
    const { hostname } = target.host;
    const found = view.pairs.filter(
      ({ target: { progress } }) => progress.kind === "new" && progress.converts === undefined,
    );
    const ready = [
      ...made,
      ...found.map((pair) => stepsPromotion.checkNeverUsed(hostname, pair.desired, pair.target.desired)),
    ];
    // Else the next look could come before they have met, and nobody would wait for the sync.
    const met = steps.waitConnected(source.host.hostname, this.desired, `${hostname} is filled from here`);
    return [
      [...changedFiles, ...ready],
      [...bringUp(view, source), ...this.promotion.promoteAndFormat()],
      [...attach(view, target, made.length > 0), ...bootSteps(view, target), ...bootSteps(view, source), met],
    ];
  }

  /** Before a disk is cleared that shall be filled from the other one: that one must have the newest data still. */
  private checkSurvivors(): Step[] {
    return this.view.pairs.flatMap((pair) => {
      const { survivor } = pair;
      const clears = pair.sides.some(({ progress }) => progress.kind === "blank" && progress.discarded !== undefined);
      return survivor === undefined || !clears ? [] : [stepsPromotion.checkUpToDate(pair.desired, survivor.desired)];
    });
  }

  private clearsOn(hosts: readonly HostView[]): boolean {
    return hosts.some(({ sides }) =>
      sides.some(({ progress }) => progress.kind === "blank" && progress.discarded !== undefined),
    );
  }

  private writeFile(host: HostView): Step[] {
    const { name } = this.desired;
    const { node } = host;
    const path = resourcePath(name);
    const there = node.files.get(path);
    if (there === this.configuration) return [];
    const foreign = this.foreignPath(host);
    const replaces = foreign === undefined ? undefined : { path: foreign, kept: keptName(node, foreign) };
    const parsed = "parsed by drbdadm there first, identical on both";
    // Where the device runs, `adjust` is the step that says what changes.
    const changes = this.isAdjusted(host) ? "" : describeChanges(this.changedOptions(host));
    const what =
      replaces !== undefined
        ? `takes the place of ${foreign === path ? "yours" : replaces.path}, which is kept as ${replaces.kept}`
        : there === undefined
          ? "new"
          : "changed (see --diff)";
    const because = `${what}${changes === "" ? "" : `: ${changes}`}; ${parsed}`;
    const unread = unreadOwnFiles(node).filter((one) => one !== path);
    const beside = { ...(replaces === undefined ? {} : { replaces }), ...(unread.length === 0 ? {} : { unread }) };
    return [
      ...(replaces === undefined ? [] : this.noteBoot(host)),
      stepsFiles.writeResourceFile(host.host.hostname, name, this.configuration, because, beside),
    ];
  }

  /** For a destroy: what it is to leave as it was. Where the pair was ours before, the units are, too. */
  private noteBoot({ node, host: { hostname } }: HostView): Step[] {
    const { name } = this.desired;
    const isEnabled = node.links.some((link) => link.endsWith(`/${targetOf(name)}`));
    const lines = [...(isEnabled ? ["enabled"] : []), ...(isActive(node, bringUpOf(name)) ? ["active"] : [])];
    const wasOurs =
      keptDefinitions(node, name).length > 0 ||
      this.view.pairs.some(({ memory }) => wasInUse(memory)) ||
      fstabLines(node).some((line) => line.includes(`x-systemd.requires=${promotedOf(name)}`));
    if (lines.length === 0 || wasOurs) return [];
    const because = `${isEnabled ? `${targetOf(name)} is enabled` : `${bringUpOf(name)} is active`} there, and stays so after a \`pulumi destroy\``;
    return [stepsFiles.noteBoot(hostname, name, lines, because)];
  }

  /** The file that somebody else wrote, and ours takes the place of. */
  foreignPath({ node }: HostView): string | undefined {
    const path = resourcePath(this.desired.name);
    const there = node.files.get(path);
    if (there === undefined) return replacedPath(node, this.desired.name);
    return isOurs(there) ? undefined : path;
  }

  private isAdjusted(host: HostView): boolean {
    const isRunning = host.sides.some(({ device }) => device?.disk !== "Diskless") && !isHalfUpOn(host);
    return isRunning && this.view.isChange(host) && !this.view.isToKeep;
  }

  /** Each option that the new file, and the new `common`, change for this resource. */
  changedOptions(host: HostView): OptionChange[] {
    return ownChanges(host.node, this.desired.name, this.wantedFiles(host));
  }

  wantedFiles(host: HostView): WantedFiles {
    return { globalCommon: this.globalCommon[host.place], configuration: this.configuration };
  }

  private adjust(host: HostView): Step {
    const changed = describeChanges(this.changedOptions(host));
    const adjustment = this.view.adjustment(host);
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
    return steps.adjust(host.host.hostname, this.desired.name, because, overwrittenOn(this.view, host));
  }
}
