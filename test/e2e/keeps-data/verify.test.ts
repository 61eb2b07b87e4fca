/** Two disks of which one was changed behind DRBD's back: a verify finds it, and repairs nothing. */
import { MACHINES } from "../../../lab/machines";
import { drbdState, eventually } from "../machine";
import { withResource } from "../site";
import { expectSuccess } from "../stack";
import { LivingPair } from "./living-pair";

jest.setTimeout(1_000_000);

let pair: LivingPair;

beforeAll(async () => {
  pair = await LivingPair.begin("verify");
});
beforeEach(() => pair.back());
afterAll(() => pair.end());

/** In the last part of the device, behind all that is written here. */
const block = 80000;
const verify = "drbdadm verify r0 && until drbdadm cstate r0 | grep -q '^Connected'; do sleep 0.2; done";

/** Whether it is the same on both, whatever DRBD says. */
async function isSame(): Promise<boolean> {
  const read = `dd if=/dev/vdb bs=4096 skip=${block} count=1 iflag=direct 2>/dev/null | sha256sum`;
  const [onAlpha, onBravo] = await Promise.all(MACHINES.map((machine) => pair.run(machine, read)));
  return onAlpha === onBravo;
}

test("told in every plan, and not touched; and what is told copies it from the Primary", async () => {
  const site = withResource(pair.site, { net: { "verify-alg": "crc32c" } });
  await pair.stack.configure(site);
  await pair.up();
  expect(await isSame()).toBe(true);
  await pair.run(
    "bravo",
    `dd if=/dev/urandom of=/dev/vdb bs=4096 seek=${block} count=1 oflag=direct conv=notrunc 2>/dev/null`,
  );
  await pair.run("alpha", verify);
  expect(await pair.run("alpha", "grep -c ' oos:4$' /proc/drbd")).toBe("1");

  const preview = expectSuccess(await pair.stack.preview());
  expect(preview.output).toMatch(/4 KiB of r0 are out of sync though both disks are UpToDate \(a verify found them/);
  expect(await pair.up()).toEqual([]);
  expect(await drbdState(pair.lab, "alpha")).toMatch(/ds:UpToDate\/UpToDate/);
  expect(await isSame()).toBe(false);

  const [, disconnect = "", connect = ""] =
    /`(drbdadm disconnect r0)` and `(drbdadm connect r0)`/.exec(preview.output) ?? [];
  await pair.run("bravo", `${disconnect} && ${connect}`);
  await eventually(() => pair.run("alpha", "cat /proc/drbd"), /UpToDate\/UpToDate[^]* oos:0/, 60);
  await pair.run("alpha", verify);
  expect(await pair.run("alpha", "grep -c ' oos:0$' /proc/drbd")).toBe("1");
  expect(await isSame()).toBe(true);
  await pair.stack.configure(pair.site);
  await pair.up();
  await pair.expectWhole();
});
