/**
 * What holds in every history of a pair, whatever befalls it: no data is lost, nothing is forced or formatted twice, a
 * preview changes nothing, and in the end up comes to rest, with what is wanted or with a person's decision to be made.
 * Half of them are of DRBD 8.4 and half of DRBD 9; DRBD=8.4 or DRBD=9 has all of one. `npm run soak` lives through more
 * of them; with SEED and RUNS, as many as one likes or the same again.
 */
import * as fc from "fast-check";
import {
  arbitraryAdoption,
  arbitraryBeginnings,
  arbitraryHistory,
  arbitraryKeeping,
  arbitraryMount,
  arbitraryObedience,
  arbitraryRace,
  arbitraryReturn,
  arbitrarySwap,
  arbitrarySwitch,
  arbitraryTakeover,
  skipping,
} from "./arbitrary-history";
import { besidePacemaker } from "./beside-pacemaker";
import { type History, live } from "./history";
import { chosenVersions } from "./drbd";
import { withVolumes } from "./several-volumes";
import { happenings } from "./world";
import { seed } from "../seed";

const runs = Number(process.env["RUNS"] ?? 10_000);
/** So few may not meet everything by chance. */
const many = 2000;
const aDay = 86_400_000;

const ends = new Map<string, number>();
const happened = new Map<string, number>();
const count = (counts: Map<string, number>, kind: string) => counts.set(kind, (counts.get(kind) ?? 0) + 1);

const holds = (histories: fc.Arbitrary<History>, numRuns: number) =>
  fc.assert(
    fc.asyncProperty(histories, async (history) => {
      const life = await live(history);
      count(ends, life.end.kind);
      life.happened.forEach((kind) => count(happened, kind));
      expect(life.broken).toEqual([]);
    }),
    { seed, numRuns },
  );

test(
  `the laws hold in whatever befalls a pair (SEED=${seed} RUNS=${runs})`,
  () => holds(arbitraryHistory, Math.ceil(runs * 0.83)),
  aDay,
);

test(
  `the laws hold where somebody works on a disk in the middle of an up (SEED=${seed} RUNS=${runs})`,
  () => holds(arbitraryRace, Math.ceil(runs * 0.1)),
  aDay,
);

test(
  `the laws hold where somebody takes over what an up left half-made (SEED=${seed} RUNS=${runs})`,
  () => holds(arbitraryTakeover, Math.ceil(runs * 0.02)),
  aDay,
);

test(
  `the laws hold where data is kept, and the peer comes back with another disk (SEED=${seed} RUNS=${runs})`,
  () => holds(arbitraryKeeping, Math.ceil(runs * 0.02)),
  aDay,
);

test(
  `the laws hold where somebody mounts the disk itself (SEED=${seed} RUNS=${runs})`,
  () => holds(arbitraryMount, Math.ceil(runs * 0.01)),
  aDay,
);

test(
  `the laws hold where it moves to and fro, with a service that may hang (SEED=${seed} RUNS=${runs})`,
  () => holds(arbitrarySwitch, Math.ceil(runs * 0.04)),
  aDay,
);

test(
  `the laws hold where somebody swaps a disk beside its metadata (SEED=${seed} RUNS=${runs})`,
  () => holds(arbitrarySwap, Math.ceil(runs * 0.01)),
  aDay,
);

test(
  `the laws hold where a pair is taken over that somebody made by hand (SEED=${seed} RUNS=${runs})`,
  () => holds(arbitraryAdoption, Math.ceil(runs * 0.02)),
  aDay,
);

test(
  `the laws hold where such a pair is destroyed: it is given back, or goes (SEED=${seed} RUNS=${runs})`,
  () => holds(arbitraryReturn, Math.ceil(runs * 0.02)),
  aDay,
);

test(
  `the laws hold where Pacemaker manages it for a time, and nothing is done meanwhile (SEED=${seed} RUNS=${runs})`,
  () => holds(besidePacemaker(arbitraryHistory), Math.ceil(runs * 0.03)),
  aDay,
);

test(
  `the newest copy survives whoever follows every message to the letter (SEED=${seed} RUNS=${runs})`,
  () => holds(arbitraryObedience, Math.ceil(runs * 0.05)),
  aDay,
);

test(
  `the laws hold for a resource whose volumes come and go (SEED=${seed} RUNS=${runs})`,
  () => holds(withVolumes(arbitraryHistory, "come and go"), Math.ceil(runs * 0.06)),
  aDay,
);

test.each([
  ["whatever befalls a pair", arbitraryHistory, 0.1],
  ["somebody works on a disk in the middle of an up", arbitraryRace, 0.05],
  ["somebody takes over what an up left half-made", arbitraryTakeover, 0.02],
  ["it moves to and fro", arbitrarySwitch, 0.01],
  ["two people begin it at once", arbitraryBeginnings, 0.02],
  ["its volumes come and go", withVolumes(arbitraryHistory, "come and go"), 0.03],
])(
  `the laws hold where the first sync is skipped: %s (SEED=${seed} RUNS=${runs})`,
  (_what, histories, share) => holds(skipping(histories), Math.ceil(runs * share)),
  aDay,
);

test.each([
  ["somebody works on a disk in the middle of an up", arbitraryRace],
  ["somebody takes over what an up left half-made", arbitraryTakeover],
  ["data is kept, and the peer comes back with another disk", arbitraryKeeping],
  ["somebody mounts the disk itself", arbitraryMount],
])(
  `the laws hold for a resource with several volumes, where %s (SEED=${seed} RUNS=${runs})`,
  (_what, histories) => holds(withVolumes(histories, "stay"), Math.ceil(runs * 0.01)),
  aDay,
);

test("what was drawn is worth it: everything came up", () => {
  // Only DRBD 9 minds who reads its device.
  const possible = happenings.filter((kind) => chosenVersions().includes("9") || !kind.includes("held open"));
  const lacking = possible.filter((kind) => !happened.has(kind));
  expect(runs < many ? [] : lacking).toEqual([]);
  for (const kind of ["done", "refused"]) expect((ends.get(kind) ?? 0) / runs).toBeGreaterThan(0.15);
});
