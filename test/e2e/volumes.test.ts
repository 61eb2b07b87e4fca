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

test("an option of one volume's disk changes in place, on that volume alone, and goes again", async () => {
  const [first, second] = twoVolumes()["volumes"] as readonly Readonly<Record<string, unknown>>[];
  const before = await mountNumber();
  const flushes = async () =>
    (await lab.run("alpha", "drbdsetup show r0 | grep -E 'volume|disk-flushes'")).stdout.replaceAll(/\s+/g, " ").trim();
  await stack.configure(
    withResource(site, { ...twoVolumes(), volumes: [first, { ...second, disk: { "disk-flushes": false } }] }),
  );
  const run = expectSuccess(await stack.up());
  expect(run.output).toContain("+ volume 1 disk disk-flushes no");
  expect(run.output).toContain("volume 1: disk: disk-flushes no loses acknowledged writes");
  const adjusted = ["alpha", "bravo"].flatMap((host) => [
    `${host}: write /etc/drbd.d/r0.res`,
    `${host}: drbdadm adjust r0`,
  ]);
  expect(changesOf(run).sort()).toEqual(adjusted.sort());
  expect(await flushes()).toBe("volume 0 { volume 1 { disk-flushes no;");
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
  await stack.configure(withResource(site, twoVolumes()));
  expect(changesOf(expectSuccess(await stack.up())).sort()).toEqual(adjusted.sort());
  expect([await flushes(), await mountNumber()]).toEqual(["volume 0 { volume 1 {", before]);
});

/** Appends to the first volume without a pause, until it is stopped. What it wrote is what it should have. */
async function writing(): Promise<() => Promise<void>> {
  const log = `${MOUNT_POINT}/log`;
  const loop = `i=0; while [ ! -e /run/stop-writing ]; do i=$((i+1)); echo $i >>${log}; sync ${log}; done; seq $i | cmp - ${log} && echo whole`;
  await lab.run("alpha", `rm -f /run/stop-writing; nohup sh -c '${loop}' >/run/written 2>&1 </dev/null &`);
  return async () => {
    await lab.run("alpha", "touch /run/stop-writing");
    await eventually(async () => (await lab.run("alpha", "cat /run/written")).stdout.trim(), "whole", 60);
    expect(Number((await lab.run("alpha", `tail -1 ${log}`)).stdout)).toBeGreaterThan(10);
  };
}

const blob = `${LOGS}/blob`;
const sumOf = async (machine: "alpha" | "bravo", file: string) =>
  (await lab.run(machine, `sha256sum <${file}`)).stdout.trim();
/** Of what is on the disk itself: internal metadata is behind the filesystem. */
async function sumOnDisk(machine: "alpha" | "bravo"): Promise<string> {
  await lab.run(machine, `mkdir -p /run/look && mount -t xfs -o ro,norecovery ${added} /run/look`);
  try {
    return await sumOf(machine, "/run/look/blob");
  } finally {
    await lab.run(machine, "umount /run/look");
  }
}

describe("a volume that the program does not describe any more, while the other is written to", () => {
  let sum: string;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    await lab.run("alpha", `head -c 5000000 /dev/urandom >${blob}; sync`);
    sum = await sumOf("alpha", blob);
    // DRBD slows a sync down for a writer, so that it would take a quarter of an hour.
    for (const minor of [1, 2]) await eventually(() => drbdState(lab, "alpha", minor), RUNNING, 300);
    stop = await writing();
    await stack.configure(site);
  });

  test("in use by somebody: it stays as it is, and the error says by whom", async () => {
    await lab.run("alpha", `nohup sleep 1000 <${blob} >/dev/null 2>&1 & echo $! >/run/reader`);
    const failed = await stack.up();
    await lab.run("alpha", "kill $(cat /run/reader)");
    expect(failed.code).not.toBe(0);
    expect(failed.output).toContain(`(sleep): ${blob}`);
    await expectBoth();
  });

  test("it is taken out of use in order, and its data is on both disks still", async () => {
    const run = expectSuccess(await stack.up());
    expect(run.output).toContain(
      `r0/1 is taken out of use. Its data and metadata stay on alpha:${added} and bravo:${added}`,
    );
    const changes = changesOf(run);
    // Both hosts forget it at once.
    expect(changes.filter((one) => one.includes("rmdir")).sort()).toEqual([
      `alpha: rmdir ${LOGS}`,
      `bravo: rmdir ${LOGS}`,
    ]);
    expect(changes.filter((one) => /umount|secondary|drbdsetup|adjust|-md|wipe/.test(one))).toEqual([
      `alpha: umount ${LOGS}`,
      "alpha: drbdadm secondary r0/1",
      "bravo: drbdsetup detach 5",
      "bravo: drbdsetup del-minor 5",
      "alpha: drbdsetup detach 2",
      "alpha: drbdsetup del-minor 2",
    ]);
    expect(await drbdState(lab, "alpha", 1)).toBe(RUNNING);
    for (const machine of MACHINES) {
      const { stdout } = await lab.run(
        machine,
        `cat /proc/drbd /etc/fstab /etc/drbd.d/r0.res; ls -d ${LOGS} 2>&1 || :`,
      );
      expect(stdout).not.toMatch(/^ [25]: cs|\/dev\/drbd[25]|volume 1/m);
      expect(stdout).toContain("No such file");
      expect(await sumOnDisk(machine)).toBe(sum);
    }
    expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
  });

  test("described again, it goes on with its data: nothing is made, forced or formatted", async () => {
    await stack.configure(withResource(site, twoVolumes()));
    const changes = changesOf(expectSuccess(await stack.up()));
    expect(changes.filter((one) => /create-md|--force|mkfs|wipefs/.test(one))).toEqual([]);
    expect(changes).toContain("alpha: drbdadm primary r0/1");
    await expectBoth();
    expect(await sumOf("alpha", blob)).toBe(sum);
    expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
    await stop();
    await stack.destroy();
  });
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
