import type { CheckResult } from "@pulumi/pulumi/dynamic";
import { sourced } from "./check-failures";
import type { HiddenInputs } from "../core/told/engine-inputs";
import { preview } from "./phase";
import type { Reporter } from "./reporter";
import { BusyError, UnreachableError, HostError } from "../shell/error-classes";

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
