import { writers } from "../../../../provider/host/text";
import type { ObservedNode } from "../../../../provider/core/seen/observed";
import { globalCommonBackupPath, globalCommonPath, moduleAtBootPath } from "../../../../provider/core/config/paths";
import { planNode } from "../../../../provider/core/decided/plans/plan-node";
import { planNodeTeardown } from "../../../../provider/core/decided/plans/plan-node-teardown";
import { stepsOf } from "../../../../provider/core/steps/plan";
import { renderGlobalCommon } from "../../../../provider/core/config/render-configuration";
import { shellOf } from "../../../../provider/core/steps/step-script";
import { bringUpUnits, promotionUnits } from "../../../../provider/core/steps/boot-units";
import {
  allCommands,
  blankNode,
  desiredNode,
  refusalsOf,
  withFile,
  withIncludes,
  withKernel,
} from "../../observed-builder";

const desired = desiredNode("alpha");
const configuration = renderGlobalCommon(desired, "8.4");
const ready = blankNode("alpha");
const plan = (node: ObservedNode, ...described: string[]) =>
  planNode({ desired, configuration, node, described: new Set(described) });

const foreign = "global {\n    usage-count ask;\n}\n";
const ours = configuration.replace("usage-count no", "usage-count yes");
const backUp = `alpha: ln ${globalCommonPath} ${globalCommonBackupPath}`;
const write = `alpha: write ${globalCommonPath}`;
const install = ["alpha: apt-get update", "alpha: apt-get install -y --no-install-recommends drbd-utils"];
const bare = withFile(withFile({ ...ready, utils: null }, globalCommonPath, undefined), moduleAtBootPath, undefined);

test.each<[string, ObservedNode, string[]]>([
  ["a node that is ready", ready, []],
  [
    "nothing at all",
    { ...bare, module: { version: "8.4.11", loaded: false } },
    [...install, "alpha: modprobe drbd", backUp, write],
  ],
  ["no drbd-utils", bare, [...install, backUp, write]],
  ["no drbd-utils, and our file from before", { ...ready, utils: null }, install],
  [
    "no drbd-utils, and a file of the administrator's",
    withFile({ ...ready, utils: null }, globalCommonPath, foreign),
    [...install, backUp, write],
  ],
  ["the module is not loaded", { ...ready, module: { version: "9.2.14", loaded: false } }, ["alpha: modprobe drbd"]],
  [
    "the module is not loaded at boot",
    withFile(ready, moduleAtBootPath, undefined),
    [`alpha: write ${moduleAtBootPath}`],
  ],
  [
    "the module's line is a comment",
    withFile(ready, moduleAtBootPath, "# drbd\n"),
    [`alpha: write ${moduleAtBootPath}`],
  ],
  [
    "the package loads the module at boot",
    withFile(withFile(ready, moduleAtBootPath, undefined), "/lib/modules-load.d/drbd.conf", "drbd\n"),
    [],
  ],
  ["another's global_common.conf", withFile(ready, globalCommonPath, foreign), [backUp, write]],
  [
    "another's, and another one is kept already: both are",
    withFile(withFile(ready, globalCommonPath, foreign), globalCommonBackupPath, "older\n"),
    [`${backUp}-2`, write],
  ],
  ["ours, and other options", withFile(ready, globalCommonPath, ours), [write]],
  ["no global_common.conf", withFile(ready, globalCommonPath, undefined), [write]],
])("%s", (_what, node, expected) => {
  expect(refusalsOf(plan(node))).toEqual([]);
  expect(allCommands(plan(node))).toEqual(expected);
});

test("the plan's parts are one stage, and a ready node has none", () => {
  expect(plan(ready)).toEqual({ subject: "alpha", stages: [], refusals: [], warnings: [], afterwards: [] });
  expect(plan(bare).stages).toHaveLength(1);
});

const system = (id: string, like: string[], name: string): ObservedNode => ({ ...bare, os: { id, like, name } });

test.each<[string, ObservedNode]>([
  ["Debian", system("debian", [], "Debian GNU/Linux 12")],
  ["Ubuntu", system("ubuntu", ["debian"], "Ubuntu 24.04")],
  ["Mint", system("linuxmint", ["ubuntu", "debian"], "Linux Mint")],
])("%s: drbd-utils are installed", (_what, node) => {
  expect(allCommands(plan(node)).slice(0, 2)).toEqual(install);
});

test.each<[string, ObservedNode, RegExp]>([
  [
    "Rocky",
    system("rocky", ["rhel", "centos", "fedora"], "Rocky Linux 9"),
    /elrepo.*dnf install drbd9x-utils kmod-drbd9x/,
  ],
  ["Fedora", system("fedora", [], "Fedora 42"), /dnf install/],
  ["openSUSE", system("opensuse-leap", ["suse", "opensuse"], "openSUSE Leap 15"), /zypper install drbd-utils/],
  ["Arch", system("arch", [], "Arch Linux"), /package manager/],
  ["an unknown one", system("unknown", [], "an unknown system"), /package manager/],
])("%s: what to install is said, and nothing is done", (_what, node, way) => {
  const refused = plan(node);
  expect(refusalsOf(refused)).toEqual([
    `alpha: drbd-utils is not installed, and ${node.os.name} is no Debian or Ubuntu`,
  ]);
  expect(refused.refusals[0]!.way).toMatch(way);
  expect(refusalsOf(plan({ ...node, utils: "9.22.0" }))).toEqual([]);
});

test.each<[string, Partial<ObservedNode>, string]>([
  ["another name", { hostname: "alfa" }, "alpha: `uname -n` says alfa there"],
  ["no such address", { addresses: ["10.9.9.9"] }, "alpha: no interface has the address 10.1.1.31"],
  [
    "a drbd.conf that does not lead to ours",
    withIncludes(ready, ["drbd.d/*.res"]),
    "alpha: /etc/drbd.conf does not include /etc/drbd.d/global_common.conf: drbdadm would not read what is written there",
  ],
  [
    "Debian 10, without drbd-utils",
    { utils: null, os: { id: "debian", like: [], name: "Debian GNU/Linux 10 (buster)", version: "10" } },
    "alpha: Debian GNU/Linux 10 (buster) is too old: its drbd-utils is older than 9.15.0",
  ],
  [
    "Ubuntu 20.04, without drbd-utils",
    { utils: null, os: { id: "ubuntu", like: ["debian"], name: "Ubuntu 20.04.6 LTS", version: "20.04" } },
    "alpha: Ubuntu 20.04.6 LTS is too old: its drbd-utils is older than 9.15.0",
  ],
  [
    "an old drbd-utils, whatever the release",
    { utils: "9.5.0" },
    "alpha: drbd-utils 9.5.0 is too old: 9.15.0 is the oldest that pulumi-drbd was tried with",
  ],
  [
    "DRBD 8.3",
    { module: { version: "8.3.11", loaded: true } },
    "alpha: DRBD 8.3.11 is too old: 8.4 is the oldest that pulumi-drbd works with",
  ],
  ["no module", { module: null }, "alpha: the running kernel (6.1.0-44-cloud-amd64) has no drbd module"],
  [
    "a module that cannot be read",
    { module: null, modinfo: "modinfo: ERROR: could not get modinfo from 'drbd': Bad message\nmore" },
    "alpha: the running kernel (6.1.0-44-cloud-amd64) has no drbd module (modinfo: ERROR: could not get modinfo from 'drbd': Bad message)",
  ],
])("%s: refused", (_what, change, told) => {
  expect(refusalsOf(plan({ ...ready, ...change }))).toEqual([told]);
});

test.each<[string, Partial<ObservedNode>]>([
  ["Debian 11", { utils: "9.15.0", os: { id: "debian", like: [], name: "Debian GNU/Linux 11", version: "11" } }],
  ["Debian testing, which has no number", { os: { id: "debian", like: [], name: "Debian GNU/Linux forky/sid" } }],
  ["a version that is not known", { utils: "unknown" }],
  ["DRBD 9.2", { module: { version: "9.2.16", loaded: true } }],
])("%s is not too old", (_what, change) => {
  expect(refusalsOf(plan({ ...ready, ...change }))).toEqual([]);
});

describe("where the kernel has no module, the advice fits the release", () => {
  const advice = (os: Partial<ObservedNode["os"]>) =>
    plan({ ...ready, module: null, os: { id: "debian", like: [], name: "a system", ...os } }).refusals[0]!.way;

  test.each([
    ["debian", "12", "linux-image-amd64"],
    ["ubuntu", "24.04", "`linux-modules-extra-6.1.0-44-cloud-amd64`"],
    ["ubuntu", "25.04", "`linux-modules-extra-6.1.0-44-cloud-amd64`"],
    ["ubuntu", "25.10", "linux-image-generic"],
    ["ubuntu", "26.04", "linux-image-generic"],
    ["rhel", "9.4", "kmod-drbd9x"],
    ["fedora", "43", "dnf provides '*/drbd.ko*'"],
    ["opensuse-leap", "15.6", "drbd-kmp-default"],
    ["alpine", "3.22", "a module for 6.1.0-44-cloud-amd64"],
  ])("%s %s: %s", (id, version, wanted) => {
    expect(advice({ id, version })).toContain(wanted);
    expect(advice({ id, version })).toContain("`modinfo drbd`");
    if (wanted !== "`linux-modules-extra-6.1.0-44-cloud-amd64`")
      expect(advice({ id, version })).not.toContain("linux-modules-extra");
  });
});

test.each([
  ["Mint", "linuxmint", ["ubuntu", "debian"], "6.8.0-41-generic", "linux-image-generic", /linux-image-amd64|extra/],
  ["Debian on ARM", "debian", [], "6.12.48+deb13-arm64", "linux-image-arm64", /amd64/],
  ["Raspberry Pi OS", "debian", [], "6.12.34+rpt-rpi-v8", "a module for 6.12.34+rpt-rpi-v8", /linux-image/],
  ["Proxmox", "debian", [], "6.8.12-4-pve", "a module for 6.8.12-4-pve", /linux-image/],
])("the advice for a missing module on %s names no package of another's", (_what, id, like, kernel, wanted, never) => {
  const { way } = plan({ ...ready, module: null, kernel, os: { id, like, name: "a system" } }).refusals[0]!;
  expect(way).toContain(wanted);
  expect(way).not.toMatch(never);
});

test("installing asks nothing: not apt, and not dpkg about a file that is there", () => {
  const step = stepsOf(plan(bare)).find(({ argv }) => argv[1] === "install");
  expect(shellOf(step!).body).toMatch(/^install_packages \S+ drbd-utils$/);
  expect(writers).toMatch(
    /^install_packages\(\) \{[^}]*\n *patiently env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Options::=--force-confold /m,
  );
  expect(writers).toMatch(/^patiently\(\) \{[^}]*"\$@" 2>&1 <\/dev\/null/m);
});

describe("taken back", () => {
  const restore = [`alpha: mv -f ${globalCommonBackupPath} ${globalCommonPath}`];
  test.each<[string, ObservedNode, string[]]>([
    ["ours, with a backup", withFile(ready, globalCommonBackupPath, foreign), restore],
    ["ours, without: drbd.conf does not parse without it", ready, []],
    [
      "somebody else's by now",
      withFile(withFile(ready, globalCommonBackupPath, foreign), globalCommonPath, foreign),
      [],
    ],
    ["gone already", withFile(withFile(ready, globalCommonBackupPath, foreign), globalCommonPath, undefined), []],
  ])("%s", (_what, node, expected) => {
    expect(allCommands(planNodeTeardown("alpha", node))).toEqual(expected);
  });

  const ownFile = "# Managed by pulumi-drbd: …\nresource r9 {\n}\n";
  const [{ path: promotionUnitPath, text: promotionUnit }] = promotionUnits as [(typeof promotionUnits)[0]];
  const inUse = withFile(withFile(ready, globalCommonBackupPath, foreign), promotionUnitPath, promotionUnit);
  test.each<[string, ObservedNode, string]>([
    ["its file", withFile(inUse, "/etc/drbd.d/r9.res", ownFile), "/etc/drbd.d/r9.res"],
    [
      "its unit",
      { ...inUse, links: ["/etc/systemd/system/multi-user.target.wants/drbd@r9.target"] },
      "drbd@r9.target starts at boot",
    ],
    [
      "its line in fstab",
      withFile(inUse, "/etc/fstab", "/dev/drbd9 /srv/b xfs nofail,x-systemd.requires=drbd-primary@r9.target 0 0\n"),
      "fstab: /dev/drbd9 on /srv/b",
    ],
    ["the kernel", withKernel(inUse, {}, "r9"), "running"],
  ])("not what a resource needs that still stands by %s: it stays, and the plan says why", (_what, node, sign) => {
    const stays = planNodeTeardown("alpha", node);
    expect(allCommands(stays)).toEqual([]);
    expect(stays.warnings).toEqual([
      expect.stringContaining(
        `alpha: ${globalCommonPath} and ${promotionUnitPath} stay, since what still stands there needs it: r9 (${sign}).`,
      ),
    ]);
  });

  test("not the unit by which somebody else's resource starts", () => {
    const link = "/etc/systemd/system/multi-user.target.wants/drbd@web.target";
    const foreign: ObservedNode = { ...withFile(ready, "/etc/drbd.d/web.res", "resource web {\n}\n"), links: [link] };
    const node = [...bringUpUnits, ...promotionUnits].reduce<ObservedNode>(
      (so, { path, text }) => withFile(so, path, text),
      foreign,
    );
    const plan = planNodeTeardown("alpha", node);
    expect(allCommands(plan)).toEqual([`alpha: rm -f ${promotionUnits.map(({ path }) => path).join(" ")}`]);
    const stay = bringUpUnits.map(({ path }) => path).join(" and ");
    expect(plan.warnings).toEqual([`alpha: ${stay} stay, since others start by it at boot: drbd@web.target`]);
  });

  test("a pair of somebody else's gets back the file by which it lived", () => {
    const node = withKernel(withFile(inUse, "/etc/drbd.d/r9.res", "resource r9 {\n}\n"), {}, "r9");
    expect(allCommands(planNodeTeardown("alpha", node))).toEqual([...restore, `alpha: rm -f ${promotionUnitPath}`]);
  });
});
