/** Metadata on a disk of its own, and a disk for the data that may be another one by now. */
import { namesOfDevices } from "../../one-volume";
import { type OneVolume } from "../../one-volume";
import type { Contents, Metadata, ObservedNode } from "../../../../provider/core/seen/observed";
import { type Memory } from "../../../../provider/core/seen/memory";
import {
  allCommands,
  blank,
  blankNode,
  commandsOf,
  configurationOf,
  diskBytes,
  downNode,
  filesystemUuid,
  kernelDevice,
  MiB,
  newGi,
  olderGi,
  planOf,
  r0,
  refusalsOf,
  rememberedDisk,
  usedGi,
  withBlock,
  withFile,
  withKernel,
  withLook,
} from "../../observed-builder";
import { filesystemOn, stepLike, uuid, ways } from "../../data-builder";

const [first, second] = r0.sides;
const desired: OneVolume = { ...r0, sides: [first, { ...second, metaDisk: "/dev/vdc" }] };
const apart: OneVolume = { ...desired, sides: [{ ...first, metaDisk: "/dev/vdc" }, desired.sides[1]] };
const path = "/etc/drbd.d/r0.res";
const letting = (...named: string[]): OneVolume => ({ ...desired, discard: { bravo: named } });

const alpha = downNode("alpha", usedGi);
const metadata: Contents = { kind: "data", real: "/dev/vdc", size: 16 * MiB, offset: 0, hash: "00000000000000aa" };
const replica: Contents = { ...filesystemOn("xfs", diskBytes), uuid: filesystemUuid } as Contents;
const ext4 = filesystemOn("ext4", MiB);

/** bravo with the resource down, this on its disk, and such identifiers in the metadata beside it. */
const bravo = (disk: Contents, gi = usedGi): ObservedNode =>
  withLook(withFile(downNode("bravo", gi), path, configurationOf(desired)), {
    disk,
    metaDisk: metadata,
    metadata: { kind: "present", version: "v08", gi },
  });
const withSerial = (node: ObservedNode, serial: string | undefined) => withBlock(node, "/dev/vdb", { serial });

const memory: Memory = { filesystemUuid, disks: { bravo: rememberedDisk({ metadataUuid: "" }) } };

describe("a disk whose metadata is on another one", () => {
  test("that is the one it was: brought up", () => {
    const plan = planOf([alpha, bravo(replica)], { desired, memory });
    expect(refusalsOf(plan)).toEqual([]);
    expect(allCommands(plan)).toContain("bravo: drbdadm up r0");
  });

  test.each<[string, ObservedNode, string]>([
    [
      "another serial number, though it holds a copy",
      withSerial(bravo(replica), "9999"),
      "bravo: /dev/vdb (320 MiB, serial 9999) is another disk than the one that the metadata on /dev/vdc was made for, /dev/vdb (serial 0002)",
    ],
    ["blank, with another serial number", withSerial(bravo(blank), "9999"), "is another disk than the one that"],
    [
      "no serial number, and another filesystem",
      withSerial(bravo(ext4), undefined),
      `and not the filesystem ${filesystemUuid}: it seems to be another disk`,
    ],
    ["no serial number, and blank", withSerial(bravo(blank), undefined), "holds nothing (it is blank), and not the"],
  ])("%s: refused, since DRBD would take what is there for its own", (_what, node, found) => {
    const plan = planOf([alpha, node], { desired, memory });
    expect(refusalsOf(plan)).toEqual([expect.stringContaining(found)]);
    expect(ways(plan)).toContain("Put the old disk back");
    expect(ways(plan)).toContain("`drbdadm up r0` on bravo");
  });

  test("under another path without a serial number: refused", () => {
    const sides = [first, { ...second, disk: "/dev/vg/b", metaDisk: "/dev/vdc" }] as const;
    const moved = { ...replica, real: "/dev/vg/b" } as Contents;
    expect(refusalsOf(planOf([alpha, bravo(moved)], { desired: { ...desired, sides }, memory }))).toEqual([
      expect.stringContaining("/dev/vg/b (320 MiB) stands in the place of /dev/vdb"),
    ]);
  });

  test("on a host that was installed anew, its metadata is read once drbd-utils are there: no word of letting it go", () => {
    const node = { ...withLook(bravo(replica), { metadata: { kind: "unknown" } }), utils: null };
    const plan = planOf([alpha, node], { desired, memory, preview: true });
    expect(refusalsOf(plan)).toEqual([]);
    expect(plan.afterwards.join()).toContain("read once drbd-utils is there");
    const elsewhere = withLook(node, { metaDisk: { ...metadata, offset: 4096 } as Contents });
    expect(refusalsOf(planOf([alpha, elsewhere], { desired, memory, preview: true }))).toHaveLength(2);
  });

  test("half-filled, it need not hold the filesystem yet", () => {
    const half = usedGi.replace(/:1:1:/, ":0:0:");
    expect(half).not.toBe(usedGi);
    expect(refusalsOf(planOf([alpha, withSerial(bravo(blank, half), undefined)], { desired, memory }))).toEqual([]);
  });

  test("another partition of the same disk, which has its WWN: refused", () => {
    const wwn = "0x5000c500a0b1c2d3";
    const known: Memory = {
      ...memory,
      disks: { bravo: rememberedDisk({ metadataUuid: "", path: "/dev/sda1", serial: "", wwn }) },
    };
    const partition = withBlock(bravo(ext4), "/dev/vdb", { type: "part", serial: undefined, wwn });
    expect(refusalsOf(planOf([alpha, partition], { desired, memory: known }))).toEqual([
      expect.stringMatching(
        /^bravo: \/dev\/vdb .* stands in the place of \/dev\/sda1, which the metadata on \/dev\/vdc/,
      ),
    ]);
  });

  test("the line that is told clears what is on both, and the other side fills it", () => {
    const node = withSerial(bravo(ext4), "9999");
    const told = /discard: \{ bravo: \[(.*?)\] \}/.exec(ways(planOf([alpha, node], { desired, memory })))?.[1] ?? "";
    const named = told.split(", ").map((one) => one.replaceAll('"', ""));
    const plan = planOf([alpha, node], { desired: letting(...named), memory });
    expect(refusalsOf(plan)).toEqual([]);
    const work = allCommands(plan).filter((one) => /wipefs|create-md|--force|mkfs/.test(one));
    expect(work).toEqual(["bravo: wipefs -a /dev/vdb", "bravo: wipefs -a /dev/vdc", "bravo: drbdadm create-md r0"]);
    // Who holds the only copy is asked first.
    expect(commandsOf(plan)[0]).toEqual(["alpha: drbdadm dstate r0"]);
  });

  test.each([
    ["not whole or not up to date", olderGi.replace(/:1:1:/, ":1:0:")],
    ["older than what the metadata beside the disk knows", olderGi],
  ])("no such line where the other side's data is %s: it would not help", (_what, gi) => {
    const node = withSerial(bravo(ext4), "9999");
    expect(ways(planOf([downNode("alpha", gi), node], { desired, memory }))).not.toContain("discard");
  });
});

describe("another place for the metadata of a resource that is down", () => {
  const internal = downNode("bravo", usedGi);

  test.each<[string, ObservedNode, OneVolume, string, string]>([
    [
      "from the disk's end to a disk of its own",
      withLook(internal, { metadata: { kind: "absent" }, metaDisk: { ...blank, real: "/dev/vdc" } as Contents }),
      desired,
      "bravo: the metadata of /dev/vdb is internal, as the file of r0 there says, and not on /dev/vdc",
      "set `metaDisk` back to internal for bravo",
    ],
    [
      "the same, of a pair that was set up by hand in a file of another name",
      withFile(
        withFile(withLook(internal, { disk: replica, metadata: { kind: "absent" } }), path, undefined),
        "/etc/drbd.d/a-pair.res",
        configurationOf(desired),
      ),
      r0,
      "bravo: the metadata of /dev/vdb is on /dev/vdc, as the file of r0 there says, and not internal",
      "set `metaDisk` back to /dev/vdc for bravo",
    ],
    [
      "the same, in a file that has the hosts by their addresses alone",
      withFile(
        withFile(withLook(internal, { disk: replica, metadata: { kind: "absent" } }), path, undefined),
        "/etc/drbd.d/a-pair.res",
        `resource r0 {
  device minor 1; disk /dev/vdb; meta-disk /dev/vdc;
  floating 10.1.1.31:7789; floating 10.1.1.32:7789;
}
`,
      ),
      r0,
      "bravo: the metadata of /dev/vdb is on /dev/vdc, as the file of r0 there says, and not internal",
      "set `metaDisk` back to /dev/vdc for bravo",
    ],
    [
      "the same, in a kernel that lost its disk",
      withKernel(
        withLook(internal, { metadata: { kind: "absent" }, metaDisk: { ...blank, real: "/dev/vdc" } as Contents }),
        { connection: "Connecting", devices: [kernelDevice("Diskless", { size: undefined })] },
      ),
      desired,
      "bravo: the metadata of /dev/vdb is internal, as the file of r0 there says, and not on /dev/vdc",
      "set `metaDisk` back to internal for bravo",
    ],
    [
      "and back",
      withFile(withLook(internal, { disk: replica, metadata: { kind: "absent" } }), path, configurationOf(desired)),
      r0,
      "bravo: the metadata of /dev/vdb is on /dev/vdc, as the file of r0 there says, and not internal",
      "set `metaDisk` back to /dev/vdc for bravo",
    ],
  ])("%s: refused, whatever is named", (_what, node, wanted, found, way) => {
    for (const named of [[], ["drbd:29ff20370300d6d2", `xfs:${filesystemUuid}`]]) {
      const plan = planOf([alpha, node], { desired: { ...wanted, discard: { bravo: named } } });
      expect(refusalsOf(plan)).toContain(found);
      expect(ways(plan)).toContain(way);
    }
  });

  test.each<[string, Contents, Metadata]>([
    ["looks blank by its samples", blank, { kind: "absent" }],
    ["holds metadata that was just created", { ...blank }, { kind: "present", version: "v08", gi: newGi }],
  ])(
    "from a disk that the program does not name any more, where the disk %s: refused all the same",
    (_what, disk, now) => {
      const there = ["alpha", "bravo"].map((host) =>
        withLook(withFile(downNode(host, usedGi), path, configurationOf(apart)), { disk, metadata: now }),
      );
      const plan = planOf([there[0]!, there[1]!]);
      expect(refusalsOf(plan)).toEqual(
        ["alpha", "bravo"].map(
          (host) => `${host}: the metadata of /dev/vdb is on /dev/vdc, as the file of r0 there says, and not internal`,
        ),
      );
      expect(allCommands(plan)).toEqual([]);
    },
  );

  test("the place is the same by whatever name the file has it", () => {
    const node = bravo(replica);
    const text = configurationOf(desired)
      .replace("/dev/vdc", "/dev/disk/by-id/virtio-0003")
      .replace(/(on bravo \{[^}]*disk +)\/dev\/vdb/s, "$1/dev/disk/by-id/virtio-0002");
    const names = namesOfDevices({
      r0: { disk: ["/dev/disk/by-id/virtio-0002"], metaDisk: ["/dev/disk/by-id/virtio-0003"], device: [] },
    });
    const found = { ...withFile(node, path, text), names };
    expect(text).toMatch(/virtio-0002.*virtio-0003/s);
    expect(refusalsOf(planOf([alpha, found], { desired, memory }))).toEqual([]);
    const internal = withLook(found, { disk: replica, metaDisk: undefined, metadata: { kind: "absent" } });
    expect(refusalsOf(planOf([alpha, internal], { memory })).join()).toContain(
      "the metadata of /dev/vdb is on /dev/disk/by-id/virtio-0003",
    );
  });

  test("where nothing stands on the disk yet: as one likes", () => {
    const node = withFile(blankNode("bravo"), path, configurationOf(r0));
    const metaDisk: Contents = { ...blank, real: "/dev/vdc" } as Contents;
    expect(refusalsOf(planOf([blankNode("alpha"), withLook(node, { metaDisk })], { desired }))).toEqual([]);
  });
});

describe("new metadata on a disk of its own, and something on the disk for the data", () => {
  const node = bravo(ext4, newGi);

  test("on the side that is filled: refused with what is on both, and cleared by both names alone", () => {
    const plan = planOf([alpha, node], { desired });
    expect(refusalsOf(plan)).toEqual([
      expect.stringContaining("bravo: /dev/vdb holds ext4"),
      expect.stringContaining("bravo: /dev/vdc holds data of no known kind"),
    ]);
    const one = planOf([alpha, node], { desired: letting("data:00000000000000aa") });
    expect(refusalsOf(one)).toHaveLength(1);
    const both = planOf([alpha, node], { desired: letting("data:00000000000000aa", `ext4:${uuid}`) });
    expect(stepLike(both, "wipefs").map(({ argv }) => argv[2])).toEqual(["/dev/vdb", "/dev/vdc"]);
  });

  test("with a blank disk beside it: filled", () => {
    expect(allCommands(planOf([alpha, bravo(blank, newGi)], { desired }))).toContain("bravo: drbdadm up r0");
  });

  test("attached by somebody, before it met its peer: refused", () => {
    const kernel = { connection: "Connecting", devices: [kernelDevice("Inconsistent")] };
    const attached = withLook(withKernel(node, kernel), { kernelGi: newGi, metadata: { kind: "busy", said: "" } });
    const plan = planOf([blankNode("alpha"), attached], { desired });
    expect(refusalsOf(plan)).toEqual([
      expect.stringContaining("and its metadata on /dev/vdc is new: the sync would overwrite it"),
    ]);
    expect(ways(plan)).toContain("`drbdadm down r0` on bravo");
  });

  test("it stays where it is what shall be kept", () => {
    const keep: OneVolume = { ...desired, existingData: "keep", syncSource: "bravo" };
    const plan = planOf([blankNode("alpha"), bravo(replica, newGi)], { desired: keep });
    expect(refusalsOf(plan)).toEqual([]);
    expect(allCommands(plan).filter((one) => /wipefs|mkfs|bravo: .*create-md/.test(one))).toEqual([]);
  });
});
