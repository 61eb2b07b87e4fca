import { stillHolds, withCloserLook } from "../../../provider/core/seen/closer-look";
import type { ObservedNode } from "../../../provider/core/seen/observed";
import { nodeAt } from "../observed-builder";

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

const r0 = before.resources.get("r0")!;

test("the disks are the former look's, all else is the new one's", () => {
  const { links, closely, utils, blocks, resources } = withCloserLook(tables, before, new Set(["r0"]));
  expect({ links, closely, utils }).toEqual({ links: ["new"], closely: true, utils: before.utils });
  expect([blocks, resources]).toEqual([before.blocks, before.resources]);
});

test("a look at what is about to move is no close one, whatever was seen before", () => {
  const moving: ObservedNode = { ...tables, resources: new Map([["r0", { ...r0, portTaken: true }]]) };
  const seen = withCloserLook(moving, before, new Set(["r0"]));
  expect([seen.closely, seen.blocks, seen.resources]).toEqual([false, before.blocks, moving.resources]);
});

test("a close look keeps what it saw, and gets those named that it did not go into", () => {
  const more = { ...before, resources: new Map([...before.resources, ["r1", r0] as const, ["r2", r0] as const]) };
  const seen: ObservedNode = {
    ...before,
    blocks: new Map(),
    resources: new Map([["r1", { ...r0, portTaken: true }]]),
  };
  const merged = withCloserLook(seen, more, new Set(["r0"]));
  expect(merged.blocks).toBe(seen.blocks);
  expect([...merged.resources].map(([name, { portTaken }]) => [name, portTaken])).toEqual([
    ["r0", false],
    ["r1", true],
  ]);
});
