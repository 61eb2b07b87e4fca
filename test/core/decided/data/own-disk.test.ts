/** The resource's own disk, taken by something else: the advice releases it, and destroys no copy. */
import type { ObservedNode } from "../../../../provider/core/seen/observed";
import {
  allCommands,
  downNode,
  drbdSignature,
  filesystemUuid,
  nodeAt,
  planOf,
  refusalsOf,
  rememberedDisk,
  usedGi,
  withBlock,
  withFile,
  withLook,
  withMount,
} from "../../observed-builder";

const memory = { filesystemUuid, disks: { alpha: rememberedDisk({ serial: "0001" }), bravo: rememberedDisk() } };
const bravo = nodeAt("bravo", "synced");
const down = downNode("alpha", usedGi);

const refusal = (alpha: ObservedNode, remembers = true) => {
  const plan = planOf([alpha, bravo], remembers ? { memory } : {});
  expect(allCommands(plan)).toEqual([]);
  expect(refusalsOf(plan)).toHaveLength(1);
  const [{ found, way } = { found: "", way: "" }] = plan.refusals;
  for (const destroys of [/wipefs|discard|create-md|mkfs|invalidate|remove what stands|Name another disk/])
    expect(way).not.toMatch(destroys);
  expect(way).toContain("It holds r0's data: clear nothing on it.");
  expect(way).toContain("is on this host alone");
  expect(way).toContain("next boot");
  return { found, way };
};

test("mounted", () => {
  const { found, way } = refusal(withMount(down, "/dev/vdb", "/old"));
  expect(found).toBe("/dev/vdb is r0's own disk, and it is mounted at /old, past DRBD");
  expect(way).toContain("`umount /old`");
});

test("mounted by a line of fstab, which would take it again", () => {
  const line = "/dev/vdb /old xfs defaults 0 0";
  const { way } = refusal(withFile(withMount(down, "/dev/vdb", "/old"), "/etc/fstab", `${line}\n`));
  expect(way).toContain(
    `At the next boot it would be taken again (/etc/fstab mounts /dev/vdb itself: ${line}): remove that line.`,
  );
});

test("the state is lost: the file in /etc/drbd.d and the metadata tell whose it is", () => {
  expect(refusal(withMount(down, "/dev/vdb", "/old"), false).found).toBe(
    "/dev/vdb is r0's own disk, and it is mounted at /old, past DRBD",
  );
});

test.each<[string, string, string, string, string]>([
  ["LVM", "/dev/mapper/my--vg-guest", "lvm", "`vgchange -an my-vg`", "global_filter"],
  ["LUKS", "/dev/mapper/old", "crypt", "`cryptsetup close old`", "/etc/crypttab"],
  ["md", "/dev/md0", "raid1", "`mdadm --stop /dev/md0`", "mdadm.conf"],
  ["multipath", "/dev/mapper/mpatha", "mpath", "`multipath -f mpatha`", "/etc/multipath.conf"],
  ["a thing that is not known", "/dev/bcache0", "disk", "stop what uses /dev/bcache0", "/etc/fstab"],
])("held by %s", (_what, holder, type, release, boot) => {
  const held = withBlock(withBlock(down, "/dev/vdb", { children: [holder] }), holder, { type });
  const busy = withLook(held, { metadata: { kind: "busy", said: "error 20 busy" } });
  for (const node of [held, busy]) {
    const { found, way } = refusal(node);
    expect(found).toBe(`/dev/vdb is r0's own disk, and it is held by ${holder}, past DRBD`);
    expect(way).toContain(release);
    expect(way).toContain(boot);
  }
});

test("swap", () => {
  expect(refusal({ ...down, swaps: ["/dev/vdb"] }).way).toContain("`swapoff /dev/vdb`");
});

test("a guest's partitions on it hold nothing", () => {
  const parted = withBlock(withBlock(down, "/dev/vdb", { children: ["/dev/vdb1"] }), "/dev/vdb1", { type: "part" });
  const plan = planOf([parted, bravo], { memory });
  expect(refusalsOf(plan)).toEqual([]);
  expect(allCommands(plan)).toContain("alpha: drbdadm up r0");
});

test("another disk under the same path is a stranger's still", () => {
  const other = withBlock(withMount(down, "/dev/vdb", "/old"), "/dev/vdb", { serial: "9999" });
  const plan = planOf([withLook(other, { disk: { ...drbdSignature, uuid: "1" } as typeof drbdSignature }), bravo], {
    memory,
  });
  expect(refusalsOf(plan)).toEqual(["alpha: /dev/vdb is mounted at /old"]);
});
