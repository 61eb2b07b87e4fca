/** Filesystems other than XFS: mounted where they are, and never made. */
import {
  blankPair,
  allCommands,
  filesystemUuid,
  healthyPair,
  pairAt,
  planOf,
  progressions,
  r0,
  refusalsOf,
  withLook,
  withMount,
  type Pair,
} from "../../observed-builder";
import type { OneVolume } from "../../one-volume";
import type { Contents, ObservedNode } from "../../../../provider/core/seen/observed";
import { parseResource } from "../../../../provider/core/wanted/parse-inputs";
import { goodResource } from "../../../hostile/inputs";

const ext4: OneVolume = {
  ...r0,
  filesystem: { type: "ext4", mkfsOptions: [], mountPoint: "/srv/data", mountOptions: [] },
};
const holding = (type: string): Contents => ({
  kind: "signature",
  real: "/dev/drbd1",
  size: 1e8,
  type,
  uuid: filesystemUuid,
});
const withoutMounts = (node: ObservedNode): ObservedNode => ({ ...node, mounts: [] });

test("an ext4 that is mounted on a healthy pair: nothing to do", () => {
  const [alpha, bravo] = healthyPair(ext4);
  const mounted = withMount(withoutMounts(alpha), "/dev/drbd1", "/srv/data", "ext4");
  const plan = planOf([mounted, bravo], { desired: ext4 });
  expect([plan.refusals, allCommands(plan)]).toEqual([[], []]);
});

test("one that is there and not mounted is mounted", () => {
  const [alpha, bravo] = healthyPair(ext4);
  const plan = planOf([withLook(withoutMounts(alpha), { device: holding("ext4") }), bravo], { desired: ext4 });
  expect(plan.refusals).toEqual([]);
  expect(allCommands(plan)).toContain("alpha: mount /srv/data");
});

test("a new pair with it is refused, with the ways to have one", () => {
  const plan = planOf(blankPair(), { desired: ext4 });
  expect(refusalsOf(plan)).toEqual(["r0 is new, and ext4 is mounted where it is there already, never made"]);
  expect(plan.refusals[0]?.way).toContain("mkfs.ext4 /dev/drbd1");
});

test.each(progressions)("nothing is ever made where %s is found", (progression) => {
  const [alpha, bravo] = pairAt(progression, ext4);
  const pairs: Pair[] = [
    [alpha, bravo],
    [withLook(withoutMounts(alpha), { device: { kind: "blank", real: "/dev/drbd1", size: 1e8 } }), bravo],
  ];
  for (const pair of pairs)
    expect(allCommands(planOf(pair, { desired: ext4 })).filter((command) => command.includes("mkfs"))).toEqual([]);
});

test("XFS is wanted, and ext4 is there: the refusal says how to keep it", () => {
  const [alpha, bravo] = healthyPair();
  const plan = planOf([withLook(withoutMounts(alpha), { device: holding("ext4") }), bravo]);
  expect(refusalsOf(plan)).toEqual(["alpha: /dev/drbd1 holds ext4, not xfs"]);
  expect(plan.refusals[0]?.way).toContain("`filesystem: { type: ext4, … }` mounts it as it is");
});

test("xfsprogs is not needed for it", () => {
  const [alpha, bravo] = healthyPair(ext4);
  const mounted = withMount(withoutMounts(alpha), "/dev/drbd1", "/srv/data", "ext4");
  const pair = [mounted, bravo].map((node) => ({ ...node, missing: ["mkfs.xfs"] })) as unknown as Pair;
  expect(allCommands(planOf(pair, { desired: ext4 }))).toEqual([]);
});

test.each([
  [{ label: "data" }, "filesystem.label"],
  [{ mkfsOptions: ["-K"] }, "filesystem.mkfsOptions"],
])("what is for mkfs alone has no place beside it: %j", (given, property) => {
  const parsed = parseResource({ ...goodResource, filesystem: { type: "ext4", mountPoint: "/srv/data", ...given } });
  expect(parsed.ok === false ? parsed.failures.map((one) => one.property) : parsed.ok).toEqual([property]);
});
