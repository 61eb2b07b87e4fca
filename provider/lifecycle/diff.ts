import { differenceOf, type Look } from "../core/told/difference";
import { preview } from "./phase";
import { known } from "./process";
import { RefusedError } from "./reconcile";
import type { Reporter } from "./reporter";
import { operation } from "../shell/operation";

/** The end of every `diff`: tells what a look means, and returns whether something is to be done. */
export function changesBy(
  reporter: Reporter,
  urn: string | undefined,
  look: Pick<Look, "plan" | "moved" | "sync">,
): boolean {
  const during = operation.command === "pulumi refresh" ? "refresh" : preview.now ? "preview" : "up";
  const difference = differenceOf({ ...look, wasMoved: known.moved.delete(urn ?? ""), during });
  if (difference.refused) throw new RefusedError(look.plan);
  for (const warning of difference.warns) reporter.warn(warning);
  for (const text of difference.says) reporter.say(text);
  return difference.changes;
}
