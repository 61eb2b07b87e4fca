/** A sync source that does not notice the end of its sync, as DRBD 8.4 may: `up` has the peer say it again, and ends. */
import { happen } from "./events";
import { plainProgram } from "./pulumi";
import { SimulatedStack } from "./simulated-stack";
import { World } from "./world";

const quiet = () => ({ dead: false, applied: [], interrupt: () => "none" as const });
const told = (applied: readonly { readonly node: string; readonly argv: readonly string[] }[]) =>
  applied.map(({ node, argv }) => `${node}: ${argv.join(" ")}`).filter((one) => one.includes("-sync"));

test.each([
  ["missed", true, ["bravo: drbdadm resume-sync r0"]],
  ["noticed", false, []],
])("the end of the first sync is %s: up ends with both sides UpToDate", async (_what, isMissed, wanted) => {
  const world = new World("8.4");
  if (isMissed) happen(world, { kind: "the next sync's end is missed" });
  const run = quiet();
  const stack = new SimulatedStack(world);
  expect(await stack.up(plainProgram, run)).toEqual({ kind: "done" });
  expect(told(run.applied)).toEqual(wanted);
  expect(world.missesSyncEnd).toBe(false);
  expect(world.machines.map(({ kernel }) => `${kernel?.replication ?? ""} ${kernel?.peerDisk ?? ""}`)).toEqual([
    "Established UpToDate",
    "Established UpToDate",
  ]);
  expect(await stack.up(plainProgram, quiet())).toEqual({ kind: "done" });
  expect([...world.broken, ...world.ledger.lost]).toEqual([]);
});

test.each([
  ["stays where it is", plainProgram, "alpha"],
  ["moves", { ...plainProgram, primary: "bravo" as const }, "bravo"],
])(
  "of a later sync that nobody waited for, the next up has it told: the resource %s",
  async (_what, program, primary) => {
    const world = new World("8.4");
    const stack = new SimulatedStack(world);
    expect(await stack.up(plainProgram, quiet())).toEqual({ kind: "done" });
    happen(world, { kind: "cut link" });
    happen(world, { kind: "time", turns: 20 });
    happen(world, { kind: "write", on: 0, block: 1 });
    happen(world, { kind: "the next sync's end is missed" });
    happen(world, { kind: "restore link" });
    happen(world, { kind: "time", turns: 100 });
    expect(world.machines.map(({ kernel }) => [kernel?.replication, kernel?.peerDisk])).toEqual([
      ["SyncSource", "Inconsistent"],
      ["Established", "UpToDate"],
    ]);
    const run = quiet();
    expect(await stack.up(program, run)).toEqual({ kind: "done" });
    expect(told(run.applied)).toEqual(["bravo: drbdadm resume-sync r0"]);
    expect(world.machines.map(({ kernel }) => kernel?.replication)).toEqual(["Established", "Established"]);
    expect(world.machines.filter(({ isPrimary }) => isPrimary).map(({ name }) => name)).toEqual([primary]);
    expect([...world.broken, ...world.ledger.lost]).toEqual([]);
  },
);

test("of two volumes one is missed: told once both are over", async () => {
  const world = new World("8.4", 2);
  const program = { ...plainProgram, volumes: [0, 1] };
  const stack = new SimulatedStack(world);
  expect(await stack.up(program, quiet())).toEqual({ kind: "done" });
  happen(world, { kind: "cut link" });
  happen(world, { kind: "time", turns: 20 });
  for (const volume of [0, 1]) happen(world, { kind: "write", on: 0, block: 1, volume });
  happen(world, { kind: "the next sync's end is missed" });
  happen(world, { kind: "restore link" });
  const replications = () => world.machines[0].running.map(({ kernel }) => kernel.replication);
  happen(world, { kind: "time", turns: 100 });
  expect([...replications()].sort()).toEqual(["Established", "SyncSource"]);
  const run = quiet();
  expect(await stack.up(program, run)).toEqual({ kind: "done" });
  expect(told(run.applied)).toEqual(["bravo: drbdadm resume-sync r0"]);
  expect(replications()).toEqual(["Established", "Established"]);
  expect([...world.broken, ...world.ledger.lost]).toEqual([]);
});
