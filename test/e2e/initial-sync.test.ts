/** `initialSync: skip`: two new disks that are read, and not synced. */
import { Lab } from "../../lab/lab";
import { MACHINES, type MachineName } from "../../lab/machines";
import { letGo, upTo, wrap } from "./checkpoint";
import { diskSum, drbdState, eventually, mountedAt } from "./machine";
import { diagnosticsOf } from "./output";
import { DEVICE, MOUNT_POINT, siteOf, withResource, type Site } from "./site";
import { changesOf, expectSuccess, Stack } from "./stack";

jest.setTimeout(600_000);

let lab: Lab;
let site: Site;
let stack: Stack;

beforeAll(async () => {
  lab = await Lab.open();
});
beforeEach(async () => {
  await lab.reset("utils");
  site = withResource(await siteOf(lab), { initialSync: "skip", net: { "verify-alg": "crc32c" } });
  stack = await Stack.create(site);
});
afterEach(() => stack.remove());

/** What the kernel sent and received of it, wrote to its disk and read, and still has to send; in KiB. */
const counters = async (machine: MachineName): Promise<string> =>
  (await lab.run(machine, "sed -n 's/^ *\\(ns:.*dr:[0-9]*\\) .* \\(oos:.*\\)/\\1 \\2/p' /proc/drbd")).stdout.trim();
const syncs = async (machine: MachineName): Promise<string> =>
  (await lab.run(machine, "dmesg | grep -c 'Began resync'", { check: false })).stdout.trim();

const whole = "cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----";

/** Between two of the places of which samples are taken: the middle of a 320 MiB disk. */
const unseen = 168_000_123;
const byteThere = async (machine: MachineName): Promise<string> =>
  (await lab.run(machine, `dd if=/dev/vdb bs=1 skip=${unseen} count=1 iflag=skip_bytes status=none | od -An -c`))
    .stdout;

test("one byte in the middle of a disk: refused with its place, and it stays", async () => {
  const stray = `printf x | dd of=/dev/vdb bs=1 seek=${unseen} conv=notrunc,fsync status=none`;
  await lab.run("alpha", stray);
  // What may go there is overwritten from end to end, and not at the samples alone.
  await lab.run("bravo", `mkfs.ext4 -qF -U 6f1c0a52-7d5b-4f0e-9a76-0d3c3c5e1f10 /dev/vdb && ${stray}`);
  // Without a filesystem: all that is sent is a sync's.
  const identity = "ext4:6f1c0a52-7d5b-4f0e-9a76-0d3c3c5e1f10";
  await stack.configure(withResource(site, { filesystem: undefined, discard: { bravo: identity } }));
  const shown = diagnosticsOf(expectSuccess(await stack.preview()), "r0");
  expect(shown[0]).toMatch(/^r0: \d+ steps; DESTROYS bravo:\/dev\/vdb ext4 /);
  expect(shown.filter((line) => line.startsWith("bravo | blkdiscard -z /dev/vdb | named in"))).toHaveLength(1);

  const run = await stack.up();
  expect(run.code).not.toBe(0);
  expect(run.output).toContain(`/dev/vdb is not zero at byte ${unseen}, so that the first sync cannot be skipped`);
  const way = /`(drbdadm down r0 && blkdiscard -z \/dev\/vdb <\/dev\/null)` on this host/.exec(run.output)?.[1];
  expect(changesOf(run).filter((one) => /new-current-uuid|primary|mkfs/.test(one))).toEqual([]);
  expect(await drbdState(lab, "alpha")).toMatch(/^cs:Connected ro:Secondary\/Secondary ds:Inconsistent\/Inconsistent /);
  expect((await byteThere("alpha")).trim()).toBe("x");
  expect((await byteThere("bravo")).trim()).toBe("\\0");

  await lab.run("alpha", way ?? "false");
  const again = expectSuccess(await stack.up());
  expect(changesOf(again)).toContain("alpha: drbdadm new-current-uuid --clear-bitmap r0/0");
  expect(await drbdState(lab, "alpha")).toBe(whole);
  for (const machine of MACHINES) {
    expect(await counters(machine)).toMatch(/^ns:0 nr:0 dw:0 dr:\d+ oos:0$/);
    expect(await syncs(machine)).toBe("0");
  }
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
});

test("two blank disks: both UpToDate at once, and nothing was sent", async () => {
  const shown = diagnosticsOf(expectSuccess(await stack.preview()), "r0");
  expect(shown[0]).toMatch(/^r0: \d+ steps; nothing that holds data is touched$/);
  expect(shown.slice(shown.findIndex((line) => line.includes("cmp ")))).toEqual([
    "alpha, bravo | cmp /dev/vdb /dev/zero | all that /dev/drbd1 takes of it must be zero: the first sync is skipped",
    "bravo | drbdadm get-gi r0 | must be a new device's, and /dev/vdb blank, or nobody may overwrite it",
    "alpha | drbdadm new-current-uuid --clear-bitmap r0/0 | both disks read as zeros: nothing is sent, and both are UpToDate at once",
    "bravo | drbdadm dstate r0 | must be UpToDate there, too",
    "alpha | drbdadm primary r0 | sync source; both disks are the same",
    "alpha | mkfs.xfs -L data /dev/drbd1 | blank, never formatted",
    "alpha | systemctl start drbd-primary@r0.service | so that a shutdown unmounts and demotes it in order",
    "alpha | mount /srv/data | by its line in fstab",
    "then: `initialSync: skip`: alpha and bravo each read their whole disk (320 MiB) in the place of a first sync. How long that takes is not known beforehand. Where a byte is not zero, the run ends there, and nothing is sent",
  ]);

  // Killed with the bitmap cleared, before anybody is Primary.
  await wrap(lab, "alpha", ["drbdadm"]);
  const running = await upTo(lab, stack, "alpha", "before drbdadm primary r0");
  expect(await drbdState(lab, "alpha")).toBe("cs:Connected ro:Secondary/Secondary ds:UpToDate/UpToDate C r-----");
  for (const machine of MACHINES) expect(await counters(machine)).toMatch(/^ns:0 nr:0 dw:0 dr:\d+ oos:0$/);
  await running.killProvider();
  await letGo(lab, "alpha");
  expect((await running.ended).code).not.toBe(0);

  const changes = changesOf(expectSuccess(await stack.up()));
  expect(changes.filter((one) => one.includes("mkfs"))).toEqual(["alpha: mkfs.xfs -L data /dev/drbd1"]);
  expect(await drbdState(lab, "alpha")).toBe(whole);
  expect(await mountedAt(lab, "alpha", MOUNT_POINT)).toBe(`${DEVICE} xfs`);
  for (const machine of MACHINES) expect(await syncs(machine)).toBe("0");

  // All that is on one is on the other.
  await lab.run("alpha", `head -c 3000000 /dev/urandom >${MOUNT_POINT}/file; sync; drbdadm verify r0`);
  const verified = async () => (await lab.run("alpha", "dmesg | grep 'Online verify'")).stdout;
  expect(await eventually(verified, /done/, 120)).toMatch(/done/);
  expect(await verified()).not.toContain("out of sync");
  expect(await counters("alpha")).toContain(" oos:0");
  const sum = await diskSum(lab, "alpha", `${MOUNT_POINT}/file`);
  await stack.configure(withResource(site, { primary: "bravo" }));
  expectSuccess(await stack.up());
  expect(await diskSum(lab, "bravo", `${MOUNT_POINT}/file`)).toBe(sum);
});
