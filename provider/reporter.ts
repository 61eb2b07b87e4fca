import { formatStep } from "./core/format";
import type { Step } from "./core/plan";
import { tell, told } from "./shell/engine-log";
import type { Host } from "./shell/host";

/** Says things on one resource's row. */
export class Reporter {
  /** While it lasts, a host among `hosts` that lets us wait is told on the row, with what it is waited for. */
  constructor(
    private readonly urn: string | undefined,
    private readonly hosts: readonly Host[] = [],
  ) {
    for (const host of hosts) {
      host.followWaits(this, (what) => {
        this.progress(what);
      });
    }
  }

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
    for (const host of this.hosts) host.unfollow(this);
    await told();
  }
}
