import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { mockEngine, plain, inTheClear } from "./mock-engine";

// What the examples import, as the sources are now; `npm run lint` checks their types against what is built.
jest.mock("pulumi-drbd", () => jest.requireActual<object>("../../provider"), { virtual: true });

const examples = join(__dirname, "../../examples");
const projects = readdirSync(examples, { recursive: true, encoding: "utf8" }).filter(
  (path) => basename(path) === "Pulumi.yaml",
);

test.each(projects)("%s names its program: Pulumi would run the library for want of it", (path) => {
  const [, main = ""] = /^main: (\S+)$/m.exec(readFileSync(join(examples, path), "utf8")) ?? [];
  expect(readdirSync(join(examples, dirname(path)))).toContain(main);
});

test("a machine on DRBD: defined on both hosts over the connections of the nodes, when the storage is there", async () => {
  const registered = mockEngine();
  pulumi.runtime.setAllConfig({ "pulumi-drbd:privateKey": "the-key" }, ["pulumi-drbd:privateKey"]);
  jest.requireActual<object>("../../examples/vm-on-drbd");
  const expected = [
    "alpha DrbdNode",
    "bravo DrbdNode",
    "vm DrbdResource",
    "web-alpha Command",
    "web-bravo Command",
    "web-image Command",
    "web-xml-alpha CopyToRemote",
    "web-xml-bravo CopyToRemote",
  ];
  while (registered.length < expected.length) await new Promise(setImmediate);
  expect(registered.map(({ name, type }) => `${name} ${type.split(":").at(-1) ?? ""}`).sort()).toEqual(expected);

  // In the order in which they may begin: what is waited for comes first.
  const order = registered.map(({ name }) => name);
  for (const [first, then] of [
    ["alpha", "vm"],
    ["bravo", "vm"],
    ["vm", "web-image"],
    ["web-image", "web-alpha"],
    ["web-image", "web-bravo"],
    ["web-xml-bravo", "web-bravo"],
  ] as const) {
    expect([first, then, order.indexOf(first) < order.indexOf(then)]).toEqual([first, then, true]);
  }

  // One object serves both kinds, and says the same to both.
  const connectionOf = (name: string) => {
    const { inputs } = registered.find((one) => one.name === name)!;
    return plain(inputs["connection"]);
  };
  for (const host of ["alpha", "bravo"]) {
    const connection = { host: `${host}.oslo.example`, user: "root", privateKey: "the-key" };
    expect(connectionOf(host)).toEqual(connection);
    expect(connectionOf(`web-${host}`)).toMatchObject(connection);
    expect(connectionOf(`web-xml-${host}`)).toMatchObject(connection);
  }
  expect(JSON.stringify(inTheClear(registered))).not.toContain("the-key");
  // Nothing that is data is taken away by a destroy.
  expect(registered.find(({ name }) => name === "web-image")!.inputs).not.toHaveProperty("delete");
});
