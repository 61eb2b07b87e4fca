/** Configuration that somebody else wrote, and configuration that cannot be written. */
import { Lab } from "../../../lab/lab";
import { MACHINES } from "../../../lab/machines";
import { drbdState } from "../machine";
import { waitInSync } from "../take-over/in-sync";
import { MOUNT_POINT, siteOf, withResource, type Site } from "../site";
import { changesOf, expectSuccess, Stack } from "../stack";

jest.setTimeout(1_000_000);

let lab: Lab;
let site: Site;
let stack: Stack;

beforeAll(async () => {
  lab = await Lab.open();
});
beforeEach(async () => {
  await lab.reset("utils");
  site = await siteOf(lab);
  stack = await Stack.create(site);
});
afterEach(() => stack.remove());

/** A pair as a tutorial makes it, with its own options, in a file of any name; in sync when it is taken over. */
async function byHand(path: string): Promise<string> {
  const side = (name: (typeof MACHINES)[number]) =>
    `on ${name} { device /dev/drbd1; disk /dev/vdb; address ${lab.address(name)}:7789; meta-disk internal; }`;
  const text =
    `resource r0 {\n protocol C;\n net { cram-hmac-alg sha1; shared-secret "by hand"; fencing resource-only; }\n ${MACHINES.map(side).join("\n ")}\n}\n`
      // The 8.4 module's own place for it.
      .replace("fencing resource-only; }", "}\n disk { fencing resource-only; }");
  for (const name of MACHINES) {
    await lab.run(
      name,
      `modprobe drbd; printf '%s' '${text}' >${path}; drbdadm create-md r0 </dev/null && drbdadm up r0`,
    );
  }
  const make = `until drbdadm cstate r0 | grep -q Connected; do sleep 0.2; done; drbdadm primary --force r0; mkfs.xfs -q /dev/drbd1; mkdir -p ${MOUNT_POINT}; mount /dev/drbd1 ${MOUNT_POINT}; head -c 2000000 /dev/urandom >${MOUNT_POINT}/file; sync; sha256sum ${MOUNT_POINT}/file`;
  const sum = (await lab.run("alpha", make, { timeout: 120 })).stdout;
  await waitInSync(lab, "alpha", "r0");
  return sum;
}

const drift = async (): Promise<string[]> =>
  Promise.all(MACHINES.map(async (name) => (await lab.run(name, "drbdadm -d adjust r0")).stdout.trim()));

test.each(["/etc/drbd.d/r0.res", "/etc/drbd.d/a-pair.res"])(
  "a pair set up by hand in %s is taken over: files alone",
  async (path) => {
    const sum = await byHand(path);
    expect(await drift()).toEqual(["", ""]);
    const counters = "drbdsetup events2 --now r0 | grep -c .; dmesg | grep -c 'drbd r0: conn('";
    const before = (await lab.run("alpha", counters)).stdout;
    await stack.configure(withResource(site, { cramHmacAlg: "sha1", filesystem: { mountPoint: MOUNT_POINT } }));
    const changes = changesOf(expectSuccess(await stack.up()));
    const moves = changes.filter((one) => !/: (write|ln|systemctl (enable|start|daemon-reload))/.test(one));
    expect(moves).toEqual([]);
    expect(await drift()).toEqual(["", ""]);
    expect((await lab.run("alpha", counters)).stdout).toBe(before);
    expect((await lab.run("alpha", `sha256sum ${MOUNT_POINT}/file`)).stdout).toBe(sum);
    for (const name of MACHINES) {
      const files = (await lab.run(name, "ls /etc/drbd.d/*.res*; grep -c 'shared-secret .by hand' /etc/drbd.d/r0.res"))
        .stdout;
      expect(files.split("\n").filter((one) => one.endsWith(".res"))).toEqual(["/etc/drbd.d/r0.res"]);
      expect(files).toMatch(/^1$/m);
    }
    expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
  },
);

test("another resource's file that drbdadm cannot read: refused by its name, nothing written", async () => {
  await lab.run("bravo", "echo 'resource web { on bravo { device minor 9;' >/etc/drbd.d/web.res");
  const run = await stack.up();
  expect(run.code).not.toBe(0);
  expect(run.output).toMatch(
    /bravo: drbdadm cannot read \/etc\/drbd\.d\/web\.res, and so reads no resource at all: drbd\.d\/web\.res:2: Parse error/,
  );
  expect(changesOf(run).filter((one) => /create-md|r0/.test(one))).toEqual([]);
});

describe("configuration that cannot be written", () => {
  const full =
    "mkdir /keep && cp -a /etc/drbd.d/. /keep && mount -t tmpfs -o size=12k tmpfs /etc/drbd.d && cp -a /keep/. /etc/drbd.d && { cat /dev/zero >/etc/drbd.d/ballast; true; } 2>/dev/null";
  const readOnly = "mount --bind /etc/drbd.d /etc/drbd.d && mount -o remount,ro,bind /etc/drbd.d";

  test.each([
    ["a full disk", full],
    ["a read-only one", readOnly],
  ])("%s on one host: the old file is whole, the pair runs on, and the next up goes on", async (_what, command) => {
    expectSuccess(await stack.up());
    await lab.run("bravo", command);
    const before = (await lab.run("bravo", "cat /etc/drbd.d/r0.res")).stdout;
    await stack.configure(withResource(site, { net: { "max-buffers": 4000 } }));
    const run = await stack.up();
    expect(run.code).not.toBe(0);
    expect(run.output).toMatch(/bravo: a step failed[\s\S]*(No space left on device|Read-only file system)/);
    expect((await lab.run("bravo", "cat /etc/drbd.d/r0.res; ls -A /etc/drbd.d | grep ^[.] || true")).stdout).toBe(
      before,
    );
    expect(await drbdState(lab, "alpha")).toBe("cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----");
    await lab.run("bravo", "umount /etc/drbd.d");
    expectSuccess(await stack.up());
    expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
  });
});

test("two stacks on one pair: the second is refused by what the first one's resource takes up", async () => {
  expectSuccess(await stack.up());
  const second = async (change: Readonly<Record<string, unknown>>): Promise<string> => {
    const other = await Stack.create({ ...site, resources: [{ ...site.resources[0]!, name: "web", ...change }] });
    const run = await other.preview();
    await other.remove();
    expect(run.code).not.toBe(0);
    return run.output;
  };
  expect(await second({ minor: 2, port: 7790 })).toContain("the disk /dev/vdb belongs to the resource r0");
  expect(await second({ port: 7790, disks: { alpha: "/dev/vdz", bravo: "/dev/vdz" } })).toContain(
    "minor 1 belongs to the resource r0",
  );
  expect(await second({ minor: 2, disks: { alpha: "/dev/vdz", bravo: "/dev/vdz" } })).toContain(
    "port 7789 belongs to the resource r0",
  );
});

test("two `up` at the same time on one pair: each thing is done once, and both end well", async () => {
  const twin = await Stack.create(site);
  const runs = await Promise.all([stack.up(), twin.up()]);
  const changes = runs.flatMap(changesOf);
  const made = runs
    .flatMap(({ log }) => log.filter(({ exit }) => exit === 0))
    .map(({ host, argv }) => `${host}: ${argv.join(" ")}`);
  for (const once of [
    "alpha: drbdadm create-md r0",
    "bravo: drbdadm create-md r0",
    "alpha: drbdadm primary --force r0",
    "alpha: mkfs.xfs -L data /dev/drbd1",
  ])
    expect([once, made.filter((one) => one === once).length]).toEqual([once, 1]);
  expect(changes.length).toBeGreaterThan(0);
  expectSuccess(await stack.up());
  expect(await drbdState(lab, "alpha")).toBe("cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----");
  await twin.remove();
});
