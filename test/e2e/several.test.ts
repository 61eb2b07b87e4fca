/** A site with several resources on its pair: each is made, one is added, one is taken away, and the others stay as they are. */
import { Lab } from "../../lab/lab";
import { MACHINES } from "../../lab/machines";
import { drbdState, mountedAt } from "./machine";
import { sumsOf } from "./output";
import { r0, siteOf, type Site, type SiteResource } from "./site";
import { changesOf, expectSuccess, Stack } from "./stack";

jest.setTimeout(1_000_000);

const RUNNING = "cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----";

let lab: Lab;
let site: Site;
let stack: Stack;

/** Small resources on logical volumes of one disk, which have paths that stay. */
const onVolume = (name: string, minor: number): SiteResource => ({
  name,
  minor,
  port: 7789 + minor,
  disks: { alpha: `/dev/vg/${name}`, bravo: `/dev/vg/${name}` },
  syncSource: "alpha",
});
const [first, second, third] = [onVolume("one", 1), onVolume("two", 2), onVolume("three", 3)];

beforeAll(async () => {
  lab = await Lab.open();
  await lab.reset("utils");
  const volumes = ["one", "two", "three"].map((name) => `lvcreate -q -Wn -L 40M -n ${name} vg`).join(" && ");
  await Promise.all(
    MACHINES.map((name) => lab.run(name, `pvcreate -q /dev/vdb && vgcreate -q vg /dev/vdb && ${volumes}`)),
  );
  site = { ...(await siteOf(lab)), resources: [first, second] };
  stack = await Stack.create(site);
});

afterAll(async () => {
  await stack.remove();
});

test("two resources come up together", async () => {
  expectSuccess(await stack.up());
  for (const minor of [1, 2]) expect(await drbdState(lab, "alpha", minor)).toBe(RUNNING);
});

test("a third is added, and the other two are left alone", async () => {
  await stack.configure({ ...site, resources: [first, second, third] });
  const run = expectSuccess(await stack.up());
  expect(sumsOf(run)).toEqual(["+ 1 created", "6 unchanged"]);
  expect(changesOf(run).filter((line) => !line.includes("three"))).toEqual([]);
  expect(await drbdState(lab, "alpha", 3)).toBe(RUNNING);
});

test("one is taken away, and the other two run on", async () => {
  await stack.configure({ ...site, resources: [first, third] });
  const run = expectSuccess(await stack.up());
  expect(sumsOf(run)).toEqual(["- 1 deleted", "6 unchanged"]);
  expect(changesOf(run).filter((line) => !line.includes("two"))).toEqual([]);
  expect(await drbdState(lab, "alpha", 2)).not.toContain("Connected");
  for (const minor of [1, 3]) expect(await drbdState(lab, "alpha", minor)).toBe(RUNNING);
});

test.each([
  ["minor", { minor: 3 }],
  ["port", { port: 7792 }],
  ["disk", { disks: { alpha: "/dev/vg/three", bravo: "/dev/vg/three" } }],
])("two resources with the same %s are refused before any host is asked", async (what, change) => {
  await stack.configure({ ...site, resources: [first, third, { ...second, ...change }] });
  const run = await stack.preview();
  expect(run.code).not.toBe(0);
  expect(run.output).toMatch(new RegExp(`${what}.*belongs to the resource three`));
  expect(changesOf(run)).toEqual([]);
});

test("a disk that is another resource's by a file on the host is refused, and nothing is mounted", async () => {
  // Not in this stack any more, but configured and running on the hosts.
  const other = await Stack.create({ ...site, resources: [{ ...r0, minor: 9, port: 7799, disks: first.disks }] });
  const run = await other.preview();
  expect(run.code).not.toBe(0);
  expect(run.output).toContain("belongs to the resource one, by a file in /etc/drbd.d");
  expect(await mountedAt(lab, "alpha", "/srv/data")).toBe("");
  await other.remove();
});
