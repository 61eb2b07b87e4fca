import { formatStep } from "./core/format";
import type { Step } from "./core/plan";
import { tell, told } from "./shell/engine-log";

/** Says things on one resource's row. */
export class Reporter {
  constructor(private readonly urn: string | undefined) {}

  /** Stays in what the user sees in the end. */
  say(text: string): void {
    tell(this.urn, text);
  }

  warn(text: string): void {
    tell(this.urn, text, { severity: "warning" });
  }

  /** Shown while it is true. */
  progress(text: string): void {
    tell(this.urn, text, { ephemeral: true });
  }

  step(step: Step): void {
    this.progress(formatStep(step));
  }

  async done(): Promise<void> {
    await told();
  }
}
