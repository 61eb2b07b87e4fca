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
  alone: (takeover: Takeover) => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const takeover = isGone(error) ? pair.takeover(error.host) : undefined;
    if (takeover === undefined) throw error;
    return alone(takeover);
  }
}

/** A look at the host that is left, and what follows from it. */
export async function planAlone(pair: Pair, { host, plan }: Takeover): Promise<Plan> {
  return plan(await undisturbed([host], preview.patience, () => host.observe(pair.lookAt(host), preview.attempts)));
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
      plan: ([seen]) => plan(only(seen)),
    },
    reporter,
  );
  return only(node);
}

function only(node: ObservedNode | undefined): ObservedNode {
  if (node === undefined) throw new Error("a host was looked at");
  return node;
}
