/** A pair that was made by hand after a tutorial, taken over and given back: what is said of it, and what is kept. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { namesOfDevices } from "../../one-volume";
import { type OneVolume } from "../../one-volume";
import { usesVolumeLinks } from "../../../../provider/core/installed/by-res-links";
import { parseResFile } from "../../../../provider/core/config/found-resource";
import { renderGlobalCommon } from "../../../../provider/core/config/render-configuration";
import { installedSecret } from "../../../../provider/core/installed/configuration-place";
import { parseResource } from "../../../../provider/core/wanted/parse-inputs";
import type { CommonSeen, ObservedNode } from "../../../../provider/core/seen/observed";
import { stepsOf, type Plan } from "../../../../provider/core/steps/plan";
import { planNode } from "../../../../provider/core/decided/plans/plan-node";
import { planNodeTeardown } from "../../../../provider/core/decided/plans/plan-node-teardown";
import {
  type Given,
  type Pair,
  allCommands,
  blankNode,
  configurationOf,
  desiredNode,
  diskBytes,
  filesystemUuid,
  healthyPair,
  kernelDevice,
  planOf,
  r0,
  refusalsOf,
  secret,
  withBlock,
  withFile,
  withIncludes,
  withKernel,
  withLook,
} from "../../observed-builder";
import { goodResource } from "../../../hostile/inputs";

const globalCommonPath = "/etc/drbd.d/global_common.conf";
const path = "/etc/drbd.d/r0.res";
const kept = `${path}.before-pulumi-drbd`;
const side = (host: string, address: string, disk = "/dev/vdb") =>
  `on ${host} { device /dev/drbd1; disk ${disk}; address ${address}:7789; meta-disk internal; }`;
const tutorials = `resource r0 { ${side("alpha", "10.1.1.31")} ${side("bravo", "10.1.1.32")} }\n`;
const common = 'global { usage-count no; }\ncommon { net { protocol A; } handlers { fence-peer "/x.sh"; } }\n';
const ours = renderGlobalCommon(desiredNode("alpha"), "8.4");
const line = "/dev/drbd1 /srv/data xfs defaults 0 0";
const netOptions = "drbdsetup-84 net-options ipv4:10.1.1.31:7789 ipv4:10.1.1.32:7789 --set-defaults --protocol=C";

/** As the tutorial leaves a host; `change` is what a test has otherwise. */
const byHand = (node: ObservedNode, text = tutorials, where = path): ObservedNode => {
  const bare = { ...withFile(node, path, undefined), links: [] };
  const files = withFile(withFile(bare, where, text), globalCommonPath, common);
  return withLook(withFile(files, "/etc/fstab", `/dev/vda / ext4 defaults 0 1\n${line}\n`), {
    change: { exit: 0, output: `${netOptions}\n` },
  });
};
const bothByHand = (text = tutorials, where = path): Pair => {
  const [alpha, bravo] = healthyPair();
  return [byHand(alpha, text, where), byHand(bravo, text, where)];
};
const given: Given = { globalCommon: [ours, ours] };
const because = (plan: Plan, command: string): string[] => [
  ...new Set(
    stepsOf(plan)
      .filter(({ argv }) => argv.join(" ") === command)
      .map((step) => step.because),
  ),
];

describe("a preview of the tutorial's pair", () => {
  const plan = planOf(bothByHand(), given);

  test("names every option that comes and goes, those of common included", () => {
    expect(because(plan, "drbdadm adjust r0")).toEqual([
      "protocol A → protocol C; + cram-hmac-alg sha256; + shared-secret (secret); + fencing resource-only; - fence-peer /x.sh",
    ]);
    expect(plan.warnings).toEqual([
      "the handlers that your files name (fence-peer) go: to keep them, set `handlers` on the resource",
      "protocol A → protocol C, which says when a write counts as done: to keep it, set `protocol: A` on the resource",
    ]);
  });

  test("says where the user's own file and line of fstab are kept", () => {
    expect(because(plan, `write ${path}`)).toEqual([
      `takes the place of yours, which is kept as ${kept}; parsed by drbdadm there first, identical on both`,
    ]);
    expect(because(plan, "write /etc/fstab")).toEqual([
      `/srv/data noauto: mounted where r0 is Primary; takes the place of \`${line}\`, which stays there as a comment`,
    ]);
  });

  test("shows no secret", () => {
    expect(JSON.stringify(stepsOf(plan).map(({ argv, because: why }) => [argv, why]))).not.toContain(secret);
  });

  test("a host that is down has the same in the row of its file, since nothing is adjusted there", () => {
    const [alpha, bravo] = bothByHand();
    const down = withKernel({ ...alpha, mounts: blankNode("alpha").mounts }, undefined);
    const looked = withLook(down, { metadata: { kind: "present", version: "v08", gi: usedGi }, kernelGi: undefined });
    const [told] = because(planOf([looked, withKernel(bravo, alone)], given), `write ${path}`);
    expect(told).toContain("protocol A → protocol C; + cram-hmac-alg sha256");
  });
});

const usedGi = `F2099469C0D6C688:${"0".repeat(16)}:2F6CB04648729E94:2F6BB04648729E94:1:1:0:0:0:0:0`;
const alone = { connection: "Connecting", peerRole: "Unknown", replication: "Off", peerDisk: "DUnknown" };

describe("a line of fstab that has the filesystem by another name", () => {
  const device = { kind: "signature", real: "/dev/drbd1", size: diskBytes, type: "xfs", uuid: filesystemUuid } as const;
  const links = ["/dev/drbd1", "/dev/disk/by-label/data", "/dev/drbd/by-disk/vdb"];
  const labelled = { uuid: filesystemUuid, label: "data", fstype: "xfs" };
  /** As the two hosts are seen: what stands on the device, on the Primary alone. */
  const withLine = (theirs: string, change = (node: ObservedNode) => node): Pair => {
    const [alpha, bravo] = bothByHand();
    const put = (node: ObservedNode) => change(withFile(node, "/etc/fstab", `${theirs}\n`));
    const primary = withBlock(withLook(put(alpha), { device }), "/dev/drbd1", labelled);
    return [
      { ...primary, names: namesOfDevices({ r0: { disk: [], metaDisk: [], device: links } }) },
      { ...put(bravo), names: namesOfDevices({ r0: { disk: [], metaDisk: [], device: ["/dev/drbd/by-disk/vdb"] } }) },
    ];
  };
  const kinds: [string][] = [
    [`UUID=${filesystemUuid}`],
    [`UUID="${filesystemUuid.toUpperCase()}"`],
    ["LABEL=data"],
    [`/dev/disk/by-uuid/${filesystemUuid}`],
    ["/dev/disk/by-label/data"],
    ["/dev/drbd/by-disk/vdb"],
  ];

  test.each(kinds)("%s is kept as a comment on both hosts, with no warning that it should be removed", (word) => {
    const theirs = `${word} /srv/data/ xfs defaults,noauto 0 0`;
    const plan = planOf(withLine(theirs), given);
    expect(refusalsOf(plan)).toEqual([]);
    expect(because(plan, "write /etc/fstab")).toEqual([
      expect.stringContaining(
        `noauto: mounted where r0 is Primary; takes the place of \`${theirs}\`, which stays there as a comment`,
      ),
    ]);
    expect(plan.warnings.join()).not.toContain("fstab");
  });

  test.each<[string, string, (node: ObservedNode) => ObservedNode]>([
    ["a filesystem that nobody knows", "UUID=ff", (node) => node],
    ["a label that another disk has, too", "LABEL=data", (node) => withBlock(node, "/dev/vdz", { label: "data" })],
  ])("%s at the mount point is refused, and the way names the device", (_what, word, change) => {
    const plan = planOf(withLine(`${word} /srv/data xfs defaults 0 0`, change), given);
    expect(refusalsOf(plan)).toEqual([
      `alpha: /etc/fstab mounts ${word} at /srv/data`,
      `bravo: /etc/fstab mounts ${word} at /srv/data`,
    ]);
    expect(plan.refusals[0]?.way).toContain("write /dev/drbd1 there in its place");
  });

  test("a stranger's line is refused at the mount point with a slash behind it, too", () => {
    expect(refusalsOf(planOf(withLine("/dev/vdz /srv/data/ xfs defaults 0 0"), given))[0]).toBe(
      "alpha: /etc/fstab mounts /dev/vdz at /srv/data",
    );
  });
});

describe("a unit of the user's own for the mount point", () => {
  const unitPath = "/etc/systemd/system/srv-data.mount";
  const unit = "[Unit]\nAfter=drbd.service\n[Mount]\n What = /dev/drbd1\nWhere=/srv/data/\nType=xfs\n";

  test("is refused, in words that unmount nothing, since our line in fstab would be of no effect", () => {
    const [alpha, bravo] = bothByHand();
    const plan = planOf([withFile(alpha, unitPath, unit), bravo], given);
    expect(refusalsOf(plan)).toEqual([
      `alpha: ${unitPath} mounts /dev/drbd1 at /srv/data, and systemd takes it before the line in fstab, which has r0 promoted first`,
    ]);
    expect(plan.refusals[0]?.way).toBe(
      `On alpha, \`systemctl disable srv-data.mount && mv ${unitPath} /root/ && systemctl daemon-reload\`: what is mounted stays mounted.`,
    );
  });

  test("that came later is told in every plan", () => {
    const [alpha, bravo] = healthyPair();
    const plan = planOf([alpha, withFile(bravo, unitPath, unit)]);
    expect([plan.refusals, plan.warnings.length]).toEqual([[], 1]);
    expect(plan.warnings[0]).toContain(`bravo: ${unitPath} mounts /dev/drbd1 at /srv/data`);
  });

  test("for another folder is no matter", () => {
    const [alpha, bravo] = bothByHand();
    const other = unit.replace("/srv/data/", "/srv/data2");
    expect(refusalsOf(planOf([withFile(alpha, unitPath, other), bravo], given))).toEqual([]);
  });
});

describe("a file that we did not write is kept, whatever its name", () => {
  const keptAs = (nodes: Pair) =>
    stepsOf(planOf(nodes, given)).flatMap(({ does = [] }) =>
      does.flatMap((action) => (action.kind === "configure" ? [action.replaces?.kept] : [])),
    );

  test.each([
    ["our own name", bothByHand(), kept],
    ["another name", bothByHand(tutorials, "/etc/drbd.d/storage.res"), "/etc/drbd.d/storage.res.before-pulumi-drbd"],
  ])("%s", (_what, nodes, name) => {
    expect(keptAs(nodes)).toEqual([name, name]);
  });

  test("one that was kept before is not written over, and the same text is kept once", () => {
    const [alpha, bravo] = bothByHand();
    const nodes: Pair = [withFile(alpha, kept, "resource r0 { }\n"), withFile(bravo, kept, tutorials)];
    expect(keptAs(nodes)).toEqual([`${kept}-2`, kept]);
  });

  test("a file of ours, of any version, is not", () => {
    const [alpha, bravo] = healthyPair({ ...r0, protocol: "A" });
    expect(keptAs([alpha, bravo])).toEqual([undefined, undefined]);
  });
});

describe("another's resource that lives by common", () => {
  const web = `resource web { ${side("alpha", "10.1.1.31", "/dev/vdc").replace("drbd1", "drbd5").replace("7789", "7790")} ${side("bravo", "10.1.1.32", "/dev/vdc").replace("drbd1", "drbd5").replace("7789", "7790")} }\n`;
  const webPath = "/etc/drbd.d/web.res";
  const node = withFile(withFile(blankNode("alpha"), globalCommonPath, common), webPath, web);
  const plan = (seen: ObservedNode, ...described: string[]) =>
    planNode({ desired: desiredNode("alpha"), configuration: ours, node: seen, described: new Set(described) });

  test("is refused, with what would change and how to keep it", () => {
    expect(refusalsOf(plan(node))).toEqual([
      `alpha: web, which ${webPath} defines and this program does not describe, lives by \`common\` of ${globalCommonPath}, which would be replaced: - protocol A; - fence-peer /x.sh`,
    ]);
    expect(plan(node).refusals[0]?.way).toContain(`Or write what it has from \`common\` into ${webPath} itself`);
  });

  test("goes on when the advice is followed", () => {
    const own = web.replace("resource web {", 'resource web { protocol A; handlers { fence-peer "/x.sh"; }');
    expect(refusalsOf(plan(withFile(node, webPath, own)))).toEqual([]);
  });

  test("the refusal names the inputs that keep all of it", () => {
    expect(plan(node).refusals[0]?.way).toContain(
      'Give the node what is there now: `common: { net: { "protocol": "A" }, handlers: { "fence-peer": "/x.sh" } }`.',
    );
  });

  test("is none where the program describes it; what is ours by another program is told", () => {
    expect(refusalsOf(plan(node, "web"))).toEqual([]);
    const others = plan(withFile(node, webPath, `# Managed by pulumi-drbd: x\n${web}`));
    expect(refusalsOf(others)).toEqual([]);
    expect(others.warnings).toEqual([expect.stringMatching(/common` counts for web too.*- protocol A/)]);
  });

  test("is refused where common is ours already, too", () => {
    const before = ours.replace("common {", "common {\n    disk {\n        resync-rate 1M;\n    }\n");
    const changed = plan(withFile(node, globalCommonPath, before));
    expect(refusalsOf(changed)).toEqual([expect.stringMatching(/web, which .* lives by .*: - resync-rate 1M/)]);
  });

  test("keeps our common at a teardown, whether it runs or not; what was given back gets its own", () => {
    const taken = withFile(withFile(node, globalCommonPath, ours), `${globalCommonPath}.before-pulumi-drbd`, common);
    const running = withKernel(taken, { role: "Primary" }, "web");
    for (const [seen, how] of [
      [running, "runs there"],
      [taken, "is down"],
    ] as const) {
      const kept = planNodeTeardown("alpha", seen);
      expect(allCommands(kept)).toEqual([]);
      expect(kept.warnings).toEqual([
        expect.stringMatching(
          new RegExp(
            `stays as pulumi-drbd wrote it.*would change web, which ${how} \\(\\+ protocol A.*If that is meant: .mv -f `,
          ),
        ),
      ]);
    }
    // What runs runs on by what it lives by: drbdadm has said by what.
    const asked = (seen: ObservedNode, withTheirs: string, withOurs: string): ObservedNode => ({
      ...seen,
      givenBack: [
        { name: "web", globalCommon: common, resource: "", change: { exit: 0, output: withTheirs } },
        { name: "web", globalCommon: ours, resource: "", change: { exit: 0, output: withOurs } },
      ],
    });
    const restored = [`alpha: mv -f ${globalCommonPath}.before-pulumi-drbd ${globalCommonPath}`];
    const wouldChange = "drbdsetup-84 net-options a b --set-defaults --protocol=A\n";
    const both = new Set(["web"]);
    expect(allCommands(planNodeTeardown("alpha", running, both))).toEqual([]);
    expect(allCommands(planNodeTeardown("alpha", asked(running, wouldChange, ""), both))).toEqual([]);
    expect(allCommands(planNodeTeardown("alpha", asked(running, "", wouldChange), both))).toEqual(restored);
    expect(allCommands(planNodeTeardown("alpha", asked(running, "", ""), both))).toEqual(restored);
    // After a run that was stopped: by which of the two it lives is plain only where they differ for the kernel.
    expect(allCommands(planNodeTeardown("alpha", asked(running, "", wouldChange)))).toEqual(restored);
    expect(allCommands(planNodeTeardown("alpha", asked(running, "", "")))).toEqual([]);
    expect(allCommands(planNodeTeardown("alpha", taken, new Set(["web"])))).toEqual([
      `alpha: mv -f ${globalCommonPath}.before-pulumi-drbd ${globalCommonPath}`,
    ]);
  });

  describe("as drbdadm on the host says", () => {
    const dumped = (name: string) =>
      readFileSync(join(__dirname, "../../../fixtures/drbdadm-9.22.0-dump", name), "utf8");
    const [now, then] = [dumped("live-by-common.8.4.txt"), dumped("without-common.8.4.txt")];
    const asked = (seen: ObservedNode, common: Partial<CommonSeen> = {}): ObservedNode => ({
      ...seen,
      dump: { exit: 0, output: now },
      common: { globalCommon: ours, now: { exit: 0, output: now }, then: { exit: 0, output: then }, ...common },
    });
    const included = withFile(
      withFile(blankNode("alpha"), globalCommonPath, common),
      "/etc/drbd.conf",
      'include "drbd.d/global_common.conf"; include "drbd.d/*.res"; include "drbd.d/pairs/*.res";',
    );

    test("what stands in a file that a look does not read counts, with startup and handlers; the secret is not told", () => {
      expect(refusalsOf(plan(included))).toEqual([]);
      const refused = plan(asked(included));
      expect(refusalsOf(refused)).toEqual([
        expect.stringMatching(
          /alpha: web, which \/etc\/drbd.d\/pairs\/web.res defines.*- resync-rate 33M; .*- wfc-timeout 30.*- fence-peer/,
        ),
      ]);
      expect(JSON.stringify(refused)).not.toContain("x1234567");
      // What drbdadm has resolved into each host and volume is an option of `common` once.
      expect(refused.refusals[0]?.way).toContain('`common: { disk: { "resync-rate": "33M" }, net: {');
      expect(refused.refusals[0]?.way).toContain(
        'startup: { "wfc-timeout": 30 }, handlers: { "fence-peer": "/usr/lib/drbd/crm-fence-peer.sh" }',
      );
    });

    test("where nothing changes, nothing is refused", () => {
      const same = { then: { exit: 0, output: now } };
      expect(refusalsOf(plan(asked(node, same)))).toEqual([]);
      expect(allCommands(plan(asked(node, same)))).toContain(`alpha: write ${globalCommonPath}`);
    });

    test("what was asked about another text is no answer", () => {
      expect(refusalsOf(plan(asked(included, { globalCommon: "global {\n}\n" })))).toEqual([]);
    });

    test("what it would not take at all is refused before anything is written, and not given back at a teardown", () => {
      const said = 'STDIN:3: conflicting use of shared-secret "x1"';
      const secret = withFile(included, "/etc/drbd.d/x.res", 'resource x { net { shared-secret "x1"; } }');
      const seen = asked(secret, { then: { exit: 10, output: said } });
      expect(refusalsOf(plan(seen))).toEqual([
        expect.stringMatching(/drbdadm there would read nothing any more.*STDIN:3/),
      ]);
      expect(JSON.stringify(plan(seen))).not.toContain("x1");
      const kept = `${globalCommonPath}.before-pulumi-drbd`;
      const taken = withFile(withFile(included, globalCommonPath, ours), kept, common);
      const asking = asked(taken, { globalCommon: common, then: { exit: 10, output: said } });
      expect(allCommands(planNodeTeardown("alpha", asking))).toEqual([]);
      expect(planNodeTeardown("alpha", asking).warnings.join()).toContain("is nothing that drbdadm would take");
    });

    test("a teardown does not give back what would change such a resource", () => {
      const taken = withFile(
        withFile(included, globalCommonPath, ours),
        `${globalCommonPath}.before-pulumi-drbd`,
        common,
      );
      const asking = asked(taken, { globalCommon: common });
      expect(allCommands(planNodeTeardown("alpha", asking))).toEqual([]);
      expect(planNodeTeardown("alpha", asking).warnings).toEqual([
        expect.stringMatching(/would change web, which is down \(- [^)]*- shared-secret \(secret\)/),
      ]);
    });
  });

  test("the row of global_common.conf says what changes in it", () => {
    expect(because(plan(node, "web"), `write ${globalCommonPath}`)).toEqual([
      "changed (see --diff): - protocol A; - fence-peer /x.sh; parsed by drbdadm there first",
    ]);
  });
});

describe("the links in /dev/drbd/by-res", () => {
  const withGlobal = (text: string) => withFile(byHand(blankNode("alpha")), globalCommonPath, text);
  test.each<[string, ObservedNode, boolean]>([
    ["a new host", blankNode("alpha"), true],
    ["the package's own file", withFile(blankNode("alpha"), globalCommonPath, "global { udev-always-use-vnr; }"), true],
    ["a hand-made pair", byHand(blankNode("alpha")), false],
    [
      "a hand-made pair with the package's own file",
      withGlobal("global { usage-count no; udev-always-use-vnr; }"),
      true,
    ],
    [
      "a hand-made pair with a volume's number",
      byHand(
        blankNode("alpha"),
        tutorials.replaceAll("{ device", "{ volume 0 { device").replaceAll("internal;", "internal; }"),
      ),
      true,
    ],
    [
      "after it was taken over",
      withFile(withFile(blankNode("alpha"), path, configurationOf(r0)), globalCommonPath, ours),
      false,
    ],
  ])("%s: have the volume's number by default: %s", (_what, node, expected) => {
    expect(usesVolumeLinks(node)).toBe(expected);
  });
});

describe("what a definition says beyond what we can describe is refused, whether it runs or not", () => {
  const volume = (number: number, minor: number, disk: string) =>
    `volume ${number} { device /dev/drbd${minor} minor ${minor}; disk ${disk}; meta-disk internal; }`;
  const hosts = "on alpha { address 10.1.1.31:7789; } on bravo { address 10.1.1.32:7789; }";
  const withVolumes = (...volumes: string[]) => `resource r0 { ${volumes.join(" ")} ${hosts} }\n`;
  const down = (nodes: Pair): Pair => {
    const [alpha, bravo] = nodes;
    return [withKernel({ ...alpha, mounts: [] }, undefined), withKernel(bravo, undefined)];
  };

  test.each<[string, string, RegExp]>([
    [
      "two volumes",
      withVolumes(volume(0, 1, "/dev/vdb"), volume(1, 2, "/dev/vdc")),
      /r0 has volume 1 \(minor 2\) by \/etc\/drbd.d\/r0.res/,
    ],
    [
      "two volumes of hosts that it knows by their addresses",
      `resource r0 { ${volume(0, 1, "/dev/vdb")} ${volume(1, 2, "/dev/vdc")} floating 10.1.1.31:7789 { } floating 10.1.1.32:7789 { } }\n`,
      /r0 has volume 1 \(minor 2\) by/,
    ],
    [
      "two volumes of a host that it calls by a longer name",
      withVolumes(volume(0, 1, "/dev/vdb"), volume(1, 2, "/dev/vdc")).replace("on alpha", "on alpha.example"),
      /r0 has volume 1 \(minor 2\) by/,
    ],
    ["a volume that is not 0", withVolumes(volume(1, 1, "/dev/vdb")), /r0 has volume 1 \(minor 1\) by/],
    ["another resource in its file", `${tutorials}resource web { }\n`, /r0.res holds `resource web \{ … \}` beside r0/],
    [
      "common in its file",
      `common { protocol A; }\n${tutorials}`,
      /r0.res holds `common \{ … \}`, and drbdadm takes none/,
    ],
  ])("%s", (_what, text, told) => {
    for (const nodes of [bothByHand(text), down(bothByHand(text))]) {
      const refusals = refusalsOf(planOf(nodes, given));
      expect(refusals).toHaveLength(2);
      expect(refusals[0]).toMatch(told);
    }
  });

  test("two volumes in the kernel, whatever the file says", () => {
    const [alpha, bravo] = healthyPair();
    const devices = [kernelDevice("UpToDate"), kernelDevice("UpToDate", { volume: 1, minor: 2 })];
    expect(refusalsOf(planOf([withKernel(alpha, { devices }), bravo]))).toEqual([
      "alpha: r0 has volume 1 (minor 2) in the kernel, which the program does not describe",
    ]);
  });
});

test("a wrong name for the pair: one refusal, though drbdadm complains of the same", () => {
  const desired: OneVolume = { ...r0, name: "r1" };
  const candidate = { exit: 10, output: "STDIN:49: conflicting use of device-minor 'device-minor:alpha:1' ...\n" };
  const [alpha, bravo] = bothByHand().map((node) => withLook(node, { candidate }, "r1"));
  expect(refusalsOf(planOf([alpha!, bravo!], { desired }))).toEqual([
    "minor 1, the disk /dev/vdb and port 7789 belong to the resource r0 on alpha and bravo, by a file in /etc/drbd.d",
  ]);
});

describe("the secret that a pair has is kept", () => {
  const own = tutorials.replace("{", '{ net { shared-secret "0wn-secret"; }');
  const shared = 'common { net { shared-secret "c0mmon-secret"; } }\n';
  const secretIn = (node: ObservedNode) => installedSecret(node, "r0");
  const node = byHand(blankNode("alpha"), own);

  test.each<[string, ObservedNode, string | undefined]>([
    ["its own", node, "0wn-secret"],
    [
      "not another resource's in its file",
      withFile(node, path, `${own}resource web { net { shared-secret "0ther-one"; } }`),
      "0wn-secret",
    ],
    ["that of common", withFile(byHand(blankNode("alpha")), globalCommonPath, shared), "c0mmon-secret"],
    [
      "that of common, which is kept beside by now",
      withFile(
        withFile(byHand(blankNode("alpha")), globalCommonPath, ours),
        `${globalCommonPath}.before-pulumi-drbd`,
        shared,
      ),
      "c0mmon-secret",
    ],
    ["none", byHand(blankNode("alpha")), undefined],
    ["none where there is no resource", withFile(blankNode("alpha"), globalCommonPath, shared), undefined],
  ])("%s", (_what, seen, expected) => {
    expect(secretIn(seen)).toBe(expected);
  });
});

test("a resource whose name is a number is taken over, and its name stands in quotes", () => {
  const desired = { ...r0, name: "101" };
  const text = configurationOf(desired);
  expect(text).toContain('resource "101" {');
  expect(parseResFile(text).map(({ resource }) => resource)).toEqual(["101"]);
  expect(parseResource({ ...goodResource, name: "101" })).toMatchObject({ ok: true });
});

describe("files that other includes lead to", () => {
  const usual = ["drbd.d/global_common.conf", "drbd.d/*.res"];
  const pair = (where: string, includes: readonly string[], change = (node: ObservedNode) => node): Pair => {
    const [alpha, bravo] = bothByHand(tutorials, where);
    return [withIncludes(change(alpha), includes), withIncludes(change(bravo), includes)];
  };
  const told = (node: ObservedNode) =>
    planNode({ desired: desiredNode("alpha"), configuration: ours, node, described: new Set(["r0"]) }).refusals.map(
      ({ found, way }) => `${found}. ${way}`,
    );

  test.each([
    ["/etc/drbd.d/pairs/r0.res", "drbd.d/pairs/*.res"],
    ["/etc/drbd.d/r0.conf", "drbd.d/[!g]*.conf"],
    ["/etc/drbd.conf.d/my pair.conf", "/etc/drbd.conf.d/*.conf"],
  ])("%s: the definition is taken over, and kept in its place", (where, include) => {
    const plan = planOf(pair(where, [...usual, include]), given);
    expect(refusalsOf(plan)).toEqual([]);
    expect(because(plan, `write ${path}`)).toEqual([
      `takes the place of ${where}, which is kept as ${where}.before-pulumi-drbd; parsed by drbdadm there first, identical on both`,
    ]);
    expect(because(plan, "drbdadm adjust r0")).toEqual([
      "protocol A → protocol C; + cram-hmac-alg sha256; + shared-secret (secret); + fencing resource-only; - fence-peer /x.sh",
    ]);
  });

  test("where ours would not be read, the line that is missing", () => {
    expect(refusalsOf(planOf(pair("/etc/drbd.conf.d/r0.conf", ["/etc/drbd.conf.d/*.conf"]), given))).toEqual(
      ["alpha", "bravo"].map(
        (host) => `${host}: /etc/drbd.conf does not include ${path}: drbdadm would not read what is written there`,
      ),
    );
  });

  test("what else stands in that file is told, whatever its name", () => {
    const where = "/etc/drbd.conf.d/all.conf";
    const more = (node: ObservedNode) => withFile(node, where, `${tutorials}resource web { }\n`);
    expect(refusalsOf(planOf(pair(where, [...usual, "/etc/drbd.conf.d/*.conf"], more), given))[0]).toBe(
      `alpha: ${where} holds \`resource web { … }\` beside r0`,
    );
  });

  test("global and common in another file: one refusal says all", () => {
    const node = withFile(withFile(blankNode("alpha"), globalCommonPath, undefined), "/etc/drbd.conf.d/1.conf", common);
    const found =
      "/etc/drbd.conf.d/1.conf holds `global { … }` and `common { … }`, and drbdadm takes none beside those that pulumi-drbd writes into /etc/drbd.d/global_common.conf";
    const end =
      "What runs is not touched by it. `drbdadm dump all` then shows what it showed before. Your file is kept beside ours.";
    const move =
      "Move that file: `mv /etc/drbd.conf.d/1.conf /etc/drbd.d/global_common.conf`, in the place of whatever stands there.";
    const add =
      'Add `include "drbd.d/global_common.conf";` and `include "drbd.d/*.res";` to /etc/drbd.conf, as drbd-utils installs it.';
    expect(told(withIncludes(node, ["/etc/drbd.conf.d/*.conf"]))).toEqual([`${found}. ${move} ${add} ${end}`]);
    expect(told(withIncludes(node, [...usual, "drbd.conf.d/1.conf"]))).toEqual([
      `${found}. ${move} Take \`include "drbd.conf.d/1.conf";\` in /etc/drbd.conf away. ${end}`,
    ]);
    const mixed = withFile(node, "/etc/drbd.conf.d/1.conf", `${common}resource web { }\n`);
    expect(told(withIncludes(mixed, [...usual, "drbd.conf.d/*"]))).toEqual([
      `${found}. Move \`global { … }\` and \`common { … }\` to /etc/drbd.d/global_common.conf, in the place of whatever stands there. ${end}`,
    ]);
  });

  test("a global_common.conf that would be read under its kept name, too", () => {
    const node = withFile(blankNode("alpha"), globalCommonPath, common);
    expect(told(withIncludes(node, ["drbd.d/*"]))).toEqual([
      expect.stringMatching(
        /^`include "drbd.d\/\*";` in \/etc\/drbd.conf leads drbdadm to any name .*global_common.conf.before-pulumi-drbd too/,
      ),
    ]);
    expect(told(withIncludes(withFile(node, globalCommonPath, ours), ["drbd.d/*"]))).toEqual([]);
  });

  test("a file that drbdadm begins with in the place of drbd.conf", () => {
    const with84 = withFile(blankNode("alpha"), "/etc/drbd-84.conf", tutorials);
    expect(told(with84)).toEqual([
      "drbdadm there begins with /etc/drbd-84.conf, and never comes to /etc/drbd.conf, which pulumi-drbd goes by. Let it have the usual name: `mv /etc/drbd-84.conf /etc/drbd.conf`, in the place of what stands there. What runs is not touched by it. `drbdadm dump all` then shows what it showed before.",
    ]);
    const with90 = withFile(blankNode("alpha"), "/etc/drbd-90.conf", tutorials);
    expect(told(with90)).toEqual([]);
    expect(told({ ...with90, module: { version: "9.2.14", loaded: true } })).toHaveLength(1);
  });

  test.each([
    ["/etc/pairs/web.conf:3: Parse error: x", "/etc/pairs/web.conf"],
    ["pairs/web.conf:3: Parse error: x", "/etc/pairs/web.conf"],
    ["web.conf:3: Parse error: x", "/etc/pairs/web.conf"],
    ["drbd.d/db.res:3: Parse error: x\nmore", "/etc/drbd.d/db.res"],
  ])("one of them that drbdadm cannot read, as it names it: %s", (said, where) => {
    const packages = withFile(blankNode("alpha"), globalCommonPath, common);
    const files = withFile(withFile(packages, "/etc/pairs/web.conf", "x"), "/etc/drbd.d/db.res", "x");
    const node = withIncludes({ ...files, adjust: { exit: 10, output: `${said}\n` } }, [...usual, "pairs/*.conf"]);
    expect(told(node)).toEqual([
      `drbdadm cannot read ${where}, and so reads no resource at all: ${said}. Mend that file, or move it away if its resource is no more (\`mv ${where} /root/\`).`,
    ]);
    const alone = withIncludes({ ...files, adjust: node.adjust! }, [usual[0]!, "pairs/web.conf", "drbd.d/db.res"]);
    expect(told(alone)[0]).toMatch(
      new RegExp(`and take .include .*; in /etc/drbd.conf away with it`.replace(";", '";.')),
    );
  });
});

describe("a flat /etc/drbd.conf", () => {
  const conf = "/etc/drbd.conf";
  const two = 'include "drbd.d/global_common.conf";\ninclude "drbd.d/*.res";\n';
  const packages = "global { usage-count yes; udev-always-use-vnr; }\ncommon { }\n";
  const flat = (node: ObservedNode, shared: string | undefined): ObservedNode =>
    withFile(
      withFile(withFile(byHand(node), path, undefined), globalCommonPath, shared),
      conf,
      `${common}${tutorials}`,
    );
  const refused = (node: ObservedNode) =>
    planNode({ desired: desiredNode("alpha"), configuration: ours, node, described: new Set(["r0"]) }).refusals;

  test.each([
    ["and nothing in /etc/drbd.d", undefined],
    ["and the package's own global_common.conf", packages],
  ])("%s: one refusal says all, of the node and of the resource", (_what, shared) => {
    const [alpha, bravo] = healthyPair();
    const [one, ...more] = refused(flat(alpha, shared));
    expect(more).toEqual([]);
    expect(one?.found).toBe(
      "/etc/drbd.conf holds `global { … }`, `common { … }`, `resource r0 { … }` itself, and pulumi-drbd writes into /etc/drbd.d",
    );
    for (const part of [
      "`resource r0 { … }` to /etc/drbd.d/r0.res",
      "`global { … }` and `common { … }` to /etc/drbd.d/global_common.conf, in the place of whatever stands there",
      'let /etc/drbd.conf begin with `include "drbd.d/global_common.conf";` and `include "drbd.d/*.res";`',
    ])
      expect(one?.way).toContain(part);
    const ofResource = planOf([flat(alpha, shared), flat(bravo, shared)], given);
    expect(refusalsOf(ofResource)).toHaveLength(2);
  });

  test("the advice, followed, is all that is to be done", () => {
    const followed = (node: ObservedNode) =>
      withFile(withFile(withFile(flat(node, packages), path, tutorials), globalCommonPath, common), conf, two);
    const [alpha, bravo] = healthyPair();
    expect(refused(followed(alpha))).toEqual([]);
    const plan = planOf([followed(alpha), followed(bravo)], given);
    expect(refusalsOf(plan)).toEqual([]);
    expect(allCommands(plan)).toContain("alpha: drbdadm adjust r0");
  });

  test("a resource alone may stay there, if it is not described", () => {
    const node = withFile(blankNode("alpha"), conf, `${two}resource web { }\n`);
    expect(refused(node)).toEqual([]);
  });

  test("none at all, though drbd-utils is installed: noticed before anything is written", () => {
    const node = withFile(blankNode("alpha"), conf, undefined);
    expect(refused(node)).toEqual([
      expect.objectContaining({
        found: "drbd-utils is installed there, and /etc/drbd.conf is missing: drbdadm would read nothing",
      }),
    ]);
    expect(refused({ ...node, utils: null })).toEqual([]);
  });

  test("a broken one is never to be moved away", () => {
    const broken = { exit: 10, output: "/etc/drbd.conf:3: Parse error: x\n" };
    const node = { ...withFile(blankNode("alpha"), globalCommonPath, packages), adjust: broken };
    expect(refused(node).map(({ way }) => way)).toEqual(["Mend that file: drbdadm does nothing without it."]);
  });

  test("resources and includes in global_common.conf are told together", () => {
    const node = withFile(blankNode("alpha"), globalCommonPath, `${common}include "x.conf"; ${tutorials}`);
    expect(refused(node).map(({ found, way }) => `${found}. ${way}`)).toEqual([
      "/etc/drbd.d/global_common.conf holds more than `global` and `common`, and ours would take its place. Move `include x.conf` to /etc/drbd.conf; `resource r0 { … }` to /etc/drbd.d/r0.res. What runs is not touched by it.",
    ]);
  });
});
