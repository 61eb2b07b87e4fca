/** Metadata in a slot of a disk that several devices share (`meta-disk /dev/vdc[1]`): used as it is, and never made. */
import type { OneVolume } from "../../one-volume";
import type { Contents, Metadata, ObservedNode } from "../../../../provider/core/seen/observed";
import {
  allCommands,
  blank,
  configurationOf,
  diskBytes,
  downNode,
  filesystemUuid,
  healthyPair,
  MiB,
  newGi,
  planOf,
  r0,
  refusalsOf,
  rememberedDisk,
  usedGi,
  withBlock,
  withFile,
  withLook,
} from "../../observed-builder";
import { filesystemOn, ways } from "../../data-builder";

const [first, second] = r0.sides;
const inSlot = (metaIndex: number | undefined, metaDisk = "/dev/vdc"): OneVolume => ({
  ...r0,
  sides: [
    { ...first, metaDisk, metaIndex },
    { ...second, metaDisk, metaIndex },
  ],
});
const desired = inSlot(1);
const path = "/etc/drbd.d/r0.res";
const others: Contents = { kind: "data", real: "/dev/vdc", size: 512 * MiB, offset: 0, hash: "00000000000000aa" };
const replica: Contents = { ...filesystemOn("xfs", diskBytes), uuid: filesystemUuid } as Contents;

const present = (gi: string, version: "v08" | "v09" = "v08"): Metadata => ({ kind: "present", version, gi });
const down = (host: "alpha" | "bravo", metadata: Metadata, disk: Contents = replica): ObservedNode =>
  withLook(withFile(downNode(host, usedGi), path, configurationOf(desired)), { disk, metaDisk: others, metadata });
const used = [down("alpha", present(usedGi)), down("bravo", present(usedGi))] as const;

test("a pair that is down is brought up, and nothing is written to its disks", () => {
  const plan = planOf(used, { desired });
  expect(refusalsOf(plan)).toEqual([]);
  expect(allCommands(plan)).toContain("alpha: drbdadm up r0");
  expect(allCommands(plan).join("\n")).not.toMatch(/create-md|wipefs|mkfs|--force/);
});

test("the devices that have the other slots hold the disk, and what is mounted from them is no hindrance", () => {
  const nodes = used.map((node) => {
    const held = withBlock(withBlock(node, "/dev/drbd7", { type: "disk" }), "/dev/vdc", {
      type: "disk",
      children: ["/dev/drbd7"],
    });
    return { ...held, mounts: [...held.mounts, { source: "/dev/drbd7", target: "/srv/web", fstype: "xfs" }] };
  });
  expect(refusalsOf(planOf([nodes[0]!, nodes[1]!], { desired }))).toEqual([]);
  const whole = planOf([nodes[0]!, nodes[1]!], { desired: inSlot(undefined) });
  expect(refusalsOf(whole).join()).toMatch(/\/dev\/drbd7/);
});

test.each<[string, Contents]>([
  ["behind data", replica],
  ["of a blank disk", blank],
])("none there, %s: refused, since none is made in a slot", (_what, disk) => {
  const none: Metadata = { kind: "absent" };
  const plan = planOf([down("alpha", none, disk), down("bravo", none, disk)], { desired });
  expect(refusalsOf(plan)).toHaveLength(2);
  expect(refusalsOf(plan)[0]).toContain(
    "alpha: there is no DRBD metadata of r0 at /dev/vdc[1], and none is made in a slot",
  );
  expect(ways(plan)).toContain("`drbdmeta 1 v08 /dev/vdc 1 create-md` on alpha");
  expect(allCommands(plan)).toEqual([]);
});

test("the way to make it names the slot itself: drbdadm would take the place that the file there has", () => {
  const internal = configurationOf(r0);
  const [alpha, bravo] = [down("alpha", { kind: "absent" }), down("bravo", { kind: "absent" })].map((node) => ({
    ...withFile(node, path, internal),
    module: { version: "9.2.16", loaded: true },
  })) as [ObservedNode, ObservedNode];
  const said = ways(planOf([alpha, bravo], { desired }));
  expect(said).toContain("`drbdmeta 1 v09 /dev/vdc 1 create-md 1` on alpha");
  expect(said).not.toContain("drbdadm create-md");
});

test("one side that lost its metadata stops the pair, and no line lets anything go", () => {
  const plan = planOf([used[0], down("bravo", { kind: "absent" })], { desired });
  expect(refusalsOf(plan).join()).toContain("bravo: there is no DRBD metadata of r0 at /dev/vdc[1]");
  expect(ways(plan)).not.toContain("discard");
});

test("metadata that somebody made anew, over data: refused, and no line lets the data go", () => {
  const plan = planOf([used[0], down("bravo", present(newGi))], { desired });
  expect(refusalsOf(plan)).toEqual([expect.stringContaining("bravo: /dev/vdb holds")]);
  expect(ways(plan)).not.toContain("discard:");
});

test("metadata that somebody made anew, on a blank disk: filled from the other side", () => {
  const plan = planOf([used[0], down("bravo", present(newGi), blank)], { desired });
  expect(refusalsOf(plan)).toEqual([]);
  expect(allCommands(plan).join("\n")).not.toMatch(/create-md|--force/);
});

test("before drbd-utils are there, it is not taken for empty", () => {
  const fresh = { ...down("alpha", { kind: "unknown" }), utils: null };
  const plan = planOf([fresh, used[1]], { desired, preview: true });
  expect(refusalsOf(plan)).toEqual([]);
  expect(plan.afterwards.join()).toContain("read once drbd-utils is there");
});

describe("another place than the file has", () => {
  const places: [string, OneVolume, string][] = [
    ["another slot", inSlot(0), "on /dev/vdc[0]"],
    ["no slot", inSlot(undefined), "on /dev/vdc"],
    ["internal", inSlot(undefined, "internal"), "internal"],
    ["a slot of another disk", inSlot(1, "/dev/vdd"), "on /dev/vdd[1]"],
  ];
  test.each(places)("%s, while it is down: refused", (_what, wanted, now) => {
    const real = wanted.sides[0].metaDisk === "/dev/vdd" ? "/dev/vdd" : "/dev/vdc";
    const [alpha, bravo] = used.map((node) => withLook(node, { metaDisk: { ...others, real } as Contents }));
    const plan = planOf([alpha!, bravo!], { desired: wanted });
    expect(refusalsOf(plan)[0]).toContain(
      `the metadata of /dev/vdb is on /dev/vdc[1], as the file of r0 there says, and not ${now}`,
    );
    expect(ways(plan)).toContain("set `metaDisk` back to /dev/vdc[1]");
  });

  test.each(places.slice(0, 3))("%s, while it runs: refused, too", (_what, wanted, now) => {
    const nodes = healthyPair().map((node) => withFile(node, path, configurationOf(desired)));
    const plan = planOf([nodes[0]!, nodes[1]!], { desired: wanted });
    expect(refusalsOf(plan)[0]).toContain(`and not ${now}`);
  });
});

test("it runs, and no file says which slot it runs by: refused, but for a pair that is remembered", () => {
  const nodes = healthyPair().map((node) => withFile(node, path, undefined));
  const plan = planOf([nodes[0]!, nodes[1]!], { desired, memory: { filesystemUuid, disks: {} } });
  expect(refusalsOf(plan)[0]).toContain("nothing tells which slot of /dev/vdc its metadata is in");
  const disks = { alpha: rememberedDisk({}), bravo: rememberedDisk({}) };
  expect(refusalsOf(planOf([nodes[0]!, nodes[1]!], { desired, memory: { filesystemUuid, disks } }))).toEqual([]);
});

test("its file names the slot", () => {
  expect(configurationOf(desired)).toContain("meta-disk /dev/vdc[1];");
});
