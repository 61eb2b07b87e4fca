import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { closedPort, FakeNode, stopNodes } from "../shell/fake-node";
import { FakeEngine } from "./fake-engine";
import {
  cloneOf,
  filesIn,
  inTheClear,
  laterClone,
  projectWith,
  removeFolders,
  runProgram,
  temporaryFolder,
  unwrapped,
  type Registered,
} from "./packages";
import { ProviderError, ProviderProcess } from "./provider-process";
import { readyNode } from "./ready-node";

type Json = Record<string, unknown>;

const secrets = ["private-key-of-alpha", "password-of-bravo", "password-of-the-proxy", "shared-secret-of-r0"];
const program = `
const alpha = new drbd.DrbdNode("alpha", {
  hostname: "alpha", address: "192.168.77.1", connection: { host: "10.1.0.1", privateKey: "-----BEGIN OPENSSH PRIVATE KEY-----\\nprivate-key-of-alpha\\n-----END OPENSSH PRIVATE KEY-----\\n" },
});
const bravo = new drbd.DrbdNode("bravo", {
  hostname: "bravo", address: "192.168.77.2",
  connection: {
    host: "10.1.0.2", user: "admin", password: "password-of-bravo",
    proxy: { host: "10.1.0.3", password: "password-of-the-proxy" },
  },
});
new drbd.DrbdResource("r0", {
  nodes: [{ node: alpha, disk: "/dev/vdb" }, { node: bravo, disk: "/dev/vdb" }],
  minor: 1, port: 7789, syncSource: "alpha", sharedSecret: "shared-secret-of-r0",
});
`;

/**
 * What stands in the state of everybody who ever ran \`pulumi up\`. Where it changes, each of their resources gets a new
 * text with their next one: so it changes for a reason only.
 */
const known = (kind: "node" | "resource") =>
  readFileSync(join(__dirname, "provider-text.txt"), "utf8").replace("KIND", kind);

/** In place of the real code: says what it was called with. */
const recorder = (version: string) => `
const recorded = (kind) => {
  const tell = (method) => (...args) => Promise.resolve({ version: ${JSON.stringify(version)}, kind, method, args });
  const call = (method, result) => async (...args) => result(await tell(method)(...args));
  return {
    check: call("check", (inputs) => ({ inputs, failures: [{ property: "nodes[0].disk", reason: "is no disk" }] })),
    diff: call("diff", ({ args: [id, olds, news] }) => ({ changes: id === "one" && olds.a === 1 && news.a === 2 })),
    create: call("create", (outs) => ({ id: "made", outs })),
    update: call("update", (outs) => ({ outs })),
    read: call("read", ({ args: [id, props] }) => ({ id, props: { ...props, read: true }, inputs: { ...props } })),
    delete: call("delete", ({ args: [id] }) => { if (id !== "one") throw new Error("not " + id); }),
  };
};
exports.node = recorded("node");
exports.resource = recorded("resource");
`;

/** Pulumi is told the property where it has a value to show; else the reason begins with it. */
const pathsOf = (failures: readonly Json[]): string[] =>
  (failures as { property: string; reason: string }[])
    .map(({ property, reason }) => property || (/^\S+: /.exec(reason)?.[0] ?? ""))
    .sort();

let clone: string;
let upgraded: string;
let installed: string;
let registered: { clone: Registered[]; installed: Registered[] };
let engine: FakeEngine;
let node: FakeNode;
const processes: ProviderProcess[] = [];

beforeAll(async () => {
  clone = await cloneOf();
  upgraded = laterClone(clone, "9.9.9", "dist/provider/lifecycle/index.js", recorder("9.9.9"));
  [installed, engine] = await Promise.all([projectWith(clone), FakeEngine.start()]);
  const [inClone, inProject] = await Promise.all([
    runProgram(join(clone, "examples", "pair"), program),
    runProgram(installed, program),
  ]);
  registered = { clone: inClone, installed: inProject };
}, 120_000);

afterAll(async () => {
  await Promise.all(processes.splice(0).map((one) => one.stop()));
  engine.stop();
  await stopNodes();
  removeFolders();
});

async function providerIn(cwd: string): Promise<ProviderProcess> {
  const started = await ProviderProcess.start(cwd, engine.address);
  processes.push(started);
  return started;
}

function textOf(resources: readonly Registered[], name: string): string {
  const text = resources.find((one) => one.name === name)?.inputs["__provider"];
  if (typeof text !== "string") throw new Error(`${name} has no provider text, or it is secret`);
  return text;
}

const urn = "urn:pulumi:oslo::pulumi-drbd::pulumi-nodejs:dynamic/drbd:DrbdNode::alpha";

test("run by Pulumi as a program, for want of one, it refuses: an empty program deletes a whole stack", async () => {
  const runner = join(temporaryFolder("runner"), "node_modules/@pulumi/pulumi/cmd/run/run.js");
  mkdirSync(dirname(runner), { recursive: true });
  writeFileSync(runner, "require(process.argv[2]);");
  const library = join(clone, "dist/provider/index.js");
  const asProgram = promisify(execFile)(process.execPath, [runner, library]);
  await expect(asProgram).rejects.toThrow("put `main: index.ts`, or whatever your program is called, into Pulumi.yaml");
  await promisify(execFile)(process.execPath, ["-e", `require(${JSON.stringify(library)})`]);
});

describe("the provider's text in the state", () => {
  test("is short, and for all resources of a kind the same", () => {
    for (const name of ["alpha", "bravo", "r0"]) {
      expect(Buffer.byteLength(textOf(registered.clone, name))).toBeLessThan(3000);
    }
    expect(textOf(registered.clone, "bravo")).toBe(textOf(registered.clone, "alpha"));
    expect(textOf(registered.clone, "r0")).not.toBe(textOf(registered.clone, "alpha"));
  });

  test("holds no secret, and neither do inputs that are kept in the clear", () => {
    expect(registered.clone.map(({ name }) => name).sort()).toEqual(["alpha", "bravo", "r0"]);
    const shown = JSON.stringify(inTheClear(registered.clone));
    for (const secret of secrets) expect(shown).not.toContain(secret);
    // And they are there: it is not that nothing was looked at.
    const all = JSON.stringify(unwrapped(registered.clone));
    for (const secret of secrets) expect(all).toContain(secret);
  });

  test("reaches no module but from the program's folder, and nothing of this machine", () => {
    for (const name of ["alpha", "r0"]) {
      const text = textOf(registered.clone, name);
      expect(text.match(/require\([^)]*\)|import\b/g)).toEqual(['require("node:module")']);
      expect(text).toMatch(/createRequire\(process\.cwd\(\) \+ "\/"\)\("pulumi-drbd\/runtime"\)/);
      expect(text).not.toContain(clone);
      expect(text).not.toContain("node_modules");
    }
  });

  test("is what it has always been", () => {
    expect(textOf(registered.clone, "alpha")).toBe(known("node"));
    expect(textOf(registered.clone, "r0")).toBe(known("resource"));
  });

  test("is the same to the byte from a clone, from an installed package and from another version", async () => {
    const later = await runProgram(join(upgraded, "examples", "pair"), program);
    for (const name of ["alpha", "bravo", "r0"]) {
      expect(textOf(registered.installed, name)).toBe(textOf(registered.clone, name));
      expect(textOf(later, name)).toBe(textOf(registered.clone, name));
    }
  });
});

test("what is installed is the compiled provider and no more", () => {
  const files = filesIn(join(installed, "node_modules", "pulumi-drbd"));
  expect(files).toContain("dist/provider/index.js");
  expect(files).toContain("dist/provider/lifecycle/index.js");
  const others = files.filter((path) => !path.startsWith("dist/provider/"));
  expect(others).toEqual(["LICENSE", "README.md", "package.json"]);
});

describe("the process that runs it", () => {
  let provider: ProviderProcess;
  beforeAll(async () => {
    provider = await providerIn(join(upgraded, "examples", "pair"));
  }, 60_000);

  const __provider = known("node");

  test("runs today's code with yesterday's text, the kind and the arguments as they came", async () => {
    const { inputs } = await provider.check(urn, { a: 1, __provider }, { a: 2, __provider });
    expect(inputs).toMatchObject({ version: "9.9.9", kind: "node", method: "check" });
    expect(inputs["args"]).toEqual([
      { a: 1, __provider },
      { a: 2, __provider },
    ]);
    const resource = await provider.check(urn, {}, { __provider: known("resource") });
    expect(resource.inputs).toMatchObject({ kind: "resource" });
  });

  test("hands failures on with their nested paths", async () => {
    const { failures } = await provider.check(urn, {}, { __provider });
    expect(failures).toEqual([{ property: "nodes[0].disk", reason: "is no disk" }]);
  });

  test("hands on diff, create, update, read and delete", async () => {
    const one = { a: 1, __provider };
    const two = { a: 2, __provider };
    expect(await provider.diff("one", one, two)).toBe(true);
    expect(await provider.diff("one", two, one)).toBe(false);
    const created = await provider.create(one);
    expect(created).toMatchObject({ id: "made", outs: { method: "create", args: [one], __provider } });
    const updated = await provider.update("one", one, two);
    expect(updated.outs).toMatchObject({ method: "update", args: ["one", one, two], __provider });
    expect(await provider.read("one", one)).toEqual({ id: "one", props: { ...one, read: true }, inputs: one });
    await provider.delete("one", one);
    await expect(provider.delete("two", one)).rejects.toThrow("not two");
  });
});

describe.each<["the clone" | "an installed tarball", () => string]>([
  ["the clone", () => join(clone, "examples", "pair")],
  ["an installed tarball", () => installed],
])("the real provider from %s", (_, folder) => {
  let provider: ProviderProcess;
  beforeAll(async () => {
    provider = await providerIn(folder());
  }, 60_000);

  test("checks a node: its configuration is an input, and what is only for this run is not kept", async () => {
    const { inputs, failures } = await provider.check(urn, {}, await nodeInputs());
    expect(failures).toEqual([]);
    expect(inputs["configuration"]).toMatch(/^# Managed by pulumi-drbd.*usage-count no;/s);
    expect(inputs).toMatchObject({ hostname: "alpha", __provider: known("node"), __urn: urn });
    expect(
      Object.keys(inputs)
        .filter((key) => key.startsWith("__"))
        .sort(),
    ).toEqual(["__provider", "__urn"]);
    // Checked again, as with the next `up`, it is the same.
    expect((await provider.check(urn, inputs, { ...inputs, configuration: undefined })).inputs).toEqual(inputs);
  });

  test("refuses bad inputs, each by its path", async () => {
    const changes = { address: "10.1.0", global: { "usage-count": 1 } };
    const node = await provider.check(urn, {}, inputsOf("alpha", changes));
    expect(pathsOf(node.failures)).toEqual(["address", 'global["usage-count"]: ']);
    const [first, second] = inputsOf("r0")["nodes"] as Record<string, unknown>[];
    const resource = await provider.check(
      urn,
      {},
      inputsOf("r0", {
        minor: -1,
        net: { "ping-timeout": "9 hours" },
        nodes: [
          { ...first, disk: "vdb" },
          { ...second, address: "192.168.77.256" },
        ],
      }),
    );
    expect(pathsOf(resource.failures)).toEqual([
      "minor",
      'net["ping-timeout"]: ',
      "nodes[0].disk: ",
      "nodes[1].address: ",
    ]);
  });

  test.each<[string, string, Record<string, unknown>]>([
    ["a key by a wrong name", "alpha", { connection: { host: "10.1.0.1", privatekey: "misplaced-secret" } }],
    ["a key that is none", "alpha", { connection: { host: "10.1.0.1", privateKey: "misplaced-secret" } }],
    ["a key of a wrong type", "alpha", { connection: { host: "10.1.0.1", privateKey: ["misplaced-secret"] } }],
    ["a password too long", "alpha", { connection: { host: "10.1.0.1", password: "misplaced-secret".repeat(99) } }],
    ["a bad shared secret", "r0", { sharedSecret: "misplaced-secret\n" }],
    ["a shared secret by a wrong name", "r0", { sharedsecret: "misplaced-secret" }],
  ])("shows no secret when it refuses: %s", async (_what, name, changes) => {
    const { failures } = await provider.check(urn, {}, inputsOf(name, changes));
    expect(failures).not.toEqual([]);
    expect(JSON.stringify(failures)).not.toContain("misplaced-secret");
    // Pulumi prints the value of the property that it is told.
    for (const { property } of failures) expect(property).not.toMatch(/connection|ecret/);
    expect(provider.printed).not.toContain("misplaced-secret");
  });

  test("shows no secret of other inputs when something else is refused", async () => {
    const { failures } = await provider.check(urn, {}, inputsOf("r0", { minor: -1 }));
    expect(failures).toHaveLength(1);
    for (const secret of secrets) expect(JSON.stringify(failures) + provider.printed).not.toContain(secret);
  });

  test("passes over what a preview does not know yet", async () => {
    const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
    const changes = { __preview: true, address: unknown, connection: { host: unknown, port: unknown } };
    const { inputs, failures } = await provider.check(urn, {}, inputsOf("alpha", changes));
    expect(failures).toEqual([]);
    expect(inputs).toMatchObject({ address: unknown, hostname: "alpha" });
    expect(inputs).not.toHaveProperty("configuration");
    // And still refuses what it knows to be wrong.
    const wrong = await provider.check(urn, {}, inputsOf("alpha", { ...changes, hostname: "a b" }));
    expect(wrong.failures.map(({ property }) => property)).toEqual(["hostname"]);
    const resource = await provider.check(urn, {}, inputsOf("r0", { __preview: true, minor: unknown }));
    expect(resource.failures).toEqual([]);
  });
});

describe("the real provider and a host over SSH", () => {
  let provider: ProviderProcess;
  beforeAll(async () => {
    provider = await providerIn(join(clone, "examples", "pair"));
  }, 60_000);
  beforeEach(() => {
    engine.said.length = 0;
  });

  const globalCommon = "/etc/drbd.d/global_common.conf";
  const ours = async () => {
    const { inputs } = await provider.check(urn, {}, await nodeInputs());
    return inputs["configuration"] as string;
  };

  test("previews what it would do, on the resource's own row", async () => {
    const inputs = await nodeInputs({ files: { [globalCommon]: "global { usage-count ask; }\n" }, __preview: true });
    expect((await provider.check(urn, {}, inputs)).failures).toEqual([]);
    const rows = engine.said.filter(({ message }) => message.includes(globalCommon));
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ urn, severity: "info", ephemeral: false });
    expect(rows[0]!.message).toMatch(/alpha +ln .*\n.*alpha +write \/etc\/drbd\.d\/global_common\.conf/);
    expect(JSON.stringify(engine.said)).not.toContain("password-of-alpha");
  });

  test("refuses in the preview what can't be, before anything is touched", async () => {
    const inputs = await nodeInputs({ machine: "gamma", __preview: true });
    const { failures } = await provider.check(urn, {}, inputs);
    expect(failures.map(({ reason }) => reason)).toEqual([expect.stringContaining("`uname -n` says gamma there")]);
  });

  test("a host that can't be reached costs a preview the plan and no more, and `up` stops at it", async () => {
    const inputs: Json = { ...(await nodeInputs({ __preview: true })), hostname: "down" };
    const connection = { ...(inputs["connection"] as object), port: await closedPort(), dialErrorLimit: 1 };
    const down = await provider.check(urn, {}, { ...inputs, connection });
    expect(down.failures).toEqual([]);
    expect(down.inputs).toHaveProperty("configuration");
    const warnings = engine.said.filter(({ severity }) => severity === "warning");
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatchObject({ urn, message: expect.stringContaining("down: cannot be reached") as string });
    const up = await provider.check(urn, {}, { ...inputs, connection, __preview: false });
    const reason = expect.stringContaining("down: cannot be reached") as string;
    expect(up.failures).toEqual([{ property: "", reason }]);
  });

  test("a host that does not let us in fails the check, said once and without the password", async () => {
    const inputs = await nodeInputs({ __preview: true });
    const connection = { ...(inputs["connection"] as object), password: "wrong-password" };
    const { failures } = await provider.check(urn, {}, { ...inputs, connection });
    const reason = expect.stringContaining("refused every way to log in") as string;
    expect(failures).toEqual([{ property: "", reason }]);
    expect(JSON.stringify([failures, engine.said, provider.printed])).not.toContain("wrong-password");
    // What is thrown is printed by the SDK too, under the stack.
    expect(provider.printed).not.toContain("refused every way");
  });

  test("what is as it should be is taken over, told and left, and not one step runs", async () => {
    const configuration = await ours();
    const files = { [globalCommon]: configuration };
    const { inputs } = await provider.check(urn, {}, await nodeInputs({ files }));
    const { id, outs } = await provider.create(inputs);
    expect(id).toBe("alpha");
    expect(outs).toMatchObject({
      ...inputs,
      kernelVersion: "6.1.0-30-amd64",
      moduleVersion: "8.4.11",
      utilsVersion: "9.22.0",
      installedUtils: false,
      backup: "",
    });
    expect(await provider.diff(id, outs, inputs)).toBe(false);
    expect((await provider.update(id, outs, inputs)).outs).toEqual(outs);
    const read = await provider.read(id, outs);
    expect(read).toEqual({ id, props: outs, inputs });
    await provider.delete(id, outs);
    expect(node.scripts.filter((script) => script.includes("step0"))).toEqual([]);
    expect(node.dials).toBe(1);
  });

  test("drift shows: the live text in a refresh, and a change in the next diff", async () => {
    const live = (await ours()).replace("usage-count no", "usage-count yes");
    const { inputs } = await provider.check(urn, {}, await nodeInputs({ files: { [globalCommon]: live } }));
    const read = await provider.read("alpha", inputs);
    expect(read.inputs["configuration"]).toBe(live);
    expect(read.props["configuration"]).toBe(live);
    expect(await provider.diff("alpha", inputs, inputs)).toBe(true);
  });

  test("what is gone is gone: no id", async () => {
    const { inputs } = await provider.check(urn, {}, await nodeInputs());
    expect((await provider.read("alpha", inputs)).id).toBe("");
  });
});

/** The inputs of the program's resources, as the engine sends them, with some changed. */
function inputsOf(name: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
  const inputs = unwrapped(registered.clone.find((one) => one.name === name)?.inputs) as Record<string, unknown>;
  // Nothing is announced: the hosts of the program are not there.
  return { ...inputs, __announced: undefined, __preview: false, ...changes };
}

/** alpha's inputs with a connection that leads to a host of our own, a new one each time. */
async function nodeInputs(changes: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
  const { files = {}, machine = "alpha", ...others } = changes;
  node = await FakeNode.start();
  node.password = "password-of-alpha";
  node.answer = readyNode({
    hostname: machine as string,
    address: "192.168.77.1",
    files: files as Record<string, string>,
  });
  const { host, port, user, password } = node.connection();
  const connection = { host, port, user, password, hostKey: node.hostKeys[0]!.public.trim() };
  return inputsOf("alpha", { connection, ...others });
}

test("a folder from which the package can't be found: the error names it", async () => {
  const folder = temporaryFolder("elsewhere");
  symlinkSync(join(clone, "node_modules"), join(folder, "node_modules"));
  const provider = await providerIn(folder);
  const error = await provider.check(urn, {}, { __provider: known("node") }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ProviderError);
  expect(String(error)).toContain("Cannot find module 'pulumi-drbd/runtime'");
}, 30_000);
