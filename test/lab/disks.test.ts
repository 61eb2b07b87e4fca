import { freeSlot, removeUnusedDisks } from "../../lab/disks";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LabState } from "../../lab/lab-state";
import { type Disk, SLOTS } from "../../lab/machines";
import { DEFAULT_MAKE } from "../../lab/make";

const disk = (slot: number): Disk => ({ serial: `s${slot}`, file: `/f${slot}`, slot, sectors: 512 });

test("a disk goes into the lowest free slot, until there is none", () => {
  expect(freeSlot([])).toBe(0);
  expect(freeSlot([disk(0), disk(2)])).toBe(1);
  expect(freeSlot([...Array(SLOTS).keys()].map(disk))).toBeUndefined();
});

test("a disk's file is deleted when neither a machine nor a snapshot has it any more", async () => {
  const folder = await mkdtemp(join(tmpdir(), "lab-disks-"));
  try {
    const disks = ["inMachine", "inSnapshot", "unused"].map((serial, slot) => ({
      serial,
      file: join(folder, serial),
      slot,
      sectors: 512 as const,
    }));
    for (const { file } of disks) await writeFile(file, "");
    const [inMachine, inSnapshot] = disks;
    const image = { folder: "", id: "", kernel: "", initrd: "", root: "", libvirt: "" };
    const state: LabState = {
      make: DEFAULT_MAKE,
      images: { alpha: image, bravo: image },
      accelerator: "tcg",
      qemu: "",
      ports: { alpha: { ssh: 1, link: 2 }, bravo: { ssh: 3, link: 4 } },
      disks: { alpha: [inMachine!], bravo: [] },
      snapshots: { bare: { alpha: [], bravo: [inSnapshot!] } },
      linkIsCut: false,
    };
    await removeUnusedDisks(state, disks);
    expect(disks.map(({ file }) => existsSync(file))).toEqual([true, true, false]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
