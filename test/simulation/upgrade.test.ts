/** The whole way of a pair from DRBD 8.4 to 9, and back: `up` and what its refusals tell a person to type. */
import { run } from "./commands";
import { anyMetadata, dataBlocks } from "./disk";
import { happen } from "./events";
import { resourceFile } from "./machine";
import { type Outcome, plainProgram, type Program } from "./pulumi";
import { SimulatedStack } from "./simulated-stack";
import { World } from "./world";

const quiet = () => ({ dead: false, applied: [], interrupt: () => "none" as const });

class Life {
  readonly world = new World("8.4");
  readonly stack = new SimulatedStack(this.world);
  program: Program = plainProgram;

  up(): Promise<Outcome> {
    return this.stack.up(this.program, quiet());
  }

  async begin(): Promise<void> {
    expect(await this.up()).toEqual({ kind: "done" });
    this.pass(10);
    this.write(0);
  }

  type(on: 0 | 1, ...lines: string[]): void {
    for (const words of lines) {
      const { exit, output } = run(this.world, this.world.machines[on], words.split(" "), "hand");
      expect({ words, exit, output }).toMatchObject({ words, exit: 0 });
    }
  }

  write(on: 0 | 1): void {
    happen(this.world, { kind: "write", on, block: 1 });
  }

  pass(turns: number): void {
    happen(this.world, { kind: "time", turns });
  }

  /** The order that the refusal tells. */
  takeDown(): void {
    this.type(0, "umount /srv/data", "drbdadm secondary r0");
    for (const on of [0, 1] as const) this.type(on, "drbdadm down r0");
  }

  load(drbd: "8.4" | "9", ...on: readonly (0 | 1)[]): void {
    for (const one of on) this.world.machines[one].drbd = drbd;
  }

  convertByHand(): void {
    for (const on of [0, 1] as const) happen(this.world, { kind: "hand", on, command: "convert the metadata" });
  }

  get versions(): unknown {
    return this.world.machines.map((machine) => anyMetadata(machine.holder)?.version);
  }

  get data(): readonly unknown[] {
    return this.world.machines.map(({ disk }) => disk.blocks.slice(0, dataBlocks));
  }

  /** A pair that is well, on whose Primary nothing was lost. */
  async isWell(): Promise<void> {
    this.pass(10);
    expect(this.world.broken).toEqual([]);
    const [alpha, bravo] = this.world.machines;
    expect([alpha.kernel?.role, alpha.kernel?.connection, alpha.kernel?.disk, bravo.kernel?.disk]).toEqual([
      "Primary",
      "Connected",
      "UpToDate",
      "UpToDate",
    ]);
    expect(alpha.mountedAt).toBe("/srv/data");
    expect(this.data[0]).toEqual(this.data[1]);
    const files = this.world.machines.map(({ files: of }) => of.get(resourceFile));
    expect(files[0]).toBe(files[1]);
    const again = quiet();
    expect(await this.stack.up(this.program, again)).toEqual({ kind: "done" });
    expect(again.applied).toEqual([]);
  }
}

test("8.4 to 9 in the order that the refusal tells, one host after the other", async () => {
  const life = new Life();
  await life.begin();
  const [before] = life.data;
  life.takeDown();
  life.load("9", 0);
  expect(await life.up()).toMatchObject({
    kind: "refused",
    why: expect.stringMatching(/alpha has DRBD 9.*then load DRBD 9 on both/) as string,
  });
  life.load("9", 1);
  expect(await life.up()).toEqual({ kind: "done" });
  expect(life.versions).toEqual(["v09", "v09"]);
  expect(life.data[0]).toEqual(before);
  await life.isWell();
});

test("8.4 to 9 with the metadata converted by hand", async () => {
  const life = new Life();
  await life.begin();
  life.takeDown();
  life.load("9", 0, 1);
  life.convertByHand();
  expect(await life.up()).toEqual({ kind: "done" });
  await life.isWell();
});

test("8.4 to 9 with the state lost in between", async () => {
  const life = new Life();
  await life.begin();
  life.takeDown();
  life.load("9", 0, 1);
  life.stack.forget();
  expect(await life.up()).toEqual({ kind: "done" });
  await life.isWell();
});

describe("one side is ahead when the modules are changed", () => {
  async function ahead(): Promise<Life> {
    const life = new Life();
    await life.begin();
    life.type(1, "drbdadm down r0");
    life.write(0);
    life.type(0, "umount /srv/data", "drbdadm secondary r0", "drbdadm down r0");
    life.load("9", 0, 1);
    return life;
  }

  test("nothing is converted; back with 8.4 the two are in sync again, and then it works", async () => {
    const life = await ahead();
    const [newest] = life.data;
    expect(await life.up()).toMatchObject({
      kind: "refused",
      why: expect.stringMatching(/alpha has newer data than bravo/) as string,
    });
    expect(life.versions).toEqual(["v08", "v08"]);
    life.load("8.4", 0, 1);
    expect(await life.up()).toEqual({ kind: "done" });
    life.pass(10);
    life.takeDown();
    life.load("9", 0, 1);
    expect(await life.up()).toEqual({ kind: "done" });
    expect(life.data[0]).toEqual(newest);
    await life.isWell();
  });

  test.each([true, false])("without 8.4, by the line that is offered; the state is known: %s", async (isKnown) => {
    const life = await ahead();
    const [newest] = life.data;
    if (!isKnown) life.stack.forget();
    const told = await life.up();
    const why = told.kind === "refused" ? told.why : "";
    expect(why).not.toContain("discard: { alpha");
    const [, identity = ""] = /discard: \{ bravo: "([^"]+)" \}/.exec(why) ?? [];
    life.program = { ...plainProgram, discard: { bravo: [identity] } };
    expect(await life.up()).toEqual({ kind: "done" });
    life.pass(20);
    expect(life.data).toEqual([newest, newest]);
    expect(life.world.broken).toEqual([]);
  });

  test("converted by hand all the same: nobody offers to give up the newest copy", async () => {
    const life = await ahead();
    life.convertByHand();
    const told = await life.up();
    expect(told).toMatchObject({ kind: "refused", why: expect.stringContaining("To give up bravo's") as string });
    expect(told).not.toMatchObject({ why: expect.stringContaining("To give up alpha's") as string });
    expect(life.world.broken).toEqual([]);
  });
});

test("another's file that drbdadm cannot read, behind ours that it cannot read yet: refused before anything is written", async () => {
  const life = new Life();
  await life.begin();
  life.takeDown();
  life.load("9", 0, 1);
  const [{ files }] = life.world.machines;
  const before = files.get(resourceFile);
  happen(life.world, { kind: "hand", on: 0, command: "leave a broken file" });
  const told = "drbdadm cannot read /etc/drbd.d/web.res";
  expect(await life.up()).toMatchObject({ kind: "refused", why: expect.stringContaining(told) as string });
  expect(files.get(resourceFile)).toBe(before);
  happen(life.world, { kind: "hand", on: 0, command: "mend the broken file" });
  expect(await life.up()).toEqual({ kind: "done" });
  await life.isWell();
});

test("9 back to 8.4: refused, and it goes on with 9, or with what a person converted", async () => {
  const life = new Life();
  life.load("9", 0, 1);
  await life.begin();
  life.takeDown();
  life.load("8.4", 0, 1);
  expect(await life.up()).toMatchObject({ kind: "refused", why: expect.stringContaining("reads v08") as string });
  life.load("9", 0, 1);
  expect(await life.up()).toEqual({ kind: "done" });
  await life.isWell();
  life.takeDown();
  life.load("8.4", 0, 1);
  life.convertByHand();
  expect(await life.up()).toEqual({ kind: "done" });
  await life.isWell();
});

test.each([
  [5, 3],
  [1, 2],
  [1, 0],
])("node ids %i and %i of a pair that was made by hand stay, while it is up and while it is down", async (a, b) => {
  const life = new Life();
  life.load("9", 0, 1);
  await life.begin();
  life.takeDown();
  const own = life.world.machines[0].files.get(resourceFile)!;
  const ids = own.replaceAll(/node-id (\d);/g, (_, id) => `node-id ${id === "0" ? a : b};`).replace(/^#.*\n/, "");
  for (const machine of life.world.machines) {
    machine.files.set(resourceFile, ids);
    anyMetadata(machine.holder)!.nodeId = undefined;
  }
  for (const on of [0, 1] as const) life.type(on, "drbdadm up r0");
  life.pass(5);
  life.stack.forget();
  for (const step of ["up", "down, with its file", "down, and its file is gone"]) {
    if (step !== "up") life.takeDown();
    if (step.endsWith("gone")) for (const { files } of life.world.machines) files.delete(resourceFile);
    expect(await life.up()).toEqual({ kind: "done" });
    const text = life.world.machines[0].files.get(resourceFile)!;
    expect([...text.matchAll(/node-id (\d+);/g)].map(([, id]) => Number(id))).toEqual([a, b]);
    await life.isWell();
  }
});
