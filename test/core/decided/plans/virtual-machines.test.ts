/** Virtual machines that run with a resource: what is written and defined for them, when they start, and how they end. */
import { claimFailures } from "../../../../provider/core/decided/hosts/claim-refusals";
import { claimsOf } from "../../../../provider/core/decided/hosts/claims";
import { planTeardown } from "../../../../provider/core/decided/plans/plan-resource-teardown";
import { isSettled } from "../../../../provider/core/decided/plans/settled";
import type { ObservedNode, VirtualMachineSeen } from "../../../../provider/core/seen/observed";
import {
  activeLink,
  bringUpDropIns,
  serviceDropIns,
  virtualMachineUnits,
} from "../../../../provider/core/steps/boot-units";
import { actionsOf, stepsOf } from "../../../../provider/core/steps/plan";
import { resourceOf, type OneVolume } from "../../one-volume";
import {
  allCommands,
  configurationOf,
  healthyPair,
  planOf,
  r0,
  remembered,
  withFile,
  type Given,
  type Pair,
} from "../../observed-builder";

const uuid = "7393600d-6337-41ef-bc49-ddf8b4032522";
const withoutUuid = `<domain type='kvm'><name>web</name><devices/></domain>`;
const definition = withoutUuid.replace("<name>", `<uuid>${uuid}</uuid><name>`);
const off: VirtualMachineSeen = {
  isDefined: true,
  state: "shut off",
  isPersistent: true,
  startsItself: false,
  hasManagedSave: false,
  definition,
  digest: "0123",
  hasSecrets: false,
  places: new Map(),
  behind: new Map(),
  unread: new Map(),
};
const missing: VirtualMachineSeen = { ...off, isDefined: false, state: "", definition: "" };

const unit = "drbd-vm@web.service";
const machine = { name: "web", shutdownTimeout: 300 };
const desired: OneVolume = { ...r0, services: ["db.service", unit], virtualMachines: [machine] };
const given: OneVolume = { ...desired, virtualMachines: [{ ...machine, xml: withoutUuid }] };
const note = "/var/lib/pulumi-drbd/web.machine";

const follower = "drbd-vm-starts@r0.service";
const having = (node: ObservedNode, active: string, seen: VirtualMachineSeen): ObservedNode => ({
  ...virtualMachineUnits.reduce((known, { path, text }) => withFile(known, path, text), node),
  links: [...node.links, activeLink(follower)],
  services: new Map([
    ["db.service", { load: "loaded", active, ends: false }],
    [unit, { load: "loaded", active, ends: false }],
  ]),
  virtualMachines: { machines: new Map([["web", seen]]) },
});
/** It runs on alpha. */
function pair(alpha: Partial<VirtualMachineSeen> = {}, bravo: Partial<VirtualMachineSeen> = {}, of = desired): Pair {
  const [one, other] = healthyPair(of);
  return [
    having(one, "active", { ...off, state: "running", ...alpha }),
    having(other, "inactive", { ...off, ...bravo }),
  ];
}
const run = (nodes: Pair, of = desired) => allCommands(planOf(nodes, { desired: of }));

test("all is as it is wanted: nothing to do", () => {
  expect(run(pair())).toEqual([]);
});

test("where it is not defined, it is defined as on the other host", () => {
  const plan = planOf(pair({}, missing), { desired });
  expect(allCommands(plan)).toEqual(["bravo: virsh define web"]);
  const [step] = stepsOf(plan);
  expect(step?.because).toBe("as it is on alpha");
  expect(actionsOf(step!)).toEqual([{ kind: "define-machine", name: "web", text: `${definition}\n` }]);
});

test("libvirt starts it no more by itself", () => {
  expect(run(pair({ startsItself: true }))).toEqual(["alpha: virsh autostart --disable --domain web"]);
});

describe("with `xml`", () => {
  const kept = (node: ObservedNode, text: string) => withFile(node, note, text);
  const wanted = `${definition}\n`;

  test("it is defined on both, with the uuid that one of them has", () => {
    const plan = planOf(pair({}, missing, given), { desired: given });
    expect(allCommands(plan)).toEqual(["alpha: virsh define web", "bravo: virsh define web"]);
    for (const step of stepsOf(plan))
      expect(actionsOf(step)).toEqual([{ kind: "define-machine", name: "web", text: wanted, keptIn: note }]);
    expect(stepsOf(plan).map(({ because }) => because)).toEqual([
      "its `xml`, which differs from what is there; it runs, and this counts from its next start",
      "its `xml`",
    ]);
  });

  test("without any, both get one and the same, in every run", () => {
    const texts = [1, 2].flatMap(() =>
      stepsOf(planOf(pair(missing, missing, given), { desired: given }))
        .flatMap(actionsOf)
        .flatMap((action) => (action.kind === "define-machine" ? [action.text] : [])),
    );
    expect(texts).toHaveLength(4);
    expect(new Set(texts).size).toBe(1);
    expect(texts[0]).toMatch(/<uuid>[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}<\/uuid><name>/);
  });

  test("once both have it from us, nothing; what somebody has changed since is defined again", () => {
    const [alpha, bravo] = pair({}, {}, given);
    const [one, other] = [kept(alpha, `0123\n${wanted}`), kept(bravo, `0123\n${wanted}`)];
    expect(run([one, other], given)).toEqual([]);
    expect(run([one, kept(other, `4567\n${wanted}`)], given)).toEqual(["bravo: virsh define web"]);
    const another: OneVolume = { ...given, virtualMachines: [{ ...machine, xml: withoutUuid.replace("kvm", "qemu") }] };
    expect(run([one, other], another)).toEqual(["alpha: virsh define web", "bravo: virsh define web"]);
  });
});

test("the unit of each, and what stands beside it, are read before it is started", () => {
  const [alpha, bravo] = pair({ state: "shut off" });
  const bare = virtualMachineUnits.reduce(
    (known, { path }) => withFile(known, path, undefined),
    having(alpha, "inactive", off),
  );
  expect(run([bare, bravo])).toEqual([
    "alpha: write /etc/systemd/system/drbd-vm@.service",
    "alpha: write /etc/systemd/system/drbd-vm-starts@.service",
    "alpha: systemctl daemon-reload",
    "alpha: systemctl start db.service",
    "alpha: systemctl start drbd-vm@web.service",
  ]);
  const [, beside] = serviceDropIns(resourceOf(desired));
  expect(beside?.path).toBe("/etc/systemd/system/drbd-vm@web.service.d/pulumi-drbd-r0.conf");
  expect(beside?.text).toContain(
    "\nAfter=db.service\n\n[Service]\nEnvironment=shutdown_timeout=300\nTimeoutStopSec=420\n",
  );
  expect(beside?.text).toContain("\nConditionPathIsMountPoint=/srv/data\n");
});

describe("one that a person starts", () => {
  const without = (node: ObservedNode, ...units: readonly string[]): ObservedNode => ({
    ...node,
    links: node.links.filter((link) => !units.map(activeLink).includes(link)),
  });

  test("is followed by its unit from a boot on, and from the next `up` on, on both hosts", () => {
    const [, target] = bringUpDropIns(resourceOf(desired), "alpha", true);
    expect(target?.text).toContain(`\nWants=${follower}\n`);
    const [alpha, bravo] = pair();
    const plan = planOf([without(alpha, follower), bravo], { desired });
    expect(allCommands(plan)).toEqual([`alpha: systemctl start ${follower}`]);
    expect(stepsOf(plan)[0]?.because).toContain("started by hand is shut down in order, too");
  });

  test("is followed no more once the resource has no machine", () => {
    const fewer: OneVolume = { ...r0, services: ["db.service"] };
    expect(bringUpDropIns(resourceOf(fewer), "alpha", true)[1]?.text).not.toContain("drbd-vm-starts@");
    const [alpha, bravo] = pair();
    const plan = planOf([alpha, without(bravo, follower)], { desired: fewer });
    expect(allCommands(plan).filter((one) => one.includes("drbd-vm-starts@"))).toEqual([
      `alpha: systemctl stop ${follower}`,
    ]);
    expect(stepsOf(plan).map(({ because }) => because)).toContain("nothing of libvirt runs with it any more");
  });
});

const onBravo: OneVolume = { ...desired, primary: "bravo" };
const toBravo: Given = { desired: onBravo, switchTo: "bravo", memory: remembered };

test("a move shuts it down first, and its unit is stopped only behind that", () => {
  const plan = planOf(pair({}, {}, onBravo), toBravo);
  expect(allCommands(plan)).toEqual([
    "alpha: virsh shutdown web",
    "alpha: systemctl stop db.service",
    "alpha: umount /srv/data",
    "alpha: drbdadm secondary r0",
    "bravo: drbdadm primary r0",
    "bravo: systemctl start drbd-primary@r0.service",
    "bravo: mount /srv/data",
    "bravo: systemctl start db.service",
    "bravo: systemctl start drbd-vm@web.service",
    "alpha: systemctl stop drbd-primary@r0.service",
  ]);
  const [first] = stepsOf(plan);
  expect(first?.because).toBe("r0 moves to bravo; it has 300 s");
  expect(first?.guard).toEqual([["peer_is_whole", "r0"]]);
  expect(actionsOf(first!)).toEqual([
    { kind: "shut-down", name: "web", seconds: 300 },
    { kind: "run", argv: ["systemctl", "stop", unit] },
  ]);
  expect(first!.timeoutSeconds).toBeGreaterThan(300);
});

test("one that a person has started beside its unit is shut down, too; one that is off is not", () => {
  const [alpha, bravo] = pair({}, {}, onBravo);
  const byHand = having(alpha, "inactive", { ...off, state: "running" });
  expect(allCommands(planOf([byHand, bravo], toBravo))[0]).toBe("alpha: virsh shutdown web");
  const idle = having(alpha, "inactive", off);
  expect(allCommands(planOf([idle, bravo], toBravo))[0]).toBe("alpha: umount /srv/data");
});

test("destroy: it is shut down first, and our files go; nothing undefines it or pulls its plug", () => {
  const nodes = pair().map((node) => withFile(node, note, `0123\n${definition}\n`));
  const plan = planTeardown(resourceOf(desired), ["alpha", "bravo"], nodes);
  const commands = allCommands(plan);
  expect(commands.slice(0, 3)).toEqual([
    "alpha: virsh shutdown web",
    "alpha: systemctl stop db.service",
    "alpha: umount /srv/data",
  ]);
  expect(stepsOf(plan)[0]?.because).toBe("before it is unmounted; it stays defined; it has 300 s");
  for (const host of ["alpha", "bravo"]) {
    expect(commands.join("\n")).toMatch(new RegExp(`${host}: rm .*drbd-vm@web\\.service\\.d/pulumi-drbd-r0\\.conf`));
    expect(commands).toContain(`${host}: rm -f ${note}`);
  }
  expect(commands.filter((one) => /virsh (undefine|destroy)/.test(one))).toEqual([]);
});

test("one that is not in the list any more: its files go, and it runs on", () => {
  const fewer: OneVolume = { ...r0, services: ["db.service"] };
  const [alpha, bravo] = pair();
  const plan = planOf([withFile(alpha, note, "0123\n"), bravo], { desired: fewer });
  expect(allCommands(plan)).toEqual(
    expect.arrayContaining([
      "alpha: rm -f /etc/systemd/system/drbd-vm@web.service.d/pulumi-drbd-r0.conf",
      `alpha: rm -f ${note}`,
    ]),
  );
  expect(allCommands(plan).filter((one) => /virsh|systemctl stop drbd-vm@/.test(one))).toEqual([]);
  const [why] = stepsOf(plan).filter(({ argv }) => argv.join(" ").includes("drbd-vm@web"));
  expect(why?.because).toBe(
    "virtual machine web is not in `virtualMachines` any more; what of it runs is left running",
  );
});

test("a machine runs with one resource", () => {
  const other = resourceOf({ ...r0, name: "r1", minor: 2, port: 7790, services: [unit] });
  const failures = claimFailures(resourceOf(desired), "urn:r0", new Map([["urn:r1", claimsOf(other)]]));
  expect(failures).toContainEqual({
    property: "virtualMachines",
    reason: expect.stringContaining("the virtual machine web belongs to the resource r1") as string,
  });
});

test("what is not known of it is looked at", () => {
  const [alpha] = pair();
  const settled = (node: ObservedNode) =>
    isSettled(resourceOf(desired), "alpha", configurationOf(desired), undefined, node);
  expect(settled(alpha)).toBe(true);
  expect(settled({ ...alpha, virtualMachines: undefined })).toBe(false);
});
