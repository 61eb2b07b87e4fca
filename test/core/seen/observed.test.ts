import { grammarOf } from "../../../provider/core/seen/observed";
import { isEmpty, stepsOf } from "../../../provider/core/steps/plan";
import { isInstalled } from "../../../provider/core/seen/probe";
import { blankNode, blankPair, healthyPair, planOf } from "../observed-builder";

test.each([
  [{ version: "8.4.11", loaded: true }, "8.4"],
  [{ version: "8.3.16", loaded: false }, "8.4"],
  [{ version: "9.2.14", loaded: true }, "9"],
  [null, "8.4"],
] as const)("the grammar for %j is %s", (module, grammar) => {
  expect(grammarOf({ ...blankNode("alpha"), module })).toBe(grammar);
});

test("a plan is empty when it has no steps", () => {
  expect(isEmpty(planOf(healthyPair()))).toBe(true);
  expect(isEmpty(planOf(blankPair()))).toBe(false);
  expect(stepsOf(planOf(blankPair()))).toHaveLength(planOf(blankPair()).stages.flat().length);
  expect(isEmpty({ subject: "x", stages: [[]], refusals: [], warnings: [], afterwards: [] })).toBe(true);
});

test("a configuration is installed when both files are, to the letter", () => {
  const candidate = { name: "r0", resource: "resource r0 {\n}\n", globalCommon: "global {\n}\n" };
  const files = new Map([
    ["/etc/drbd.d/r0.res", candidate.resource],
    ["/etc/drbd.d/global_common.conf", candidate.globalCommon],
  ]);
  expect(isInstalled(files, candidate)).toBe(true);
  expect(isInstalled(files, { ...candidate, resource: "" })).toBe(false);
  expect(isInstalled(files, { ...candidate, globalCommon: "" })).toBe(false);
  expect(isInstalled(files, { ...candidate, name: "r1" })).toBe(false);
});
