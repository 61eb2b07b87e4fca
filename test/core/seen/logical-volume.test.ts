/** What the probe tells of LVM, where snapshots before a resync are wanted. */
import { parseProbe } from "../../../provider/core/seen/parse-probe";
import { capturedHost, look } from "../captured-host";
import { type Answer, type FakeHost, nonce, probed } from "../fake-host";

const healthy = capturedHost("connected-uptodate.alpha");
const ask = "--noheadings --nosuffix --units b --separator |";
const volume = `${ask} -o vg_name,lv_name,lv_size,lv_attr,vg_free,vg_extent_size /dev/vdb`;
const snapshot = `${ask} -S lv_name=data-before-resync -o origin,lv_size,lv_attr vg0`;
const told = { says: "  vg0|data|335544320|owi-aos---|209715200|4194304\n" };
const scripts = ["unsnapshot", "snapshot"].map((name) => `/usr/lib/drbd/${name}-resync-target-lvm.sh`);

const seen = (lvs: Record<string, Answer> | undefined, files: FakeHost["files"] = {}, wants = true) => {
  const tools = { ...healthy.tools, lvcreate: {}, lvremove: {}, ...(lvs === undefined ? {} : { lvs }) };
  const host = { ...healthy, files: { ...healthy.files, ...files }, tools };
  const looks = [wants ? { ...look, snapshots: true as const } : look];
  const resource = parseProbe(nonce, probed(host, { looks, candidates: [], depth: "close" })).resources.get("r0");
  return { snapshots: resource?.snapshots, logical: resource?.volumes.get(0)?.logical };
};
const logical = {
  kind: "logical",
  group: "vg0",
  name: "data",
  size: 335544320,
  attributes: "owi-aos---",
  free: 209715200,
  extent: 4194304,
};

test("a logical volume, also one that is well; LVM's warnings are passed over", () => {
  const warned = { says: `  WARNING: File descriptor 7 leaked\n${told.says}` };
  expect(seen({ [volume]: warned, [snapshot]: {} })).toEqual({
    snapshots: { missing: scripts, hasSettings: false },
    logical,
  });
});

test.each([
  ["  data|71303168|swi-a-s---\n", { origin: "data", size: 71303168, attributes: "swi-a-s---" }],
  ["  |4194304|-wi-a-----\n", { origin: "", size: 4194304, attributes: "-wi-a-----" }],
])("what has the snapshot's name: %j", (says, expected) => {
  expect(seen({ [volume]: told, [snapshot]: { says } }).logical).toEqual({ ...logical, snapshot: expected });
});

test.each<[string, Record<string, Answer> | undefined, string]>([
  [
    "no logical volume",
    { [volume]: { exit: 5, says: '  Volume group "vdb" not found\n  Cannot process volume group vdb\n' } },
    'Volume group "vdb" not found\n  Cannot process volume group vdb',
  ],
  ["LVM fails in its second answer", { [volume]: told, [snapshot]: { exit: 5, says: "  Locked\n" } }, "Locked"],
])("%s: as lvs says it", (_what, lvs, said) => {
  const { logical } = seen(lvs);
  expect(logical).toMatchObject({ kind: "none", said: expect.stringContaining(said) as string });
});

test("no lvs: it is missing", () => {
  const { snapshots, logical } = seen(undefined);
  // Where the machine that runs the tests has lvm2, its own answers.
  if (snapshots?.missing.includes("lvs") === true) expect(logical).toEqual({ kind: "none", said: "" });
  expect(logical).toMatchObject({ kind: "none" });
});

test.each([
  ["# SNAP_PERC=10\n\n", false],
  ["# more\n SNAP_PERC=20\n", true],
])("the settings %j of the host's own count: %s", (text, hasSettings) => {
  const files = { "/etc/default/drbd-snapshot": text };
  expect(seen({ [volume]: told, [snapshot]: {} }, files).snapshots?.hasSettings).toBe(hasSettings);
});

test("where none is wanted, LVM is not asked", () => {
  expect(seen({}, {}, false)).toEqual({ snapshots: undefined, logical: undefined });
});
