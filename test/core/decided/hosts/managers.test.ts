/** Other tools that manage a resource: Pacemaker, drbd-reactor, LINSTOR, Heartbeat, Ganeti, and drbd.service. */
import { drbdServiceWarnings } from "../../../../provider/core/decided/hosts/manager-refusals";
import { managerLinks, managersOf } from "../../../../provider/core/seen/managers";
import type { ObservedNode } from "../../../../provider/core/seen/observed";
import { stepsOf } from "../../../../provider/core/steps/plan";
import { planTeardown } from "../../../../provider/core/decided/plans/plan-teardown";
import { parseProbe } from "../../../../provider/core/seen/parse-probe";
import { justTheHost } from "../../../../provider/core/seen/probe";
import { capturedHost } from "../../captured-host";
import { nonce, probed } from "../../fake-host";
import {
  type Pair,
  blankNode,
  configurationOf,
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
];

const both = (nodes: Pair, path: string, text: string): Pair => [withFile(nodes[0], path, text), nodes[1]];
const byHand = (): Pair => {
  const [alpha, bravo] = healthyPair();
  const text = configurationOf(r0).replace(/^#.*\n/, "");
  return [withFile(alpha, "/etc/drbd.d/r0.res", text), withFile(bravo, "/etc/drbd.d/r0.res", text)];
};

describe("a resource that another tool manages", () => {
  test.each(named)("%s, by %s: is not taken over", (tool, path, text) => {
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
    const plan = planTeardown("r0", 1, ["alpha", "bravo"], nodes, configurationOf(r0));
    expect(refusalsOf(plan)).toEqual([expect.stringContaining("alpha: Pacemaker manages r0 there")]);
  });
});

describe("a tool that does not name the resource", () => {
  test.each(others)("%s, by %s: is named in a warning", (tool, path, text) => {
    const plan = planOf(both(byHand(), path, text));
    expect(refusalsOf(plan)).toEqual([]);
    expect(plan.warnings).toContainEqual(expect.stringContaining(`${tool} is on alpha (${path}): see that`));
  });

  test("by its link alone", () => {
    const node = { ...blankNode("alpha"), links: ["/etc/systemd/system/multi-user.target.wants/corosync.service"] };
    expect(managersOf(node, "r0", 1)).toEqual([{ name: "Corosync", seen: node.links[0], manages: false }]);
  });
});

test("the probe brings their files and links", () => {
  const host = capturedHost("connected-uptodate.alpha");
  const files = { ...host.files, [cibPath]: cib("r0") };
  const link = managerLinks[0]!.replace("*", "multi-user.target");
  const links = { ...host.links, [link]: "/lib/systemd/system/pacemaker.service" };
  const node = parseProbe(nonce, probed({ ...host, files, links }, justTheHost));
  expect(node.links).toContain(link);
  expect(managersOf(node, "r0", 1)).toEqual([{ name: "Pacemaker", seen: cibPath, manages: true }]);
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
