/** What copies the blocks that a verify found, as it was seen on real pairs: on DRBD 9 it is not what it is on DRBD 8.4. */
import { run } from "./commands";
import type { Drbd } from "./drbd";
import { happen } from "./events";
import { observe } from "./observe";
import { plainProgram } from "./pulumi";
import { SimulatedStack } from "./simulated-stack";
import { World } from "./world";

const block = 2;

/** alpha is Primary and idle, and a block on bravo's disk is another one than alpha's. */
async function differing(drbd: Drbd) {
  const world = new World(drbd);
  const [alpha, bravo] = world.machines;
  const type = (words: string, machine = bravo): void => {
    expect({ words, ...run(world, machine, words.split(" "), "hand") }).toEqual({ words, exit: 0, output: "" });
  };
  const quiet = { dead: false, applied: [], interrupt: () => "none" as const };
  expect(await new SimulatedStack(world).up(plainProgram, quiet)).toEqual({ kind: "done" });
  happen(world, { kind: "time", turns: 10 });
  happen(world, { kind: "write", on: 0, block });
  bravo.disk.blocks[block] = 0;
  type("drbdadm verify r0");
  const told = () =>
    observe(world, alpha, { looks: [], candidates: [], depth: "tables" }).kernelResources.get("r0")?.peerDevices?.[0]
      ?.outOfSync;
  const isSame = () => alpha.disk.blocks[block] === bravo.disk.blocks[block];
  expect([told() === 0, isSame()]).toEqual([false, false]);
  return { world, type, told, isSame };
}

const reconnect = ["drbdadm disconnect r0", "drbdadm connect r0"];
const fetch = ["drbdadm invalidate --reset-bitmap=no r0"];

test.each<readonly [string, Drbd, readonly string[], boolean]>([
  ["DRBD 8.4: a reconnect copies it", "8.4", reconnect, true],
  ["DRBD 9: a reconnect forgets that it differs", "9", reconnect, false],
  ["DRBD 9: an invalidate by the bitmap copies it", "9", fetch, true],
])("%s", async (_title, drbd, commands, copies) => {
  const { world, type, told, isSame } = await differing(drbd);
  for (const words of commands) type(words);
  happen(world, { kind: "time", turns: 10 });
  expect({ outOfSync: told(), isSame: isSame() }).toEqual({ outOfSync: 0, isSame: copies });
});
