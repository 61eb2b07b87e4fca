import { blankPair, planOf, r0, refusalsOf, withLook } from "../../observed-builder";

const [alpha, bravo] = blankPair();
const desired = { ...r0, sections: { ...r0.sections, net: { ...r0.sections.net, "verify-alg": "sm3" } } };

test("a digest that a host's kernel has not: refused there, before anything is touched", () => {
  const nodes = [alpha, withLook(bravo, { missingDigests: ["sm3", "sha256"] })] as const;
  const kernel = bravo.kernel;
  expect(refusalsOf(planOf([...nodes], { desired }))).toEqual([
    `bravo: the running kernel (${kernel}) has no sha256, and no module for it`,
    `bravo: the running kernel (${kernel}) has no sm3, and no module for it`,
  ]);
});

test("one that is not wanted any more, and none that is missing: nothing is refused", () => {
  expect(refusalsOf(planOf([alpha, withLook(bravo, { missingDigests: ["sm3"] })]))).toEqual([]);
  expect(refusalsOf(planOf([alpha, withLook(bravo, { missingDigests: [] })], { desired }))).toEqual([]);
});
