/** A disk that was replaced by an empty one: filled from the one that is left, whichever that is, and formatted never. */
import { LivingPair } from "./living-pair";

jest.setTimeout(1_000_000);

let pair: LivingPair;

beforeAll(async () => {
  pair = await LivingPair.begin("replaced");
});
beforeEach(() => pair.back());
afterAll(() => pair.end());

const destructive = (changes: readonly string[]) =>
  changes.filter((one) => /--force|mkfs|wipefs|discard-my-data|invalidate/.test(one));

test("the target's disk was replaced by an empty one while it was down: filled from the source, which stays in use", async () => {
  await pair.run("bravo", "drbdadm down r0 && dd if=/dev/zero of=/dev/vdb bs=1M 2>/dev/null; sync");
  const changes = await pair.up();
  expect(changes).toEqual(["bravo: drbdadm create-md r0", "bravo: drbdadm up r0", "bravo: drbdadm cstate r0"]);
  await pair.expectWhole();
});

test("the source's disk was replaced: filled from the target, promoted and mounted only then, formatted never", async () => {
  await pair.stop();
  await pair.run("alpha", "dd if=/dev/zero of=/dev/vdb bs=1M 2>/dev/null; sync");
  const changes = await pair.up();
  expect(destructive(changes)).toEqual([]);
  expect(changes.filter((one) => one.includes("create-md"))).toEqual(["alpha: drbdadm create-md r0"]);
  expect(changes.indexOf("alpha: drbdadm primary r0")).toBeGreaterThan(changes.indexOf("alpha: drbdadm cstate r0"));
  await pair.expectWhole();
});

test("both disks are empty: refused, not formatted", async () => {
  await pair.stop();
  for (const machine of ["alpha", "bravo"] as const)
    await pair.run(machine, "dd if=/dev/zero of=/dev/vdb bs=1M 2>/dev/null; sync");
  expect(await pair.refused()).toMatch(
    /the filesystem [0-9a-f-]+ was on r0, and neither disk holds a generation of its data/,
  );
});
