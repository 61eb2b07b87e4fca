/** Two machines, the link between them, and time. */
import { connectionOf, copyBlock, loseConnection, meet, negotiate } from "./connection";
import { run } from "./commands";
import type { Disk } from "./disk";
import type { Drbd } from "./drbd";
import { Generations } from "./generations";
import { Ledger } from "./ledger";
import {
  broughtUpLink,
  enabledLink,
  Machine,
  resource,
  resourceFile,
  promotionLink,
  roleDropIn,
  roleLink,
  startsLink,
  serviceName,
} from "./machine";
import { roleOf, startsOf } from "../../provider/core/steps/boot-units";
import { apartToken } from "../../provider/core/decided/plans/takeover";
import { lastPrimaryNote } from "../../provider/core/steps/own-folder";
import type { Volume } from "./volume";

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
  "Pacemaker managed it",
  "an up moved it to the other host",
  "an up gave one side up",
  "a service hung in its stop",
  "another up came first",
  "a first sync was skipped",
  "a disk did not read as zeros",
] as const;
export type Happening = (typeof happenings)[number];

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
  /** Host → the generations that the program gives up there. */
  givenUp: Readonly<Record<string, readonly string[]>> = {};
  /** Where the resource was configured when the provider's run began, and on which disks. */
  readonly configured = new Set<Volume>();
  /** Whose file was written by a run that began where nobody knew whose the disks are, and was never brought up by it. */
  readonly unfounded = new Set<Volume>();
  private disksAtBeginning: readonly Disk[] = [];
  /** Whose disk was mounted by itself when the provider's run began. */
  readonly mountedAtBeginning = new Set<Volume>();
  /** What was done only once in each volume's life, by us. A skipped first sync counts as a forced primary. */
  readonly made: { forced: number; formatted: number }[];
  /** Told by whoever breaks a law at once, without waiting for what comes of it. */
  readonly broken: string[] = [];
  /** Whether Pulumi's state knows that a volume of the pair was in use. */
  isRemembered: (volume: number) => boolean = () => false;
  /** What came up in it: that a test has seen a split brain is shown, not hoped. */
  readonly happened = new Set<Happening>();
  private uuids = 0;
  private readonly runs = new WeakMap<object, string>();
  private begunRuns = 0;

  constructor(drbd: Drbd, volumes = 1) {
    this.machines = [
      new Machine("alpha", "10.1.1.31", drbd, volumes),
      new Machine("bravo", "10.1.1.32", drbd, volumes),
    ];
    this.made = this.machines[0].volumes.map(() => ({ forced: 0, formatted: 0 }));
    this.ledger.disks.push(...this.machines.flatMap(({ disks }) => disks));
  }

  /** By which the hosts tell a run from others. */
  nameOf(run: object): string {
    const name = this.runs.get(run) ?? `run ${++this.begunRuns}`;
    this.runs.set(run, name);
    return name;
  }

  machine(name: string): Machine {
    const found = this.machines.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no machine ${name}`);
    return found;
  }

  peerOf(machine: Machine): Machine;
  peerOf(volume: Volume): Volume;
  peerOf(one: Machine | Volume): Machine | Volume {
    const machine = one instanceof Machine ? one : one.machine;
    const peer = this.machines[machine === this.machines[0] ? 1 : 0];
    return one instanceof Machine ? peer : peer.volumes[one.number]!;
  }

  /** A volume on both machines. */
  sidesOf({ number }: { readonly number: number }): readonly [Volume, Volume] {
    return [this.machines[0].volumes[number]!, this.machines[1].volumes[number]!];
  }

  /** A UUID as blkid prints it, that nothing else has. */
  uuid(): string {
    this.uuids += 1;
    return `00000000-0000-4000-8000-${String(this.uuids).padStart(12, "0")}`;
  }

  /** Where a person gave up all there was, and Pulumi's state knows of nothing, what was made once may be made once more. */
  beginLifeAnew(): void {
    this.made.forEach((made, number) => {
      const disks = this.sidesOf({ number }).flatMap((side) => side.disks);
      if (!this.ledger.isGivenUp(disks) || this.isRemembered(number)) return;
      made.forced = 0;
      made.formatted = 0;
    });
  }

  noteBeginning(): void {
    this.disksAtBeginning = this.machines.flatMap(({ disks }) => disks);
    this.configured.clear();
    this.mountedAtBeginning.clear();
    for (const volume of this.machines.flatMap(({ volumes }) => volumes))
      if (volume.mountsDisk) this.mountedAtBeginning.add(volume);
    for (const { number } of this.machines[0].volumes) {
      const sides = this.sidesOf({ number });
      const there = sides.filter((side) => side.machine.defined().includes(side));
      if (this.isRemembered(number)) for (const side of sides) this.unfounded.delete(side);
      else if (there.length === 0) for (const side of sides) this.unfounded.add(side);
      for (const side of there) if (!this.unfounded.has(side)) this.configured.add(side);
    }
  }

  /** Somebody took its disk out since the provider's run began. */
  wasTakenAway({ disks }: Volume): boolean {
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
    for (const machine of this.machines) this.followRole(machine);
  }

  cutLink(): void {
    this.linked = false;
    loseConnection(this);
  }

  cutPower(machine: Machine): void {
    if (!machine.powered) return;
    machine.powered = false;
    machine.moduleLoaded = false;
    for (const volume of machine.volumes) {
      volume.kernel = undefined;
      volume.mountedAt = undefined;
      volume.heldOpen = false;
      volume.mountsDisk = false;
    }
    for (const guest of machine.guests.values()) guest.isUp = false;
    machine.unfinished.length = 0;
    machine.isDecided = false;
    machine.service.isActive = false;
    this.endOfCut(machine);
    for (const link of [broughtUpLink, promotionLink, roleLink, startsLink]) machine.links.delete(link);
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
    const wants = machine.files.get(roleDropIn);
    if (wants?.includes(roleOf(resource)) === true) machine.links.add(roleLink);
    if (wants?.includes(startsOf(resource)) === true) machine.links.add(startsLink);
  }

  private endOfCut(machine: Machine): void {
    machine.isApart = false;
    machine.files.delete(apartToken(resource));
  }

  /** drbd-role@.service: host/units/follow-role.sh. */
  private followRole(machine: Machine): void {
    if (!machine.powered || !machine.links.has(roleLink)) return;
    const note = lastPrimaryNote(resource);
    const isConnected = connectionOf(machine) === "Connected";
    if (isConnected || machine.running.length === 0) this.endOfCut(machine);
    else if (!machine.isApart) {
      machine.isApart = true;
      machine.files.set(apartToken(resource), `${this.deviceUuid()}\n`);
    }
    const isElsewhere = isConnected && machine.running.some(({ kernel }) => kernel.peerRole === "Primary");
    if (machine.isPrimary || isElsewhere) {
      machine.files.set(note, `${machine.isPrimary ? machine.name : this.peerOf(machine).name}\n`);
      machine.isDecided = true;
    }
    if (machine.isPrimary) machine.links.add(promotionLink);
    else machine.links.delete(promotionLink);
    if (machine.isDecided || machine.files.get(note) !== `${machine.name}\n`) return;
    const isWhole = machine.running.every(({ kernel }) => kernel.disk === "UpToDate" && kernel.replication !== "Off");
    if (!isConnected || machine.running.length === 0 || !isWhole) return;
    if (run(this, machine, ["drbdadm", "primary", resource], "host").exit !== 0) return;
    this.happened.add("a host mounted at boot");
    machine.links.add(promotionLink);
    for (const { fstabLine } of machine.volumes)
      if (fstabLine !== undefined) run(this, machine, ["mount", fstabLine.target], "host");
    if (machine.hasService) run(this, machine, ["systemctl", "start", serviceName], "host");
  }
}
