/** Plans as a person reads them. */
import { resourceOf } from "../one-volume";
import * as fc from "fast-check";
import { formatPlan, formatRefusals, formatStep } from "../../../provider/core/told/plan-text";
import type { Plan, Step } from "../../../provider/core/steps/plan";
import { planTeardown } from "../../../provider/core/decided/plans/plan-resource-teardown";
import {
  type Pair,
  blankPair,
  divergedGi,
  downNode,
  healthyPair,
  planOf,
  r0,
  usedGi,
  withLook,
} from "../observed-builder";

const lines = (...text: string[]): string => text.join("\n");

test("a first up", () => {
  expect(formatPlan(planOf(blankPair()))).toBe(
    lines(
      "r0: 37 steps; nothing that holds data is touched",
      "  alpha, bravo  write /etc/drbd.d/r0.res                                      new; parsed by drbdadm there first, identical on both",
      "  alpha         drbdadm create-md r0                                          /dev/vdb (320 MiB, serial 0001) is blank",
      "  bravo         drbdadm create-md r0                                          /dev/vdb (320 MiB, serial 0002) is blank",
      "  alpha         drbdadm up r0                                                 attaches the disk and looks for the peer",
      "  alpha         modprobe xfs                                                  the kernel must be able to mount xfs",
      "  alpha, bravo  write /etc/pulumi-drbd/r0.conf                                for drbd-where, drbd-takeover, drbd-handback there",
      "  alpha, bravo  write /etc/systemd/system/drbd-primary@.service               has it mounted and its services started where it was Primary last, after a boot",
      "  alpha, bravo  write /etc/systemd/system/drbd-primary@.target                has it mounted and its services started where it was Primary last, after a boot",
      "  alpha, bravo  write /etc/systemd/system/drbd-primary-services@.target       has it mounted and its services started where it was Primary last, after a boot",
      "  alpha, bravo  write /etc/systemd/system/drbd-role@.service                  has it mounted and its services started where it was Primary last, after a boot",
      "  alpha, bravo  write /etc/systemd/system/drbd-primary-services@r0.target.d/pulumi-drbd.conf  what is mounted and started where it is Primary",
      "  alpha, bravo  write /var/lib/pulumi-drbd/r0.last-primary                    alpha: where a boot of both makes it Primary",
      "  alpha, bravo  write /etc/fstab                                              /srv/data noauto: mounted where r0 is Primary",
      "  bravo         drbdadm up r0                                                 attaches the disk and looks for the peer",
      "  alpha, bravo  write /etc/systemd/system/drbd@r0.service.d/pulumi-drbd.conf  a boot brings it up once its address and its disk are there",
      "  alpha, bravo  write /etc/systemd/system/drbd@r0.target.d/pulumi-drbd.conf   a boot brings it up once its address and its disk are there",
      "  alpha, bravo  systemctl enable --no-reload drbd@r0.target                   brings the resource up after a reboot, without waiting for the peer",
      "  alpha, bravo  systemctl start drbd-role@r0.service                          as after a boot: notes who is Primary, whoever makes it so, and has a shutdown demote it in order",
      "  alpha, bravo  systemctl daemon-reload                                       reads fstab and the units, in the background",
      "  alpha         drbdadm primary --force r0                                    sync source; both sides never used. The first sync overwrites bravo:/dev/vdb (blank)",
      "  alpha         mkfs.xfs -L data /dev/drbd1                                   blank, never formatted",
      "  alpha         systemctl start drbd-primary@r0.service                       so that a shutdown unmounts and demotes it in order",
      "  alpha         mount /srv/data                                               by its line in fstab",
      "  then: wait for the initial sync, at most 3600 s",
    ),
  );
});

test("a protocol change", () => {
  const change = { exit: 0, output: "drbdsetup-84 net-options a b --set-defaults --protocol=A\n" };
  const [alpha, bravo] = healthyPair();
  const nodes: Pair = [withLook(alpha, { change }), withLook(bravo, { change })];
  expect(formatPlan(planOf(nodes, { desired: { ...r0, protocol: "A" } }))).toBe(
    lines(
      "r0: 4 steps; nothing that holds data is touched",
      "  alpha, bravo  write /etc/drbd.d/r0.res  changed (see --diff); parsed by drbdadm there first, identical on both",
      "  alpha         drbdadm adjust r0         protocol C → protocol A",
      "  bravo         drbdadm adjust r0         protocol C → protocol A",
    ),
  );
});

test("nothing to do", () => {
  expect(formatPlan(planOf(healthyPair()))).toBe("r0: nothing to do");
});

test("a refusal, with what to type", () => {
  expect(formatPlan(planOf([downNode("alpha", usedGi), downNode("bravo", divergedGi)]))).toBe(
    lines(
      "r0: refused; nothing was changed",
      "  split brain: alpha and bravo both hold changes that the other has not seen (generation identifiers: alpha F2099469C0D6C688:0000000000000000:2F6CB04648729E94:2F6BB04648729E94, bravo 718431164AB65DE2:0000000000000000:2F6CB04648729E94:2F6BB04648729E94). Which changes are given up is for a person to decide. To give up bravo's: on bravo, `drbdadm up r0 && drbdadm disconnect r0 && drbdadm connect --discard-my-data r0`; then on alpha, `drbdadm up r0`. To give up alpha's: on alpha, `drbdadm up r0 && drbdadm disconnect r0 && drbdadm connect --discard-my-data r0`; then on bravo, `drbdadm up r0`.",
    ),
  );
});

test("several refusals", () => {
  const missing = (node: Pair[0]) => withLook(node, { disk: { kind: "missing" } });
  const [alpha, bravo] = blankPair();
  expect(formatPlan(planOf([missing(alpha), missing(bravo)]))).toBe(
    lines(
      "r0: refused, for 2 reasons; nothing was changed",
      "  alpha: there is no /dev/vdb. Name the disk to use; its disks are /dev/vda, /dev/vdb.",
      "  bravo: there is no /dev/vdb. Name the disk to use; its disks are /dev/vda, /dev/vdb.",
    ),
  );
});

test("a refusal after steps of the same run says which ran, and that what was found came after them", () => {
  const [alpha, bravo] = blankPair();
  const refused = planOf([withLook(alpha, { disk: { kind: "missing" } }), bravo]);
  const ran = (node: string, ...words: string[]): Step => ({ node, argv: words, because: "", timeoutSeconds: 1 });
  const said = formatRefusals(refused, [
    ran("alpha", "drbdadm", "up", "r0"),
    ran("bravo", "drbdadm", "create-md", "r0"),
    ran("bravo", "mount", "/srv/a b"),
  ]);
  expect(said.split("\n")[0]).toBe(
    "r0: refused, after 1 step on alpha (`drbdadm up r0`) and 2 steps on bravo (the last: `mount '/srv/a b'`). Found then, and nothing more was changed:",
  );
});

test("a teardown says for each step that data stays", () => {
  const [first, second, third, fourth] = formatPlan(
    planTeardown(resourceOf(r0), ["alpha", "bravo"], healthyPair()),
  ).split("\n");
  expect([first, second, third, fourth]).toEqual([
    "r0: 20 steps; nothing that holds data is touched",
    "  alpha  umount /srv/data                                              the device goes; the data stays on the disk",
    "  alpha  drbdadm secondary r0                                          fails while something still uses it",
    "  alpha  drbdadm down r0                                               detaches the disk; data and metadata stay on it",
  ]);
});

const step = (node: string, argv: string[], more: Partial<Step> = {}): Step => ({
  node,
  argv,
  because: "why",
  timeoutSeconds: 1,
  ...more,
});
const plan = (stages: Step[][], more: Partial<Plan> = {}): Plan => ({
  subject: "r0",
  stages,
  refusals: [],
  warnings: [],
  afterwards: [],
  ...more,
});

test("what is destroyed stands in the first line and on its own", () => {
  const wipe = step("alpha", ["wipefs", "-a", "/dev/vdb"], { destroys: "xfs:1f0c on alpha:/dev/vdb" });
  expect(formatPlan(plan([[wipe]], { warnings: ["the disks differ"], afterwards: ["wait"] }))).toBe(
    lines(
      "r0: 1 step; DESTROYS xfs:1f0c on alpha:/dev/vdb",
      "  alpha  wipefs -a /dev/vdb  why. DESTROYS xfs:1f0c on alpha:/dev/vdb",
      "  then: wait",
      "  warning: the disks differ",
    ),
  );
});

test("a command that is very long does not push the others' reasons out of sight", () => {
  const long = step("alpha", ["mkfs.xfs", "x".repeat(90)]);
  const [, first, second] = formatPlan(plan([[step("alpha", ["up"]), long]])).split("\n");
  expect(first).toBe(`  alpha  ${"up".padEnd(60)}  why`);
  expect(second).toBe(`  alpha  mkfs.xfs ${"x".repeat(90)}  why`);
});

test("one step in a line, quoted as it would be typed", () => {
  expect(formatStep(step("alpha", ["mount", "/srv/my data"]))).toBe("alpha: mount '/srv/my data' (why)");
});

test("whatever is put together, each host's commands are told whole and in their order, and stages do not mix", () => {
  const node = fc.constantFrom("alpha", "bravo", "carol");
  const stage = fc.array(fc.tuple(node, fc.constantFrom("a", "b", "c")), { maxLength: 8 });
  fc.assert(
    fc.property(fc.array(stage, { maxLength: 3 }), (drawn) => {
      const numbered = drawn.map((steps, index) => steps.map(([host, word]) => step(host, [`${word}${index}`])));
      const told = formatPlan(plan(numbered))
        .split("\n")
        .slice(1)
        .map((line) => line.trim().split(/ {2,}/));
      for (const host of ["alpha", "bravo", "carol"]) {
        const own = told.filter(([hosts]) => hosts?.split(", ").includes(host)).map(([, command]) => command);
        expect(own).toEqual(
          numbered
            .flat()
            .filter((one) => one.node === host)
            .map(({ argv }) => argv[0]),
        );
      }
      const stages = told.map(([, command]) => Number(command?.at(-1)));
      expect(stages).toEqual([...stages].sort((a, b) => a - b));
    }),
  );
});
