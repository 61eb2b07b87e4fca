/**
 * A switchover that is stopped between two of its steps, the provider killed or a machine's power cut, and the `up`s after it:
 * it is never Primary on both, no acknowledged line is lost, and the next `up` has it where `primary` says.
 */
import { Lab } from "../../../lab/lab";
import { MACHINES, type MachineName } from "../../../lab/machines";
import { upTo, wrap } from "../checkpoint";
import * as ledger from "../ledger";
import { inTurn } from "../long-tests";
import { drbdState, eventually, mountedAt } from "../machine";
import { DEVICE, MOUNT_POINT, siteOf, withResource, type Site } from "../site";
import { changesOf, expectSuccess, Stack } from "../stack";
import { nameOf, pointOf } from "./first-up";
import { ACKNOWLEDGED, installWriter, NUMBERS, SERVICE } from "../writer-service";
import { befall, powerOn } from "./befall";
import { ALL, PROGRAMS, SWITCHOVER } from "./switchover";

jest.setTimeout(1_000_000);

const SNAPSHOT = "switchover";

let lab: Lab;
let site: Site;
let stack: Stack;

/** DRBD would slow a resync down to 250 KiB/s beside a service that writes. */
const disk = { "c-min-rate": 0 };
const primaryAt = (host: MachineName) =>
  stack.configure(withResource(site, { primary: host, services: [SERVICE], disk }));

beforeAll(async () => {
  lab = await Lab.open();
  await lab.reset("utils");
  site = await siteOf(lab);
  stack = await Stack.create(site);
  await installWriter(lab);
  for (const machine of MACHINES) await wrap(lab, machine, PROGRAMS);
  await primaryAt("alpha");
  expectSuccess(await stack.up());
  await bothWhole();
  await primaryAt("bravo");
  for (const machine of MACHINES) await lab.run(machine, "sync");
  await stack.remember(SNAPSHOT);
  await lab.snapshot(SNAPSHOT);
});

beforeEach(async () => {
  await lab.reset(SNAPSHOT);
  await stack.recall(SNAPSHOT);
});

afterAll(async () => {
  await lab.reset("bare");
  await lab.deleteSnapshot(SNAPSHOT);
  await stack.remove();
});

const WHOLE = /^cs:Connected ro:\S+ ds:UpToDate\/UpToDate C r-----$/;

async function bothWhole(): Promise<void> {
  expect(await eventually(() => drbdState(lab, "alpha"), WHOLE, 300)).toMatch(WHOLE);
}

const states = () => Promise.all(MACHINES.map((machine) => drbdState(lab, machine)));
const primaries = async () => (await states()).filter((state) => / ro:Primary\//.test(state)).length;

async function acknowledgedOn(machine: MachineName): Promise<number> {
  const { stdout } = await lab.run(machine, `tail -n 1 ${ACKNOWLEDGED} 2>/dev/null`, { check: false });
  return Number(stdout);
}

/** Mounted and served on bravo alone, every line there. */
async function expectOnBravo(acknowledged: number): Promise<void> {
  expect((await states()).map((state) => /ro:(\w+)/.exec(state)?.[1])).toEqual(["Secondary", "Primary"]);
  expect(await mountedAt(lab, "bravo", MOUNT_POINT)).toBe(`${DEVICE} xfs`);
  expect(await mountedAt(lab, "alpha", MOUNT_POINT)).toBe("");
  const active = (machine: MachineName) =>
    lab.run(machine, `systemctl is-active ${SERVICE} drbd-primary@r0.service`, { check: false });
  expect((await active("bravo")).stdout).toBe("active\nactive\n");
  expect((await active("alpha")).stdout).not.toMatch(/^active/m);
  const lines = (await lab.run("bravo", `cat ${NUMBERS}`)).stdout.trim().split("\n").map(Number);
  expect(lines.length).toBeGreaterThanOrEqual(acknowledged);
  expect(lines).toEqual(lines.map((_, index) => index + 1));
}

test("the steps of a switchover are those that faults are made for", async () => {
  const run = expectSuccess(await stack.up());
  const steps = (machine: MachineName) =>
    run.log.filter(({ host, changes }) => changes && host === machine).map(({ argv }) => argv.join(" "));
  expect({ alpha: steps("alpha"), bravo: steps("bravo") }).toEqual(SWITCHOVER);
  await expectOnBravo(1);
});

test.each(inTurn(ALL).map((fault) => [nameOf(fault), fault] as const))("%s", async (_, fault) => {
  const running = await upTo(lab, stack, fault.machine, pointOf(fault));
  const before = Math.max(await acknowledgedOn("alpha"), await acknowledgedOn("bravo"));
  expect(before).toBeGreaterThan(0);
  await befall(lab, fault, running);
  const stopped = await running.ended;
  if (fault.kind === "provider killed") expect(stopped.code).not.toBe(0);
  await powerOn(lab, fault);
  expect(await primaries()).toBeLessThan(2);
  ledger.forgetUps();
  ledger.found((await states()).join(", "));

  let run = await stack.up();
  if (run.code !== 0) {
    // Refused while the host that was off is filled.
    expect(run.output).toMatch(/r0 is to move there from alpha/);
    expect(changesOf(run)).toEqual([]);
    await bothWhole();
    run = await stack.up();
  }
  expectSuccess(run);
  await bothWhole();
  await expectOnBravo(before);
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
});
