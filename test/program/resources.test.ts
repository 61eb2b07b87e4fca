import * as pulumi from "@pulumi/pulumi";
import { DrbdNode, DrbdPair, DrbdResource, type ConnectionArgs, type DrbdPairArgs } from "../../provider";
import { declared, inTheClear, isSecret, mockEngine, plain, valueOf, type Registered } from "./mock-engine";

let registered: Registered[];

beforeEach(() => {
  registered = mockEngine();
});

function inputsOf(name: string): Readonly<Record<string, unknown>> {
  const found = registered.filter((one) => one.name === name);
  if (found.length !== 1) throw new Error(`${name} was declared ${found.length} times`);
  return found[0]!.inputs;
}

/** What the user gave and what is derived from it, without what the classes add for the provider. */
function visible(name: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(plain(inputsOf(name)) as object).filter(([key]) => !key.startsWith("__")));
}

const connection = { host: "10.1.0.1", user: "admin", privateKey: "key-of-alpha" };
const nodeArgs = { hostname: "alpha", address: "192.168.77.1", connection };

describe("DrbdNode", () => {
  test("hands on what it is given, under its own type", async () => {
    const node = new DrbdNode("one", { ...nodeArgs, global: { "usage-count": "ask" }, insecureIgnoreHostKey: true });
    await declared(node);
    expect(registered).toHaveLength(1);
    expect(registered[0]!.type).toBe("pulumi-nodejs:dynamic/drbd:DrbdNode");
    expect(visible("one")).toEqual({ ...nodeArgs, global: { "usage-count": "ask" }, insecureIgnoreHostKey: true });
  });

  test("tells the provider the resource's URN, its parents' types included", async () => {
    class Parent extends pulumi.ComponentResource {}
    const parent = new Parent("my:own:Site", "site");
    const child = new DrbdNode("child", nodeArgs, { parent });
    await declared(child);
    const urn = await valueOf(child.urn);
    expect(urn).toContain("my:own:Site$pulumi-nodejs:dynamic/drbd:DrbdNode::child");
    expect(inputsOf("child")["__urn"]).toBe(urn);
  });

  test.each([true, false])("tells the provider whether this is a preview: %s", async (preview) => {
    registered = mockEngine({ preview });
    await declared(new DrbdNode("phase", nodeArgs));
    expect(inputsOf("phase")["__preview"]).toBe(preview);
  });

  test("gives out what the provider found", async () => {
    const outputs = { configuration: "global {}\n", kernelVersion: "6.1.0", installedUtils: true, backup: "" };
    registered = mockEngine({ outputs });
    const node = new DrbdNode("outputs", nodeArgs);
    expect(await valueOf(node.configuration)).toBe("global {}\n");
    expect(await valueOf(node.kernelVersion)).toBe("6.1.0");
    expect(await valueOf(node.installedUtils)).toBe(true);
    expect(await valueOf(node.backup)).toBe("");
    expect(await valueOf(node.hostname)).toBe("alpha");
  });

  describe("keeps as a secret", () => {
    const proxy = { host: "10.1.0.3", password: "secret-of-proxy" };
    test.each<[string, pulumi.Input<ConnectionArgs>]>([
      ["a private key", { host: "h", privateKey: "secret-key" }],
      ["its passphrase", { host: "h", privateKeyPassword: "secret-phrase" }],
      ["a password", { host: "h", password: "secret-word" }],
      ["a proxy's password", { host: "h", proxy }],
      ["a key that is an output", { host: "h", privateKey: pulumi.output("secret-key") }],
      ["a connection that is an output", pulumi.output({ host: "h", password: "secret-word" })],
      ["a connection that is a promise", Promise.resolve({ host: "h", password: "secret-word" })],
    ])("%s", async (what, given) => {
      const name = `secret ${what}`;
      await declared(new DrbdNode(name, { ...nodeArgs, connection: given }));
      expect(JSON.stringify(inTheClear(inputsOf(name)))).not.toMatch(/secret-(key|phrase|word|of-proxy)/);
      expect(JSON.stringify(plain(inputsOf(name)))).toMatch(/secret-(key|phrase|word|of-proxy)/);
    });

    test("the password of a proxy that is an output", async () => {
      await declared(new DrbdNode("proxied", { ...nodeArgs, connection: { host: "h", proxy: pulumi.output(proxy) } }));
      expect(JSON.stringify(inTheClear(inputsOf("proxied")))).not.toContain("secret-of-proxy");
    });

    test("nothing where there is nothing to keep", async () => {
      await declared(new DrbdNode("open", { ...nodeArgs, connection: { host: "h", agentSocketPath: "/agent" } }));
      expect(inputsOf("open")["connection"]).toEqual({ host: "h", agentSocketPath: "/agent" });
    });
  });

  test("takes a connection that is an output whole", async () => {
    const later = pulumi.output(Promise.resolve({ host: "10.9.9.9", user: "root", password: "later" }));
    await declared(new DrbdNode("later", { ...nodeArgs, connection: later }));
    expect(visible("later")["connection"]).toEqual({ host: "10.9.9.9", user: "root", password: "later" });
  });
});

/** Nodes of their own for each test: what is announced is announced for the whole process. */
function twoNodes(prefix: string): [DrbdNode, DrbdNode] {
  const node = (name: string, last: number) =>
    new DrbdNode(`${prefix}-${name}`, {
      hostname: `${prefix}-${name}`,
      address: `192.168.77.${last}`,
      connection: { host: `10.1.0.${last}`, password: `secret-of-${name}` },
      insecureIgnoreHostKey: last === 1,
    });
  return [node("alpha", 1), node("bravo", 2)];
}

describe("DrbdResource", () => {
  test("takes from its nodes how they are reached and what they are called", async () => {
    const [alpha, bravo] = twoNodes("wired");
    const r0 = new DrbdResource("r0", {
      nodes: [
        { node: alpha, disk: "/dev/vdb" },
        { node: bravo, disk: pulumi.output("/dev/vdc"), metaDisk: "/dev/vdd" },
      ],
      minor: 1,
      port: 7789,
      protocol: "A",
      net: { "max-buffers": 4000 },
      syncSource: "wired-alpha",
      filesystem: { label: "data", mountPoint: "/srv/data" },
    });
    await declared(r0);
    expect(visible("r0")).toEqual({
      name: "r0",
      minor: 1,
      port: 7789,
      protocol: "A",
      net: { "max-buffers": 4000 },
      syncSource: "wired-alpha",
      filesystem: { label: "data", mountPoint: "/srv/data" },
      devicePath: "/dev/drbd1",
      nodes: [
        {
          hostname: "wired-alpha",
          address: "192.168.77.1",
          connection: { host: "10.1.0.1", password: "secret-of-alpha" },
          insecureIgnoreHostKey: true,
          disk: "/dev/vdb",
        },
        {
          hostname: "wired-bravo",
          address: "192.168.77.2",
          connection: { host: "10.1.0.2", password: "secret-of-bravo" },
          insecureIgnoreHostKey: false,
          disk: "/dev/vdc",
          metaDisk: "/dev/vdd",
        },
      ],
    });
    expect(JSON.stringify(inTheClear(inputsOf("r0")))).not.toContain("secret-of-");
  });

  const args = (prefix: string) => {
    const [alpha, bravo] = twoNodes(prefix);
    const nodes = [
      { node: alpha, disk: "/dev/vdb" },
      { node: bravo, disk: "/dev/vdb" },
    ] as const;
    return { nodes, minor: 2, port: 7790, syncSource: `${prefix}-alpha` };
  };

  test("is called as Pulumi calls it, where it has no name of its own", async () => {
    const one = new DrbdResource("pulumi-name", args("named"));
    const other = new DrbdResource("other", { ...args("renamed"), name: "r7" });
    await declared(one, other);
    expect(inputsOf("pulumi-name")["name"]).toBe("pulumi-name");
    expect(inputsOf("other")["name"]).toBe("r7");
    expect(registered.filter(({ type }) => type === "pulumi-nodejs:dynamic/drbd:DrbdResource")).toHaveLength(2);
  });

  test("its device's path is known before anything runs, so that others can use it in a preview", async () => {
    registered = mockEngine({ preview: true });
    const resource = new DrbdResource("previewed", { ...args("previewed"), minor: pulumi.output(5) });
    expect(await valueOf(resource.devicePath)).toBe("/dev/drbd5");
  });

  test.each<[string, pulumi.Input<string>]>([
    ["plain", "shared-secret"],
    ["as an output", pulumi.output("shared-secret")],
  ])("keeps a shared secret secret that is given %s", async (how, sharedSecret) => {
    const name = `shared ${how}`;
    await declared(new DrbdResource(name, { ...args(`shared${how.length}`), sharedSecret }));
    expect(isSecret(inputsOf(name)["sharedSecret"])).toBe(true);
    expect(visible(name)["sharedSecret"]).toBe("shared-secret");
  });

  test("makes none up in the program: the provider does, and keeps it as a secret output", async () => {
    await declared(new DrbdResource("made", args("made")));
    expect(inputsOf("made")).not.toHaveProperty("sharedSecret");
  });

  test("hands the provider the text of global_common.conf that its nodes are about to have", async () => {
    registered = mockEngine({ outputs: { configuration: "global {}\n" } });
    await declared(new DrbdResource("common", args("common")));
    expect(plain(inputsOf("common")["__globalCommon"])).toEqual(["global {}\n", "global {}\n"]);
  });
});

describe("what a program is about to ask for", () => {
  interface Announced {
    readonly nodes: readonly { readonly hostname: string }[];
    readonly pairs: readonly { readonly name: string; readonly hosts: readonly string[] }[];
    readonly moves: readonly { readonly name: string }[];
    readonly resources: readonly { readonly name: string }[];
  }
  const announced = (name: string) => plain(inputsOf(name)["__announced"]) as Announced;

  test("is announced with the first resource already: all plain nodes and resources, without their secrets", async () => {
    const [alpha, bravo] = twoNodes("early");
    const r0 = new DrbdResource("early-r0", {
      nodes: [
        { node: alpha, disk: "/dev/vdb" },
        { node: bravo, disk: "/dev/vdc", metaDisk: "/dev/vdd" },
      ],
      minor: 3,
      port: 7791,
      syncSource: "early-alpha",
      sharedSecret: "tell-nobody",
    });
    await declared(alpha, bravo, r0);
    for (const name of ["early-alpha", "early-bravo", "early-r0"]) {
      const { nodes, pairs, resources } = announced(name);
      expect(pairs.filter((pair) => pair.name === "early-r0")).toEqual([
        { name: "early-r0", hosts: ["early-alpha", "early-bravo"] },
      ]);
      expect(nodes.filter(({ hostname }) => hostname.startsWith("early-"))).toEqual([
        {
          hostname: "early-alpha",
          address: "192.168.77.1",
          connection: { host: "10.1.0.1", password: "secret-of-alpha" },
          insecureIgnoreHostKey: true,
        },
        {
          hostname: "early-bravo",
          address: "192.168.77.2",
          connection: { host: "10.1.0.2", password: "secret-of-bravo" },
          insecureIgnoreHostKey: false,
        },
      ]);
      expect(resources.filter((one) => one.name === "early-r0")).toEqual([
        {
          name: "early-r0",
          nodes: [
            { hostname: "early-alpha", disk: "/dev/vdb", metaDisk: undefined },
            { hostname: "early-bravo", disk: "/dev/vdc", metaDisk: "/dev/vdd" },
          ],
          minor: 3,
          port: 7791,
          syncSource: "early-alpha",
        },
      ]);
      expect(isSecret(inputsOf(name)["__announced"])).toBe(true);
    }
  });

  test("is not waited for where it depends on something else", async () => {
    let tell: (host: string) => void = () => undefined;
    const host = pulumi.output(new Promise<string>((resolve) => (tell = resolve)));
    const first = new DrbdNode("first", { ...nodeArgs, hostname: "plain-first" });
    const waiting = new DrbdNode("waiting", { ...nodeArgs, hostname: "waiting", connection: { host } });
    await declared(first);
    const names = announced("first").nodes.map(({ hostname }) => hostname);
    expect(names).toContain("plain-first");
    expect(names).not.toContain("waiting");
    tell("10.1.0.9");
    await declared(waiting);
  });

  test("is announced with a secret from the config too, as most programs have it", async () => {
    const connection = { host: "10.1.0.1", privateKey: pulumi.secret("key") };
    const node = new DrbdNode("configured", { ...nodeArgs, hostname: "configured", connection });
    await declared(node);
    const found = announced("configured").nodes.find(({ hostname }) => hostname === "configured");
    expect(found).toEqual({ ...nodeArgs, hostname: "configured", connection: { host: "10.1.0.1", privateKey: "key" } });
    expect(isSecret(inputsOf("configured")["__announced"])).toBe(true);
  });

  test("leaves out what a resource is to be while not all of it is known, and tells its hosts, and which is off", async () => {
    const [alpha, bravo] = twoNodes("partly");
    let tell: (disk: string) => void = () => undefined;
    const later = pulumi.output(new Promise<string>((resolve) => (tell = resolve)));
    const first = new DrbdResource("partly-r0", {
      nodes: [
        { node: alpha, disk: later },
        { node: bravo, disk: "/dev/vdb" },
      ],
      minor: 4,
      port: 7792,
      syncSource: "partly-alpha",
      primary: "partly-bravo",
      peerIsOff: { "partly-alpha": "3f9c2ab81d04e756" },
    });
    await declared(alpha);
    const { pairs, moves, resources } = announced("partly-alpha");
    const pair = { name: "partly-r0", hosts: ["partly-alpha", "partly-bravo"] };
    expect(pairs).toContainEqual(pair);
    const peerIsOff = { "partly-alpha": "3f9c2ab81d04e756" };
    expect(moves).toContainEqual({ ...pair, primary: "partly-bravo", peerIsOff });
    expect(resources.map(({ name }) => name)).not.toContain("partly-r0");
    tell("/dev/vdc");
    await declared(first);
  });
});

describe("DrbdPair", () => {
  const pairArgs = (prefix: string): DrbdPairArgs => ({
    nodes: [
      { hostname: `${prefix}-alpha`, address: "192.168.77.1", connection: { host: "10.1.0.1" } },
      { hostname: `${prefix}-bravo`, address: "192.168.77.2", connection: { host: "10.1.0.2" } },
    ],
    resources: [
      {
        name: `${prefix}-r0`,
        minor: 1,
        port: 7789,
        disks: { [`${prefix}-bravo`]: "/dev/vdc", [`${prefix}-alpha`]: "/dev/vdb" },
        metaDisks: { [`${prefix}-bravo`]: "/dev/vdd" },
        syncSource: `${prefix}-alpha`,
      },
      {
        name: `${prefix}-r1`,
        minor: 2,
        port: 7790,
        disks: { [`${prefix}-alpha`]: "/dev/vde", [`${prefix}-bravo`]: "/dev/vde" },
        syncSource: `${prefix}-bravo`,
        waitForSync: false,
      },
    ],
  });

  test("is two nodes and their resources, each disk on the host that it was given for", async () => {
    const pair = new DrbdPair("pair", pairArgs("p"));
    await declared(...pair.nodes, ...Object.values(pair.resources));
    expect(registered.map(({ name }) => name).sort()).toEqual(["p-r0", "p-r1", "pair", "pair-p-alpha", "pair-p-bravo"]);
    const sides = (name: string) =>
      (visible(name)["nodes"] as Record<string, unknown>[]).map(({ hostname, disk, metaDisk }) => [
        hostname,
        disk,
        metaDisk,
      ]);
    expect(sides("p-r0")).toEqual([
      ["p-alpha", "/dev/vdb", undefined],
      ["p-bravo", "/dev/vdc", "/dev/vdd"],
    ]);
    expect(sides("p-r1")).toEqual([
      ["p-alpha", "/dev/vde", undefined],
      ["p-bravo", "/dev/vde", undefined],
    ]);
    expect(visible("p-r1")).toMatchObject({ name: "p-r1", minor: 2, syncSource: "p-bravo", waitForSync: false });
    expect(visible("p-r1")).not.toHaveProperty("disks");
  });

  test("its resources share the line between the two, but for those that have one of their own", async () => {
    const link = { bandwidth: "24Mbit/s", roundTrip: "50ms" };
    const own = { bandwidth: "1Gbit/s", roundTrip: "1ms" };
    const { nodes, resources } = pairArgs("l");
    const [one, other] = resources;
    if (one === undefined || other === undefined) throw new Error("the pair has two resources");
    const args = { nodes, link, resources: [one, other, { ...one, name: "l-r2", minor: 3, port: 7791, link: own }] };
    const pair = new DrbdPair("linked", args);
    await declared(...pair.nodes, ...Object.values(pair.resources));
    const links = ["l-r0", "l-r1", "l-r2"].map((name) => visible(name)["link"]);
    expect(links).toEqual([{ ...link, sharedBy: 2 }, { ...link, sharedBy: 2 }, own]);
  });

  test("is the parent of its parts, which are found by name", async () => {
    const pair = new DrbdPair("parent", pairArgs("q"));
    expect(Object.keys(pair.resources)).toEqual(["q-r0", "q-r1"]);
    const type = "drbd:index:DrbdPair$pulumi-nodejs:dynamic/drbd";
    expect(await valueOf(pair.nodes[1].urn)).toContain(`${type}:DrbdNode::parent-q-bravo`);
    expect(await valueOf(pair.resources["q-r1"]!.urn)).toContain(`${type}:DrbdResource::q-r1`);
    expect(inputsOf("q-r1")["__urn"]).toBe(await valueOf(pair.resources["q-r1"]!.urn));
  });

  test.each<[string, Partial<DrbdPairArgs["resources"][number]>, string]>([
    [
      "no disk on a host",
      { disks: { "x-alpha": "/dev/vdb" } },
      "disks.x-bravo is missing: give that host's backing disk",
    ],
    [
      "a disk on a host of another pair",
      { disks: { "x-alpha": "/dev/vdb", "x-bravo": "/dev/vdb", "y-alpha": "/dev/vdb" } },
      "disks.y-alpha no node of this pair is called y-alpha: they are x-alpha and x-bravo",
    ],
    [
      "metadata on a host that is none: it would be internal there without a word",
      { metaDisks: { "x-aplha": "/dev/vdc" } },
      "metaDisks.x-aplha no node of this pair is called x-aplha: they are x-alpha and x-bravo",
    ],
  ])("is refused with %s, before anything of it is made", (_what, change, said) => {
    const { nodes, resources } = pairArgs("x");
    const before = registered.length;
    expect(() => new DrbdPair("wrong", { nodes, resources: [{ ...resources[0]!, ...change }] })).toThrow(
      `wrong: resource x-r0: ${said}`,
    );
    expect(registered.length).toBe(before);
  });
});
