/**
 * The simulation held against a real pair (DRBD 8.4.11, drbd-utils 9.22.0): the same history, and at each point the same
 * observation. Where they differ, the simulation is wrong. The identifiers' own values are chance: which of them are the
 * same, and where each stands, is not.
 */
import { parseEvents } from "../../provider/core/seen/parse-events";
import { adjustLines, captured, events } from "../core/fixtures";
import { happen } from "./events";
import { run } from "./commands";
import { giText } from "./disk";
import { Names, stateOf, verbsOf } from "./comparable";
import { observe } from "./observe";
import type { Machine } from "./machine";
import { plainProgram } from "./pulumi";
import { SimulatedStack } from "./simulated-stack";
import { World } from "./world";

const world = new World("8.4");
const [alpha, bravo] = world.machines;

const type = (machine: Machine, words: string): void => {
  expect({ words, exit: run(world, machine, words.split(" "), "hand").exit }).toEqual({ words, exit: 0 });
};
const pass = (turns: number): void => {
  happen(world, { kind: "time", turns });
};

beforeAll(async () => {
  const quiet = { dead: false, applied: [], interrupt: () => "none" as const };
  expect(await new SimulatedStack(world).up({ ...plainProgram, fenced: false }, quiet)).toEqual({ kind: "done" });
  pass(10);
});

/** What happened to the real pair, up to the capture of that name. */
const story: readonly (readonly [string, () => void])[] = [
  ["connected-uptodate", () => undefined],
  [
    "standalone-after-link-loss",
    () => {
      happen(world, { kind: "cut link" });
      for (const machine of world.machines) type(machine, "drbdadm disconnect r0");
    },
  ],
  [
    "split-brain-standalone",
    () => {
      happen(world, { kind: "write", on: 0, block: 1 });
      type(bravo, "drbdadm primary r0");
      type(bravo, "mount /srv/data");
      happen(world, { kind: "write", on: 1, block: 2 });
      happen(world, { kind: "restore link" });
      for (const machine of world.machines) type(machine, "drbdadm connect r0");
      pass(1);
    },
  ],
  [
    "split-brain-recovered",
    () => {
      type(bravo, "umount /srv/data");
      type(bravo, "drbdadm secondary r0");
      type(bravo, "drbdadm connect --discard-my-data r0");
      type(alpha, "drbdadm connect r0");
      pass(10);
    },
  ],
  [
    "peer-diskless",
    () => {
      type(bravo, "drbdadm detach r0");
    },
  ],
  [
    "resync-running",
    () => {
      type(bravo, "drbdadm adjust r0");
      pass(10);
      type(bravo, "drbdadm invalidate r0");
    },
  ],
  [
    "alpha-down",
    () => {
      type(alpha, "umount /srv/data");
      type(alpha, "drbdadm down r0");
    },
  ],
  [
    "both-down",
    () => {
      type(bravo, "drbdadm down r0");
    },
  ],
];

const [real, simulated] = [new Names(), new Names()];

test.each(story)("%s", (name, events_) => {
  events_();
  for (const machine of [alpha, bravo]) {
    const capture = `${name}.${machine.name}`;
    const seen = observe(world, machine, { looks: [], candidates: [], depth: "tables" });
    expect({ capture, ...stateOf(seen.kernelResources.get("r0")) }).toEqual({
      capture,
      ...stateOf(parseEvents(events(capture)).get("r0")),
    });
    const verbs = verbsOf(seen.adjust?.output ?? "");
    expect({ capture, verbs }).toEqual({ capture, verbs: verbsOf(adjustLines(capture)) });
    const gi = captured(capture, "drbdadm get-gi r0").trim().split("\n").at(0)!;
    const found = giText(machine.holder.metadata!, machine.isPrimary);
    expect({ capture, gi: simulated.of(found) }).toEqual({ capture, gi: real.of(gi) });
  }
});
