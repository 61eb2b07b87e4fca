/** A disk that has another size than DRBD knew, and metadata that is not as it was left. */
import { eventually, drbdState } from "../machine";
import { LivingPair } from "./living-pair";

jest.setTimeout(1_000_000);

const MiB = 1024 * 1024;

let pair: LivingPair;

beforeAll(async () => {
  pair = await LivingPair.begin("grown");
});
beforeEach(() => pair.back());
afterAll(() => pair.end());

const lkbd = "/var/lib/drbd/drbd-minor-1.lkbd";

describe("grown while the resource was down", () => {
  beforeEach(async () => {
    await pair.stop();
    await pair.lab.growDisk("alpha", pair.lab.serial("alpha"), 360 * MiB);
  });

  // By the size that drbdmeta keeps; by our own memory of it; by that in spite of what drbdmeta keeps.
  test.each([
    ["and drbdmeta's record of its size is there", "true"],
    ["and drbdmeta's record of its size is lost", `rm ${lkbd}`],
    ["and drbdmeta's record of its size is old", `printf '300000000\\t/dev/vdb\\n' >${lkbd}`],
  ])("%s: its metadata moves, with its generation identifiers", async (_what, command) => {
    await pair.run("alpha", command);
    const changes = await pair.up();
    expect(changes).toEqual(expect.arrayContaining(["alpha: drbdadm check-resize r0", "alpha: drbdadm up r0"]));
    expect(changes.indexOf("alpha: drbdadm check-resize r0")).toBeLessThan(changes.indexOf("alpha: drbdadm up r0"));
    expect(changes.filter((one) => /create-md|--force|mkfs/.test(one))).toEqual([]);
    await pair.expectWhole();
  });

  test("a refresh in between does not make us forget how big it was", async () => {
    await pair.run("alpha", `rm ${lkbd}`);
    expect((await pair.stack.refresh()).code).toBe(0);
    expect(await pair.up()).toContain("alpha: drbdadm check-resize r0");
    await pair.expectWhole();
  });

  test("and nothing of its metadata is where it ended: stopped, nothing is made", async () => {
    await pair.run("alpha", `rm ${lkbd}; dd if=/dev/zero of=/dev/vdb bs=1M seek=319 count=1 2>/dev/null; sync`);
    const run = await pair.stack.up();
    expect(run.code).not.toBe(0);
    expect(run.output).toMatch(/where \/dev\/vdb ended when it had 335544320 bytes lies no metadata of device/);
    expect(await pair.run("alpha", "drbdmeta 1 v08 /dev/vdb internal get-gi </dev/null", { check: false })).toBe("");
  });
});

test("shrunk: refused until it has its size back", async () => {
  await pair.stop();
  // A device-mapper device in the place of the disk, of which the end is cut off; lsblk gives it no serial number.
  const old = await pair.run("alpha", "blockdev --getsz /dev/vdb");
  await pair.run(
    "alpha",
    `mkdir /dev/real; mknod /dev/real/vdb b $(cat /sys/block/vdb/dev | tr : ' '); echo 0 $(( ${old} - 8192 )) linear /dev/real/vdb 0 | dmsetup create cut; rm /dev/vdb; ln -s /dev/mapper/cut /dev/vdb`,
  );
  expect(await pair.refused()).toMatch(
    /alpha: \/dev\/vdb has 316 MiB \(331350016 bytes\) and had 320 MiB .*it was shrunk/,
  );
});

test("metadata that is unclean after a power cut: taken as it is, and the data is whole", async () => {
  await pair.lab.powerOff("alpha");
  await pair.lab.powerOn("alpha");
  const stopped = "systemctl stop drbd@r0.target; umount /srv/data; drbdadm down r0; true";
  await pair.run("alpha", stopped, { check: false });
  const changes = await pair.up();
  expect(changes).toContain("alpha: drbdadm up r0");
  expect(changes.filter((one) => /create-md|--force|mkfs/.test(one))).toEqual([]);
  await eventually(() => drbdState(pair.lab, "alpha"), /UpToDate\/UpToDate/, 60);
  await pair.expectWhole();
});

test("metadata of DRBD 9 under a module of 8.4: refused, with the way to convert it, after which all is there", async () => {
  await pair.stop();
  await pair.run("bravo", "drbdmeta 1 v09 /dev/vdb internal create-md --force 1 </dev/null");
  const told = await pair.refused();
  expect(told).toMatch(
    /bravo: \/dev\/vdb holds DRBD metadata of version v09, and the module there \(8\.4\.\d+\) reads v08/,
  );
  expect(told).toContain('answer yes to "convert to v08?"');
  // At a terminal, as the refusal says.
  await pair.run(
    "bravo",
    "script -qec 'echo yes | drbdadm create-md r0' /dev/null || drbdadm -- --force create-md r0 </dev/null",
  );
  await pair.up();
  await pair.expectWhole();
});
