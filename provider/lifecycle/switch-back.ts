/** A resource that moves from one host to the other: how long it was served nowhere, and what becomes of it where that fails. */
import type { Plan, Step } from "../core/steps/plan";
import type { Reporter } from "./reporter";

type Switchover = NonNullable<Plan["switchover"]> & { readonly subject: string };

export class Move {
  private moved: Switchover | undefined;
  private since: number | undefined;
  private until: number | undefined;

  constructor(private readonly reporter: Reporter) {}

  /** The move that was begun in this run. */
  get of(): Switchover | undefined {
    return this.since === undefined ? undefined : this.moved;
  }

  begins({ subject, switchover }: Plan): void {
    if (switchover !== undefined) this.moved = { ...switchover, subject };
  }

  /** It begins with the first step on the host that gives it up that takes something from it. */
  stepBegins({ node, argv: [command, verb] }: Step): void {
    const takes = command === "umount" || verb === "secondary" || (command === "systemctl" && verb === "stop");
    if (node === this.moved?.from && takes) this.since ??= Date.now();
  }

  stepsEnd(host: string): void {
    if (host === this.moved?.to && this.since !== undefined) this.until = Date.now();
  }

  tellEnd(): void {
    const { of, since, until } = this;
    if (of === undefined || since === undefined || until === undefined) return;
    const seconds = ((until - since) / 1000).toFixed(1);
    this.reporter.say(`${of.subject}: moved from ${of.from} to ${of.to}; it was in use on neither for ${seconds} s`);
  }
}

/** Puts it back where it was, and tells what came of that beside what went wrong before. */
export async function switchedBack(
  { subject, from, to }: Switchover,
  cause: unknown,
  back: () => Promise<unknown>,
): Promise<unknown> {
  if (!(cause instanceof Error)) return cause;
  const failed = `${cause.message}\n${subject}: the move from ${from} to ${to} failed`;
  try {
    await back();
    cause.message = `${failed}, and ${from} serves it again`;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    cause.message =
      `${failed}, and so did the way back to ${from}. It may be Primary on NEITHER host. ` +
      `\`drbd-where ${subject}\` on each of them tells; \`pulumi up\` goes on from there. If ${to} is dead: \`drbd-takeover ${subject}\` on ${from}. ` +
      `What stopped the way back: ${why}`;
  }
  return cause;
}
