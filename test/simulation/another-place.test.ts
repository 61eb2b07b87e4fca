/** Metadata that the program names another place for, though data was replicated by what stands in the old one. */
import { chosenVersions } from "./drbd";
import { type Deed, live } from "./history";
import { plainProgram } from "./pulumi";

const quiet: Deed = { kind: "up", interruptions: [] };

/** A device that is used without a filesystem, by data so little that no sample of the disk meets it. */
const used: readonly Deed[] = [
  quiet,
  { kind: "event", event: { kind: "write", on: 0, block: 1 } },
  { kind: "event", event: { kind: "time", turns: 8 } },
  { kind: "event", event: { kind: "hand on both", command: "down" } },
];

test.each(chosenVersions())(
  "DRBD %s: from a disk of its own to the disk's end, with the state lost: refused, and nothing is forced again",
  async (drbd) => {
    const { broken, end } = await live({
      drbd,
      beginnings: ["blank", "blank"],
      program: { ...plainProgram, formatted: false, metadataApart: true },
      restless: false,
      deeds: [...used, { kind: "program", change: { metadataApart: false } }, { kind: "the state is lost" }, quiet],
    });
    expect(broken).toEqual([]);
    expect(end).toMatchObject({
      kind: "refused",
      why: expect.stringContaining("Metadata stays where it is") as string,
    });
  },
);
