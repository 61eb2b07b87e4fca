/** What a replication line can do. It is the same in both directions. */
export interface LinkQuality {
  /** Bits of Ethernet frames in a second. */
  rate: number;
  /** Milliseconds, without what a frame waits in the queue. */
  roundTrip: number;
  /** The share of frames that get lost on the way, each way: 0 to 1. */
  loss: number;
  /** Milliseconds that a frame waits at most until it is sent; one that would wait longer is dropped. */
  queue: number;
}

/** The same, in the words of `npm run lab -- link`. */
export interface LinkRequest {
  rate: string;
  roundTrip: string;
  loss?: string;
  queue?: string;
}

const DEFAULT_QUEUE = "100ms";

const BITS: Readonly<Record<string, number>> = { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9 };
const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1000 };
const SHARES: Readonly<Record<string, number>> = { "%": 0.01 };

/** A frame of full size takes a line of the lowest rate a fifth of a second. */
const LOWEST_RATE = 64e3;
const HIGHEST_RATE = 10e9;
const LONGEST_MS = 10_000;
const LONGEST = "0ms to 10s";

/** Bad words are an error that says which ones, and what would do. */
export function parseLink(request: LinkRequest): LinkQuality {
  const rate = quantity(request.rate, BITS);
  if (rate === undefined || rate < LOWEST_RATE || rate > HIGHEST_RATE) {
    throw new Error(`${request.rate} is no rate of a link: give 64kbit to 10gbit, as in 512kbit, 24mbit or 1gbit`);
  }
  const roundTrip = duration(request.roundTrip);
  if (roundTrip === undefined) {
    throw new Error(`${request.roundTrip} is no round trip of a link: give ${LONGEST}, as in 50ms or 0.5s`);
  }
  const lossWords = request.loss ?? "0%";
  const loss = quantity(lossWords, SHARES);
  if (loss === undefined || loss > 1) {
    throw new Error(`--loss ${lossWords} is no share of frames: give 0% to 100%, as in 1% or 0.1%`);
  }
  const queueWords = request.queue ?? DEFAULT_QUEUE;
  const queue = duration(queueWords);
  if (queue === undefined) {
    throw new Error(`--queue ${queueWords} is no length of a queue: give ${LONGEST}, as in 100ms`);
  }
  return { rate, roundTrip, loss, queue };
}

function duration(words: string): number | undefined {
  const ms = quantity(words, MILLISECONDS);
  return ms === undefined || ms > LONGEST_MS ? undefined : ms;
}

/** A number and its unit. */
function quantity(words: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, number = "", unit = ""] = /^(\d{1,12}(?:\.\d{1,9})?)([a-z%]+)$/i.exec(words) ?? [];
  const key = unit.toLowerCase();
  return Object.hasOwn(units, key) ? Number(number) * (units[key] ?? 0) : undefined;
}

/** `24 Mbit/s with 50 ms, loss 1 %`. */
export function describeLink({ rate, roundTrip, loss, queue }: LinkQuality): string {
  const words = [`${rateInWords(rate)} with ${inWords(roundTrip)} ms`];
  if (loss > 0) words.push(`loss ${inWords(loss * 100)} %`);
  if (queue !== duration(DEFAULT_QUEUE)) words.push(`queue ${inWords(queue)} ms`);
  return words.join(", ");
}

function rateInWords(rate: number): string {
  if (rate >= 1e9) return `${inWords(rate / 1e9)} Gbit/s`;
  return rate >= 1e6 ? `${inWords(rate / 1e6)} Mbit/s` : `${inWords(rate / 1e3)} kbit/s`;
}

/** Without the noise of floating point. */
function inWords(value: number): string {
  return String(Number(value.toPrecision(6)));
}
