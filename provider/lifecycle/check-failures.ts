import { keyByHost } from "../core/wanted/disks-by-host";
import { formatRefusal } from "../core/told/plan-text";
import type { HiddenInputs } from "../core/told/engine-inputs";
import type { Plan } from "../core/steps/plan";

export interface Failure {
  readonly property: string;
  readonly reason: string;
}

/**
 * As Pulumi prints it: of a property within another one, or of one that is missing, it would show `value {<nil>}`. So
 * the reason names those.
 */
function shown({ property, reason }: Failure): Failure {
  const hasValue = /^[A-Za-z]+$/.test(property) && !reason.startsWith("is missing");
  return property === "" || hasValue ? { property, reason } : { property: "", reason: `${property}: ${reason}` };
}

/** Inputs by which a property finds its key in the user's own file. */
type Sourced = HiddenInputs & { readonly nodes?: unknown };

/** What Pulumi is told, with the place in the user's own file, where the inputs came from one. */
export function sourced(inputs: Sourced, failures: readonly Failure[]): Failure[] {
  const source = inputs.__source;
  if (source === undefined) return failures.map(shown);
  const nodes: readonly unknown[] = Array.isArray(inputs.nodes) ? inputs.nodes : [];
  const hostnames = nodes.map((node) => (node as { hostname?: unknown } | null)?.hostname);
  return failures.map((failure) => {
    const property = keyByHost(failure.property, hostnames);
    return shown({ property, reason: `${failure.reason} (${source}${property === "" ? "" : `.${property}`})` });
  });
}

/** Refusals known before anything is touched fail the check. */
export function refusalsAsFailures(inputs: Sourced, plan: Plan): Failure[] {
  const failures = plan.refusals.map((refusal) => ({
    property: refusal.property ?? "",
    reason: formatRefusal(refusal),
  }));
  return sourced(inputs, failures);
}
