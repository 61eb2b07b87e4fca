/**
 * A first `up` that is killed in the middle of a step, and the `up` after it: it goes on from what is there, and nothing
 * that may happen only once happens twice. CI kills at the steps where the state on the hosts differs most;
 * FAULTS=all kills at every step.
 */
import { Lab } from "../../lab/lab";
import { MACHINES } from "../../lab/machines";
import type { LogEntry } from "../../provider/shell/event-log";
import { drbdState, eventually, mountedAt } from "./machine";
import { DEVICE, MOUNT_POINT, siteOf, type Site } from "./site";
import { changesOf, expectSuccess, Stack, type Run } from "./stack";

jest.setTimeout(400_000);

const HEALTHY = "cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----";

/** Steps of a first `up`, as its progress shows them when they begin. */
const chosen = [
  "bravo: drbdadm create-md r0",
  "alpha: drbdadm primary --force r0",
  "alpha: mkfs.xfs",
  "alpha: mount /srv/data",
];
const every = [
  "alpha: modprobe drbd",
  "alpha: write /etc/drbd.d/global_common.conf",
  "alpha: write /etc/drbd.d/r0.res",
  "alpha: drbdadm create-md r0",
  "alpha: drbdadm up r0",
  "bravo: drbdadm up r0",
  "alpha: drbdadm get-gi r0",
  "alpha: systemctl enable",
  "alpha: write /etc/systemd/system/drbd-primary@.service",
  "alpha: write /etc/fstab",
  "bravo: write /etc/fstab",
  "alpha: systemctl daemon-reload",
  "alpha: systemctl start",
];
const killAt = process.env["FAULTS"] === "all" ? [...chosen, ...every] : chosen;

let lab: Lab;
let site: Site;

beforeAll(async () => {
  lab = await Lab.open();
  site = await siteOf(lab);
});

/** What went through, of the commands that must not run a second time. */
function succeeded(runs: readonly Run[], command: string): LogEntry[] {
  return runs.flatMap(({ log }) => log).filter(({ argv, exit }) => exit === 0 && argv.join(" ").startsWith(command));
}

async function expectWhole(runs: readonly Run[], stack: Stack): Promise<void> {
  expect(await eventually(() => drbdState(lab, "alpha"), HEALTHY, 90)).toBe(HEALTHY);
  expect(await mountedAt(lab, "alpha", MOUNT_POINT)).toBe(`${DEVICE} xfs`);
  expect(succeeded(runs, "drbdadm primary --force").length).toBeLessThanOrEqual(1);
  expect(succeeded(runs, "mkfs.xfs").length).toBeLessThanOrEqual(1);
  for (const machine of MACHINES) {
    expect(succeeded(runs, "drbdadm create-md").filter(({ host }) => host === machine).length).toBeLessThanOrEqual(1);
  }
  const quiet = expectSuccess(await stack.up());
  expect(changesOf(quiet)).toEqual([]);
}

test.each(killAt)("the provider is killed while %s runs", async (step) => {
  await lab.reset("utils");
  const stack = await Stack.create(site);
  const first = stack.startUp();
  await first.seen(step);
  await first.killProvider();
  const killed = await first.ended;
  expect(killed.code).not.toBe(0);
  const second = expectSuccess(await stack.up());
  await expectWhole([killed, second], stack);
  await stack.remove();
});

test("the provider is killed while apt installs drbd-utils", async () => {
  await lab.reset("bare");
  const stack = await Stack.create(site);
  const first = stack.startUp();
  await first.seen("apt-get install");
  await first.killProvider();
  const killed = await first.ended;
  const second = expectSuccess(await stack.up());
  await expectWhole([killed, second], stack);
  await stack.remove();
});

test("^C twice in the middle of a first up, and the next one goes on", async () => {
  await lab.reset("utils");
  const stack = await Stack.create(site);
  const first = stack.startUp();
  await first.seen("drbdadm up r0");
  first.interrupt();
  // The CLI takes a second ^C for one only after it has said something about the first.
  await first.seen(/again to terminate|cancel/i).catch(() => undefined);
  first.interrupt();
  const interrupted = await first.ended;
  expect(interrupted.code).not.toBe(0);
  const second = expectSuccess(await stack.up());
  await expectWhole([interrupted, second], stack);
  await stack.remove();
});
