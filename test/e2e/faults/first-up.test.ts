/**
 * A first `up` that is stopped between two of its steps, the provider killed or a machine's power cut, and the `up`s after
 * it: they go on from what is there, nothing that may happen only once happens twice, and no data is lost.
 */
import { Lab } from "../../../lab/lab";
import { MACHINES, type MachineName } from "../../../lab/machines";
import { beginRecord, ranOn, upTo, wrap } from "../checkpoint";
import * as ledger from "../ledger";
import { inTurn } from "../long-tests";
import { diskSum, drbdState, eventually, kernelWords, mountedAt } from "../machine";
import { sumsOf } from "../output";
import { DEVICE, MOUNT_POINT, siteOf } from "../site";
import { changesOf, expectSuccess, Stack } from "../stack";
import { befall, powerOn } from "./befall";
import { ALL, BEFORE_NOTED, FIRST_UP, PROGRAMS, nameOf, pointOf } from "./first-up";

jest.setTimeout(1_000_000);

const SNAPSHOT = "faults";
/** A disk with data that is nobody's business here. */
const BYSTANDER = "/dev/disk/by-id/virtio-bystander";

let lab: Lab;
let stack: Stack;
let bystanders: string[];
let replaced: string[];

beforeAll(async () => {
  lab = await Lab.open();
  await lab.reset("utils");
  stack = await Stack.create(await siteOf(lab));
  await stack.remember(SNAPSHOT);
  for (const machine of MACHINES) {
    await lab.attachDisk(machine, { serial: "bystander", size: 16 * 1024 * 1024 });
    await lab.run(
      machine,
      `mkfs.ext4 -q ${BYSTANDER} && mount ${BYSTANDER} /mnt && head -c 3000000 /dev/urandom >/mnt/file && umount /mnt`,
    );
    await wrap(lab, machine, PROGRAMS);
    await lab.run(machine, "sync");
  }
  bystanders = await sumsOfBystanders();
  replaced = await filesOnBoth("/etc/drbd.d/global_common.conf");
  await lab.snapshot(SNAPSHOT);
});

beforeEach(async () => {
  await lab.reset(SNAPSHOT);
  await stack.recall(SNAPSHOT);
  await Promise.all(MACHINES.map((machine) => beginRecord(lab, machine)));
});

afterAll(async () => {
  await lab.reset("bare");
  await lab.deleteSnapshot(SNAPSHOT);
  await stack.remove();
});

const sumsOfBystanders = () => Promise.all(MACHINES.map((machine) => diskSum(lab, machine, BYSTANDER)));

/** What stands on a machine, for the table. */
async function standsOn(machine: MachineName): Promise<string> {
  const disk = await lab.run(machine, "blkid -p -s TYPE -o value /dev/vdb || echo blank", { check: false });
  const state = await drbdState(lab, machine);
  return `${machine}: ${state === "" ? `down, ${disk.stdout.trim()}` : state}`;
}

const record = async (machine: MachineName): Promise<string[]> =>
  (await ranOn(lab, machine)).map((line) => `${machine}: ${line}`);

const filesOnBoth = (path: string): Promise<string[]> =>
  Promise.all(MACHINES.map(async (machine) => (await lab.run(machine, `cat ${path}`, { check: false })).stdout));

const resourceFiles = () => filesOnBoth("/etc/drbd.d/r0.res");

/** Mounted and in sync, with nothing left to do. */
async function expectWhole(): Promise<void> {
  const whole = "cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----";
  expect(await eventually(() => drbdState(lab, "alpha"), whole, 300)).toBe(whole);
  expect(await mountedAt(lab, "alpha", MOUNT_POINT)).toBe(`${DEVICE} xfs`);
  // No look tells that it was started: it is, before the mount that a look tells of.
  const promotion = async () =>
    (await lab.run("alpha", "systemctl is-active drbd-primary@r0.service", { check: false })).stdout.trim();
  expect(await eventually(promotion, "active", 60)).toBe("active");
  const [onAlpha, onBravo] = await resourceFiles();
  expect(onAlpha).toBe(onBravo);
  const quiet = expectSuccess(await stack.preview());
  expect(sumsOf(quiet)).toEqual(["5 unchanged"]);
  expect(changesOf(quiet)).toEqual([]);
}

const written = `cat ${MOUNT_POINT}/written`;

/** What the peer would give after a failover. */
async function readOnBravo(): Promise<string> {
  await lab.run("alpha", `sync; umount ${MOUNT_POINT} && drbdadm secondary r0`);
  return (await lab.run("bravo", `drbdadm primary r0 && mount ${MOUNT_POINT} && ${written}`)).stdout.trim();
}

const ONCE = /: 0 (drbdadm create-md|drbdadm primary --force|mkfs)/;

test("the steps of a first up are those that faults are made for", async () => {
  const run = expectSuccess(await stack.up());
  const commands = (machine: MachineName): string[][] => {
    const own = run.log.filter(({ host, changes }) => host === machine && changes);
    const numbers = [...new Set(own.map(({ command }) => command))];
    return numbers.map((number) => own.filter(({ command }) => command === number).map(({ argv }) => argv.join(" ")));
  };
  expect({ alpha: commands("alpha"), bravo: commands("bravo") }).toEqual(FIRST_UP);
});

test("the power goes between the force and the note of whose it was: refused, and formatted by a person, up goes on", async () => {
  const running = await upTo(lab, stack, "alpha", BEFORE_NOTED);
  await lab.powerOff("alpha");
  await running.ended;
  await lab.powerOn("alpha");
  const refused = await stack.up();
  expect(refused.code).not.toBe(0);
  expect(refused.output).toMatch(/alpha: \/dev\/drbd1 has no filesystem, and it is not known that pulumi-drbd made it/);
  expect(changesOf(refused).filter((one) => /mkfs/.test(one))).toEqual([]);
  await lab.run("alpha", `mkfs.xfs -q ${DEVICE}`);
  expectSuccess(await stack.up());
  await expectWhole();
});

test.each(inTurn(ALL).map((fault) => [nameOf(fault), fault] as const))("%s", async (_, fault) => {
  const running = await upTo(lab, stack, fault.machine, pointOf(fault));

  const isMounted = (await mountedAt(lab, "alpha", MOUNT_POINT)) !== "";
  if (isMounted) await lab.run("alpha", `echo before the fault >${MOUNT_POINT}/written; sync`);
  const dead = await befall(lab, fault, running);
  const ran = dead === undefined ? [] : await record(dead);
  const stopped = await running.ended;
  if (fault.kind === "provider killed") expect(stopped.code).not.toBe(0);
  await powerOn(lab, fault);
  ledger.forgetUps();
  ledger.found((await Promise.all(MACHINES.map(standsOn))).join(", "));

  const left = await resourceFiles();
  const run = await stack.up();
  if (run.code !== 0)
    throw new Error(`${(await Promise.all(MACHINES.map((one) => kernelWords(lab, one)))).join("\n")}\n${run.output}`);
  await expectWhole();
  // A secret that was made stays, as soon as both have it: no other one is put in its place.
  if (left[0] !== "" && left[0] === left[1]) expect(await resourceFiles()).toEqual(left);
  if (!isMounted) await lab.run("alpha", `echo before the fault >${MOUNT_POINT}/written; sync`);
  expect((await lab.run("alpha", written)).stdout.trim()).toBe("before the fault");
  for (const machine of MACHINES) ran.push(...(await record(machine)));
  expect(ran.filter((line) => ONCE.test(line)).sort()).toEqual([
    "alpha: 0 drbdadm create-md r0",
    "alpha: 0 drbdadm primary --force r0",
    "alpha: 0 mkfs.xfs -L data /dev/drbd1",
    "bravo: 0 drbdadm create-md r0",
  ]);
  expect(await sumsOfBystanders()).toEqual(bystanders);
  // Whatever an administrator had there before.
  expect(await filesOnBoth("/etc/drbd.d/global_common.conf.before-pulumi-drbd")).toEqual(replaced);
  expect(await readOnBravo()).toBe("before the fault");
});
