/** `link: { whenFull: "pull-ahead" }`: writes go on where the line is full, and nobody takes the host that is behind for a whole one. */
import { Lab } from "../../lab/lab";
import { MACHINES, type MachineName } from "../../lab/machines";
import { drbdState } from "./machine";
import { changesOf, expectSuccess, Stack } from "./stack";
import { saidOf } from "./pasted";
import { siteOf, withResource, type Site } from "./site";

jest.setTimeout(600_000);

let lab: Lab;
let site: Site;
let stack: Stack;
const link = { bandwidth: "24Mbit/s", roundTrip: "50ms", whenFull: "pull-ahead" };
const whole = 'until [ "$(drbdadm dstate r0)" = UpToDate/UpToDate ]; do sleep 1; done';
const sum = "dd if=/dev/drbd1 bs=1M count=96 iflag=direct status=none | sha256sum";

beforeAll(async () => {
  lab = await Lab.open();
  await lab.reset("utils");
  const plain = withResource(await siteOf(lab), { protocol: "A", filesystem: undefined });
  site = { ...plain, link };
  stack = await Stack.create(plain);
  // The first sync is over sooner without a link.
  expectSuccess(await stack.up());
});

afterAll(async () => {
  await lab.link();
  await stack.remove();
});

const running = async (machine: MachineName): Promise<string> => (await lab.run(machine, "drbdsetup show r0")).stdout;

test("what it costs is told, its options are the kernel's, and a second up has nothing to do", async () => {
  await stack.configure(site);
  const run = expectSuccess(await stack.up());
  expect(saidOf(run.output, "r0")).toContain("what is lost where the Primary dies then is unbounded");
  for (const host of MACHINES) {
    const shown = await running(host);
    expect(shown).toMatch(/on-congestion\s+pull-ahead/);
    expect(shown).toMatch(/congestion-fill\s+3072s/);
    expect(shown).toMatch(/congestion-extents\s+927/);
  }
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
});

test("a burst goes at the disk's speed; nothing is moved to the host that is behind; later both have all of it", async () => {
  // The size of the buffer counts from the next connection on.
  await lab.run("bravo", "drbdadm disconnect r0 && drbdadm connect r0");
  await lab.run("bravo", whole, { timeout: 60 });
  await lab.link({ rate: "24mbit", roundTrip: "50ms" });
  const burst = await lab.run(
    "alpha",
    `(while [ -d /proc/$$ ] && [ ! -e /tmp/over ]; do drbd-where r0; done) >/tmp/where 2>&1 &
    dd if=/dev/urandom of=/dev/drbd1 bs=1M count=96 oflag=direct 2>&1; touch /tmp/over; wait; cat /tmp/where`,
    { timeout: 120 },
  );
  const [, seconds = "never"] = / copied, ([\d.]+) s/.exec(burst.stdout) ?? [];
  // 96 MiB over the line alone take 33 s.
  expect(Number(seconds)).toBeLessThan(25);
  expect(burst.stdout).toMatch(/Ahead: bravo is behind by [\d.]+ MiB/);
  expect((await lab.run("bravo", "drbdadm dstate r0")).stdout).toMatch(/^(Outdated|Inconsistent)\/UpToDate/);

  await stack.configure(withResource(site, { primary: "bravo" }));
  const refused = await stack.up();
  expect(refused.code).not.toBe(0);
  expect(refused.output).toContain("r0 is to move there from alpha");
  expect(await drbdState(lab, "alpha")).toContain("ro:Primary/Secondary");

  await lab.link();
  await lab.run("alpha", whole, { timeout: 200 });
  const written = (await lab.run("alpha", sum)).stdout;
  expectSuccess(await stack.up());
  expect(await drbdState(lab, "bravo")).toContain("ro:Primary/Secondary");
  expect((await lab.run("bravo", sum)).stdout).toBe(written);
});
