import { withVolume } from "../one-volume";
import { lookOf } from "../one-volume";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { ProbeError, parseProbe } from "../../../provider/core/seen/parse-probe";
import { justTheHost, roomPlaces, type ProbeRequest } from "../../../provider/core/seen/probe";
import { capturedHost, look, resourceFile, rootAlone } from "../captured-host";
import { type FakeHost, nonce, probed } from "../fake-host";
import { captures, events, gi } from "../fixtures";

const request: ProbeRequest = { looks: [look], candidates: [], depth: "close" };
const observe = (host: FakeHost) => parseProbe(nonce, probed(host, request));
const healthy = capturedHost("connected-uptodate.alpha");
const output = probed(healthy, request);

/**
 * What a close look at r0 comes to: role, disk, metadata, generation identifiers from the kernel, DRBD device, drift; or
 * `attached` where all is well and no closer look was taken.
 */
const looks: Record<string, string> = {
  "alpha-down.alpha": "down present none 5",
  "alpha-down.bravo": "Secondary/Inconsistent busy kernel 0",
  "both-down.alpha": "down present none 5",
  "both-down.bravo": "down present none 5",
  "connected-uptodate.alpha": "Primary/UpToDate attached",
  "connected-uptodate.bravo": "Secondary/UpToDate attached",
  "peer-diskless.alpha": "Primary/UpToDate attached",
  "peer-diskless.bravo": "Secondary/Diskless present kernel 2",
  "resync-running.alpha": "Primary/UpToDate attached",
  "resync-running.bravo": "Secondary/Inconsistent busy kernel 0",
  "split-brain-recovered.alpha": "Primary/UpToDate attached",
  "split-brain-recovered.bravo": "Secondary/UpToDate attached",
  "split-brain-standalone.alpha": "Primary/UpToDate busy kernel xfs 1",
  "split-brain-standalone.bravo": "Primary/UpToDate busy kernel xfs 1",
  "standalone-after-link-loss.alpha": "Primary/UpToDate busy kernel xfs 1",
  "standalone-after-link-loss.bravo": "Secondary/UpToDate busy kernel 1",
};

test("every capture is in the table", () => {
  expect(captures).toEqual(Object.keys(looks));
});

test.each(Object.entries(looks))("%s: %s", (capture, expected) => {
  const output = probed(capturedHost(capture), request);
  // No tool was asked for anything that is not in the capture: what it does ask changes nothing.
  expect(output).not.toContain("@not expected");
  const node = parseProbe(nonce, output);
  const kernel = node.kernelResources.get("r0");
  const r0 = lookOf(node)!;
  const device = r0.device?.kind === "signature" ? [r0.device.type] : [];
  const drift = (r0.change?.output ?? "").split("\n").filter(Boolean).length;
  const state = kernel === undefined ? "down" : `${kernel.role}/${kernel.devices[0]?.disk ?? ""}`;
  const kernelGi = r0.kernelGi === undefined ? "none" : "kernel";
  const close = r0.disk.kind === "attached" ? ["attached"] : [r0.metadata.kind, kernelGi, ...device, drift];
  expect([state, ...close].join(" ")).toBe(expected);
  if (r0.kernelGi !== undefined) expect(r0.kernelGi).toBe(gi(capture).split("\n")[0]);
  expect(node.hostname).toBe(capture.split(".")[1]);
  const uuid = capture.endsWith("alpha") ? "29ff20370300d6d2" : "9d6f6dba5b9443f0";
  const what = expected.endsWith("attached") ? { kind: "attached" } : { kind: "signature", type: "drbd", uuid };
  expect(r0.disk).toEqual({ ...what, real: "/dev/vdb", size: 536870912 });
  expect(r0.portTaken).toBe(false);
});

test("all that a host tells", () => {
  const node = parseProbe(nonce, output);
  expect(node).toMatchObject({
    hostname: "alpha",
    kernel: "6.1.0-44-amd64",
    os: { id: "debian", like: [], name: "Debian GNU/Linux 12 (bookworm)" },
    clock: 1700000100.5,
    addresses: ["10.1.1.31", "127.0.0.1", "::1"],
    module: { version: "8.4.11", loaded: true },
    utils: "9.22.0",
    links: ["/etc/systemd/system/multi-user.target.wants/drbd@r0.target"],
    mounts: [
      { source: "/dev/vda", target: "/", fstype: "ext4" },
      { source: "/dev/drbd1", target: "/mnt/my data", fstype: "xfs" },
    ],
    swaps: [],
    blocks: new Map([
      [
        "/dev/vda",
        expect.objectContaining({ path: "/dev/vda", type: "disk", size: 3221225472, readOnly: false, fstype: "ext4" }),
      ],
      ["/dev/vdb", expect.objectContaining({ path: "/dev/vdb", serial: "0001", fstype: "drbd", children: [] })],
    ]),
    sync: new Map(),
    adjust: { exit: 0, output: "\n" },
  });
  expect(node.files.get("/etc/drbd.d/r0.res")).toBe(resourceFile);
  expect([...node.files.keys()].sort()).toEqual(
    Object.keys(healthy.files!)
      .filter((path) => !/^\/dev|\/tcp$|\/stat$/.test(path))
      .sort(),
  );
});

test.each([
  ["Primary, and not mounted", { "/proc/self/mountinfo": rootAlone }, "signature"],
  [
    "Primary, and another is mounted",
    { "/proc/self/mountinfo": "90 22 147:1 / /m rw - xfs /dev/drbd10 rw\n" },
    "signature",
  ],
  ["Primary, and mounted", {}, "attached"],
])("%s: its disk is %s", (_what, files, kind) => {
  const node = observe({ ...healthy, files: { ...healthy.files, ...files } });
  expect(lookOf(node)!.disk.kind).toBe(kind);
});

test("what stands on a Primary's device is looked at with DRBD 9, too, whose /proc/drbd tells of no device", () => {
  const apart = capturedHost("standalone-after-link-loss.alpha");
  const files = { ...apart.files, "/proc/drbd": "version: 9.2.14 (api:2/proto:86-122)\n" };
  expect(lookOf(observe({ ...apart, files }))!.device).toMatchObject({ kind: "signature", type: "xfs" });
});

test("who uses what is to move is looked at on the Primary, wherever it is mounted; of what stays it is not", () => {
  const process = (pid: number, name: string, unit: string) => ({
    [`/proc/${pid}/comm`]: `${name}\n`,
    [`/proc/${pid}/cgroup`]: `0::/system.slice/${unit}\n`,
  });
  const mounts = String.raw`90 22 147:1 / /srv/data rw - xfs /dev/drbd1 rw
91 22 147:1 / /srv/my\040data rw - xfs /dev/drbd1 rw
92 90 147:1 / /srv/data/again rw - xfs /dev/drbd1 rw
`;
  const host: FakeHost = {
    ...healthy,
    files: {
      ...healthy.files,
      "/proc/self/mountinfo": `${rootAlone}${mounts}`,
      ...process(412, "sh", "cron.service"),
      ...process(413, "web", "web.service"),
      ...process(414, "mysqld", "db.service"),
    },
    links: {
      ...healthy.links,
      "/proc/412/cwd": "/srv/my data/log",
      "/proc/413/fd/3": "/srv/data/web",
      "/proc/414/exe": "/srv/data/mysqld",
    },
    tools: {
      ...healthy.tools,
      systemctl: {
        "show --property=LoadState --property=ActiveState --property=Type --property=RemainAfterExit -- web.service": {
          says: "LoadState=loaded\nActiveState=active\nType=simple\nRemainAfterExit=no\n",
        },
      },
    },
  };
  const moving = { ...look, wanted: "Secondary" as const, services: ["web.service"] };
  const users = (...looks: ProbeRequest["looks"]) =>
    lookOf(parseProbe(nonce, probed(host, { ...request, looks, depth: "needed" })))?.users;
  expect(users(moving)).toEqual([
    "process 414 (mysqld): /srv/data/mysqld",
    "/dev/drbd1 is mounted below it, on /srv/data/again",
    "process 412 (sh): /srv/my data/log",
  ]);
  const seen = parseProbe(nonce, probed(host, { ...request, looks: [moving], depth: "needed" }));
  // The steps of a move write, too.
  expect(seen.room?.map(({ path }) => path)).toEqual([...roomPlaces]);
  const { disk, kernelGi, device } = lookOf(seen)!;
  expect([seen.closely, disk, kernelGi, device]).toEqual([
    false,
    { kind: "attached", real: "/dev/vdb" },
    undefined,
    undefined,
  ]);
  expect(users({ ...look, services: ["web.service"] })).toBeUndefined();
  expect(users({ ...moving, wanted: "Primary" })).toBeUndefined();
  // Another resource's service does not stop with this one.
  const web = { ...moving, name: "web", volumes: look.volumes.map((volume) => ({ ...volume, minor: 9 })) };
  expect(users({ ...moving, services: [] }, web)).toContain("process 413 (web): /srv/data/web");
});

describe("two sides that do not speak", () => {
  const log = (said: string) => ({ "-q --no-pager -o short-iso _TRANSPORT=kernel": { says: said } });
  const looked = (host: FakeHost, parted = true) => {
    const one = parted ? { ...look, parted: true as const } : look;
    return parseProbe(nonce, probed(host, { ...request, looks: [one] })).resources.get("r0");
  };
  const split = capturedHost("split-brain-standalone.alpha");
  const lost =
    "2026-11-27T13:01:42+0000 alpha kernel: drbd r0: conn( Connected -> NetworkFailure ) peer( Primary -> Unknown )\n";

  test("mounted: the newest file, and since when the peer is gone", () => {
    const own: FakeHost = {
      ...split,
      files: {
        ...split.files,
        "/proc/self/mountinfo": `${rootAlone}91 22 147:1 / /srv/my\\040data rw - xfs /dev/drbd1 rw\n`,
        "/srv/my data/the newest": "",
      },
      tools: { ...split.tools, journalctl: log(lost) },
    };
    const seen = looked(own);
    expect(seen?.apartSince).toBe("2026-11-27 13:01:42");
    expect(seen?.volumes.get(0)?.written).toEqual({
      file: {
        time: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/) as string,
        path: expect.stringMatching(/\/srv\/my data\/the newest$/) as string,
      },
    });
    expect([looked(own, false)?.apartSince, looked(own, false)?.volumes.get(0)?.written]).toEqual([
      undefined,
      undefined,
    ]);
  });

  test("a host that booted since does not know when its peer was lost: not later than the split brain was found", () => {
    const found =
      "2026-11-27T13:05:00+0000 alpha kernel: drbd r0/0 drbd1: Split-Brain detected but unresolved, dropping connection!\n";
    const own: FakeHost = { ...split, tools: { ...split.tools, journalctl: log(found) } };
    expect(looked(own)?.apartSince).toBe("2026-11-27 13:05:00 or before");
  });

  test("where the look is cut off, the newest of what was seen is told as that; a log that is cut off tells nothing", () => {
    const find = String.raw`-k 1 5 find /srv/data -xdev -type f ! -name *[[:cntrl:]]* -printf %T@ %p\n`;
    const journal = "-k 1 20 journalctl -q --no-pager -o short-iso _TRANSPORT=kernel";
    const cutOff: FakeHost = {
      ...split,
      files: {
        ...split.files,
        "/proc/self/mountinfo": `${rootAlone}91 22 147:1 / /srv/data rw - xfs /dev/drbd1 rw\n`,
      },
      tools: {
        ...split.tools,
        timeout: {
          [find]: {
            exit: 124,
            says: "1700000000.5 /srv/data/old\n1700000900.1 /srv/data/newer\n1700000100 /srv/data/x\n",
          },
          [journal]: { exit: 124, says: lost },
        },
      },
    };
    const seen = looked(cutOff);
    expect(seen?.volumes.get(0)?.written?.file).toMatchObject({ path: "/srv/data/newer", isOfSome: true });
    expect(seen?.apartSince).toBeUndefined();
  });

  test("not mounted: what an ext4 tells of itself; of another there is nothing to read", () => {
    const block = Buffer.alloc(4096);
    block.writeUInt32LE(1_795_000_000, 1024 + 44);
    block.writeUInt32LE(1_795_003_600, 1024 + 48);
    block.writeUInt16LE(0xef53, 1024 + 56);
    const on = (disk: string): FakeHost => ({
      ...split,
      files: { ...split.files, "/proc/self/mountinfo": rootAlone, "/dev/vdb": disk },
      tools: { ...split.tools, journalctl: log("") },
    });
    const time = /^2026-11-1\d \d\d:\d\d:\d\d$/;
    const ext = looked(on(block.toString("latin1")));
    expect(ext?.volumes.get(0)?.written).toEqual({
      mounted: expect.stringMatching(time) as string,
      changed: expect.stringMatching(time) as string,
    });
    expect(ext?.apartSince).toBeUndefined();
    expect(looked(on("XFSB".padEnd(4096, "x")))?.volumes.get(0)?.written).toEqual({});
  });
});

describe("as close a look as is needed", () => {
  const other = { ...withVolume(look, { minor: 2 }), name: "r1" };
  const unmounted = { ...healthy, files: { ...healthy.files, "/proc/self/mountinfo": rootAlone } };
  const { drbdadm, drbdmeta, drbdsetup, ...others } = healthy.tools!;
  const bare = { ...healthy, tools: others, files: { ...healthy.files, "/proc/drbd": "" } };
  delete (bare.files as Record<string, unknown>)["/proc/drbd"];
  const meeting = events("connected-uptodate.alpha").replace("replication:Established", "replication:Off");
  const inTheHandshake = { ...healthy.tools, drbdsetup: { "events2 --now --statistics": { says: meeting } } };
  test.each<[string, FakeHost, ProbeRequest, boolean]>([
    ["all is well", healthy, { ...request, depth: "needed" }, false],
    ["no disk is asked for", healthy, { ...request, looks: [], depth: "needed" }, false],
    ["it is not mounted", unmounted, { ...request, depth: "needed" }, true],
    ["the two are in the handshake", { ...healthy, tools: inTheHandshake }, { ...request, depth: "needed" }, true],
    [
      "it is not mounted, and need not be",
      unmounted,
      { ...request, looks: [withVolume(look, { filesystem: false })], depth: "needed" },
      false,
    ],
    ["one of two is down", healthy, { ...request, looks: [look, other], depth: "needed" }, true],
    ["DRBD is not there", bare, { ...request, looks: [], depth: "needed" }, true],
    ["more is asked for", healthy, request, true],
    ["no more is wanted", unmounted, { ...request, depth: "tables" }, false],
  ])("where %s", (_what, host, asked, closely) => {
    const text = probed(host, asked);
    const node = parseProbe(nonce, text);
    expect(node.closely).toBe(closely);
    expect([...node.resources.keys()]).toEqual(closely ? asked.looks.map(({ name }) => name) : []);
    expect([node.blocks.size > 0, text.includes("DRBDADM_VERSION")]).toEqual([closely, closely && host !== bare]);
    expect(node.clock).toBe(1700000100.5);
    expect(node.utils === null).toBe(host === bare);
  });
  expect([drbdadm, drbdmeta, drbdsetup]).not.toContain(undefined);
});

/** The healthy host, unmounted so that a closer look is taken, with other files; an undefined one is not there. */
function changed(files: Record<string, string | undefined>, tools: FakeHost["tools"] = {}): FakeHost {
  const all = Object.entries<string | undefined>({ ...healthy.files, "/proc/self/mountinfo": rootAlone, ...files });
  return {
    ...healthy,
    files: Object.fromEntries(all.flatMap(([path, text]) => (text === undefined ? [] : [[path, text]]))),
    tools: { ...healthy.tools, ...tools },
  };
}

const noDrbd = { "/proc/drbd": undefined, "/sys/module/drbd/version": undefined };

describe("the module", () => {
  test.each([
    ["loaded, told by /sys", {}, {}, { version: "8.4.11", loaded: true }],
    ["loaded, told by /proc/drbd", { "/sys/module/drbd/version": undefined }, {}, { version: "8.4.11", loaded: true }],
    ["there", noDrbd, { modinfo: { "-F version drbd": { says: "8.4.11\n" } } }, { version: "8.4.11", loaded: false }],
    [
      "not there",
      noDrbd,
      { modinfo: { "-F version drbd": { exit: 1, says: "modinfo: ERROR: Module drbd not found.\n" } } },
      null,
    ],
    ["modinfo not there", noDrbd, {}, null],
  ])("%s", (_what, files, tools, expected) => {
    expect(observe(changed(files, tools)).module).toEqual(expected);
  });

  test("what modinfo said is kept where there is none", () => {
    const says = "modinfo: ERROR: could not get modinfo from 'drbd': Bad message\n";
    expect(observe(changed(noDrbd, { modinfo: { "-F version drbd": { exit: 1, says } } })).modinfo).toBe(says.trim());
    expect(observe(changed(noDrbd, { modinfo: { "-F version drbd": { says: "8.4.11\n" } } })).modinfo).toBeUndefined();
  });
});

test("without drbd-utils there is no opinion of drbdadm's", () => {
  const { drbdadm, drbdmeta, ...tools } = healthy.tools!;
  expect(drbdadm).toBeDefined();
  expect(drbdmeta).toBeDefined();
  const node = observe({ ...healthy, tools });
  expect(node.utils).toBeNull();
  expect(node.adjust).toBeUndefined();
});

test("a resource that somebody set up in a file of another name is asked about as well", () => {
  const text = healthy.files!["/etc/drbd.d/r0.res"];
  const byHand = { "/etc/drbd.d/r0.res": undefined, "/etc/drbd.d/a-pair.res": text };
  const { kernelGi, device } = lookOf(observe(changed(byHand)))!;
  expect(kernelGi).toMatch(/^05F0D9A5779FD667:/);
  expect(device).toBeDefined();
});

test("without a resource's file drbdadm is not asked about it", () => {
  const node = observe(changed({ "/etc/drbd.d/r0.res": undefined }));
  expect(node.adjust).toBeUndefined();
  expect(lookOf(node)).toMatchObject({ kernelGi: undefined, device: undefined });
});

const blankDisk = { "/dev/vdb": "\0".repeat(4096) };
const none = { blkid: { "-p -o export /dev/vdb": { exit: 2 } } };

describe("what stands on a disk", () => {
  test.each<[string, FakeHost, object]>([
    ["blank", changed(blankDisk, none), { kind: "blank", real: "/dev/vdb", size: 4096 }],
    [
      "unknown data",
      changed({ "/dev/vdb": `${"\0".repeat(100)}x` }, none),
      {
        kind: "data",
        real: "/dev/vdb",
        size: 536870912,
        offset: 100,
        hash: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      },
    ],
    [
      "a partition with nothing on it",
      changed(blankDisk, {
        blkid: {
          // As blkid 2.38.1 told it of a partition in the lab.
          "-p -o export /dev/vdb": {
            says: "DEVNAME=/dev/vdb\nPART_ENTRY_SCHEME=dos\nPART_ENTRY_TYPE=0x83\nPART_ENTRY_NUMBER=1\nPART_ENTRY_OFFSET=2048\nPART_ENTRY_SIZE=600000\nPART_ENTRY_DISK=254:16\n",
          },
        },
      }),
      { kind: "blank", real: "/dev/vdb" },
    ],
    [
      "a filesystem, with how much it takes",
      changed(
        { "/dev/vdb": `XFSB\0\0\x10\0\0\0\0\0\0\0\0\x02${"\0".repeat(5000)}` },
        {
          blkid: {
            "-p -o export /dev/vdb": {
              says: "DEVNAME=/dev/vdb\nUUID=e36b316a\nBLOCK_SIZE=512\nTYPE=xfs\nUSAGE=filesystem\n",
            },
          },
        },
      ),
      { kind: "signature", type: "xfs", uuid: "e36b316a", taken: 8192, hash: undefined },
    ],
    [
      "metadata of DRBD 9, of which blkid tells no UUID",
      changed(
        {},
        { blkid: { "-p -o export /dev/vdb": { says: "DEVNAME=/dev/vdb\nVERSION=v09\nTYPE=drbd\nUSAGE=raid\n" } } },
      ),
      { kind: "signature", type: "drbd", uuid: undefined, hash: expect.stringMatching(/^[0-9a-f]{16}$/) as string },
    ],
    ["missing", changed({ "/dev/vdb": undefined }), { kind: "missing" }],
    [
      "a partition table",
      changed({}, { blkid: { "-p -o export /dev/vdb": { says: "DEVNAME=/dev/vdb\nPTUUID=ab12\nPTTYPE=gpt\n" } } }),
      { kind: "signature", real: "/dev/vdb", size: 536870912, type: "gpt", uuid: "ab12" },
    ],
    [
      "several signatures",
      changed({}, { blkid: { "-p -o export /dev/vdb": { exit: 8, says: "ambivalent result" } } }),
      { kind: "unreadable", real: "/dev/vdb", size: 536870912, said: "error 8 ambivalent result" },
    ],
    [
      "no blkid",
      changed(blankDisk, { blkid: {} }),
      { kind: "unreadable", said: expect.stringMatching(/^error 64/) as string },
    ],
    [
      "blkid fails in silence",
      changed(blankDisk, { blkid: { "-p -o export /dev/vdb": { exit: 1 } } }),
      { kind: "unreadable", said: "error 1" },
    ],
  ])("%s", (_what, host, expected) => {
    expect(lookOf(observe(host))!.disk).toMatchObject(expected);
  });

  test("a link is followed, and a folder is no disk", () => {
    const host = { ...changed({}), links: { ...healthy.links, "/dev/disk/by-id/one": "/dev/vdb" } };
    const through = { ...request, looks: [withVolume(look, { disk: "/dev/disk/by-id/one" })] };
    expect(lookOf(parseProbe(nonce, probed(host, through)))!.disk).toMatchObject({ real: "/dev/vdb" });
    const folder = { ...request, looks: [withVolume(look, { disk: "/dev/disk" })] };
    expect(lookOf(parseProbe(nonce, probed(host, folder)))!.disk).toEqual({ kind: "not-block" });
  });

  test("a blank disk holds no metadata, without drbdmeta being asked", () => {
    const host = changed(blankDisk, { ...none, drbdmeta: {} });
    expect(lookOf(observe(host))!.metadata).toEqual({ kind: "absent" });
  });

  test("external metadata is looked for where it is", () => {
    const superblock = join(__dirname, "..", "..", "fixtures", "drbdmeta-9.22.0", "node-0-ahead.b64");
    const v09 = Buffer.from(readFileSync(superblock, "utf8"), "base64").toString("latin1").padEnd(4096, "\0");
    const host = changed(
      { ...blankDisk, "/dev/vdc": v09 },
      {
        blkid: { "-p -o export /dev/vdb": { exit: 2 }, "-p -o export /dev/vdc": { exit: 2 } },
        drbdmeta: { "1 v08 /dev/vdc flex-external get-gi": { exit: 1 } },
      },
    );
    const external = { ...request, looks: [withVolume(look, { metaDisk: "/dev/vdc" })] };
    const r0 = lookOf(parseProbe(nonce, probed(host, external)))!;
    expect(r0.disk).toMatchObject({ kind: "blank" });
    expect(r0.metaDisk).toMatchObject({ kind: "data", real: "/dev/vdc", offset: 5 });
    expect(r0.metadata).toMatchObject({ kind: "present", version: "v09", nodeId: 0, slots: [{ nodeId: 1 }] });
  });

  test("metadata in a slot is asked for there, also where the disk is blank but for the others' slots", () => {
    const said = "F2099469C0D6C688:0000000000000000:2F6CB04648729E94:0000000000000000:1:1:0:0:0:0:0";
    const host = changed(
      { ...blankDisk, "/dev/vdc": "\0".repeat(4096) },
      {
        blkid: { "-p -o export /dev/vdb": { exit: 2 }, "-p -o export /dev/vdc": { exit: 2 } },
        drbdmeta: { "1 v08 /dev/vdc 3 get-gi": { says: `${said}\n` } },
      },
    );
    const slot = { ...request, looks: [withVolume(look, { metaDisk: "/dev/vdc", metaIndex: 3 })] };
    const node = parseProbe(nonce, probed(host, slot));
    expect(lookOf(node)!.metadata).toEqual({ kind: "present", version: "v08", gi: said });
    expect(node.names.get("r0")?.get(0)).toMatchObject({ metaDisk: ["/dev/vdc"], metaIndex: 3 });
  });
});

test("metadata where the disk ended, by the size that drbdmeta keeps", () => {
  // The superblock as the lab's machine wrote it, on a disk that had 8192 bytes then.
  const superblock = `${"\0".repeat(8)}ABCDEFGH${"\0".repeat(8)}IJKLMNOP${"\0".repeat(7)}\x04abcdefgh${"\0".repeat(12)}\x83t\x02k`;
  const disk = `${"\0".repeat(4096)}${superblock}${"\0".repeat(4096 - superblock.length + 9000)}`;
  const drbdmeta = { "1 v08 /dev/vdb internal get-gi": { exit: 1 } };
  const looked = (lkbd: string | undefined) =>
    lookOf(observe(changed({ "/dev/vdb": disk, "/var/lib/drbd/drbd-minor-1.lkbd": lkbd }, { ...none, drbdmeta })))!
      .metadata;
  expect(looked("8192\t/dev/vdb\nuuid:\t6162636465666768\n")).toEqual({
    kind: "moved",
    version: "v08",
    bytes: 8192,
    uuid: "6162636465666768",
    gi: "4142434445464748:0000000000000000:494A4B4C4D4E4F50:0000000000000004:0:0",
  });
  for (const other of [undefined, "", "4096\t/dev/vdb\n", "$(reboot)\n", "-1\n"])
    expect(looked(other)).toEqual({ kind: "absent" });
});

describe("metadata", () => {
  const answers = (old: object) => changed({}, { drbdmeta: { "1 v08 /dev/vdb internal get-gi": old } });
  test.each<[string, FakeHost, object]>([
    ["absent", answers({ exit: 1 }), { kind: "absent" }],
    ["busy", answers({ exit: 20, says: "Device '1' is configured!\n" }), { kind: "busy" }],
    ["an error", answers({ exit: 20, says: "pread failed\n" }), { kind: "unreadable", said: "error 20 pread failed" }],
    [
      "an error with the exit of none",
      answers({ exit: 1, says: "odd\n" }),
      { kind: "unreadable", said: "error 1 odd" },
    ],
    ["a silent error", answers({ exit: 7 }), { kind: "unreadable", said: "error 7" }],
    ["no identifiers", answers({ says: "hello\n" }), { kind: "unreadable", said: "v08 hello" }],
    ["half of them", answers({ says: "0000000000000004:00\n" }), { kind: "unreadable" }],
    ["two answers", answers({ says: "a\nnone\n" }), { kind: "unreadable" }],
  ])("%s", (_what, host, expected) => {
    expect(lookOf(observe(host))!.metadata).toMatchObject(expected);
  });
});

test.each([
  ["listening", "   0: 00000000:1E6D 00000000:0000 0A 0\n", true],
  ["listening on one address", "   0: 1F01010A:1E6D 00000000:0000 0A 0\n", true],
  ["connected", "   0: 1F01010A:1E6D 2001010A:C350 01 0\n", false],
  ["bound and closed", "   0: 00000000:1E6D 00000000:0000 07 0\n", false],
  ["another port", "   0: 00000000:1E6E 00000000:0000 0A 0\n", false],
  ["a client of that port", "   0: 1F01010A:C350 2001010A:1E6D 01 0\n", false],
])("the port is taken: %s", (_what, line, expected) => {
  const host = changed({ "/etc/drbd.d/r0.res": undefined, "/proc/net/tcp": `  sl  local_address\n${line}` });
  expect(lookOf(observe(host))!.portTaken).toBe(expected);
});

test.each([
  ["everywhere", "10.1.1.31", "00000000", true],
  ["at the address itself", "10.1.1.31", "1F01010A", true],
  ["at the address itself, of a machine that turns no bytes", "10.1.1.31", "0A01011F", true],
  ["at the address itself, by IPv6's way", "10.1.1.31", "0000000000000000FFFF00001F01010A", true],
  ["at the other end of a tunnel", "127.0.0.1", "0200007F", false],
  ["at another address", "10.1.1.31", "2001010A", false],
  ["everywhere, of IPv6", "fd00::1", "00000000000000000000000000000000", true],
  ["at an IPv6 address", "fd00::1", "000000FD000000000000000001000000", true],
  ["at a link-local address", "fe80::1%eth1", "000080FE000000000000000001000000", true],
  ["at another IPv6 address", "fd00::1", "000000FD000000000000000002000000", false],
])("who listens %s takes the port of %s away: %s is %s", (_what, address, local, expected) => {
  const listing = `  sl  local_address\n   0: ${local}:1E6D ${"0".repeat(local.length)}:0000 0A 0\n`;
  const host = changed({ "/etc/drbd.d/r0.res": undefined, "/proc/net/tcp": listing });
  const found = parseProbe(nonce, probed(host, { ...request, looks: [{ ...look, address }] }));
  expect(found.resources.get("r0")!.portTaken).toBe(expected);
});

test("a digest that the kernel neither has nor can load is told", () => {
  const crypto = "name         : sha256\ndriver       : sha256-generic\nmodule       : kernel\n\n";
  const modprobe = { "-n -q crypto-crc32c": {}, "-n -q crypto-sha25": { exit: 1 }, "-n -q crypto-sm3": { exit: 1 } };
  const digests = ["sha256", "sha256-generic", "crc32c", "sha25", "sm3"];
  const found = parseProbe(
    nonce,
    probed(changed({ "/proc/crypto": crypto }, { modprobe }), { ...request, looks: [{ ...look, digests }] }),
  );
  expect(found.resources.get("r0")!.missingDigests).toEqual(["sha25", "sm3"]);
  expect(observe(healthy).resources.get("r0")!.missingDigests).toBeUndefined();
});

test("drbdadm's complaint about what is installed comes with its exit", () => {
  const drbdadm = {
    ...healthy.tools!["drbdadm"],
    "-d adjust all": { exit: 10, says: "" },
    "-c /etc/drbd.d/r0.res sh-nop": {},
  };
  expect(observe(changed({}, { drbdadm })).adjust).toEqual({ exit: 10, output: "\n" });
});

describe("what drbdadm reads", () => {
  const host = capturedHost("connected-uptodate.alpha");
  const ours = "# Managed by pulumi-drbd: …\n";
  const own = { ...host, files: { ...host.files, "/etc/drbd.d/r0.res": `${ours}resource r0 {\n}\n` } };
  const dumped = "# resource r0 on alpha: not ignored, not stacked\nresource r0 {\n}\n";

  test("is not asked where it is what we wrote", () => {
    expect(parseProbe(nonce, probed(own, request)).dump).toBeUndefined();
  });

  test.each<[string, Record<string, string>]>([
    ["a file of somebody else's", { "/etc/drbd.d/web.res": "resource web { }" }],
    ["an empty file", { "/etc/drbd.d/web.res": "" }],
    ["a folder", { "/etc/drbd.d/pairs/web.res": "resource web { }" }],
    ["another include", { "/etc/drbd.conf": '# x\n\ninclude "drbd.d/*.res";\ninclude "/srv/*.res";\n' }],
    ["a flat drbd.conf", { "/etc/drbd.conf": "resource web {\n}\n" }],
  ])("is asked where there is %s", (_what, files) => {
    const node = parseProbe(nonce, probed({ ...own, files: { ...own.files, ...files } }, request));
    expect(node.dump).toEqual({ exit: 0, output: dumped });
  });

  test("is read wherever includes lead, and told with them; what is kept there likewise", () => {
    const kept = "/etc/pairs/r0.conf.before-pulumi-drbd";
    const files = {
      ...own.files,
      "/etc/drbd.conf": 'include "drbd.d/global_common.conf"; include "drbd.d/*.res"; include "pairs/*.conf";\n',
      "/etc/pairs/web 1.conf": "resource web {\n}\n",
      "/etc/pairs/other": "resource other { }\n",
      [kept]: "resource r0 { }\n",
    };
    const node = parseProbe(nonce, probed({ ...own, files }, request));
    expect(node.files.get("/etc/pairs/web 1.conf")).toBe("resource web {\n}\n");
    expect(node.files.get(kept)).toBe("resource r0 { }\n");
    expect(node.files.has("/etc/pairs/other")).toBe(false);
    expect(node.includes?.files).toEqual([
      "/etc/drbd.conf",
      "/etc/drbd.d/global_common.conf",
      "/etc/drbd.d/r0.res",
      "/etc/pairs/web 1.conf",
    ]);
    expect(node.includes?.includes.map(({ pattern }) => pattern)).toEqual([
      "/etc/drbd.d/global_common.conf",
      "/etc/drbd.d/*.res",
      "/etc/pairs/*.conf",
    ]);
  });

  test("is followed where a file of the usual ones includes another, as LINSTOR's does; else that costs nothing", () => {
    const linstor = { "/etc/drbd.d/linstor-resources.res": 'include "/etc/linstor/*.res";\n' };
    const node = parseProbe(nonce, probed({ ...own, files: { ...own.files, ...linstor } }, request));
    expect(node.includes?.includes.at(-1)).toMatchObject({ pattern: "/etc/linstor/*.res" });
    expect(parseProbe(nonce, probed(own, request)).includes).toBeUndefined();
  });

  test("is not believed to be the usual where the answer about more is lost", () => {
    const files = { ...own.files, "/etc/drbd.conf": 'include "pairs/*.conf";\n' };
    const lost = probed({ ...own, files }, request).replace(/\n@\S+ includes\n[^]*?exit 0\n/, "\n");
    expect(() => parseProbe(nonce, lost)).toThrow('the answer has no section "includes"');
  });

  test("is asked with another global_common.conf, which is told with the answer; what fails says why", () => {
    const globalCommon = `${ours}global {\n}\n\ncommon {\n}\n`;
    const tools = { ...own.tools, drbdadm: { ...own.tools?.["drbdadm"], "-c - --verbose dump all": { says: dumped } } };
    const asked = {
      ...justTheHost,
      depth: "close" as const,
      common: { globalCommon, unread: ["/etc/drbd.d/old.res"] },
    };
    const { common } = parseProbe(nonce, probed({ ...own, tools }, asked));
    expect(common).toEqual({ globalCommon, now: { exit: 0, output: dumped }, then: { exit: 0, output: dumped } });
    expect(parseProbe(nonce, probed(own, asked)).common?.then.exit).toBe(64);
  });
});

test("a logical volume is known by both of its names", () => {
  const volume = {
    path: "/dev/mapper/vg-data",
    kname: "dm-0",
    type: "lvm",
    size: 4096,
    ro: false,
    children: [{ path: "/dev/mapper/secret", kname: "dm-1", type: "crypt", size: 4096, ro: true }],
  };
  const says = JSON.stringify({
    blockdevices: [{ path: "/dev/vdb", kname: "vdb", type: "disk", size: "8192", children: [volume] }],
  });
  const call = Object.keys(healthy.tools!["lsblk"]!)[0]!;
  const host = changed(
    { "/dev/dm-0": "x" },
    { lsblk: { [call]: { says } }, blkid: { "-p -o export /dev/dm-0": { says: "TYPE=drbd\n" } } },
  );
  const links = { ...host.links, "/dev/vg/data": "/dev/dm-0" };
  const looks = [withVolume(look, { disk: "/dev/vg/data" })];
  const node = parseProbe(nonce, probed({ ...host, links }, { looks, candidates: [], depth: "close" }));
  expect(lookOf(node)!.disk).toMatchObject({ kind: "signature", real: "/dev/dm-0", size: 4096 });
  expect(node.blocks.get("/dev/dm-0")).toBe(node.blocks.get("/dev/mapper/vg-data"));
  expect(node.blocks.get("/dev/dm-0")?.children).toEqual(["/dev/mapper/secret"]);
  expect(node.blocks.get("/dev/mapper/secret")?.readOnly).toBe(true);
  expect(node.blocks.get("/dev/vdb")).toMatchObject({ size: 8192, children: ["/dev/mapper/vg-data"] });
});

test("a candidate is told apart from what is installed", () => {
  const candidates = [{ name: "r0", resource: "resource r0 {\n}\n", globalCommon: "global {\n}\n" }];
  const drbdadm = {
    ...healthy.tools!["drbdadm"],
    "-c - sh-nop": { exit: 10, says: "STDIN:7: Parse error\n" },
    "-c - -d adjust r0": { says: "drbdsetup-84 net-options a b --protocol=A\n" },
  };
  const output = probed(changed({}, { drbdadm }), { looks: [look], candidates, depth: "close" });
  expect(lookOf(parseProbe(nonce, output))).toMatchObject({
    candidate: { exit: 10, output: "STDIN:7: Parse error\n" },
    change: { exit: 0, output: "drbdsetup-84 net-options a b --protocol=A\n" },
    disk: { kind: "signature" },
  });
});

test("what a destroy would give back is asked about, with the texts", () => {
  const back = {
    name: "r0",
    globalCommon: "common {\n}",
    resource: "resource r0 {\n}\n\n",
    left: ["/etc/drbd.d/r0.res"],
  };
  const answered = (exit: number) => {
    const drbdadm = {
      ...healthy.tools!["drbdadm"],
      "-c - -d adjust r0": { exit, says: "drbdsetup-84 net-options a b --protocol=A\n" },
    };
    const asked: ProbeRequest = { ...justTheHost, depth: "tables", givenBack: [back, { ...back, resource: "" }] };
    return parseProbe(nonce, probed(changed({}, { drbdadm }), asked)).givenBack;
  };
  const { name, globalCommon, resource } = back;
  const change = { exit: 0, output: "drbdsetup-84 net-options a b --protocol=A\n" };
  expect(answered(0)).toEqual([
    { name, globalCommon, resource, change },
    { name, globalCommon, resource: "", change },
  ]);
  expect(answered(10)?.[0]?.change).toEqual({ ...change, exit: 10 });
  expect(parseProbe(nonce, probed(healthy, justTheHost)).givenBack).toBeUndefined();
});

describe("an answer that is none", () => {
  const end = Buffer.byteLength(output.slice(0, output.indexOf(`@${nonce} end`))) + `@${nonce} end`.length;
  const bytes = Buffer.from(output);
  const refused = (text: string) => {
    expect(() => parseProbe(nonce, text)).toThrow(ProbeError);
  };

  test("cut at any byte before its end", () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min: 0, max: end - 1 }), fc.integer({ min: end - 60, max: end - 1 })), (at) => {
        refused(bytes.subarray(0, at).toString());
      }),
      { numRuns: 500 },
    );
    expect(parseProbe(nonce, bytes.subarray(0, end).toString()).hostname).toBe("alpha");
  });

  test("cut at any line", () => {
    const lines = output.slice(0, output.indexOf(`@${nonce} end`)).split("\n");
    lines.forEach((_line, index) => {
      refused(lines.slice(0, index).join("\n"));
    });
  });

  test.each([
    ["nothing", ""],
    ["a login banner", "Welcome to alpha!\nLast login: yesterday\n"],
    ["an error", "sh: 1: Syntax error: end of file unexpected\n"],
    ["only the end", `@${nonce} end\n`],
    ["no sections", `@${nonce} format 1\n\n@${nonce} end\n`],
    ["another nonce's", output.replaceAll(nonce, "fedcba9876543210fe")],
    ["its beginning lost", output.slice(output.indexOf(`@${nonce} files`))],
    ["no files", output.replace(`@${nonce} files`, `@${nonce} fi`)],
    ["no block devices", output.replace(`@${nonce} blocks`, `@${nonce} other`)],
    ["no clock", output.replace(`@${nonce} boottime`, `@${nonce} other`)],
    ["no disk in a close look", output.replace(`@${nonce} disk`, `@${nonce} other`)],
    ["lsblk not there", output.replace(/\{"blockdevices".*\}/, "sh: 1: lsblk: not found")],
    ["lsblk's answer cut short", output.replace(/("blockdevices".*)"vdb".*\n/, "$1\n")],
    ["lsblk of another kind", output.replace(/\{"blockdevices".*\}/, '{"blockdevices": {}}')],
    ["lsblk: null", output.replace(/\{"blockdevices".*\}/, "null")],
    ["lsblk without paths", output.replaceAll(/"path":"[^"]*",/g, "")],
    ["lsblk without sizes", output.replaceAll(/"size":\d+,/g, "")],
    ["lsblk with a size that is none", output.replaceAll(/"size":\d+,/g, '"size":"1G",')],
    [
      "drbdsetup failed",
      output.replace(/exists resource[^@]*/, "Could not connect to 'drbd' generic netlink family\n"),
    ],
    ["drbdsetup's answer cut short", output.replace(/exists connection[^@]*/, "\n")],
  ])("%s", (_what, text) => {
    expect(text).not.toBe(output);
    refused(text);
  });

  test("whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        refused(text);
        refused(`@${nonce} ${text}`);
        refused(`@${nonce} format 1\n${text}\n`);
      }),
    );
  });

  test("huge", () => {
    refused("x".repeat(5_000_000));
    refused(`@${nonce} format 1\n${"@\n".repeat(1_000_000)}`);
  });

  test("garbled: an answer, or a ProbeError, and nothing else", () => {
    const lines = output.split("\n");
    const line = fc.integer({ min: 0, max: lines.length - 1 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(line, line, fc.constantFrom("swap", "drop", "cut", "repeat", "odd")), { maxLength: 4 }),
        (edits) => {
          const copy = [...lines];
          for (const [at, other, what] of edits) {
            const [text, second] = [copy[at]!, copy[other]!];
            copy[at] = {
              swap: second,
              drop: "",
              cut: text.slice(0, text.length / 2),
              repeat: text + text,
              odd: `{"${text}`,
            }[what]!;
            if (what === "swap") copy[other] = text;
          }
          try {
            expect(parseProbe(nonce, copy.join("\n")).hostname).toEqual(expect.any(String));
          } catch (error) {
            if (!(error instanceof ProbeError)) throw error;
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("services that are asked for", () => {
  const names = ["web@1.service", "a\\\\x2db.timer"];
  const asked = "show --property=LoadState --property=ActiveState --property=Type --property=RemainAfterExit --";
  const of = (says: string, exit = 0) => {
    const systemctl = { [`${asked} ${names.join(" ")}`]: { says, exit } };
    const host = { ...healthy, tools: { ...healthy.tools, systemctl } };
    return parseProbe(nonce, probed(host, { ...request, looks: [{ ...look, services: names }] })).services;
  };

  test("each is told in its order, whatever systemd calls it", () => {
    const first = "Type=oneshot\nRemainAfterExit=no\nLoadState=loaded\nActiveState=inactive\n";
    expect(of(`${first}\nLoadState=not-found\nActiveState=inactive\n`)).toEqual(
      new Map([
        [names[0], { load: "loaded", active: "inactive", ends: true }],
        [names[1], { load: "not-found", active: "inactive", ends: false }],
      ]),
    );
  });

  test("one answer for two is none", () => {
    expect(() => of("LoadState=loaded\nActiveState=active\n")).toThrow(ProbeError);
    expect(() => of("Failed to connect to bus", 1)).toThrow(ProbeError);
  });

  test("where none is asked for, systemctl is not run", () => {
    expect(observe(healthy).services).toBeUndefined();
  });
});
