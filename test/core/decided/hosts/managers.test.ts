/** Other tools that manage a resource: Pacemaker, drbd-reactor, LINSTOR, Heartbeat, Ganeti, and drbd.service. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { renderGlobalCommon } from "../../../../provider/core/config/render-configuration";
import { planNode } from "../../../../provider/core/decided/plans/plan-node";
import { resourceOf } from "../../one-volume";
import { drbdServiceWarnings } from "../../../../provider/core/decided/hosts/manager-refusals";
import { managerLinks, managersOf } from "../../../../provider/core/seen/managers";
import type { ObservedNode } from "../../../../provider/core/seen/observed";
import { stepsOf } from "../../../../provider/core/steps/plan";
import { planTeardown } from "../../../../provider/core/decided/plans/plan-resource-teardown";
import { parseProbe } from "../../../../provider/core/seen/parse-probe";
import { justTheHost } from "../../../../provider/core/seen/probe";
import { capturedHost } from "../../captured-host";
import { nonce, probed } from "../../fake-host";
import {
  type Pair,
  blankNode,
  configurationOf,
  desiredNode,
  healthyPair,
  nodeAt,
  planOf,
  r0,
  refusalsOf,
  sections,
  withFile,
} from "../../observed-builder";

const cibPath = "/var/lib/pacemaker/cib/cib.xml";
const cib = (
  resource: string,
) => `<cib><configuration><resources><master id="ms"><primitive id="p_drbd" class="ocf" provider="linbit" type="drbd">
  <instance_attributes id="a"><nvpair id="b" name="drbd_resource" value="${resource}"/></instance_attributes></primitive></master></resources></configuration></cib>`;
const mounts = (device: string) => `<primitive type="Filesystem"><nvpair name="device" value="${device}"/></primitive>`;

const named: [string, string, string][] = [
  ["Pacemaker", cibPath, cib("r0")],
  ["Pacemaker", cibPath, mounts("/dev/drbd1")],
  ["Pacemaker", cibPath, mounts("/dev/drbd/by-res/r0/0")],
  ["drbd-reactor", "/etc/drbd-reactor.d/nfs.toml", "[[promoter]]\n[promoter.resources.r0]\nstart = []\n"],
  ["drbd-reactor", "/etc/drbd-reactor.d/nfs.toml", '[promoter.resources."r0"]\n'],
  ["drbd-reactor", "/etc/drbd-reactor.d/nfs.toml", "[ promoter . resources . r0 ] # nfs\n"],
  ["drbd-reactor", "/etc/drbd-reactor.d/nfs.toml", '[promoter.resources]\nr0 = { start = ["a.mount"] }\n'],
  ["drbd-reactor", "/etc/drbd-reactor.d/nfs.toml", "[promoter.resources]\nr0.start = []\n"],
  ["drbd-reactor", "/etc/drbd-reactor.toml", '[[promoter]]\nresources = { "r0" = { start = [] } }\n'],
  ["LINSTOR", "/var/lib/linstor.d/r0.res", 'resource "r0"\n{\n}\n'],
  ["Heartbeat", "/etc/ha.d/haresources", "alpha drbddisk::r0 Filesystem::/dev/drbd1::/data::ext3 mysql\n"],
];
const more: [string, string, string][] = [
  ["Pacemaker", cibPath, `<nvpair value='r0' id="x"\n name='drbd_resource'/>`],
  ["Pacemaker", cibPath, '<group><primitive class="systemd" type="drbd@r0.target"/></group>'],
  ["Pacemaker", cibPath, '<primitive id="x" class="lsb" type="drbd"/>'],
  ["Pacemaker", "/var/lib/heartbeat/crm/cib.xml", cib("r0")],
  [
    "drbd-reactor",
    "/etc/drbd-reactor.d/a.toml",
    'start = ["ocf:heartbeat:Filesystem fs device=/dev/drbd1 fstype=xfs"]\n',
  ],
  ["drbdmanage", "/var/lib/drbd.d/drbdmanage_r0.res", "resource r0 {\n}\n"],
  ["Heartbeat", "/etc/ha.d/haresources", "alpha drbdupper::r0\n"],
  ["rgmanager", "/etc/cluster/cluster.conf", '<rm><drbd name="x" resource="r0"><fs device="/dev/drbd7"/></drbd></rm>'],
  ["rgmanager", "/etc/cluster/cluster.conf", '<fs mountpoint="/srv" device="/dev/drbd1"/>'],
];
const others: [string, string, string][] = [
  ["Pacemaker", cibPath, cib("r01")],
  ["drbd-reactor", "/etc/drbd-reactor.d/nfs.toml", "[promoter.resources.r01]\n"],
  [
    "drbd-reactor",
    "/etc/drbd-reactor.d/nfs.toml",
    '[promoter.resources.web]\nstart = ["r0.mount", "srv-r0.mount"] # r0 = {}\n',
  ],
  ["LINSTOR", "/var/lib/linstor.d/r01.res", "resource r01 {\n}\n"],
  ["Heartbeat", "/etc/ha.d/haresources", "alpha drbddisk::r01 Filesystem::/dev/drbd10::/data::ext3\n"],
  ["Ganeti", "/var/lib/ganeti/ssconf_cluster_name", "cluster.example\n"],
  ["Pacemaker", cibPath, `<!-- ${cib("r0")} --><primitive class="systemd" type="drbd@r01.target"/>`],
  ["Pacemaker", cibPath, mounts("/dev/drbd10")],
  ["Heartbeat", "/etc/ha.d/haresources", "# alpha drbddisk::r0\n"],
  ["Proxmox", "/etc/pve/storage.cfg", "dir: local\n\tpath /x\n\ndrbd: linbit\n\tcontroller 10.0.0.9\n"],
  ["OpenNebula", "/etc/one/oned.conf", 'TM_MAD = [ arguments = "-d shared,linstor" ]\n'],
  [
    "keepalived, which runs scripts when it changes sides,",
    "/etc/keepalived/keepalived.conf",
    'vrrp_instance v {\n  notify_master "/usr/local/sbin/to-master"\n}\n',
  ],
  [
    "web.service, which calls DRBD's tools,",
    "/etc/systemd/system/web.service",
    "[Service]\nExecStart=/usr/sbin/drbdadm primary r0\n",
  ],
  ["rc.local, which calls DRBD's tools,", "/etc/rc.local", "drbdadm up all && mount /srv\n"],
];
const silent: [string, string][] = [
  ["/etc/pve/storage.cfg", "lvm: vg\n\tvgname vg\n"],
  ["/etc/one/oned.conf", "# drbd\n"],
  ["/etc/keepalived/keepalived.conf", "vrrp_instance v {\n  # notify /x\n}\n"],
  ["/etc/systemd/system/web.service", "[Service]\n# drbdadm up r0\nExecStart=/usr/sbin/drbdadm up web\n"],
  ["/etc/systemd/system/drbd@.service", "# Managed by pulumi-drbd.\nExecStart=drbdadm adjust all\n"],
];

const both = (nodes: Pair, path: string, text: string): Pair => [withFile(nodes[0], path, text), nodes[1]];
const byHand = (): Pair => {
  const [alpha, bravo] = healthyPair();
  const text = configurationOf(r0).replace(/^#.*\n/, "");
  return [withFile(alpha, "/etc/drbd.d/r0.res", text), withFile(bravo, "/etc/drbd.d/r0.res", text)];
};

describe("a resource that another tool manages", () => {
  test.each([...named, ...more])("%s, by %s: is not taken over", (tool, path, text) => {
    const refusals = refusalsOf(planOf(both(byHand(), path, text)));
    expect(refusals).toEqual([
      `alpha: ${tool} manages r0 there (${path}), and two that start, promote and stop one resource work against each other`,
    ]);
  });

  test("is refused as soon as there is something to do, and told where there is nothing", () => {
    const [, path, text] = named[0]!;
    const healthy = planOf(both(healthyPair(), path, text));
    expect(refusalsOf(healthy)).toEqual([]);
    expect(healthy.warnings).toEqual([expect.stringContaining("alpha: Pacemaker manages r0 there")]);
    const behind: Pair = [nodeAt("alpha", "connected"), nodeAt("bravo", "connected")];
    expect(stepsOf(planOf(behind))).not.toEqual([]);
    expect(refusalsOf(planOf(both(behind, path, text)))).toHaveLength(1);
  });

  test("is not taken down by destroy", () => {
    const [, path, text] = named[0]!;
    const nodes = both(healthyPair(), path, text);
    const plan = planTeardown(resourceOf(r0), ["alpha", "bravo"], nodes);
    expect(refusalsOf(plan)).toEqual([expect.stringContaining("alpha: Pacemaker manages r0 there")]);
  });
});

describe("what Pacemaker 3.0.0 wrote itself (test/fixtures/pacemaker-3.0.0)", () => {
  const written = readFileSync(join(__dirname, "../../../fixtures/pacemaker-3.0.0/cib.xml"), "utf8");
  const managed = (resource: string, minor: number) =>
    managersOf(withFile(blankNode("alpha"), cibPath, written), resource, [{ name: resource, volume: 0, minor }]).map(
      ({ manages }) => manages,
    );

  test.each([
    ["r0, in a promotable clone, and mounted in a group", "r0", 1, true],
    ["web, whose drbdconf is another", "web", 5, true],
    ["db, by a unit of systemd's", "db", 6, true],
    ["another", "r1", 2, false],
  ])("%s", (_what, resource, minor, manages) => {
    expect(managed(resource, minor)).toEqual([manages]);
  });
});

describe("`ignoreManagers`", () => {
  const [, path, text] = named[0]!;
  const ignoring = { ...r0, ignoreManagers: ["Pacemaker"] as const };

  test("passes over the tool that it names, in the plan and in a teardown, and the plan says so", () => {
    const plan = planOf(both(byHand(), path, text), { desired: ignoring });
    expect(refusalsOf(plan)).toEqual([]);
    expect(plan.warnings).toContainEqual(
      expect.stringMatching(
        /Pacemaker manages r0 on alpha .* `ignoreManagers` passes over\. .*leave `filesystem` out: a boot promotes and mounts r0/,
      ),
    );
    const bare = { ...ignoring, filesystem: undefined };
    expect(planOf(both(byHand(), path, text), { desired: bare }).warnings).toContainEqual(
      expect.stringMatching(/Pacemaker manages r0 on alpha .* `ignoreManagers` passes over$/),
    );
    const nodes = both(healthyPair(), path, text);
    const teardown = planTeardown(resourceOf(ignoring), ["alpha", "bravo"], nodes);
    expect(refusalsOf(teardown)).toEqual([]);
  });

  test("passes over no other tool, and the refusal says what to write", () => {
    const nodes = both(byHand(), "/var/lib/linstor.d/r0.res", "resource r0 {\n}\n");
    const { refusals } = planOf(nodes, { desired: ignoring });
    expect(refusals.map(({ way }) => way)).toEqual([expect.stringContaining('`ignoreManagers: ["LINSTOR"]`')]);
  });
});

test("a node's plan leaves `common` as it is where a resource of the program that another tool manages lives by it", () => {
  const own = "/etc/drbd.d/r0.res";
  const node = withFile(
    withFile(byHand()[0], own, "resource r0 {\n}\n"),
    "/etc/drbd.d/global_common.conf",
    "common { net { protocol A; } }",
  );
  const desired = desiredNode("alpha");
  const plan = (seen: ObservedNode) =>
    planNode({ desired, configuration: renderGlobalCommon(desired, "8.4"), node: seen, described: new Set(["r0"]) });
  expect(refusalsOf(plan(node))).toEqual([]);
  expect(refusalsOf(plan(withFile(node, named[0]![1], named[0]![2])))).toEqual([
    expect.stringContaining(`r0, which ${own} defines and another tool manages, lives by \`common\``),
  ]);
});

describe("a tool that does not name the resource", () => {
  test.each(others)("%s, by %s: is named in a warning", (tool, path, text) => {
    const plan = planOf(both(byHand(), path, text));
    expect(refusalsOf(plan)).toEqual([]);
    expect(plan.warnings).toContainEqual(expect.stringContaining(`${tool} is on alpha (${path}): see that`));
  });

  test.each(silent)("%s that has nothing to do with it is not named", (path, text) => {
    expect(planOf(both(byHand(), path, text)).warnings.join("\n")).not.toContain(path);
  });

  test("drbd-reactor's snippets in another folder are not looked at, and that is said", () => {
    const plan = planOf(both(byHand(), "/etc/drbd-reactor.toml", 'snippets = "/srv/snippets/"\n'));
    expect(plan.warnings).toContainEqual(
      expect.stringContaining("drbd-reactor with snippets in /srv/snippets, which are not looked at, is on alpha"),
    );
  });

  test("by its link alone", () => {
    const node = { ...blankNode("alpha"), links: ["/etc/systemd/system/multi-user.target.wants/corosync.service"] };
    expect(managersOf(node, "r0", [{ name: "r0", volume: 0, minor: 1 }])).toEqual([
      { name: "Corosync", seen: node.links[0], manages: false },
    ]);
  });

  test.each(["pacemaker", "pacemaker_remote"])("Corosync that carries %s is not named beside it", (service) => {
    const links = ["corosync", service].map((one) => `/etc/systemd/system/multi-user.target.wants/${one}.service`);
    const found = managersOf({ ...blankNode("alpha"), links }, "r0", [{ name: "r0", volume: 0, minor: 1 }]);
    expect(found.map(({ name }) => name)).toEqual([expect.stringMatching(/^Pacemaker/)]);
  });
});

test("the probe brings their files and links", () => {
  const host = capturedHost("connected-uptodate.alpha");
  const files = { ...host.files, [cibPath]: cib("r0") };
  const link = managerLinks[0]!.replace("*", "multi-user.target");
  const links = { ...host.links, [link]: "/lib/systemd/system/pacemaker.service" };
  const node = parseProbe(nonce, probed({ ...host, files, links }, justTheHost));
  expect(node.links).toContain(link);
  expect(managersOf(node, "r0", [{ name: "r0", volume: 0, minor: 1 }])).toEqual([
    { name: "Pacemaker", seen: cibPath, manages: true },
  ]);
});

test("a file that two of the probe's patterns match is read once", () => {
  const host = capturedHost("connected-uptodate.alpha");
  const unit = "/etc/systemd/system/drbd-primary@.service";
  const text = "[Service]\nType=oneshot\n";
  const node = parseProbe(nonce, probed({ ...host, files: { ...host.files, [unit]: text } }, justTheHost));
  expect(node.files.get(unit)).toBe(text);
});

describe("drbd.service", () => {
  const link = "/etc/systemd/system/multi-user.target.wants/drbd.service";
  const enabled = (node: ObservedNode): ObservedNode => ({ ...node, links: [...node.links, link] });

  test("that is enabled is named in the plan, with what makes a boot without the peer end", () => {
    const [alpha, bravo] = healthyPair();
    expect(planOf([enabled(alpha), bravo]).warnings).toEqual([
      "drbd.service is enabled on alpha: a boot without the peer waits in it for ever. drbd@r0.target brings r0 up without waiting: `systemctl disable drbd.service` there if no other resource needs it, or set `startup: { wfc-timeout: 60, degr-wfc-timeout: 60, outdated-wfc-timeout: 60 }`",
    ]);
  });

  test("is not named where it is not enabled, or gives up by itself", () => {
    expect(planOf(healthyPair()).warnings).toEqual([]);
    const startup = { "wfc-timeout": "60", "degr-wfc-timeout": "60", "outdated-wfc-timeout": "60" };
    const desired = { ...r0, sections: { ...sections, startup } };
    const [alpha, bravo] = healthyPair(desired);
    expect(planOf([enabled(alpha), enabled(bravo)], { desired }).warnings).toEqual([]);
    const globalCommon = "common { startup { wfc-timeout 5; degr-wfc-timeout 5; outdated-wfc-timeout 5; } }";
    const wanted = { globalCommon, configuration: configurationOf(r0) };
    expect(drbdServiceWarnings(enabled(alpha), "alpha", "r0", wanted)).toEqual([]);
  });
});
