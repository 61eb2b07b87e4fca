/**
 * What was accepted although it is hostile, and what a host says of itself, on its way into a real sh: each word arrives
 * as it is, each text is written byte for byte, and nothing that stands in one of them is run.
 */
import { oneVolumeOf, type OneVolume, probeLook, resourceOf } from "../core/one-volume";
import { lookOf } from "../core/one-volume";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { applyScript, parseOutcomes } from "../../provider/core/steps/apply-script";
import { shellOf } from "../../provider/core/steps/step-script";
import { renderGlobalCommon, renderResource } from "../../provider/core/config/render-configuration";
import type { DesiredResource } from "../../provider/core/wanted/desired";
import type { ObservedNode, VirtualMachinesSeen } from "../../provider/core/seen/observed";
import { parseProbe } from "../../provider/core/seen/parse-probe";
import { globalCommonPath, resourcePath } from "../../provider/core/config/paths";
import { actionsOf, type Step, stepsOf } from "../../provider/core/steps/plan";
import { planNode } from "../../provider/core/decided/plans/plan-node";
import { planTeardown } from "../../provider/core/decided/plans/plan-resource-teardown";
import { type ProbeRequest, observeScript } from "../../provider/core/seen/probe";
import { parseNode, parseResource } from "../../provider/core/wanted/parse-inputs";
import { rooted } from "../core/fake-host";
import {
  blankNode,
  diskBytes,
  newGi,
  nodeAt,
  planOf,
  withBlock,
  withKernel,
  withLook,
  withMount,
  r0,
} from "../core/observed-builder";
import { filesAsDisks, lockedIn, sh, withTools } from "../core/shell";
import { goodNode, goodResource } from "./inputs";
import { accepted } from "./accepted";
import { canary, hostileFor, nodePaths, resourcePaths } from "./strings";

const nonce = "0123456789abcdef01";

/** How many hosts are made with hostile inputs in every place at once. */
const ROUNDS = 8;

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "pulumi-drbd-host-")));
});
afterEach(() => {
  rmSync(root, { recursive: true });
  const ran = existsSync(canary);
  rmSync(canary, { force: true });
  // Whatever else a test found.
  if (ran) throw new Error("a string was run");
});

/** Each writes down how it was called. drbdadm answers as on a pair that was just connected. */
const TOOLS: Readonly<Record<string, string>> = {
  drbdadm: `case "$1" in
-c) cat >>"$ROOT/parsed" ;;
get-gi) echo ${newGi} ;;
--version) echo DRBDADM_VERSION=9.22.0 ;;
esac`,
  drbdmeta: "exit 1",
  drbdsetup: `[ "$3" = --statistics ] || echo " role:Primary connection:Connected disk:Inconsistent peer-disk:Inconsistent"
echo exists -`,
  blkid: "exit 2",
  lsblk: `printf '%s' '{"blockdevices": []}'`,
  modinfo: "echo 8.4.11",
  "systemd-run": 'while [ "$1" != systemctl ]; do shift; done; exec "$@"',
  ...Object.fromEntries(
    ["mkfs.xfs", "mount", "umount", "systemctl", "modprobe", "apt-get"].map((name) => [name, "exit 0"]),
  ),
  // Folders elsewhere than below the test's own are not made.
  mkdir: `for last; do :; done; case "$last" in "$ROOT"/*) exec /bin/mkdir "$@" ;; esac`,
};

/** It is called in more words than a plan shows. */
const VIRSH = `case "$*" in *" define "*) cat >>"$ROOT/defined" ;; esac`;

function run(script: string): string {
  const tools = Object.entries({ ...TOOLS, virsh: VIRSH }).map(([name, body]) => {
    const call = name === "mkdir" ? "" : `printf '%s\\0' ${name} "$@" "" >>"$ROOT/calls"\n`;
    return [name, `ROOT='${root}'\n${call}${body}`] as const;
  });
  const own = filesAsDisks(rooted(root, script));
  const locked = own.includes("/run/pulumi-drbd") ? lockedIn(root, own) : own;
  const { stdout, stderr } = sh(withTools(root, locked, Object.fromEntries(tools)));
  expect(stderr).toBe("");
  return stdout.replaceAll(root, "");
}

const read = (path: string): string => {
  const file = join(root, path);
  return existsSync(file) ? readFileSync(file, "utf8").replaceAll(root, "") : "";
};

const give = (path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};

/** Runs one host's steps, and expects that each command was called with the very words of the plan. */
function carryOut(steps: readonly Step[]): void {
  give("/calls", "");
  const outcomes = parseOutcomes(
    nonce,
    steps,
    run(applyScript(nonce, steps.map(shellOf), { token: "us", words: "us" })),
  );
  expect(outcomes.map(({ exit, output }) => [exit, output])).toEqual(steps.map(() => [0, ""]));
  const calls = read("/calls");
  const ran = steps.flatMap((step) => {
    const runs = actionsOf(step).flatMap((action) => (action.kind === "run" ? [action.argv] : []));
    return runs.length > 0 ? runs : [step.argv];
  });
  for (const argv of ran) {
    if (!Object.hasOwn(TOOLS, argv[0]!)) continue;
    const call = [...argv, "", ""].join("\0");
    if (!calls.startsWith(call) && !calls.includes(`\0\0${call}`))
      throw new Error(`not called: ${JSON.stringify(argv)}`);
  }
}

/** A pair that has nothing yet, or is on its way, of whatever names and disks. */
function pairFor(desired: OneVolume, there: (hostname: string) => ObservedNode): [ObservedNode, ObservedNode] {
  const [first, second] = desired.sides.map(({ hostname, address, disk, metaDisk }, index) => {
    const blank = { kind: "blank" as const, size: diskBytes };
    const node = { ...there(index === 0 ? "alpha" : "bravo"), hostname, addresses: [address], resources: new Map() };
    const looked = withLook(withBlock(node, disk, {}), { disk: { ...blank, real: disk } }, desired.name);
    const withMachines = { ...looked, virtualMachines: machinesOf(desired, index === 0) };
    return metaDisk === "internal"
      ? withMachines
      : withLook(withBlock(withMachines, metaDisk, {}), { metaDisk: { ...blank, real: metaDisk } }, desired.name);
  });
  return [first!, second!];
}

/** Each is defined on the first host, and what it is called stands in its definition. */
function machinesOf({ virtualMachines = [] }: OneVolume, isThere: boolean): VirtualMachinesSeen {
  const seen = {
    isDefined: isThere,
    state: "shut off",
    isPersistent: true,
    startsItself: isThere,
    hasManagedSave: false,
    digest: "",
    hasSecrets: false,
    places: new Map(),
    behind: new Map(),
    unread: new Map(),
  };
  const machines = virtualMachines.map(({ name, xml }) => ({ name, definition: xml ?? `<domain>${name}</domain>` }));
  return { machines: new Map(machines.map(({ name, definition }) => [name, { ...seen, definition }])) };
}

/** A first `up` on both hosts, a look in between, and the teardown, all in a real sh. */
function live(resource: DesiredResource): void {
  const desired = oneVolumeOf(resource);
  const configuration = renderResource(resource, "8.4");
  const plan = planOf(pairFor(desired, blankNode), { desired, configuration });
  expect(plan.refusals).toEqual([]);
  expect(stepsOf(plan).some(({ argv }) => argv[0] === "mkfs.xfs")).toBe(desired.filesystem !== undefined);
  for (const { hostname, disk, metaDisk } of desired.sides) {
    for (const path of [disk, metaDisk, `/dev/drbd${desired.minor}`].filter((one) => one !== "internal")) {
      give(path, "");
      truncateSync(join(root, path), diskBytes);
    }
    give("/etc/drbd.conf", 'include "drbd.d/*.res";\n');
    give("/etc/fstab", "/dev/vda / ext4 defaults 0 1\n");
    give("/parsed", "");
    const steps = stepsOf(plan).filter(({ node }) => node === hostname);
    carryOut(steps);
    expect(read(resourcePath(desired.name))).toBe(configuration);
    expect(read("/parsed")).toBe(configuration);
    const defined = steps.flatMap(actionsOf).map((action) => (action.kind === "define-machine" ? action.text : ""));
    expect(read("/defined")).toBe(defined.join(""));
    give("/defined", "");
    const { mountPoint, mountOptions = [] } = desired.filesystem ?? {};
    if (mountPoint !== undefined) {
      const fields = read("/etc/fstab").trimEnd().split("\n").at(-1)!.split(" ");
      expect(fields.slice(0, 3)).toEqual([`/dev/drbd${desired.minor}`, mountPoint, "xfs"]);
      expect(fields[3]!.split(",").slice(0, mountOptions.length)).toEqual(mountOptions);
      expect(read("/etc/fstab").trimEnd().split("\n")).toHaveLength(2);
    }
    look(desired, configuration);
  }
  const hosts = desired.sides.map(({ hostname }) => hostname);
  const down = hosts.map((hostname) => {
    const node = withKernel(blankNode("alpha"), { role: "Primary", devices: [] }, desired.name);
    const mounted = withMount(node, `/dev/drbd${desired.minor}`, desired.filesystem?.mountPoint ?? "/srv");
    return { ...mounted, hostname, files: new Map([[resourcePath(desired.name), configuration]]) };
  });
  carryOut(stepsOf(planTeardown(resource, hosts, down)).filter(({ node }) => node === hosts[0]));
  expect(read(resourcePath(desired.name))).toBe("");
}

/** The probe with a configuration that is wanted: what drbdadm is asked about is that, twice. */
function look({ name, minor, port, sides: [{ disk, metaDisk }] }: OneVolume, resource: string): void {
  give("/parsed", "");
  give("/proc/self/mountinfo", "");
  give("/proc/stat", "btime 1\n");
  const request: ProbeRequest = {
    depth: "close",
    looks: [probeLook({ name, minor, port, disk, metaDisk, filesystem: true })],
    candidates: [{ name, resource, globalCommon: "# common\n" }],
  };
  expect(run(observeScript(nonce, request))).toContain(`@${nonce} end`);
  expect(read("/parsed")).toBe(`# common\n${resource}`.repeat(2));
}

test("a resource: whatever is accepted is carried through unharmed", () => {
  const all = accepted(ROUNDS, resourcePaths, goodResource, parseResource);
  // Handlers are commands, and may hold anything; secrets nearly.
  const dangerous = all.filter((desired) => JSON.stringify([desired.sections.handlers, desired.auth]).includes(canary));
  expect(dangerous.length).toBe(all.length);
  for (const desired of all) live(desired);
}, 60_000);

test("a node: what it has in common with hostile handlers is written as it is", () => {
  for (const desired of accepted(ROUNDS, nodePaths, goodNode, parseNode)) {
    const configuration = renderGlobalCommon(desired, "8.4");
    const conf = 'include "drbd.d/global_common.conf";\ninclude "drbd.d/*.res";\n';
    const node = { ...blankNode("alpha"), files: new Map([["/etc/drbd.conf", conf]]) };
    const plan = planNode({ desired, configuration, node, described: new Set() });
    give("/etc/drbd.conf", 'include "drbd.d/*.res";\n');
    carryOut(stepsOf(plan));
    expect(read(globalCommonPath)).toBe(configuration);
  }
}, 60_000);

test("paths of a host's own: a mount point in somebody's mountinfo is unmounted by its name, whatever that is", () => {
  const places = hostileFor("/mnt").map((piece) => `/mnt/${piece.slice(0, 500)}`);
  for (const place of places.filter((_, index) => index % 3 === 0)) {
    const mounted = withMount(nodeAt("alpha", "synced"), "/dev/drbd1", place);
    const steps = stepsOf(planTeardown(resourceOf(r0), ["alpha"], [mounted])).filter(
      ({ argv }) => argv[0] === "umount",
    );
    expect(steps.map(({ argv }) => argv[1])).toContain(place);
    if (!place.includes("\ud800")) carryOut(steps);
  }
});

test("a disk that was only announced, and that no one has looked at yet, is asked for by its name", () => {
  for (const disk of hostileFor("/dev/vdb").filter((one, index) => index % 3 === 0 && one !== "")) {
    const announced = probeLook({ name: "r0", minor: 1, port: 7789, disk, metaDisk: disk, filesystem: true });
    give("/proc/self/mountinfo", "22 1 254:0 / / rw - ext4 /dev/vda rw\n");
    give("/proc/uptime", "1 1\n");
    give("/proc/net/tcp", "none\n");
    give("/proc/stat", "btime 1\n");
    const node = parseProbe(nonce, run(observeScript(nonce, { looks: [announced], candidates: [], depth: "close" })));
    expect(lookOf(node)?.disk.kind).toBe(disk === "/../.." || disk === "~root" ? "not-block" : "missing");
  }
});
