/** What is described of two hosts, what is left out and why. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { adopt, type LookedAt } from "../../../provider/core/adopted/adopt";
import type { Adoption, LeftOut } from "../../../provider/core/adopted/adopted-inputs";
import { programText } from "../../../provider/core/adopted/program-text";
import { siteText } from "../../../provider/core/adopted/site-text";
import type { ObservedNode } from "../../../provider/core/seen/observed";
import type { ManagerName } from "../../../provider/core/wanted/manager-names";
import { blankNode, kernelDevice, withBlock, withFile, withKernel, withMount } from "../observed-builder";

interface Given {
  readonly common?: string;
  /** Inside of `resource r0`, before its hosts. */
  readonly own?: string;
  readonly addresses?: readonly [string, string];
  readonly more?: string;
}

const volume = (minor: number, disk: string, meta = "internal") =>
  `device /dev/drbd${minor} minor ${minor}; disk ${disk}; meta-disk ${meta};`;

function resourceText(name: string, minor: number, { own = "", addresses = ["10.1.1.31", "10.1.1.32"] }: Given = {}) {
  const on = (host: string, place: 0 | 1) =>
    `on ${host} { ${volume(minor, `/dev/vd${"abcdef".charAt(minor)}`)} address ipv4 ${addresses[place]}:${7788 + minor}; }`;
  return `resource ${name} {\n${on("alpha", 0)}\n${on("bravo", 1)}\n${own}\n}\n`;
}

/** As `drbdadm --verbose dump all` prints it there. */
function dumpOn(host: string, resources: Readonly<Record<string, string>>, common = ""): string {
  const each = Object.entries(resources).map(
    ([name, text]) =>
      `# resource ${name} on ${host}: not ignored, not stacked\n# defined at /etc/drbd.d/${name}.res:1\n${text}`,
  );
  return `# /etc/drbd.conf\nglobal {\n    usage-count no;\n}\n\ncommon {\n${common}\n}\n\n${each.join("\n")}`;
}

const roles = { alpha: "Primary", bravo: "Secondary" };

function hostOf(host: "alpha" | "bravo", resources: Readonly<Record<string, string>>, common = ""): ObservedNode {
  const node = withFile(
    withFile(blankNode(host), "/etc/drbd.d/global_common.conf", `global { usage-count no; }\ncommon { ${common} }\n`),
    "/etc/drbd.d/r0.res",
    Object.values(resources).join(""),
  );
  return withKernel(
    { ...node, dump: { exit: 0, output: dumpOn(host, resources, common) } },
    { role: roles[host], connection: "Connected", devices: [kernelDevice("UpToDate", { minor: 1 })] },
  );
}

type Nodes = readonly [ObservedNode, ObservedNode];

function pair(resources: Readonly<Record<string, string>> = { r0: resourceText("r0", 1) }, common = ""): Nodes {
  return [hostOf("alpha", resources, common), hostOf("bravo", resources, common)];
}

const lookedAt = ([alpha, bravo]: Nodes, names = ["alpha", "bravo"]): readonly [LookedAt, LookedAt] => [
  { connection: { host: names[0]! }, node: alpha },
  { connection: { host: names[1]! }, node: bravo },
];

function adopted(nodes: Nodes, names?: string[], ignoreManagers?: readonly ManagerName[]): Adoption {
  const found = adopt(lookedAt(nodes, names), ignoreManagers);
  if (!("nodes" in found)) throw new Error(JSON.stringify(found));
  return found;
}

function nothing(nodes: Nodes): readonly LeftOut[] {
  const found = adopt(lookedAt(nodes));
  if ("nodes" in found) throw new Error(JSON.stringify(found));
  return found.leftOut;
}

const fstab = (node: ObservedNode, line: string) =>
  withFile(node, "/etc/fstab", `/dev/vda / ext4 defaults 0 1\n${line}\n`);

test("the tutorial's pair, whole", () => {
  const [alpha, bravo] = pair({ r0: resourceText("r0", 1, { own: "net { protocol A; }" }) }, "net { protocol A; }");
  const line = "/dev/drbd1 /srv/vm xfs defaults 0 0";
  const adoption = adopted([withMount(fstab(alpha, line), "/dev/drbd1", "/srv/vm"), fstab(bravo, line)]);
  expect({ leftOut: adoption.leftOut, remarks: adoption.remarks }).toEqual({ leftOut: [], remarks: [] });
  const made = siteText(adoption, { project: "pulumi-drbd", comment: "As found." });
  expect(made.ok && made.text).toBe(`config:
  # As found.
  pulumi-drbd:nodes:
    - hostname: alpha
      connection:
        host: alpha
      address: 10.1.1.31
      global:
        usage-count: "no"
      common:
        protocol: A
    - hostname: bravo
      connection:
        host: bravo
      address: 10.1.1.32
      global:
        usage-count: "no"
      common:
        protocol: A
  pulumi-drbd:resources:
    - name: r0
      minor: 1
      port: 7789
      disks:
        alpha: /dev/vdb
        bravo: /dev/vdb
      protocol: A
      auth: false
      net:
        fencing: dont-care
      syncSource: alpha
      filesystem:
        mountPoint: /srv/vm
`);
});

test("a program, with its secret from the stack's config", () => {
  const own = 'net { cram-hmac-alg sha1; shared-secret "Foo"; max-buffers 8000; }';
  const text = programText(adopted(pair({ r0: resourceText("r0", 1, { own }) })), "As found.");
  expect(text).toBe(`// As found.
import * as pulumi from "@pulumi/pulumi";

import { DrbdPair } from "pulumi-drbd";

const config = new pulumi.Config();

const pair = new DrbdPair("pair", {
  nodes: [
    { hostname: "alpha", connection: { host: "alpha" }, address: "10.1.1.31", global: { "usage-count": "no" } },
    { hostname: "bravo", connection: { host: "bravo" }, address: "10.1.1.32", global: { "usage-count": "no" } },
  ],
  resources: [
    {
      name: "r0",
      minor: 1,
      port: 7789,
      disks: { alpha: "/dev/vdb", bravo: "/dev/vdb" },
      protocol: "C",
      auth: true,
      cramHmacAlg: "sha1",
      net: { fencing: "dont-care", "max-buffers": 8000 },
      syncSource: "alpha",
      sharedSecret: config.requireSecret("r0-sharedSecret"),
    },
  ],
});

export const devices = Object.fromEntries(
  Object.entries(pair.resources).map(([name, resource]) => [name, resource.devicePath]),
);
`);
});

describe("`common`", () => {
  test("what it says is the node's, but for a secret, which each resource has itself", () => {
    const common =
      'net { protocol B; cram-hmac-alg sha1; shared-secret "x1234567"; after-sb-0pri discard-zero-changes; } disk { fencing resource-only; c-max-rate 33M; } handlers { fence-peer "/usr/lib/drbd/crm-fence-peer.sh"; }';
    const { nodes, leftOut, secrets } = adopted(pair({ r0: resourceText("r0", 1, { own: common }) }, common));
    expect(nodes[0].common).toEqual({
      protocol: "B",
      net: { "after-sb-0pri": "discard-zero-changes", fencing: "resource-only" },
      disk: { "c-max-rate": "33M" },
      handlers: { "fence-peer": "/usr/lib/drbd/crm-fence-peer.sh" },
    });
    expect(leftOut.map(({ subject, line }) => [subject, line])).toEqual(
      ["alpha", "bravo"].flatMap((host) => [
        [host, "common { net }: cram-hmac-alg sha1"],
        [host, "common { net }: shared-secret (secret)"],
      ]),
    );
    expect(secrets.get("r0")).toBe("x1234567");
    expect(JSON.stringify({ nodes, leftOut })).not.toContain("x1234567");
  });

  test("what no input says is told with its line", () => {
    const { nodes, leftOut } = adopted(pair(undefined, "proxy { memlimit 100M; } startup { become-primary-on both; }"));
    expect(nodes[0].common).toBeUndefined();
    expect(leftOut.filter(({ subject }) => subject === "alpha").map(({ line }) => line)).toEqual([
      "common { proxy }: memlimit 100M",
      "common { startup }: become-primary-on both",
    ]);
  });
});

describe("the filesystem", () => {
  const only = (nodes: Nodes) => {
    const { resources, remarks } = adopted(nodes);
    return { filesystem: resources[0]?.filesystem, remarks };
  };
  const uuid = "1f0c7a52-6d5b-4d5f-9c0f-0d7f3c1e9a10";
  const [alpha, bravo] = pair();

  test("an ext4 with its options, by whatever name fstab has for it", () => {
    const line = `UUID=${uuid} /srv/vm ext4 defaults,noatime,noauto,_netdev,errors=remount-ro 0 2`;
    const mounted = withMount(fstab(alpha, line), "/dev/drbd1", "/srv/vm", "ext4");
    expect(only([mounted, fstab(bravo, line)])).toEqual({
      filesystem: { type: "ext4", mountPoint: "/srv/vm", mountOptions: ["noatime", "errors=remount-ro"] },
      remarks: [],
    });
  });

  test.each([
    ["noatime,x-systemd.after=a.service,x-systemd.device-timeout=5", ["noatime", "x-systemd.after=a.service"], []],
    ["x-systemd.automount,user,nofail", undefined, ["x-systemd.automount, user"]],
    ["noauto,x-systemd.requires=drbd-primary@r0.target,x-systemd.after=drbd@r0.target,acl", ["acl"], []],
  ])("the options %s", (options, mountOptions, dropped) => {
    const mounted = withMount(fstab(alpha, `/dev/drbd1 /srv/vm xfs ${options} 0 0`), "/dev/drbd1", "/srv/vm");
    const found = only([mounted, bravo]);
    expect(found.filesystem?.mountOptions).toEqual(mountOptions);
    expect(found.remarks).toEqual(
      dropped.map((one) => expect.stringContaining(`with ${one}, which our line`) as string),
    );
  });

  test("mounted by hand, without a line", () => {
    const filesystem = { mountPoint: "/srv/vm" };
    expect(only([withMount(alpha, "/dev/drbd1", "/srv/vm"), bravo])).toEqual({ filesystem, remarks: [] });
    expect(only([withMount(alpha, "/dev/drbd/by-res/r0", "/srv/vm"), bravo])).toEqual({ filesystem, remarks: [] });
    const byNumber = { source: "/dev/mapper/x", target: "/srv/vm", fstype: "xfs", number: "147:1" };
    expect(only([{ ...alpha, mounts: [...alpha.mounts, byNumber] }, bravo])).toEqual({ filesystem, remarks: [] });
  });

  test("by fstab alone: described, and told that `up` mounts it", () => {
    const { filesystem, remarks } = only([fstab(alpha, "/dev/drbd1 /srv/vm xfs noauto 0 0"), bravo]);
    expect(filesystem).toEqual({ mountPoint: "/srv/vm" });
    expect(remarks).toEqual([expect.stringContaining("is not mounted now: `pulumi up` mounts it")]);
    const byUuid = withBlock(fstab(alpha, `UUID=${uuid} /srv/vm auto noauto 0 0`), "/dev/drbd1", {
      uuid,
      fstype: "ext3",
    });
    expect(only([byUuid, bravo]).filesystem).toEqual({ type: "ext3", mountPoint: "/srv/vm" });
  });

  test.each([
    ["a cluster filesystem", withMount(alpha, "/dev/drbd1", "/srv/vm", "ocfs2"), bravo, "as ocfs2"],
    ["a place of the system's", withMount(alpha, "/dev/drbd1", "/var/lib"), bravo, "belongs to the system"],
    [
      "mounted on both",
      withMount(alpha, "/dev/drbd1", "/srv/vm"),
      withMount(bravo, "/dev/drbd1", "/srv/vm"),
      "mounted on alpha and on bravo",
    ],
    ["fstab without a type", fstab(alpha, "/dev/drbd1 /srv/vm auto noauto 0 0"), bravo, "an unknown type"],
  ])("%s stays outside, and is told", (_what, one, other, told) => {
    const { filesystem, remarks } = only([one, other]);
    expect(filesystem).toBeUndefined();
    expect(remarks).toEqual([expect.stringContaining(told)]);
    expect(remarks[0]).toContain("stay as they are");
  });

  test.each(["/dev/drbd1 none swap sw 0 0", "/dev/vdb /srv/vm xfs defaults 0 0"])("none: %s", (line) => {
    expect(only([fstab(alpha, line), bravo])).toEqual({ filesystem: undefined, remarks: [] });
  });
});

describe("the sync source", () => {
  const [alpha, bravo] = pair();
  const sourceOf = (nodes: Nodes) => {
    const { resources, remarks } = adopted(nodes);
    return [resources[0]?.syncSource, remarks.join("\n")];
  };
  const secondary = withKernel(alpha, { role: "Secondary" });

  test("where it is Primary", () => {
    expect(sourceOf([secondary, withKernel(bravo, { role: "Primary" })])).toEqual(["bravo", ""]);
  });

  test("down on one side: told, and it is where it runs", () => {
    expect(sourceOf([withKernel(alpha, undefined), bravo])).toEqual([
      "bravo",
      expect.stringMatching(/down on alpha, and `pulumi up` brings it up there\n.*`syncSource` is bravo/),
    ]);
  });

  test("Primary nowhere: where the data is UpToDate", () => {
    const inconsistent = withKernel(secondary, { devices: [kernelDevice("Inconsistent", { minor: 1 })] });
    expect(sourceOf([inconsistent, bravo])).toEqual(["bravo", expect.stringContaining("whose data is UpToDate")]);
    expect(sourceOf([secondary, bravo])).toEqual(["alpha", expect.stringContaining("make it the other one")]);
  });

  test("Primary on both: told, and no filesystem where both may write", () => {
    const own = "net { allow-two-primaries yes; }";
    const [one, two] = pair({ r0: resourceText("r0", 1, { own }) });
    const both: Nodes = [withMount(one, "/dev/drbd1", "/srv/vm"), withKernel(two, { role: "Primary" })];
    expect(sourceOf(both)).toEqual([
      "alpha",
      expect.stringMatching(/both hosts are Primary(.|\n)*allow-two-primaries/),
    ]);
    expect(adopted(both).resources[0]?.filesystem).toBeUndefined();
  });
});

test("metadata in a slot of a disk that several share, as the file spells it", () => {
  const text = resourceText("r0", 1).replace("internal", "/dev/vdc [1]").replace("internal", "/dev/vdc[ 1 ]");
  expect(adopted(pair({ r0: text })).resources).toEqual([
    expect.objectContaining({ metaDisks: { alpha: "/dev/vdc[1]", bravo: "/dev/vdc[1]" } }),
  ]);
});

test("several volumes, each with its mount", () => {
  const on = (host: string, address: string) =>
    `on ${host} { volume 0 { ${volume(1, "/dev/vdb")} } volume 1 { ${volume(2, "/dev/vdc", "/dev/vdd")} } address ipv4 ${address}:7789; }`;
  const [alpha, bravo] = pair({ r0: `resource r0 { ${on("alpha", "10.1.1.31")} ${on("bravo", "10.1.1.32")} }\n` });
  const { resources } = adopted([withMount(alpha, "/dev/drbd2", "/srv/logs"), bravo]);
  expect(resources).toEqual([
    {
      name: "r0",
      port: 7789,
      volumes: [
        { volume: 0, minor: 1, disks: { alpha: "/dev/vdb", bravo: "/dev/vdb" } },
        {
          volume: 1,
          minor: 2,
          disks: { alpha: "/dev/vdc", bravo: "/dev/vdc" },
          metaDisks: { alpha: "/dev/vdd", bravo: "/dev/vdd" },
          filesystem: { mountPoint: "/srv/logs" },
        },
      ],
      protocol: "C",
      auth: false,
      net: { fencing: "dont-care" },
      syncSource: "alpha",
    },
  ]);
});

describe("what is left out", () => {
  const both = (change: (resources: Record<string, string>) => Record<string, string>): Nodes => {
    const resources = { r0: resourceText("r0", 1) };
    return [hostOf("alpha", resources), hostOf("bravo", change(resources))];
  };

  test("files that differ: both values, and what to do", () => {
    const nodes = both(() => ({ r0: resourceText("r0", 1, { own: "net { protocol A; }" }) }));
    expect(nothing(nodes)).toEqual([
      {
        subject: "r0",
        line: "protocol A",
        why: "the files of alpha and bravo differ here: alpha has nothing, bravo has `A` (/etc/drbd.d/r0.res:1)",
        way: "Make the files one: copy the right one to the other host, run `drbdadm adjust r0` there, and adopt again.",
      },
    ]);
  });

  test("secrets that differ are not told", () => {
    const secret = (value: string) => ({ r0: resourceText("r0", 1, { own: `net { shared-secret ${value}; }` }) });
    const told = JSON.stringify(nothing([hostOf("alpha", secret("one1")), hostOf("bravo", secret("two2"))]));
    expect(told).toContain("shared-secret (secret)");
    expect(told).not.toMatch(/one1|two2/);
  });

  test("a resource of one host alone", () => {
    const { resources, leftOut } = adopted(both((all) => ({ ...all, web: resourceText("web", 2) })));
    expect(resources.map(({ name }) => name)).toEqual(["r0"]);
    expect(leftOut.map(({ subject, why }) => [subject, why])).toEqual([
      ["web", "bravo defines it, and alpha does not"],
    ]);
  });

  test("what a pair cannot say, with its line", () => {
    const [{ line, way } = { line: "", way: "" }] = nothing(
      pair({ r0: resourceText("r0", 1).replaceAll(/device[^;]*;/g, "device /dev/drbd_data minor 1;") }),
    );
    expect(line).toBe("device /dev/drbd_data minor 1;");
    expect(way).toContain("It runs on as it is");
  });

  test("an input that would be refused", () => {
    const text = resourceText("r0", 1).replaceAll("/dev/vdb", "/dev/disk/by-label/data");
    expect(nothing(pair({ r0: text }))[0]).toMatchObject({ subject: "r0", line: "nodes[0].disk" });
  });

  test("what Pacemaker manages", () => {
    const cib = '<primitive id="d"><nvpair name="drbd_resource" value="r0"/></primitive>';
    const [alpha, bravo] = pair();
    const [left] = nothing([withFile(alpha, "/var/lib/pacemaker/cib/cib.xml", cib), bravo]);
    expect(left?.why).toBe("alpha: Pacemaker manages r0 there (/var/lib/pacemaker/cib/cib.xml)");
    expect(left?.way).toContain("left out");
    expect(left?.way).toContain("`--ignore-managers Pacemaker`");
  });

  test("other addresses than most have", () => {
    const addresses = ["10.9.9.1", "10.9.9.2"] as const;
    const all = {
      web: resourceText("web", 2, { addresses }),
      r0: resourceText("r0", 1),
      db: resourceText("db", 3),
    };
    const { resources, leftOut, nodes } = adopted(pair(all));
    expect(resources.map(({ name }) => name)).toEqual(["r0", "db"]);
    expect(nodes.map(({ address }) => address)).toEqual(["10.1.1.31", "10.1.1.32"]);
    expect(leftOut.map(({ subject, line }) => [subject, line])).toEqual([["web", "address 10.9.9.1 and 10.9.9.2"]]);
  });

  test("what runs, and no file defines", () => {
    const [alpha, bravo] = pair();
    const stray = withKernel(alpha, { devices: [kernelDevice("UpToDate", { minor: 9 })] }, "old");
    expect(adopted([stray, bravo]).leftOut).toEqual([
      expect.objectContaining({ subject: "old", why: expect.stringContaining("it runs on alpha") as string }),
    ]);
  });
});

describe("a tool that manages it, and that the user says to pass over", () => {
  const managed = (text: string, path: string): Nodes => {
    const [alpha, bravo] = pair();
    return [withMount(withFile(alpha, path, text), "/dev/drbd1", "/srv/vm"), withFile(bravo, path, text)];
  };
  const byPacemaker = managed(
    readFileSync(join(__dirname, "../../fixtures/pacemaker-3.0.0/cib.xml"), "utf8"),
    "/var/lib/pacemaker/cib/cib.xml",
  );

  test("is named in the inputs, and goes on mounting", () => {
    const { resources, remarks, leftOut } = adopted(byPacemaker, undefined, ["LINSTOR", "Pacemaker"]);
    expect(leftOut).toEqual([]);
    expect(resources[0]).toMatchObject({ syncSource: "alpha", ignoreManagers: ["Pacemaker"] });
    expect(resources[0]).not.toHaveProperty("filesystem");
    expect(remarks).toEqual([
      "r0: Pacemaker manages it, which `ignoreManagers` passes over: `filesystem` is left out, and promoting and mounting stay with Pacemaker. Take `ignoreManagers` out again after `pulumi up`: then nothing is done to what it manages",
    ]);
  });

  test("passes over no other tool", () => {
    const byLinstor = managed("resource r0 {\n}\n", "/var/lib/linstor.d/r0.res");
    const found = adopt(lookedAt(byLinstor), ["Pacemaker"]);
    expect(found.leftOut.map(({ way }) => way)).toEqual([expect.stringContaining("`--ignore-managers LINSTOR`")]);
  });

  test("changes nothing of what no tool manages", () => {
    const [alpha, bravo] = pair();
    const nodes: Nodes = [withMount(alpha, "/dev/drbd1", "/srv/vm"), bravo];
    expect(adopted(nodes, undefined, ["Pacemaker"])).toEqual(adopted(nodes));
    expect(adopted(nodes).resources[0]).toHaveProperty("filesystem");
  });
});

describe("nothing to take over", () => {
  const [alpha, bravo] = pair();
  const whys = (nodes: Nodes) => nothing(nodes).map(({ subject, why }) => `${subject}: ${why}`);

  test.each<[string, ObservedNode, string]>([
    [
      "no drbd-utils",
      { ...bravo, utils: null, dump: undefined },
      "bravo: drbd-utils is not installed there: it has no pair",
    ],
    [
      "no drbd.conf",
      { ...bravo, dump: undefined },
      "bravo: drbdadm reads no configuration there: /etc/drbd.conf is missing",
    ],
    [
      "drbdadm does not read it",
      { ...bravo, dump: { exit: 10, output: "/etc/drbd.d/r0.res:3: Parse error: ';' expected" } },
      "bravo: drbdadm does not take its own configuration there: /etc/drbd.d/r0.res:3: Parse error: ';' expected",
    ],
    ["one host twice", alpha, "alpha: alpha and bravo are one host: `uname -n` says alpha on both"],
  ])("%s", (_what, other, told) => {
    expect(whys([alpha, other])).toEqual([told]);
  });

  test("no resource at all", () => {
    const [one, two] = pair({});
    const none = (node: ObservedNode) => withKernel(node, undefined);
    expect(nothing([none(one), none(two)])).toEqual([]);
  });
});

test("hosts by their SSH names: the description has what they call themselves", () => {
  const { nodes, remarks } = adopted(pair(), ["web-a", "bravo.example"]);
  expect(nodes.map(({ hostname, connection }) => [hostname, connection])).toEqual([
    ["alpha", { host: "web-a" }],
    ["bravo", { host: "bravo.example" }],
  ]);
  expect(remarks).toEqual([expect.stringContaining("web-a: the host calls itself alpha")]);
});

test("where all files are ours, the dump that came with `common` counts", () => {
  const [alpha, bravo] = pair().map(({ dump, ...node }) => ({
    ...node,
    common: { globalCommon: "", now: dump!, then: dump! },
  })) as unknown as Nodes;
  expect(adopted([alpha, bravo]).resources.map(({ name }) => name)).toEqual(["r0"]);
});
