/** DRBD 9: somebody reads the device on the Secondary, so that its peer may not become Primary. */
import { happen } from "./events";
import { plainProgram } from "./pulumi";
import { SimulatedStack } from "./simulated-stack";
import { World } from "./world";

test("up says who holds the device open on the peer, and goes on once it is closed", async () => {
  const world = new World("9");
  const stack = new SimulatedStack(world);
  const quiet = () => ({ dead: false, applied: [], interrupt: () => "none" as const });
  expect(await stack.up(plainProgram, quiet())).toEqual({ kind: "done" });
  happen(world, { kind: "time", turns: 10 });
  for (const command of ["umount", "secondary"] as const) happen(world, { kind: "hand", on: 0, command });
  happen(world, { kind: "hand", on: 1, command: "read the device" });
  const held = await stack.up(plainProgram, quiet());
  expect(held.kind === "failed" && held.why).toMatch(/bravo.*\/dev\/drbd1 is held open by sleep/s);
  happen(world, { kind: "hand", on: 1, command: "stop reading the device" });
  expect(await stack.up(plainProgram, quiet())).toEqual({ kind: "done" });
  expect(world.machines[0].mountedAt).toBe("/srv/data");
  expect([...world.broken, ...world.ledger.lost]).toEqual([]);
});
