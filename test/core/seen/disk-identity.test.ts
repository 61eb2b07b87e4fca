/** Whether a disk is the one that is remembered, however a release of a tool spells its numbers. */
import { isSameDisk } from "../../../provider/core/seen/disk-identity";
import { blank, blankNode, rememberedDisk, withBlock } from "../observed-builder";

const isSame = (then: { serial?: string; wwn?: string }, now: { serial?: string; wwn?: string }) =>
  isSameDisk(
    rememberedDisk({ serial: "", wwn: "", ...then }),
    withBlock(blankNode("bravo"), "/dev/vdb", { serial: undefined, wwn: undefined, ...now }),
    blank,
  );

test.each<[string, Parameters<typeof isSame>[0], Parameters<typeof isSame>[1], boolean | undefined]>([
  ["a serial number with blanks around it", { serial: "      S4EV" }, { serial: "S4EV" }, true],
  ["the same the other way round", { serial: "S4EV" }, { serial: " S4EV  " }, true],
  ["another serial number", { serial: "S4EV" }, { serial: "S4EW" }, false],
  ["a WWN with and without its 0x", { wwn: "0x5000C500A0B1C2D3" }, { wwn: "5000c500a0b1c2d3" }, true],
  ["a WWN as naa. and as 0x", { wwn: "naa.5000c500a0b1c2d3" }, { wwn: "0x5000c500a0b1c2d3" }, true],
  ["a WWN as eui. in two cases", { wwn: "eui.0025385B01B2C3D4" }, { wwn: "eui.0025385b01b2c3d4" }, true],
  ["a WWN as a uuid. with dashes", { wwn: "uuid.1f0c7a52-6d5b" }, { wwn: "1F0C7A526D5B" }, true],
  ["another WWN with the same serial number", { serial: "1", wwn: "0x1" }, { serial: "1", wwn: "0x2" }, false],
  ["blanks alone, which are no number", { serial: "  " }, { serial: "S4EV" }, undefined],
  ["no number at all", {}, {}, undefined],
])("%s", (_what, then, now, same) => {
  expect(isSame(then, now)).toBe(same);
});

test("a WWN is that of a disk, and of each of its partitions: it tells them from another disk's alone", () => {
  const partition = withBlock(blankNode("bravo"), "/dev/vdb", { type: "part", serial: undefined, wwn: "0x1" });
  const known = (wwn: string) => rememberedDisk({ serial: "", wwn });
  expect(isSameDisk(known("0x1"), partition, blank)).toBeUndefined();
  expect(isSameDisk(known("0x2"), partition, blank)).toBe(false);
});

test("a serial number that two disks have proves nothing", () => {
  const bridge = withBlock(blankNode("bravo"), "/dev/vdb", { serial: "0000000000" });
  const twins = withBlock(bridge, "/dev/vdc", { serial: "0000000000" });
  const known = rememberedDisk({ serial: "0000000000", wwn: "" });
  expect(isSameDisk(known, bridge, blank)).toBe(true);
  expect(isSameDisk(known, twins, blank)).toBeUndefined();
  expect(isSameDisk({ ...known, serial: "0000000001" }, twins, blank)).toBe(false);
});
