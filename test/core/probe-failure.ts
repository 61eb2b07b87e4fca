import { ProbeError } from "../../provider/core/seen/probe-error";

/** The error with which a look at a host fails. */
export function failureOf(run: () => unknown): ProbeError {
  try {
    run();
  } catch (error) {
    if (error instanceof ProbeError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}
