/** Two sides that do not agree: who is newer is told by their generation identifiers, and never decided here. */
import { MACHINES } from "../../../lab/machines";
import { usableBytes } from "../../../provider/core/steps/metadata-size";
import { diskBytes } from "../../core/observed-builder";
import { diskSum, drbdState, eventually } from "../machine";
import { MOUNT_POINT, withResource } from "../site";
import { LivingPair } from "./living-pair";

jest.setTimeout(1_000_000);

let pair: LivingPair;

beforeAll(async () => {
  pair = await LivingPair.begin("apart");
});
beforeEach(() => pair.back());
afterAll(() => pair.end());

const looking = "until drbdadm cstate r0 | grep -q WFConnection; do sleep 0.2; done";

/** Both written to while the link is cut: bravo by somebody who forced it. */
async function splitBrain(): Promise<void> {
  await pair.lab.cutLink();
  await pair.run("alpha", `${looking}; echo alpha >${MOUNT_POINT}/mine; sync`);
  await pair.run(
    "bravo",
    `${looking}; drbdadm primary --force r0 && mount /dev/drbd1 /mnt && echo bravo >/mnt/mine; umount /mnt; drbdadm secondary r0`,
  );
  await pair.lab.restoreLink();
  await eventually(() => drbdState(pair.lab, "alpha"), /cs:StandAlone/, 60);
  await eventually(() => drbdState(pair.lab, "bravo"), /cs:StandAlone/, 60);
}

/** Types what the refusal says. */
async function giveUpBravos(told: string): Promise<void> {
  const [, way = ""] = /To give up bravo's: (.*?`)\./.exec(told) ?? [];
  const typed = [...way.matchAll(/on (alpha|bravo), `([^`]+)`/g)];
  expect(typed.length).toBeGreaterThan(0);
  for (const [, host, commands = ""] of typed) await pair.run(host === "alpha" ? "alpha" : "bravo", commands);
  await eventually(() => drbdState(pair.lab, "alpha"), /UpToDate\/UpToDate/, 60);
}

test("split brain: refused with both sides' identifiers, nothing is given up, and the way that is told works", async () => {
  await splitBrain();
  // DRBD itself writes to the metadata behind it some seconds later.
  const dataOnBravo = () => diskSum(pair.lab, "bravo", "/dev/vdb", usableBytes(diskBytes));
  const onBravo = await dataOnBravo();
  const told = await pair.refused();
  expect(await dataOnBravo()).toBe(onBravo);
  expect(told).toMatch(
    /split brain: alpha and bravo both hold changes that the other has not seen \(generation identifiers: alpha [0-9A-F:]{67}, bravo [0-9A-F:]{67}\)/,
  );
  expect(await pair.run("alpha", `cat ${MOUNT_POINT}/mine`)).toBe("alpha");
  await giveUpBravos(told);
  expect(await pair.up()).toEqual([]);
  expect(await pair.run("alpha", `cat ${MOUNT_POINT}/mine`)).toBe("alpha");
  await pair.expectWhole();
});

test("split brain, and then both taken down: refused too, and that way works too", async () => {
  await splitBrain();
  await pair.stop();
  const told = await pair.refused();
  expect(told).toContain("split brain: alpha and bravo both hold changes that the other has not seen");
  await giveUpBravos(told);
  await pair.up();
  expect(await pair.run("alpha", `cat ${MOUNT_POINT}/mine`)).toBe("alpha");
  await pair.expectWhole();
});

test("disconnected by hand: refused, not reconnected", async () => {
  await pair.run("bravo", "drbdadm disconnect r0");
  expect(await pair.refused()).toContain("bravo: r0 is StandAlone there");
});

/** bravo went on without alpha, which is out of date. */
async function bravoIsNewer(): Promise<void> {
  await pair.run("alpha", `umount ${MOUNT_POINT} && drbdadm down r0`);
  await pair.run(
    "bravo",
    `drbdadm primary --force r0 && mount /dev/drbd1 /mnt && echo newer >/mnt/mine; sync; umount /mnt; drbdadm secondary r0`,
  );
}

test("the sync source is out of date: the other side's newer data fills it, and only then is it Primary", async () => {
  await bravoIsNewer();
  await pair.run("bravo", "drbdadm down r0");
  const changes = await pair.up();
  expect(changes.filter((one) => /--force|create-md|mkfs/.test(one))).toEqual([]);
  expect(changes).toContain("alpha: drbdadm primary r0");
  expect(await pair.run("alpha", `cat ${MOUNT_POINT}/mine`)).toBe("newer");
  await pair.expectWhole();
});

test("the sync source is out of date, and cannot reach the other side: not made Primary", async () => {
  await bravoIsNewer();
  await pair.lab.cutLink();
  const run = await pair.stack.up();
  expect(run.code).not.toBe(0);
  expect(run.output).toMatch(/r0 is Connecting, not connected to its peer: is the port open both ways/);
  expect(run.output).toContain("bravo has newer data: DRBD fills alpha first");
  expect(await drbdState(pair.lab, "alpha")).toMatch(/ro:Secondary\/Unknown/);
  await pair.lab.restoreLink();
});

test("the other one is named as the sync source: nothing moves in a pair that runs", async () => {
  await pair.stack.configure(withResource(pair.site, { syncSource: "bravo" }));
  const changes = await pair.up();
  expect(changes.filter((one) => !/fstab|systemctl|drbd-primary@/.test(one))).toEqual([]);
  expect(await drbdState(pair.lab, "alpha")).toMatch(/ro:Primary\/Secondary ds:UpToDate\/UpToDate/);
  await pair.stack.configure(pair.site);
  await pair.up();
  await pair.expectWhole();
});

test("both are Primary by somebody's hand: refused, and neither is touched", async () => {
  const allow = `sed -i 's/net {/net { allow-two-primaries yes;/' /etc/drbd.d/r0.res && drbdadm adjust r0`;
  for (const machine of MACHINES) await pair.run(machine, allow);
  await pair.run("bravo", "drbdadm primary r0");
  expect(await pair.refused()).toContain("alpha and bravo are both Primary, and xfs may be in use on one alone");
  expect(await drbdState(pair.lab, "alpha")).toMatch(/ro:Primary\/Primary ds:UpToDate\/UpToDate/);
});

test("a host that cannot be reached over SSH: nothing is done on the other", async () => {
  await pair.lab.powerOff("bravo");
  const run = await pair.stack.up();
  expect(run.code).not.toBe(0);
  expect(run.output).toMatch(/bravo: cannot be reached|bravo: .*(refused|timed out|reach)/i);
  expect(run.log.filter(({ changes }) => changes)).toEqual([]);
});
