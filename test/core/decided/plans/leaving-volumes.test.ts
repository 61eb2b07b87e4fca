/** A volume that the program describes no more: taken out of use in order, or refused. Its disks are never written to. */
import { volumePairs, type DesiredResource, type DesiredVolume } from "../../../../provider/core/wanted/desired";
import type { ObservedNode } from "../../../../provider/core/seen/observed";
import { planResource } from "../../../../provider/core/decided/plans/plan-resource";
import { renderResource } from "../../../../provider/core/config/render-configuration";
import { fstabLine } from "../../../../provider/core/steps/fstab-steps";
import { stepsOf } from "../../../../provider/core/steps/plan";
import { resourceOf } from "../../one-volume";
import {
  allCommands,
  commandsOf,
  healthyPair,
  kernelDevice,
  type Pair,
  r0,
  refusalsOf,
  withBlock,
  withFile,
  withKernel,
  withMount,
  xfs,
} from "../../observed-builder";

const logs = { ...xfs, label: "logs", mountPoint: "/srv/logs" };
const one = resourceOf(r0);
const second: DesiredVolume = {
  number: 1,
  places: [
    { minor: 2, disk: "/dev/vdc", metaDisk: "internal" },
    { minor: 5, disk: "/dev/vdd", metaDisk: "/dev/vde" },
  ],
  filesystem: logs,
};
const two: DesiredResource = { ...one, volumes: [one.volumes[0], second] };
const text = renderResource(two, "8.4");
const path = "/etc/drbd.d/r0.res";

type Change = (node: ObservedNode) => ObservedNode;
const minorOf = ({ hostname }: ObservedNode) => (hostname === "alpha" ? 2 : 5);
const on =
  (hostname: string, change: Change): Change =>
  (node) =>
    node.hostname === hostname ? change(node) : node;

/** Both volumes in use on alpha, with all that our plan left there, and the program without the second. */
function using(...changes: readonly Change[]): Pair {
  const begun: Change = (node) => {
    const isHome = node.hostname === "alpha";
    const role = isHome ? "Primary" : "Secondary";
    const line = fstabLine(volumePairs(two)[1]!, node.hostname, logs, "/srv/logs");
    const devices = [
      kernelDevice("UpToDate", { role }),
      kernelDevice("UpToDate", { volume: 1, minor: minorOf(node), role }),
    ];
    const lines = `drbdsetup-84 detach ${minorOf(node)}\ndrbdsetup-84 del-minor ${minorOf(node)}\n`;
    const written = withFile(
      withFile(withFile(node, path, text), "/etc/fstab", `${node.files.get("/etc/fstab") ?? ""}${line}\n`),
      "/var/lib/pulumi-drbd/r0.folders",
      "/srv/data\n/srv/logs\n",
    );
    const running = { ...withKernel(written, { devices }), adjust: { exit: 0, output: lines } };
    return isHome ? withMount(running, "/dev/drbd2", "/srv/logs") : running;
  };
  const [alpha, bravo] = healthyPair();
  const all: Change = (node) => [begun, ...changes].reduce((seen, change) => change(seen), node);
  return [all(alpha), all(bravo)];
}

const planFor = (nodes: Pair, desired: DesiredResource = one, grammar: "8.4" | "9" = "8.4") =>
  planResource({
    desired,
    configuration: renderResource(desired, grammar),
    nodes,
    memory: new Map(),
    preview: false,
  });

/** As a run leaves it that was stopped in the middle. */
const withoutMinor: Change = (node) => withKernel(node, { devices: [kernelDevice("UpToDate", { role: "Secondary" })] });
const unmounted: Change = (node) => ({ ...node, mounts: node.mounts.filter(({ target }) => target !== "/srv/logs") });

test("unmounted, demoted, out of fstab, then detached where it is Secondary and where it was Primary, then the files", () => {
  const plan = planFor(using());
  expect(refusalsOf(plan)).toEqual([]);
  expect(commandsOf(plan)).toEqual([
    ["alpha: umount /srv/logs", "alpha: drbdadm secondary r0/1"],
    [
      "alpha: write /etc/fstab",
      "alpha: systemctl daemon-reload",
      "alpha: rmdir /srv/logs",
      "bravo: write /etc/fstab",
      "bravo: systemctl daemon-reload",
      "bravo: rmdir /srv/logs",
    ],
    ["bravo: drbdsetup detach 5", "bravo: drbdsetup del-minor 5"],
    ["alpha: drbdsetup detach 2", "alpha: drbdsetup del-minor 2"],
    expect.arrayContaining([`alpha: write ${path}`, `bravo: write ${path}`]),
  ]);
  expect(stepsOf(plan).filter(({ destroys }) => destroys !== undefined)).toEqual([]);
  // Between the look and the step somebody may have opened it.
  const guards = stepsOf(plan).flatMap(({ argv, guard }) => (argv[1] === "detach" ? [guard] : []));
  expect(guards).toEqual([[["nobody_holds", "/dev/drbd5"]], [["nobody_holds", "/dev/drbd2"]]]);
});

test("the plan says where the data stays, and which copy of it is not whole", () => {
  expect(planFor(using()).warnings.join()).toContain(
    "r0/1 is taken out of use. Its data and metadata stay on alpha:/dev/vdc and bravo:/dev/vdd with its metadata on /dev/vde: described in `volumes` again, it goes on with them",
  );
  const behind = on("bravo", (node) =>
    withKernel(node, { devices: [kernelDevice("UpToDate"), kernelDevice("Inconsistent", { volume: 1, minor: 5 })] }),
  );
  expect(planFor(using(behind)).warnings.join()).toContain("on /dev/vde (Inconsistent)");
});

test("stopped half-way: the next plan goes on from there", () => {
  const commands = allCommands(planFor(using(unmounted, on("bravo", withoutMinor))));
  expect(commands.filter((command) => /umount|drbdsetup/.test(command))).toEqual([
    "alpha: drbdsetup detach 2",
    "alpha: drbdsetup del-minor 2",
  ]);
  const detached = on("alpha", (node) =>
    withKernel(node, { devices: [kernelDevice("UpToDate"), kernelDevice("Diskless", { volume: 1, minor: 2 })] }),
  );
  const last = allCommands(planFor(using(unmounted, on("bravo", withoutMinor), detached)));
  expect(last.filter((command) => command.includes("drbdsetup"))).toEqual(["alpha: drbdsetup del-minor 2"]);
});

test("a device that another resource has by now is that one's: its mount and its line of fstab stay", () => {
  const web = { resource: "web", volume: 0, role: "Primary" } as const;
  const taken: Change = (node) => ({
    ...withKernel(withoutMinor(node), { devices: [kernelDevice("UpToDate", { ...web, minor: minorOf(node) })] }, "web"),
    adjust: { exit: 0, output: "\n" },
  });
  const plan = planFor(using(taken));
  expect(refusalsOf(plan)).toEqual([]);
  expect(allCommands(plan).filter((command) => /umount|fstab|rmdir|drbdsetup|secondary/.test(command))).toEqual([]);
});

describe("of DRBD 9, which has one role for all volumes", () => {
  /** As drbdadm 9.22 says what it would do. */
  const as9: Change = (node) => ({
    ...node,
    module: { version: "9.2.16", loaded: true },
    files: new Map(node.files).set(path, renderResource(two, "9")),
    adjust: { exit: 0, output: `drbdsetup detach --diskless ${minorOf(node)}\ndrbdsetup del-minor ${minorOf(node)}\n` },
    kernelResources: new Map(
      [...node.kernelResources].map(([name, kernel]) => [
        name,
        {
          ...kernel,
          peerNodeId: node.hostname === "alpha" ? 1 : 0,
          devices: kernel.devices.map((device) => ({ ...device, role: undefined })),
        },
      ]),
    ),
  });
  const demoted: Change = (node) => ({
    ...withKernel(node, { role: "Secondary", peerRole: "Secondary" }),
    mounts: node.mounts.filter(({ source }) => !source.startsWith("/dev/drbd")),
  });

  test("a Primary is refused, since it would not let go of the last copy: what to do is one line", () => {
    const plan = planFor(using(as9), one, "9");
    expect(refusalsOf(plan)).toEqual([
      expect.stringContaining("r0/1 is not in the program any more, and r0 is Primary there"),
    ]);
    expect(plan.refusals[0]?.way).toContain("`umount /srv/logs && umount /srv/data && drbdadm secondary r0`");
  });

  test("Secondary on both hosts, it is let go where nobody has it open, and the others are mounted again", () => {
    const plan = planFor(using(as9, demoted), one, "9");
    expect(refusalsOf(plan)).toEqual([]);
    const stages = commandsOf(plan);
    expect(stages[0]).toEqual(["alpha: fuser -v /dev/drbd2", "bravo: fuser -v /dev/drbd5"]);
    const commands = stages.flat();
    expect(commands.filter((command) => /umount|secondary|drbdsetup|primary r0|mount/.test(command))).toEqual([
      "bravo: drbdsetup detach 5",
      "bravo: drbdsetup del-minor 5",
      "alpha: drbdsetup detach 2",
      "alpha: drbdsetup del-minor 2",
      "alpha: drbdadm primary r0",
    ]);
  });
});

describe("refused, and nothing is done", () => {
  const expectRefused = (nodes: Pair, words: string, desired = one) => {
    const plan = planFor(nodes, desired);
    expect(refusalsOf(plan).join("\n")).toContain(words);
    expect(plan.stages).toEqual([]);
  };

  test.each<[string, Change, string]>([
    ["mounted by somebody else", (node) => withMount(node, "/dev/drbd2", "/mnt"), "/dev/drbd2 is mounted at /mnt"],
    [
      "mounted at our place, and no line of ours says so",
      (node) => withFile(node, "/etc/fstab", "/dev/vda / ext4 defaults 0 1\n"),
      "/dev/drbd2 is mounted at /srv/logs",
    ],
    ["used as swap", (node) => ({ ...node, swaps: ["/dev/drbd2"] }), "/dev/drbd2 holds swap"],
    [
      "below another device",
      (node) => withBlock(node, "/dev/drbd2", { children: ["/dev/mapper/vg-lv"] }),
      "/dev/drbd2 is held by /dev/mapper/vg-lv",
    ],
  ])("%s", (_how, change, words) => {
    expectRefused(using(on("alpha", change)), words);
  });

  test("by somebody else's file", () => {
    const foreign: Change = (node) => withFile(node, path, text.replace(/^#.*\n/, ""));
    expectRefused(using(foreign), `r0 has volume 1 (minor 2) by ${path}`);
  });

  test("in the kernel alone, with another minor than our file has", () => {
    const other: Change = on("alpha", (node) =>
      withKernel(node, { devices: [kernelDevice("UpToDate"), kernelDevice("UpToDate", { volume: 1, minor: 9 })] }),
    );
    expectRefused(using(other), "r0 has volume 1 (minor 9) in the kernel");
  });

  test("the last one that there is", () => {
    const third: DesiredResource = { ...two, volumes: [{ ...second, number: 2 }] };
    expectRefused(using(), "the program describes no volume that it has", third);
  });

  test.each<[string, Change]>([
    ["running", (node) => node],
    ["down", (node) => withKernel(node, undefined)],
  ])("where another volume gets its minor in the same run, %s", (_how, change) => {
    const [first] = one.volumes;
    const third: DesiredVolume = {
      number: 2,
      places: [
        { minor: 2, disk: "/dev/vdf", metaDisk: "internal" },
        { minor: 6, disk: "/dev/vdf", metaDisk: "internal" },
      ],
    };
    const plan = planFor(using(change), { ...one, volumes: [first, third] });
    expect(refusalsOf(plan)).toEqual([
      "alpha: r0/1 has minor 2 there and is not in the program any more, which gives that minor to r0/2",
    ]);
  });

  test("while a volume that stays calls for a decision", () => {
    const alone: Change = (node) => withKernel(node, { connection: "StandAlone" });
    expectRefused(using(alone), "StandAlone");
  });

  test("where drbdadm would take a disk from a volume that stays", () => {
    const moved: Change = (node) => ({ ...node, adjust: { exit: 0, output: "drbdsetup-84 detach 1\n" } });
    expectRefused(using(moved), "drbdsetup-84 detach 1");
  });
});
