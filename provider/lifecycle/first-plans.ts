/** What the first preview of a program will show, planned from its inputs: two nodes, and what they replicate. */
import type { Plan } from "../core/steps/plan";
import { parseResource } from "../core/wanted/parse-inputs";
import { firstNodePlan } from "./node";
import { Pair } from "./pair";
import { preview } from "./phase";
import { known } from "./process";
import { undisturbed } from "./turns";

type Inputs = Record<string, unknown>;

/** In the order in which the preview tells them. */
export async function firstPlans(
  nodes: readonly (Inputs & { readonly hostname: string })[],
  resources: readonly (Inputs & { readonly name: string })[],
): Promise<Plan[]> {
  preview.now = true;
  const described = new Set(resources.map(({ name }) => name));
  for (const { hostname } of nodes) known.described.set(hostname, described);
  const planned = await Promise.all(nodes.map((inputs) => firstNodePlan({ ...inputs })));
  const globalCommon = planned.map(({ configuration }) => configuration);
  const plans = planned.map(({ plan }) => plan);
  // One after the other: they ask the same hosts.
  for (const inputs of resources) plans.push(await firstResourcePlan(inputs, globalCommon));
  return plans;
}

async function firstResourcePlan(inputs: Inputs, globalCommon: readonly string[]): Promise<Plan> {
  const parsed = parseResource(inputs);
  if (parsed.ok !== true) throw new Error(`the resource's inputs are not valid: ${JSON.stringify(parsed.failures)}`);
  const pair = new Pair(parsed.desired, parsed.connections, { inputs: { __globalCommon: globalCommon }, olds: {} });
  return pair.plan(await undisturbed(pair.hosts, preview.patience, () => pair.observe("close")));
}
