import { formatPlan } from "../../../provider/core/told/plan-text";
import type { Plan, Step } from "../../../provider/core/steps/plan";

const step = (node: string, ...argv: string[]): Step => ({ node, argv, because: "why", timeoutSeconds: 1 });
const plan = (...stages: Step[][]): Plan => ({ subject: "r0", stages, refusals: [], warnings: [], afterwards: [] });
const rows = (text: string): string[] =>
  text
    .split("\n")
    .slice(1)
    .map((line) => line.trim().replace(/ {2,}/g, " | "));

test("steps that are the same on both hosts are one line, and each host's steps stay in their order", () => {
  const text = formatPlan(
    plan(
      [
        step("alpha", "write"),
        step("alpha", "create-md", "a"),
        step("alpha", "up"),
        step("bravo", "write"),
        step("bravo", "create-md", "b"),
        step("bravo", "up"),
      ],
      [step("alpha", "mount")],
    ),
  );
  expect(rows(text)).toEqual([
    "alpha, bravo | write | why",
    "alpha | create-md a | why",
    "bravo | create-md b | why",
    "alpha, bravo | up | why",
    "alpha | mount | why",
  ]);
});

test("what the hosts do in another order is not put together", () => {
  const text = formatPlan(plan([step("alpha", "x"), step("alpha", "y"), step("bravo", "y"), step("bravo", "x")]));
  expect(rows(text)).toEqual(["alpha | x | why", "alpha, bravo | y | why", "bravo | x | why"]);
});

test("a step that a host has twice is two lines", () => {
  const text = formatPlan(plan([step("alpha", "x"), step("alpha", "x"), step("bravo", "x")]));
  expect(rows(text)).toEqual(["alpha, bravo | x | why", "alpha | x | why"]);
});
