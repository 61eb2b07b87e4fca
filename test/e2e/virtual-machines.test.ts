/**
 * `virtualMachines`: libvirt's machines run where their resource is, and end in order before it leaves. One has its disk as a file on
 * the mounted filesystem, the other one is on the DRBD device itself. Each counts on its disk, which shows that it went on.
 */
import { Lab } from "../../lab/lab";
import { MACHINES, otherMachine, type MachineName } from "../../lab/machines";
import {
  countedOn,
  countsOn,
  domainXml,
  installGuest,
  installLibvirt,
  makeStubborn,
  virsh,
  type Counted,
} from "./guests";
import { eventually, mountedAt, reboot } from "./machine";
import { expectPasted, saidOf } from "./pasted";
import { DEVICE, MOUNT_POINT, r0, siteOf, withResource, type Site } from "./site";
import { changesOf, expectSuccess, Stack } from "./stack";

jest.setTimeout(1_000_000);

const IMAGE = `${MOUNT_POINT}/web.img`;
const RAW = "/dev/drbd2";
const disks = { web: IMAGE, db: RAW };
const names = ["web", "db"] as const;

let lab: Lab;
let site: Site;
let stack: Stack;
let volumes: readonly object[];

const say = async (machine: MachineName, script: string) =>
  (await lab.run(machine, script, { check: false })).stdout.trim();

const DB = { name: "db", xml: domainXml("db", RAW), shutdownTimeout: 60 };

/** A volume with a filesystem, and one without: a disk of a machine's own. */
const configure = (primary: MachineName, virtualMachines: readonly unknown[]) =>
  stack.configure(
    withResource(site, {
      ...{ minor: undefined, disks: undefined, filesystem: undefined, volumes },
      ...{ primary, virtualMachines },
    }),
  );

beforeAll(async () => {
  lab = await Lab.open();
  await lab.reset("utils");
  let disk = "";
  for (const machine of MACHINES) disk = await lab.attachDisk(machine, { serial: "raw", size: 16 * 1024 * 1024 });
  volumes = [
    { volume: 0, minor: 1, disks: r0.disks, filesystem: r0.filesystem },
    { volume: 1, minor: 2, disks: { alpha: disk, bravo: disk } },
  ];
  site = await siteOf(lab);
  stack = await Stack.create();
  await configure("alpha", []);
  expectSuccess(await stack.up());
  for (const place of Object.values(disks)) await installGuest(lab, "alpha", place);
});

afterAll(async () => {
  await stack.remove();
});

const unitOf = (machine: MachineName, name: string) => say(machine, `systemctl is-active drbd-vm@${name}.service`);
/** How it ended last, as libvirt notes it. */
const endOf = (machine: MachineName, name: string) =>
  say(machine, `grep -o 'reason=[a-z]*' /var/log/libvirt/qemu/${name}.log | tail -n 1`);

async function runOn(machine: MachineName): Promise<void> {
  const peer = otherMachine(machine);
  for (const name of names) {
    expect([name, await eventually(() => unitOf(machine, name), "active", 240)]).toEqual([name, "active"]);
    expect([await virsh(lab, machine, `domstate ${name}`), await unitOf(peer, name)]).toEqual(["running", "inactive"]);
    expect(await virsh(lab, peer, `domstate ${name}`)).toBe("shut off");
  }
}

type PerGuest = Readonly<Record<(typeof names)[number], Counted>>;

const counted = async (machine: MachineName): Promise<PerGuest> => ({
  web: await countedOn(lab, machine, IMAGE),
  db: await countedOn(lab, machine, RAW),
});

/** Both go on there from what they had counted, after one boot more. */
async function wentOnAt(machine: MachineName, before: PerGuest): Promise<void> {
  await runOn(machine);
  for (const name of names) {
    const boots = async () => String((await countedOn(lab, machine, disks[name])).boots);
    const awaited = String(before[name].boots + 1);
    expect([name, await eventually(boots, awaited, 120)]).toEqual([name, awaited]);
    const { count } = await countedOn(lab, machine, disks[name]);
    expect(count).toBeGreaterThan(before[name].count);
    await countsOn(lab, machine, disks[name], count);
  }
}

test("without libvirt it is refused, and what to install is said", async () => {
  await configure("alpha", ["web"]);
  const run = await stack.preview();
  expect(run.code).not.toBe(0);
  for (const machine of MACHINES) expect(run.output).toContain(`${machine}: \`virsh\` is not there`);
});

test("a disk elsewhere, and a saved memory, are refused as libvirt has them", async () => {
  await installLibvirt(lab);
  const elsewhere = "/var/lib/libvirt/images/web.img";
  await lab.run("alpha", "mkdir -p /var/lib/libvirt/images");
  await installGuest(lab, "alpha", elsewhere);
  await virsh(lab, "alpha", "define /dev/stdin", domainXml("web", elsewhere));
  await virsh(lab, "alpha", "start web");
  await virsh(lab, "alpha", "managedsave web");
  const run = await stack.preview();
  expect(run.code).not.toBe(0);
  expect(run.output).toContain("alpha: the virtual machine web has a managed save");
  expect(run.output).toContain(`alpha: the disk hda of the virtual machine web is ${elsewhere}, outside of r0`);
  await virsh(lab, "alpha", "managedsave-remove web");
  await virsh(lab, "alpha", "undefine web");
});

test("up defines both on both hosts and starts them where their resource is; a second up does nothing", async () => {
  await virsh(lab, "alpha", "define /dev/stdin", domainXml("web", IMAGE));
  await virsh(lab, "alpha", "autostart web");
  await configure("alpha", ["web", DB]);
  const run = expectSuccess(await stack.up());
  expect(changesOf(run)).toEqual(
    expect.arrayContaining([
      "alpha: virsh autostart --disable --domain web",
      "bravo: virsh define web",
      "alpha: virsh define db",
      "bravo: virsh define db",
      "alpha: systemctl start drbd-vm@web.service",
      "alpha: systemctl start drbd-vm@db.service",
    ]),
  );
  await runOn("alpha");
  for (const name of names) {
    const [one, other] = await Promise.all(
      MACHINES.map((machine) => virsh(lab, machine, `dumpxml --inactive ${name}`)),
    );
    expect(other).toBe(one);
    await countsOn(lab, "alpha", disks[name], 2);
  }
  expect(await say("alpha", "drbd-where r0")).toContain("virtual machine web: active");
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
});

test("a switch shuts both down in order, and they go on on the other side from what they had counted", async () => {
  const before = await counted("alpha");
  await configure("bravo", ["web", DB]);
  const preview = expectSuccess(await stack.preview());
  await expectPasted("switch-sides.md", "switch-machine", saidOf(preview.output, "r0"));
  expectSuccess(await stack.up());
  await wentOnAt("bravo", before);
  for (const name of names) expect(await endOf("alpha", name)).toBe("reason=shutdown");
  expect(await mountedAt(lab, "bravo", MOUNT_POINT)).toBe(`${DEVICE} xfs`);
});

test("a reboot of the Primary shuts them down before the unmount, and they go on where they were", async () => {
  const before = await counted("bravo");
  await lab.run("alpha", "dmesg --clear");
  await reboot(lab, "bravo");
  // Its journal does not outlive it: its peer has seen that the role was given up in order.
  expect(await say("alpha", "dmesg")).toMatch(/peer\( Primary -> Secondary \)/);
  for (const name of names) {
    expect(await endOf("bravo", name)).toBe("reason=shutdown");
    expect(await virsh(lab, "bravo", `dominfo ${name}`)).toMatch(/Managed save: +no/);
  }
  await wentOnAt("bravo", before);
});

test("drbd-handback shuts them down, and the other host starts them by the command that it prints", async () => {
  const before = await counted("bravo");
  const said = (await lab.run("bravo", "drbd-handback r0", { timeout: 300 })).stdout;
  for (const name of names) expect(said).toContain(`virtual machine ${name} is stopped.`);
  const [, command = "false"] = /^ {2}(systemctl start .*)$/m.exec(said) ?? [];
  await lab.run("alpha", command, { timeout: 300 });
  await wentOnAt("alpha", before);
});

test("one that a person shuts down stays off; one that a person starts is followed by its unit, over a restart of libvirt, too", async () => {
  for (const befalls of ["true", "systemctl restart libvirtd"]) {
    await lab.run("alpha", befalls);
    await virsh(lab, "alpha", "shutdown web");
    expect(await eventually(() => unitOf("alpha", "web"), "inactive", 120)).toBe("inactive");
    await lab.run("alpha", "sleep 5");
    expect([await unitOf("alpha", "web"), await virsh(lab, "alpha", "domstate web")]).toEqual(["inactive", "shut off"]);
    await virsh(lab, "alpha", "start web");
    expect(await eventually(() => unitOf("alpha", "web"), "active", 30)).toBe("active");
  }
  await runOn("alpha");
});

test("one that shuts down only when it is waited for no more is started again where its resource has stayed", async () => {
  await configure("alpha", [{ name: "web", shutdownTimeout: 15 }, DB]);
  expectSuccess(await stack.up());
  const before = await counted("alpha");
  await virsh(lab, "alpha", "suspend web");
  const run = await lab.run("alpha", "drbd-handback r0", { check: false, timeout: 300 });
  expect([run.exit, run.stderr]).toEqual([
    3,
    expect.stringContaining("The virtual machine web did not shut down in 15 s, and goes on running here"),
  ]);
  expect(run.stderr).toContain("While it is paused it hears nothing");
  expect(await unitOf("alpha", "web")).toBe("active");
  await virsh(lab, "alpha", "resume web");
  // What it was asked for while it was paused is lost (qemu 10.0). This is in the place of a guest that takes its time.
  await virsh(lab, "alpha", "shutdown web");
  // Until then its unit is active, and the guest may be off.
  const journal = () => say("alpha", "journalctl --boot --output=cat --unit=drbd-vm@web.service");
  const again = "web has shut down after all, later than it was waited for, and is started again";
  expect(await eventually(journal, new RegExp(again), 240)).toContain(again);
  expect(await eventually(() => virsh(lab, "alpha", "domstate web"), "running", 120)).toBe("running");
  await wentOnAt("alpha", before);
});

test("one that ended by itself is started again; one that does not end goes on, and only with its host it is powered off", async () => {
  const machines = [{ name: "web", shutdownTimeout: 15 }, DB];
  await virsh(lab, "alpha", "shutdown web");
  expect(await eventually(() => unitOf("alpha", "web"), "inactive", 120)).toBe("inactive");
  await makeStubborn(lab, "alpha", IMAGE);
  // It was taken there by hand: the program says so, too.
  await configure("alpha", machines);
  expect(changesOf(expectSuccess(await stack.up()))).toContain("alpha: systemctl start drbd-vm@web.service");
  const { count } = await countedOn(lab, "alpha", IMAGE);
  const before = await countsOn(lab, "alpha", IMAGE, count + 2);
  await configure("bravo", machines);
  const run = await stack.up();
  expect(run.code).not.toBe(0);
  await expectPasted("switch-sides.md", "switch-machine-hangs", saidOf(run.output, "r0"));
  expect(run.output).toContain("The virtual machine web did not shut down in 15 s, and goes on running here");
  expect(run.output).toContain("the move from alpha to bravo failed, and alpha serves it again");
  await runOn("alpha");
  expect((await countsOn(lab, "alpha", IMAGE, before.count + 4)).boots).toBe(before.boots);
  await lab.run("bravo", "dmesg --clear");
  await reboot(lab, "alpha");
  expect(await say("bravo", "dmesg")).toMatch(/peer\( Primary -> Secondary \)/);
  expect([await endOf("alpha", "web"), await endOf("alpha", "db")]).toEqual(["reason=destroyed", "reason=shutdown"]);
  await runOn("alpha");
});

test("destroy shuts them down, and they stay defined", async () => {
  await virsh(lab, "alpha", "destroy web");
  await countsOn(lab, "alpha", RAW, (await countedOn(lab, "alpha", RAW)).count);
  expectSuccess(await stack.destroy());
  expect(await endOf("alpha", "db")).toBe("reason=shutdown");
  for (const machine of MACHINES) {
    expect((await virsh(lab, machine, "list --all --name")).split("\n").sort()).toEqual(["db", "web"]);
    expect(await say(machine, "ls /etc/systemd/system/ | grep drbd-vm")).toBe("");
  }
});
