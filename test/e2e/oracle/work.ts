import type { Step } from "../../../provider/core/steps/plan";
import type { Outcome } from "../../simulation/pulumi";
import type { Work } from "./sight";

/** A real source now and then does not notice the end of its sync (tellSyncEnd); the simulated one always does. */
const byChance = /^drbdadm resume-sync /;
/** The simulated hosts have no commands for a person. */
const forPeople = /^write \/usr\/local\/sbin\/drbd-/;

/** The hosts work beside each other: only the order on each of them is no chance. */
export function workOf(outcome: Outcome, applied: readonly Step[]): Work {
  const on = (name: string) =>
    applied
      .filter(({ node }) => node === name)
      .map(({ argv }) => argv.join(" "))
      .filter((line) => !byChance.test(line) && !forPeople.test(line));
  return {
    end: outcome.kind,
    steps: { alpha: on("alpha"), bravo: on("bravo") },
  };
}
