/** That the laws bite: each fault in the planner is met by one of them, within so many histories. */
import * as fc from "fast-check";
import type { ResourceSituation } from "../../provider/core/decided/hosts/resource-situation";
import {
  arbitraryAdoption,
  arbitraryHistory,
  arbitraryKeeping,
  arbitraryMount,
  arbitraryObedience,
  arbitraryRace,
  arbitraryReturn,
  arbitrarySwap,
  arbitraryTakeover,
  skipping,
} from "./arbitrary-history";
import { besidePacemaker } from "./beside-pacemaker";
import { live } from "./history";
import { kept, mutated } from "./mutation";
import { mutations } from "./mutations";
import { withVolumes } from "./several-volumes";

jest.mock("../../provider/core/decided/plans/plan-resource", () => {
  const real = jest.requireActual<typeof import("../../provider/core/decided/plans/plan-resource")>(
    "../../provider/core/decided/plans/plan-resource",
  );
  return {
    planResource: (situation: ResourceSituation) => {
      const { by } = mutated;
      const seen = by?.situation?.(situation) ?? situation;
      const plan = real.planResource(seen);
      return by?.plan?.(plan, seen) ?? plan;
    },
  };
});
jest.mock("../../provider/core/decided/plans/plan-resource-teardown", () => {
  const real = jest.requireActual<typeof import("../../provider/core/decided/plans/plan-resource-teardown")>(
    "../../provider/core/decided/plans/plan-resource-teardown",
  );
  return {
    planTeardown: (...given: Parameters<typeof real.planTeardown>) => {
      const [desired, hosts, nodes, ...more] = given;
      const plan = real.planTeardown(desired, hosts, nodes.map(mutated.by?.leaving ?? ((node) => node)), ...more);
      return mutated.by?.teardown?.(plan) ?? plan;
    },
  };
});
jest.mock("../../provider/core/decided/data/resource-refusals", () => {
  const real = jest.requireActual<typeof import("../../provider/core/decided/data/resource-refusals")>(
    "../../provider/core/decided/data/resource-refusals",
  );
  return {
    ...real,
    resourceRefusals: (...given: Parameters<typeof real.resourceRefusals>) => kept(real.resourceRefusals(...given)),
  };
});

const seed = Number(process.env["SEED"] ?? 20_260_101);
const bound = 5000;
const drawn = {
  histories: fc.sample(arbitraryHistory, { seed, numRuns: bound }),
  races: fc.sample(arbitraryRace, { seed, numRuns: bound }),
  keeping: fc.sample(arbitraryKeeping, { seed, numRuns: bound }),
  adoptions: fc.sample(arbitraryAdoption, { seed, numRuns: 500 }),
  returns: fc.sample(arbitraryReturn, { seed, numRuns: 200 }),
  swaps: fc.sample(arbitrarySwap, { seed, numRuns: 500 }),
  mounts: fc.sample(arbitraryMount, { seed, numRuns: 50 }),
  obedience: fc.sample(arbitraryObedience, { seed, numRuns: bound }),
  takeovers: fc.sample(arbitraryTakeover, { seed, numRuns: bound }),
  managed: fc.sample(besidePacemaker(arbitraryHistory), { seed, numRuns: 200 }),
  skips: fc.sample(skipping(arbitraryHistory), { seed, numRuns: 1000 }),
  volumes: fc.sample(withVolumes(arbitraryHistory, "come and go"), { seed, numRuns: bound }),
};

afterEach(() => {
  mutated.by = undefined;
});

test.each(Object.entries(mutations))(
  "%s",
  async (_name, mutation) => {
    mutated.by = mutation;
    for (const history of drawn[mutation.meets ?? "histories"]) {
      const { broken } = await live(history);
      if (broken.some((one) => mutation.law.test(one))) return;
    }
    throw new Error(`no law was broken in ${drawn[mutation.meets ?? "histories"].length} histories (SEED=${seed})`);
  },
  600_000,
);
