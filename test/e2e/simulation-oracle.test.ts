/**
 * The simulation (test/simulation) held against the lab: the same history on both, and after each deed the same to be
 * seen on both hosts, and the same done there by `up`. Where they differ, the simulation is wrong. `npm run oracle` draws
 * histories by chance; with SEED and RUNS, as many as one likes or the same again.
 */
import * as fc from "fast-check";
import { Lab } from "../../lab/lab";
import { Names } from "../simulation/comparable";
import type { Event, HandCommand } from "../simulation/events";
import type { Deed } from "../simulation/history";
import { plainProgram } from "../simulation/pulumi";
import { inTurn } from "./long-tests";
import { arbitraryDeeds } from "./oracle/arbitrary-deeds";
import { LabPair } from "./oracle/lab-pair";
import { type Pair, sightOf } from "./oracle/sight";
import { SimulatedPair } from "./oracle/simulated-pair";
import { seed } from "../seed";

jest.setTimeout(1_000_000);

const event = (one: Event): Deed => ({ kind: "event", event: one });
const hand = (on: 0 | 1, command: HandCommand): Deed => event({ kind: "hand", on, command });
const write = (on: 0 | 1, block: number): Deed => event({ kind: "write", on, block });
const up: Deed = { kind: "up", interruptions: [] };
const destroy: Deed = { kind: "destroy", interruptions: [] };
const [alpha, bravo] = [0, 1] as const;

/** At least one for each turn: a turn without one would fail. */
const histories: readonly (readonly [string, readonly Deed[]])[] = [
  [
    "a first up, a write, a second up, another protocol; destroyed, and up again",
    [up, write(alpha, 1), up, { kind: "program", change: { protocol: "A" } }, up, destroy, up],
  ],
  [
    "the link is cut and both sides are written to: a split brain, which up refuses, until one side is given up",
    [
      up,
      write(alpha, 1),
      event({ kind: "cut link" }),
      write(alpha, 2),
      hand(bravo, "primary --force"),
      hand(bravo, "mount"),
      write(bravo, 3),
      event({ kind: "restore link" }),
      up,
      hand(bravo, "give up what is here"),
      up,
    ],
  ],
  [
    "it is moved to the other side by hand, and stays there: up, another protocol, and a destroy follow it",
    [
      up,
      write(alpha, 1),
      hand(bravo, "move here"),
      write(bravo, 2),
      up,
      { kind: "program", change: { protocol: "A" } },
      up,
      destroy,
      up,
    ],
  ],
  [
    "a disk is wiped while its side is down: filled from the other, from the target's side and from the source's",
    [up, write(alpha, 1), hand(bravo, "wipe the disk"), up, hand(alpha, "wipe the disk"), up],
  ],
  [
    "the Primary loses its power; back, it mounts by itself, and is up to date",
    [up, write(alpha, 1), event({ kind: "cut power", on: alpha }), event({ kind: "boot", on: alpha }), up],
  ],
  [
    "a failover by hand while the Primary is down: what was written there comes back, by the bitmap",
    [
      up,
      event({ kind: "cut power", on: alpha }),
      hand(bravo, "primary --force"),
      hand(bravo, "mount"),
      write(bravo, 2),
      event({ kind: "boot", on: alpha }),
      up,
    ],
  ],
];

/** What is to be seen after a deed, beside what it did. */
class Telling {
  private readonly names = new Names();
  private program = plainProgram;

  constructor(private readonly pair: Pair) {}

  async of(deed: Deed) {
    const work = await this.perform(deed);
    const hosts = await this.pair.look();
    return { ...work, alpha: sightOf(hosts[0], this.names), bravo: sightOf(hosts[1], this.names) };
  }

  private async perform(deed: Deed) {
    switch (deed.kind) {
      case "event":
        await this.pair.happen(deed.event);
        return {};
      case "program":
        this.program = { ...this.program, ...deed.change };
        return {};
      case "up":
        return { work: await this.pair.up(this.program) };
      case "destroy":
        return { work: await this.pair.destroy() };
      default:
        throw new Error(`nobody has taught the oracle: ${deed.kind}`);
    }
  }
}

let lab: Lab;

beforeAll(async () => {
  lab = await Lab.open();
});

afterAll(async () => {
  await lab.reset("bare");
});

async function compare(deeds: readonly Deed[]): Promise<void> {
  const real = await LabPair.begin(lab);
  const [host] = await real.look();
  if (host === "off") throw new Error("a lab that was reset is off");
  const [first, second] = [new Telling(real), new Telling(new SimulatedPair(host.node.files))];
  for (const deed of deeds) {
    const wanted = await first.of(deed);
    expect({ deed, ...(await second.of(deed)) }).toEqual({ deed, ...wanted });
  }
}

// On demand: `npm run oracle`.
const runs = Number(process.env["RUNS"] ?? 0);
if (runs === 0) {
  test.each(inTurn(histories))("%s", (_name, deeds) => compare(deeds));
} else {
  test(
    `histories drawn by chance (SEED=${seed} RUNS=${runs})`,
    // None is made smaller: each takes a minute.
    () => fc.assert(fc.asyncProperty(arbitraryDeeds, compare), { seed, numRuns: runs, endOnFailure: true }),
    86_400_000,
  );
}
