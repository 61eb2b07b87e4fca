/** The commands for a person on the host: each host's plan brings them, and each resource's tells them of it. */
import { renderGlobalCommon } from "../../../../provider/core/config/render-configuration";
import { valuesPath } from "../../../../provider/core/config/paths";
import { planNode } from "../../../../provider/core/decided/plans/plan-node";
import { planNodeTeardown } from "../../../../provider/core/decided/plans/plan-node-teardown";
import { planTeardown } from "../../../../provider/core/decided/plans/plan-resource-teardown";
import type { InstalledCommand, ObservedNode } from "../../../../provider/core/seen/observed";
import { keptCommand, ownCommands } from "../../../../provider/core/steps/command-steps";
import { actionsOf, stepsOf } from "../../../../provider/core/steps/plan";
import { resourceOf } from "../../one-volume";
import {
  allCommands,
  blankNode,
  desiredNode,
  healthyPair,
  type Pair,
  planOf,
  r0,
  refusalsOf,
  withFile,
} from "../../observed-builder";

const desired = desiredNode("alpha");
const configuration = renderGlobalCommon(desired, "8.4");
const plan = (node: ObservedNode) => planNode({ desired, configuration, node, described: new Set() });
const paths = ownCommands.map(({ path }) => path);
const installed = new Map(
  ownCommands.map(({ path, digest }): [string, InstalledCommand] => [path, { digest, isOurs: true }]),
);
const having = (commands: ReadonlyMap<string, InstalledCommand>): ObservedNode => ({ ...blankNode("alpha"), commands });

test("a host without them gets all three, one with an old one that one, and one that has them nothing", () => {
  expect(allCommands(plan(having(new Map())))).toEqual([`alpha: write ${paths.join(" ")}`]);
  const old = new Map(installed).set(paths[1]!, { digest: "0".repeat(64), isOurs: true });
  expect(allCommands(plan(having(old)))).toEqual([`alpha: write ${paths[1]!}`]);
  expect(allCommands(plan(having(installed)))).toEqual([]);
});

test("a destroyed host loses ours, and gets back what was there before; somebody else's is not touched", () => {
  expect(allCommands(planNodeTeardown("alpha", having(installed)))).toEqual([`alpha: rm -f ${paths.join(" ")}`]);
  const [first] = ownCommands;
  const kept = new Map(installed).set(keptCommand(first!), { digest: "1".repeat(64), isOurs: false });
  const [step] = stepsOf(planNodeTeardown("alpha", having(kept)));
  expect(actionsOf(step!).at(-1)).toEqual({ kind: "run", argv: ["mv", keptCommand(first!), first!.path] });
  const theirs = new Map([[paths[0]!, { digest: "1".repeat(64), isOurs: false }]]);
  expect(allCommands(planNodeTeardown("alpha", having(theirs)))).toEqual([]);
});

test("they stay while a resource stands on the host", () => {
  const [alpha] = healthyPair();
  expect(allCommands(planNodeTeardown("alpha", { ...alpha, commands: installed })).join()).not.toContain(
    "/usr/local/sbin",
  );
});

const values = valuesPath("r0");
const without = (pair: Pair, ...hosts: string[]): Pair =>
  pair.map((node) => (hosts.includes(node.hostname) ? withFile(node, values, undefined) : node)) as unknown as Pair;

test("a pair from before is told to them by its next `up`, on both hosts, and nothing else is done", () => {
  expect(allCommands(planOf(without(healthyPair(), "alpha", "bravo")))).toEqual([
    `alpha: write ${values}`,
    `bravo: write ${values}`,
  ]);
  expect(allCommands(planOf(without(healthyPair(), "bravo")))).toEqual([`bravo: write ${values}`]);
  expect(allCommands(planOf(healthyPair()))).toEqual([]);
});

test("what was changed there by hand is written again", () => {
  const [alpha, bravo] = healthyPair();
  expect(allCommands(planOf([withFile(alpha, values, "peer charlie\n"), bravo]))).toEqual([`alpha: write ${values}`]);
});

test("a resource that goes takes it along; a file of somebody else's stays", () => {
  const gone = (pair: Pair) => planTeardown(resourceOf(r0), ["alpha", "bravo"], pair);
  expect(refusalsOf(gone(healthyPair()))).toEqual([]);
  expect(allCommands(gone(healthyPair()))).toEqual(
    expect.arrayContaining([`alpha: rm -f ${values}`, `bravo: rm -f ${values}`]),
  );
  const [alpha, bravo] = healthyPair();
  expect(allCommands(gone([withFile(alpha, values, "mine\n"), bravo]))).not.toContain(`alpha: rm -f ${values}`);
});
