/** What drbd.conf text means, compared option by option, however it is laid out. */
import * as fc from "fast-check";
import { renderGlobalCommon } from "../../../provider/core/config/render-configuration";
import {
  changedOptions,
  describeChanges,
  effectiveOptions,
  sharedOptions,
} from "../../../provider/core/config/compare-options";
import { configurationOf, desiredNode, r0, secret } from "../observed-builder";

const ours = configurationOf(r0);
const between = (before: readonly string[], after: readonly string[] = [ours]) =>
  describeChanges(changedOptions(effectiveOptions(before, "r0"), effectiveOptions(after, "r0")));

const hosts = `
  on alpha { device /dev/drbd1; disk /dev/vdb; meta-disk internal; address 10.1.1.31:7789; }
  on bravo { device /dev/drbd1 minor 1; disk "/dev/vdb"; flexible-meta-disk internal; address ipv4 10.1.1.32:7789; }
`;

/** A tutorial's own style: sections on one line. */
const oneLine = `resource r0 {
  protocol A; # as slow as the line
  disk { on-io-error detach; c-max-rate 33M; fencing resource-and-stonith; }
  handlers { split-brain "/usr/lib/drbd/notify-split-brain.sh root"; fence-peer "/usr/lib/drbd/crm-fence-peer.sh"; }
  net { cram-hmac-alg sha1; shared-secret "FooFunFactory"; after-sb-0pri discard-zero-changes; sndbuf-size 10M; }
  startup { wfc-timeout 15; become-primary-on alpha; }
  ${hosts.replaceAll("\n", " ")}
}`;

const changesOfOneLine = [
  "protocol A → protocol C",
  "cram-hmac-alg sha1 → cram-hmac-alg sha256",
  "the shared secret changes",
  "fencing resource-and-stonith → fencing resource-only",
  "- on-io-error detach (DRBD's default)",
  "- c-max-rate 33M",
  '- split-brain "/usr/lib/drbd/notify-split-brain.sh root"',
  "- fence-peer /usr/lib/drbd/crm-fence-peer.sh",
  "- after-sb-0pri discard-zero-changes",
  "- sndbuf-size 10M",
  "- wfc-timeout 15",
  "- become-primary-on alpha",
].sort();

test("sections on one line: each option that goes or changes is named, and no secret", () => {
  const told = between([oneLine]);
  expect(told.split("; ").sort()).toEqual(changesOfOneLine);
  expect(told).not.toMatch(new RegExp(`FooFunFactory|${secret}`));
});

test("the layout is of no matter: one line, many lines, comments", () => {
  const words = oneLine.replaceAll(/#[^\n]*/g, "");
  const many = words.replaceAll(/([{};])/g, "$1 # a comment; with { marks }\n\n");
  const one = words.replaceAll("\n", " ");
  expect(between([many]).split("; ").sort()).toEqual(changesOfOneLine);
  expect(between([one], [many])).toBe("");
});

test("what comes from common counts, and what the resource says itself goes before it", () => {
  const common = `common { protocol A; syncer { rate 33M; verify-alg md5; } net { max-buffers 8000; } handlers { pri-lost-after-sb "reboot"; } }`;
  const own = `resource r0 { net { max-buffers 9000; } ${hosts} }`;
  expect(between([common, own], [own]).split("; ").sort()).toEqual(
    ["- protocol A", "- resync-rate 33M", "- verify-alg md5", "- pri-lost-after-sb reboot"].sort(),
  );
  expect(between([own, common], [common, own])).toBe("");
});

test.each([
  [
    "8.3's syncer",
    "syncer { rate 33M; al-extents 257; after web; }",
    "disk { resync-rate 33M; al-extents 257; resync-after web; }",
  ],
  [
    "8.3's switches",
    "disk { no-disk-flushes; no-md-flushes; } net { no-tcp-cork; }",
    "disk { disk-flushes no; md-flushes no; } net { tcp-cork no; }",
  ],
  ["a switch without a value", "net { allow-two-primaries; }", "net { allow-two-primaries yes; }"],
  ["8.3's handler", 'handlers { outdate-peer "x"; }', 'handlers { fence-peer "x"; }'],
  ["fencing where 8.4 has it", "disk { fencing resource-only; }", "net { fencing resource-only; }"],
  ["a unit", "disk { c-max-rate 1M; }", "disk { c-max-rate 1024K; }"],
  ["8.3's protocol", "protocol B;", "net { protocol B; }"],
])("%s means the same", (_what, old, now) => {
  expect(between([`resource r0 { ${old} ${hosts} }`], [`resource r0 { ${now} ${hosts} }`])).toBe("");
  expect(between([`common { ${old} } resource r0 { ${hosts} }`], [`resource r0 { ${now} ${hosts} }`])).toBe("");
});

test.each([
  [
    "a place outside of the hosts",
    `resource r0 { device /dev/drbd1; disk /dev/vdb; meta-disk internal; on alpha { address 10.1.1.31:7789; } on bravo { address 10.1.1.32:7789; } }`,
  ],
  [
    "volume 0",
    `resource r0 { volume 0 { device minor 1; disk /dev/vdb; meta-disk internal; } on alpha { address 10.1.1.31:7789; } on bravo { address 10.1.1.32:7789; } }`,
  ],
  [
    "DRBD 9's connection",
    `resource r0 { on alpha { volume 0 { device /dev/drbd1; disk /dev/vdb; meta-disk internal; } } on bravo { volume 0 { device /dev/drbd1; disk /dev/vdb; meta-disk internal; } } connection { host alpha address 10.1.1.31:7789; host bravo address 10.1.1.32:7789; } }`,
  ],
])("%s: the same pair as ours", (_what, text) => {
  expect(between([text], [`resource r0 { ${hosts} }`])).toBe("");
});

test.each([
  ["another disk on one host", hosts.replace("/dev/vdb;", "/dev/vdc;"), "alpha: disk /dev/vdc → disk /dev/vdb"],
  [
    "another disk on both",
    hosts.replace("/dev/vdb;", "/dev/vdc;").replace('"/dev/vdb"', "/dev/vdc"),
    "disk /dev/vdc → disk /dev/vdb",
  ],
  [
    "a device by name",
    hosts.replace("/dev/drbd1 minor 1", "/dev/drbd_data minor 1"),
    "bravo: device /dev/drbd_data minor 1 → device /dev/drbd1",
  ],
  [
    "an index",
    hosts.replace("meta-disk internal", "meta-disk /dev/vdc[0]"),
    "alpha: meta-disk /dev/vdc[0] → meta-disk internal",
  ],
  [
    "a second volume",
    `${hosts} volume 1 { device /dev/drbd2; disk /dev/vdc; disk { on-io-error pass_on; } }`,
    "- volume 1 device /dev/drbd2; - volume 1 disk /dev/vdc; - volume 1 disk on-io-error pass_on",
  ],
  ["what is not known", `${hosts} stranger { odd 1; } even 2;`, "- stranger; - stranger odd 1; - even 2"],
])("%s is named", (_what, body, told) => {
  const expected = told.split("; ").sort();
  expect(
    between([`resource r0 { ${body} }`], [`resource r0 { ${hosts} }`])
      .split("; ")
      .sort(),
  ).toEqual(expected);
});

test("a second connection is named by its hosts, since a pair has one", () => {
  const text = `resource r0 { ${hosts} connection { host alpha; host bravo; net { protocol A; } } connection { host alpha; host charlie; } }`;
  expect(between([text], [`resource r0 { ${hosts} }`])).toContain("- connection alpha bravo net protocol A");
});

test("a skipped section and another resource say nothing of this one", () => {
  const other = `skip resource r0 { protocol A; } resource r1 { protocol B; } skip common { protocol A; }`;
  expect(between([other, ours])).toBe("");
});

test("of global and common: what stands in them, whoever wrote them", () => {
  const text = renderGlobalCommon(desiredNode("alpha"), "8.4");
  const theirs = `global { usage-count yes; udev-always-use-vnr; } common { protocol A; handlers { fence-peer "x y"; } }`;
  const told = describeChanges(changedOptions(sharedOptions([theirs]), sharedOptions([text])));
  expect(told.split("; ").sort()).toEqual(
    ['- fence-peer "x y"', "- protocol A", "- udev-always-use-vnr yes", "usage-count yes → usage-count no"].sort(),
  );
});

test("the same text is no change, and any other value is told", () => {
  const option = fc.constantFrom("max-buffers", "max-epoch-size", "ping-int");
  const value = fc.integer({ min: 1, max: 99 });
  fc.assert(
    fc.property(option, value, value, (name, first, second) => {
      const of = (number: number) => `resource r0 { net { ${name} ${number}; } ${hosts} }`;
      const told = between([of(first)], [of(second)]);
      expect(told).toBe(first === second ? "" : `${name} ${first} → ${name} ${second}`);
    }),
  );
});
