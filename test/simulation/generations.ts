/** What the kernel does with generation identifiers (drbd_receiver.c and drbd_main.c of DRBD 8.4 and 9), rule by rule. */
import { justCreated, type Metadata } from "./disk";
import type { Drbd } from "./drbd";

/** What a sync in progress adds to the bitmap's identifier. */
const syncStep = 2 ** 40;

/** Gives out identifiers that nobody has. */
export class Generations {
  private last = 0;

  fresh(): number {
    this.last += 1;
    return this.last * 0x10000;
  }

  /** A new generation of data begins: drbd_uuid_new_current. */
  begin(metadata: Metadata): void {
    metadata.bitmap = metadata.current;
    metadata.current = this.fresh();
  }

  /**
   * DRBD 9: the target takes the source's identifier at once, and keeps its own past. Before its first sync it has none:
   * what it then notes was seen on a real pair, and is nobody's.
   */
  joinSync(source: Metadata, target: Metadata): void {
    if (target.current === justCreated) pushHistory(target, this.fresh());
    target.current = source.current;
    target.bitmap = 0;
  }

  /** The source names the sync that begins: drbd_gen_and_send_sync_uuid, and what the target makes of it. */
  beginSync(source: Metadata, target: Metadata): void {
    const { bitmap } = source;
    const named = bitmap !== 0 && bitmap !== justCreated ? bitmap + syncStep : this.fresh();
    if (bitmap !== 0) pushHistory(source, bitmap);
    source.bitmap = named;
    target.current = named;
    target.bitmap = 0;
  }
}

function pushHistory(metadata: Metadata, uuid: number): void {
  metadata.history = [uuid, metadata.history[0]];
}

/** The sync is over, on its target: it has the source's identifiers now. `seen`: as it knew them when the sync began. */
export function endSync(target: Metadata, seen: Pick<Metadata, "current" | "bitmap" | "history">): void {
  const named = target.current;
  target.history = [...seen.history];
  target.bitmap = seen.bitmap;
  if (target.bitmap !== 0) pushHistory(target, target.bitmap);
  target.bitmap = named;
  target.current = seen.current;
  closeBitmap(target);
}

/** drbd_uuid_set_bm(0) */
export function closeBitmap(metadata: Metadata): void {
  if (metadata.bitmap === 0) return;
  pushHistory(metadata, metadata.bitmap);
  metadata.bitmap = 0;
}

/** 1, 2: becomes source, by the bitmap or in full; -1, -2: target; 0: nothing to sync. */
export type Verdict = 0 | 1 | 2 | -1 | -2 | "split-brain" | "unrelated";

const opposite = (verdict: Verdict): Verdict => (typeof verdict === "number" ? ((0 - verdict) as Verdict) : verdict);

export interface Met {
  readonly drbd: Drbd;
  readonly crashed: { readonly self: boolean; readonly peer: boolean };
}

/** drbd_uuid_compare. It may put right what an interrupted sync left: rule 34 and its mirror. */
export function compare(self: Metadata, peer: Metadata, { drbd, crashed }: Met): Verdict {
  const unused = (one: Metadata) => one.current === justCreated || one.current === 0;
  if (unused(self) && unused(peer)) return 0;
  if (unused(self)) return -2;
  if (unused(peer)) return 2;
  if (self.current === peer.current) {
    if (peer.bitmap === 0 && self.bitmap !== 0) return missedTheEnd(self, peer);
    if (self.bitmap === 0 && peer.bitmap !== 0) return opposite(missedTheEnd(peer, self));
    if (crashed.self !== crashed.peer) return crashed.self ? 1 : -1;
    return crashed.self ? -1 : 0;
  }
  if (self.current === peer.bitmap) return -1;
  if (peer.history.includes(self.current)) return -2;
  if (self.bitmap === peer.current) return 1;
  if (self.history.includes(peer.current)) return 2;
  if (self.bitmap === peer.bitmap && self.bitmap !== 0) return "split-brain";
  // DRBD 9 does not take an empty place in both histories for a common past.
  const past = self.history.filter((one) => one !== 0 || drbd === "8.4");
  return past.some((one) => peer.history.includes(one)) ? "split-brain" : "unrelated";
}

/** It was the source of a sync whose end, or beginning, one side did not write down. */
function missedTheEnd(source: Metadata, target: Metadata): Verdict {
  if (source.bitmap === target.history[0] && source.history[0] === target.history[1]) closeBitmap(source);
  return 1;
}
