/** A resource whose one host cannot be reached, and which `primary` has run on the other one. */
import type { ObservedNode } from "../core/seen/observed";
import type { Plan } from "../core/steps/plan";
import { isGone } from "./gone-host";
import type { Pair } from "./pair";
import { preview } from "./phase";
import { reconcile, type Subject } from "./reconcile";
import type { Reporter } from "./reporter";
import { undisturbed } from "./turns";

type Takeover = NonNullable<ReturnType<Pair["takeover"]>>;

/** `work` with both hosts; where one of them is gone and the other may take over, what is to be done on that one. */
export async function whereGone<T>(
  pair: Pair,
  work: () => Promise<T>,
  alone: (takeover: Takeover, plan: Plan) => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const takeover = isGone(error) ? pair.takeover(error.host) : undefined;
    if (takeover === undefined) throw error;
    const { host, plan } = takeover;
    const node = await undisturbed([host], preview.patience, () => host.observe(pair.lookAt(host), preview.attempts));
    const planned = plan(node);
    if (planned === undefined) throw error;
    return alone(takeover, planned);
  }
}

/** Carries it out there. */
export async function takeOver(
  pair: Pair,
  { host, plan }: Takeover,
  reporter: Reporter,
  { begins, ran }: Pick<Subject, "begins" | "ran">,
): Promise<ObservedNode> {
  const [node] = await reconcile(
    {
      hosts: [host],
      ran,
      begins,
      looks: () => [pair.lookAt(host)],
      observe: async () => [await host.observe(pair.lookAt(host))],
      plan: ([seen]) => only(plan(only(seen))),
    },
    reporter,
  );
  return only(node);
}

/** Who takes over has looked at the host before, and planned on that. */
function only<T>(found: T | undefined): T {
  if (found === undefined) throw new Error("nothing was found of the host that is left");
  return found;
}
