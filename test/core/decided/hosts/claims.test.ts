import { resourceOf } from "../../one-volume";
import { type OneVolume } from "../../one-volume";
import { claimsOf } from "../../../../provider/core/decided/hosts/claims";
import { claimRefusals } from "../../../../provider/core/decided/hosts/claim-refusals";
import { claimFailures } from "../../../../provider/core/decided/hosts/claim-refusals";
import { metadataPlaceFrom } from "../../../../provider/core/wanted/metadata-place";
import { blankNode, r0, withFile } from "../../observed-builder";

/** A second resource on the same two hosts that has nothing in common with the first, changed in some points. */
const other = (change: Partial<OneVolume> = {}, disk = "/dev/vdc", meta = "internal"): OneVolume => {
  const [first, second] = r0.sides;
  const place = { disk, ...metadataPlaceFrom(meta) };
  const sides = [
    { ...first, ...place },
    { ...second, ...place },
  ] as const;
  return { ...r0, name: "web", minor: 2, port: 7790, sides, ...change };
};

/** At addresses of another network. */
const elsewhere = ({ sides: [first, second], ...one }: OneVolume): OneVolume => ({
  ...one,
  sides: [
    { ...first, address: "10.9.9.1" },
    { ...second, address: "10.9.9.2" },
  ],
});

test("what a resource takes up on each host", () => {
  expect(claimsOf(resourceOf(other({}, "/dev/vdc", "/dev/vdd")))).toEqual([
    { resource: "web", host: "alpha", minor: 2, port: 7790, address: "10.1.1.31", disks: ["/dev/vdc", "/dev/vdd"] },
    { resource: "web", host: "bravo", minor: 2, port: 7790, address: "10.1.1.32", disks: ["/dev/vdc", "/dev/vdd"] },
  ]);
});

test.each<[string, OneVolume, string[]]>([
  ["nothing in common", other(), []],
  ["the same name", other({ name: "r0" }), ["name: the name r0 belongs to another resource on bravo already"]],
  ["the same minor", other({ minor: 1 }), ["minor: minor 1 belongs to the resource web on bravo already"]],
  ["the same port", other({ port: 7789 }), ["port: port 7789 belongs to the resource web on bravo already"]],
  ["the same port at other addresses", elsewhere(other({ port: 7789 })), []],
  ["the same disk", other({}, "/dev/vdb"), [": the disk /dev/vdb belongs to the resource web on bravo already"]],
  [
    "its disk holds the other's metadata",
    other({}, "/dev/vdc", "/dev/vdb"),
    [": the disk /dev/vdb belongs to the resource web on bravo already"],
  ],
  [
    "a slot of its disk",
    other({}, "/dev/vdc", "/dev/vdb[1]"),
    [": the disk /dev/vdb, there called /dev/vdb[1], belongs to the resource web on bravo already"],
  ],
  [
    "all of it, each told once",
    other({ minor: 1, port: 7789 }, "/dev/vdb"),
    [
      "minor: minor 1 belongs to the resource web on bravo already",
      "port: port 7789 belongs to the resource web on bravo already",
      ": the disk /dev/vdb belongs to the resource web on bravo already",
    ],
  ],
])("in one program: %s", (_what, second, expected) => {
  const told = claimFailures(resourceOf(r0), "r0's", new Map([["another", claimsOf(resourceOf(second))]])).map(
    ({ property, reason }) => `${property}: ${reason.split(":")[0]!}`,
  );
  expect(told).toEqual(expected);
});

test.each<[string, string, string, string[]]>([
  ["two slots", "/dev/vdd[0]", "/dev/vdd[1]", []],
  ["one slot", "/dev/vdd[1]", "/dev/vdd[1]", ["the disk /dev/vdd[1] belongs to the resource web on bravo already"]],
  [
    "a slot and the whole",
    "/dev/vdd[1]",
    "/dev/vdd",
    ["the disk /dev/vdd[1] belongs to the resource web on bravo already"],
  ],
  [
    "the whole and a slot",
    "/dev/vdd",
    "/dev/vdd[0]",
    ["the disk /dev/vdd belongs to the resource web on bravo already"],
  ],
])("%s of one disk for the metadata of two resources", (_what, mine, theirs, expected) => {
  const claims = new Map([["another", claimsOf(resourceOf(other({}, "/dev/vdc", theirs)))]]);
  const told = claimFailures(resourceOf(other({ name: "r0", minor: 1, port: 7789 }, "/dev/vdb", mine)), "r0's", claims);
  // Not the text behind the path, which has brackets.
  expect(told.map(({ reason }) => reason.split(":")[0]!.replace(/, there called [^,]*,/, ""))).toEqual(expected);
});

test("the first of two resources of one program that is checked is told of all they share, not of the disk alone", () => {
  const declare = (one: OneVolume) => claimsOf(resourceOf(one));
  const declared = [...declare(r0), ...declare(other({ minor: 1, port: 7789 }, "/dev/vdb"))];
  expect(claimFailures(resourceOf(r0), "r0's", new Map(), declared).map(({ reason }) => reason.split(":")[0])).toEqual([
    "minor 1 belongs to the resource web on bravo already",
    "port 7789 belongs to the resource web on bravo already",
    "the disk /dev/vdb belongs to the resource web on bravo already",
  ]);
  expect(claimFailures(resourceOf(r0), "r0's", new Map(), [...declare(r0), ...declare(other())])).toEqual([]);
});

test("on other hosts, or by itself, it may have the same", () => {
  const [first, second] = other({ minor: 1, port: 7789 }, "/dev/vdb").sides;
  const elsewhere = other({
    minor: 1,
    port: 7789,
    sides: [
      { ...first, hostname: "carol" },
      { ...second, hostname: "dave" },
    ],
  });
  expect(claimFailures(resourceOf(r0), "r0's", new Map([["another", claimsOf(resourceOf(elsewhere))]]))).toEqual([]);
  expect(claimFailures(resourceOf(r0), "r0's", new Map([["r0's", claimsOf(resourceOf(r0))]]))).toEqual([]);
});

describe("a file of somebody else's", () => {
  const claimed = (text: string, path = "/etc/drbd.d/web.res") =>
    claimRefusals(resourceOf(r0), [withFile(blankNode("alpha"), path, text), blankNode("bravo")]).map(
      ({ found }) => found,
    );
  const on = (host: string, rest: string) => `resource web { on ${host} { ${rest} } }`;

  test.each([
    ["device minor 1;", "minor 1"],
    ["device /dev/drbd1;", "minor 1"],
    ["device /dev/drbd_web minor 1;", "minor 1"],
    ["address 10.1.1.31:7789;", "port 7789"],
    ["address ipv4 10.1.1.31:7789;", "port 7789"],
    ["address 0.0.0.0:7789;", "port 7789"],
    ["disk /dev/vdb;", "the disk /dev/vdb"],
    ['disk "/dev/vdb";', "the disk /dev/vdb"],
    ["disk /dev/vdz; meta-disk /dev/vdb;", "the disk /dev/vdb"],
    ["disk /dev/vdz; meta-disk /dev/vdb[0];", "the disk /dev/vdb, there called /dev/vdb[0],"],
    ["volume 1 { device minor 1; disk /dev/vdz; }", "minor 1"],
  ])("%s", (rest, what) => {
    expect(claimed(on("alpha", rest))).toEqual([`${what} belongs to the resource web, by a file in /etc/drbd.d`]);
    expect(claimed(on("bravo", rest))).toEqual([]);
  });

  test("that has the minor, the port and the disk on both hosts: one refusal, which asks whether that pair is meant", () => {
    const side = (host: string, address: string) =>
      `on ${host} { device /dev/drbd1; disk /dev/vdb; meta-disk internal; address ${address}:7789; }`;
    const text = `resource web { ${side("alpha", "10.1.1.31")} ${side("bravo", "10.1.1.32")} }`;
    const path = "/etc/drbd.d/web.res";
    const refusals = claimRefusals(
      resourceOf(r0),
      [blankNode("alpha"), blankNode("bravo")].map((node) => withFile(node, path, text)),
    );
    expect(refusals).toEqual([
      {
        node: undefined,
        property: "name",
        found:
          "minor 1, the disk /dev/vdb and port 7789 belong to the resource web on alpha and bravo, by a file in /etc/drbd.d",
        way: "If that is the pair that you mean: `name: web`. Else choose others, or remove its file if web is no more.",
      },
    ]);
  });

  test.each([
    ["has the host by its address", "/etc/drbd.d/web.res", "floating 10.1.1.31:7790 {", "a file in /etc/drbd.d"],
    ["has a longer name for the host", "/etc/drbd.d/web.res", "on alpha.example {", "a file in /etc/drbd.d"],
    ["is flat", "/etc/drbd.conf", "on alpha {", "/etc/drbd.conf"],
    ["is LINSTOR's", "/var/lib/linstor.d/web.res", "on alpha {", "/var/lib/linstor.d/web.res"],
  ])("that %s: its disk is another resource's still", (_what, path, host, by) => {
    const text = `resource web { ${host} device /dev/drbd5; disk /dev/vdb; meta-disk internal; } floating 10.1.1.99:7790 { device /dev/drbd5; disk /dev/vdc; meta-disk internal; } }`;
    expect(claimed(text, path)).toEqual([`the disk /dev/vdb belongs to the resource web, by ${by}`]);
    expect(claimed(text.replace("/dev/vdb", "/dev/vdx").replace("/dev/vdc", "/dev/vdb"), path)).toEqual([]);
  });

  test.each(["address 10.9.9.9:7789;", "address ipv6 [fd00::1]:7789;"])("%s is no conflict", (rest) => {
    expect(claimed(on("alpha", rest))).toEqual([]);
  });

  const lower =
    "resource low { on alpha { device minor 8; disk /dev/vdl; address 10.1.1.31:7800; } on bravo { device minor 8; disk /dev/vdl; address 10.1.1.32:7800; } }";
  test.each([
    [
      "stacked",
      `${lower} resource web { stacked-on-top-of low { device minor 1; address 10.1.1.31:7788; } on carol { device minor 1; disk /dev/vdb; address 10.2.0.1:7788; } }`,
      "minor 1",
    ],
    [
      "stacked, its port",
      `${lower} resource web { stacked-on-top-of low { device minor 9; address 10.1.1.31:7789; } on carol { device minor 1; disk /dev/vdb; address 10.2.0.1:7789; } }`,
      "port 7789",
    ],
    [
      "by DRBD Proxy",
      on("alpha", "address 127.0.0.1:7801; proxy on alpha { inside 127.0.0.1:7802; outside 10.1.1.31:7789; }"),
      "port 7789",
    ],
    [
      "by `via proxy` of a connection",
      "resource web { on alpha { disk /dev/x; } connection { host alpha address 127.0.0.1:7801 via proxy on alpha { inside 127.0.0.1:7802; outside 10.1.1.31:7789; } } }",
      "port 7789",
    ],
    [
      "in a path",
      "resource web { on alpha { disk /dev/x; address 10.1.1.31:7801; } connection { path { host alpha address 10.1.1.31:7789; } } }",
      "port 7789",
    ],
    [
      "by `port` in a connection",
      "resource web { on alpha { disk /dev/x; address 10.1.1.31:7801; } connection { host alpha port 7789; } }",
      "port 7789",
    ],
    ["under a name in capitals", on("ALPHA.example", "device minor 1;"), "minor 1"],
  ])("%s", (_what, text, what) => {
    expect(claimed(text)).toEqual([`${what} belongs to the resource web, by a file in /etc/drbd.d`]);
  });

  test("a stacked one takes nothing where its lower one is not", () => {
    const elsewhere = `${lower.replaceAll("alpha", "carol").replaceAll("bravo", "dave")} resource web { stacked-on-top-of low { device minor 1; address 10.1.1.31:7789; } }`;
    expect(claimed(elsewhere)).toEqual([]);
  });

  test("that a look does not read counts as drbdadm tells it, and a file that it told of is not read again", () => {
    const dumped = `# resource web on alpha: not ignored, not stacked\n# defined at /etc/drbd.d/pairs/web.res:1\n${on("alpha", "device /dev/drbd1 minor 1;")}\n`;
    const node = {
      ...withFile(blankNode("alpha"), "/etc/drbd.d/web.res", on("alpha", "disk /dev/vdb;")),
      dump: { exit: 0, output: dumped },
    };
    const told = (seen: typeof node) =>
      claimRefusals(resourceOf(r0), [seen, blankNode("bravo")]).map(({ found }) => found);
    expect(told(node)).toEqual(["minor 1 belongs to the resource web, by /etc/drbd.d/pairs/web.res"]);
    expect(told({ ...node, dump: { exit: 10, output: "no" } })).toEqual([
      "the disk /dev/vdb belongs to the resource web, by a file in /etc/drbd.d",
    ]);
  });

  test("that drbdadm does not read, or is our own resource's, claims nothing", () => {
    const rest = "device minor 1; disk /dev/vdb; address 10.1.1.31:7789;";
    expect(claimed(on("alpha", rest))).toHaveLength(1);
    expect(claimed(on("alpha", rest), "/etc/drbd.d/web.res.bak")).toEqual([]);
    expect(claimed(on("alpha", rest).replace("web", "r0"))).toEqual([]);
    expect(claimed(`skip ${on("alpha", rest)}`)).toEqual([]);
    expect(claimed("resource { broken")).toEqual([]);
  });
});
