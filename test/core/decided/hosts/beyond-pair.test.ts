/** A third host, and a second path: seen in the kernel or in the file, and refused by name. */
import { resourceOf } from "../../one-volume";
import { parseEvents } from "../../../../provider/core/seen/parse-events";
import { parseResFile } from "../../../../provider/core/config/found-resource";
import { renderResource } from "../../../../provider/core/config/render-configuration";
import type { ObservedNode } from "../../../../provider/core/seen/observed";
import { ways } from "../../data-builder";
import { events9 } from "../../fixtures-9";
import {
  blankPair,
  configurationOf,
  downNode,
  healthyPair,
  planOf,
  type Pair,
  r0,
  refusalsOf,
  usedGi,
  withFile,
  withKernel,
} from "../../observed-builder";

const path = "/etc/drbd.d/r0.res";
const of9 = (node: ObservedNode): ObservedNode => ({ ...node, module: { version: "9.2.16", loaded: true } });
const pair9 = (): Pair => {
  const text = renderResource(resourceOf(r0), "9");
  const [alpha, bravo] = healthyPair();
  return [withFile(of9(alpha), path, text), withFile(of9(bravo), path, text)];
};

const resource = "exists resource name:r0 role:Primary suspended:no\n";
const volume = "exists device name:r0 volume:0 minor:1 disk:UpToDate size:327632\n";
interface Peer {
  readonly name: string;
  readonly id: number;
  readonly state?: string;
  readonly paths?: readonly string[];
}
const peer = ({ name, id, state = "Connected", paths = [] }: Peer): readonly [string, string] => {
  const of = `name:r0 peer-node-id:${id} conn-name:${name}`;
  const met =
    state === "Connected" ? "replication:Established peer-disk:UpToDate" : "replication:Off peer-disk:DUnknown";
  return [
    `exists connection ${of} connection:${state} role:Secondary\n`,
    `exists peer-device ${of} volume:0 ${met} out-of-sync:0\n` +
      paths.map((far) => `exists path ${of} local:ipv4:10.1.1.31:7789 peer:ipv4:${far} established:yes\n`).join(""),
  ];
};
/** As drbdsetup orders its lines. */
const kernelOf = (...peers: readonly Peer[]) => {
  const told = peers.map(peer);
  const text = resource + told.map(([first]) => first).join("") + volume + told.map(([, rest]) => rest).join("");
  return parseEvents(`${text}exists -\n`).get("r0")!;
};
const bravo: Peer = { name: "bravo", id: 1, paths: ["10.1.1.32:7789"] };
const charlie: Peer = { name: "charlie", id: 2, paths: ["10.1.1.33:7789"] };

describe("what the kernel tells", () => {
  const onAlpha = (...peers: readonly Peer[]) => {
    const [alpha, other] = pair9();
    return planOf([withKernel(alpha, kernelOf(...peers)), other]);
  };

  test("every connection with its paths is read, and the first one's beside", () => {
    expect(kernelOf(bravo, { ...charlie, state: "Connecting" })).toMatchObject({
      connection: "Connected",
      peerNodeId: 1,
      connections: [
        { name: "bravo", peerNodeId: 1, connection: "Connected", paths: [{ peer: "ipv4:10.1.1.32:7789" }] },
        { name: "charlie", peerNodeId: 2, connection: "Connecting", peerDevices: [{ peerDisk: "DUnknown" }] },
      ],
    });
    const real = parseEvents(events9("connected-uptodate-primary-mounted.alpha")).get("r0");
    expect(real?.connections).toMatchObject([
      { name: "bravo", paths: [{ local: "ipv4:10.0.99.1:7789", peer: "ipv4:10.0.99.2:7789" }], peerDevices: [{}] },
    ]);
  });

  test("what belongs to no connection, or to one that was told twice, is no answer", () => {
    expect(() => parseEvents(`${resource}${peer(bravo)[1]}exists -\n`)).toThrow(/is of no connection/);
    const [first] = peer(bravo);
    expect(() => parseEvents(`${resource}${first}${first}exists -\n`)).toThrow(/twice/);
  });

  test("one peer with one path is a pair, whatever name it goes by there", () => {
    expect(refusalsOf(onAlpha(bravo))).toEqual([]);
    expect(refusalsOf(onAlpha({ ...bravo, name: "10.1.1.32:7789" }))).toEqual([]);
    expect(refusalsOf(onAlpha({ ...bravo, paths: [] }))).toEqual([]);
  });

  test.each([
    ["connected", charlie],
    ["away", { ...charlie, state: "Connecting" }],
    ["alone", { ...charlie, state: "StandAlone" }],
  ])("a third node, %s: refused by name, wherever it stands in the list", (_what, third) => {
    for (const peers of [
      [bravo, third],
      [third, bravo],
    ]) {
      const plan = onAlpha(...peers);
      expect(refusalsOf(plan)).toEqual([
        `alpha: r0 has a third node charlie (node id 2, ${third.state ?? "Connected"}) in the kernel there`,
      ]);
      expect(ways(plan)).toContain("Leave r0 out of the program: it runs on as it is.");
    }
  });

  test("a second path: refused by its addresses", () => {
    const [refusal] = refusalsOf(onAlpha({ ...bravo, paths: ["10.1.1.32:7789", "10.9.1.32:7789"] }));
    expect(refusal).toMatch(/^alpha: r0 has 2 paths to bravo in the kernel there .*ipv4:10\.9\.1\.32:7789/);
  });

  test("another peer than the program's: refused while they are connected, and where the file is not ours", () => {
    const connected = refusalsOf(onAlpha(charlie));
    expect(connected).toEqual([
      "alpha: r0 runs there with the peer charlie (node id 2, Connected), and not with bravo",
    ]);
    const [alpha, other] = pair9();
    const away = kernelOf({ ...charlie, id: 1, state: "Connecting" });
    const theirs = withFile(alpha, path, "resource r0 {\n}\n");
    expect(refusalsOf(planOf([withKernel(theirs, away), other]))).toEqual([
      "alpha: r0 runs there with the peer charlie (node id 1, Connecting), and not with bravo",
    ]);
    expect(refusalsOf(planOf([withKernel(alpha, away), other]))).toEqual([]);
  });

  test("what 8.4 calls its one peer is no third node", () => {
    const [alpha, other] = healthyPair();
    const kernel = kernelOf({ name: "peer", id: 0 });
    expect(refusalsOf(planOf([withKernel(alpha, kernel), other]))).toEqual([]);
  });
});

const section = (host: string, last: number, more = ""): string =>
  `on ${host} { ${more} device /dev/drbd1 minor 1; disk /dev/vdb; meta-disk internal; address 10.1.1.${last}:7789; }\n`;
const hosts = section("alpha", 31, "node-id 0;") + section("bravo", 32, "node-id 1;");
const third = section("charlie", 33, "node-id 2;");
const fileOf = (body: string): string => `resource r0 {\n${body}}\n`;

describe("what the file of a resource that is down tells", () => {
  const down = (text: string, make = of9) =>
    planOf([
      withFile(make(downNode("alpha", usedGi)), path, text),
      withFile(make(downNode("bravo", usedGi)), path, text),
    ]);

  test.each([
    ["in a section of its own", hosts + third],
    ["in a mesh", `${hosts}${third}connection-mesh { hosts alpha bravo charlie; }\n`],
    ["in a mesh alone", `${hosts}connection-mesh { hosts alpha bravo charlie; }\n`],
    ["in a connection", `${hosts}connection { host alpha; host charlie address 10.1.1.33:7789; }\n`],
    ["in a path", `${hosts}connection { path { host alpha; host charlie address 10.1.1.33:7789; } }\n`],
  ])("a third node %s: refused by name on both hosts", (_what, body) => {
    const plan = down(fileOf(body));
    expect(refusalsOf(plan)).toEqual(
      ["alpha", "bravo"].map((host) => `${host}: r0 has a third node charlie, by ${path}`),
    );
    expect(ways(plan)).toContain("If charlie is gone for good, take it out of that file on each host yourself");
  });

  test("a third floating address", () => {
    const floating = (last: number) => `floating 10.1.1.${last}:7789 { device /dev/drbd1 minor 1; disk /dev/vdb; }\n`;
    const [first] = refusalsOf(down(fileOf(floating(31) + floating(32) + floating(33))));
    expect(first).toBe(`alpha: r0 has a third node 10.1.1.33:7789, by ${path}`);
    expect(refusalsOf(down(fileOf(floating(31) + floating(32)))).join()).not.toContain("node 10.1.1");
  });

  test("another host in the place of the program's: refused where the file is not ours", () => {
    const text = fileOf(section("alpha", 31) + third);
    expect(refusalsOf(down(text))[0]).toBe(
      `alpha: by ${path}, r0 is a resource of alpha and charlie, and not of bravo`,
    );
    // In our own, the program had another host before.
    const ours = configurationOf(r0).replaceAll("bravo", "charlie").replaceAll("10.1.1.32", "10.1.1.33");
    expect(refusalsOf(down(ours)).join()).not.toContain("charlie");
  });

  test("two paths, written in either way", () => {
    const one = "path { host alpha address 10.1.1.31:7789; host bravo address 10.1.1.32:7789; }";
    const two = "path { host alpha address 10.9.1.31:7789; host bravo address 10.9.1.32:7789; }";
    const told = `alpha: r0 has 2 paths between its hosts, by ${path}`;
    expect(refusalsOf(down(fileOf(`${hosts}connection { ${one} ${two} }\n`)))[0]).toBe(told);
    const beside = `connection { host alpha address 10.1.1.31:7789; host bravo address 10.1.1.32:7789; ${two} }\n`;
    expect(refusalsOf(down(fileOf(hosts + beside)))[0]).toBe(told);
    expect(refusalsOf(down(fileOf(`${hosts}connection { ${one} }\n`))).join()).not.toContain("paths");
  });

  test("a stacked resource, on 8.4 as on 9", () => {
    const body = `stacked-on-top-of lower { device /dev/drbd1 minor 1; address 10.1.1.31:7789; }\n${section("bravo", 32)}`;
    for (const make of [of9, (node: ObservedNode) => node])
      expect(refusalsOf(down(fileOf(body), make))[0]).toContain("stacks r0 on lower");
  });

  test("the file that we write has two hosts and no more, in either grammar", () => {
    for (const grammar of ["8.4", "9"] as const) {
      const [found] = parseResFile(renderResource(resourceOf(r0), grammar));
      expect(found).toMatchObject({ hosts: ["alpha", "bravo"], paths: 0 });
    }
  });

  test("a host that goes by a longer name is the same host", () => {
    const text = fileOf(section("alpha.example.org", 31) + section("BRAVO", 32));
    expect(refusalsOf(down(text)).join()).not.toMatch(/third node|and not of/);
  });
});

test("another resource's third host is its own affair", () => {
  const [alpha, other] = blankPair();
  const web = fileOf(section("alpha", 31) + third)
    .replace("resource r0", "resource web")
    .replaceAll(/7789|\/dev\/vdb|minor 1/g, "9");
  const plan = planOf([withFile(alpha, "/etc/drbd.d/web.res", web), other]);
  expect(refusalsOf(plan).join()).not.toContain("charlie");
});
