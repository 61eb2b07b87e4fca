/** What drbd-where and drbd-takeover say of a snapshot that was made before a resync. */
import { temporaryFolder } from "../../core/shell";
import { type, type Night } from "./host-at-night";

const folder = temporaryFolder();
const events = (connection: string, disk: string, replication: string, peerDisk: string) =>
  `exists resource name:r0 role:Secondary suspended:no write-ordering:flush
exists connection name:r0 peer-node-id:0 conn-name:peer connection:${connection} role:${connection === "Connected" ? "Primary" : "Unknown"} congested:no
exists device name:r0 volume:0 minor:1 disk:${disk} size:327632 read:0 written:0 al-writes:0 bm-writes:0 upper-pending:0 lower-pending:0 al-suspended:no blocked:no
exists peer-device name:r0 peer-node-id:0 conn-name:peer volume:0 replication:${replication} peer-disk:${peerDisk} resync-suspended:no received:0 sent:0 out-of-sync:0 pending:0 unacked:0
exists -
`;
const syncing = events("Connected", "Inconsistent", "SyncTarget", "UpToDate");
const cut = events("Connecting", "Inconsistent", "Off", "DUnknown");
const over = events("Connected", "UpToDate", "Established", "UpToDate");
const made = "2026-11-28 13:24:11 +0000";
const snapshot = `da-ta|swi-a-s---|4.56|${made}`;

/** `about`: what lvs says of the snapshot; undefined: there is none. */
function host(events: string, about: string | undefined, more: Partial<Night> = {}): Night {
  return {
    events,
    files: { "dev/mapper/vg0-da--ta--before--resync": "", ...more.files },
    tools: {
      drbdadm: `case "$*" in "sh-ll-dev r0/0") echo /dev/vg0/da-ta ;; sh-resources) echo r0 ;; dump*) ;; *) exit 64 ;; esac`,
      lvs: `echo lvs >>${folder}/calls
case "$*" in
*"-o vg_name,lv_name /dev/vg0/da-ta") echo '  vg0|da-ta' ;;
*"-o origin,lv_attr,snap_percent,lv_time vg0/da-ta-before-resync") ${about === undefined ? "exit 5" : `echo '  ${about}'`} ;;
*) exit 5 ;;
esac`,
      ...more.tools,
    },
  };
}
const where = (night: Night) => type(folder, night, "drbd-where");
const rows = (night: Night): string[] => {
  const lines = where(night).said.split("\n");
  const at = lines.findIndex((line) => line.startsWith("  snapshot "));
  if (at < 0) return [];
  const more = lines.slice(at + 1);
  const end = more.findIndex((line) => !line.startsWith(" ".repeat(14)));
  return [lines[at]!, ...more.slice(0, end)].map((line) => line.slice(14));
};
const holds = `vg0/da-ta-before-resync holds volume 0 as bravo had it on ${made}, before a resync began (4.56 % full)`;

test("while the resync runs: since when it is there, and when it goes", () => {
  expect(rows(host(syncing, snapshot))).toEqual([
    holds,
    "It goes when the resync is over. A resync that began later than that has made no other.",
  ]);
});

test("interrupted: how to copy out of it", () => {
  const [first, ...ways] = rows(host(cut, snapshot));
  expect(first).toBe(holds);
  const text = ways.join(" ");
  expect(text).toContain("`mount -t xfs -o ro,nouuid,norecovery /dev/vg0/da-ta-before-resync /mnt`");
  expect(text).toContain("Do not merge it into the disk");
  // Nothing of it changes the disk.
  expect(text).not.toMatch(/drbdadm|lvconvert|--force/);
});

test.each([
  ["full", `da-ta|swi-I-s---|100.00|${made}`, /has become full since, and holds nothing any more:$/],
  ["full, and suspended", `da-ta|swi-S-s---||${made}`, /holds nothing any more:$/],
  ["all of its room taken", `da-ta|swi-a-s---|100.00|${made}`, /holds nothing any more:$/],
  ["being merged", `da-ta|Swi-a-s---|4.56|${made}`, /is being merged: the disk becomes what it was on 2026-11-28/],
])("one that is %s", (_what, about, said) => {
  expect(rows(host(cut, about))[0]).toMatch(said);
  expect(rows(host(cut, about)).join()).not.toContain("create-md");
});

test("of a disk that was not whole itself: nothing to fall back to", () => {
  const gi = "F80EC047406E7FE6:0000000000000000:FC8711FC5A47B58A:0000000000000004";
  const of = (flags: string) =>
    host(cut, snapshot, {
      tools: {
        perl: `case "$*" in *"/dev/vg0/da-ta-before-resync end") echo "v08 29ff20370300d6d2 ${gi}:${flags}" ;; esac`,
      },
    });
  expect(rows(of("0:0"))).toEqual([
    `vg0/da-ta-before-resync was made before a resync (${made}) of a disk that was not whole itself, as in a first sync:`,
    "there is nothing in it to fall back to. It goes when the resync is over",
  ]);
  expect(rows(of("1:0"))[0]).toBe(holds);
});

test("left over when the resync is over", () => {
  expect(rows(host(over, snapshot))).toEqual([
    `vg0/da-ta-before-resync is left of a resync that began on ${made} and is over, and takes room:`,
    "`lvremove vg0/da-ta-before-resync`, or the next resync makes no other",
  ]);
});

test.each([
  ["UpToDate alone, perhaps by force", events("Connecting", "UpToDate", "Off", "DUnknown")],
  ["Outdated", events("Connecting", "Outdated", "Off", "DUnknown")],
])("of a disk that is %s: it may be the last whole copy", (_what, seen) => {
  const text = rows(host(seen, snapshot)).join(" ");
  expect(text).toContain("Look into it before you remove it");
  expect(text).not.toContain("lvremove");
});

test.each<[string, Night]>([
  ["no snapshot of this volume", host(cut, undefined)],
  ["another volume's", host(cut, `other|swi-a-s---|4.56|${made}`)],
  ["no snapshot at all", host(cut, `|-wi-a-----||${made}`)],
  ["lvs fails", host(cut, undefined, { tools: { lvs: "exit 5" } })],
])("nothing is said: %s", (_what, night) => {
  const { exit, said } = where(night);
  expect([exit, /^ {2}snapshot/m.test(said)]).toEqual([0, false]);
});

test("where no name of one is in /dev, LVM is not asked", () => {
  const { calls } = where({ ...host(cut, snapshot), files: {} });
  expect(calls).toEqual([]);
});

test("a takeover of what is Inconsistent is refused, and names it", () => {
  const takeover = (about?: string) => type(folder, host(cut, about), "drbd-takeover", "r0", "--peer-is-off", "alpha");
  const { exit, said, calls } = takeover(snapshot);
  expect([exit, calls.filter((call) => call !== "lvs")]).toEqual([1, []]);
  expect(said).toContain(`Inconsistent: half old, half new: a sync to it was not finished
    vg0/da-ta-before-resync holds it as it was before the sync, on ${made}: \`drbd-where r0\` says how to fall back to that
`);
  expect(takeover().said).not.toContain("before-resync");
  expect(takeover(`da-ta|swi-I-s---|100.00|${made}`).said).not.toContain("before-resync");
});
