/** Which host is made Primary, when, and what is formatted and mounted there. By force: decided/data/primary-by-force. */
import { isAttached } from "../data/side-relation";
import { mkfsOptionsOf } from "../data/mkfs-options";
import type { PairView } from "../data/pair-view";
import { otherHost, type HostView, type ResourceView } from "../data/resource-view";
import { isPrimary, type Side } from "../data/side";
import { diskStates } from "../../seen/kernel-states";
import { grammarOf } from "../../seen/observed";
import type { Step } from "../../steps/plan";
import * as stepsFilesystem from "../../steps/filesystem-steps";
import * as steps from "../../steps/kernel-steps";
import * as stepsPromotion from "../../steps/promotion-steps";
import { isActive, promotionOf } from "../../steps/boot-units";
import * as stepsUnits from "../../steps/unit-steps";
import { isMade } from "../../wanted/filesystem-types";
import { wordFor, type DesiredFilesystem } from "../../wanted/desired";
import { inOrder } from "./boot-steps";

type HomeState = "ready" | "behind" | "syncing";

export class Promotion {
  private readonly fresh: readonly PairView[];
  private readonly used: readonly PairView[];

  constructor(private readonly view: ResourceView) {
    this.fresh = view.pairs.filter((pair) => pair.neverUsed);
    this.used = view.pairs.filter((pair) => !pair.neverUsed);
  }

  promoteAndFormat(): Step[] {
    return [...this.firstPromotions(), ...this.promoteUsed(), ...this.formatInterrupted()];
  }

  /** Whether one of the steps does so: only who has met its peer is made Primary. */
  get waitsForPeer(): boolean {
    return this.firstPromotions().length + this.promoteUsed().length > 0;
  }

  /** Whether `primary --force` is among the steps. */
  get isForced(): boolean {
    return this.fresh.some((pair) => !pair.skipsSync);
  }

  /** Once in a volume's life, by force or as one of two that are the same, and formatted right after. */
  private firstPromotions(): Step[] {
    const { view, fresh } = this;
    const [first] = fresh;
    if (first === undefined) return [];
    const { name } = view.desired;
    const host = first.source.desired.hostname;
    const volumes = fresh.map(({ desired }) => desired);
    const format = fresh.flatMap((pair) =>
      pair.isToKeep || pair.desired.filesystem === undefined || !isMade(pair.desired.filesystem)
        ? []
        : [this.makeFilesystem(pair, pair.desired.filesystem)],
    );
    if (view.isToKeep) {
      const because = `sync source, with the data that it keeps, before it meets its peer; ${this.firstSync(fresh)}`;
      return [stepsPromotion.forcePrimaryAlone(host, name, volumes, because), ...format];
    }
    if (fresh.every((pair) => pair.skipsSync)) return [...this.promoteSkipped(host), ...format];
    // DRBD 8.4 makes one volume Primary, and DRBD 9 the whole resource, of which it takes for the newest what no side has whole.
    const isAdded = this.used.length > 0;
    if (!isAdded) {
      const because = `sync source; ${this.firstSync(fresh)}`;
      return [stepsPromotion.forcePrimary(host, name, volumes, because), ...format];
    }
    if (fresh.every(({ source }) => grammarOf(source.node) === "8.4")) {
      return [
        ...fresh.map((pair) =>
          stepsPromotion.forcePrimary(
            pair.source.desired.hostname,
            wordFor(pair.desired),
            [pair.desired],
            `a new volume; ${this.firstSync([pair])}`,
          ),
        ),
        ...format,
      ];
    }
    const others = this.used.map(({ desired }) => desired);
    return [
      stepsPromotion.forcePrimaryBeside(host, name, volumes, others, `new volumes; ${this.firstSync(fresh)}`),
      ...format,
    ];
  }

  /** Both sides are UpToDate by then, as of a volume that is in use. */
  private promoteSkipped(host: string): Step[] {
    const { view, fresh, used } = this;
    const because = "sync source; both disks are the same";
    if (used.length > 0 && fresh.every(({ source }) => grammarOf(source.node) === "8.4"))
      return fresh.map(({ desired }) => stepsPromotion.primary(host, wordFor(desired), [desired], because));
    const volumes = [...fresh, ...used].map(({ desired }) => desired);
    return [stepsPromotion.primary(host, view.desired.name, volumes, because)];
  }

  private firstSync(pairs: readonly PairView[]): string {
    const disks = pairs.map(({ target }) => `${target.desired.hostname}:${target.desired.disk}`);
    return `both sides never used. The first sync overwrites ${disks.join(" and ")} (blank)`;
  }

  /** Volumes that hold a generation of data, where no host is Primary. */
  private promoteUsed(): Step[] {
    const { view, used } = this;
    const { desired, home } = view;
    if (used.length === 0) return [];
    if (used.some(({ sides }) => sides.some(isPrimary))) return this.promoteBeside();
    // An unmounted pair with no Primary is brought back only where the user wants something mounted, formatted or started.
    if (!used.some((pair) => this.isWanted(pair))) return [];
    const host = home.host.hostname;
    switch (this.homeState()) {
      case "ready": {
        const because = `neither host is Primary, and ${view.reasonForHome}`;
        const volumes = used.map((pair) => pair.desired);
        return [stepsPromotion.primary(host, desired.name, volumes, because)];
      }
      case "behind": {
        const because = `${otherHost(view, home).host.hostname} has newer data: DRBD fills ${host} first`;
        return [steps.waitConnected(host, desired, because)];
      }
      case "syncing":
        return [];
    }
  }

  /** DRBD 8.4 has a role for each volume: one that comes to a resource that is in use, with its data, follows the others. */
  private promoteBeside(): Step[] {
    return this.undecided.flatMap((pair) => {
      const home = this.sideAtHome(pair);
      const isWhole = isAttached(home) && diskStates[home.device?.disk ?? ""] === "newest";
      if (!isWhole || grammarOf(home.node) !== "8.4") return [];
      const because = "the other volumes are Primary there, and its filesystem belongs beside theirs";
      return [stepsPromotion.primary(home.desired.hostname, wordFor(pair.desired), [pair.desired], because)];
    });
  }

  /** What we made Primary by force, and could not format before we were stopped. */
  private formatInterrupted(): Step[] {
    return this.used.flatMap((pair) => {
      const { filesystem } = pair.desired;
      const primary = pair.sides.find(isPrimary);
      return primary !== undefined && filesystem !== undefined && isMade(filesystem) && this.mayFormat(pair, primary)
        ? [this.makeFilesystem(pair, filesystem, primary)]
        : [];
    });
  }

  private makeFilesystem(pair: PairView, filesystem: DesiredFilesystem, on: Side = pair.source): Step {
    const { options, because } = mkfsOptionsOf(pair, filesystem);
    const why = ["blank, never formatted", ...because].join("; ");
    return stepsFilesystem.makeFilesystem(on.desired.hostname, pair.desired, filesystem, options, why);
  }

  private mayFormat(pair: PairView, primary: Side): boolean {
    // Where nothing at all is told of the connection, something is amiss: first that.
    const isTold = primary.kernel?.connection !== undefined;
    return (
      isTold &&
      [pair.source, this.sideAtHome(pair)].includes(primary) &&
      primary.mountedAt.length === 0 &&
      primary.observed?.device?.kind === "blank" &&
      pair.isNewlyBegun(primary)
    );
  }

  /** Where its volumes are used: where one of several is Primary already, and else at the resource's home. */
  private get home(): HostView {
    const { pairs, hosts, home } = this.view;
    return (pairs.length === 1 ? undefined : hosts.find(({ sides }) => sides.some(isPrimary))) ?? home;
  }

  private sideAtHome(pair: PairView): Side {
    return pair.sides[this.home.place];
  }

  /** Whether that host may become Primary: only with the newest data, and all of it (a failover into a resync loses). */
  homeState(): HomeState {
    const isInUse = this.used.some(({ sides }) => sides.some(isPrimary));
    const states = (isInUse ? this.undecided : this.used).map((pair) => stateOf(pair, this.sideAtHome(pair)));
    return states.includes("behind") ? "behind" : states.includes("syncing") ? "syncing" : "ready";
  }

  mountSteps(): Step[] {
    const mounted = this.view.pairs.flatMap((pair) => this.mountOf(pair));
    const [first] = mounted;
    if (first === undefined) return [];
    const { name } = this.view.desired;
    const node = this.view.hosts.find(({ host }) => host.hostname === first.node)?.node;
    const isStarted = node !== undefined && isActive(node, promotionOf(name));
    return [...(isStarted ? [] : [stepsUnits.startPromotionUnit(first.node, name, inOrder)]), ...mounted];
  }

  private mountOf(pair: PairView): Step[] {
    const mountPoint = pair.desired.filesystem?.mountPoint;
    if (mountPoint === undefined) return [];
    if (pair.sides.some((side) => side.mountedAt.length > 0)) return [];
    const side = pair.neverUsed ? pair.source : this.sideAtHome(pair);
    // Formatted by this plan, or seen to hold a filesystem: else the next look decides.
    const ready =
      (pair.neverUsed && !pair.isToKeep) ||
      (isPrimary(side) && (this.mayFormat(pair, side) || side.observed?.device?.kind === "signature"));
    return ready
      ? [stepsFilesystem.mount(side.desired.hostname, pair.desired, mountPoint, "by its line in fstab")]
      : [];
  }

  /** Volumes that hold data and are to be used, and are Primary on no host. */
  get undecided(): readonly PairView[] {
    return this.used.filter((pair) => this.isWanted(pair) && !pair.sides.some(isPrimary));
  }

  private isWanted({ desired: { filesystem, services } }: PairView): boolean {
    return filesystem !== undefined || services.length > 0 || this.view.isSwitched;
  }

  /** The side that shall be Primary is being filled, and nothing else is to be done until it is. */
  waitsForFill(): boolean {
    return this.undecided.length > 0 && this.homeState() === "syncing";
  }
}

function stateOf(pair: PairView, side: Side): HomeState {
  const isBehind = pair.isBehind(side);
  if (!isAttached(side)) return isBehind ? "behind" : "ready";
  const meaning = diskStates[side.device?.disk ?? ""];
  if (meaning === "newest" || meaning === "whole") return isBehind && !pair.isTogether ? "behind" : "ready";
  return pair.isTogether ? "syncing" : "behind";
}
