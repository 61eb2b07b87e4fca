/** The simulated one of two pairs in which the same happens. */
import { readBlock } from "../../simulation/commands";
import { giText } from "../../simulation/disk";
import { happen, type Event } from "../../simulation/events";
import type { Machine } from "../../simulation/machine";
import { observe } from "../../simulation/observe";
import type { Outcome, Program } from "../../simulation/pulumi";
import type { Run } from "../../simulation/remote";
import { SimulatedStack } from "../../simulation/simulated-stack";
import { World } from "../../simulation/world";
import { type Pair, request, type Seen, type Work } from "./sight";
import { workOf } from "./work";

/** Turns in which all that goes on by itself has ended. */
const longEnough = 20;

export class SimulatedPair implements Pair {
  readonly world = new World("8.4");
  private readonly stack = new SimulatedStack(this.world);
  /** By the version that it made: the how manyth write it was. */
  private readonly writes = new Map<number, number>();
  private count = 0;

  /** Two hosts on which stand the files that stood on the real ones before anything began. */
  constructor(files: ReadonlyMap<string, string>) {
    for (const machine of this.world.machines) {
      machine.moduleLoaded = false;
      machine.files.clear();
      for (const [path, text] of files) machine.files.set(path, text);
    }
  }

  happen(event: Event): Promise<void> {
    // Nobody writes to the lab's device itself.
    const isWrite = event.kind === "write";
    if (isWrite && this.world.machines[event.on].mountedAt === undefined) return Promise.resolve();
    happen(this.world, event);
    if (isWrite) {
      this.count += 1;
      this.writes.set(readBlock(this.world, this.world.machines[event.on].volumes[0], event.block), this.count);
    }
    return Promise.resolve();
  }

  up(program: Program): Promise<Work> {
    return this.work((run) => this.stack.up(program, run));
  }

  destroy(): Promise<Work> {
    return this.work((run) => this.stack.destroy(run));
  }

  look(): Promise<readonly [Seen | "off", Seen | "off"]> {
    for (let turn = 0; turn < longEnough; turn++) this.world.passTime();
    const [alpha, bravo] = this.world.machines;
    return Promise.resolve([this.seen(alpha), this.seen(bravo)]);
  }

  private seen(machine: Machine): Seen | "off" {
    if (!machine.powered) return "off";
    const { metadata } = machine.disk;
    const blocks = [1, 2, 3].map((block) => this.writes.get(readBlock(this.world, machine.volumes[0], block)));
    return {
      node: observe(this.world, machine, request),
      gi: metadata && giText(metadata, machine.isPrimary),
      written: machine.mountedAt === undefined ? undefined : blocks,
    };
  }

  private async work(doing: (run: Run) => Promise<Outcome>): Promise<Work> {
    const run: Run = { dead: false, applied: [], interrupt: () => "none" };
    return workOf(await doing(run), run.applied);
  }
}
