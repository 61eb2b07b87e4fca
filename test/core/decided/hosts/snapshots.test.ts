/** `snapshotBeforeResync`: what must be there for a snapshot, what is told of it, and the handlers in the file. */
import { renderResource } from "../../../../provider/core/config/render-configuration";
import { globalCommonPath, resourcePath } from "../../../../provider/core/config/paths";
import type { LogicalVolume, ObservedNode } from "../../../../provider/core/seen/observed";
import { formatPlan } from "../../../../provider/core/told/plan-text";
import { parseResource } from "../../../../provider/core/wanted/parse-inputs";
import { snapshotHandlers, withSnapshotHandlers } from "../../../../provider/core/wanted/snapshot-handlers";
import { goodResource } from "../../../hostile/inputs";
import {
  blankPair,
  configurationOf,
  healthyPair,
  MiB,
  planOf,
  r0,
  refusalsOf,
  withFile,
  withKernel,
  withLook,
  type Pair,
} from "../../observed-builder";
import { oneVolumeOf, resourceOf, type OneLook, type OneVolume } from "../../one-volume";

const plain: OneVolume = { ...r0, snapshotBeforeResync: true };
const desired = oneVolumeOf(withSnapshotHandlers(resourceOf(plain)));
type Logical = Extract<LogicalVolume, { kind: "logical" }>;
const logical: Logical = {
  kind: "logical",
  group: "vg0",
  name: "data",
  size: 320 * MiB,
  attributes: "-wi-ao----",
  free: 100 * MiB,
  extent: 4 * MiB,
};
const tools = { missing: [], hasSettings: false };
const seen = (node: ObservedNode, change: Partial<OneLook> = {}): ObservedNode =>
  withLook(node, { logical, snapshots: tools, ...change });
/** bravo's look changed in some points. */
const pairWith = (change: Partial<OneLook>, [alpha, bravo]: Pair = blankPair()): Pair => [
  seen(alpha),
  seen(bravo, change),
];
const volume = (change: Partial<Logical>): Partial<OneLook> => ({ logical: { ...logical, ...change } });

test("the handlers stand in the file, without an option that would part the two; without the word none does", () => {
  expect(configurationOf(desired)).toContain(
    `
    handlers {
        after-resync-target "/usr/lib/drbd/unsnapshot-resync-target-lvm.sh";
        before-resync-target "/usr/lib/drbd/snapshot-resync-target-lvm.sh";
    }
`,
  );
  expect(configurationOf(r0)).not.toContain("resync-target");
  const wanted = resourceOf(r0);
  expect(withSnapshotHandlers(wanted)).toBe(wanted);
});

test.each([
  [{}, undefined],
  [{ handlers: { "local-io-error": "/bin/true" } }, undefined],
  [{ handlers: snapshotHandlers }, undefined],
  [{ handlers: { "before-resync-target": "/bin/true" } }, 'handlers["before-resync-target"]'],
  [{ handlers: { "after-resync-target": "/bin/true" } }, 'handlers["after-resync-target"]'],
  [{ snapshotBeforeResync: "yes" }, "snapshotBeforeResync"],
])("inputs with %j: refused at %s", (more, property) => {
  const parsed = parseResource({ ...goodResource, snapshotBeforeResync: "true", ...more });
  expect(parsed.ok === false ? parsed.failures.map((one) => one.property) : []).toEqual(
    property === undefined ? [] : [property],
  );
  if (parsed.ok === true) expect(renderResource(withSnapshotHandlers(parsed.desired), "9")).toContain("unsnapshot");
});

const dm = "/dev/vdb is no LVM volume, and no snapshot can be made of it";
test.each<[string, Partial<OneLook>, string | undefined]>([
  ["all is there", {}, undefined],
  ["not looked at", { logical: undefined, snapshots: undefined }, undefined],
  ["thin", volume({ attributes: "Vwi-aotz--" }), undefined],
  ["a RAID", volume({ attributes: "rwi-a-r---" }), undefined],
  ["no LVM volume", { logical: { kind: "none", said: "" } }, dm],
  [
    "no LVM volume, as lvs says",
    { logical: { kind: "none", said: 'Volume group "vdb" not found\n  Cannot process' } },
    `${dm} (lvs says: Volume group "vdb" not found Cannot process)`,
  ],
  [
    "a snapshot",
    volume({ attributes: "swi-a-s---" }),
    "/dev/vdb is a snapshot itself, and LVM makes no snapshot of one",
  ],
  [
    "a volume of the snapshot's name",
    volume({ snapshot: { origin: "", size: 4 * MiB, attributes: "-wi-a-----" } }),
    "vg0/data-before-resync is there, and is no snapshot of vg0/data: drbd-utils' handlers would remove it after a resync",
  ],
  [
    "another one's snapshot of that name",
    volume({ snapshot: { origin: "web", size: 4 * MiB, attributes: "swi-a-s---" } }),
    "vg0/data-before-resync is there, and is no snapshot of vg0/data: drbd-utils' handlers would remove it after a resync",
  ],
  // 10 MiB and 32 MiB, in extents of 4 MiB.
  ["just enough room", volume({ free: 44 * MiB }), undefined],
  [
    "too little room",
    volume({ free: 40 * MiB }),
    "the volume group vg0 has 40 MiB free, and a snapshot of r0 before a resync takes 44 MiB: what differs, 10 MiB and 10 % of the disk, in whole extents",
  ],
  [
    "its own snapshot takes the room",
    volume({ free: 0, snapshot: { origin: "data", size: 44 * MiB, attributes: "swi-a-s---" } }),
    undefined,
  ],
  [
    "no lvm2",
    { snapshots: { missing: ["lvs", "lvcreate"], hasSettings: false } },
    "lvs, lvcreate: not there, and a snapshot before a resync needs them",
  ],
  [
    "no handlers",
    { snapshots: { missing: ["/usr/lib/drbd/snapshot-resync-target-lvm.sh"], hasSettings: false } },
    "/usr/lib/drbd/snapshot-resync-target-lvm.sh: not there, and a snapshot before a resync needs it",
  ],
  [
    "settings of the host's own",
    { snapshots: { missing: [], hasSettings: true } },
    "/etc/default/drbd-snapshot gives the snapshots another size, or another name",
  ],
])("%s", (_what, change, refusal) => {
  expect(refusalsOf(planOf(pairWith(change), { desired }))).toEqual(refusal === undefined ? [] : [`bravo: ${refusal}`]);
  expect(refusalsOf(planOf(pairWith(change)))).toEqual([]);
});

test("a name that LVM does not take: the one that it takes is told", () => {
  const disk = { kind: "blank", real: "/dev/dm-0", size: 320 * MiB } as const;
  const none = { kind: "none", said: '"disk/by-id/dm-name-vg0-data": Invalid path for Logical Volume.' } as const;
  const [alpha, bravo] = pairWith({ logical: none, disk });
  const volumes = new Map(bravo.blocks).set("/dev/dm-0", {
    path: "/dev/mapper/vg0-data",
    type: "lvm",
    size: 320 * MiB,
    readOnly: false,
    children: [],
  });
  volumes.delete("/dev/vdb");
  const plan = planOf([alpha, { ...bravo, blocks: volumes }], { desired });
  expect(plan.refusals.find(({ property }) => property === "snapshotBeforeResync")).toMatchObject({
    found: "/dev/vdb leads to an LVM volume, and drbd-utils' handlers do not know it by that name",
    way: "Name the disk /dev/GROUP/NAME, or /dev/mapper/vg0-data: it is the same one.",
  });
});

test("what a running pair is known to differ by needs room, too", () => {
  const [alpha, bravo] = pairWith({}, healthyPair());
  const differing = withKernel(bravo, { outOfSync: 60 * 1024 });
  expect(refusalsOf(planOf([alpha, differing], { desired }))[0]).toMatch(/has 100 MiB free.* takes 104 MiB/);
});

test("drbd-utils come before the resource, and bring the handlers along", () => {
  const missing = Object.values(snapshotHandlers);
  const nodes = pairWith({ snapshots: { missing, hasSettings: false } }).map((node) => ({ ...node, utils: null }));
  expect(refusalsOf(planOf(nodes as unknown as Pair, { desired, preview: true }))).toEqual([]);
});

test("DRBD 9 does not tell the handlers how much differs", () => {
  const nodes = pairWith({}).map((node) => ({ ...node, module: { version: "9.2.16", loaded: true } }));
  const [first] = refusalsOf(planOf(nodes as unknown as Pair, { desired }));
  expect(first).toMatch(/^alpha: DRBD 9\.2\.16 runs there, .*only on DRBD 8\.4/);
});

test("a handler of a node's `common` that would not be called any more is named", () => {
  const common = 'common {\n  handlers {\n    before-resync-target "/bin/true";\n  }\n}\n';
  const nodes = pairWith({}).map((node) => withFile(node, globalCommonPath, common)) as unknown as Pair;
  expect(refusalsOf(planOf(nodes, { desired, globalCommon: [common, common] }))).toEqual(
    ["alpha", "bravo"].map(
      (host) => `${host}: the node's \`common\` has a handler before-resync-target, which would not be called any more`,
    ),
  );
});

test("once the handlers are there, too little room and a snapshot that is left over stop nothing, and are told", () => {
  const synced = healthyPair(desired);
  const full = planOf(pairWith(volume({ free: 0 }), synced), { desired });
  expect(full.refusals).toEqual([]);
  expect(full.warnings).toContainEqual(
    expect.stringMatching(/^bravo: the volume group vg0 has 0 MiB free, .*: a resync begins without a snapshot\. Add/),
  );
  const left = volume({ snapshot: { origin: "data", size: 44 * MiB, attributes: "swi-a-s---" } });
  expect(planOf(pairWith(left, synced), { desired }).warnings).toContainEqual(
    expect.stringMatching(/^bravo: the snapshot vg0\/data-before-resync is still there, .*`drbd-where r0`/),
  );
  const running = withKernel(seen(synced[1], left), { replication: "SyncTarget" });
  expect(planOf([seen(synced[0]), running], { desired }).warnings.join()).not.toContain("before-resync");
});

test("the preview names the snapshots, and for how large a resync there is room", () => {
  const text = formatPlan(planOf(pairWith(volume({ free: 500 * MiB })), { desired }));
  expect(text).toContain(`
  from snapshotBeforeResync, on the host that is filled: a snapshot before each resync, also before the first sync:
    alpha  vg0/data-before-resync: vg0 has room for it where up to 56 MiB more differ
    bravo  vg0/data-before-resync: vg0 has room for it whatever differs
    without that room a resync begins all the same, and without a snapshot
`);
  expect(formatPlan(planOf(pairWith({})))).not.toContain("snapshot");
  const installed = withFile(seen(healthyPair(desired)[0]), resourcePath("r0"), configurationOf(desired));
  expect(planOf([installed, seen(healthyPair(desired)[1])], { desired }).notes).toBeUndefined();
});
