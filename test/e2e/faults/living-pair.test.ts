/** A pair in use that loses the power of one machine or both: what was written and synced is there still, on both. */
import * as ledger from "../ledger";
import { drbdState, eventually } from "../machine";
import { MOUNT_POINT } from "../site";
import { LivingPair } from "../keeps-data/living-pair";

jest.setTimeout(1_000_000);

let pair: LivingPair;

beforeAll(async () => {
  pair = await LivingPair.begin("power");
});
beforeEach(() => pair.back());
afterAll(() => pair.end());

const write = (text: string) => pair.run("alpha", `echo ${text} >${MOUNT_POINT}/mine; sync`);
const written = () => pair.run("alpha", `cat ${MOUNT_POINT}/mine`);

async function look(): Promise<void> {
  const seen = [await drbdState(pair.lab, "alpha"), await drbdState(pair.lab, "bravo")];
  ledger.found(`alpha: ${seen[0] ?? ""}, bravo: ${seen[1] ?? ""}`);
}

/** Neither the metadata nor the filesystem is made again, and nothing is forced. */
async function upForcesNothing(): Promise<void> {
  expect((await pair.up()).filter((one) => /--force|create-md|mkfs|wipefs|discard/.test(one))).toEqual([]);
}

test("the Primary loses its power: the other is not promoted in its place, and all is there when it is back", async () => {
  await write("kept");
  await pair.lab.powerOff("alpha");
  const away = await pair.stack.up();
  expect(away.code).not.toBe(0);
  expect(away.output).toMatch(/alpha: .*reach/);
  // DRBD notices a peer without power after ping-int and ping-timeout; the failed up can be sooner.
  await eventually(() => drbdState(pair.lab, "bravo"), /ro:Secondary\/Unknown/, 60);
  await pair.lab.powerOn("alpha");
  await look();
  await upForcesNothing();
  expect(await written()).toBe("kept");
  await pair.expectWhole();
});

test("the Secondary loses its power, and misses what is written meanwhile", async () => {
  await pair.lab.powerOff("bravo");
  await eventually(() => drbdState(pair.lab, "alpha"), /cs:WFConnection/, 60);
  await write("meanwhile");
  await pair.lab.powerOn("bravo");
  await look();
  await upForcesNothing();
  expect(await written()).toBe("meanwhile");
  await pair.expectWhole();
});

test("both lose their power at once", async () => {
  await write("kept");
  await Promise.all([pair.lab.powerOff("alpha"), pair.lab.powerOff("bravo")]);
  await Promise.all([pair.lab.powerOn("alpha"), pair.lab.powerOn("bravo")]);
  await look();
  await upForcesNothing();
  expect(await written()).toBe("kept");
  await pair.expectWhole();
});

test("the Primary loses its power, and somebody goes on with the other one: its newer data fills the first", async () => {
  await write("kept");
  await pair.lab.powerOff("alpha");
  await pair.run("bravo", "until drbdadm cstate r0 | grep -q WFConnection; do sleep 0.2; done");
  await pair.run("bravo", `drbdadm primary --force r0 && mount ${MOUNT_POINT} && cat ${MOUNT_POINT}/mine`);
  await pair.run("bravo", `echo newer >${MOUNT_POINT}/mine; sync`);
  await pair.lab.powerOn("alpha");
  await look();
  // It is in use there, and stays so.
  await upForcesNothing();
  expect(await drbdState(pair.lab, "bravo")).toMatch(/ro:Primary\/Secondary/);
  await eventually(() => drbdState(pair.lab, "bravo"), /UpToDate\/UpToDate/, 60);
  // Where it was Primary last, it is Primary again.
  await pair.run("bravo", `umount ${MOUNT_POINT} && drbdadm secondary r0`);
  await upForcesNothing();
  expect(await drbdState(pair.lab, "bravo")).toMatch(/ro:Primary\/Secondary/);
  expect(await pair.run("bravo", `cat ${MOUNT_POINT}/mine`)).toBe("newer");
  await pair.run("bravo", "drbd-handback r0");
  await pair.run("alpha", `drbdadm primary r0 && mount ${MOUNT_POINT}`);
  expect(await written()).toBe("newer");
  await pair.expectWhole();
});

test("the Primary loses its power with changes that the other never saw, and that one was gone on with: split brain", async () => {
  await pair.lab.cutLink();
  await pair.run("alpha", "until drbdadm cstate r0 | grep -q WFConnection; do sleep 0.2; done");
  await write("alpha");
  await pair.lab.powerOff("alpha");
  await pair.run("bravo", "until drbdadm cstate r0 | grep -q WFConnection; do sleep 0.2; done");
  await pair.run(
    "bravo",
    `drbdadm primary --force r0 && mount ${MOUNT_POINT} && echo bravo >${MOUNT_POINT}/mine; sync`,
  );
  await pair.lab.restoreLink();
  await pair.lab.powerOn("alpha");
  await eventually(() => drbdState(pair.lab, "alpha"), /cs:StandAlone/, 60);
  await look();
  expect(await pair.refused()).toContain("split brain: alpha and bravo both hold changes that the other has not seen");
  expect(await pair.run("bravo", `cat ${MOUNT_POINT}/mine`)).toBe("bravo");
});
