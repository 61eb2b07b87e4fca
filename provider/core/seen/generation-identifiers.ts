/** DRBD's generation identifiers: which data a disk holds, and what it was before (drbd_uuid_compare in the kernel). */
export interface GenerationIdentifiers {
  readonly current: bigint;
  readonly bitmap: bigint;
  readonly history: readonly bigint[];
  /** As far as they were told. */
  readonly flags?: {
    /** No resync was running into it. */
    readonly consistent: boolean;
    /** Its peer never said that it has newer data: not Outdated. */
    readonly upToDate: boolean;
  };
}

/** A disk whose metadata was just created: no data was ever written through it. */
export const justCreated = 4n;

/**
 * Parses `CURRENT:BITMAP:HISTORY:HISTORY:CONSISTENT:UPTODATE:…`, with as many identifiers of the history as there are. Bit 0 is
 * the Primary role and not part of the identity.
 */
export function parseGi(text: string): GenerationIdentifiers | undefined {
  const all = text.split(":");
  const ends = all.findIndex((word) => !/^[0-9A-F]{16}$/i.test(word));
  const words = ends < 0 ? all : all.slice(0, ends);
  if (words.length < 4) return undefined;
  const [current = 0n, bitmap = 0n, ...history] = words.map((word) => BigInt(`0x${word}`) & ~1n);
  const [consistent, upToDate] = all.slice(words.length);
  const told = [consistent, upToDate].every((flag) => flag === "0" || flag === "1");
  return {
    current,
    bitmap,
    history,
    ...(told ? { flags: { consistent: consistent === "1", upToDate: upToDate === "1" } } : {}),
  };
}

export function isJustCreated(gi: GenerationIdentifiers): boolean {
  return gi.current === justCreated && gi.bitmap === 0n && gi.history.every((one) => one === 0n);
}

/**
 * Whether a Primary is in the generation of that identifier, or has begun the next one itself, as it does when it loses its
 * peer. One that got its data from its peer has no such predecessor of its own any more.
 */
export function isGeneration(identifier: string, gi: GenerationIdentifiers | undefined): boolean {
  if (gi === undefined || !/^[0-9A-F]{16}$/i.test(identifier)) return false;
  const generation = BigInt(`0x${identifier}`) & ~1n;
  return generation !== justCreated && [gi.current, gi.bitmap].includes(generation);
}

/** The identifier by which a generation is remembered; none of a device that holds no data yet. */
export function generationOf(text: string | undefined): string | undefined {
  const current = text === undefined ? undefined : parseGi(text)?.current;
  return current === undefined || current === justCreated || current === 0n ? undefined : hex(current);
}

/** Whether data is of a generation that is remembered, or of one that came after it. */
export function hasPassed({ current, bitmap, history }: GenerationIdentifiers, generation: string): boolean {
  if (!/^[0-9A-F]{16}$/i.test(generation)) return false;
  return [current, bitmap, ...history].includes(BigInt(`0x${generation}`) & ~1n);
}

/** How two disks relate, seen from the first. `first` newer: the second becomes the target of a resync when they meet. */
export type Relation = "both-new" | "same" | "first-newer" | "second-newer" | "split-brain" | "unrelated";

export function relate(first: GenerationIdentifiers, second: GenerationIdentifiers): Relation {
  const unused = (gi: GenerationIdentifiers) => gi.current === justCreated || gi.current === 0n;
  const past = (gi: GenerationIdentifiers) => gi.history.filter((one) => one !== 0n);
  if (unused(first) && unused(second)) return "both-new";
  if (unused(first)) return "second-newer";
  if (unused(second)) return "first-newer";
  if (first.current === second.current) {
    if (first.bitmap !== 0n && second.bitmap === 0n) return "first-newer";
    if (second.bitmap !== 0n && first.bitmap === 0n) return "second-newer";
    return "same";
  }
  const passed = (one: GenerationIdentifiers, other: GenerationIdentifiers) =>
    one.bitmap === other.current || past(one).includes(other.current);
  // Each in the other's past cannot come about by DRBD: neither may overwrite the other.
  if (passed(first, second) && passed(second, first)) return "split-brain";
  if (passed(first, second)) return "first-newer";
  if (passed(second, first)) return "second-newer";
  if (first.bitmap !== 0n && first.bitmap === second.bitmap) return "split-brain";
  if (past(first).some((one) => past(second).includes(one))) return "split-brain";
  return "unrelated";
}

function hex(identifier: bigint): string {
  return identifier.toString(16).toUpperCase().padStart(16, "0");
}

/** `F2099469C0D6C688:0000000000000000:…`, as drbdadm get-gi prints them, without the flags and the older history. */
export function formatGi({ current, bitmap, history }: GenerationIdentifiers): string {
  return [current, bitmap, ...history.slice(0, 2)].map(hex).join(":");
}
