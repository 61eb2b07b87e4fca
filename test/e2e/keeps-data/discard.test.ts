/** A disk whose contents may go, named by their identity. */
import { DEVICE, MOUNT_POINT, siteOf, withResource, type Site } from "../site";
import { Lab } from "../../../lab/lab";
import { diskSum, mountedAt } from "../machine";
import { changesOf, expectSuccess, Stack } from "../stack";
import { diagnosticsOf } from "../output";

jest.setTimeout(1_000_000);

let lab: Lab;
let site: Site;
let stack: Stack;

beforeAll(async () => {
  lab = await Lab.open();
});
beforeEach(async () => {
  await lab.reset("utils");
  site = await siteOf(lab);
  stack = await Stack.create(site);
});
afterEach(() => stack.remove());

async function refusedWith(): Promise<string> {
  const run = await stack.preview();
  expect(run.code).not.toBe(0);
  expect(changesOf(run)).toEqual([]);
  return run.output;
}

const lineIn = (told: string, host: string): string =>
  new RegExp(`discard: \\{ ${host}: "([^"]+)" \\}`).exec(told)?.[1] ?? "none";

test("the target's: refused with the line, destroyed by it, and not when the disk was changed for another", async () => {
  await lab.run("bravo", "mkfs.ext4 -qF /dev/vdb && mount /dev/vdb /mnt && date >/mnt/file && umount /mnt");
  const before = await diskSum(lab, "bravo", "/dev/vdb");
  const told = await refusedWith();
  const identity = lineIn(told, "bravo");
  expect(identity).toMatch(/^ext4:[0-9a-f-]{36}$/);
  expect(told).toContain("alpha:/dev/vdb holds nothing (it is blank)");
  expect(await diskSum(lab, "bravo", "/dev/vdb")).toBe(before);

  await stack.configure(withResource(site, { discard: { bravo: identity } }));
  const preview = expectSuccess(await stack.preview());
  const shown = diagnosticsOf(preview, "r0");
  expect(shown[0]).toMatch(/^r0: \d+ steps; DESTROYS bravo:\/dev\/vdb ext4 /);
  expect(shown).toContain(
    `bravo | wipefs -a /dev/vdb | named in \`discard\` as ${identity}. DESTROYS bravo:/dev/vdb ext4 (${identity.slice(5)})`,
  );
  expect(await diskSum(lab, "bravo", "/dev/vdb")).toBe(before);

  // Another filesystem in its place, with the same line.
  await lab.run("bravo", "cp /dev/vdb /root/copy && mkfs.ext4 -qF /dev/vdb");
  const other = await diskSum(lab, "bravo", "/dev/vdb");
  const again = await refusedWith();
  expect(again).toContain(`\`discard\` lets ${identity} go there, and /dev/vdb holds ext4:`);
  expect(await diskSum(lab, "bravo", "/dev/vdb")).toBe(other);
  await lab.run("bravo", "cp /root/copy /dev/vdb && rm /root/copy");

  const run = expectSuccess(await stack.up());
  expect(changesOf(run)).toContain("bravo: wipefs -a /dev/vdb");
  expect(await mountedAt(lab, "alpha", MOUNT_POINT)).toBe(`${DEVICE} xfs`);
  // The line means nothing any more.
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
});

test("the source's, of no known kind: cleared, and formatted", async () => {
  await lab.run("alpha", "head -c 40000000 /dev/urandom | dd of=/dev/vdb bs=1M seek=100 2>/dev/null; sync");
  const identity = lineIn(await refusedWith(), "alpha");
  expect(identity).toMatch(/^data:[0-9a-f]{16}$/);
  await stack.configure(withResource(site, { discard: { alpha: identity } }));
  const changes = changesOf(expectSuccess(await stack.up()));
  expect(changes).toContain("alpha: wipefs -a /dev/vdb");
  expect(changes).toContain(`alpha: mkfs.xfs -L data ${DEVICE}`);
  expect(await mountedAt(lab, "alpha", MOUNT_POINT)).toBe(`${DEVICE} xfs`);
});

test("the metadata of an old resource: by its device's UUID", async () => {
  await lab.run(
    "bravo",
    "drbdmeta 1 v08 /dev/vdb internal create-md </dev/null && drbdmeta --force 1 v08 /dev/vdb internal write-dev-uuid 11223344AABBCCDD </dev/null && drbdmeta --force 1 v08 /dev/vdb internal set-gi 1122334455667788:0:0:0:1:1 </dev/null",
  );
  const identity = lineIn(await refusedWith(), "bravo");
  expect(identity).toMatch(/^drbd:[0-9a-f]{16}$/);
  await stack.configure(withResource(site, { discard: { bravo: identity } }));
  expect(changesOf(expectSuccess(await stack.up()))).toContain("bravo: wipefs -a /dev/vdb");
  expect(await mountedAt(lab, "alpha", MOUNT_POINT)).toBe(`${DEVICE} xfs`);
});

test("a disk in use is not cleared, whatever is named", async () => {
  await lab.run("bravo", "mkfs.ext4 -qF /dev/vdb && mount /dev/vdb /mnt && date >/mnt/file; sync");
  const uuid = (await lab.run("bravo", "blkid -p -s UUID -o value /dev/vdb")).stdout.trim();
  await stack.configure(withResource(site, { discard: { bravo: `ext4:${uuid}` } }));
  expect(await refusedWith()).toContain("bravo: /dev/vdb is mounted at /mnt");
  await lab.run("bravo", "umount /mnt; [ -s /dev/vdb ] || mount /dev/vdb /mnt");
});
