/** A pair that Pacemaker manages: it is named and left alone; where the user says so, it is taken over by files alone. */
import { Lab } from "../../../lab/lab";
import { MACHINES } from "../../../lab/machines";
import { eventually, reboot, surveyAll } from "../machine";
import { siteOf, withNode, withResource, type Site } from "../site";
import { sshKnowsTheLab } from "../ssh-names";
import { changesOf, expectSuccess, Stack, type Run } from "../stack";
import { onBoth, onFiles, running } from "./as-it-runs";
import {
  clusterState,
  makePacemakersPair,
  MOUNT_POINT,
  mountedOn,
  setMaintenance,
  type PacemakersPair,
} from "./pacemakers-pair";
import { Writer } from "./writer";

jest.setTimeout(1_500_000);

const SNAPSHOT = "pacemaker";
/** Promoted on one host, and not on the other; the filesystem beside it. */
const ACTIVE = /Promoted: \[ \w+ \]\s[^]*Unpromoted: \[ \w+ \]\s[^]*p-fs\s.*Started \w+$/m;
const IGNORING = { ignoreManagers: ["Pacemaker"] };

let lab: Lab;
let pair: PacemakersPair;
let site: Site;
let stack: Stack;
let forget = (): Promise<void> => Promise.resolve();

beforeAll(async () => {
  lab = await Lab.open();
  forget = await sshKnowsTheLab(lab);
  await lab.reset("utils");
  pair = await makePacemakersPair(lab);
  await lab.snapshot(SNAPSHOT);
  // As it is: what DRBD does where nothing is said, but for the protocol, which `common` has.
  const hosts = MACHINES.reduce((all, name) => withNode(all, name, { common: { protocol: "A" } }), await siteOf(lab));
  site = withResource(hosts, { protocol: "A", net: { fencing: "dont-care" }, auth: false, filesystem: undefined });
});
beforeEach(async () => {
  await lab.reset(SNAPSHOT);
  stack = await Stack.create();
});
afterEach(() => stack.remove());
afterAll(async () => {
  await forget();
  await lab.deleteSnapshot(SNAPSHOT);
});

const files = () => onBoth(lab, "cd /etc/drbd.d; stat -c '%n %a %U %i %Y' *; sha256sum *; cat /etc/fstab");
const enabled = () => onBoth(lab, "find /etc/systemd/system -path '*drbd*' | sort");
const sum = async (name: (typeof MACHINES)[number]) => (await lab.run(name, `sha256sum ${MOUNT_POINT}/file`)).stdout;

const words = (run: Run) => run.output.replaceAll(/\s+/g, " ");

/** Pacemaker sees nothing amiss, and drbdadm has nothing to change. */
async function expectWhole(): Promise<void> {
  const state = await eventually(() => clusterState(lab), ACTIVE, 100);
  expect(state).toMatch(ACTIVE);
  expect(state).not.toMatch(/FAILED|Failed|Stopped/);
  expect(await onBoth(lab, "drbdadm -d adjust all")).toEqual(["", ""]);
}

test("its pair is named, with what to do, and nothing of it is touched", async () => {
  const before = { running: await running(lab), enabled: await enabled(), files: await surveyAll(lab) };
  const adopted = await stack.command("adopt", "alpha", "bravo");
  expect(adopted.code).not.toBe(0);
  expect(words(adopted)).toMatch(/alpha: Pacemaker manages r0 there .*`--ignore-managers Pacemaker`/);
  expect(await surveyAll(lab)).toEqual(before.files);

  await stack.configure(withResource(site, { filesystem: { mountPoint: MOUNT_POINT } }));
  const up = await stack.up();
  expect(up.code).not.toBe(0);
  for (const name of MACHINES)
    expect(words(up)).toMatch(
      new RegExp(
        `${name}: Pacemaker manages r0 there \\(/var/lib/pacemaker/cib/cib\\.xml\\).*ignoreManagers: \\["Pacemaker"\\]`,
      ),
    );
  // What makes the hosts ready for DRBD is no matter of the resource's.
  const ofTheHost = /\/etc\/drbd\.d\/global_common\.conf|\/usr\/local\/sbin\/drbd-/;
  expect(changesOf(up).filter((one) => !ofTheHost.test(one))).toEqual([]);
  expect(await running(lab)).toEqual(before.running);
  expect(await enabled()).toEqual(before.enabled);
  expect(await onBoth(lab, "cat /etc/drbd.d/r0.res; ls /etc/drbd.d | grep r0")).toEqual(
    MACHINES.map(() => `${pair.resource}r0.res\n`),
  );
  await expectWhole();
});

test("in maintenance mode, and as the user says: by files alone; Pacemaker goes on with it, through a boot, and back", async () => {
  const before = { running: await running(lab), files: await files(), enabled: await enabled() };
  await setMaintenance(lab, true);
  const writer = await Writer.start(lab, "alpha", MOUNT_POINT);
  await stack.configure(withResource(site, IGNORING));
  const changes = changesOf(expectSuccess(await stack.up()));
  expect(changes.length).toBeGreaterThan(5);
  expect(changes.filter((one) => !onFiles.test(one))).toEqual([]);
  expect(await running(lab)).toEqual(before.running);
  await setMaintenance(lab, false);
  await expectWhole();

  // From here on nothing is done to what Pacemaker manages.
  await stack.configure(site);
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
  expect(await writer.longestPause()).toBeLessThan(20);

  // Systemd, by our files, has it up before Pacemaker begins, and leaves it up until Pacemaker has ended.
  await reboot(lab, "alpha");
  await mountedOn(lab, "bravo");
  expect(await sum("bravo")).toBe(pair.sum);
  expect(await eventually(() => clusterState(lab), /Unpromoted: \[ alpha \]/, 200)).toMatch(/Promoted: \[ bravo \]/);
  await expectWhole();

  await setMaintenance(lab, true);
  await stack.configure(withResource(site, IGNORING));
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
  const there = await running(lab);
  const second = await Writer.start(lab, "bravo", MOUNT_POINT);
  expectSuccess(await stack.destroy());
  expect(await second.longestPause()).toBeLessThan(20);
  expect(await running(lab)).toEqual(there);
  expect(await files()).toEqual(before.files);
  expect(await enabled()).toEqual(before.enabled);
  await setMaintenance(lab, false);
  await expectWhole();
  expect(await sum("bravo")).toBe(pair.sum);
});

test("the same by adopt", async () => {
  const before = { running: await running(lab), files: await files(), enabled: await enabled() };
  await setMaintenance(lab, true);
  const writer = await Writer.start(lab, "alpha", MOUNT_POINT);
  const adopted = expectSuccess(await stack.command("adopt", "alpha", "bravo", "--ignore-managers", "Pacemaker"));
  expect(adopted.output).toContain("Only files are written, and units enabled: what runs is not touched.");
  const config = await stack.config();
  expect(config).not.toContain("filesystem");
  expect(config).toMatch(/ignoreManagers:\n *- Pacemaker\n/);
  const changes = changesOf(expectSuccess(await stack.up()));
  expect(changes.length).toBeGreaterThan(5);
  expect(changes.filter((one) => !onFiles.test(one))).toEqual([]);
  expect(await running(lab)).toEqual(before.running);
  expect(await onBoth(lab, "drbdadm -d adjust all")).toEqual(["", ""]);

  expectSuccess(await stack.destroy());
  expect(await writer.longestPause()).toBeLessThan(20);
  expect(await running(lab)).toEqual(before.running);
  expect(await files()).toEqual(before.files);
  expect(await enabled()).toEqual(before.enabled);
  await setMaintenance(lab, false);
  await expectWhole();
  expect(await sum("alpha")).toBe(pair.sum);
});
