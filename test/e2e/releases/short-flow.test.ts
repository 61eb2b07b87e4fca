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

/** By hand, as a person does it. */
async function switchTo(machine: MachineName): Promise<void> {
  await lab.run(
    otherMachine(machine),
    `umount ${MOUNT_POINT} && systemctl stop drbd-primary@r0 && drbdadm secondary r0`,
  );
  await lab.run(machine, `drbdadm primary r0 && systemctl start ${MOUNT_POINT}`);
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
});

test("alpha boots beside the Primary: nothing is mounted there, and no unit fails", async () => {
  await reboot(lab, "alpha");
  await expectServedBy("bravo");
  await expectNoFailedUnit();
});

/** The peer was told, and has nothing to catch up with. */
async function expectCleanShutdownOf(machine: MachineName): Promise<void> {
  const peer = otherMachine(machine);
  await lab.run(machine, `head -c 40M /dev/urandom >${MOUNT_POINT}/unsynced`);
  await lab.run(peer, "dmesg --clear");
  await reboot(lab, machine);
  const connected = () => drbdState(lab, peer);
  expect(await eventually(connected, /^cs:Connected/, 180)).toMatch(/^cs:Connected/);
  const told = (await lab.run(peer, "dmesg")).stdout;
  expect(told).toMatch(/peer\( Primary -> Secondary \)/);
  expect(told).not.toMatch(/NetworkFailure|BrokenPipe|SyncTarget/);
  await expectNoFailedUnit();
}

test("a clean reboot of bravo, where it was switched to, is clean for DRBD, and it serves there again", async () => {
  await expectCleanShutdownOf("bravo");
  await expectServedBy("bravo");
  await switchTo("alpha");
  expectSuccess(await stack.up());
  await expectServedBy("alpha");
});

test("a clean reboot of alpha is clean, too, even where a person has mounted it without systemd, and it serves again", async () => {
  await lab.run("alpha", `umount ${MOUNT_POINT} && systemctl stop drbd-primary@r0`);
  await lab.run("alpha", `drbdadm primary r0 && mount ${MOUNT_POINT}`);
  await expectCleanShutdownOf("alpha");
  await expectServedBy("alpha");
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
