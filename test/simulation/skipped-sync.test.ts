/** A first `up` with `initialSync: "skip"` that is stopped at each of its later moments, and the `up`s after it. */
import type { Beginning } from "./events";
import { type History, type Interruption, live } from "./history";
import { plainProgram, type Program } from "./pulumi";
import { versions } from "./drbd";
import type { Fault } from "./remote";

/** From where both sides are brought up until it is mounted. Before that it is as any other first `up`. */
const moments = { first: 65, last: 115 };
const what = [
  "the process dies",
  "fails",
  "fails after it took effect",
  "dropped before",
  "dropped after",
  "dropped while it runs",
] as const;

function history(
  drbd: History["drbd"],
  interruptions: readonly Interruption[],
  more: Partial<Program> = {},
  beginnings: readonly [Beginning, Beginning] = ["blank", "blank"],
): History {
  const program = { ...plainProgram, skips: true, ...more };
  return { drbd, beginnings, program, restless: false, deeds: [{ kind: "up", interruptions }] };
}

const stopped = (one: (typeof what)[number]): Interruption["what"] =>
  one === "the process dies" ? { kind: one } : { kind: "fault", fault: one satisfies Fault };

describe.each(versions)("DRBD %s", (drbd) => {
  test.each(what)("%s, at any moment: the next up goes on, and nothing is synced", async (fault) => {
    const primary = drbd === "8.4" ? "bravo" : undefined;
    for (let at = moments.first; at < moments.last; at++) {
      const life = await live(history(drbd, [{ at, what: stopped(fault) }], { primary }));
      expect({ at, broken: life.broken, end: life.end.kind }).toEqual({ at, broken: [], end: "done" });
      expect([...life.happened]).toContain("a first sync was skipped");
      expect([...life.happened]).not.toContain("a full sync");
    }
  });

  test.each<readonly [Beginning, Beginning]>([
    ["data that no sample meets", "blank"],
    ["blank", "data that no sample meets"],
    ["data that no sample meets", "data that no sample meets"],
  ])("%s, %s: stopped with its place, and neither disk is taken for the other", async (...beginnings) => {
    const life = await live(history(drbd, [], {}, beginnings));
    expect(life.broken).toEqual([]);
    expect(life.end).toMatchObject({ kind: "failed", why: expect.stringContaining("is not zero at byte") as string });
    expect([...life.happened]).not.toContain("a first sync was skipped");
  });
});
