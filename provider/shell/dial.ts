import type { Endpoint } from "../core/wanted/connection";
import { NetworkError } from "./error-classes";

/** The network's or the host's fault, and so perhaps gone in a moment. */
export class TransientDialError extends Error {}

/** A name that nobody knows is not made known by waiting. */
export class UnknownNameError extends TransientDialError {}

/** Nobody boots a host because of us: without a limit of the user's own, a host that is down is told within seconds. */
const triesWithoutLimit = 2;
const secondsWithoutLimit = 5;

export interface Dialled {
  readonly name: string;
  readonly endpoint: Endpoint;
  /** Where it was tried: the host as the user knows it, with a port where one is known. */
  readonly where: string;
  readonly advice: string;
}

/** Dials until it succeeds, or the error is one that another try cannot mend, or the tries are used up. */
export async function dialPatiently<T>(
  { name, endpoint, where, advice }: Dialled,
  atMost: number,
  dial: () => Promise<T>,
): Promise<T> {
  const { dialErrorLimit: limit } = endpoint;
  const tries = Math.min(atMost, limit === undefined ? triesWithoutLimit : limit < 0 ? Infinity : Math.max(1, limit));
  const began = Date.now();
  for (let tried = 1; ; tried++) {
    try {
      return await dial();
    } catch (error) {
      if (!(error instanceof TransientDialError)) throw error;
      const longEnough = limit === undefined && Date.now() - began > secondsWithoutLimit * 1000;
      const unknownName = tried >= 2 && error instanceof UnknownNameError;
      if (tried >= tries || longEnough || unknownName) {
        throw new NetworkError(name, `cannot be reached at ${where}`, {
          output: `${error.message}${tried > 1 ? ` (${tried} attempts)` : ""}`,
          advice,
        });
      }
      await new Promise((wake) => setTimeout(wake, Math.min(250 * 2 ** tried, 5_000)));
    }
  }
}
