/** A pair that runs, and what is changed on it: by the program, and by hand behind the program's back. */
import { Lab } from "../../lab/lab";
import { drbdState, fstabLines, mountedAt } from "./machine";
import { diagnosticsOf, sumsOf } from "./output";
import { DEVICE, MOUNT_POINT, r0, siteOf, withResource, type Site } from "./site";
import { changesOf, expectSuccess, Stack } from "./stack";

jest.setTimeout(400_000);

let lab: Lab;
let site: Site;
let stack: Stack;

beforeAll(async () => {
  lab = await Lab.open();
  await lab.reset("utils");
  site = await siteOf(lab);
  stack = await Stack.create(site);
  expectSuccess(await stack.up());
  await lab.run("alpha", `echo precious >${MOUNT_POINT}/data && sync`);
});

afterAll(async () => {
  await stack.remove();
});

/** The kernel's own word, on both hosts: `protocol A`. */
async function running(option: string): Promise<string[]> {
  const show = `drbdsetup show r0 | grep -ow '${option} *[^;]*' | tr -s ' \\t' ' '`;
  const outputs = [await lab.run("alpha", show), await lab.run("bravo", show)];
  return outputs.map(({ stdout }) => stdout.trim());
}

async function expectDataThere(): Promise<void> {
  expect((await lab.run("alpha", `cat ${MOUNT_POINT}/data`)).stdout).toBe("precious\n");
  expect(await mountedAt(lab, "alpha", MOUNT_POINT)).toBe(`${DEVICE} xfs`);
}

test("another protocol: the preview shows the line and the commands, up runs them, one host after the other", async () => {
  site = withResource(site, { protocol: "A" });
  await stack.configure(site);
  const preview = expectSuccess(await stack.preview("--diff"));
  expect(preview.output).toMatch(/- +protocol C;\n *\+ +protocol A;/);
  expect(preview.output).not.toMatch(/shared-secret "(?!\(secret\))/);
  const plan = [
    "r0: 4 steps; nothing that holds data is touched",
    "alpha, bravo | write /etc/drbd.d/r0.res | changed (see --diff); parsed by drbdadm there first, identical on both",
    "alpha | drbdadm adjust r0 | protocol C → protocol A",
    "bravo | drbdadm adjust r0 | protocol C → protocol A",
  ];
  expect(diagnosticsOf(await stack.preview(), "r0")).toEqual(plan);
  expect(changesOf(preview)).toEqual([]);

  const up = expectSuccess(await stack.up());
  expect(changesOf(up).filter((line) => line.includes("adjust"))).toEqual([
    "alpha: drbdadm adjust r0",
    "bravo: drbdadm adjust r0",
  ]);
  expect(await drbdState(lab, "alpha")).toBe("cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate A r-----");
  expect(await drbdState(lab, "bravo")).toBe("cs:Connected ro:Secondary/Primary ds:UpToDate/UpToDate A r-----");
  await expectDataThere();
  expect(sumsOf(await stack.up())).toEqual(["5 unchanged"]);
});

test("an option of the resource, and one of both nodes, reach the running kernels", async () => {
  site = withResource(site, { net: { "max-buffers": 8000 } });
  site = { ...site, nodes: site.nodes.map((node) => ({ ...node, common: { net: { "ping-int": 15 } } })) };
  await stack.configure(site);
  const preview = expectSuccess(await stack.preview());
  expect(diagnosticsOf(preview, "r0").join("\n")).toContain("+ max-buffers 8000");
  expectSuccess(await stack.up());
  expect(await running("max-buffers")).toEqual(["max-buffers 8000", "max-buffers 8000"]);
  expect(await running("ping-int")).toEqual(["ping-int 15", "ping-int 15"]);
  expect(sumsOf(await stack.up())).toEqual(["5 unchanged"]);
  await expectDataThere();
});

test("what somebody changed by hand is seen by refresh and preview, and repaired by up", async () => {
  await lab.run("alpha", "drbdadm -- --max-buffers=4000 net-options r0", { check: false });
  await lab.run("bravo", "sed -i 's/max-buffers 8000/max-buffers 3000/' /etc/drbd.d/r0.res");
  await lab.run("bravo", `sed -i '\\|^${DEVICE}|d' /etc/fstab`);
  const preview = expectSuccess(await stack.preview());
  const plan = diagnosticsOf(preview, "r0").join("\n");
  expect(plan).toContain("bravo | write /etc/drbd.d/r0.res");
  expect(plan).toContain("bravo | write /etc/fstab");
  expect(changesOf(preview)).toEqual([]);
  expectSuccess(await stack.up());
  expect(await fstabLines(lab, "bravo", DEVICE)).toHaveLength(1);
  const files = [await lab.run("alpha", "cat /etc/drbd.d/r0.res"), await lab.run("bravo", "cat /etc/drbd.d/r0.res")];
  expect(files[1]?.stdout).toBe(files[0]?.stdout);
  expect(await running("max-buffers")).toEqual(["max-buffers 8000", "max-buffers 8000"]);
  expect(sumsOf(await stack.up())).toEqual(["5 unchanged"]);
  await expectDataThere();
});

test("refresh --diff shows what stands in the file on the hosts", async () => {
  await Promise.all(
    (["alpha", "bravo"] as const).map((name) =>
      lab.run(name, "sed -i 's/max-buffers 8000/max-buffers 5000/' /etc/drbd.d/r0.res"),
    ),
  );
  const refresh = expectSuccess(await stack.refresh("--diff"));
  expect(refresh.output).toMatch(/max-buffers 5000/);
  const preview = expectSuccess(await stack.preview("--diff"));
  expect(preview.output).toMatch(/- +max-buffers 5000;\n *\+ +max-buffers 8000;/);
  expectSuccess(await stack.up());
  expect(sumsOf(await stack.up())).toEqual(["5 unchanged"]);
});

test.each([
  ["another disk", { disks: { alpha: "/dev/vdb", bravo: "/dev/disk/by-id/virtio-other" } }, /detach/],
  ["another minor", { minor: 2 }, /minor 1/],
  ["another name", { name: "r9" }, /minor 1 is in use by the resource r0|belongs to the resource r0/],
])("%s is refused while the resource runs", async (_what, change, reason) => {
  await lab.attachDisk("bravo", { serial: "other", size: 320 * 1024 * 1024 }).catch(() => undefined);
  await stack.configure({ ...site, resources: [{ ...r0, ...site.resources[0], ...change }] });
  const run = await stack.preview();
  expect(run.code).not.toBe(0);
  expect(run.output).toMatch(reason);
  expect(changesOf(run)).toEqual([]);
  await expectDataThere();
});
