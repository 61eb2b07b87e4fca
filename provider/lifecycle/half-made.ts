import { toState } from "./to-state";

/**
 * A create that failed after its first step. By `id` and `properties` Pulumi keeps the resource all the same, so that
 * `destroy` takes back what was made, and the next `up` goes on.
 */
export class HalfMadeError extends Error {
  override readonly name = "HalfMadeError";
  readonly properties: Record<string, unknown>;
  readonly reasons: readonly string[];

  /**
   * `inputs` as they came: Pulumi encrypts again what came as a secret. A secret that we made is left out, since Pulumi
   * would keep it in the clear here; the hosts have it.
   */
  constructor(
    readonly id: string,
    inputs: object,
    cause: unknown,
  ) {
    const message = cause instanceof Error ? cause.message : String(cause);
    super(message, { cause });
    this.properties = toState(inputs);
    this.reasons = [message];
    this.stack = ""; // as in shell/error-classes.ts
  }
}
