import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { type Adjustment, describeAdjustment, parseAdjustment } from "../../../provider/core/steps/adjust-lines";
import { adjustLines, captures } from "../fixtures";
import { adjustLines9, captures9 } from "../fixtures-9";

const nothing: Adjustment = { options: [], connection: [], start: [], parting: [], dangerous: [], moves: [] };
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
  ["drbdsetup-84 disconnect ipv4:10.1.1.31:7789 ipv4:10.1.1.32:7789", "parting"],
  ["drbdsetup disconnect r0 1", "parting"],
  ["drbdsetup connect r0 1", "connection"],
  ["drbdsetup new-peer r0 1 --_name=bravo", "connection"],
  ["drbdsetup del-peer r0 1", "parting"],
  ["drbdsetup new-path r0 1 ipv4:10.1.1.31:7789 ipv4:10.1.1.32:7789", "connection"],
  ["drbdsetup del-path r0 1 ipv4:10.1.1.31:7789 ipv4:10.1.1.32:7789", "parting"],
  ["/usr/sbin/drbdsetup new-minor r0 1 0", "start"],
  ["/lib/drbd/drbdsetup-84 attach 1 /dev/vdb /dev/vdb internal", "start"],
  ["drbdmeta 1 v09 /dev/vdb internal apply-al", "start"],
  ["drbdsetup-84 detach 1", "dangerous"],
  ["drbdsetup-84 del-minor 1", "dangerous"],
  ["drbdsetup-84 resize 1 --size=1000", "dangerous"],
  ["drbdsetup-84 down r0", "dangerous"],
  ["drbdsetup-84 invalidate 1", "dangerous"],
  ["drbdsetup forget-peer r0 1", "dangerous"],
  ["drbdsetup del-resource r0", "dangerous"],
  ["drbdsetup rename-resource r0 r1", "dangerous"],
  ["drbdsetup primary r0", "dangerous"],
  ["drbdsetup secondary r0", "dangerous"],
  ["drbdsetup new-current-uuid 1", "dangerous"],
  ["drbdsetup invalidate-remote r0 1 0", "dangerous"],
  ["drbdsetup outdate 1", "dangerous"],
  ["drbdsetup detach --diskless 1", "dangerous"],
  ["drbd-proxy-ctl -c 'del connection r0'", "dangerous"],
  ["drbdsetup new-verb r0", "dangerous"],
  ["drbdsetup constructor r0", "dangerous"],
  ["drbdsetup", "dangerous"],
  ["drbdmeta 1 v08 /dev/vdb internal create-md", "dangerous"],
  ["drbdmeta --force 1 v08 /dev/vdb internal wipe-md", "dangerous"],
])("%s is one of %s", (line, kind) => {
  expect(parseAdjustment(`${line}\n`)).toEqual({ ...nothing, [kind]: [line] });
});

/** What drbdadm 9.22.0 printed for one difference each (README there). */
const folder = join(__dirname, "..", "..", "fixtures", "drbdadm-9.22.0-adjust");
const printed = (name: string): string => readFileSync(join(folder, `${name}.txt`), "utf8");

const verbsOf = (lines: readonly string[]): string[] => lines.map((line) => line.split(" ")[1]!);
const inVerbs = (text: string): Record<string, string[]> => {
  const { moves, ...lists } = parseAdjustment(text);
  const told = moves.map(({ from, to }) => `${from} > ${to}`);
  const found = [
    ...Object.entries(lists).map(([key, lines]) => [key, verbsOf(lines)] as const),
    ["moves", told] as const,
  ];
  return Object.fromEntries(found.filter(([, all]) => all.length > 0));
};

const reconnected = ["disconnect", "del-path", "new-path", "connect"];
const differences: Record<string, Record<string, string[]>> = {
  nothing: {},
  "a-net-option": { options: ["net-options"] },
  "a-resource-option": { options: ["resource-options"] },
  "another-peer-name": { options: ["net-options"] },
  "another-port": {
    connection: reconnected,
    moves: ["ipv4:10.0.99.1:7789 ipv4:10.0.99.2:7789 > ipv4:10.0.99.1:7790 ipv4:10.0.99.2:7790"],
  },
  "another-peer-address": {
    connection: reconnected,
    moves: ["ipv4:10.0.99.1:7789 ipv4:10.0.99.2:7789 > ipv4:10.0.99.1:7789 ipv4:10.0.99.12:7789"],
  },
  // The same peer, under the same node id: its connection is made anew.
  "another-transport": { connection: ["del-peer", "new-peer", "new-path", "connect"] },
  "no-peer-in-kernel": { connection: ["new-peer", "new-path", "connect"] },
  "no-path-in-kernel": { connection: ["new-path"], options: ["peer-device-options"] },
  "node-ids-swapped": { connection: ["new-path", "connect"], parting: ["del-peer", "new-peer"] },
  "another-peer-node-id": { connection: ["new-path", "connect"], parting: ["del-peer", "new-peer"] },
  "third-peer-in-kernel": { parting: ["del-peer"] },
  "second-path-in-kernel": { parting: ["del-path"] },
  "another-disk": { start: ["1", "attach"], dangerous: ["detach"] },
  "another-minor": { start: ["new-minor", "2", "attach"], dangerous: ["detach", "del-minor"] },
};

test("every difference that drbdadm 9 was asked about is in the table", () => {
  const names = readdirSync(folder).filter((name) => name.endsWith(".txt"));
  expect(names.map((name) => name.replace(/\.txt$/, ""))).toEqual(Object.keys(differences).sort());
});

test.each(Object.entries(differences))("drbdadm 9, %s", (name, found) => {
  expect(inVerbs(printed(name))).toEqual(found);
});

test("a third peer that is disconnected first is not passed over either", () => {
  expect(inVerbs("drbdsetup disconnect r0 2\ndrbdsetup del-peer r0 2\n")).toEqual({
    parting: ["disconnect", "del-peer"],
  });
});

test("one peer's new address does not cover another peer's end", () => {
  const text = `${printed("another-port")}drbdsetup disconnect r0 2\ndrbdsetup del-path r0 2 ipv4:10.0.99.1:7789 ipv4:10.0.99.3:7789\n`;
  expect(inVerbs(text)["parting"]).toEqual(["disconnect", "del-path"]);
});

test("on 8.4, a changed address is named as what it was and what it gets", () => {
  const text = `drbdsetup-84 disconnect ipv4:10.1.1.31:7789 ipv4:10.1.1.32:7789\n${toBravo.replaceAll("7789", "7790")}\n`;
  expect(inVerbs(text)).toEqual({
    connection: ["disconnect", "connect"],
    moves: ["ipv4:10.1.1.31:7789 ipv4:10.1.1.32:7789 > ipv4:10.1.1.31:7790 ipv4:10.1.1.32:7790"],
  });
});

test.each(captures9.filter((capture) => capture !== "peer-off-primary-forced-alpha.bravo"))(
  "a real DRBD 9 pair, %s: only swapped node ids part it",
  (capture) => {
    const { parting, dangerous } = parseAdjustment(adjustLines9(capture));
    expect(verbsOf(parting)).toEqual(/^adopted-.*-swapped\.bravo$/.test(capture) ? ["del-peer", "new-peer"] : []);
    expect(dangerous).toEqual([]);
  },
);

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
drbdsetup-84 connect r0 ipv4:1.2.3.4:7789 ipv4:1.2.3.6:7789
drbdsetup-84 attach 1 /dev/vdb /dev/vdb internal
drbdsetup-84 attach 2 /dev/vdc /dev/vdc internal
`);
  expect(describeAdjustment(adjustment)).toBe(
    "disk-options --resync-rate=500; net-options --protocol=A --max-buffers=8000; disconnect; connect; attach",
  );
});
