import { describeLink, parseLink } from "../../../lab/link/link-quality";

describe("the quality of a link", () => {
  test.each([
    ["24mbit", "50ms", { rate: 24e6, roundTrip: 50 }],
    ["512kbit", "0.5s", { rate: 512e3, roundTrip: 500 }],
    ["1gbit", "0ms", { rate: 1e9, roundTrip: 0 }],
    ["1.5Mbit", "2S", { rate: 1.5e6, roundTrip: 2000 }],
    ["64000bit", "10s", { rate: 64e3, roundTrip: 10_000 }],
  ])("%s %s", (rate, roundTrip, expected) => {
    expect(parseLink({ rate, roundTrip })).toEqual({ ...expected, loss: 0, queue: 100 });
  });

  test("loss is a share of frames, and the queue a time", () => {
    const line = { rate: "24mbit", roundTrip: "50ms" };
    expect(parseLink({ ...line, loss: "1%", queue: "0.25s" })).toMatchObject({ loss: 0.01, queue: 250 });
    expect(parseLink({ ...line, loss: "100%" }).loss).toBe(1);
  });

  test.each([
    [{ rate: "24" }, "24 is no rate of a link: give 64kbit to 10gbit, as in 512kbit, 24mbit or 1gbit"],
    [{ rate: "" }, "is no rate of a link"],
    [{ rate: "off" }, "off is no rate of a link"],
    [{ rate: "-1mbit" }, "-1mbit is no rate of a link"],
    [{ rate: "24MB" }, "24MB is no rate of a link"],
    [{ rate: "0mbit" }, "0mbit is no rate of a link"],
    [{ rate: "11gbit" }, "11gbit is no rate of a link"],
    [{ rate: "24toString" }, "24toString is no rate of a link"],
    [{ roundTrip: "50" }, "50 is no round trip of a link: give 0ms to 10s, as in 50ms or 0.5s"],
    [{ roundTrip: "50mbit" }, "50mbit is no round trip of a link"],
    [{ roundTrip: "11s" }, "11s is no round trip of a link"],
    [{ loss: "1" }, "--loss 1 is no share of frames: give 0% to 100%, as in 1% or 0.1%"],
    [{ loss: "101%" }, "--loss 101% is no share of frames"],
    [{ queue: "100" }, "--queue 100 is no length of a queue: give 0ms to 10s, as in 100ms"],
  ])("what is not understood is told: %p", (words, message) => {
    expect(() => parseLink({ rate: "24mbit", roundTrip: "50ms", ...words })).toThrow(message);
  });

  test.each([
    [{ rate: "24mbit", roundTrip: "50ms", loss: "1%" }, "24 Mbit/s with 50 ms, loss 1 %"],
    [{ rate: "512kbit", roundTrip: "0.5s" }, "512 kbit/s with 500 ms"],
    [
      { rate: "1gbit", roundTrip: "0.1ms", loss: "0.07%", queue: "5ms" },
      "1 Gbit/s with 0.1 ms, loss 0.07 %, queue 5 ms",
    ],
  ])("in words: %p", (words, expected) => {
    expect(describeLink(parseLink(words))).toBe(expected);
  });
});
