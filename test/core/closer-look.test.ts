import { stillHolds, withCloserLook } from "../../provider/core/closer-look";
import type { ObservedNode } from "../../provider/core/observed";
import { nodeAt } from "./observed-builder";

const before = nodeAt("alpha", "blank");
const tables: ObservedNode = {
  ...before,
  closely: false,
  utils: "unknown",
  blocks: new Map(),
  resources: new Map(),
  adjust: undefined,
  links: ["new"],
};

test.each<[string, ObservedNode, ObservedNode, boolean]>([
  ["nothing that reads disks has changed", before, tables, true],
  ["drbdadm is content", before, { ...tables, adjust: { exit: 0, output: "\n" } }, true],
  ["the disks were not looked at before", { ...before, closely: false }, tables, false],
  ["drbd-utils came in between: nobody could read the metadata before", { ...before, utils: null }, tables, false],
  ["drbdadm would change something now", before, { ...tables, adjust: { exit: 0, output: "drbdsetup-84 …" } }, false],
])("what was seen of disks before: %s", (_what, first, second, holds) => {
  expect(stillHolds(first, second)).toBe(holds);
});

test("the disks are the former look's, all else is the new one's", () => {
  const { links, closely, utils, blocks, resources } = withCloserLook(tables, before);
  expect({ links, closely, utils }).toEqual({ links: ["new"], closely: true, utils: before.utils });
  expect([blocks, resources]).toEqual([before.blocks, before.resources]);
});
