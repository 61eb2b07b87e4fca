/**
 * What Pulumi keeps of a first `up` that stopped half-way, what it deletes when the program has changed, and what it prints:
 * the provider's functions, called as Pulumi calls them, on the simulated pair.
 */
import type { HiddenInputs } from "../../provider/core/told/engine-inputs";
import { HalfMadeError } from "../../provider/lifecycle/half-made";
import { nodeLifecycle } from "../../provider/lifecycle/node";
import { resourceLifecycle } from "../../provider/lifecycle/resource";
import { beginProcess } from "../../provider/lifecycle/process";
import { HostError } from "../../provider/shell/error-classes";
import { run as command } from "./commands";
import { dataBlocks } from "./disk";
import { happen } from "./events";
import { type Fault, SimulatedRemote } from "./remote";
import { World } from "./world";

type Properties = HiddenInputs & Record<string, unknown>;

const said: string[] = [];
jest.mock("../../provider/shell/engine-log", () => ({
  tell: (_urn: string | undefined, message: string, options: { ephemeral?: boolean; severity?: string } = {}) => {
    if (options.ephemeral !== true) said.push(`${options.severity === "warning" ? "warning: " : ""}${message}`);
  },
  told: () => Promise.resolve(),
}));

let world: World;
let ran: string[];
let isFailing: (command: string) => boolean;

/** A new process of the provider, as each command of Pulumi's has one. */
function begin(): void {
  ran = [];
  said.length = 0;
  const run = {
    dead: false,
    applied: {
      push: (step: { node: string; argv: readonly string[] }) => ran.push(`${step.node}: ${step.argv.join(" ")}`),
    },
    interrupt: (): Fault => (isFailing(ran.at(-1) ?? "") ? "fails" : "none"),
  };
  beginProcess((name) => new SimulatedRemote(world, run as never, world.machine(name)));
}

beforeEach(() => {
  world = new World("8.4");
  isFailing = () => false;
  begin();
});

const place = (machine: World["machines"][number]) => ({
  hostname: machine.name,
  address: machine.address,
  connection: { host: machine.name, port: 22, user: "root" },
  insecureIgnoreHostKey: true,
});

const nodeInputs = (index: 0 | 1, urn: string): Properties => ({ ...place(world.machines[index]), __urn: urn });

const resourceInputs = (urn: string, more: object = {}): Properties => ({
  name: "r0",
  minor: 1,
  port: 7789,
  devicePath: "/dev/drbd1",
  syncSource: "alpha",
  filesystem: { mountPoint: "/srv/data" },
  nodes: world.machines.map((machine) => ({ ...place(machine), disk: "/dev/vdb" })),
  __urn: urn,
  __provider: "the provider's source",
  ...more,
});

const checked = async (inputs: Properties, olds: Properties = {}): Promise<Properties> => {
  const { inputs: news, failures = [] } = (await resourceLifecycle.check(olds, inputs)) as {
    inputs: Properties;
    failures?: { reason: string }[];
  };
  expect(failures).toEqual([]);
  return { ...news, __provider: inputs["__provider"] };
};

async function nodesMade(): Promise<Properties[]> {
  const made: Properties[] = [];
  for (const index of [0, 1] as const) {
    const { inputs } = (await nodeLifecycle.check({}, nodeInputs(index, `urn:node${index}`))) as { inputs: Properties };
    made.push((await nodeLifecycle.create(inputs)).outs as Properties);
  }
  return made;
}

/** The first `up`, and what Pulumi keeps of it. */
async function made(
  more: object = {},
): Promise<{ id: string; inputs: Properties; outs: Properties; nodes: Properties[] }> {
  const nodes = await nodesMade();
  const inputs = await checked(resourceInputs("urn:r0", more));
  const { id, outs } = (await resourceLifecycle.create(inputs)) as { id: string; outs: Properties };
  return { id, inputs, outs, nodes };
}

const isMounted = () => world.machines.map(({ mountedAt }) => mountedAt !== undefined);

describe("a first up that fails half-way", () => {
  async function halfMade(): Promise<HalfMadeError> {
    await nodesMade();
    isFailing = (step) => step.endsWith("drbdadm up r0");
    const error = await resourceLifecycle.create(await checked(resourceInputs("urn:r0"))).catch((one: unknown) => one);
    isFailing = () => false;
    if (!(error instanceof HalfMadeError)) throw new Error(`not half made: ${String(error)}`);
    return error;
  }

  test("is kept with all its inputs, and without the secret that was made, which the hosts have", async () => {
    const { id, properties, reasons, message, cause } = await halfMade();
    expect(id).toBe("alpha+bravo/r0");
    expect(cause).toBeInstanceOf(HostError);
    expect(reasons).toEqual([message]);
    expect(properties).toMatchObject({ name: "r0", minor: 1, __provider: "the provider's source" });
    const secret = /shared-secret "([^"]+)"/.exec(world.machines[0].files.get("/etc/drbd.d/r0.res") ?? "")?.[1];
    expect(secret).toMatch(/^.{20,}$/);
    expect(JSON.stringify(properties)).not.toContain(secret);
  });

  test("destroy takes back what was made", async () => {
    const { id, properties } = await halfMade();
    begin();
    await resourceLifecycle.delete(id, properties);
    for (const { files, kernel } of world.machines) {
      expect(files.has("/etc/drbd.d/r0.res")).toBe(false);
      expect(files.get("/etc/fstab") ?? "").not.toContain("/dev/drbd1");
      expect(kernel).toBeUndefined();
    }
    expect(ran.filter((step) => /create-md|wipe|mkfs/.test(step))).toEqual([]);
  });

  test("the next up goes on with the same secret, and ends", async () => {
    const { id, properties } = await halfMade();
    const before = world.machines[0].files.get("/etc/drbd.d/r0.res");
    begin();
    const olds: Properties = properties;
    const news = await checked(resourceInputs("urn:r0"), olds);
    const { outs } = (await resourceLifecycle.update(id, olds, news)) as { outs: Properties };
    expect(outs).toMatchObject({ roles: { alpha: "Primary", bravo: "Secondary" }, inSync: true });
    expect(world.machines.map(({ files }) => files.get("/etc/drbd.d/r0.res"))).toEqual([before, before]);
    expect((await resourceLifecycle.diff(id, outs, news)).changes).toBe(false);
  });

  test("before its first step, nothing is kept", async () => {
    await nodesMade();
    world.machines[1].disk.blocks[0] = 7;
    const error = await resourceLifecycle.create(await checked(resourceInputs("urn:r0"))).catch((one: unknown) => one);
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(HalfMadeError);
    expect(ran.filter((step) => step.includes("r0"))).toEqual([]);
  });

  test("of a host is kept, too", async () => {
    isFailing = (step) => step.includes("global_common.conf");
    const { inputs } = (await nodeLifecycle.check({}, nodeInputs(0, "urn:node0"))) as { inputs: Properties };
    await expect(nodeLifecycle.create(inputs)).rejects.toMatchObject({
      id: "alpha",
      properties: { hostname: "alpha", connection: { host: "alpha" } },
    });
  });
});

describe("a program that has changed", () => {
  test.each<[string, string]>([
    ["renamed, moved below a parent, or made part of a DrbdPair", "urn:another name"],
    ["replaced by --replace, or tainted", "urn:r0"],
  ])("a resource that is %s stays as it is", async (_what, urn) => {
    const { id, outs } = await made();
    begin();
    const replacing = await checked(resourceInputs(urn));
    await resourceLifecycle.create(replacing);
    await resourceLifecycle.delete(id, outs);
    expect(ran).toEqual([]);
    expect(isMounted()).toEqual([true, false]);
    expect(said).toContain("r0: stays as it is on alpha and bravo, since the program describes it still");
  });

  test("deleted before it is replaced, when only its program was heard of", async () => {
    const { id, outs } = await made();
    begin();
    const pairs = [{ name: "r0", hosts: ["alpha", "bravo"] }];
    await nodeLifecycle.check(
      {},
      { ...nodeInputs(0, "urn:node0"), __announced: { nodes: [], pairs, moves: [], resources: [] } },
    );
    await resourceLifecycle.delete(id, outs);
    expect(ran).toEqual([]);
    expect(isMounted()).toEqual([true, false]);
  });

  test("two resources that share all: the one that is checked first is told of all of it", async () => {
    const nodes = world.machines.map(({ name }) => ({ hostname: name, disk: "/dev/vdb" }));
    const web = { name: "web", minor: 1, port: 7789, syncSource: "alpha", nodes };
    const announced = { nodes: world.machines.map(place), pairs: [], moves: [], resources: [web] };
    const inputs = { ...resourceInputs("urn:r0"), __announced: announced };
    const { failures = [] } = (await resourceLifecycle.check({}, inputs)) as { failures?: { reason: string }[] };
    expect(failures.map(({ reason }) => reason.split(" belongs")[0])).toEqual([
      "minor 1",
      "port 7789",
      "the disk /dev/vdb",
    ]);
  });

  test.each(["removed from the program", "destroyed"])("a resource that is %s is taken down", async (what) => {
    const { id, outs } = await made();
    begin();
    if (what === "removed from the program") await nodeLifecycle.check({}, nodeInputs(0, "urn:node0"));
    await resourceLifecycle.delete(id, outs);
    expect(isMounted()).toEqual([false, false]);
    expect(world.machines.map(({ kernel }) => kernel)).toEqual([undefined, undefined]);
  });

  test("of what is destroyed the disks are not read: one of them may hang", async () => {
    const { id, outs } = await made();
    begin();
    const looks = jest.spyOn(SimulatedRemote.prototype, "observe");
    await resourceLifecycle.delete(id, outs);
    const asked = looks.mock.calls.map(([{ depth, looks: close }]) => [depth, close.length]);
    looks.mockRestore();
    expect(asked.slice(0, 2)).toEqual([
      ["tables", 0],
      ["tables", 0],
    ]);
    expect(asked.filter(([depth]) => depth !== "tables")).toEqual([]);
  });

  test("a first up that ends with a move keeps what it found on the disks and the device, as one without does", async () => {
    const found = ({ disks, filesystemUuid }: Properties) => ({
      filesystemUuid,
      disks: Object.values(disks as Record<string, object>).map((disk) => Object.keys(disk).sort()),
    });
    const stays = found((await made()).outs);
    world = new World("8.4");
    begin();
    const moved = found((await made({ primary: "bravo" })).outs);
    expect(isMounted()).toEqual([false, true]);
    expect(moved.disks).toEqual(stays.disks);
    expect(moved.disks.flat()).toContain("generation");
    expect([typeof moved.filesystemUuid, typeof stays.filesystemUuid]).toEqual(["string", "string"]);
  });

  test("to move it takes one look at each host before it, and one afterwards", async () => {
    const { id, outs, nodes } = await made();
    happen(world, { kind: "time", turns: 20 });
    begin();
    const sides = world.machines.map(({ name }) => ({ hostname: name, disk: "/dev/vdb" }));
    const r0 = { ...resourceInputs("urn:r0", { primary: "bravo" }), name: "r0", nodes: sides, devicePath: undefined };
    const pairs = [{ name: "r0", hosts: ["alpha", "bravo"] }];
    const announced = { nodes: world.machines.map(place), pairs, moves: [], resources: [r0] };
    const looks = jest.spyOn(SimulatedRemote.prototype, "observe");
    await nodeLifecycle.check(nodes[0]!, { ...nodeInputs(0, "urn:node0"), __announced: announced });
    const inputs = await checked(resourceInputs("urn:r0", { primary: "bravo" }), outs);
    await resourceLifecycle.diff(id, outs, inputs);
    const updated = await resourceLifecycle.update(id, outs, inputs);
    const asked = looks.mock.calls.map(([{ depth, looks: of }]) => [depth, of.map(({ name }) => name).join()]);
    looks.mockRestore();
    expect(isMounted()).toEqual([false, true]);
    expect(asked).toEqual(["needed", "needed", "close", "close"].map((depth) => [depth, "r0"]));
    expect(updated.outs).toMatchObject({ roles: { alpha: "Secondary", bravo: "Primary" }, switchedTo: "bravo" });
  });

  test("a preview of a move looks closely: it warns of what a host could not mount", async () => {
    const { id, outs } = await made();
    happen(world, { kind: "time", turns: 20 });
    begin();
    const looks = jest.spyOn(SimulatedRemote.prototype, "observe");
    const given = resourceInputs("urn:r0", { primary: "bravo", __preview: true });
    await resourceLifecycle.diff(id, outs, await checked(given, outs));
    const asked = new Set(looks.mock.calls.flatMap(([{ depth, looks: of }]) => (of.length === 0 ? [] : [depth])));
    looks.mockRestore();
    expect([...asked]).toEqual(["close"]);
    expect(ran).toEqual([]);
  });

  test("a host that has another name in the program keeps its files; one that is gone from it gives them back", async () => {
    const [alpha] = await nodesMade();
    const path = "/etc/drbd.d/global_common.conf";
    const text = world.machines[0].files.get(path);
    world.machines[0].files.set(`${path}.before-pulumi-drbd`, "theirs\n");
    begin();
    await nodeLifecycle.check({}, nodeInputs(0, "urn:another name"));
    await nodeLifecycle.delete("alpha", alpha!);
    expect([ran, world.machines[0].files.get(path)]).toEqual([[], text]);
    begin();
    await nodeLifecycle.delete("alpha", alpha!);
    expect(ran).toEqual([`alpha: mv -f ${path}.before-pulumi-drbd ${path}`]);
  });
});

describe("a state that is printed was seen", () => {
  async function movedToBravo() {
    const kept = await made();
    // By hand; `systemctl start` of the mount starts its promotion unit first.
    for (const words of ["umount /srv/data", "systemctl stop drbd-primary@r0.service", "drbdadm secondary r0"])
      command(world, world.machines[0], words.split(" "), "hand");
    for (const words of ["drbdadm primary r0", "systemctl start drbd-primary@r0.service", "mount /srv/data"])
      command(world, world.machines[1], words.split(" "), "hand");
    begin();
    return kept;
  }

  test("after a failover by hand, up stores the roles anew, once, and changes nothing", async () => {
    const { id, outs } = await movedToBravo();
    const news = await checked(resourceInputs("urn:r0"), outs);
    expect((await resourceLifecycle.diff(id, outs, news)).changes).toBe(true);
    expect(said.join("\n")).toContain("roles: alpha Primary → Secondary, bravo Secondary → Primary");
    const { outs: after } = (await resourceLifecycle.update(id, outs, news)) as { outs: Properties };
    expect(after).toMatchObject({ roles: { alpha: "Secondary", bravo: "Primary" } });
    expect(ran).toEqual([]);
    begin();
    expect((await resourceLifecycle.diff(id, after, news)).changes).toBe(false);
  });

  test("an up that reconnects ends when both are connected again, so that the next one does nothing", async () => {
    const { id, outs } = await made();
    begin();
    const news = await checked(resourceInputs("urn:r0", { port: 7790 }), outs);
    const { outs: after } = (await resourceLifecycle.update(id, outs, news)) as { outs: Properties };
    expect(ran.slice(-2)).toEqual(["alpha: drbdadm cstate r0", "bravo: drbdadm cstate r0"]);
    expect(after).toMatchObject({ connectionState: "Connected", inSync: true });
    begin();
    expect((await resourceLifecycle.diff(id, after, news)).changes).toBe(false);
  });

  test("a pair that is mounted nowhere, while its sync source is filled, is waited for by up, and then mounted", async () => {
    const { id, outs } = await movedToBravo();
    happen(world, { kind: "cut power", on: 0 });
    for (let block = 1; block < dataBlocks; block++) happen(world, { kind: "write", on: 1, block });
    for (const words of ["umount /srv/data", "systemctl stop drbd-primary@r0.service", "drbdadm secondary r0"])
      command(world, world.machines[1], words.split(" "), "hand");
    happen(world, { kind: "boot", on: 0 });
    happen(world, { kind: "time", turns: 1 });
    expect(world.machines.map(({ kernel }) => `${kernel?.role ?? ""} ${kernel?.replication ?? ""}`)).toEqual([
      "Secondary SyncTarget",
      "Secondary SyncSource",
    ]);
    const news = await checked(resourceInputs("urn:r0"), outs);
    expect((await resourceLifecycle.diff(id, outs, news)).changes).toBe(true);
    const { outs: after } = (await resourceLifecycle.update(id, outs, news)) as { outs: Properties };
    expect(after).toMatchObject({ roles: { alpha: "Primary", bravo: "Secondary" }, inSync: true });
    expect(isMounted()).toEqual([true, false]);
    expect([...world.broken, ...world.ledger.lost]).toEqual([]);
  });

  test("a refresh shows it as drift", async () => {
    const { id, outs, inputs } = await movedToBravo();
    const { props } = (await resourceLifecycle.read(id, outs)) as { props: Properties };
    expect((await resourceLifecycle.diff(id, props, inputs)).changes).toBe(true);
    begin();
    await resourceLifecycle.read(id, props);
    expect((await resourceLifecycle.diff(id, props, inputs)).changes).toBe(false);
  });
});

describe("a host that cannot be reached", () => {
  const urn = "urn:pulumi:oslo::pair::drbd:DrbdPair$pulumi-nodejs:dynamic/drbd:DrbdResource::r0";

  test("is warned of once in a preview, however many stages and resources meet it", async () => {
    const { id, outs } = await made();
    begin();
    happen(world, { kind: "cut power", on: 1 });
    const node = { ...nodeInputs(1, "urn:node1"), __preview: true };
    const { inputs } = (await nodeLifecycle.check(node, node)) as { inputs: Properties };
    await nodeLifecycle.diff("bravo", inputs, inputs);
    await resourceLifecycle.diff(id, outs, await checked(resourceInputs(urn, { __preview: true }), outs));
    expect(said.filter((line) => line.includes("cannot be reached"))).toHaveLength(1);
    expect(said.filter((line) => line.includes("not what would run on bravo: it did not answer"))).toHaveLength(1);
    expect(said).toHaveLength(2);
  });

  test.each<[string, string, readonly (0 | 1)[], object]>([
    ["bravo", "the plain program", [1], {}],
    ["alpha", "the plain program", [0], {}],
    ["both", "the plain program", [0, 1], {}],
    ["bravo", "an option that only 9 has", [1], { options: { "auto-promote": "no" } }],
    ["alpha", "an option that only 9 has", [0], { options: { "auto-promote": "no" } }],
    ["both", "an option that only 9 has", [0, 1], { options: { "auto-promote": "no" } }],
  ])("DRBD 9, %s away, %s: the preview shows nothing that changes", async (_away, _program, away, more) => {
    world = new World("9");
    begin();
    const { id, outs, inputs, nodes } = await made(more);
    expect(inputs["configuration"]).toContain("node-id");
    for (const on of away) happen(world, { kind: "cut power", on });
    begin();
    for (const index of [0, 1] as const) {
      const olds = nodes[index]!;
      const news = { ...nodeInputs(index, `urn:node${index}`), __preview: true };
      const seen = (await nodeLifecycle.check(olds, news)) as { inputs: Properties; failures?: readonly unknown[] };
      expect(seen.failures ?? []).toEqual([]);
      expect(seen.inputs["configuration"]).toBe(olds["configuration"]);
      expect((await nodeLifecycle.diff(String(olds["hostname"]), olds, seen.inputs)).changes).toBe(false);
    }
    const news = await checked(resourceInputs(urn, { ...more, __preview: true }), inputs);
    expect(news["configuration"]).toBe(inputs["configuration"]);
    expect((await resourceLifecycle.diff(id, outs, news)).changes).toBe(false);
  });

  test("destroy takes down the other side, and tells the way out", async () => {
    const { id, outs } = await made();
    begin();
    happen(world, { kind: "cut power", on: 1 });
    const error = await resourceLifecycle.delete(id, { ...outs, __urn: urn }).catch(String);
    expect(error).toContain("r0 was taken down on alpha, and what there is of r0 on bravo is left as it is");
    expect(error).toContain(`\`pulumi state delete '${urn}'\`, and \`pulumi destroy\` again`);
    expect(isMounted()[0]).toBe(false);
    expect(world.machines[0].files.has("/etc/drbd.d/r0.res")).toBe(false);
  });

  test("refresh tells the way out", async () => {
    const { id, outs } = await made();
    begin();
    happen(world, { kind: "cut power", on: 1 });
    const error = await resourceLifecycle.read(id, { ...outs, __urn: urn }).catch(String);
    expect(error).toContain(`\`pulumi refresh --exclude '${urn}'\``);
  });
});
