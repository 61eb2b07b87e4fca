/** `link`: DRBD's options for a line between the hosts, on a new pair and on one whose first sync runs over that line. */
import { Lab } from "../../lab/lab";
import { MACHINES, type MachineName } from "../../lab/machines";
import { drbdState } from "./machine";
import { changesOf, expectSuccess, Stack } from "./stack";
import { expectPasted, saidOf } from "./pasted";
import { siteOf, withResource, type Site } from "./site";

jest.setTimeout(900_000);

let lab: Lab;
let plain: Site;
let stack: Stack;
const link = { bandwidth: "24Mbit/s", roundTrip: "50ms" };
const page = "a-distant-second-host.md";

beforeAll(async () => {
  lab = await Lab.open();
  await lab.reset("utils");
  // No filesystem: mkfs discards what it formats, which the first sync need not send then.
  plain = withResource(await siteOf(lab), { protocol: "A", waitForSync: false, filesystem: undefined });
  stack = await Stack.create(plain);
});

afterAll(async () => {
  await stack.remove();
});

const running = async (machine: MachineName): Promise<string> => (await lab.run(machine, "drbdsetup show r0")).stdout;

/** KiB that alpha has still to send. */
const left = async (): Promise<number> =>
  Number((await lab.run("alpha", "sed -n 's/.* oos:\\([0-9]*\\).*/\\1/p' /proc/drbd")).stdout);

test("a preview of a new pair tells each option, with its reason", async () => {
  await stack.configure({ ...plain, link });
  const said = saidOf(expectSuccess(await stack.preview()).output, "r0");
  const notes = said.slice(said.indexOf("from link"), said.indexOf("where so much is under way"));
  expect(notes).toContain("c-fill-target  878K");
  await expectPasted(page, "link-preview", /^ *from link[^]*?under way$/m.exec(said)?.[0] ?? "");
});

test("given while the first sync runs, it changes the sync's speed at once", async () => {
  // As slow as DRBD can be told to be: the sync is not over before the next run.
  await stack.configure(withResource(plain, { disk: { "c-max-rate": 250, "c-min-rate": 1 } }));
  expectSuccess(await stack.up());
  expect(await drbdState(lab, "alpha")).toContain("cs:SyncSource");
  const slow = await left();

  // Faster than the other one, or the sync takes two minutes.
  await stack.configure({ ...plain, link: { bandwidth: "400Mbit/s", roundTrip: "5ms" } });
  const run = expectSuccess(await stack.up());
  expect(changesOf(run).slice(2)).toEqual(["alpha: drbdadm adjust r0", "bravo: drbdadm adjust r0"]);
  // DRBD takes no csums-alg during a sync, and parts hosts that differ in it: a pair that is there gets none.
  for (const host of MACHINES) {
    expect(await running(host)).toMatch(/c-max-rate\s+48828k/);
    expect(await running(host)).not.toContain("csums-alg");
  }
  // At the old speed it would take twenty minutes.
  expect(slow).toBeGreaterThan(200 * 1024);
  await lab.run("alpha", 'until [ "$(drbdadm dstate r0)" = UpToDate/UpToDate ]; do sleep 1; done', { timeout: 200 });
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
});

test("without it the options are DRBD's own again", async () => {
  await stack.configure(plain);
  expectSuccess(await stack.up());
  for (const host of MACHINES) expect(await running(host)).not.toMatch(/c-fill-target|sndbuf-size/);
});

test("a new pair has csums-alg on both hosts, keeps it, and connects again", async () => {
  await lab.reset("utils");
  const other = await Stack.create({ ...plain, link: { bandwidth: "800Mbit/s", roundTrip: "5ms" } });
  try {
    expectSuccess(await other.up());
    for (const host of MACHINES) expect(await running(host)).toMatch(/csums-alg\s+"sha256"/);
    await lab.run("bravo", "drbdadm disconnect r0 && drbdadm connect r0");
    await lab.run("bravo", 'until [ "$(drbdadm dstate r0)" = UpToDate/UpToDate ]; do sleep 1; done', { timeout: 200 });
    expect(changesOf(expectSuccess(await other.up()))).toEqual([]);
  } finally {
    await other.remove();
  }
});
