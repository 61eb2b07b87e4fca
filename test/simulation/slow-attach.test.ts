/** A disk that is attached while the pair is connected is `Negotiating` for a while: the step that attached it waits. */
import type { Step } from "../../provider/core/steps/plan";
import { run } from "./commands";
import { happen } from "./events";
import { plainProgram } from "./pulumi";
import type { Run } from "./remote";
import { SimulatedStack } from "./simulated-stack";
import { World } from "./world";

const quiet = (): Run & { applied: Step[] } => ({ dead: false, applied: [], interrupt: () => "none" });

/** A pair that runs on though the target's disk was replaced by a blank one. */
async function withReplacedDisk(drbd: "8.4" | "9") {
  const world = new World(drbd);
  const [, bravo] = world.machines;
  const stack = new SimulatedStack(world);
  expect(await stack.up(plainProgram, quiet())).toEqual({ kind: "done" });
  happen(world, { kind: "time", turns: 10 });
  expect(run(world, bravo, ["drbdadm", "detach", "r0"], "hand")).toMatchObject({ exit: 0 });
  world.ledger.giveUp(bravo.disk);
  bravo.disk.blocks.fill(0);
  bravo.disk.metadata = undefined;
  happen(world, { kind: "attaching takes its time" });
  return { world, bravo, stack };
}

test.each(["8.4", "9"] as const)(
  "DRBD %s: the target's disk was replaced in a pair that runs on: one `up` fills it",
  async (drbd) => {
    const { world, bravo, stack } = await withReplacedDisk(drbd);
    const second = quiet();
    expect(await stack.up(plainProgram, second)).toEqual({ kind: "done" });
    expect(second.applied).toMatchObject([
      { node: "bravo", argv: ["drbdadm", "create-md", "r0"] },
      { node: "bravo", argv: ["drbdadm", "adjust", "r0"] },
    ]);
    expect(bravo.kernel).toMatchObject({ disk: "UpToDate", isNegotiating: false });
    expect([...world.broken, ...world.ledger.lost]).toEqual([]);
  },
);

test("a person attaches it once more meanwhile: refused, and what this run did before is said", async () => {
  const { bravo, stack } = await withReplacedDisk("8.4");
  const second = {
    ...quiet(),
    interrupt: () => {
      const { kernel } = bravo;
      if (second.applied.length === 2 && kernel?.isNegotiating === false) kernel.isNegotiating = true;
      return "none" as const;
    },
  };
  const { why } = (await stack.up(plainProgram, second)) as { readonly why?: string };
  expect(why?.split("\n")).toEqual([
    "r0: refused, after 2 steps on bravo (the last: `drbdadm adjust r0`). Found then, and nothing more was changed:",
    expect.stringContaining("bravo: the disk of r0 is Negotiating, on its way to another state"),
  ]);
});
