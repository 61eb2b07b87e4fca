import type { CheckResult } from "@pulumi/pulumi/dynamic";
import { sourced } from "./check-failures";
import type { HiddenInputs } from "../core/told/engine-inputs";
import { preview } from "./phase";
import type { Reporter } from "./reporter";
import { BusyError, HostError } from "../shell/error-classes";
import { isGone } from "./gone-host";
import { known } from "./process";

/**
 * In a preview, a host that cannot be reached, or where another run is at work, costs the plan, not the preview. A host that
 * a `peerIsOff` names is passed over in `up`, too.
 */
export async function unreachablePassedOver<T>(reporter: Reporter, look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof BusyError && preview.now) warnOf(error, "another run is at work there", reporter);
    else if (!isGone(error)) throw error;
    else if (preview.now) warnOf(error, "it did not answer", reporter);
    else if (known.off.has(error.host)) {
      const passed = `${error.host} is passed over: it cannot be reached, and \`peerIsOff\` names it`;
      reporter.warnOfHost(error.host, passed, passed);
    } else throw withLineFor(error);
    return undefined;
  }
}

function warnOf({ host, message }: HostError, why: string, reporter: Reporter): void {
  const shown = "this preview shows the configuration only (--diff, and --show-full-output for a new one)";
  reporter.warnOfHost(
    host,
    `${message}\n  so ${shown}, not what would run`,
    `${shown}, not what would run on ${host}: ${why}`,
  );
}

/** Where `primary` names its peer, the refusal in a preview has the line by which that one takes over. */
function withLineFor(error: HostError): HostError {
  const resources = known.primaries.filter(({ from }) => from.includes(error.host)).map(({ name }) => name);
  if (resources.length === 0) return error;
  return new HostError(error.host, error.what, {
    ...error.details,
    advice: `${error.details.advice ?? "check that the host is up"}. If ${error.host} is off for good or for now, and its peer is to take over ${resources.join(", ")} as \`primary\` says: \`pulumi preview\` tells the line for that`,
  });
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
