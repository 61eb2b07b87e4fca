import { refusalsAsFailures } from "../../provider/lifecycle/check-failures";
import { planNode } from "../../provider/core/decided/plans/plan-node";
import { renderGlobalCommon } from "../../provider/core/config/render-configuration";
import { blankNode, blankPair, desiredNode, planOf, withLook } from "../core/observed-builder";

const source = "Pulumi.oslo.yaml: pulumi-drbd:resources[0]";
const nodes = [{ hostname: "alpha" }, { hostname: "bravo" }];
const [alpha, bravo] = blankPair();
const plan = planOf([alpha, withLook(bravo, { disk: { kind: "missing" } })]);

test("what a host has against an input names it by its key in the site's file", () => {
  const [failure, ...others] = refusalsAsFailures({ __source: source, nodes }, plan);
  expect(others).toEqual([]);
  expect(failure?.property).toBe("");
  expect(failure?.reason).toMatch(/^disks\.bravo: bravo: there is no \/dev\/vdb\. Name the disk to use; /);
  expect(failure?.reason).toMatch(/ \(Pulumi\.oslo\.yaml: pulumi-drbd:resources\[0\]\.disks\.bravo\)$/);
});

test("and in a program of one's own by the property", () => {
  const [failure] = refusalsAsFailures({ nodes }, plan);
  expect(failure?.reason).toMatch(/^nodes\[1\]\.disk: bravo: there is no \/dev\/vdb\. .*\/dev\/vdb\.$/);
});

test("an address is the node's", () => {
  const desired = desiredNode("alpha");
  const node = { ...blankNode("alpha"), addresses: ["10.9.9.9"] };
  const refused = planNode({ desired, configuration: renderGlobalCommon(desired, "8.4"), node, described: new Set() });
  const [failure] = refusalsAsFailures({ __source: "Pulumi.oslo.yaml: pulumi-drbd:nodes[0]" }, refused);
  expect(failure?.property).toBe("address");
  expect(failure?.reason).toMatch(
    /^alpha: no interface has .* \(Pulumi\.oslo\.yaml: pulumi-drbd:nodes\[0\]\.address\)$/,
  );
});
