/** What a line between the two hosts is: how a user writes it. */

/** What is done with a write for which the send buffer has no room. */
export const whenFullValues = ["block", "pull-ahead"] as const;
export type WhenFull = (typeof whenFullValues)[number];

export interface Link {
  /** Bytes a second. */
  readonly bandwidth: number;
  /** Seconds. */
  readonly roundTrip: number;
  /** How many resources use the line. */
  readonly sharedBy: number;
  /** Where the user says so. */
  readonly whenFull?: WhenFull;
}

type Parsed = { readonly ok: true; readonly value: number } | { readonly ok: false; readonly reason: string };

const PREFIXES: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
};

/** Bytes a second. A pair was held on a saturated line of 512 kbit/s; nobody has tried a slower one. */
const SLOWEST = 64e3;
const FASTEST = 1e11;
/** Seconds. A pair was held at 0.6 s. */
const FARTHEST = 1;

/** `24Mbit/s`, as a contract has it, or `3MB/s`: answers bytes a second. */
export function parseBandwidth(given: string): Parsed {
  const wanted = "must be a bandwidth such as 24Mbit/s, 1Gbit/s or 3MB/s, from 512kbit/s to 800Gbit/s";
  const [, number = "", prefix = "", unit = ""] =
    /^(\d+(?:\.\d+)?) ?(k|M|G|Ki|Mi|Gi)?(bit\/s|bps|b\/s|B\/s)$/.exec(given.trim()) ?? [];
  const factor = PREFIXES[prefix];
  if (number === "" || factor === undefined) return { ok: false, reason: wanted };
  if (unit === "b/s") return { ok: false, reason: `${wanted}; b alone may mean bits or bytes` };
  const value = (Number(number) * factor) / (unit === "B/s" ? 1 : 8);
  return value < SLOWEST || value > FASTEST ? { ok: false, reason: wanted } : { ok: true, value };
}

/** `50ms`, as ping tells it: answers seconds. */
export function parseRoundTrip(given: string): Parsed {
  const wanted = "must be a round trip such as 50ms, 0.4ms or 0.6s, at most 1s (the avg that ping shows)";
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?) ?(us|µs|ms|s)$/.exec(given.trim()) ?? [];
  const factor = { us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1 }[unit];
  if (factor === undefined) return { ok: false, reason: wanted };
  const value = Number(number) * factor;
  return value > FARTHEST ? { ok: false, reason: wanted } : { ok: true, value };
}
