/** `snapshotBeforeResync`: the data of before a resync stands in a snapshot while the resync overwrites it over a slow link. */
import { Lab } from "../../lab/lab";
import { MACHINES } from "../../lab/machines";
import { drbdState, eventually, surveyAll } from "./machine";
import { changesOf, expectSuccess, Stack } from "./stack";
import { diagnosticsOf } from "./output";
import { expectPasted, saidOf } from "./pasted";
import { MOUNT_POINT, siteOf, withResource, type Site } from "./site";

jest.setTimeout(900_000);

let lab: Lab;
let site: Site;
let stack: Stack;
const page = "a-distant-second-host.md";
const snapshot = "vg/data-before-resync";
const file = `${MOUNT_POINT}/file`;

beforeAll(async () => {
  lab = await Lab.open();
  await lab.link();
  await lab.reset("utils");
  for (const machine of MACHINES) {
    const more = await lab.attachDisk(machine, { serial: "more", size: 256 * 1024 * 1024 });
    // drbdadm loads the module when it parses anything, in a preview, too.
    await lab.run(
      machine,
      `modprobe drbd && pvcreate -q /dev/vdb ${more} && vgcreate -q vg /dev/vdb ${more} && lvcreate -q -Wn -Zn -L 312M -n data vg`,
    );
  }
  const disks = { alpha: "/dev/vg/data", bravo: "/dev/vg/data" };
  site = withResource(await siteOf(lab), { disks, snapshotBeforeResync: true });
  stack = await Stack.create(site);
});

afterAll(async () => {
  await lab.link();
  await stack.remove();
});

const onBravo = async (command: string): Promise<string> =>
  (await lab.run("bravo", command, { timeout: 120 })).stdout.trim();
const snapshots = (): Promise<string> => onBravo("lvs --noheadings -o lv_name -S 'lv_name=data-before-resync' vg");
const sumOf = async (path: string): Promise<string> => (await onBravo(`sha256sum <${path}`)).split(" ")[0] ?? "";
const alphasSum = async (): Promise<string> =>
  (await lab.run("alpha", `sha256sum <${file}`)).stdout.split(" ")[0] ?? "";

/** As the XFS on the snapshot has it: nothing is written to it. */
async function sumInSnapshot(): Promise<string> {
  await onBravo(`mkdir -p /mnt/before && mount -t xfs -o ro,nouuid,norecovery /dev/${snapshot} /mnt/before`);
  const sum = await sumOf("/mnt/before/file");
  await onBravo("umount /mnt/before");
  return sum;
}

test("a volume group without room is refused, before anything is touched", async () => {
  await onBravo("lvcreate -q -Wn -Zn -l 100%FREE -n filler vg");
  const before = await surveyAll(lab);
  const run = await stack.preview();
  expect(run.code).not.toBe(0);
  expect(diagnosticsOf(run, "r0").join("\n")).toContain(
    "bravo: the volume group vg has 0 MiB free, and a snapshot of r0 before a resync takes 44 MiB",
  );
  expect(await surveyAll(lab)).toEqual(before);
  await onBravo("lvremove -q -f vg/filler");
});

test("the preview says for how large a resync there is room; behind the first sync no snapshot is left", async () => {
  const said = saidOf(expectSuccess(await stack.preview()).output, "r0");
  await expectPasted(
    page,
    "snapshot-preview",
    /^ *from snapshotBeforeResync[^]*?without a snapshot$/m.exec(said)?.[0] ?? "",
  );
  expectSuccess(await stack.up());
  expect(await eventually(snapshots, "", 60)).toBe("");
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
});

test("a resync over a slow link is cut: the snapshot has the old data, and drbd-where names it; then it goes on", async () => {
  await lab.run(
    "alpha",
    `head -c 12M /dev/urandom >${file} && sync && fsfreeze -f ${MOUNT_POINT} && fsfreeze -u ${MOUNT_POINT}`,
  );
  const old = await alphasSum();
  await onBravo("drbdadm disconnect r0");
  await lab.run("alpha", `head -c 12M /dev/urandom | dd of=${file} conv=notrunc,fsync`);
  const now = await alphasSum();
  await lab.link({ rate: "1mbit", roundTrip: "20ms" });
  await onBravo("drbdadm connect r0");
  expect(await eventually(() => drbdState(lab, "bravo"), /cs:SyncTarget/, 120)).toContain("cs:SyncTarget");

  expect(await snapshots()).toBe("data-before-resync");
  expect(await onBravo("drbd-where r0")).toMatch(
    /^ {2}snapshot +vg\/data-before-resync holds volume 0 as bravo had it on .*, before a resync began \(.* % full\)$/m,
  );
  expect(await sumInSnapshot()).toBe(old);
  expect(changesOf(expectSuccess(await stack.preview()))).toEqual([]);

  await lab.cutLink();
  expect(await eventually(() => drbdState(lab, "bravo"), /ds:Inconsistent\/DUnknown/, 60)).toContain("ds:Inconsistent");
  const where = await onBravo("drbd-where r0");
  await expectPasted(page, "snapshot-where", /^ {2}snapshot [^]*?differ\.$/m.exec(where)?.[0] ?? "");
  const refused = await lab.run("bravo", "drbd-takeover r0 --peer-is-off alpha", { check: false });
  expect([refused.exit, refused.stderr]).toEqual([1, expect.stringContaining(`${snapshot} holds it as it was`)]);
  expect(await sumInSnapshot()).toBe(old);

  await lab.link();
  await lab.restoreLink();
  const synced = await eventually(() => drbdState(lab, "bravo"), /cs:Connected .*ds:UpToDate\/UpToDate/, 180);
  expect(synced).toContain("ds:UpToDate/UpToDate");
  expect(await eventually(snapshots, "", 60)).toBe("");
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
  await stack.configure({ ...site, resources: site.resources.map((one) => ({ ...one, primary: "bravo" })) });
  expectSuccess(await stack.up());
  expect(await sumOf(file)).toBe(now);
});
