import { formatStep } from "./core/format";
import type { TellStep } from "./core/apply-script";
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

  /** A step that begins, or what it says while it runs. */
  readonly step: TellStep = (step, saying) => {
    if (saying === undefined) this.progress(formatStep(step));
    else if (saying.isWarning) this.warn(`${step.node}: ${saying.text}`);
    else this.progress(`${step.node}: ${saying.text}`);
  };

  async done(): Promise<void> {
    for (const host of this.hosts) host.unfollow(this);
    await told();
  }
}
