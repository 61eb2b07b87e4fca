import { resourceOf } from "../../one-volume";
import { writers } from "../../../../provider/host/text";
import * as fc from "fast-check";
import type { ObservedNode } from "../../../../provider/core/seen/observed";
import { stepsOf } from "../../../../provider/core/steps/plan";
import { planNodeTeardown } from "../../../../provider/core/decided/plans/plan-node-teardown";
import { deviceNames } from "../../../../provider/core/seen/parse-fstab";
import { planTeardown } from "../../../../provider/core/decided/plans/plan-resource-teardown";
import { shellOf } from "../../../../provider/core/steps/step-script";
import { removeFstabLine } from "../../../../provider/core/steps/fstab-steps";
import { bringUpUnits, promotionUnits } from "../../../../provider/core/steps/boot-units";
import {
  type Pair,
  allCommands,
  blankPair,
  commandsOf,
  healthyPair,
  kernelDevice,
  nodeAt,
  r0,
  progressions,
  refusalsOf,
  withFile,
  withKernel,
  withMount,
} from "../../observed-builder";

const teardown = (nodes: readonly ObservedNode[]) => planTeardown(resourceOf(r0), ["alpha", "bravo"], nodes);

const primary = (host: string) => [
  `${host}: umount /srv/data`,
  `${host}: drbdadm secondary r0`,
  `${host}: drbdadm down r0`,
];
const dropIns = ["drbd@r0.service", "drbd@r0.target", "drbd-primary-services@r0.target"];
const rest = (host: string) => [
  `${host}: systemctl disable --no-reload drbd@r0.target`,
  `${host}: systemctl stop drbd-primary-services@r0.target drbd-role@r0.service drbd-primary@r0.service drbd@r0.target`,
  `${host}: write /etc/fstab`,
  `${host}: rm -f ${dropIns.map((unit) => `/etc/systemd/system/${unit}.d/pulumi-drbd.conf`).join(" ")}`,
  `${host}: systemctl daemon-reload`,
  `${host}: rm -f /etc/pulumi-drbd/r0.conf`,
  `${host}: rm -f /etc/drbd.d/r0.res`,
  `${host}: rm -f /var/lib/pulumi-drbd/r0.last-primary`,
];

test("a healthy pair: the Primary first, unmounted, demoted, down, and what was written removed", () => {
  const plan = teardown(healthyPair());
  expect(refusalsOf(plan)).toEqual([]);
  expect(commandsOf(plan)).toEqual([
    [...primary("alpha"), ...rest("alpha")],
    ["bravo: drbdadm down r0", ...rest("bravo")],
  ]);
});

test("the Primary comes first on whichever side it is", () => {
  const [alpha, bravo] = healthyPair();
  const moved: Pair = [
    withKernel({ ...alpha, mounts: [] }, { role: "Secondary" }),
    withMount(withKernel(bravo, { role: "Primary" }), "/dev/drbd1", "/srv/data"),
  ];
  expect(commandsOf(teardown(moved)).map((stage) => stage.slice(0, 3))).toEqual([
    primary("bravo"),
    ["alpha: drbdadm down r0", ...rest("alpha").slice(0, 2)],
  ]);
});

test("what is gone already is nothing to do", () => {
  expect(teardown(blankPair())).toEqual({ subject: "r0", stages: [], refusals: [], warnings: [], afterwards: [] });
});

test("the folders that were made to mount on go last; who has the device in use is told where a step fails", () => {
  const [alpha, bravo] = healthyPair();
  const made = withFile(alpha, "/var/lib/pulumi-drbd/r0.folders", "/srv/data\n/srv\n");
  const plan = teardown([made, bravo]);
  expect(commandsOf(plan)[0]?.at(-1)).toBe("alpha: rmdir /srv/data /srv");
  const holders = stepsOf(plan).flatMap(({ argv, holdersOf }) =>
    holdersOf === undefined
      ? []
      : [`${argv[0] ?? ""} ${argv[1] ?? ""}: ${holdersOf.map((one) => one.join(" ")).join("; ")}`],
  );
  expect(holders).toEqual([
    "umount /srv/data: /dev/drbd1 /srv/data",
    "drbdadm secondary: /dev/drbd1",
    "drbdadm down: /dev/drbd1",
    "drbdadm down: /dev/drbd1",
  ]);
});

test("mounts on mounts are taken away from the top", () => {
  const alpha = withMount(nodeAt("alpha", "synced"), "/dev/drbd1", "/srv/data/inner");
  expect(commandsOf(teardown([alpha, blankPair()[1]]))[0]?.slice(0, 2)).toEqual([
    "alpha: umount /srv/data/inner",
    "alpha: umount /srv/data",
  ]);
});

test("other resources' mounts, lines and files stay", () => {
  const [, bravo] = blankPair();
  const others = withMount(
    withFile(
      withFile(bravo, "/etc/fstab", "/dev/drbd10 /a xfs defaults 0 0\n"),
      "/etc/drbd.d/r01.res",
      "resource r01 {\n}\n",
    ),
    "/dev/drbd10",
    "/a",
  );
  const linked = { ...others, links: ["/etc/systemd/system/multi-user.target.wants/drbd@xr0.target"] };
  expect(allCommands(teardown([linked, linked]))).toEqual([]);
});

test("a mark that it may be formatted goes too", () => {
  const commands = allCommands(teardown([nodeAt("alpha", "promoted"), nodeAt("bravo", "promoted")]));
  expect(commands).toContain("alpha: rm -f /var/lib/pulumi-drbd/r0.new");
});

test("a name that now runs as another minor is somebody else's", () => {
  const [alpha, bravo] = healthyPair();
  const other = withKernel(bravo, { devices: [kernelDevice("UpToDate", { minor: 7 })] });
  expect(refusalsOf(teardown([alpha, other]))).toEqual(["bravo: r0 runs there as minor 7, not 1"]);
});

test("from no state does it write to a disk, force anything, or leave the Primary for last", () => {
  const progression = fc.constantFrom(...progressions);
  fc.assert(
    fc.property(progression, progression, (first, second) => {
      const plan = teardown([nodeAt("alpha", first), nodeAt("bravo", second)]);
      for (const step of stepsOf(plan)) {
        expect([...step.argv, shellOf(step).body].join(" ")).not.toMatch(
          /--force|-md\b|mkfs|wipefs|dd |discard|\/dev\/vdb/,
        );
      }
      const commands = allCommands(plan);
      const secondary = commands.findIndex((one) => one.endsWith("drbdadm secondary r0"));
      const down = commands.findIndex((one) => one.endsWith("drbdadm down r0"));
      if (secondary >= 0) expect(secondary).toBeLessThan(down);
    }),
  );
});

test("the line that is removed is the device's own, not /dev/drbd10's", () => {
  expect(shellOf(removeFstabLine("alpha", deviceNames({ name: "r0", volume: 0, minor: 1 }), "", false)).body).toContain(
    "'/dev/drbd1 /dev/drbd/by-res/r0 /dev/drbd/by-res/r0/0'",
  );
  expect(writers).toContain('names=" $2 "');
});

describe("a host without resources", () => {
  const [alpha] = blankPair();
  const backup = "/etc/drbd.d/global_common.conf.before-pulumi-drbd";
  const [{ path, text }] = promotionUnits as [{ path: string; text: string }];
  const all = [...promotionUnits, ...bringUpUnits];
  const withUnits = all.reduce((node, unit) => withFile(node, unit.path, unit.text), alpha);

  test("gets back what was there, and keeps no unit of ours", () => {
    const kept = withFile(withUnits, backup, "global {\n}\n");
    const restore = `alpha: mv -f ${backup} /etc/drbd.d/global_common.conf`;
    expect(allCommands(planNodeTeardown("alpha", kept))).toEqual([
      restore,
      `alpha: rm -f ${all.map((unit) => unit.path).join(" ")}`,
    ]);
  });

  test("keeps the unit while another resource comes up by it, and a unit that somebody else wrote", () => {
    const links = ["/etc/systemd/system/multi-user.target.wants/drbd@r9.target"];
    expect(allCommands(planNodeTeardown("alpha", { ...withUnits, links }))).toEqual([]);
    expect(allCommands(planNodeTeardown("alpha", withFile(alpha, path, text.replace("pulumi-drbd", "me"))))).toEqual(
      [],
    );
    expect(allCommands(planNodeTeardown("alpha", alpha))).toEqual([]);
  });
});
