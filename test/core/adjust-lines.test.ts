import * as fc from "fast-check";
import { type Adjustment, describeAdjustment, parseAdjustment } from "../../provider/core/adjust-lines";
import { adjustLines, captures } from "./fixtures";

const nothing: Adjustment = { options: [], connection: [], start: [], dangerous: [] };
const attach = ["drbdmeta 1 v08 /dev/vdb internal apply-al", "drbdsetup-84 attach 1 /dev/vdb /dev/vdb internal"];
const create = ["drbdsetup-84 new-resource r0", "drbdsetup-84 new-minor r0 1 0"];
const toBravo = "drbdsetup-84 connect r0 ipv4:10.1.1.31:7789 ipv4:10.1.1.32:7789 --protocol=C";
const toAlpha = "drbdsetup-84 connect r0 ipv4:10.1.1.32:7789 ipv4:10.1.1.31:7789 --protocol=C";

const found: Record<string, Adjustment> = {
  "alpha-down.alpha": { ...nothing, start: [...create, ...attach], connection: [toBravo] },
  "alpha-down.bravo": nothing,
  "both-down.alpha": { ...nothing, start: [...create, ...attach], connection: [toBravo] },
  "both-down.bravo": { ...nothing, start: [...create, ...attach], connection: [toAlpha] },
  "connected-uptodate.alpha": nothing,
  "connected-uptodate.bravo": nothing,
  "peer-diskless.alpha": nothing,
  "peer-diskless.bravo": { ...nothing, start: attach },
  "resync-running.alpha": nothing,
  "resync-running.bravo": nothing,
  "split-brain-recovered.alpha": nothing,
  "split-brain-recovered.bravo": nothing,
  "split-brain-standalone.alpha": { ...nothing, connection: [toBravo] },
  "split-brain-standalone.bravo": { ...nothing, connection: [toAlpha] },
  "standalone-after-link-loss.alpha": { ...nothing, connection: [toBravo] },
  "standalone-after-link-loss.bravo": { ...nothing, connection: [toAlpha] },
};

test("every capture is in the table", () => {
  expect(captures).toEqual(Object.keys(found));
});

test.each(Object.entries(found))("%s", (capture, adjustment) => {
  expect(parseAdjustment(adjustLines(capture))).toEqual(adjustment);
});

/** drbd-reference.md, section 5. */
test.each<[string, keyof Adjustment]>([
  ["drbdsetup-84 net-options ipv4:10.1.1.31:7789 ipv4:10.1.1.32:7789 --set-defaults --protocol=A", "options"],
  ["drbdsetup-84 disk-options 1 --set-defaults --resync-rate=500", "options"],
  ["drbdsetup-84 resource-options r0 --set-defaults", "options"],
  ["drbdsetup peer-device-options r0 1 0 --set-defaults --c-max-rate=1000", "options"],
  ["drbdsetup-84 disconnect ipv4:10.1.1.31:7789 ipv4:10.1.1.32:7789", "connection"],
  ["drbdsetup new-peer r0 1 --_name=bravo", "connection"],
  ["drbdsetup del-peer r0 1", "connection"],
  ["drbdsetup new-path r0 1 ipv4:10.1.1.31:7789 ipv4:10.1.1.32:7789", "connection"],
  ["drbdsetup del-path r0 1 ipv4:10.1.1.31:7789 ipv4:10.1.1.32:7789", "connection"],
  ["/usr/sbin/drbdsetup new-minor r0 1 0", "start"],
  ["/lib/drbd/drbdsetup-84 attach 1 /dev/vdb /dev/vdb internal", "start"],
  ["drbdmeta 1 v09 /dev/vdb internal apply-al", "start"],
  ["drbdsetup-84 detach 1", "dangerous"],
  ["drbdsetup-84 del-minor 1", "dangerous"],
  ["drbdsetup-84 resize 1 --size=1000", "dangerous"],
  ["drbdsetup-84 down r0", "dangerous"],
  ["drbdsetup-84 invalidate 1", "dangerous"],
  ["drbdsetup new-verb r0", "dangerous"],
  ["drbdsetup constructor r0", "dangerous"],
  ["drbdsetup", "dangerous"],
  ["drbdmeta 1 v08 /dev/vdb internal create-md", "dangerous"],
  ["drbdmeta --force 1 v08 /dev/vdb internal wipe-md", "dangerous"],
])("%s is one of %s", (line, kind) => {
  expect(parseAdjustment(`${line}\n`)).toEqual({ ...nothing, [kind]: [line] });
});

test("what is no command of DRBD's is passed over", () => {
  const text = "\n# drbdsetup\nr0: 2 commands\nWARN: drbdsetup-84 is old\n";
  expect(parseAdjustment(text)).toEqual(nothing);
});

test("however the secret is written, it is nowhere in what was parsed or in its description", () => {
  const word = fc.stringMatching(/^[!#-&(-Z^-~]{8,63}$/).filter((text) => text !== "(secret)");
  const bare = (secret: string) => secret.replaceAll(/[^%+\-./0-9:=@A-Z_a-z]/g, "\\$&");
  const verb = fc.constantFrom("net-options", "connect", "new-peer", "some-verb");
  const spelled = fc.constantFrom<(secret: string) => string>(
    (secret) => `--shared-secret=${bare(secret)}`,
    (secret) => `--shared-secret="${secret}"`,
    (secret) => `--shared-secret='${secret}'`,
  );
  fc.assert(
    fc.property(word, verb, spelled, (secret, what, spell) => {
      const line = `drbdsetup-84 ${what} a b --cram-hmac-alg=sha256 ${spell(secret)} --protocol=C`;
      const adjustment = parseAdjustment(line);
      const shown = JSON.stringify(adjustment) + describeAdjustment(adjustment);
      expect(Object.values(adjustment).flat()).toHaveLength(1);
      expect(shown).not.toContain(secret);
      expect(shown).not.toContain(bare(secret));
      expect(shown).toContain("--protocol=C");
    }),
  );
});

test("described by its options, each once, without addresses", () => {
  const adjustment = parseAdjustment(`drbdsetup-84 disk-options 1 --set-defaults --resync-rate=500
drbdsetup-84 net-options ipv4:1.2.3.4:7789 ipv4:1.2.3.5:7789 --set-defaults --protocol=A --max-buffers=8000
drbdsetup-84 disconnect ipv4:1.2.3.4:7789 ipv4:1.2.3.5:7789
drbdsetup-84 attach 1 /dev/vdb /dev/vdb internal
drbdsetup-84 attach 2 /dev/vdc /dev/vdc internal
`);
  expect(describeAdjustment(adjustment)).toBe(
    "disk-options --resync-rate=500; net-options --protocol=A --max-buffers=8000; disconnect; attach",
  );
});
