/** Metadata on a disk of its own says nothing of a disk for the data that was changed for another: DRBD would take that one. */
import { Lab } from "../../../lab/lab";
import { diskSum, drbdState, eventually } from "../machine";
import { DEVICE, MOUNT_POINT, siteOf, withResource, type Site } from "../site";
import { changesOf, expectSuccess, Stack } from "../stack";

jest.setTimeout(1_000_000);

const MiB = 1024 * 1024;

let lab: Lab;
let stack: Stack;
let plain: Site;
/** bravo's metadata on a small disk of its own; and the same with another disk for the data. */
let site: Site;
let changed: Site;
let other: string;

beforeAll(async () => {
  lab = await Lab.open();
  await lab.reset("utils");
  plain = await siteOf(lab);
  const metaDisk = await lab.attachDisk("bravo", { serial: "meta", size: 4 * MiB });
  other = await lab.attachDisk("bravo", { serial: "other", size: 320 * MiB });
  site = withResource(plain, { metaDisks: { bravo: metaDisk } });
  changed = withResource(site, { disks: { alpha: "/dev/vdb", bravo: other } });
  stack = await Stack.create(site);
  expectSuccess(await stack.up());
});
afterAll(async () => {
  await lab.reset("bare");
  await stack.remove();
});

test("another disk beside the same metadata: refused, and filled from the other side at a person's word", async () => {
  const { stdout: sum } = await lab.run(
    "alpha",
    `cd ${MOUNT_POINT} && head -c 3000000 /dev/urandom >file && sync && sha256sum <file; cd; umount ${MOUNT_POINT} && drbdadm down r0`,
  );
  const fill = `mkfs.ext4 -qF ${other} && mount ${other} /mnt && head -c 1000000 /dev/urandom >/mnt/mine; umount /mnt`;
  await lab.run("bravo", `drbdadm down r0 && ${fill}`);
  const before = await diskSum(lab, "bravo", other);

  // Its own copy, without metadata at its end, is no data that may go.
  await stack.configure(plain);
  const moved = await stack.up();
  expect(moved.code).not.toBe(0);
  expect(changesOf(moved)).toEqual([]);
  expect(moved.output).toMatch(
    /bravo: the metadata of \/dev\/vdb is on \S+, as the file of r0 there says, and not internal/,
  );

  await stack.configure(changed);
  const refused = await stack.up();
  expect(refused.code).not.toBe(0);
  expect(changesOf(refused)).toEqual([]);
  expect(refused.output).toMatch(
    /bravo: \S+ \(320 MiB, serial other\) is another disk than the one that the metadata on \S+ was made for, \/dev\/vdb/,
  );
  expect(await diskSum(lab, "bravo", other)).toBe(before);

  const [, named = ""] = /discard: \{ bravo: \[(.*?)\] \}/.exec(refused.output) ?? [];
  const discard = { bravo: named.split(", ").map((one) => one.replaceAll('"', "")) };
  await stack.configure(withResource(changed, { discard }));
  const changes = changesOf(expectSuccess(await stack.up()));
  expect(changes.filter((one) => /wipefs|create-md|--force|mkfs/.test(one))).toEqual([
    `bravo: wipefs -a ${other}`,
    expect.stringContaining("bravo: wipefs -a"),
    "bravo: drbdadm create-md r0",
  ]);
  await eventually(() => drbdState(lab, "alpha"), /ds:UpToDate\/UpToDate C r-----$/, 120);
  await stack.configure(changed);
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
  await lab.run("alpha", `umount ${MOUNT_POINT}; drbdadm secondary r0`);
  const { stdout } = await lab.run("bravo", `drbdadm primary r0 && mount ${DEVICE} /mnt && sha256sum </mnt/file`);
  expect(stdout).toBe(sum);
});
