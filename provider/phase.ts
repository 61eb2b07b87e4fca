import type { CheckResult } from "@pulumi/pulumi/dynamic";

import { keyByHost } from "./core/disks-by-host";
import { formatRefusal } from "./core/format";
import type { Plan } from "./core/plan";
import type { HiddenInputs } from "./core/hidden-inputs";
import type { Reporter } from "./reporter";
import { operation } from "./shell/operation";
import { BusyError, HostError, UnreachableError } from "./shell/errors";

/** A provider process serves one phase of one run; the first `check` tells which. */
export const preview = {
  now: false,
  note(inputs: HiddenInputs): void {
    preview.now = inputs.__preview === true;
    operation.command = "pulumi up";
  },
  /** Seconds for which a look waits for another run to end: `up` waits when it has something to do. */
  get patience(): number {
    return preview.now ? 5 : operation.command === "pulumi refresh" ? 60 : 0;
  },
  /** A preview does not wait for a host to boot. */
  get attempts(): number | undefined {
    return preview.now ? 2 : undefined;
  },
};

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

/** In a preview, a host that cannot be reached, or where another run is at work, costs the plan, not the preview. */
export async function unreachableInPreview<T>(reporter: Reporter, look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    const isPassing = error instanceof BusyError || (error instanceof UnreachableError && error.network);
    if (!preview.now || !isPassing) throw error;
    const shown = "this preview shows the configuration only (--diff, and --show-full-output for a new one)";
    const why = error instanceof BusyError ? "another run is at work there" : "it did not answer";
    reporter.warnOfHost(
      error.host,
      `${error.message}\n  so ${shown}, not what would run`,
      `${shown}, not what would run on ${error.host}: ${why}`,
    );
    return undefined;
  }
}

/** What is wrong with another run's half-done work is no reason for `up` to fail: it waits for its turn, and decides then. */
export async function changedWhileBusy(look: () => Promise<boolean | undefined>): Promise<boolean | undefined> {
  try {
    return await look();
  } catch (error) {
    if (preview.now || !(error instanceof BusyError)) throw error;
    return true;
  }
}

/**
 * What keeps us from looking at a host fails a check as any bad input does. Thrown, it would be shown twice: the SDK
 * prints what is thrown by itself, under the stack.
 */
export async function hostErrorsAsFailures(
  inputs: HiddenInputs,
  check: () => Promise<CheckResult>,
): Promise<CheckResult> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return { failures: sourced(inputs, [{ property: "", reason: error.message }]) };
  }
}

/** undefined or a Date in what a provider returns loses the state after the work was done ("Unexpected struct type."). */
export function toState(value: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
}
