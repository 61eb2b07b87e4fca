/** A resource as it was found on both hosts: its volumes, each with both its sides, and what is of the resource as a whole. */
import { parseAdjustment, withoutLeaving, type Adjustment } from "../../steps/adjust-lines";
import { leavingOn } from "../../installed/leaving-volumes";
import { connectionStates } from "../../seen/kernel-states";
import { memoryOf, type MemoryOfVolumes, wasInUse } from "../../seen/memory";
import type { KernelResource, ObservedNode } from "../../seen/observed";
import { type DesiredHost, type DesiredResource, type VolumePair } from "../../wanted/desired";
import { lastPrimaryNote } from "../../steps/own-folder";
import { PairView } from "./pair-view";
import { isHalfUp, isPrimary, type Side } from "./side";
import { relationOf } from "./side-relation";

/** What was found on both sides of a volume. */
export interface FoundVolume {
  readonly volume: VolumePair;
  readonly sides: readonly [Side, Side];
}

/** One host of the resource. */
export interface HostView {
  /** In the order of `desired.hosts`. */
  readonly place: 0 | 1;
  readonly host: DesiredHost;
  readonly node: ObservedNode;
  readonly kernel?: KernelResource;
  /** Its side of each volume. */
  readonly sides: readonly Side[];
}

export interface Switchover {
  readonly from: HostView;
  readonly to: HostView;
}

export class ResourceView {
  readonly pairs: readonly PairView[];
  readonly hosts: readonly [HostView, HostView];
  readonly source: HostView;
  readonly target: HostView;
  /** Where it shall be Primary, as long as it is Primary nowhere. A resource that nobody ever used begins on its source. */
  readonly home: HostView;

  constructor(
    readonly desired: DesiredResource,
    readonly memory: MemoryOfVolumes,
    found: readonly FoundVolume[],
    /** The host that `primary` names, where no `up` has carried that out yet. */
    private readonly switchTo?: string,
  ) {
    this.pairs = withNewVolumes(
      found.map(({ volume, sides }) => new PairView(volume, memoryOf(memory, volume), sides)),
      desired,
      memory,
    );
    const hostAt = (place: 0 | 1): HostView => {
      const sides = this.pairs.map((pair) => pair.sides[place]);
      const [first] = sides;
      if (first === undefined) throw new Error("a resource has a volume");
      return { place, host: desired.hosts[place], node: first.node, kernel: first.kernel, sides };
    };
    this.hosts = [hostAt(0), hostAt(1)];
    const isSource = desired.hosts[0].hostname === desired.syncSource;
    this.source = this.hosts[isSource ? 0 : 1];
    this.target = this.hosts[isSource ? 1 : 0];
    const home = switchTo ?? this.lastPrimary ?? desired.primary ?? desired.syncSource;
    const isNew = this.neverUsed || this.isToKeep || this.isUnmade;
    this.home = isNew ? this.source : this.hosts[desired.hosts[0].hostname === home ? 0 : 1];
  }

  /** `primary` names another host than before, and it runs on the other one: from there it is to move. */
  get switchover(): Switchover | undefined {
    if (this.switchTo === undefined || this.neverUsed || this.isToKeep) return undefined;
    const to = this.hosts[this.desired.hosts[0].hostname === this.switchTo ? 0 : 1];
    const from = otherHost(this, to);
    return from.sides.some(isPrimary) ? { from, to } : undefined;
  }

  /** `it was Primary on this one last` */
  get reasonForHome(): string {
    const { hostname } = this.home.host;
    if (hostname === this.switchTo)
      return hostname === this.desired.primary ? "`primary` names this one" : "it was here";
    if (hostname === this.lastPrimary) return "it was Primary on this one last";
    return hostname === this.desired.primary ? "`primary` names this one" : "it is the sync source";
  }

  /** Where it was Primary last, as far as the hosts agree on that: a boot makes it Primary there, and so does an `up`. */
  private get lastPrimary(): string | undefined {
    const [host, ...more] = this.notedPrimaries;
    return more.length > 0 ? undefined : host;
  }

  /** The hosts of the pair that either of them names. */
  private get notedPrimaries(): string[] {
    const note = lastPrimaryNote(this.desired.name);
    const noted = new Set(this.hosts.flatMap(({ node }) => node.files.get(note)?.trim() ?? []));
    return [...noted].filter((one) => this.desired.hosts.some(({ hostname }) => hostname === one));
  }

  /**
   * Its first sync was skipped, and it was neither formatted nor used since. Both sides are alike then, and only on its source
   * is it known that they hold nothing: what somebody has used elsewhere meanwhile is never taken for that.
   */
  private get isUnmade(): boolean {
    const { desired, source, pairs } = this;
    if (desired.initialSync !== "skip" || this.notedPrimaries.some((one) => one !== source.host.hostname)) return false;
    return pairs.every(
      (pair) =>
        pair.memory.filesystemUuid === null &&
        !pair.sides.some(isPrimary) &&
        pair.isNewlyBegun(pair.source) &&
        relationOf(pair.source, pair.target) === "same",
    );
  }

  /** Of a new pair it comes once the initial sync has ended: in the run that made it, where that waits for it. */
  get isMovedLater(): boolean {
    const { switchover } = this;
    if (switchover === undefined) return false;
    const { place } = switchover.to;
    const isFilled = this.pairs.some((pair) => pair.neverUsed || pair.sides[place].device?.disk !== "UpToDate");
    return isFilled && !this.pairs.some(({ memory }) => wasInUse(memory));
  }

  /** Whether the host that `primary` names is to be made Primary, whatever would stay as it is else. */
  get isSwitched(): boolean {
    return this.switchTo !== undefined;
  }

  /** Nobody ever wrote through any of its volumes. */
  get neverUsed(): boolean {
    return this.pairs.every((pair) => pair.neverUsed);
  }

  /** Data on the sync source that has no generation of DRBD's yet. */
  get isToKeep(): boolean {
    return this.pairs.some((pair) => pair.isToKeep);
  }

  adjustment({ node, host }: HostView): Adjustment {
    const output = node.resources.get(this.desired.name)?.change?.output ?? node.adjust?.output ?? "";
    // Before the file without them is installed, these are taken out of use in an order that nobody's use suffers by.
    const leaving = leavingOn(this.desired, node, host.hostname).map(({ minor }) => minor);
    return parseAdjustment(withoutLeaving(output, leaving));
  }

  /** Whether the running kernel differs from what is wanted. */
  isChange(host: HostView): boolean {
    const { options, connection, start } = this.adjustment(host);
    const isConfigured = host.sides.some(({ device }) => device !== undefined);
    return [...options, ...connection, ...start].length > 0 && isConfigured;
  }
}

export function otherHost({ hosts }: ResourceView, host: HostView): HostView {
  return host === hosts[0] ? hosts[1] : hosts[0];
}

/** It has a connection to its peer. */
export function isTogetherOn({ kernel }: HostView): boolean {
  return connectionStates[kernel?.connection ?? ""] === "together";
}

/** A `drbdadm up` failed on its way there, and none of its volumes is in use. */
export function isHalfUpOn({ sides }: HostView): boolean {
  return sides.every(isHalfUp);
}

/** A new volume of a resource that is in use is begun where that is Primary: there it can be formatted and mounted. */
function withNewVolumes(
  pairs: readonly PairView[],
  { hosts }: DesiredResource,
  memory: MemoryOfVolumes,
): readonly PairView[] {
  if (pairs.every((pair) => pair.neverUsed)) return pairs;
  const primaries = hosts.filter((_, place) => pairs.some(({ sides }) => sides[place]?.kernel?.role === "Primary"));
  const [primary] = primaries;
  if (primary === undefined || primaries.length > 1) return pairs;
  return pairs.map((pair) =>
    pair.neverUsed && pair.source.desired.hostname !== primary.hostname && !pair.isToKeep
      ? new PairView(pair.desired, memoryOf(memory, pair.desired), pair.sides, primary.hostname)
      : pair,
  );
}
