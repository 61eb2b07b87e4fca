import { type Link, parseBandwidth, parseRoundTrip } from "../../../provider/core/wanted/link";
import { linkOptions, withLinkOptions, type SetOptions } from "../../../provider/core/wanted/link-options";
import { findOption } from "../../../provider/core/wanted/option-table";
import { numberOf, parseOptionValue } from "../../../provider/core/wanted/option-value";
import { setForAll } from "../../../provider/core/config/set-for-all";
import { parseResource } from "../../../provider/core/wanted/parse-inputs";
import { goodResource } from "../../hostile/inputs";
import fc from "fast-check";

test.each([
  ["24Mbit/s", 3e6],
  ["24 Mbit/s", 3e6],
  ["512kbit/s", 64e3],
  ["1Gbps", 125e6],
  ["1.5Gbit/s", 187.5e6],
  ["3MB/s", 3e6],
  ["3MiB/s", 3 * 2 ** 20],
  ["800Gbit/s", 1e11],
])("a bandwidth of %s", (given, value) => {
  expect(parseBandwidth(given)).toEqual({ ok: true, value });
});

test.each([
  "24",
  "24M",
  "24Mbit",
  "24mbit/s",
  "24Mb/s",
  "-1Mbit/s",
  "0Mbit/s",
  "511kbit/s",
  "900Gbit/s",
  "24Mbit/s/s",
  "",
])("no bandwidth: %j", (given) => {
  expect(parseBandwidth(given)).toMatchObject({
    ok: false,
    reason: expect.stringContaining("such as 24Mbit/s") as string,
  });
});

test.each([
  ["50ms", 0.05],
  ["50 ms", 0.05],
  ["0.4ms", 0.0004],
  ["400us", 0.0004],
  ["0.6s", 0.6],
  ["0ms", 0],
  ["1s", 1],
])("a round trip of %s", (given, value) => {
  const parsed = parseRoundTrip(given);
  expect(parsed.ok && parsed.value).toBeCloseTo(value, 9);
});

test.each(["50", "50 min", "1.1s", "-5ms", "fast", ""])("no round trip: %j", (given) => {
  expect(parseRoundTrip(given)).toMatchObject({ ok: false, reason: expect.stringContaining("such as 50ms") as string });
});

const link = (bandwidth: string, roundTrip: string, sharedBy = 1): Link => {
  const [one, other] = [parseBandwidth(bandwidth), parseRoundTrip(roundTrip)];
  if (!one.ok || !other.ok) throw new Error("no link");
  return { bandwidth: one.value, roundTrip: other.value, sharedBy };
};
const nothing: SetOptions = { net: {}, disk: {} };
/** Those whose values follow from the line. */
const values = (of: Link, protocol: "A" | "C" = "A", set = nothing) =>
  Object.fromEntries(
    linkOptions(of, protocol, set)
      .filter(({ name }) => name !== "csums-alg")
      .map(({ name, value }) => [name, value]),
  );

describe("the options of a link", () => {
  test("24 Mbit/s with 50 ms: those that were measured", () => {
    expect(values(link("24Mbit/s", "50ms"))).toEqual({
      "sndbuf-size": "2048K",
      "c-fill-target": "878K",
      "c-max-rate": "2929K",
      "c-min-rate": "732K",
    });
  });

  test("far away: time for the answers to come, and a longer plan", () => {
    expect(values(link("24Mbit/s", "600ms"))).toMatchObject({
      "sndbuf-size": "4101K",
      "ping-timeout": "14",
      "c-plan-ahead": "30",
    });
  });

  test("slow: a full send buffer throws nobody out, and a keep-alive packet may wait behind data", () => {
    expect(values(link("512kbit/s", "50ms"))).toEqual({
      "sndbuf-size": "2048K",
      "ko-count": "11",
      "ping-timeout": "22",
      "c-max-rate": "250K",
      "c-min-rate": "15K",
    });
  });

  test("fast and far: as much as DRBD has, and no more memory of the peer than 64 MiB", () => {
    expect(values(link("1Gbit/s", "100ms"))).toEqual({
      "sndbuf-size": "10240K",
      "rcvbuf-size": "10240K",
      "max-buffers": "16304",
      "max-epoch-size": "16304",
      "c-fill-target": "32606K",
      "c-max-rate": "122070K",
      "c-min-rate": "30517K",
    });
    expect(values(link("10Gbit/s", "100ms"))).toMatchObject({ "max-buffers": "16384", "c-fill-target": "32768K" });
  });

  test("a fast local line: what it holds by itself", () => {
    expect(values(link("10Gbit/s", "0.2ms"), "C")).toEqual({
      "max-buffers": "4341",
      "max-epoch-size": "4341",
      "c-fill-target": "8680K",
      "c-max-rate": "1220703K",
      "c-min-rate": "305175K",
    });
  });

  test("protocol C waits for each write: its send buffer is no matter, but on a long fast line", () => {
    expect(values(link("24Mbit/s", "50ms"), "C")).not.toHaveProperty("sndbuf-size");
    expect(values(link("1Gbit/s", "100ms"), "C")).toMatchObject({ "sndbuf-size": "10240K", "rcvbuf-size": "10240K" });
  });

  test("a buffer whose size is the kernel's may be full, too", () => {
    expect(values(link("512kbit/s", "50ms"), "C")).toMatchObject({ "ko-count": "22" });
    const set = { net: { "sndbuf-size": "0" }, disk: {} };
    expect(values(link("512kbit/s", "50ms"), "A", set)).toMatchObject({ "ko-count": "22" });
  });

  test.each([
    ["512kbit/s", "sha256"],
    ["1Gbit/s", "sha256"],
    ["10Gbit/s", undefined],
  ])("blocks that are the same are not sent, where hashing is faster than the line: %s", (bandwidth, digest) => {
    const found = linkOptions(link(bandwidth, "50ms"), "C", nothing).find(({ name }) => name === "csums-alg");
    expect(found?.value).toBe(digest);
    expect(linkOptions(link(bandwidth, "50ms"), "C", { net: { "csums-alg": "md5" }, disk: {} })).not.toContainEqual(
      expect.objectContaining({ name: "csums-alg" }),
    );
  });

  test("the user's max-buffers bound what is under way", () => {
    const set = { net: { "max-buffers": "2048" }, disk: {} };
    const made = linkOptions(link("10Gbit/s", "100ms"), "A", set);
    expect(made.map(({ name }) => name)).not.toContain("max-epoch-size");
    expect(made.find(({ name }) => name === "c-fill-target")).toMatchObject({
      value: "4096K",
      reason: "half of max-buffers",
    });
  });

  describe("whenFull: pull-ahead", () => {
    const ahead = (of: Link, set = nothing) => {
      const names = ["on-congestion", "congestion-fill", "congestion-extents"];
      return linkOptions({ ...of, whenFull: "pull-ahead" }, "A", set).filter(({ name }) => names.includes(name));
    };
    const valueOf = (name: string, of: Link, set = nothing) => ahead(of, set).find((one) => one.name === name)?.value;

    test("before the send buffer or the activity log is full", () => {
      expect(ahead(link("24Mbit/s", "50ms"))).toEqual([
        { section: "net", name: "on-congestion", value: "pull-ahead", reason: "whenFull" },
        {
          section: "net",
          name: "congestion-fill",
          value: "1536K",
          reason: "3/4 of sndbuf-size: from there on writes go on without the second host",
        },
        { section: "net", name: "congestion-extents", value: "927", reason: "3/4 of al-extents" },
      ]);
    });

    test("block, and a link that says nothing, set none of them", () => {
      expect(values(link("24Mbit/s", "50ms"))).not.toHaveProperty("congestion-fill");
      expect(values({ ...link("24Mbit/s", "50ms"), whenFull: "block" })).toEqual(values(link("24Mbit/s", "50ms")));
    });

    test.each([
      ["a larger send buffer", { net: { "sndbuf-size": "10M" }, disk: {} }, "7680K", "927"],
      ["a send buffer that the kernel sizes", { net: { "sndbuf-size": "0" }, disk: {} }, "288K", "927"],
      ["a small activity log", { net: {}, disk: { "al-extents": "127" } }, "1536K", "95"],
      ["the smallest one", { net: {}, disk: { "al-extents": "67" } }, "1536K", "67"],
      ["a fill of the user's", { net: { "congestion-fill": "1M" }, disk: {} }, undefined, "927"],
      ["extents of the user's", { net: { "congestion-extents": "100" }, disk: {} }, "1536K", undefined],
    ])("%s", (_what, set, fill, extents) => {
      expect(valueOf("congestion-fill", link("24Mbit/s", "50ms"), set)).toBe(fill);
      expect(valueOf("congestion-extents", link("24Mbit/s", "50ms"), set)).toBe(extents);
    });

    test("a line that holds more than DRBD's largest buffer: told", () => {
      const made = ahead(link("1Gbit/s", "100ms")).find(({ name }) => name === "congestion-fill");
      expect(made).toMatchObject({
        value: "7680K",
        reason: "3/4 of sndbuf-size, less than the line holds: the second host falls behind before the line is full",
      });
    });

    test("of volumes with activity logs of their own, the smallest counts", () => {
      const [first] = desired({}).volumes;
      const volumes = [first, { ...first, number: 1, disk: { "al-extents": "200" } }] as const;
      const on = desired({ protocol: "A", link: { bandwidth: "24Mbit/s", roundTrip: "50ms", whenFull: "pull-ahead" } });
      const { sections } = withLinkOptions({ ...on, volumes }, nothing);
      expect(sections.net).toMatchObject({ "congestion-extents": "150" });
    });
  });

  test.each([
    [1, 1, "732K", "a quarter of the bandwidth, whatever else is written"],
    [2, 1, "366K", "a quarter of the bandwidth, shared by 2, whatever else is written"],
    [1, 3, "244K", "a quarter of the bandwidth, shared by 3, whatever else is written"],
    [10, 2, "36K", "a quarter of the bandwidth, shared by 20, whatever else is written"],
  ])("of a line that %i resources share, with %i volumes each", (sharedBy, volumes, least, reason) => {
    const made = linkOptions(link("24Mbit/s", "50ms", sharedBy), "A", nothing, volumes);
    const of = (name: string) => made.find((one) => one.name === name);
    expect(of("c-min-rate")).toMatchObject({ value: least, reason });
    // Each of them alone fills the line.
    expect(of("c-fill-target")).toMatchObject({ value: "878K" });
    expect(of("c-max-rate")).toMatchObject({ value: "2929K" });
  });

  test("the send buffers of all that share a slow line may be full at a time", () => {
    expect(values(link("512kbit/s", "50ms", 10))).toMatchObject({ "ko-count": "110" });
    const least = linkOptions(link("512kbit/s", "50ms", 100), "A", nothing).find(({ name }) => name === "ko-count");
    expect(least).toMatchObject({ value: "200", reason: expect.stringContaining("the most that DRBD has") as string });
  });

  test("faster than any number that DRBD takes: said so", () => {
    const of = linkOptions(link("800Gbit/s", "1ms"), "C", nothing).find(({ name }) => name === "c-max-rate");
    expect(of).toMatchObject({ value: "4194304K", reason: "the most that DRBD has" });
  });

  test("DRBD of either release takes each of them, whatever the link is", () => {
    fc.assert(
      fc.property(
        fc.record({
          bandwidth: fc.double({ min: 64e3, max: 1e11, noNaN: true }),
          roundTrip: fc.double({ min: 0, max: 1, noNaN: true }),
          sharedBy: fc.integer({ min: 1, max: 100 }),
          whenFull: fc.constantFrom("block", "pull-ahead"),
        }),
        (any) => {
          for (const { section, name, value } of linkOptions(any, "A", nothing)) {
            const option = findOption(section, name);
            const number = option?.type === "number" ? numberOf(option, value) : undefined;
            expect(option && parseOptionValue(option, value)).toMatchObject({ ok: true });
            if (option?.type !== "number" || number === undefined) continue;
            for (const { min, max } of Object.values(option.limits ?? {})) {
              expect(number).toBeGreaterThanOrEqual(min);
              expect(number).toBeLessThanOrEqual(max);
            }
          }
        },
      ),
    );
  });

  test("a send buffer that the user sets counts for how long its peer may take", () => {
    const set = { net: { "sndbuf-size": "10M", timeout: "30" }, disk: {} };
    expect(values(link("4Mbit/s", "50ms"), "A", set)).toMatchObject({ "ko-count": "14" });
  });
});

const desired = (more: object) => {
  const parsed = parseResource({ ...goodResource, ...more });
  if (!parsed.ok || parsed.desired === undefined) throw new Error(JSON.stringify(parsed));
  return parsed.desired;
};

test("what the user sets wins, on the resource or for all of them", () => {
  const given = { link: { bandwidth: "24Mbit/s", roundTrip: "50ms" }, protocol: "A", net: { "sndbuf-size": "1M" } };
  const common = setForAll(["common {\n  disk {\n    c-max-rate 100;\n  }\n}\n"]);
  const { sections, link: made } = withLinkOptions(desired({ ...given, disk: { "c-min-rate": "1000" } }), common);
  expect(sections.net).toMatchObject({ "sndbuf-size": "1M" });
  expect(sections.disk).toEqual({ "c-fill-target": "878K", "c-min-rate": "1000" });
  expect(made?.options.map(({ name }) => name)).toEqual(["csums-alg", "c-fill-target"]);
});

test("without a link nothing is added", () => {
  const plain = desired({});
  expect(withLinkOptions(plain, nothing)).toBe(plain);
});
