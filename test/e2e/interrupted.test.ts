/**
 * A first `up` that is killed in the middle of a command, which runs on by itself, or that fails, and what comes after it. Between the
 * commands: faults/first-up.test.ts.
 */
import { Lab } from "../../lab/lab";
import { MACHINES, type MachineName } from "../../lab/machines";
import { type Point, letGo, ranOn, upTo, wrap } from "./checkpoint";
import { drbdState, eventually, mountedAt } from "./machine";
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
    // It asks for its turn, and has to wait for the step that the killed run has left.
    await next.seen(/waits for another run on alpha: /);
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

describe("the CLI is killed by -9", () => {
  const isAlive = (pid: number) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };

  test("the provider ends before the next step; pulumi cancel, and up at once goes on", async () => {
    await begin("utils", PROGRAMS);
    const running = await upTo(lab, stack, "alpha", "before drbdadm up r0");
    const left = await running.killCli();
    await running.ended;
    expect(left).toHaveLength(1);
    const gone = () => Promise.resolve(left.some(isAlive) ? "" : "gone");
    expect(await eventually(gone, "gone", 15)).toBe("gone");
    expectSuccess(await stack.cancel());
    // The step that was running runs on, and is waited for.
    const next = stack.startUp();
    await next.seen(/waits for another run on alpha: .*, process \d+, since /);
    await letGo(lab, "alpha");
    expectSuccess(await next.ended);
    await expectWhole();
  });
});

describe("a first up that failed in the middle", () => {
  test("is taken back by destroy: every file, unit and line, and no disk", async () => {
    await begin("utils", []);
    await Promise.all(MACHINES.map((machine) => lab.run(machine, "rm -rf /srv/data")));
    const listing = `find /etc /var/lib/pulumi-drbd /srv ! -name '*-' 2>/dev/null | sort; cat /etc/fstab; cat /proc/drbd | tail -n +3`;
    const before = await Promise.all(MACHINES.map(async (machine) => (await lab.run(machine, listing)).stdout));
    await lab.run(
      "alpha",
      "printf '#!/bin/sh\\nexit 1\\n' >/usr/local/sbin/mkfs.xfs && chmod +x /usr/local/sbin/mkfs.xfs",
    );
    const failed = await stack.up();
    expect(failed.code).not.toBe(0);
    expect(failed.output).toContain("mkfs.xfs");
    const [kept] = (await stack.state()).filter(({ urn }) => urn.endsWith("::r0"));
    expect(kept).toBeDefined();
    // What was generated is on the hosts, and nowhere in the clear.
    const secret = /shared-secret "(.*)"/.exec(await resourceFile("alpha"))?.[1] ?? "";
    expect(secret).not.toBe("");
    expect(await stack.export()).not.toContain(secret);
    expectSuccess(await stack.destroy());
    const after = await Promise.all(MACHINES.map(async (machine) => (await lab.run(machine, listing)).stdout));
    expect(after).toEqual(before);
    const metadata = "drbdmeta 1 v08 /dev/vdb internal get-gi";
    for (const machine of MACHINES) expect((await lab.run(machine, metadata)).stdout).toMatch(/^[0-9A-F]{16}:/);
  });
});

test("who holds the mount is told when destroy fails, and --replace leaves a pair that the program describes alone", async () => {
  await begin("utils", []);
  expectSuccess(await stack.up());
  const urn = (await stack.state()).find((one) => one.urn.endsWith("::r0"))?.urn ?? "";
  const replaced = expectSuccess(await stack.up("--replace", urn));
  expect(changesOf(replaced)).toEqual([]);
  expect(await mountedAt(lab, "alpha", MOUNT_POINT)).toBe(`${DEVICE} xfs`);
  await lab.run("alpha", `touch ${MOUNT_POINT}/f; (sleep 600 <${MOUNT_POINT}/f >/dev/null 2>&1 &)`);
  const refused = await stack.destroy();
  expect(refused.code).not.toBe(0);
  expect(refused.output).toMatch(/in use: process \d+ \(sleep\): \/srv\/data\/f/);
  expect(refused.output).toContain("run `pulumi destroy` again");
  expect(refused.output).not.toContain("pulumi up");
  await lab.run("alpha", "pkill -x sleep");
  expectSuccess(await stack.destroy());
  expect(await mountedAt(lab, "alpha", MOUNT_POINT)).toBe("");
});
