import { Line } from "../../../lab/link/line";
import type { LinkQuality } from "../../../lab/link/link-quality";

const BYTES = 1500;
const FRAME = new Uint8Array(BYTES);

/** 12 Mbit/s: a frame of 1500 bytes takes a millisecond. */
const quality: LinkQuality = { rate: 12e6, roundTrip: 50, loss: 0, queue: 100 };

function line(changes: Partial<LinkQuality> = {}, random?: () => number): Line {
  return new Line({ ...quality, ...changes }, random);
}

/** The same numbers in each run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

describe("a line", () => {
  test("a frame arrives after it was sent, and half of the round trip", () => {
    expect(line().offer(FRAME, 1000)).toBe(1026);
    expect(line({ roundTrip: 0 }).offer(FRAME, 1000)).toBe(1001);
    expect(line().offer(new Uint8Array(150), 1000)).toBeCloseTo(1025.1);
  });

  test("frames take no less time than the rate allows, however they come", () => {
    const slow = line({ queue: 10_000 });
    const dues = [...Array(1000).keys()].map((n) => slow.offer(FRAME, n < 500 ? 0 : 100));
    expect(dues.at(-1)).toBe(1000 + 25);
  });

  test("a line that was idle starts at once, and has saved up nothing", () => {
    const slow = line();
    slow.offer(FRAME, 0);
    expect(slow.offer(FRAME, 500)).toBe(526);
    expect(slow.offer(FRAME, 500)).toBe(527);
  });

  test("its queue takes what is sent within its time, and drops what comes last", () => {
    const slow = line({ queue: 20 });
    const dues = [...Array(50).keys()].map(() => slow.offer(FRAME, 0));
    // One is being sent at each moment; the others wait.
    expect(dues.filter((due) => due !== undefined)).toHaveLength(21);
    expect(dues.slice(21).every((due) => due === undefined)).toBe(true);
    // A frame that was dropped takes no time of the line.
    expect(slow.offer(FRAME, 10)).toBe(22 + 25);
  });

  test("without any queue a line that is idle takes a frame all the same", () => {
    const slow = line({ queue: 0 });
    expect(slow.offer(FRAME, 0)).toBe(26);
    expect(slow.offer(FRAME, 0.5)).toBeUndefined();
    expect(slow.offer(FRAME, 1)).toBe(27);
  });

  test("a frame is given when it is due, once, in the order of sending", () => {
    const slow = line({ queue: 10_000 });
    expect(slow.next()).toBeUndefined();
    const frames = [...Array(5000).keys()].map((n) => new Uint8Array(64 + (n % 1400)));
    const taken: Uint8Array[] = [];
    let now = 0;
    for (const frame of frames) {
      slow.offer(frame, now);
      now += 0.3;
      taken.push(...slow.take(now));
    }
    expect(slow.take((slow.next() ?? 0) - 0.001)).toEqual([]);
    for (let due = slow.next(); due !== undefined; due = slow.next()) taken.push(...slow.take(due));
    expect(taken).toHaveLength(frames.length);
    expect(taken.every((frame, n) => frame === frames[n])).toBe(true);
  });

  test.each([0, 0.01, 0.3, 1])("of all frames a share of %d gets lost", (loss) => {
    const lossy = line({ loss }, seeded(7));
    const count = 20_000;
    let arrived = 0;
    for (let n = 0; n < count; n++) if (lossy.offer(FRAME, n * 2) !== undefined) arrived++;
    expect(Math.abs(1 - arrived / count - loss)).toBeLessThan(0.003 + loss * 0.03);
    expect(lossy.take(Infinity)).toHaveLength(arrived);
  });

  test("a frame that gets lost was sent all the same", () => {
    const numbers = [0, 1];
    const lossy = line({ loss: 0.5 }, () => numbers.shift() ?? 1);
    expect(lossy.offer(FRAME, 0)).toBeUndefined();
    expect(lossy.offer(FRAME, 0)).toBe(27);
  });
});
