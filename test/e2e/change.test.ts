/** A pair that runs, and changes to it: by the program, and by somebody's hand on the hosts. */
import { Lab } from "../../lab/lab";
import { MACHINES, type MachineName } from "../../lab/machines";
import { drbdState, fstabLines, mountedAt } from "./machine";
import { diagnosticsOf, sumsOf } from "./output";
import { DEVICE, MOUNT_POINT, siteOf, withResource, type Site } from "./site";
import { Stack, changesOf, expectSuccess } from "./stack";

jest.setTimeout(1_000_000);

let lab: Lab;
let site: Site;
let stack: Stack;
let sum: string;
let uuid: string;

const checksum = `cd ${MOUNT_POINT} && sha256sum file`;

beforeAll(async () => {
  lab = await Lab.open();
  await lab.reset("utils");
  site = await siteOf(lab);
  stack = await Stack.create(site);
  expectSuccess(await stack.up());
  uuid = (await lab.run("alpha", `blkid -p -s UUID -o value ${DEVICE}`)).stdout.trim();
  sum = (await lab.run("alpha", `cd ${MOUNT_POINT} && head -c 1000000 /dev/urandom >file && sync && ${checksum}`))
    .stdout;
});

afterAll(async () => {
  await stack.remove();
});

/** What the kernel runs with: `drbdsetup show`. */
async function running(machine: MachineName): Promise<string> {
  return (await lab.run(machine, "drbdsetup show r0")).stdout;
}

/** How often the two have met and parted, as the kernel has logged it. */
async function meetings(machine: MachineName): Promise<number> {
  return Number((await lab.run(machine, "dmesg | grep -c 'drbd r0: conn('", { check: false })).stdout);
}

/** Mounted, connected, in sync, with the data that was there. */
async function expectWell(protocol: string): Promise<void> {
  expect(await drbdState(lab, "alpha")).toBe(
    `cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate ${protocol} r-----`,
  );
  expect(await drbdState(lab, "bravo")).toBe(
    `cs:Connected ro:Secondary/Primary ds:UpToDate/UpToDate ${protocol} r-----`,
  );
  expect(await mountedAt(lab, "alpha", MOUNT_POINT)).toBe(`${DEVICE} xfs`);
  expect((await lab.run("alpha", checksum)).stdout).toBe(sum);
  // What forbids a second mkfs.
  expect((await stack.resources())["r0"]).toMatchObject({ filesystem: uuid });
}

async function expectNothingToDo(): Promise<void> {
  const run = expectSuccess(await stack.up());
  expect(sumsOf(run)).toEqual(["5 unchanged"]);
  expect(changesOf(run)).toEqual([]);
}

describe("protocol C becomes A", () => {
  beforeAll(async () => {
    await stack.configure(withResource(site, { protocol: "A" }));
  });

  test("the preview shows the files, then one host after the other", async () => {
    const run = expectSuccess(await stack.preview());
    expect(diagnosticsOf(run, "r0")).toEqual([
      "r0: 4 steps; nothing that holds data is touched",
      "alpha, bravo | write /etc/drbd.d/r0.res | changed (see --diff); parsed by drbdadm there first, identical on both",
      "alpha | drbdadm adjust r0 | protocol C → protocol A",
      "bravo | drbdadm adjust r0 | protocol C → protocol A",
    ]);
    expect(sumsOf(run)).toEqual(["~ 1 to update", "4 unchanged"]);
    expect(changesOf(run)).toEqual([]);
  });

  test("--diff shows the lines that change", async () => {
    const { output } = expectSuccess(await stack.preview("--diff"));
    expect(output).toMatch(/^ +- +protocol C;\n +\+ +protocol A;$/m);
    expect(output.match(/^ +[-+] .*;$/gm)).toHaveLength(2);
  });

  test("up changes it while connected and mounted, both files first", async () => {
    const before = await Promise.all(MACHINES.map(meetings));
    const run = expectSuccess(await stack.up());
    const changes = changesOf(run);
    expect(changes.slice(0, 2).sort()).toEqual(MACHINES.map((host) => `${host}: write /etc/drbd.d/r0.res`));
    expect(changes.slice(2)).toEqual(["alpha: drbdadm adjust r0", "bravo: drbdadm adjust r0"]);
    await expectWell("A");
    expect(await Promise.all(MACHINES.map(meetings))).toEqual(before);
    await expectNothingToDo();
  });
});

/** A site with an option of the resource's own, and one of both hosts. */
const withOptions = (protocol: string, maxBuffers: number): Site => {
  const changed = withResource(site, { protocol, net: { "max-buffers": maxBuffers } });
  return { ...changed, nodes: changed.nodes.map((node) => ({ ...node, common: { net: { "ping-int": 12 } } })) };
};

describe("options of the resource and of both hosts", () => {
  beforeAll(async () => {
    await stack.configure(withOptions("A", 4000));
  });

  test("the preview shows both files, and what they mean for the resource that runs", async () => {
    const run = expectSuccess(await stack.preview());
    for (const host of MACHINES) {
      expect(diagnosticsOf(run, `pair-${host}`)).toEqual([
        `${host}: 1 step; nothing that holds data is touched`,
        `${host} | write /etc/drbd.d/global_common.conf | changed (see --diff): + ping-int 12; parsed by drbdadm there first`,
      ]);
    }
    expect(diagnosticsOf(run, "r0")).toEqual([
      "r0: 4 steps; nothing that holds data is touched",
      "alpha, bravo | write /etc/drbd.d/r0.res | changed (see --diff); parsed by drbdadm there first, identical on both",
      "alpha | drbdadm adjust r0 | + ping-int 12; + max-buffers 4000",
      "bravo | drbdadm adjust r0 | + ping-int 12; + max-buffers 4000",
    ]);
  });

  test("up brings them to the kernels of both", async () => {
    const before = await Promise.all(MACHINES.map(meetings));
    expectSuccess(await stack.up());
    for (const host of MACHINES) {
      expect(await running(host)).toMatch(/\bping-int\s+12\b/);
      expect(await running(host)).toMatch(/\bmax-buffers\s+4000\b/);
    }
    await expectWell("A");
    expect(await Promise.all(MACHINES.map(meetings))).toEqual(before);
    await expectNothingToDo();
  });
});

describe("what somebody changed by hand", () => {
  beforeAll(async () => {
    await lab.run("alpha", `sed -i '\\,^${DEVICE} ,d' /etc/fstab && drbdadm net-options --max-buffers=3000 r0`);
    await lab.run("bravo", "sed -i 's/max-buffers 4000;/max-buffers 5000;/' /etc/drbd.d/r0.res");
    await lab.run("bravo", "systemctl disable --no-reload drbd@r0.target");
    // Or there would be no drift of the kernel's to be found.
    expect(await running("alpha")).toMatch(/\bmax-buffers\s+3000\b/);
  });

  test("the preview plans to repair it: a line of fstab, an option of the kernel's, a file and a unit", async () => {
    const run = expectSuccess(await stack.preview());
    expect(diagnosticsOf(run, "r0")).toEqual([
      "r0: 5 steps; nothing that holds data is touched",
      expect.stringMatching(/^bravo \| write \/etc\/drbd\.d\/r0\.res \| changed/),
      expect.stringMatching(
        /^alpha \| drbdadm adjust r0 \| the kernel differs from the configuration: .*--max-buffers=4000/,
      ),
      expect.stringMatching(/^alpha \| write \/etc\/fstab \| \/srv\/data noauto: mounted where r0 is Primary/),
      "alpha | systemctl daemon-reload | reads fstab and the units, in the background",
      expect.stringMatching(/^bravo \| systemctl enable --no-reload drbd@r0\.target \| /),
    ]);
    expect(changesOf(run)).toEqual([]);
  });

  test("a refresh shows the line of the file, and the next preview the way back", async () => {
    const refreshed = expectSuccess(await stack.refresh("--diff"));
    expect(refreshed.output).toMatch(/^ +- +max-buffers 4000;\n +\+ +max-buffers 5000;$/m);
    expect(changesOf(refreshed)).toEqual([]);
    const { output } = expectSuccess(await stack.preview("--diff"));
    expect(output).toMatch(/^ +- +max-buffers 5000;\n +\+ +max-buffers 4000;$/m);
  });

  test("up repairs it", async () => {
    expectSuccess(await stack.up());
    expect(await fstabLines(lab, "alpha", DEVICE)).toHaveLength(1);
    for (const host of MACHINES) expect(await running(host)).toMatch(/\bmax-buffers\s+4000\b/);
    const files = MACHINES.map(async (host) => (await lab.run(host, "cat /etc/drbd.d/r0.res")).stdout);
    const [ofAlpha, ofBravo] = await Promise.all(files);
    expect(ofBravo).toBe(ofAlpha);
    expect(ofAlpha).toContain("max-buffers 4000;");
    expect((await lab.run("bravo", "systemctl is-enabled drbd@r0.target")).stdout.trim()).toBe("enabled");
    await expectWell("A");
    await expectNothingToDo();
  });
});

test("another port: each host by itself, and they find each other again", async () => {
  await stack.configure(withResource(withOptions("A", 4000), { port: 7790 }));
  const preview = expectSuccess(await stack.preview());
  expect(diagnosticsOf(preview, "r0").slice(2)).toEqual([
    expect.stringMatching(/^alpha \| drbdadm adjust r0 \| .*:7790; disconnects and connects again$/),
    expect.stringMatching(/^bravo \| drbdadm adjust r0 \| .*:7790; disconnects and connects again$/),
    "alpha, bravo | drbdadm cstate r0 | must be connected again with what has changed",
  ]);
  expectSuccess(await stack.up());
  for (const host of MACHINES) expect(await running(host)).toContain(":7790");
  await expectWell("A");
  await expectNothingToDo();
});

describe("what a running device cannot change is refused, and stays:", () => {
  const other = { alpha: "/dev/vdb", bravo: "/dev/disk/by-id/virtio-other" };
  const table: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
    ["its minor", { minor: 2 }, /alpha: r0 runs there as minor 1, .*cannot change its minor to 2/],
    ["its disk", { disks: other }, /bravo: .*detach.* on a device that is running/],
    [
      "its name",
      { name: "r1" },
      /minor 1, the disk \/dev\/vdb and port 7790 belong to the resource r0 on alpha and bravo.*`name: r0`/,
    ],
    [
      "where it is mounted",
      { filesystem: { label: "data", mountPoint: "/srv/b" } },
      /mounted at \/srv\/data, and \/srv\/b is/,
    ],
  ];

  beforeAll(async () => {
    await lab.attachDisk("bravo", { serial: "other" });
  });

  test.each(table)("%s", async (_what, change, reason) => {
    await stack.configure(withResource(withOptions("A", 4000), { port: 7790, ...change }));
    const run = await stack.preview();
    expect(run.code).not.toBe(0);
    expect(run.output).toMatch(reason);
    expect(changesOf(run)).toEqual([]);
  });

  test("the pair is well", async () => {
    await expectWell("A");
  });
});
