/** Services that run with a resource: what is written for them, when they are started, and what stops a plan. */
import { planTeardown } from "../../../../provider/core/decided/plans/plan-resource-teardown";
import { claimsOf } from "../../../../provider/core/decided/hosts/claims";
import { claimFailures } from "../../../../provider/core/decided/hosts/claim-refusals";
import { isSettled } from "../../../../provider/core/decided/plans/settled";
import type { ObservedNode, ServiceSeen } from "../../../../provider/core/seen/observed";
import { bringUpDropIns, servedDropIns, serviceDropIns } from "../../../../provider/core/steps/boot-units";
import { actionsOf, stepsOf } from "../../../../provider/core/steps/plan";
import { resourceOf, type OneVolume } from "../../one-volume";
import {
  allCommands,
  blankPair,
  configurationOf,
  healthyPair,
  planOf,
  r0,
  refusalsOf,
  withFile,
  withKernel,
  type Pair,
} from "../../observed-builder";

const desired: OneVolume = { ...r0, services: ["db.service", "web@1.service"] };
const raw: OneVolume = { ...desired, filesystem: undefined };
const seen = (node: ObservedNode, active: string, change: Partial<ServiceSeen> = {}): ObservedNode => ({
  ...node,
  services: new Map(desired.services.map((name) => [name, { load: "loaded", active, ends: false, ...change }])),
});
const pair = (active: string, of: OneVolume = desired): Pair => {
  const [alpha, bravo] = healthyPair(of);
  return [seen(alpha, active), seen(bravo, "inactive")];
};
const dropIn = (unit: string) => `/etc/systemd/system/${unit}.d/pulumi-drbd-r0.conf`;

test("all is as it is wanted: nothing to do", () => {
  expect(allCommands(planOf(pair("active"), { desired }))).toEqual([]);
  expect(allCommands(planOf(pair("activating"), { desired }))).toEqual([]);
});

test.each(["inactive", "failed", "deactivating"])("%s where it is mounted: started there, in their order", (active) => {
  const plan = planOf(pair(active), { desired });
  expect(allCommands(plan)).toEqual(["alpha: systemctl start db.service", "alpha: systemctl start web@1.service"]);
  // A stop of the resource's target then stops them.
  expect(actionsOf(stepsOf(plan)[0]!)).toEqual([
    { kind: "start-service", unit: "db.service" },
    { kind: "run", argv: ["systemctl", "start", "--job-mode=ignore-dependencies", "drbd-primary-services@r0.target"] },
  ]);
});

test("one that ends by itself is started by what mounts, and by no later run", () => {
  const [alpha, bravo] = pair("inactive");
  const ends: Pair = [seen(alpha, "inactive", { ends: true }), bravo];
  expect(allCommands(planOf(ends, { desired }))).toEqual([]);
  const unmounted: Pair = [{ ...ends[0], mounts: [] }, bravo];
  expect(allCommands(planOf(unmounted, { desired })).slice(-3)).toEqual([
    "alpha: mount /srv/data",
    "alpha: systemctl start db.service",
    "alpha: systemctl start web@1.service",
  ]);
});

test("a first up writes what stands beside them on both hosts, and starts them behind the mount", () => {
  const [alpha, bravo] = blankPair();
  const commands = allCommands(planOf([seen(alpha, "inactive"), seen(bravo, "inactive")], { desired }));
  for (const host of ["alpha", "bravo"])
    for (const unit of desired.services) expect(commands).toContain(`${host}: write ${dropIn(unit)}`);
  expect(commands.slice(-3)).toEqual([
    "alpha: mount /srv/data",
    "alpha: systemctl start db.service",
    "alpha: systemctl start web@1.service",
  ]);
});

test("what is written beside a service is read before it is started", () => {
  const [alpha, bravo] = pair("inactive");
  const plan = planOf([withFile(alpha, dropIn("db.service"), undefined), bravo], { desired });
  expect(allCommands(plan)).toEqual([
    `alpha: write ${dropIn("db.service")}`,
    "alpha: systemctl daemon-reload",
    "alpha: systemctl start db.service",
    "alpha: systemctl start web@1.service",
  ]);
  expect(actionsOf(stepsOf(plan)[1]!)).toEqual([{ kind: "run", argv: ["systemctl", "daemon-reload"] }]);
});

test("one that is not in the list any more: its file goes, and it is not stopped", () => {
  const fewer = { ...desired, services: ["web@1.service"] };
  const commands = allCommands(planOf(pair("active"), { desired: fewer }));
  expect(commands.filter((one) => /stop/.test(one))).toEqual([]);
  for (const host of ["alpha", "bravo"]) expect(commands).toContain(`${host}: rm -f ${dropIn("db.service")}`);
  const [why] = stepsOf(planOf(pair("active"), { desired: fewer })).filter(({ argv }) => argv[0] === "rm");
  expect(why?.because).toBe("db.service is not in `services` any more; what of it runs is left running");
});

describe("without a mount point", () => {
  test("they run where it is Primary", () => {
    expect(allCommands(planOf(pair("inactive", raw), { desired: raw }))).toEqual([
      "alpha: systemctl start db.service",
      "alpha: systemctl start web@1.service",
    ]);
    expect(allCommands(planOf(pair("active", raw), { desired: raw }))).toEqual([]);
  });

  test("where nobody is Primary, the sync source becomes it", () => {
    const [alpha, bravo] = pair("inactive", raw);
    const links = alpha.links.filter((link) => !link.includes("drbd-primary@"));
    const nobody: Pair = [
      { ...withKernel(alpha, { role: "Secondary", peerRole: "Secondary" }), links },
      withKernel(bravo, { peerRole: "Secondary" }),
    ];
    expect(allCommands(planOf(nobody, { desired: raw }))).toEqual([
      "alpha: drbdadm primary r0",
      "alpha: systemctl start drbd-primary@r0.service",
      "alpha: systemctl start db.service",
      "alpha: systemctl start web@1.service",
    ]);
  });

  test("each is skipped where it is not Primary, and with one where it is not mounted, and none pulls that in", () => {
    const [bare] = serviceDropIns(resourceOf(raw));
    expect(bare?.text).toMatch(
      /^ConditionPathIsSymbolicLink=\/run\/systemd\/units\/invocation:drbd-primary@r0\.service$/m,
    );
    const [mounted] = serviceDropIns(resourceOf(desired));
    expect(mounted?.text).toBe(`# Managed by pulumi-drbd.
[Unit]
ConditionPathIsMountPoint=/srv/data
After=drbd-primary@r0.service
PartOf=drbd-primary@r0.service
After=srv-data.mount
PartOf=srv-data.mount
PartOf=drbd-primary-services@r0.target
`);
    for (const one of [bare, mounted]) expect(one?.text).not.toMatch(/^(Requires|Requisite|Wants|BindsTo)=/m);
  });
});

test("the resource's target has what is mounted and started with it", () => {
  expect(servedDropIns(resourceOf(desired))).toEqual([
    {
      path: "/etc/systemd/system/drbd-primary-services@r0.target.d/pulumi-drbd.conf",
      text: `# Managed by pulumi-drbd.
[Unit]
Wants=srv-data.mount
After=srv-data.mount
Wants=db.service
After=db.service
Wants=web@1.service
After=web@1.service
`,
    },
  ]);
  expect(servedDropIns(resourceOf({ ...r0, filesystem: undefined }))).toEqual([]);
});

test("what a boot waits for: the host's own address and disks, quoted as systemd reads them; no target waits with it", () => {
  const [first, second] = r0.sides;
  const odd = {
    ...desired,
    sides: [{ ...first, address: "fd00::31", disk: '/dev/a b"%$\\c', metaDisk: "/dev/vdc" }, second] as const,
  };
  const [service, target] = bringUpDropIns(resourceOf(odd), "alpha", true);
  expect(service?.path).toBe("/etc/systemd/system/drbd@r0.service.d/pulumi-drbd.conf");
  const words = '"fd00::31" "fd000000000000000000000000000031" "/dev/a b\\"%%$$\\\\c" "/dev/vdc"';
  expect(service?.text).toContain(`' %I ${words}\nTimeoutStartSec=infinity\n`);
  expect(target?.text).toMatch(/^DefaultDependencies=no$/m);
  expect(target?.text).toMatch(/^Wants=drbd-role@r0\.service$/m);
  // A tool that is passed over may promote what nothing of ours runs with.
  expect(bringUpDropIns(resourceOf(odd), "alpha", false)[1]?.text).not.toContain("drbd-role@");
  expect(bringUpDropIns(resourceOf(odd), "bravo", true)[0]?.text).toContain(`' %I "10.1.1.32" "" "/dev/vdb"\n`);
});

test.each([
  ["not-found", "bravo: systemd has no unit db.service"],
  ["masked", "bravo: db.service is masked, so that nothing can start it"],
  ["bad-setting", "bravo: systemd cannot use db.service (bad-setting)"],
])("%s on one host: refused", (load, found) => {
  const [alpha, bravo] = pair("active");
  const services = new Map([...(bravo.services ?? []), ["db.service", { load, active: "inactive", ends: false }]]);
  expect(refusalsOf(planOf([alpha, { ...bravo, services }], { desired }))).toEqual([found]);
});

test("one service stops with one resource", () => {
  const other = resourceOf({
    ...desired,
    name: "r1",
    minor: 2,
    port: 7790,
    sides: [
      { ...r0.sides[0], disk: "/dev/vdd" },
      { ...r0.sides[1], disk: "/dev/vdd" },
    ],
    services: ["db.service"],
  });
  const failures = claimFailures(resourceOf(desired), "urn:r0", new Map([["urn:r1", claimsOf(other)]]));
  expect(failures).toEqual([
    {
      property: "services",
      reason: "the service db.service belongs to the resource r1 on bravo already: each needs one of its own",
    },
  ]);
});

test("a look that did not ask for the services settles nothing", () => {
  const [alpha] = pair("active");
  const settled = (node: ObservedNode) =>
    isSettled(resourceOf(desired), "alpha", configurationOf(desired), undefined, node);
  expect([settled(alpha), settled({ ...alpha, services: undefined })]).toEqual([true, false]);
});

test("a teardown stops them before the unmount, and what stood beside them goes", () => {
  const commands = allCommands(planTeardown(resourceOf(desired), ["alpha", "bravo"], pair("active")));
  expect(commands.slice(0, 2)).toEqual(["alpha: systemctl stop db.service web@1.service", "alpha: umount /srv/data"]);
  for (const host of ["alpha", "bravo"])
    expect(commands.filter((one) => one.startsWith(`${host}: rm -f /etc/systemd`)).join()).toContain(
      dropIn("db.service"),
    );
  expect(commands.filter((one) => one.startsWith("bravo: systemctl stop db"))).toEqual([]);
});
