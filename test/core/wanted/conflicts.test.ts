import { parseNode, parseResource } from "../../../provider/core/wanted/parse-inputs";
import { UNKNOWN } from "../../../provider/core/wanted/unknowns";

type Json = Record<string, unknown>;
const side = (number: number, more: Json = {}): Json => ({
  hostname: ["alpha", "bravo"][number],
  address: `192.168.77.${number + 1}`,
  connection: { host: `10.1.0.${number + 1}` },
  disk: "/dev/vdb",
  ...more,
});

/** `property: reason` of each failure of an otherwise good resource. */
function ofResource(changes: Json, first: Json = {}, second: Json = {}): string[] {
  const nodes = [side(0, first), side(1, second)];
  const parsed = parseResource({ name: "r0", minor: 1, port: 7789, syncSource: "alpha", nodes, ...changes });
  return parsed.ok === false ? parsed.failures.map(({ property, reason }) => `${property}: ${reason}`) : [];
}

function ofNode(common: Json): string[] {
  const parsed = parseNode({ hostname: "alpha", address: "192.168.77.1", connection: { host: "x" }, common });
  return parsed.ok === false ? parsed.failures.map(({ property, reason }) => `${property}: ${reason}`) : [];
}

describe("between the two nodes", () => {
  test("the same disk path on both is fine", () => {
    expect(ofResource({})).toEqual([]);
  });
  test.each<[string, Json, string]>([
    [
      "the same host twice",
      { hostname: "alpha" },
      "nodes[1].hostname: is alpha like the other node's: a pair is two hosts",
    ],
    [
      "hosts that drbdadm takes for one",
      { hostname: "ALPHA.example.com" },
      "nodes[1].hostname: DRBD 9 takes ALPHA.example.com and alpha for one host",
    ],
    [
      "the same address",
      { address: "192.168.77.1" },
      "nodes[1].address: is 192.168.77.1 like the other node's: each node has its own",
    ],
    [
      "addresses of two families",
      { address: "fd00::2" },
      "nodes[1].address: is of another family than the other node's",
    ],
    [
      "the same machine twice",
      { connection: { host: "10.1.0.1", user: "admin" } },
      ": nodes[1].connection: leads to the same host and port",
    ],
    [
      "metadata on the data disk",
      { metaDisk: "/dev/vdb" },
      "nodes[1].metaDisk: is the data disk itself: for metadata at its end write internal",
    ],
  ])("%s", (_what, second, reason) => {
    const found = ofResource({}, {}, second);
    expect(found).toHaveLength(1);
    expect(found[0]!.indexOf(reason)).toBe(0);
  });
  test("the same address in two spellings", () => {
    expect(ofResource({}, { address: "fd00::1" }, { address: "FD00:0:0::0001" })).toEqual([
      "nodes[1].address: is fd00::1 like the other node's: each node has its own",
    ]);
  });
  test("the same address behind two proxies is two machines", () => {
    const behind = (host: string): Json => ({ connection: { host: "10.0.0.9", proxy: { host } } });
    expect(ofResource({}, behind("site-a"), behind("site-b"))).toEqual([]);
    expect(ofResource({}, behind("site-a"), behind("site-a"))).toHaveLength(1);
  });
  test("forwarded ports on one address are two machines", () => {
    expect(
      ofResource(
        {},
        { connection: { host: "127.0.0.1", port: 2201 } },
        { connection: { host: "127.0.0.1", port: 2202 } },
      ),
    ).toEqual([]);
  });
  test("a sync source that is no node", () => {
    expect(ofResource({ syncSource: "Alpha" })).toEqual(["syncSource: must be one of the two nodes, alpha or bravo"]);
  });
});

test("nothing is judged by the default of an option that is not known yet", () => {
  const unknown = (changes: Json): unknown => {
    const given = { name: "r0", minor: 1, port: 7789, syncSource: "alpha", nodes: [side(0), side(1)], ...changes };
    return parseResource(given).ok;
  };
  expect(unknown({ auth: false, cramHmacAlg: "sha1", sharedSecret: UNKNOWN })).toBe("unknown");
  expect(unknown({ net: { "allow-two-primaries": UNKNOWN }, filesystem: {} })).toBe("unknown");
});

const line = { bandwidth: "24Mbit/s", roundTrip: "50ms" };

describe("replication", () => {
  test.each<[string, Json, string[]]>([
    ["two Primaries with C", { net: { "allow-two-primaries": true } }, []],
    [
      "two Primaries with A",
      { protocol: "A", net: { "allow-two-primaries": true } },
      ['net["allow-two-primaries"]: needs protocol C, not A'],
    ],
    [
      "two Primaries with B",
      { protocol: "B", net: { "allow-two-primaries": "yes" } },
      ['net["allow-two-primaries"]: needs protocol C, not B'],
    ],
    [
      "two Primaries with XFS",
      { filesystem: {}, net: { "allow-two-primaries": true } },
      [
        'net["allow-two-primaries"]: would let two nodes mount a filesystem that is made for one at a time, which would destroy it: leave out one of the two',
      ],
    ],
    ["one Primary with XFS", { filesystem: {}, net: { "allow-two-primaries": false } }, []],
    ["pull-ahead with A", { protocol: "A", net: { "on-congestion": "pull-ahead" } }, []],
    [
      "pull-ahead with C",
      { net: { "on-congestion": "pull-ahead" } },
      ['net["on-congestion"]: pull-ahead needs protocol A, not C'],
    ],
    ["whenFull pull-ahead with A", { protocol: "A", link: { ...line, whenFull: "pull-ahead" } }, []],
    [
      "whenFull pull-ahead with C",
      { link: { ...line, whenFull: "pull-ahead" } },
      [
        "link.whenFull: pull-ahead needs protocol A, not C: C waits for the second host with each write, and cannot go on without it. Give it protocol A, or a `link` of its own without `whenFull`",
      ],
    ],
    [
      "whenFull, and the option says something else",
      { protocol: "A", link: { ...line, whenFull: "block" }, net: { "on-congestion": "pull-ahead" } },
      ["link.whenFull: is block, and `net` has on-congestion pull-ahead: leave out one of the two"],
    ],
    [
      "whenFull, and the option says the same",
      { protocol: "A", link: { ...line, whenFull: "pull-ahead" }, net: { "on-congestion": "pull-ahead" } },
      [],
    ],
    ["a link alone, and the option", { protocol: "A", link: line, net: { "on-congestion": "pull-ahead" } }, []],
    [
      "stonith without a handler, which may stand in the node's common",
      { net: { fencing: "resource-and-stonith" } },
      [],
    ],
    ["a handler that never runs", { net: { fencing: "dont-care" }, handlers: { "fence-peer": "/bin/x" } }, []],
    ["a long timeout", { net: { timeout: 600, "ping-int": 1, "connect-int": 1 } }, []],
    [
      "a resync after itself",
      { disk: { "resync-after": "r0/0" } },
      ['disk["resync-after"]: is the resource itself, which would wait for ever'],
    ],
    ["an algorithm alone", { auth: false, cramHmacAlg: "sha1" }, []],
    ["a secret alone", { auth: false, sharedSecret: "x" }, []],
    [
      "both of them without authentication",
      { auth: false, sharedSecret: "x", cramHmacAlg: "sha1" },
      [
        ": sharedSecret: and cramHmacAlg are both given although auth is false, and with both DRBD authenticates: leave out auth, or one of the two",
      ],
    ],
    ["no authentication", { auth: false }, []],
  ])("%s", (_what, changes, wanted) => {
    expect(ofResource(changes)).toEqual(wanted);
  });
});

test.each<[string, Json]>([
  ["nothing", {}],
  ["a long timeout", { net: { timeout: 100, "connect-int": 20 } }],
  ["two Primaries everywhere", { net: { "allow-two-primaries": true } }],
  ["pull-ahead everywhere", { net: { "on-congestion": "pull-ahead" } }],
  ["fencing", { net: { fencing: "resource-and-stonith" } }],
  ["a handler for resources that fence", { handlers: { "fence-peer": "/bin/x" } }],
  ["a protocol", { protocol: "A" }],
])("common options of a node, which count for others' resources too: %s", (_what, common) => {
  expect(ofNode(common)).toEqual([]);
});

test("another protocol in common is none", () => {
  expect(ofNode({ protocol: "D" })).toEqual(["common.protocol: must be one of A, B, C"]);
});

describe("options of one volume's disk", () => {
  const volumes = (disk: Json): Json => ({
    minor: undefined,
    volumes: [{ volume: 1, minor: 2, disks: { alpha: "/dev/vdb", bravo: "/dev/vdb" }, disk }],
  });
  test.each<[string, Json, string[]]>([
    ["are taken", { "disk-flushes": false, "resync-after": "r9/1" }, []],
    [
      "that DRBD 9 has for the connection are the resource's",
      { "resync-rate": "10M" },
      [
        'volumes[0].disk["resync-rate"]: is an option of the connection in DRBD 9, and stands in the resource\'s `disk`, for all volumes',
      ],
    ],
    [
      "that wait for the resource itself are refused",
      { "resync-after": "r0/0" },
      ['volumes[0].disk["resync-after"]: is the resource itself, which would wait for ever'],
    ],
    [
      "with a wrong name are refused",
      { "disk-flushs": false },
      ['volumes[0].disk["disk-flushs"]: disk-flushs: no such option; did you mean disk-flushes?'],
    ],
  ])("%s", (_name, disk, failures) => {
    expect(ofResource(volumes(disk), { disk: undefined }, { disk: undefined })).toEqual(failures);
  });
});
