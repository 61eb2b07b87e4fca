/**
 * The life of a pair in short, on whatever releases the lab's machines have (scripts/releases.sh): first up, second up,
 * refresh, switch to the other side and back, reboot, destroy. The file that is written at the start is read at each stage.
 */
import { Lab } from "../../../lab/lab";
import { MACHINES, otherMachine, type MachineName } from "../../../lab/machines";
import { drbdState, eventually, fstabLines, mountedAt, reboot } from "../machine";
import { sumsOf } from "../output";
import { DEVICE, MOUNT_POINT, siteOf } from "../site";
import { changesOf, expectSuccess, Stack, type Run } from "../stack";

jest.setTimeout(1_000_000);

const HEALTHY = "cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----";
const FILE = `${MOUNT_POINT}/file`;

let lab: Lab;
let stack: Stack;
let sum: string;

beforeAll(async () => {
  lab = await Lab.open();
  await lab.reset("bare");
  stack = await Stack.create(await siteOf(lab));
});

afterAll(async () => {
  await stack.remove();
});

const sumOn = async (machine: MachineName) => (await lab.run(machine, `sha256sum ${FILE}`)).stdout;

function expectQuiet(run: Run): void {
  expect(sumsOf(expectSuccess(run))).toEqual(["5 unchanged"]);
  expect(changesOf(run)).toEqual([]);
}

async function expectServedBy(machine: MachineName): Promise<void> {
  expect(await eventually(() => mountedAt(lab, machine, MOUNT_POINT), `${DEVICE} xfs`, 180)).toBe(`${DEVICE} xfs`);
  expect(await eventually(() => drbdState(lab, machine), HEALTHY, 180)).toBe(HEALTHY);
  expect(await sumOn(machine)).toBe(sum);
  expect(await mountedAt(lab, otherMachine(machine), MOUNT_POINT)).toBe("");
}

async function expectNoFailedUnit(): Promise<void> {
  for (const machine of MACHINES) {
    const failed = async () => (await lab.run(machine, "systemctl --failed --no-legend")).stdout.trim();
    expect([machine, await eventually(failed, "", 120)]).toEqual([machine, ""]);
  }
}

/** As README.md has it. */
async function switchTo(machine: MachineName): Promise<void> {
  await lab.run(otherMachine(machine), `umount ${MOUNT_POINT} && drbdadm secondary r0`);
  await lab.run(machine, `drbdadm primary r0 && mount ${MOUNT_POINT}`);
}

test("a first up ends with a mounted filesystem, and both disks up to date", async () => {
  const run = expectSuccess(await stack.up());
  expect(changesOf(run).filter((change) => /create-md|primary --force|mkfs/.test(change))).toHaveLength(4);
  await lab.run("alpha", `head -c 3000000 /dev/urandom >${FILE}; sync`);
  sum = await sumOn("alpha");
  await expectServedBy("alpha");
  await expectNoFailedUnit();
});

test("a second up and a refresh find nothing to do", async () => {
  expectQuiet(await stack.up());
  expectQuiet(await stack.refresh());
  expectQuiet(await stack.preview());
});

test("the other side serves the same file, and gives it back", async () => {
  await switchTo("bravo");
  await expectServedBy("bravo");
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
  await switchTo("alpha");
  await expectServedBy("alpha");
  expectSuccess(await stack.up());
});

test("a clean reboot of the Primary is clean for DRBD, and it serves again", async () => {
  await lab.run("bravo", "dmesg --clear");
  await reboot(lab, "alpha");
  await expectServedBy("alpha");
  const told = (await lab.run("bravo", "dmesg")).stdout;
  expect(told).toMatch(/peer\( Primary -> Secondary \)/);
  expect(told).not.toMatch(/NetworkFailure|BrokenPipe|SyncTarget/);
  await expectNoFailedUnit();
  expectQuiet(await stack.up());
});

test("destroy leaves the data, and nothing of ours beside it", async () => {
  expect(sumsOf(expectSuccess(await stack.destroy()))).toEqual(["- 5 deleted"]);
  for (const machine of MACHINES) {
    expect(await drbdState(lab, machine)).toBe("");
    expect(await fstabLines(lab, machine, "drbd")).toEqual([]);
    expect((await lab.run(machine, "blkid -p -s TYPE -o value /dev/vdb")).stdout.trim()).toBe("drbd");
    const ours =
      "grep -rl pulumi /etc 2>/dev/null; ls /etc/systemd/system | grep drbd; ls /etc/drbd.d/*.res 2>/dev/null";
    expect((await lab.run(machine, ours, { check: false })).stdout).toBe("");
  }
});
