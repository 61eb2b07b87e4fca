/** Two devices that find each other, agree on who is newer, sync, and part: drbd_sync_handshake and around (DRBD 8.4 and 9). */
import { dataBlocks, justCreated, type Metadata, visibleMetadata } from "./disk";
import { closeBitmap, compare, endSync, type Verdict } from "./generations";
import {
  atLeast,
  attachedMetadata,
  change,
  type Device,
  type DiskState,
  fences,
  type Kernel,
  protocolOf,
  secretOf,
} from "./kernel";
import type { Machine } from "./machine";
import { generationHeld, isRunning, type RunningVolume } from "./volume";
import type { World } from "./world";

/** A volume that both sides have. */
type Both = readonly [RunningVolume, RunningVolume];

/** What the two have in common. */
function shared({ machines: [first, second] }: World): Both[] {
  return first.running.flatMap((one): Both[] => {
    const other = second.volumes[one.number];
    return other !== undefined && isRunning(other) ? [[one, other]] : [];
  });
}

/** A resource has one connection, whatever its volumes. */
export const connectionOf = ({ running: [first] }: Machine): Kernel["connection"] | undefined =>
  first?.kernel.connection;

/** Both look for each other and the link is there: what comes of it. */
export function meet(world: World): void {
  const [first, second] = world.machines;
  const [one, other] = [first.running[0], second.running[0]];
  if (!world.linked || one === undefined || other === undefined) return;
  if (one.kernel.connection !== "Connecting" || other.kernel.connection !== "Connecting") return;
  // A pair of two versions is refused by the provider, and nobody connects it by hand.
  if (first.drbd !== second.drbd) return;
  // Authentication that fails is tried again; settings that do not fit are not.
  if (secretOf(one.kernel.configuration) !== secretOf(other.kernel.configuration)) return;
  const fit = protocolOf(one.kernel.configuration) === protocolOf(other.kernel.configuration);
  const both = shared(world);
  if (!fit || both.some((pair) => pair.every(({ kernel }) => kernel.role === "Primary"))) {
    part(world, first, "StandAlone");
    part(world, second, "StandAlone");
    return;
  }
  if (!shakeHands(world, both)) return;
  for (const alone of world.machines.flatMap(({ running }) => running))
    if (!both.some((pair) => pair.includes(alone))) change(alone, { connection: "Connected" }, world.generations);
}

/** Disks that came to a connection that was there: the two sides agree on them. */
export function negotiate(world: World): void {
  for (const both of shared(world)) {
    const waited = both.filter(({ kernel }) => kernel.isNegotiating === true);
    for (const { kernel } of waited) {
      kernel.isNegotiating = false;
      if (kernel.connection === "Connected") shakeHands(world, [both]);
    }
  }
  for (const { kernel } of world.machines.flatMap(({ running }) => running)) kernel.isNegotiating &&= false;
}

/**
 * Also without a new connection: a side that was forced to be UpToDate has the pair look again. One volume on which they
 * do not agree parts the whole resource.
 */
export function shakeHands(world: World, pairs: readonly Both[]): boolean {
  const met = pairs.map(([first, second]) => ({ first, second, verdict: verdictOf(world, first, second) }));
  const stops = ({ first, second, verdict }: (typeof met)[number]): boolean =>
    objections(first, verdict, 1) || objections(second, verdict, -1);
  const told = met.map(({ verdict }) => verdict).filter((verdict) => typeof verdict === "string");
  const [first, second] = world.machines;
  if (told.length > 0) {
    // One after the other: those before the first that does not fit have agreed by then, and who is behind knows it.
    const agreed = met.slice(
      0,
      met.findIndex(({ verdict }) => typeof verdict === "string"),
    );
    for (const { first: one, second: other, verdict } of agreed) {
      const behind = typeof verdict !== "number" || verdict === 0 ? undefined : verdict < 0 ? one : other;
      if (behind?.kernel.disk === "UpToDate") change(behind, { disk: "Outdated" }, world.generations);
    }
    for (const verdict of told) world.happened.add(verdict === "unrelated" ? "unrelated data" : "a split brain");
    part(world, first, "StandAlone");
    part(world, second, "StandAlone");
    return false;
  }
  if (met.some(stops)) {
    const alone = (isAlone: boolean) => (isAlone ? "StandAlone" : "Connecting");
    part(world, first, alone(met.some((one) => objections(one.first, one.verdict, 1))));
    part(world, second, alone(met.some((one) => objections(one.second, one.verdict, -1))));
    return false;
  }
  for (const { first: one, second: other, verdict } of met) agree(world, one, other, verdict);
  return true;
}

/** Nothing where a side has no disk. */
function verdictOf(world: World, first: RunningVolume, second: RunningVolume): Verdict | undefined {
  const [mine, theirs] = [attachedMetadata(first), attachedMetadata(second)];
  if (mine === undefined || theirs === undefined) return undefined;
  const crashed = { self: first.kernel.crashedPrimary, peer: second.kernel.crashedPrimary };
  return settle(world, first, second, compare(mine, theirs, { drbd: first.drbd, crashed }));
}

function agree(world: World, first: RunningVolume, second: RunningVolume, verdict: Verdict | undefined): void {
  connected(world, first, second);
  if (typeof verdict !== "number") return;
  const [mine, theirs] = [attachedMetadata(first), attachedMetadata(second)];
  if (verdict === 0 && first.drbd === "9" && mine !== undefined && theirs !== undefined)
    forgetDifferences(mine, theirs);
  if (verdict > 0) beginSync(world, first, second, verdict === 2);
  if (verdict < 0) beginSync(world, second, first, verdict === -2);
}

/** Both are of one generation, so DRBD 9 takes them for the same, whatever a verify found (rule=reconnected, 9.2.16). */
function forgetDifferences(...both: readonly Metadata[]): void {
  for (const metadata of both) {
    closeBitmap(metadata);
    metadata.outOfSync.fill(false);
  }
}

/** What disk states, and a person's word on which changes are given up, make of the verdict of the identifiers. */
function settle(world: World, first: RunningVolume, second: RunningVolume, verdict: Verdict): Verdict {
  if (verdict === "unrelated") return verdict;
  const usable = (one: RunningVolume) => one.kernel.disk !== "Inconsistent";
  if (usable(first) !== usable(second)) {
    const full = verdict === "split-brain" || Math.abs(verdict) === 2;
    return usable(first) ? (full ? 2 : 1) : full ? -2 : -1;
  }
  if (verdict !== "split-brain" || first.kernel.discardsOwn === second.kernel.discardsOwn) return verdict;
  const victim = first.kernel.discardsOwn ? first : second;
  if (victim.kernel.startedBy === "provider") {
    // By the program's word: not without one, and not when that spoke of other data.
    const named = world.givenUp[victim.machine.name] ?? [];
    if (!named.includes(generationHeld(victim) ?? ""))
      world.broken.push(`${victim.machine.name} was given up, and nobody had named what it holds`);
    world.happened.add("an up gave one side up");
  } else world.happened.add("changes given up by hand");
  world.ledger.giveUp(victim.disk);
  return victim === first ? -1 : 1;
}

/** "I shall become SyncSource, but I am inconsistent!"; "I shall become SyncTarget, but I am primary!" */
function objections({ kernel }: RunningVolume, verdict: Verdict | undefined, direction: 1 | -1): boolean {
  if (typeof verdict !== "number" || verdict === 0) return false;
  return verdict * direction > 0
    ? kernel.disk === "Inconsistent"
    : kernel.role === "Primary" && atLeast(kernel.disk, "Consistent");
}

function connected(world: World, first: RunningVolume, second: RunningVolume): void {
  // Both sides see the states of before: what is certain only of oneself vanishes once they have met.
  const certain = (state: DiskState): DiskState =>
    state === "Consistent" || state === "Outdated" ? "UpToDate" : state;
  const of = (self: RunningVolume, peer: RunningVolume): Partial<Kernel> => ({
    connection: "Connected",
    replication: "Established",
    peerRole: peer.kernel.role,
    disk: certain(self.kernel.disk),
    peerDisk: certain(peer.kernel.disk),
    discardsOwn: false,
  });
  const [mine, theirs] = [of(first, second), of(second, first)];
  change(first, mine, world.generations);
  change(second, theirs, world.generations);
}

export function beginSync(world: World, source: RunningVolume, target: RunningVolume, full: boolean): void {
  const [from, to] = [metadataOf(source), metadataOf(target)];
  world.happened.add(full ? "a full sync" : "a sync by the bitmap");
  if (source.kernel.crashedPrimary || target.kernel.crashedPrimary) world.happened.add("a primary crashed");
  // Who made metadata over data by hand, and has the two meet by hand, means it.
  const byHand = [source, target].some(({ kernel }) => kernel.startedBy === "hand");
  if (byHand && to.current === justCreated && !to.isOwn) world.ledger.giveUp(target.disk);
  for (let block = 0; block < dataBlocks; block++) {
    const out = full || from.outOfSync[block] === true || to.outOfSync[block] === true;
    from.outOfSync[block] = to.outOfSync[block] = out;
  }
  target.kernel.source = { current: from.current, bitmap: from.bitmap, history: [...from.history] };
  if (source.drbd === "9") world.generations.joinSync(from, to);
  else world.generations.beginSync(from, to);
  change(source, { replication: "SyncSource", disk: "UpToDate", peerDisk: "Inconsistent" }, world.generations);
  change(target, { replication: "SyncTarget", disk: "Inconsistent", peerDisk: "UpToDate" }, world.generations);
  if (!to.outOfSync.includes(true)) finishSync(world, source, target);
}

/** One block more of each volume is copied, where a sync runs. */
export function copyBlock(world: World): void {
  for (const [first, second] of shared(world)) {
    const isSource = first.kernel.replication === "SyncSource";
    const [source, target] = isSource ? [first, second] : [second, first];
    if (source.kernel.replication !== "SyncSource" || target.kernel.replication !== "SyncTarget") continue;
    copyOf(world, source, target);
  }
}

function copyOf(world: World, source: RunningVolume, target: RunningVolume): void {
  const [from, to] = [metadataOf(source), metadataOf(target)];
  const block = to.outOfSync.indexOf(true);
  if (block >= 0) {
    world.ledger.replace(
      target.disk,
      block,
      source.disk.blocks[block]!,
      `a sync from ${source.name} to ${target.name} overwrote it`,
    );
    from.outOfSync[block] = to.outOfSync[block] = false;
  }
  if (!to.outOfSync.includes(true)) finishSync(world, source, target);
}

const synced = { replication: "Established", disk: "UpToDate", peerDisk: "UpToDate", source: undefined } as const;

/** The source's part of the end: told by its peer's state. */
export function noticeSyncEnd(world: World, source: RunningVolume): void {
  closeBitmap(metadataOf(source));
  change(source, synced, world.generations);
}

function finishSync(world: World, source: RunningVolume, target: RunningVolume): void {
  const seen = target.kernel.source;
  if (seen === undefined) throw new Error("a sync ends that did not begin");
  if (target.drbd === "8.4") endSync(metadataOf(target), seen);
  change(target, synced, world.generations);
  if (!world.missesSyncEnd) noticeSyncEnd(world, source);
  world.missesSyncEnd = false;
  for (let block = 0; block < dataBlocks; block++) {
    if (source.disk.blocks[block] === target.disk.blocks[block]) target.disk.givenUp[block] = false;
  }
}

/** The connection is gone, and this side stands alone or looks for its peer again, with all its volumes. */
export function part(world: World, machine: Machine, connection: "StandAlone" | "Connecting"): void {
  for (const volume of machine.running) {
    const { peerDisk: seen } = volume.kernel;
    const peerDisk = seen === "Outdated" || seen === "Inconsistent" ? seen : "DUnknown";
    change(
      volume,
      { connection, replication: "Off", peerRole: "Unknown", peerDisk, discardsOwn: false, source: undefined },
      world.generations,
    );
  }
}

/** Without a word: the link was cut, or the peer lost its power. */
export function loseConnection(world: World): void {
  for (const machine of world.machines) if (connectionOf(machine) === "Connected") part(world, machine, "Connecting");
}

/** `disconnect`: with fencing, the side that is not Primary is outdated by it. */
export function disconnect(world: World, machine: Machine): void {
  const peer = world.peerOf(machine);
  if (connectionOf(machine) === "Connected" && peer.isConfigured) {
    for (const both of shared(world)) fence(world, both);
    part(world, peer, "Connecting");
  }
  part(world, machine, "StandAlone");
}

function fence(world: World, both: Both): void {
  if (!fences(both[0].kernel.configuration)) return;
  const primary = both.find(({ kernel }) => kernel.role === "Primary");
  const other = both.find((one) => one !== primary)!;
  if (primary === undefined || !atLeast(other.kernel.disk, "Outdated")) return;
  change(other, { disk: "Outdated" }, world.generations);
  change(primary, { peerDisk: "Outdated" }, world.generations);
}

function metadataOf(device: Device): Metadata {
  const metadata = visibleMetadata(device.holder, device.drbd);
  if (metadata === undefined || device.kernel.disk === "Diskless") throw new Error("a device syncs that has no disk");
  return metadata;
}
