/** A program that reads its config by itself, and hands a secret on that stands in the clear there. */
import * as pulumi from "@pulumi/pulumi";
import { DrbdNode, DrbdPair, DrbdResource, siteConfig } from "../../provider";
import { declared, mockEngine } from "./mock-engine";

type Json = Record<string, unknown>;

const resources: pulumi.Resource[] = [];

beforeEach(() => {
  mockEngine();
});
afterEach(async () => {
  await declared(...resources.splice(0));
  pulumi.runtime.setAllConfig({}, []);
  jest.restoreAllMocks();
});

/** What is warned of while a program runs whose config has these keys. */
function warnings(config: Record<string, string>, secret: readonly string[], program: () => void): string[] {
  pulumi.runtime.setAllConfig(config, [...secret]);
  const warn = jest.spyOn(pulumi.log, "warn").mockResolvedValue(undefined);
  program();
  return warn.mock.calls.map(([text]) => text);
}

function hosts(connection: Json = {}): DrbdNode[] {
  const made = ["alpha", "bravo"].map(
    (hostname) => new DrbdNode(hostname, { hostname, address: "10.1.1.1", connection: { host: "h", ...connection } }),
  );
  resources.push(...made);
  return made;
}

function resource(sharedSecret: pulumi.Input<string>): void {
  const [one, other] = hosts();
  const nodes = [
    { node: one!, disk: "/dev/vdb" },
    { node: other!, disk: "/dev/vdb" },
  ] as const;
  resources.push(new DrbdResource("r0", { nodes, minor: 1, port: 7789, syncSource: "alpha", sharedSecret }));
}

test("a key of its own: told with the command that encrypts it, and never quoted", () => {
  const found = warnings({ "web:drbdSecret": "PlainSecretOne1", "web:other": "x" }, [], () => {
    resource(new pulumi.Config("web").require("drbdSecret"));
  });
  expect(found).toHaveLength(1);
  expect(found[0]).toContain("Pulumi.oslo.yaml: web:drbdSecret is not a secret there");
  expect(found[0]).toContain("`pulumi config set --secret 'web:drbdSecret'`");
  expect(found[0]).not.toContain("PlainSecretOne1");
});

test("inside a group or a list: told by its path", () => {
  const config = { "web:hosts": JSON.stringify([{ name: "a" }, { login: { word: "PlainWord1" } }]) };
  const found = warnings(config, [], () => {
    hosts({ proxy: { host: "j", password: "PlainWord1" } });
  });
  expect(found).toHaveLength(1);
  expect(found[0]).toContain("`pulumi config set --secret --path 'web:hosts[1].login.word'`");
});

test.each<[string, Record<string, string>, readonly string[], () => void]>([
  [
    "a secret of the config",
    { "web:s": "PlainSecretOne1" },
    ["web:s"],
    () => {
      resource("PlainSecretOne1");
    },
  ],
  [
    "a secret from elsewhere",
    { "web:s": "another" },
    [],
    () => {
      resource("PlainSecretOne1");
    },
  ],
  [
    "what only an output knows",
    { "web:s": "PlainSecretOne1" },
    [],
    () => {
      resource(pulumi.secret("PlainSecretOne1"));
    },
  ],
  ["what is no secret", { "web:h": "h" }, [], () => hosts({ user: "h" })],
])("nothing is told of %s", (_what, config, secret, program) => {
  expect(warnings(config, secret, program)).toEqual([]);
});

test("of a site, siteConfig tells it, once", () => {
  const nodes = ["alpha", "bravo"].map((hostname) => ({ hostname, address: "10.1.1.1", connection: { host: "h" } }));
  const disks = { alpha: "/dev/vdb", bravo: "/dev/vdb" };
  const described = [{ name: "r0", minor: 1, port: 7789, syncSource: "alpha", disks, sharedSecret: "PlainSecretOne1" }];
  const config = { "pulumi-drbd:nodes": JSON.stringify(nodes), "pulumi-drbd:resources": JSON.stringify(described) };
  const found = warnings(config, [], () => {
    const pair = new DrbdPair("pair", siteConfig());
    resources.push(...pair.nodes, ...Object.values(pair.resources));
  });
  expect(found).toHaveLength(1);
  expect(found[0]).toContain("pulumi-drbd:resources[0].sharedSecret");
});
