/** A sync source that holds data to keep: it becomes what is replicated, and not a byte of it changes. */
import { Lab } from "../../../lab/lab";
import { diskSum, drbdState, mountedAt } from "../machine";
import { DEVICE, MOUNT_POINT, siteOf, withResource, type Site } from "../site";
import { changesOf, expectSuccess, Stack } from "../stack";

jest.setTimeout(1_000_000);

let lab: Lab;
let site: Site;
let stack: Stack;

const fill = "head -c 2000000 /dev/urandom >/mnt/file && sha256sum </mnt/file && umount /mnt";

beforeAll(async () => {
  lab = await Lab.open();
});
beforeEach(async () => {
  await lab.reset("utils");
  site = await siteOf(lab);
  stack = await Stack.create(site);
});
afterEach(() => stack.remove());

async function refused(change: Parameters<typeof withResource>[1]): Promise<string> {
  await stack.configure(withResource(site, change));
  const run = await stack.preview();
  expect(run.code).not.toBe(0);
  expect(changesOf(run)).toEqual([]);
  return run.output;
}

/** What a failover gives: mounted on the other host. */
async function sumOnBravo(type: string): Promise<string> {
  const drop = `umount ${DEVICE} 2>/dev/null; drbdadm secondary r0`;
  await lab.run("alpha", drop);
  return (await lab.run("bravo", `drbdadm primary r0 && mount -t ${type} ${DEVICE} /mnt && sha256sum </mnt/file`))
    .stdout;
}

test("XFS with room behind it: internal metadata, no mkfs, mounted, the same on the other host", async () => {
  const { stdout: sum } = await lab.run("alpha", `mkfs.xfs -q -d size=310m /dev/vdb && mount /dev/vdb /mnt && ${fill}`);
  expect(await refused({})).toMatch(/alpha: \/dev\/vdb holds xfs \([0-9a-f-]{36}\).*`existingData: "keep"`/);
  await stack.configure(withResource(site, { existingData: "keep" }));
  const changes = changesOf(expectSuccess(await stack.up()));
  expect(changes.filter((one) => /create-md|mkfs|force|wipefs|mount \//.test(one)).sort()).toEqual([
    "alpha: drbdadm -- --force create-md r0",
    "alpha: drbdadm primary --force r0",
    `alpha: mount ${MOUNT_POINT}`,
    "bravo: drbdadm create-md r0",
  ]);
  expect(await mountedAt(lab, "alpha", MOUNT_POINT)).toBe(`${DEVICE} xfs`);
  expect((await lab.run("alpha", `sha256sum <${MOUNT_POINT}/file`)).stdout).toBe(sum);
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
  expect(await sumOnBravo("xfs")).toBe(sum);
});

test("ext4 with room behind it, used as it is", async () => {
  const { stdout: sum } = await lab.run("alpha", `mkfs.ext4 -qF /dev/vdb 310m && mount /dev/vdb /mnt && ${fill}`);
  await stack.configure(withResource(site, { existingData: "keep", filesystem: undefined }));
  const changes = changesOf(expectSuccess(await stack.up()));
  expect(changes.filter((one) => /mkfs|wipefs/.test(one))).toEqual([]);
  expect(await sumOnBravo("ext4")).toBe(sum);
});

test("XFS that fills the disk: external metadata is asked for, and then the disk itself is not written to", async () => {
  const { stdout: sum } = await lab.run("alpha", `mkfs.xfs -q /dev/vdb && mount /dev/vdb /mnt && ${fill}`);
  const before = await diskSum(lab, "alpha", "/dev/vdb");
  expect(await refused({ existingData: "keep" })).toMatch(
    /the xfs on \/dev\/vdb takes 335544320 of its 335544320 bytes, .* would leave it 335495168\. Give it a disk of its own for the metadata, of at least 49152 bytes: `metaDisks: \{ alpha: \/dev\/… \}`/,
  );
  const size = 4 * 1024 * 1024;
  const metaDisk = await lab.attachDisk("alpha", { serial: "meta", size });
  // The smaller side would cut off the filesystem's end.
  const one = { existingData: "keep", metaDisks: { alpha: metaDisk }, filesystem: undefined };
  expect(await refused(one)).toMatch(
    /bravo: DRBD leaves 335495168 bytes of \/dev\/vdb, and xfs \S+ on alpha:\/dev\/vdb takes 335544320/,
  );
  const both = { alpha: metaDisk, bravo: await lab.attachDisk("bravo", { serial: "meta", size }) };
  await stack.configure(withResource(site, { ...one, metaDisks: both }));
  const changes = changesOf(expectSuccess(await stack.up()));
  expect(changes.filter((one) => one.includes("create-md")).sort()).toEqual([
    "alpha: drbdadm create-md r0",
    "bravo: drbdadm create-md r0",
  ]);
  expect(await drbdState(lab, "alpha")).toBe("cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----");
  expect(await diskSum(lab, "alpha", DEVICE)).toBe(before);
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
  expect(await sumOnBravo("xfs")).toBe(sum);
});

test("on the sync target instead: refused, with what both sides hold", async () => {
  await lab.run("bravo", `mkfs.xfs -q -d size=310m /dev/vdb`);
  const told = await refused({ existingData: "keep" });
  expect(told).toMatch(
    /bravo: \/dev\/vdb holds xfs \([0-9a-f-]{36}\), .*; alpha:\/dev\/vdb holds nothing \(it is blank\)/,
  );
  expect(told).toContain('`syncSource: bravo` and `existingData: "keep"`');
});

test("nothing to keep: refused, since it may be the wrong disk", async () => {
  expect(await refused({ existingData: "keep" })).toMatch(/\/dev\/vdb \(320 MiB, serial alpha0\) is blank/);
});
