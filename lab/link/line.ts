import type { LinkQuality } from "./link-quality";

/**
 * One direction of a line: a queue with a limit, a sender of a fixed rate behind it, then the way, which takes half of
 * the round trip and loses frames. Times are milliseconds of a clock that never goes back; it is the caller's.
 */
export class Line {
  /** In the order in which they are due. Those before `first` are gone. */
  private underWay: { frame: Uint8Array; due: number }[] = [];
  private first = 0;
  /** When the sender has sent all that it was given. */
  private idleFrom = -Infinity;

  constructor(
    private readonly quality: LinkQuality,
    private readonly random: () => number = Math.random,
  ) {}

  /** Gives a frame to the line. Answers when it arrives; undefined for one that does not. */
  offer(frame: Uint8Array, now: number): number | undefined {
    const { rate, roundTrip, loss, queue } = this.quality;
    const begins = Math.max(now, this.idleFrom);
    if (begins - now > queue) return undefined;
    // One that is lost on the way was sent all the same.
    this.idleFrom = begins + (frame.length * 8 * 1000) / rate;
    if (this.random() < loss) return undefined;
    const due = this.idleFrom + roundTrip / 2;
    this.underWay.push({ frame, due });
    return due;
  }

  /** The frames that have arrived by now, in the order in which they were sent; each is given once. */
  take(now: number): Uint8Array[] {
    const arrived: Uint8Array[] = [];
    for (; ; this.first++) {
      const next = this.underWay[this.first];
      if (!next || next.due > now) break;
      arrived.push(next.frame);
    }
    // Not shift(), which moves all the others each time.
    if (this.first > 1024 || this.first === this.underWay.length) {
      this.underWay = this.underWay.slice(this.first);
      this.first = 0;
    }
    return arrived;
  }

  /** When the next frame arrives; undefined where none is under way. */
  next(): number | undefined {
    return this.underWay[this.first]?.due;
  }
}
