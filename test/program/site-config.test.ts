import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { siteConfig } from "../../provider";
import { mockEngine } from "./mock-engine";

/** The module itself, which the code under test has too, and no copy of it: its homedir is to be another. */
const os = jest.requireActual<typeof import("node:os")>("node:os");

type Json = Record<string, unknown>;

const site = {
  nodes: [
    { hostname: "alpha", connection: { host: "alpha.example", user: "root" }, address: "10.20.0.1" },
    { hostname: "bravo", connection: { host: "bravo.example", password: "word" }, address: "10.20.0.2" },
  ] as Json[],
  resources: [
    { name: "r0", minor: 1, port: 7789, disks: { alpha: "/dev/sda7", bravo: "/dev/sda8" }, syncSource: "alpha" },
    { name: "r1", minor: 2, port: 7790, disks: { alpha: "/dev/sdb", bravo: "/dev/sdb" }, syncSource: "bravo" },
  ] as Json[],
};

let home: string;

beforeEach(() => {
  mockEngine();
  home = mkdtempSync(join(os.tmpdir(), "pulumi-drbd-test-home-"));
  mkdirSync(join(home, ".ssh"));
  writeFileSync(join(home, ".ssh", "id_ed25519"), "the key's text\n");
  jest.spyOn(os, "homedir").mockReturnValue(home);
});

afterEach(() => {
  jest.restoreAllMocks();
  rmSync(home, { recursive: true });
});

/** Puts a site into the stack's config as the CLI does: values as JSON text. */
function configure(config: Json): void {
  const texts = Object.entries(config).map(([key, value]) => [`pulumi-drbd:${key}`, JSON.stringify(value)] as const);
  pulumi.runtime.setAllConfig(Object.fromEntries(texts));
}

/** The site with changes made to copies of its first node and its first resource. */
const changed = (node: Json, resource: Json = {}) => ({
  nodes: [{ ...site.nodes[0], ...node }, site.nodes[1]],
  resources: [{ ...site.resources[0], ...resource }, site.resources[1]],
});

test("a site is what DrbdPair takes, with the place that each part comes from", () => {
  configure(site);
  const { nodes, resources } = siteConfig();
  expect(nodes).toEqual([
    { ...site.nodes[0], __source: "Pulumi.oslo.yaml: pulumi-drbd:nodes[0]" },
    { ...site.nodes[1], __source: "Pulumi.oslo.yaml: pulumi-drbd:nodes[1]" },
  ]);
  expect(resources).toEqual([
    { ...site.resources[0], __source: "Pulumi.oslo.yaml: pulumi-drbd:resources[0]" },
    { ...site.resources[1], __source: "Pulumi.oslo.yaml: pulumi-drbd:resources[1]" },
  ]);
});

test("a site may say what the line between its hosts is", () => {
  configure(site);
  expect(siteConfig()).not.toHaveProperty("link");
  const link = { bandwidth: "24Mbit/s", roundTrip: "50ms" };
  configure({ ...site, link });
  expect(siteConfig().link).toEqual(link);
});

test.each(["24Mbit/s", 24, ["24Mbit/s", "50ms"]])("a line of %j is none", (link) => {
  configure({ ...site, link });
  expect(() => siteConfig()).toThrow("Pulumi.oslo.yaml: pulumi-drbd:link: ");
});

test("another config's name stands in the errors", () => {
  pulumi.runtime.setAllConfig({ "storage:nodes": "[]" });
  expect(() => siteConfig(new pulumi.Config("storage"))).toThrow("Pulumi.oslo.yaml: storage:nodes: ");
});

test("the example site is whole", () => {
  const yaml = readFileSync(join(__dirname, "..", "..", "examples", "sites", "Pulumi.oslo.yaml"), "utf8");
  const { config } = jest.requireActual<{ load: (text: string) => { config: Json } }>("js-yaml").load(yaml);
  const values = Object.entries(config).map(([key, value]) => [key.replace("pulumi-drbd:", ""), value] as const);
  configure(Object.fromEntries(values));
  const { nodes, resources } = siteConfig();
  expect(nodes.map(({ hostname }) => hostname)).toEqual(["alpha", "bravo"]);
  expect(nodes[0].connection).toMatchObject({ privateKey: "the key's text\n" });
  expect(resources).toHaveLength(1);
});

describe("a private key's file", () => {
  const connection = { host: "alpha.example" };

  test.each([
    ["in the user's home", () => "~/.ssh/id_ed25519"],
    ["by its whole path", () => join(home, ".ssh", "id_ed25519")],
  ])("is read, %s, and its path is not handed on", (_, path) => {
    configure(changed({ connection: { ...connection, privateKeyFile: path() } }));
    expect(siteConfig().nodes[0].connection).toEqual({ ...connection, privateKey: "the key's text\n" });
  });

  test("is read for a proxy too", () => {
    const proxy = { host: "jump.example", privateKeyFile: "~/.ssh/id_ed25519" };
    configure(changed({ connection: { ...connection, proxy } }));
    const expected = { ...connection, proxy: { host: "jump.example", privateKey: "the key's text\n" } };
    expect(siteConfig().nodes[0].connection).toEqual(expected);
  });

  test.each<[Json, string]>([
    [{ privateKeyFile: "~/.ssh/none" }, "connection.privateKeyFile: "],
    [{ privateKeyFile: "~/.ssh" }, "connection.privateKeyFile: "],
    [{ privateKeyFile: 7 }, "connection.privateKeyFile: must be the path of a private key"],
    [
      { privateKeyFile: "~/.ssh/id_ed25519", privateKey: "key" },
      "connection.privateKeyFile: give privateKey or privateKeyFile, not both",
    ],
    [{ proxy: { host: "j", privateKeyFile: "/none" } }, "connection.proxy.privateKeyFile: "],
    [{ privatKeyFile: "~/.ssh/id_ed25519" }, "connection.privatKeyFile: no such key; did you mean privateKeyFile?"],
    [{ proxy: { host: "j", "private-key-file": "/k" } }, "connection.proxy.private-key-file: no such key; did you"],
  ])("that is wrong is named: %j", (wrong, message) => {
    configure(changed({ connection: { ...connection, ...wrong } }));
    expect(() => siteConfig()).toThrow(`Pulumi.oslo.yaml: pulumi-drbd:nodes[0].${message}`);
  });
});

describe("a secret that stands in the clear in the site's file", () => {
  const withSecrets = changed(
    { connection: { host: "alpha.example", privateKey: "key", proxy: { host: "j", password: "word" } } },
    { sharedSecret: "PlainSecretOne1" },
  );
  const paths = [
    "pulumi-drbd:nodes[0].connection.privateKey",
    "pulumi-drbd:nodes[0].connection.proxy.password",
    "pulumi-drbd:nodes[1].connection.password",
    "pulumi-drbd:resources[0].sharedSecret",
  ];

  /** What siteConfig warns of, with these keys of the stack's config as secrets. */
  function warnings(secret: readonly string[]): string[] {
    const texts = Object.entries(withSecrets).map(([key, value]) => [`pulumi-drbd:${key}`, JSON.stringify(value)]);
    pulumi.runtime.setAllConfig(Object.fromEntries(texts) as Record<string, string>, [...secret]);
    const warn = jest.spyOn(pulumi.log, "warn").mockResolvedValue(undefined);
    siteConfig();
    return warn.mock.calls.map(([text]) => text);
  }

  afterEach(() => {
    pulumi.runtime.setAllConfig({}, []);
  });

  test("is warned of by its place, with the command that encrypts it, and is never quoted", () => {
    const found = warnings([]);
    expect(found.map((text) => /: (\S+) is not a secret there/.exec(text)?.[1])).toEqual(paths);
    for (const [index, text] of found.entries()) {
      expect(text).toContain(`pulumi config set --secret --path '${paths[index]!}'`);
      expect(text).not.toMatch(/PlainSecretOne1|\bword\b|"key"/);
    }
  });

  test("is none where Pulumi keeps the key as a secret", () => {
    expect(warnings(["pulumi-drbd:nodes", "pulumi-drbd:resources"])).toEqual([]);
    expect(warnings(["pulumi-drbd:nodes"])).toHaveLength(1);
  });
});

test.each<[string, Json, string]>([
  ["no nodes", { resources: site.resources }, "nodes: is missing"],
  ["no resources", { nodes: site.nodes }, "resources: is missing"],
  ["an empty list", { ...site, nodes: [] }, "nodes: is an empty list here: give a list"],
  ["no list", { ...site, nodes: { alpha: {} } }, "nodes: is a group of keys here: give a list"],
  ["text in place of a list", { ...site, resources: "r0" }, "resources: is a text here: give a list"],
  ["a node that is a word", { ...site, nodes: ["alpha", "bravo"] }, "nodes[0]: is a text here: give a group of keys"],
  [
    "a resource that is a list",
    { ...site, resources: [[]] },
    "resources[0]: is an empty list here: give a group of keys",
  ],
  ["one node", { ...site, nodes: [site.nodes[0]] }, "nodes: a pair has two nodes, and here are 1"],
  ["three nodes", { ...site, nodes: [...site.nodes, { ...site.nodes[0], hostname: "c" }] }, "nodes: a pair has two"],
  ["the same node twice", changed({ hostname: "bravo" }), "nodes[1].hostname: bravo is nodes[0] already"],
  ["a node without a name", changed({ hostname: undefined }), "nodes[0].hostname: is missing"],
  [
    "a node whose name is a number",
    changed({ hostname: 101 }),
    "nodes[0].hostname: is a number here: put it in quotes",
  ],
  [
    "a node whose name is a word of YAML",
    changed({ hostname: true }),
    "nodes[0].hostname: is true or false here: put it in quotes",
  ],
  [
    "a node whose name is a list",
    changed({ hostname: ["alpha"] }),
    "nodes[0].hostname: is a list here: give what `uname -n` says",
  ],
  ["a node without a connection", changed({ connection: undefined }), "nodes[0].connection: is missing"],
  [
    "a connection that is a word",
    changed({ connection: "alpha.example" }),
    "nodes[0].connection: is a text here: give a group of keys with at least `host`",
  ],
  ["a resource without a name", changed({}, { name: undefined }), "resources[0].name: is missing"],
  ["the same resource twice", changed({}, { name: "r1" }), "resources[1].name: r1 is resources[0] already"],
  [
    "a resource whose name is a number",
    changed({}, { name: 1 }),
    "resources[0].name: is a number here: put it in quotes",
  ],
  ["no disks", changed({}, { disks: undefined }), "resources[0].disks: is missing: give each host's backing disk"],
  [
    "one disk for both hosts",
    changed({}, { disks: "/dev/vdb" }),
    "resources[0].disks: is a text here: give each host's backing disk",
  ],
  ["a host without a disk", changed({}, { disks: { alpha: "/dev/sda7" } }), "resources[0].disks.bravo: is missing"],
  [
    "a disk for a host that is none",
    changed({}, { disks: { alpha: "/dev/sda7", bravo: "/dev/sda7", charlie: "/dev/sda7" } }),
    "resources[0].disks.charlie: no node of this pair is called charlie",
  ],
  [
    "a metadata disk for a host that is none: it would be internal there without a word",
    changed({}, { metaDisks: { alhpa: "/dev/sdc" } }),
    "resources[0].metaDisks.alhpa: no node of this pair is called alhpa",
  ],
  ["metadata disks that are a word", changed({}, { metaDisks: "/dev/sdc" }), "resources[0].metaDisks: "],
])("%s: the error names the key in the site's file", (_, config, message) => {
  configure(config);
  expect(() => siteConfig()).toThrow(pulumi.RunError);
  expect(() => siteConfig()).toThrow(`Pulumi.oslo.yaml: pulumi-drbd:${message}`);
});

test("a site with a secret in it (`pulumi config set --secret --path …`) shows nothing of it in an error", () => {
  const errorOf = (texts: Record<string, string>): string => {
    pulumi.runtime.setAllConfig(texts, Object.keys(texts));
    try {
      return JSON.stringify(siteConfig());
    } catch (error) {
      return String(error);
    }
  };
  const nodes = [{ connection: { password: "word-of-alpha" } }];
  const noName = errorOf({ "pulumi-drbd:nodes": JSON.stringify(nodes) });
  expect(noName).toContain("pulumi-drbd:nodes[0].hostname: ");
  const noJson = errorOf({ "pulumi-drbd:nodes": JSON.stringify(nodes).slice(0, -1) });
  expect(noJson).toContain("pulumi-drbd:nodes: ");
  expect(noName + noJson).not.toContain("word-of-alpha");
});
