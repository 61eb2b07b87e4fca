import { formatStep } from "../core/told/plan-text";
import type { TellStep } from "../core/steps/apply-script";
import { tell, told } from "../shell/engine-log";
import type { Host } from "../shell/host";

/** What was warned of in this process, by the row: several stages of one run see the same. */
const warned = new Set<string>();

export function forgetWarnings(): void {
  warned.clear();
}

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

  /** Once, however many stages of the run come upon it. */
  warn(text: string): void {
    if (this.isFirst(text)) tell(this.urn, text, { severity: "warning" });
  }

  /**
   * A host's trouble, which all its resources meet: told whole on the row that meets it first, and on the others by what it
   * means for them.
   */
  warnOfHost(host: string, text: string, forTheOthers: string): void {
    const key = `host ${host}`;
    if (!warned.has(key)) {
      warned.add(key);
      this.warn(text);
      // This row has said it.
      this.isFirst(forTheOthers);
    } else if (this.isFirst(forTheOthers)) this.say(forTheOthers);
  }

  private isFirst(text: string): boolean {
    const key = `${this.urn ?? ""} ${text}`;
    if (warned.has(key)) return false;
    warned.add(key);
    return true;
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
