/** One disk by all the names that a host knows it by: in fstab, in others' files, in the site. */
import { observedOf } from "../one-volume";
import { resourceOf } from "../one-volume";
import { lookOf, type OneVolume } from "../one-volume";
import { claimRefusals, sharedDiskRefusals } from "../../../provider/core/decided/hosts/claim-refusals";
import { pathOf } from "../../../provider/core/seen/disk-names";
import type { DeviceNames, ObservedNode } from "../../../provider/core/seen/observed";
import { parseProbe } from "../../../provider/core/seen/parse-probe";
import { capturedHost, look } from "../captured-host";
import { nonce, probed } from "../fake-host";
import {
  allCommands,
  blankNode,
  blankPair,
  filesystemUuid,
  healthyPair,
  planOf,
  r0,
  refusalsOf,
  remembered,
  withBlock,
  withFile,
} from "../observed-builder";

const links = ["/dev/dm-0", "/dev/mapper/vg-my--data", "/dev/vg/my-data", "/dev/disk/by-id/dm-name-vg-my--data"];
const named = (node: ObservedNode, names: Partial<DeviceNames>, resource = "r0"): ObservedNode => ({
  ...node,
  names: new Map([...node.names, [resource, new Map([[0, { disk: [], metaDisk: [], device: [], ...names }]])]]),
});
const fstab = (node: ObservedNode, line: string) =>
  withFile(node, "/etc/fstab", `/dev/vda / ext4 defaults 0 1\n${line}\n`);

test.each([
  ["UUID=1F0C-ab", "/dev/disk/by-uuid/1f0c-ab"],
  ['UUID="1f0c-ab"', "/dev/disk/by-uuid/1f0c-ab"],
  ['"UUID=1f0c-ab"', "/dev/disk/by-uuid/1f0c-ab"],
  ["LABEL=my\\040data", "/dev/disk/by-label/my\\x20data"],
  ['LABEL="my data"', "/dev/disk/by-label/my\\x20data"],
  ["LABEL=a/b", "/dev/disk/by-label/a\\x2fb"],
  ["LABEL=böse", "/dev/disk/by-label/böse"],
  ["PARTUUID=0A-01", "/dev/disk/by-partuuid/0a-01"],
  ["PARTLABEL=primary", "/dev/disk/by-partlabel/primary"],
  ["ID=dm-name-vg-data", "/dev/disk/by-id/dm-name-vg-data"],
  ["/dev//vg/./x/../data", "/dev/vg/data"],
  ["'/dev/vdb'", "/dev/vdb"],
])("%s in fstab means %s", (word, path) => {
  expect(pathOf(word)).toBe(path);
});

describe("before the first write", () => {
  const seen = withBlock(named(blankNode("bravo"), { disk: links }), "/dev/vdb", {
    uuid: "1f0c-ab",
    label: "my data",
    partuuid: "0a-01",
    partlabel: "primary",
  });
  test.each([
    "/dev/dm-0",
    "/dev/mapper/vg-my--data",
    "/dev/vg/my-data",
    "/dev/disk/by-id/dm-name-vg-my--data",
    "ID=dm-name-vg-my--data",
    "UUID=1f0c-ab",
    "UUID=1F0C-AB",
    "LABEL=my\\040data",
    "PARTUUID=0a-01",
    "PARTLABEL=primary",
    "/dev/disk/by-uuid/1f0c-ab",
  ])("fstab has the backing disk as %s: refused", (word) => {
    const line = `${word} /old xfs defaults,nofail 0 2`;
    expect(refusalsOf(planOf([blankNode("alpha"), fstab(seen, line)]))).toEqual([
      `bravo: /etc/fstab mounts /dev/vdb by the name ${word}: ${line}`,
    ]);
  });

  test("other disks' lines are none of ours", () => {
    const lines = "UUID=ffff-00 /old xfs\n/dev/vg/other /x xfs\nLABEL=mydata /y xfs\ntmpfs /z tmpfs";
    expect(refusalsOf(planOf([blankNode("alpha"), fstab(seen, lines)]))).toEqual([]);
  });

  test.each([
    ["/etc/crypttab", "# crypt\nold UUID=1f0c-ab none luks\n", "opens /dev/vdb by the name UUID=1f0c-ab"],
    [
      "/etc/systemd/system/old.mount",
      "[Mount]\nWhat=/dev/mapper/vg-my--data\nWhere=/old\n",
      "mounts /dev/vdb by the name /dev/mapper/vg-my--data",
    ],
    ["/etc/systemd/system/dev-vdb.swap", "[Swap]\nWhat=/dev/vdb\n", "mounts /dev/vdb itself"],
  ])("%s has it: refused", (path, text, expected) => {
    const [refusal = "", ...more] = refusalsOf(planOf([blankNode("alpha"), withFile(seen, path, text)]));
    expect(refusal).toContain(`bravo: ${path} ${expected}`);
    expect(more).toEqual([]);
  });

  test("another resource's file has it by another name: refused on that host", () => {
    const web = "resource web { on bravo { device /dev/drbd5; disk /dev/mapper/vg-my--data; meta-disk internal; } }";
    const node = withFile(seen, "/etc/drbd.d/web.res", web);
    expect(claimRefusals(resourceOf(r0), [blankNode("alpha"), node]).map(({ found }) => found)).toEqual([
      "the disk /dev/vdb, there called /dev/mapper/vg-my--data, belongs to the resource web, by a file in /etc/drbd.d",
    ]);
    expect(allCommands(planOf([blankNode("alpha"), node]))).toEqual([]);
  });

  test("two resources of one program have it by two names: both are refused", () => {
    const both = named(seen, { disk: links }, "web");
    expect(refusalsOf(planOf([blankNode("alpha"), both]))).toEqual([
      "bravo: /dev/vdb (/dev/dm-0) is a disk of the resource web of this program, too",
    ]);
    const apart = named(seen, { disk: ["/dev/dm-1"] }, "web");
    expect(refusalsOf(planOf([blankNode("alpha"), apart]))).toEqual([]);
  });

  test("slots of one disk for the metadata of two resources, by whatever names: one each", () => {
    const [first, second] = r0.sides;
    const desired: OneVolume = { ...r0, sides: [first, { ...second, metaDisk: "/dev/vg/my-data", metaIndex: 0 }] };
    const mine = named(blankNode("bravo"), { metaDisk: links, metaIndex: 0 });
    const refused = (theirs: Partial<DeviceNames>) =>
      sharedDiskRefusals(resourceOf(desired), named(mine, theirs, "web"), "bravo").map(({ found }) => found);
    const told = ["/dev/vg/my-data (/dev/dm-0) is a disk of the resource web of this program, too"];
    expect(refused({ metaDisk: links, metaIndex: 1 })).toEqual([]);
    expect(refused({ metaDisk: links, metaIndex: 0 })).toEqual(told);
    expect(refused({ metaDisk: links })).toEqual(told);
    expect(refused({ disk: links })).toEqual(told);
  });

  test("the data's disk and the metadata's are one by two names: refused", () => {
    const [first, second] = r0.sides;
    const desired: OneVolume = { ...r0, sides: [first, { ...second, metaDisk: "/dev/vg/my-data" }] };
    const node = named(blankNode("bravo"), { disk: links, metaDisk: links });
    expect(refusalsOf(planOf([blankNode("alpha"), node], { desired }))).toContain(
      "bravo: /dev/vdb and /dev/vg/my-data are one disk, named for the data and for the metadata of r0",
    );
  });

  test("a path that leads to another DRBD device", () => {
    const [alpha, bravo] = blankPair();
    const disk = { kind: "blank", real: "/dev/drbd5", size: 1e9 } as const;
    const stacked = { ...bravo, resources: new Map([["r0", observedOf({ ...lookOf(bravo)!, disk })]]) };
    expect(refusalsOf(planOf([alpha, stacked]))).toEqual(["bravo: /dev/vdb leads to /dev/drbd5, a DRBD device itself"]);
  });
});

describe("in a healthy pair", () => {
  const [alpha, bravo] = healthyPair();
  const ownLine = alpha.files
    .get("/etc/fstab")!
    .split("\n")
    .find((line) => line.startsWith("/dev/drbd1"))!;
  const told = (line: string, names: Partial<DeviceNames> = {}) => {
    const node = fstab(
      named(alpha, { disk: ["/dev/vdb", "/dev/disk/by-id/virtio-0001"], ...names }),
      `${ownLine}\n${line}`,
    );
    // As a preview of an unchanged pair sees it: no closer look.
    const tables = { ...node, closely: false, blocks: new Map(), resources: new Map() };
    const plan = planOf([tables, bravo], { memory: remembered });
    expect([plan.refusals, allCommands(plan)]).toEqual([[], []]);
    return plan.warnings;
  };

  test("nothing is told of what is in order", () => {
    expect(told("/dev/vdc /x xfs")).toEqual([]);
  });

  test.each(["/dev/vdb", "/dev/disk/by-id/virtio-0001", "ID=virtio-0001"])(
    "a line %s is told in every plan",
    (word) => {
      const [warning = "", ...more] = told(`${word} /old xfs defaults,nofail 0 2`);
      expect(more).toEqual([]);
      expect(warning).toMatch(
        /^alpha: \/etc\/fstab mounts \/dev\/vdb (itself|by the name \S+): .* \/old xfs .*At the next boot.*remove that line$/,
      );
    },
  );

  test.each([
    [`UUID=${filesystemUuid}`, {}],
    ["LABEL=data", { device: ["/dev/drbd1", "/dev/disk/by-label/data"] }],
  ])("so is one that names the filesystem: %s", (word, names) => {
    const [warning = "", ...more] = told(`${word} /old xfs defaults,nofail 0 2`, names);
    expect(more).toEqual([]);
    expect(warning).toMatch(
      /^alpha: \/etc\/fstab names the filesystem of r0 by (UUID|LABEL)= and not by \/dev\/drbd1: /,
    );
  });
});

describe("a Secondary, on whose device nothing can be read", () => {
  const [alpha, bravo] = healthyPair({ ...r0, filesystem: undefined });
  const told = (line: string) => {
    const primary = withBlock(alpha, "/dev/drbd1", { fstype: "xfs", uuid: filesystemUuid, label: "data" });
    return planOf([primary, fstab(bravo, line)], { desired: { ...r0, filesystem: undefined } }).warnings;
  };

  test.each([`UUID=${filesystemUuid}`, "LABEL=data"])("the Primary knows the filesystem of a line %s", (word) => {
    expect(told(`${word} /srv xfs defaults 0 0`)).toEqual([
      expect.stringMatching(
        /^bravo: \/etc\/fstab names the filesystem of r0 by (UUID|LABEL)= .* the boot waits: write \/dev\/drbd1 in its place, with `nofail`$/,
      ),
    ]);
  });

  test("another filesystem's line is none of ours", () => {
    expect(told("UUID=ffff-00 /srv xfs defaults 0 0")).toEqual([]);
  });
});

test("the probe tells every name of a disk without a process more", () => {
  const host = capturedHost("connected-uptodate.alpha");
  const linked = {
    ...host,
    links: {
      ...host.links,
      "/dev/disk/by-id/virtio-0001": "/dev/vdb",
      "/dev/vg/web": "/dev/vdb",
      "/dev/vg/no": "/dev/vdc",
      "/dev/drbd/by-res/r0/0": "/dev/drbd1",
      "/dev/drbd/by-disk/vdb": "/dev/drbd1",
    },
  };
  const text = probed(linked, { looks: [look], candidates: [], depth: "needed" });
  const node = parseProbe(nonce, text);
  expect(node.closely).toBe(false);
  expect(node.names.get("r0")?.get(0)).toEqual({
    disk: ["/dev/vdb", "/dev/vg/web", "/dev/disk/by-id/virtio-0001"],
    metaDisk: [],
    device: ["/dev/drbd1", "/dev/drbd/by-disk/vdb", "/dev/drbd/by-res/r0/0"],
  });
});
