/**
 * A pair that runs with volumes 0 and 1, whose metadata lies in slots of one more disk, beside a resource with the third slot:
 * taken over by hand-written inputs and by `adopt`, and given back.
 */
import { Lab } from "../../../lab/lab";
import { MACHINES, type MachineName } from "../../../lab/machines";
import { eventually, mountedAt } from "../machine";
import { siteOf, withResource, type Site, type SiteResource } from "../site";
import { sshKnowsTheLab } from "../ssh-names";
import { changesOf, expectSuccess, Stack } from "../stack";
import { onBoth, onFiles, running } from "./as-it-runs";

jest.setTimeout(1_000_000);

const MiB = 1024 * 1024;
const DISKS = { more: 330 * MiB, third: 120 * MiB, slots: 400 * MiB };
const at = (disk: keyof typeof DISKS): string => `/dev/disk/by-id/virtio-${disk}`;
const SLOTS = at("slots");
const files = ["/srv/vm/file", "/srv/logs/file"];

let lab: Lab;
let stack: Stack;
let forget = (): Promise<void> => Promise.resolve();

const both = (path: string) => ({ alpha: path, bravo: path });

const sums = async () => (await lab.run("alpha", `sha256sum ${files.join(" ")}`)).stdout;

function definitions(): { readonly r0: string; readonly web: string } {
  const volume = (number: number, minor: number, disk: string) =>
    `volume ${number} { device /dev/drbd${minor}; disk ${disk}; meta-disk ${SLOTS} [${number}]; }`;
  const address = (name: MachineName, port: number) => `address ${lab.address(name)}:${port};`;
  const sides = MACHINES.map((name) => `on ${name} { ${address(name, 7789)} }`).join(" ");
  const webs = MACHINES.map(
    (name) => `on ${name} { device /dev/drbd7; disk ${at("third")}; meta-disk ${SLOTS}[2]; ${address(name, 7790)} }`,
  ).join(" ");
  return {
    r0: `resource r0 { net { protocol A; } ${volume(0, 1, "/dev/vdb")} ${volume(1, 2, at("more"))} ${sides} }\n`,
    web: `resource web { ${webs} }\n`,
  };
}

/** In sync without a first sync, Primary on alpha, and mounted there by its lines of fstab. */
async function make(): Promise<string> {
  for (const name of MACHINES)
    for (const [serial, size] of Object.entries(DISKS)) await lab.attachDisk(name, { serial, size });
  const { r0, web } = definitions();
  await onBoth(
    lab,
    `set -e; printf '%s' '${r0}' >/etc/drbd.d/r0.res; printf '%s' '${web}' >/etc/drbd.d/web.res; modprobe drbd
    for r in r0 web; do drbdadm -- --force create-md $r </dev/null; drbdadm up $r; done
    mkdir -p /srv/vm /srv/logs; printf '/dev/drbd%s xfs noauto 0 0\\n' '1 /srv/vm' '2 /srv/logs' >>/etc/fstab`,
  );
  const whole = `while drbdadm cstate all | grep -qv Connected; do sleep 0.2; done
    for v in r0/0 r0/1 web/0; do drbdadm -- --clear-bitmap new-current-uuid $v; done`;
  const fill = `drbdadm primary r0 web; for d in 1 2; do mkfs.xfs -q /dev/drbd$d; done; mount /srv/vm; mount /srv/logs
    for f in ${files.join(" ")}; do head -c 2000000 /dev/urandom >$f; done; date >/dev/drbd7; sync`;
  await lab.run("alpha", `set -e; ${whole}\n${fill}`, { timeout: 200 });
  return sums();
}

beforeAll(async () => {
  lab = await Lab.open();
  forget = await sshKnowsTheLab(lab);
});
beforeEach(async () => {
  await lab.reset("utils");
});
afterEach(() => stack.remove());
afterAll(() => forget());

const program: Partial<SiteResource> = {
  protocol: "A",
  auth: false,
  net: { fencing: "dont-care" },
  minor: undefined,
  disks: undefined,
  filesystem: undefined,
  volumes: [
    {
      volume: 0,
      minor: 1,
      disks: both("/dev/vdb"),
      metaDisks: both(`${SLOTS}[0]`),
      filesystem: { mountPoint: "/srv/vm" },
    },
    {
      volume: 1,
      minor: 2,
      disks: both(at("more")),
      metaDisks: both(`${SLOTS}[1]`),
      filesystem: { mountPoint: "/srv/logs" },
    },
  ],
};

/** Only files are written, and what runs runs on. */
async function expectTakenOver(before: readonly string[], sum: string): Promise<void> {
  const changes = changesOf(expectSuccess(await stack.up()));
  expect(changes.length).toBeGreaterThan(5);
  expect(changes.filter((change) => !onFiles.test(change))).toEqual([]);
  expect(await running(lab)).toEqual(before);
  expect(await sums()).toBe(sum);
  for (const text of await onBoth(lab, "drbdadm -d adjust all")) expect(text.trim()).toBe("");
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
}

async function expectGivenBack(before: readonly string[], sum: string): Promise<void> {
  expectSuccess(await stack.destroy());
  expect(await running(lab)).toEqual(before);
  expect(await sums()).toBe(sum);
  const { r0, web } = definitions();
  for (const text of await onBoth(lab, "cat /etc/drbd.d/r0.res /etc/drbd.d/web.res; drbdadm -d adjust all"))
    expect(text.trim()).toBe(`${r0}${web}`.trim());
}

test("by hand-written inputs: another slot is refused, it is taken over by files alone, and given back", async () => {
  const site: Site = withResource(await siteOf(lab), program);
  stack = await Stack.create(site);
  const sum = await make();
  const before = await running(lab);
  const [first, second] = program["volumes"] as readonly Readonly<Record<string, unknown>>[];
  await stack.configure(
    withResource(site, { ...program, volumes: [first, { ...second, metaDisks: both(`${SLOTS}[2]`) }] }),
  );
  const refused = await stack.up();
  expect(refused.code).not.toBe(0);
  expect(refused.output.replaceAll(/\s+/g, " ")).toContain(`the disk ${SLOTS}[2] belongs to the resource web`);
  expect(await running(lab)).toEqual(before);

  await stack.configure(site);
  await expectTakenOver(before, sum);
  await expectGivenBack(before, sum);
});

test("by adopt, with the resource beside it: after both machines lost their power it is mounted again", async () => {
  stack = await Stack.create();
  const sum = await make();
  const before = await running(lab);
  const adopted = expectSuccess(await stack.command("adopt", "alpha", "bravo"));
  expect(adopted.output).not.toContain("Not taken over");
  const config = await stack.config();
  for (const slot of [0, 1, 2]) expect(config).toContain(`alpha: ${SLOTS}[${slot}]`);
  await expectTakenOver(before, sum);

  for (const name of MACHINES) await lab.powerOff(name);
  // The host that was Primary waits 90 s for its peer.
  for (const name of ["bravo", "alpha"] as const) await lab.powerOn(name);
  expect(await eventually(() => mountedAt(lab, "alpha", "/srv/logs"), "/dev/drbd2 xfs", 200)).toBe("/dev/drbd2 xfs");
  expect(await eventually(() => mountedAt(lab, "alpha", "/srv/vm"), "/dev/drbd1 xfs", 60)).toBe("/dev/drbd1 xfs");
  expect(await sums()).toBe(sum);
  expect(changesOf(expectSuccess(await stack.up())).filter((change) => /create-md|--force|mkfs/.test(change))).toEqual(
    [],
  );
  const after = await running(lab);
  await expectGivenBack(after, sum);
});
