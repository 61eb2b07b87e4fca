/**
 * A first `up` that is killed in the middle of a command, which runs on by itself, and the `up` after it. Between the
 * commands: faults/first-up.test.ts.
 */
import { Lab } from "../../lab/lab";
import { MACHINES, type MachineName } from "../../lab/machines";
import { type Point, letGo, ranOn, upTo, wrap } from "./checkpoint";
import { drbdState, mountedAt } from "./machine";
import { sumsOf } from "./output";
import { DEVICE, MOUNT_POINT, siteOf, type Site } from "./site";
import { changesOf, expectSuccess, Stack, type Run } from "./stack";

jest.setTimeout(1_000_000);

let lab: Lab;
let site: Site;
let stack: Stack;

beforeAll(async () => {
  lab = await Lab.open();
});

afterEach(async () => {
  await stack.remove();
});

async function begin(snapshot: "bare" | "utils", programs: readonly string[]): Promise<void> {
  await lab.reset(snapshot);
  await Promise.all(MACHINES.map((machine) => wrap(lab, machine, programs)));
  site = await siteOf(lab);
  stack = await Stack.create(site);
}

const PROGRAMS = ["drbdadm", "mkfs.xfs"];

/** Killed as it waits at the point; what it had started there waits on, and belongs to nobody. */
async function killedAt(machine: MachineName, point: Point): Promise<Run> {
  const running = await upTo(lab, stack, machine, point);
  await running.killProvider();
  const run = await running.ended;
  expect(run.code).not.toBe(0);
  return run;
}

async function resourceFile(machine: MachineName): Promise<string> {
  return (await lab.run(machine, "cat /etc/drbd.d/r0.res 2>/dev/null", { check: false })).stdout;
}

/** Mounted and in sync, and made once: the machines' own record says so, not the log of a run that was killed. */
async function expectWhole(): Promise<void> {
  expect(await drbdState(lab, "alpha")).toBe("cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----");
  expect(await mountedAt(lab, "alpha", MOUNT_POINT)).toBe(`${DEVICE} xfs`);
  const [onAlpha, onBravo] = await Promise.all(MACHINES.map((machine) => ranOn(lab, machine)));
  const once = /^0 (drbdadm create-md|drbdadm primary --force|mkfs)/;
  expect(onAlpha?.filter((line) => once.test(line))).toEqual([
    "0 drbdadm create-md r0",
    "0 drbdadm primary --force r0",
    "0 mkfs.xfs -L data /dev/drbd1",
  ]);
  expect(onBravo?.filter((line) => once.test(line))).toEqual(["0 drbdadm create-md r0"]);
  const files = await Promise.all(MACHINES.map(resourceFile));
  expect(files[0]).toBe(files[1]);
  const quiet = expectSuccess(await stack.preview());
  expect(sumsOf(quiet)).toEqual(["5 unchanged"]);
  expect(changesOf(quiet)).toEqual([]);
}

describe("the provider is killed, and the next up goes on", () => {
  test("while apt installs drbd-utils, which goes on by itself", async () => {
    await begin("bare", ["apt-get"]);
    await killedAt("alpha", "before apt-get -o DPkg");
    await letGo(lab, "alpha");
    expectSuccess(await stack.up());
    expect(await mountedAt(lab, "alpha", MOUNT_POINT)).toBe(`${DEVICE} xfs`);
    for (const machine of MACHINES) {
      expect((await ranOn(lab, machine)).filter((line) => !line.startsWith("0 "))).toEqual([]);
    }
  });

  test("while mkfs runs, which is still running when the next up comes to it", async () => {
    await begin("utils", PROGRAMS);
    await killedAt("alpha", "before mkfs.xfs");
    const next = stack.startUp();
    await next.seen(/r0 creating/);
    // It finds the device blank, plans mkfs, and has to wait for the lock that the orphan holds.
    await lab.run("alpha", "until [ $(pgrep -c -x flock) -gt 0 ]; do sleep 0.1; done");
    await letGo(lab, "alpha");
    expectSuccess(await next.ended);
    await expectWhole();
  });
});

test("^C twice, and the next up goes on", async () => {
  await begin("utils", PROGRAMS);
  const running = await upTo(lab, stack, "alpha", "after drbdadm up r0");
  running.interrupt();
  await new Promise((wake) => setTimeout(wake, 1000));
  running.interrupt();
  expect((await running.ended).code).not.toBe(0);
  await letGo(lab, "alpha");
  const run = expectSuccess(await stack.up());
  expect(run.output).toContain("interrupted");
  await expectWhole();
});
