import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withLock } from "../../lab/lock";
import { pause } from "../../lab/report";

test("one works while the other waits, and an error gives the lock back", async () => {
  const folder = await mkdtemp(join(tmpdir(), "lab-lock-"));
  const file = join(folder, "lock");
  const order: string[] = [];
  const silent = () => undefined;
  try {
    const first = withLock(file, silent, async () => {
      order.push("first begins");
      await pause(300);
      order.push("first ends");
      throw new Error("first fails");
    });
    await pause(100);
    const second = withLock(file, silent, () => {
      order.push("second");
      return Promise.resolve(2);
    });
    await expect(first).rejects.toThrow("first fails");
    expect(await second).toBe(2);
    expect(order).toEqual(["first begins", "first ends", "second"]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
