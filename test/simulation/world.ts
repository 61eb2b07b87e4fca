/** Two machines, the link between them, and time. */
import { meet, copyBlock, isRunning, loseConnection, negotiate } from "./connection";
import { run } from "./commands";
import type { Disk } from "./disk";
import type { Drbd } from "./drbd";
import { Generations } from "./generations";
import { Ledger } from "./ledger";
import { broughtUpLink, enabledLink, Machine, resource, resourceFile, promotionLink } from "./machine";

export const happenings = [
  "a sync by the bitmap",
  "a full sync",
  "a split brain",
  "unrelated data",
  "changes given up by hand",
  "a primary crashed",
  "a disk was cleared",
  "metadata moved",
  "a device was formatted",
  "a host mounted at boot",
  "drbdadm could read nothing",
  "a disk was mounted by itself",
  "metadata was converted",
  "a host was reinstalled",
  "a Secondary's device was held open",
  "a pair was given back",
] as const;
export type Happening = (typeof happenings)[number];

/** Turns for which a booting host waits for its peer before it gives its mount up. */
const bootPatience = 4;

export class World {
  readonly ledger = new Ledger();
  readonly generations = new Generations();
  readonly machines: readonly [Machine, Machine];
  linked = true;
  /**
   * The target's word that the next sync is over overtakes what its source has still to count (kernel-steps.ts,
   * tellSyncEnd). In no random history: until somebody cures it, DRBD itself does not notice a split brain, since a source
   * whose bitmap has an identifier begins no generation when it loses its peer.
   */
  missesSyncEnd = false;
  /** A disk that comes to a connection is `Negotiating` for a while, and the command that attached it has ended before. */
  negotiatesLong = false;
  /** Host → what the program lets go there, by identity. */
  discards: Readonly<Record<string, readonly string[]>> = {};
  /** Where the resource was configured when the provider's run began, and on which disks. */
  readonly configured = new Set<Machine>();
  /** Whose file was written by a run that began where nobody knew whose the disks are, and was never brought up by it. */
  readonly unfounded = new Set<Machine>();
  private disksAtBeginning: readonly Disk[] = [];
  /** Whose disk was mounted by itself when the provider's run began. */
  readonly mountedAtBeginning = new Set<Machine>();
  /** What was done only once, by us. */
  readonly made: { forced: number; formatted: number } = { forced: 0, formatted: 0 };
  /** Told by whoever breaks a law at once, without waiting for what comes of it. */
  readonly broken: string[] = [];
  /** Whether Pulumi's state knows that the pair was in use. */
  isRemembered = (): boolean => false;
  /** What came up in it: that a test has seen a split brain is shown, not hoped. */
  readonly happened = new Set<Happening>();
  private uuids = 0;

  constructor(drbd: Drbd) {
    this.machines = [new Machine("alpha", "10.1.1.31", drbd), new Machine("bravo", "10.1.1.32", drbd)];
    this.ledger.disks.push(...this.machines.flatMap(({ disks }) => disks));
  }

  machine(name: string): Machine {
    const found = this.machines.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no machine ${name}`);
    return found;
  }

  peerOf(machine: Machine): Machine {
    return this.machines[machine === this.machines[0] ? 1 : 0];
  }

  /** A UUID as blkid prints it, that nothing else has. */
  uuid(): string {
    this.uuids += 1;
    return `00000000-0000-4000-8000-${String(this.uuids).padStart(12, "0")}`;
  }

  /** Where a person gave up all there was, and Pulumi's state knows of nothing, what was made once may be made once more. */
  beginLifeAnew(): void {
    if (!this.ledger.isEverythingGivenUp || this.isRemembered()) return;
    this.made.forced = 0;
    this.made.formatted = 0;
  }

  noteBeginning(): void {
    this.disksAtBeginning = this.machines.flatMap(({ disks }) => disks);
    this.configured.clear();
    this.mountedAtBeginning.clear();
    for (const machine of this.machines) if (machine.mountsDisk) this.mountedAtBeginning.add(machine);
    const there = this.machines.filter(({ files }) => files.has(resourceFile));
    if (this.isRemembered()) this.unfounded.clear();
    else if (there.length === 0) for (const machine of this.machines) this.unfounded.add(machine);
    for (const machine of there) if (!this.unfounded.has(machine)) this.configured.add(machine);
  }

  /** Somebody took its disk out since the provider's run began. */
  wasTakenAway({ disks }: Machine): boolean {
    return disks.some((disk) => !this.disksAtBeginning.includes(disk));
  }

  /** Of DRBD's metadata, as blkid prints it. */
  deviceUuid(): string {
    this.uuids += 1;
    return this.uuids.toString(16).padStart(16, "0");
  }

  /** Connections come about, syncs go on, booting hosts mount. */
  passTime(): void {
    negotiate(this);
    meet(this);
    copyBlock(this);
    for (const machine of this.machines) this.mountAtBoot(machine);
  }

  cutLink(): void {
    this.linked = false;
    loseConnection(this);
  }

  cutPower(machine: Machine): void {
    if (!machine.powered) return;
    machine.powered = false;
    machine.kernel = undefined;
    machine.moduleLoaded = false;
    machine.mountedAt = undefined;
    machine.heldOpen = false;
    machine.mountsDisk = false;
    machine.bootMount = undefined;
    machine.unfinished.length = 0;
    for (const link of [broughtUpLink, promotionLink]) machine.links.delete(link);
    loseConnection(this);
  }

  boot(machine: Machine): void {
    if (machine.powered) return;
    machine.powered = true;
    machine.moduleLoaded = [...machine.files].some(
      ([path, text]) => path.includes("/modules-load.d/") && text.includes("drbd"),
    );
    if (!machine.moduleLoaded || !machine.links.has(enabledLink) || !machine.files.has(resourceFile)) return;
    run(this, machine, ["systemctl", "start", "drbd@r0.service", "drbd@r0.target"], "host");
    const line = machine.fstabLine;
    if (line === undefined || line.options.includes("noauto")) return;
    machine.bootMount = { target: line.target, patience: bootPatience };
  }

  /**
   * drbd-primary@.service: promotes once the peer is there and the disk is UpToDate, or gives up; then the mount. Where the
   * peer is Primary, neither.
   */
  private mountAtBoot(machine: Machine): void {
    const waiting = machine.bootMount;
    if (waiting === undefined) return;
    waiting.patience -= 1;
    const isConnected = isRunning(machine) && machine.kernel.connection === "Connected";
    const isElsewhere = isConnected && machine.kernel.peerRole === "Primary";
    const ready = isConnected && machine.kernel.disk === "UpToDate" && !isElsewhere;
    if (!ready && !isElsewhere && waiting.patience > 0) return;
    machine.bootMount = undefined;
    if (!ready) return;
    if (run(this, machine, ["drbdadm", "primary", resource], "host").exit === 0) {
      this.happened.add("a host mounted at boot");
      machine.links.add(promotionLink);
      run(this, machine, ["mount", waiting.target], "host");
    }
  }
}
