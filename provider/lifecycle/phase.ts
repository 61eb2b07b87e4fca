import type { HiddenInputs } from "../core/told/engine-inputs";
import { operation } from "../shell/operation";

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
