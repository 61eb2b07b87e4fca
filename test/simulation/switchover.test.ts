/**
 * `primary` names the other host, and something goes wrong at each point of the way there: the pair ends served on one side,
 * or the message says that it is on none; never on both, and nothing is lost.
 */
import type { DiskIdentity } from "../../provider/core/seen/disk-identity";
import { happen, type Event } from "./events";
import { plainProgram, type Outcome } from "./pulumi";
import { type Fault, type Run } from "./remote";
import { SimulatedStack } from "./simulated-stack";
import { chosenVersions } from "./drbd";
import { definitionOf } from "./virtual-machines";
import { World } from "./world";

const toBravo = { ...plainProgram, primary: "bravo" as const };

const rest = (world: World) => {
  for (let turn = 0; turn < 20; turn++) world.passTime();
};

class FaultyRun implements Run {
  dead = false;
  readonly applied: Run["applied"] = [];
  count = 0;

  constructor(
    private readonly at: number,
    private readonly befalls: (run: FaultyRun) => Fault,
  ) {}

  interrupt(): Fault {
    return this.count++ === this.at ? this.befalls(this) : "none";
  }
}

const plainRun = () => new FaultyRun(-1, () => "none");

async function pair(drbd: "8.4" | "9"): Promise<{ world: World; stack: SimulatedStack }> {
  const world = new World(drbd);
  const stack = new SimulatedStack(world);
  await stack.up(plainProgram, plainRun());
  rest(world);
  happen(world, { kind: "write", on: 0, block: 1 });
  return { world, stack };
}

const mountedOn = ({ machines }: World) =>
  machines.filter(({ volumes }) => volumes.some((one) => one.mountedAt !== undefined));
const primaries = ({ machines }: World) => machines.filter(({ isPrimary }) => isPrimary);
const namesOf = (machines: readonly { readonly name: string }[]) => machines.map(({ name }) => name).join();

/** How many moments there are in the way there at which something can befall it. */
async function moments(drbd: "8.4" | "9"): Promise<number> {
  const { stack } = await pair(drbd);
  const run = plainRun();
  await stack.up(toBravo, run);
  return run.count;
}

describe.each(chosenVersions())("DRBD %s", (drbd) => {
  test("it moves, and a second up does nothing", async () => {
    const { world, stack } = await pair(drbd);
    expect(await stack.up(toBravo, plainRun())).toEqual({ kind: "done" });
    expect([namesOf(mountedOn(world)), namesOf(primaries(world))]).toEqual(["bravo", "bravo"]);
    const again = plainRun();
    expect(await stack.up(toBravo, again)).toEqual({ kind: "done" });
    expect(again.applied).toEqual([]);
    // Taken back by hand, which is left alone; until the program says otherwise.
    happen(world, { kind: "hand", on: 0, command: "move here" });
    rest(world);
    const left = plainRun();
    await stack.up(toBravo, left);
    expect(left.applied.filter(({ argv }) => argv[0] !== "systemctl")).toEqual([]);
    expect(namesOf(mountedOn(world))).toBe("alpha");
    expect(world.ledger.lost).toEqual([]);
  });

  test("taken over in the night, and the state is lost: it stays where it runs, then and afterwards", async () => {
    const { world, stack } = await pair(drbd);
    await stack.up(toBravo, plainRun());
    happen(world, { kind: "hand", on: 0, command: "move here" });
    rest(world);
    stack.forget();
    for (let turn = 0; turn < 2; turn++) {
      expect(await stack.up(toBravo, plainRun())).toEqual({ kind: "done" });
      expect(namesOf(mountedOn(world))).toBe("alpha");
      // Who remembers nothing looks at the disks, whatever is about to move.
      const { disks, filesystemUuid } = stack.remember().resource?.outputs ?? {};
      expect(filesystemUuid).toEqual(expect.any(String));
      const generations = Object.values(disks as Record<string, DiskIdentity>).map((disk) => typeof disk.generation);
      expect(generations).toEqual(["string", "string"]);
    }
    // Until the program says something else.
    await stack.up({ ...plainProgram, primary: "alpha" }, plainRun());
    expect(await stack.up(toBravo, plainRun())).toEqual({ kind: "done" });
    expect(namesOf(mountedOn(world))).toBe("bravo");
  });

  test.each<Fault>(["fails", "fails after it took effect", "dropped before", "dropped after", "dropped while it runs"])(
    "a step: %s",
    async (fault) => {
      const all = await moments(drbd);
      expect(all).toBeGreaterThan(8);
      for (let at = 0; at < all; at++) {
        const { world, stack } = await pair(drbd);
        const outcome = await stack.up(toBravo, new FaultyRun(at, () => fault));
        rest(world);
        const where = `at ${at} of ${all}: ${JSON.stringify(outcome)}`;
        expect([where, mountedOn(world).length, primaries(world).length]).toEqual([where, 1, 1]);
        expect(await stack.up(toBravo, plainRun())).toEqual({ kind: "done" });
        expect([where, namesOf(mountedOn(world))]).toEqual([where, "bravo"]);
        expect([...world.broken, ...world.ledger.lost]).toEqual([]);
      }
    },
  );

  test("the process dies: on at most one side, and the next up goes on", async () => {
    const all = await moments(drbd);
    for (let at = 0; at < all; at++) {
      const { world, stack } = await pair(drbd);
      await stack.up(
        toBravo,
        new FaultyRun(at, (run) => {
          run.dead = true;
          return "none";
        }),
      );
      rest(world);
      expect(primaries(world).length).toBeLessThanOrEqual(1);
      expect([at, await stack.up(toBravo, plainRun())]).toEqual([at, { kind: "done" }]);
      expect([at, namesOf(mountedOn(world))]).toEqual([at, "bravo"]);
      expect([...world.broken, ...world.ledger.lost]).toEqual([]);
    }
  });

  test.each<Event>([{ kind: "cut power", on: 1 }, { kind: "cut power", on: 0 }, { kind: "cut link" }])(
    "in the middle of it: $kind $on",
    async (event) => {
      const all = await moments(drbd);
      for (let at = 0; at < all; at++) {
        const { world, stack } = await pair(drbd);
        const outcome = await stack.up(
          toBravo,
          new FaultyRun(at, () => {
            happen(world, event);
            return "none";
          }),
        );
        expect(primaries(world).length).toBeLessThanOrEqual(1);
        // On neither: then the message says so, or it was the host itself that served it and is off.
        const isServed = mountedOn(world).length === 1;
        const isTold = "why" in outcome && /on NEITHER host|cannot be reached|connection was lost/.test(outcome.why);
        expect([at, outcome, isServed || isTold]).toEqual([at, outcome, true]);
        world.linked = true;
        for (const machine of world.machines) world.boot(machine);
        rest(world);
        for (let turn = 0; turn < 3; turn++) await stack.up(toBravo, plainRun());
        rest(world);
        expect([at, mountedOn(world).length]).toEqual([at, 1]);
        expect([...world.broken, ...world.ledger.lost]).toEqual([]);
      }
    },
  );

  describe("with a virtual machine", () => {
    const home = { ...plainProgram, virtualMachines: ["web"] };
    const away = { ...toBravo, virtualMachines: ["web"] };
    async function withGuest(hangs: boolean): Promise<{ world: World; stack: SimulatedStack }> {
      const { world, stack } = await pair(drbd);
      world.machines[0].guests.set("web", { definition: definitionOf("web"), isUp: false, hangs });
      expect(await stack.up(home, plainRun())).toEqual({ kind: "done" });
      return { world, stack };
    }
    const runningOn = ({ machines }: World) =>
      namesOf(machines.filter(({ guests }) => guests.get("web")?.isUp === true));

    test("it is defined on both, and moves with the resource", async () => {
      const { world, stack } = await withGuest(false);
      expect(runningOn(world)).toBe("alpha");
      expect(await stack.up(away, plainRun())).toEqual({ kind: "done" });
      expect([runningOn(world), namesOf(mountedOn(world))]).toEqual(["bravo", "bravo"]);
      const again = plainRun();
      expect(await stack.up(away, again)).toEqual({ kind: "done" });
      expect(again.applied).toEqual([]);
    });

    test("it hangs: it goes on running, and the resource stays", async () => {
      const { world, stack } = await withGuest(true);
      const outcome = await stack.up(away, plainRun());
      expect(outcome).toMatchObject({
        kind: "failed",
        why: expect.stringContaining("and alpha serves it again") as string,
      });
      expect([runningOn(world), namesOf(mountedOn(world)), namesOf(primaries(world))]).toEqual([
        "alpha",
        "alpha",
        "alpha",
      ]);
    });

    test.each<Fault>(["fails", "fails after it took effect"])(
      "a step: %s; it runs on one side in the end",
      async (fault) => {
        for (let at = 0; ; at++) {
          const { world, stack } = await withGuest(false);
          const run = new FaultyRun(at, () => fault);
          await stack.up(away, run);
          rest(world);
          expect([at, runningOn(world), mountedOn(world).length]).toEqual([at, namesOf(mountedOn(world)), 1]);
          expect([...world.broken, ...world.ledger.lost]).toEqual([]);
          if (run.count <= at) break;
        }
      },
    );
  });
});

describe.each(chosenVersions())("the Primary is dead, and the program has the word for that: DRBD %s", (drbd) => {
  const offIn = (outcome: Outcome): Readonly<Record<string, string>> => {
    const why = "why" in outcome ? outcome.why : "";
    const token = /`peerIsOff: \{ alpha: "([0-9a-f]{16})" \}`/.exec(why)?.[1];
    return token === undefined ? {} : { alpha: token };
  };
  const primariesOf = (run: FaultyRun) => run.applied.filter(({ argv }) => argv[0] === "drbd-takeover");

  /** alpha has died, a preview was refused, and its line is in the program. */
  async function dead() {
    const { world, stack } = await pair(drbd);
    happen(world, { kind: "cut power", on: 0 });
    rest(world);
    const refused = await stack.preview(toBravo, plainRun());
    return { world, stack, refused, withWord: { ...toBravo, peerIsOff: offIn(refused) } };
  }

  test("refused with a line; with the line it is taken over; then nothing is to do, and alpha is filled when it is back", async () => {
    const { world, stack, refused, withWord } = await dead();
    expect(refused.kind).toBe("refused");
    expect(await stack.preview(withWord, plainRun())).toEqual({ kind: "done" });
    expect(namesOf(primaries(world))).toBe("");
    expect(await stack.up(withWord, plainRun())).toEqual({ kind: "done" });
    expect([namesOf(mountedOn(world)), namesOf(primaries(world))]).toEqual(["bravo", "bravo"]);
    for (const program of [withWord, withWord]) {
      const again = plainRun();
      expect(await stack.up(program, again)).toEqual({ kind: "done" });
      expect(again.applied).toEqual([]);
    }
    happen(world, { kind: "write", on: 1, block: 2 });
    happen(world, { kind: "boot", on: 0 });
    rest(world);
    expect(await stack.up(withWord, plainRun())).toEqual({ kind: "done" });
    rest(world);
    const last = plainRun();
    expect(await stack.up(withWord, last)).toEqual({ kind: "done" });
    expect(last.applied).toEqual([]);
    expect([namesOf(mountedOn(world)), namesOf(primaries(world))]).toEqual(["bravo", "bravo"]);
    expect(world.machines[0].volumes[0].kernel?.disk).toBe("UpToDate");
    expect([world.ledger.lost, world.broken]).toEqual([[], []]);
  });

  test("a line of another time of being apart does nothing", async () => {
    const { world, stack, withWord } = await dead();
    happen(world, { kind: "boot", on: 0 });
    rest(world);
    happen(world, { kind: "cut power", on: 0 });
    rest(world);
    const run = plainRun();
    const outcome = await stack.up(withWord, run);
    expect(outcome.kind).toBe("refused");
    expect(offIn(outcome)).not.toEqual(withWord.peerIsOff);
    expect(primariesOf(run)).toEqual([]);
    expect(namesOf(primaries(world))).toBe("");
  });

  test("a line stands in the program for good: once it is spent it promotes nothing", async () => {
    const { world, stack, withWord } = await dead();
    await stack.up(withWord, plainRun());
    // Mounting writes, too: a Primary that never wrote is StandAlone once alpha is back (DRBD 9).
    happen(world, { kind: "write", on: 1, block: 2 });
    happen(world, { kind: "boot", on: 0 });
    rest(world);
    expect(await stack.up({ ...withWord, primary: "alpha", peerIsOff: {} }, plainRun())).toEqual({ kind: "done" });
    expect(namesOf(primaries(world))).toBe("alpha");
    happen(world, { kind: "cut power", on: 0 });
    rest(world);
    const run = plainRun();
    expect((await stack.up(withWord, run)).kind).toBe("refused");
    expect(primariesOf(run)).toEqual([]);
  });

  test("what else changes in the program waits for alpha: nothing is done, and nothing is stored as done", async () => {
    const { world, stack, withWord } = await dead();
    const run = plainRun();
    const outcome = await stack.up({ ...withWord, protocol: "A" }, run);
    expect(outcome).toEqual({
      kind: "failed",
      why: expect.stringContaining(
        "bravo: its peer cannot be reached, and `protocol` cannot change before it is back",
      ) as string,
    });
    expect([run.applied, namesOf(primaries(world))]).toEqual([[], ""]);
    // With what was there before it is taken over.
    expect(await stack.up(withWord, plainRun())).toEqual({ kind: "done" });
    expect(namesOf(primaries(world))).toBe("bravo");
  });

  test("alpha is alive again between the plan and the step: it is not taken over", async () => {
    const { world, stack, withWord } = await dead();
    const booting = new FaultyRun(Number.POSITIVE_INFINITY, () => "none");
    booting.interrupt = () => {
      if (booting.applied.length > 0) happen(world, { kind: "boot", on: 0 });
      return "none";
    };
    const outcome = await stack.up(withWord, booting);
    rest(world);
    expect(outcome.kind).toBe("failed");
    expect("why" in outcome ? outcome.why : "").toContain("Refused: it answers.");
    // It was Primary last, and is again.
    expect(namesOf(primaries(world))).toBe("alpha");
    expect(world.ledger.lost).toEqual([]);
  });

  test.each<Fault>(["fails", "fails after it took effect", "dropped before", "dropped after", "dropped while it runs"])(
    "whatever befalls it (%s), the next up goes on",
    async (fault) => {
      for (let at = 0; ; at++) {
        const { world, stack, withWord } = await dead();
        const run = new FaultyRun(at, () => fault);
        await stack.up(withWord, run);
        if (run.count <= at) break;
        rest(world);
        const outcome = await stack.up(withWord, plainRun());
        expect(["done", "refused"]).toContain(outcome.kind);
        // What ran by itself has spent the line: then it is Primary.
        expect([at, namesOf(primaries(world))]).toEqual([at, "bravo"]);
        expect([world.ledger.lost, world.broken]).toEqual([[], []]);
      }
    },
  );
});
