/** A site with several resources on its pair: made together, one added, one taken away, and the others stay as they are. */
import { Lab } from "../../lab/lab";
import { MACHINES } from "../../lab/machines";
import { drbdState, mountedAt } from "./machine";
import { diagnosticsOf, sumsOf } from "./output";
import { DEVICE, MOUNT_POINT, r0, siteOf, withConnection, type Site, type SiteResource } from "./site";
import { changesOf, expectSuccess, Stack, type Run } from "./stack";

jest.setTimeout(1_000_000);

const RUNNING = "cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----";

let lab: Lab;
let site: Site;
let stack: Stack;

/** Small resources on logical volumes of one disk, without a filesystem. */
const onVolume = (name: string, minor: number): SiteResource => ({
  name,
  minor,
  port: 7789 + minor,
  disks: { alpha: `/dev/vg/${name}`, bravo: `/dev/vg/${name}` },
  syncSource: "alpha",
});
/** Its first sync takes a minute and a half, so that it still runs when the steps of the others are done. */
const slow = { ...onVolume("slow", 2), disk: { "c-plan-ahead": 0, "resync-rate": "2M" } };
const [two, three] = [onVolume("two", 3), onVolume("three", 4)];

beforeAll(async () => {
  lab = await Lab.open();
  await lab.reset("utils");
  for (const machine of MACHINES) {
    const disk = await lab.attachDisk(machine, { serial: "more", size: 256 * 1024 * 1024 });
    await lab.run(
      machine,
      `pvcreate -q ${disk} && vgcreate -q vg ${disk} && lvcreate -q -Wn -Zn -L 176M -n slow vg &&
       lvcreate -q -Wn -Zn -L 16M -n two vg && lvcreate -q -Wn -Zn -L 16M -n three vg`,
    );
  }
  // All that is done on bravo is done through sudo.
  const root = await siteOf(lab);
  site = withConnection({ ...root, resources: [r0, slow, two] }, "bravo", { user: "admin" });
  stack = await Stack.create(site);
});

afterAll(async () => {
  await stack.remove();
});

async function expectRunning(...minors: number[]): Promise<void> {
  for (const minor of minors) expect([minor, await drbdState(lab, "alpha", minor)]).toEqual([minor, RUNNING]);
}

/** Who mounts something anew has another number. */
async function mountNumber(): Promise<string> {
  return (await lab.run("alpha", `findmnt -rno ID ${MOUNT_POINT}`)).stdout;
}

/** Changes that are not this resource's own. */
function changesBeside(run: Run, name: string, disk: string): string[] {
  return changesOf(run).filter((change) => ![name, disk, "daemon-reload"].some((own) => change.includes(own)));
}

describe("three resources", () => {
  let run: Run;

  beforeAll(async () => {
    run = expectSuccess(await stack.up());
  });

  test("come up together", async () => {
    expect(sumsOf(run)).toEqual(["+ 7 created"]);
    await expectRunning(1, 2, 3);
    expect(await mountedAt(lab, "alpha", MOUNT_POINT)).toBe(`${DEVICE} xfs`);
    const resources = await stack.resources();
    expect(Object.keys(resources).sort()).toEqual(["r0", "slow", "two"]);
    for (const { inSync } of Object.values(resources)) expect(inSync).toBe(true);
  });

  test("show percent, speed and time left of a first sync", () => {
    const sync = /DrbdResource slow creating \(\d+s\) initial sync \d[\d.]* %, [\d,]+ KiB\/s, \d+:\d\d:\d\d left$/gm;
    expect(run.output.match(sync)?.length).toBeGreaterThan(1);
  });

  test("cost a run with nothing to do one look a host", async () => {
    const quiet = expectSuccess(await stack.preview());
    expect(sumsOf(quiet)).toEqual(["7 unchanged"]);
    for (const machine of MACHINES) {
      const commands = quiet.log.filter(({ host }) => host === machine).map(({ argv }) => argv[0]);
      expect(commands).toEqual(["connect", "observe"]);
    }
  });
});

test("one more is added, and the others are left alone", async () => {
  const mounted = await mountNumber();
  await stack.configure({ ...site, resources: [r0, slow, two, three] });
  const preview = expectSuccess(await stack.preview());
  expect(sumsOf(preview)).toEqual(["+ 1 to create", "7 unchanged"]);
  expect(diagnosticsOf(preview, "three")).toContain(
    "alpha, bravo | drbdadm create-md three | /dev/vg/three (16 MiB) is blank",
  );
  for (const other of ["r0", "slow", "two"]) expect(diagnosticsOf(preview, other)).toEqual([]);

  const run = expectSuccess(await stack.up());
  expect(sumsOf(run)).toEqual(["+ 1 created", "7 unchanged"]);
  expect(changesBeside(run, "three", "/dev/vg/three")).toEqual([]);
  await expectRunning(1, 2, 3, 4);
  expect(await mountNumber()).toBe(mounted);
});

test("one is taken away, and the others run on", async () => {
  const mounted = await mountNumber();
  site = { ...site, resources: [r0, slow, three] };
  await stack.configure(site);
  const run = expectSuccess(await stack.up());
  expect(sumsOf(run)).toEqual(["- 1 deleted", "7 unchanged"]);
  expect(changesBeside(run, "two", "/dev/vg/two")).toEqual([]);
  for (const machine of MACHINES) {
    expect(await drbdState(lab, machine, 3)).not.toContain("cs:");
    await lab.run(machine, "! [ -e /etc/drbd.d/two.res ] && [ -e /etc/drbd.d/three.res ]");
  }
  await expectRunning(1, 2, 4);
  expect(await mountNumber()).toBe(mounted);
});

test("a disk of one of them is refused to another, whatever path it is called by", async () => {
  const twin = { ...onVolume("twin", 8), disks: { alpha: "/dev/disk/by-id/virtio-alpha0", bravo: "/dev/vg/two" } };
  await stack.configure({ ...site, resources: [...site.resources, twin] });
  const run = await stack.preview();
  expect(run.code).not.toBe(0);
  expect(run.output).toMatch(/alpha: \S+( \(\S+\))? is a disk of the resource (r0|twin) of this program, too/);
  expect(changesOf(run)).toEqual([]);
});

test("destroy takes all of them down", async () => {
  await stack.configure(site);
  expect(sumsOf(expectSuccess(await stack.destroy()))).toEqual(["- 7 deleted"]);
  for (const machine of MACHINES) {
    expect((await lab.run(machine, "grep -c cs: /proc/drbd", { check: false })).stdout.trim()).toBe("0");
    expect(
      (
        await lab.run(machine, "ls /etc/drbd.d; ls /etc/systemd/system | grep drbd; grep drbd /etc/fstab", {
          check: false,
        })
      ).stdout,
    ).toBe("global_common.conf\n");
  }
});
