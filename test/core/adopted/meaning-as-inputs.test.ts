import { readFileSync } from "node:fs";
import path from "node:path";
import { describeMeaning, type Description, type KnownHost } from "../../../provider/core/adopted/meaning-as-inputs";
import { parseDump } from "../../../provider/core/config/parse-dump";
import { corpusDumps } from "./corpus-dumps";

const hosts: readonly [KnownHost, KnownHost] = [
  { hostname: "alpha", addresses: ["10.0.0.1"] },
  { hostname: "bravo", addresses: ["10.0.0.2"] },
];

function described(dump: string, other = dump): Description {
  const [one, two] = [dump, other].map((text) => parseDump(text).find(({ name }) => name === "r0"));
  if (one === undefined || two === undefined) throw new Error("r0 is not in the dump");
  return describeMeaning([one, two], hosts);
}

const fixture = (name: string): string =>
  readFileSync(path.join(__dirname, "../../fixtures/drbdadm-dump", `${name}.txt`), "utf8");
const lines = (name: string): readonly string[] => described(fixture(name)).refused.map(({ line }) => line);

test("a pair by LINSTOR, as the inputs that describe it", () => {
  const { inputs, nodeIds, refused, goes } = described(fixture("9/style-9-linstor"));
  expect({ refused, goes }).toEqual({ refused: [], goes: [] });
  expect(nodeIds).toEqual([0, 1]);
  expect(inputs).toEqual({
    name: "r0",
    minor: 1,
    port: 7788,
    nodes: [
      { hostname: "alpha", address: "10.0.0.1", disk: "/dev/vg/r0_00000", metaDisk: "internal" },
      { hostname: "bravo", address: "10.0.0.2", disk: "/dev/vg/r0_00000", metaDisk: "internal" },
    ],
    protocol: "C",
    auth: true,
    cramHmacAlg: "sha1",
    sharedSecret: "aR6Jt5kpXc1qU0b0Vjdt",
    net: { fencing: "dont-care" },
    disk: { "discard-zeroes-if-aligned": "yes", "rs-discard-granularity": "65536" },
    options: {
      "on-no-data-accessible": "suspend-io",
      "on-suspended-primary-outdated": "force-secondary",
      quorum: "off",
    },
    startup: {},
    handlers: {},
  });
});

test("a floating pair gets its hosts' names, and the plan tells it", () => {
  const { inputs, goes } = described(fixture("8.4/floating"));
  expect(inputs?.nodes.map(({ hostname, address }) => [hostname, address])).toEqual([
    ["alpha", "10.0.0.1"],
    ["bravo", "10.0.0.2"],
  ]);
  expect(goes.map(({ line }) => line)).toEqual(["floating 10.0.0.1:7788", "floating 10.0.0.2:7788"]);
});

test("what cannot be described is refused with its line", () => {
  expect(lines("9/path-two")).toEqual(["path { 10.1.0.1:7788 to 10.1.0.2:7788 }"]);
  expect(lines("9/hosts-three-connections")).toEqual(["on carol"]);
  expect(lines("9/stacked")).toContain("stacked-on-top-of lower");
  expect(lines("9/host-options")).toEqual(["cpu-mask 1;"]);
  expect(lines("8.4/device-own-name")).toContain("device /dev/drbd_data minor 1;");
  expect(lines("8.4/proxy-in-host")).toContain("proxy { memlimit 100M; plugin { zlib level 9; } }");
  expect(lines("8.4/alternate-link-address")).toContain("alternate-link-address ipv4 10.1.0.1:7788;");
  expect(lines("8.4/volume-disk-options-differ")).toEqual(["disk-flushes no;"]);
  expect(lines("8.4/host-several-names")).toEqual(["on alpha carol"]);
  expect(lines("8.4/host-names-long")).toEqual(["resource r0"]);
});

test("two hosts whose files differ have no one description", () => {
  const ours = fixture("8.4/net-all-84");
  const { inputs, refused } = described(ours, ours.replace("ko-count           4", "ko-count           5"));
  expect(inputs).toBeUndefined();
  expect(refused).toEqual([
    {
      line: "ko-count 4",
      why: "the files of alpha and bravo differ here: alpha has `4`, bravo has `5`",
      differs: true,
    },
  ]);
});

test("several volumes have the long form; what differs between the hosts is given by host", () => {
  const { inputs, refused } = described(fixture("8.4/volumes-two"));
  expect(refused).toEqual([]);
  const internal = { alpha: "internal", bravo: "internal" };
  expect(inputs?.volumes).toEqual([
    { volume: 0, minor: 1, disks: { alpha: "/dev/vdb", bravo: "/dev/vdb" }, metaDisks: internal },
    { volume: 1, minor: 2, disks: { alpha: "/dev/vdc", bravo: "/dev/vdc" }, metaDisks: internal },
  ]);
  expect(inputs).not.toHaveProperty("minor");
  const apart = fixture("8.4/ids-implicit").replace("10.0.0.11:7788", "10.0.0.11:7799").replace("minor 1", "minor 5");
  const other = described(apart.replace("/dev/drbd1 minor 5", "/dev/drbd5 minor 5")).inputs;
  expect([other?.port, other?.minor]).toEqual([
    { alpha: 7788, bravo: 7799 },
    { alpha: 5, bravo: 1 },
  ]);
});

test("an option of one volume's disk is that volume's; one of the connection that differs between volumes is refused", () => {
  const volumes = corpusDumps("8.4").get("volumes-per-host") ?? "";
  const { inputs, refused } = described(volumes);
  expect(refused).toEqual([]);
  // DRBD's default, which one of them writes out, is both's.
  expect(inputs?.disk).toEqual({ "on-io-error": "detach" });
  expect(inputs?.volumes?.map(({ disk }) => disk)).toEqual([undefined, { "al-extents": "257" }]);
  const rates = described(volumes.replaceAll(/al-extents +257/g, "resync-rate 10M"));
  expect(rates.refused).toEqual([
    {
      line: "resync-rate 10M;",
      why: "an option of the connection that differs between volumes is not supported",
    },
  ]);
  const onOneHost = described(volumes.replace(/al-extents +257/, "al-extents 1237"));
  expect(onOneHost.refused).toEqual([
    expect.objectContaining({ why: "an option of the disk that differs between the hosts is not supported" }),
  ]);
});
