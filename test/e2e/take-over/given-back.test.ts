/** What a destroy does with a pair that was taken over as it was: the user's files return, and it runs on by them. */
import { Lab } from "../../../lab/lab";
import { MACHINES, type MachineName } from "../../../lab/machines";
import { drbdState, eventually, mountedAt, reboot } from "../machine";
import { siteOf, withResource, type Site } from "../site";
import { changesOf, expectSuccess, Stack } from "../stack";
import { makeTutorialsPair, MOUNT_POINT } from "./tutorials-pair";
import { Writer } from "./writer";

jest.setTimeout(1_500_000);

const RUNNING = "cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate A r-----";

let lab: Lab;
let site: Site;
let stack: Stack;

beforeAll(async () => {
  lab = await Lab.open();
});
beforeEach(async () => {
  await lab.reset("utils");
  // As it is: what DRBD does where nothing is said, but for the protocol.
  site = withResource(await siteOf(lab), {
    disks: { alpha: "/dev/vdb1", bravo: "/dev/vdb1" },
    filesystem: { mountPoint: MOUNT_POINT },
    protocol: "A",
    net: { fencing: "dont-care" },
    auth: false,
  });
  stack = await Stack.create(site);
});
afterEach(() => stack.remove());

/** Each configuration file with its mode and its bytes, and by inode: it is the same file again. */
const filesOf = async (name: MachineName): Promise<string> =>
  (await lab.run(name, "cd /etc/drbd.d; stat -c '%n %a %U %i %Y' *; sha256sum *; cat /etc/fstab")).stdout;
const enabledOn = async (name: MachineName): Promise<string> =>
  (
    await lab.run(
      name,
      "ls /etc/systemd/system/multi-user.target.wants | grep -i drbd; ls /etc/systemd/system | grep -i drbd",
      { check: false },
    )
  ).stdout;
const both = <T>(look: (name: MachineName) => Promise<T>): Promise<T[]> => Promise.all(MACHINES.map(look));
const adjustment = async (name: MachineName): Promise<string> =>
  (await lab.run(name, "drbdadm -d adjust all")).stdout.trim();

test("it stays up and mounted under a writer, by the old files, byte for byte; a boot brings it up as it did before", async () => {
  const { sum } = await makeTutorialsPair(lab, { options: "defaults,noauto" });
  for (const name of MACHINES) await lab.run(name, "chmod 640 /etc/drbd.d/r0.res; systemctl enable drbd.service");
  const before = { files: await both(filesOf), enabled: await both(enabledOn) };
  const writer = await Writer.start(lab, "alpha", MOUNT_POINT);
  expectSuccess(await stack.up());
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
  expect(await both(enabledOn)).not.toEqual(before.enabled);

  const destroyed = expectSuccess(await stack.destroy());
  for (const name of MACHINES)
    expect(destroyed.output).toContain(
      `${name}: mv -f /etc/drbd.d/r0.res.before-pulumi-drbd /etc/drbd.d/r0.res (your own file; \`drbdadm adjust\` with it changes nothing, and r0 runs on)`,
    );
  expect(changesOf(destroyed).filter((one) => /umount|drbdadm (down|secondary|adjust)/.test(one))).toEqual([]);
  expect(await drbdState(lab, "alpha")).toBe(RUNNING);
  expect(await mountedAt(lab, "alpha", MOUNT_POINT)).toBe("/dev/drbd1 xfs");
  expect(await writer.longestPause()).toBeLessThan(20);
  expect(await both(filesOf)).toEqual(before.files);
  expect(await both(enabledOn)).toEqual(before.enabled);
  expect(await both(adjustment)).toEqual(["", ""]);
  expect(
    await both(
      async (name) => (await lab.run(name, "ls -A /var/lib/pulumi-drbd 2>/dev/null", { check: false })).stdout,
    ),
  ).toEqual(["", ""]);
  // A unit that was made to forget runs its stop commands again when it is started next.
  const stops = await lab.run(
    "bravo",
    "systemctl show --property=ExecStopPost drbd@r0.service; ls /run/systemd/system | grep drbd",
    { check: false },
  );
  expect(stops.stdout).toMatch(/^ExecStopPost=.*down/);
  expect(stops.stdout.trim().split("\n")).toHaveLength(1);

  await writer.stop();
  await reboot(lab, ...MACHINES);
  const upAgain = /cs:Connected ro:Secondary\/Secondary ds:UpToDate\/UpToDate A /;
  expect(await eventually(() => drbdState(lab, "alpha"), upAgain, 120)).toMatch(upAgain);
  expect(await both(adjustment)).toEqual(["", ""]);
  const mounted = await lab.run("alpha", `drbdadm primary r0 && mount ${MOUNT_POINT} && sha256sum ${MOUNT_POINT}/file`);
  expect(mounted.stdout).toBe(sum);
});

test("whoever has changed it since finds it down, with the old files beside, and no boot attaches a disk by them", async () => {
  const { resource } = await makeTutorialsPair(lab, { options: "defaults,noauto" });
  for (const name of MACHINES) await lab.run(name, "systemctl enable drbd.service");
  expectSuccess(await stack.up());
  await stack.configure(withResource(site, { port: 7799 }));
  expectSuccess(await stack.up());
  expect(await drbdState(lab, "alpha")).toBe(RUNNING);

  const { output } = expectSuccess(await stack.destroy());
  for (const name of MACHINES) {
    expect(output).toContain(`${name}: /etc/drbd.d/r0.res.before-pulumi-drbd, your own file from before, stays there`);
    const { stdout } = await lab.run(name, "ls /etc/drbd.d; cat /etc/drbd.d/r0.res.before-pulumi-drbd");
    expect(stdout).toBe(`global_common.conf\nr0.res.before-pulumi-drbd\n${resource}`);
  }
  expect(output).toMatch(/would change what runs: .*:7799 .*:7789/);
  await reboot(lab, ...MACHINES);
  for (const name of MACHINES) {
    expect(await drbdState(lab, name)).toBe("");
    const { stdout } = await lab.run(name, "drbdadm sh-resources; drbdsetup show; findmnt -rno SOURCE /srv/vm", {
      check: false,
    });
    expect(stdout.trim()).toBe("");
  }
});

test("two that live by one `common`, with a secret in it, and in files of other names: both run on by it", async () => {
  const common = `global { usage-count no; }
common { net { protocol A; cram-hmac-alg sha1; shared-secret "Correct-horse"; } }
`;
  await makeTutorialsPair(lab, { common, file: "/etc/drbd.d/storage.res", options: "defaults,noauto" });
  let disk = "";
  for (const name of MACHINES) disk = await lab.attachDisk(name, { serial: "more", size: 64 * 1024 * 1024 });
  const side = (name: MachineName) =>
    `on ${name} { device /dev/drbd2; disk ${disk}; address ${lab.address(name)}:7790; meta-disk internal; }`;
  const web = `resource web { ${MACHINES.map(side).join(" ")} }\n`;
  for (const name of MACHINES)
    await lab.run(
      name,
      `printf '%s' '${web}' >/etc/drbd.d/other.res; drbdadm create-md web </dev/null; drbdadm up web; systemctl enable drbd@web.target`,
    );
  await lab.run(
    "alpha",
    "until drbdadm cstate web | grep -q Connected; do sleep 0.2; done; drbdadm primary --force web; until drbdadm dstate web | grep -qx UpToDate/UpToDate; do sleep 0.5; done",
    { timeout: 120 },
  );
  const before = { files: await both(filesOf), enabled: await both(enabledOn) };

  const shared = { protocol: "A", net: { fencing: "dont-care" }, auth: true, cramHmacAlg: "sha1" };
  const given = withResource(site, shared);
  await stack.configure({
    ...given,
    resources: [
      ...given.resources,
      { name: "web", minor: 2, port: 7790, disks: { alpha: disk, bravo: disk }, syncSource: "alpha", ...shared },
    ],
  });
  expectSuccess(await stack.up());
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
  const writer = await Writer.start(lab, "alpha", MOUNT_POINT);
  const destroyed = expectSuccess(await stack.destroy());
  expect(destroyed.output).not.toContain("Correct-horse");
  expect(await drbdState(lab, "alpha")).toBe(RUNNING);
  expect(await drbdState(lab, "alpha", 2)).toBe(RUNNING);
  expect(await writer.longestPause()).toBeLessThan(20);
  expect(await both(filesOf)).toEqual(before.files);
  expect(await both(enabledOn)).toEqual(before.enabled);
  expect(await both(adjustment)).toEqual(["", ""]);
});
