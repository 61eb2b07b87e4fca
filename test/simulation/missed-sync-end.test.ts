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
