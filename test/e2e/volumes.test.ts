/** A resource with several volumes: one is added to a pair that is in use, both come back after a boot, and both are made at once. */
import { Lab } from "../../lab/lab";
import { MACHINES } from "../../lab/machines";
import { drbdState, eventually, mountedAt } from "./machine";
import { MOUNT_POINT, r0, siteOf, withResource, type Site, type SiteResource } from "./site";
import { changesOf, expectSuccess, Stack } from "./stack";

jest.setTimeout(1_000_000);

const RUNNING = "cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----";
const LOGS = "/srv/logs";

let lab: Lab;
let site: Site;
let stack: Stack;
let added: string;

/** Both volumes, the first as it stands in the short form. */
const twoVolumes = (): Partial<SiteResource> => ({
  minor: undefined,
  disks: undefined,
  filesystem: undefined,
  volumes: [
    { volume: 0, minor: 1, disks: r0.disks, filesystem: r0.filesystem },
    {
      volume: 1,
      minor: { alpha: 2, bravo: 5 },
      disks: { alpha: added, bravo: added },
      filesystem: { mountPoint: LOGS },
    },
  ],
});

async function withSecondDisks(): Promise<void> {
  await lab.reset("utils");
  for (const machine of MACHINES) added = await lab.attachDisk(machine, { serial: "more", size: 330 * 1024 * 1024 });
}

beforeAll(async () => {
  lab = await Lab.open();
  await withSecondDisks();
  site = await siteOf(lab);
  stack = await Stack.create(site);
});

afterAll(async () => {
  await stack.remove();
});

async function expectBoth(): Promise<void> {
  expect(await drbdState(lab, "alpha", 1)).toBe(RUNNING);
  expect(await drbdState(lab, "alpha", 2)).toBe(RUNNING);
  expect([await mountedAt(lab, "alpha", MOUNT_POINT), await mountedAt(lab, "alpha", LOGS)]).toEqual([
    "/dev/drbd1 xfs",
    "/dev/drbd2 xfs",
  ]);
}

const mountNumber = async () => (await lab.run("alpha", `findmnt -rno ID ${MOUNT_POINT}`)).stdout;

test("a volume is added while the other is mounted and written to: made, filled, formatted and mounted by itself", async () => {
  expectSuccess(await stack.up());
  await lab.run("alpha", `echo kept >${MOUNT_POINT}/mine; sync`);
  const before = await mountNumber();
  await stack.configure(withResource(site, twoVolumes()));
  const run = expectSuccess(await stack.up());
  const changes = changesOf(run);
  // The hosts make their metadata at once.
  const made = changes.filter((one) => one.includes("create-md")).sort();
  expect(made).toEqual(["alpha: drbdadm create-md r0/1", "bravo: drbdadm create-md r0/1"]);
  expect(changes.filter((one) => /--force|mkfs/.test(one))).toEqual([
    "alpha: drbdadm primary --force r0/1",
    "alpha: mkfs.xfs /dev/drbd2",
  ]);
  await expectBoth();
  expect([await mountNumber(), (await lab.run("alpha", `cat ${MOUNT_POINT}/mine`)).stdout.trim()]).toEqual([
    before,
    "kept",
  ]);
});

test("the next up does nothing, and both come back after both machines lost their power", async () => {
  await lab.run("alpha", `echo logs >${LOGS}/mine; sync`);
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
  await lab.powerOff("alpha");
  await lab.powerOff("bravo");
  await lab.powerOn("bravo");
  await lab.powerOn("alpha");
  await eventually(() => mountedAt(lab, "alpha", LOGS), "/dev/drbd2 xfs", 120);
  // What was written last may have been on its way: it is sent again, for minutes on a busy machine.
  for (const minor of [1, 2])
    expect(await drbdState(lab, "alpha", minor)).toMatch(/ro:Primary\/Secondary ds:UpToDate\//);
  expect(await mountedAt(lab, "alpha", MOUNT_POINT)).toBe("/dev/drbd1 xfs");
  expect((await lab.run("alpha", `cat ${MOUNT_POINT}/mine ${LOGS}/mine`)).stdout.split("\n")).toEqual([
    "kept",
    "logs",
    "",
  ]);
});

test("a volume that the program does not describe any more: refused, with what takes it away, after which the other runs on", async () => {
  await stack.configure(site);
  const refused = await stack.up();
  expect(refused.code).not.toBe(0);
  expect(refused.output).toContain("r0 has volume 1 (minor 2) in the kernel, which the program does not describe");
  await lab.run("alpha", `umount ${LOGS} && sed -i '\\|${LOGS}|d' /etc/fstab && drbdadm secondary r0/1`);
  await lab.run("bravo", `sed -i '\\|${LOGS}|d' /etc/fstab && drbdsetup detach 5 && drbdsetup del-minor 5`);
  await lab.run("alpha", "drbdsetup detach 2 && drbdsetup del-minor 2");
  expectSuccess(await stack.up());
  expect(await drbdState(lab, "alpha", 1)).toBe(RUNNING);
  expect((await lab.run("alpha", `cat ${MOUNT_POINT}/mine`)).stdout.trim()).toBe("kept");
  await stack.destroy();
});

test("both volumes at once, from blank disks, and destroyed", async () => {
  await stack.remove();
  await withSecondDisks();
  stack = await Stack.create(withResource(await siteOf(lab), twoVolumes()));
  const changes = changesOf(expectSuccess(await stack.up()));
  expect(changes.filter((one) => /--force/.test(one))).toEqual(["alpha: drbdadm primary --force r0"]);
  await expectBoth();
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
  expectSuccess(await stack.destroy());
  expect((await lab.run("alpha", "cat /proc/drbd; cat /etc/fstab; ls /etc/drbd.d")).stdout).not.toMatch(
    /cs:|drbd[12]|r0/,
  );
});
