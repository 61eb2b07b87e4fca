/** A resource that moves from one host to the other: how long it was served nowhere, and what becomes of it where that fails. */
import { servedOf } from "../core/steps/boot-units";
import type { Plan, PlannedMove, Step } from "../core/steps/plan";
import type { Reporter } from "./reporter";

type Switchover = PlannedMove & { readonly subject: string };

/** `since`: in milliseconds, as Date.now tells it. */
interface Begun extends Switchover {
  readonly since: number;
}

export class Move {
  private moved: Switchover | undefined;
  private since: number | undefined;
  private until: number | undefined;
  private first: Step | undefined;

  constructor(private readonly reporter: Reporter) {}

  /** The move that was begun in this run. */
  get of(): Begun | undefined {
    const { moved, since } = this;
    return moved === undefined || since === undefined ? undefined : { ...moved, since };
  }

  begins({ subject, switchover }: Plan): void {
    if (switchover !== undefined) this.moved = { ...switchover, subject };
  }

  /** It begins with the first step that takes something from the old side. */
  stepBegins(step: Step): void {
    if (this.since !== undefined || this.moved?.givesUp.includes(step) !== true) return;
    this.since = Date.now();
    this.first = step;
  }

  /** A guard stopped it: where that is the first, nothing has begun. */
  stopped(step: Step | undefined): void {
    if (step !== undefined && step === this.first) this.since = undefined;
  }

  stepsEnd(host: string): void {
    if (host === this.moved?.to && this.since !== undefined) this.until = Date.now();
  }

  tellEnd(): void {
    const { of, until } = this;
    if (of === undefined || until === undefined) return;
    const seconds = ((until - of.since) / 1000).toFixed(1);
    this.reporter.say(`${of.subject}: moved from ${of.from} to ${of.to}; it was in use on neither for ${seconds} s`);
  }
}

/** Puts it back where it was, and tells what came of that beside what went wrong before. */
export async function switchedBack(
  { subject, from, to, since }: Begun,
  cause: unknown,
  back: () => Promise<unknown>,
): Promise<unknown> {
  if (!(cause instanceof Error)) return cause;
  const failed = `${cause.message}\n${subject}: the move from ${from} to ${to} failed`;
  try {
    await back();
    const seconds = ((Date.now() - since) / 1000).toFixed(1);
    cause.message = `${failed}, and ${from} serves it again (${seconds} s after the first of its steps)`;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    cause.message =
      `${failed}, and so did the way back to ${from}. It may be Primary on NEITHER host. ` +
      `\`drbd-where ${subject}\` on each of them tells, and \`pulumi up\` goes on from there once the two are connected. If ${to} is dead: \`drbd-takeover ${subject}\` on ${from}. ` +
      `If it runs, and is Secondary, and the link between them cannot be mended now: \`drbdadm primary --force ${subject}\` on ${from}, which had it last, and then \`systemctl start ${servedOf(subject)}\`. ` +
      `What stopped the way back: ${why}`;
  }
  return cause;
}
