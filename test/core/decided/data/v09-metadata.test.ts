/** Version 9 metadata as drbdmeta 9.22.0 writes it, through the shell that reads it, the parser and the plan. */
import { type OneLook, probeLook } from "../../one-volume";
import { lookOf } from "../../one-volume";
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { parseGi, relate } from "../../../../provider/core/seen/generation-identifiers";
import { noMemory } from "../../../../provider/core/seen/memory";
import type { Metadata, ObservedNode } from "../../../../provider/core/seen/observed";
import { parseProbe } from "../../../../provider/core/seen/parse-probe";
import { observeScript } from "../../../../provider/core/seen/probe";
import { remoteFunctions } from "../../../../provider/core/seen/remote-functions";
import { quote } from "../../../../provider/core/seen/shell-words";
import { ways } from "../../data-builder";
import {
  allCommands,
  configurationOf,
  downNode,
  drbdSignature,
  planOf,
  r0,
  refusalsOf,
  rememberedDisk,
  usedGi,
  withFile,
  withLook,
} from "../../observed-builder";
import { filesAsDisks, replaced, sh, temporaryFolder, withTools } from "../../shell";

const folder = temporaryFolder();
const MiB = 1024 * 1024;
const fixtures = join(__dirname, "..", "..", "..", "fixtures");
const written = join(fixtures, "drbdmeta-9.22.0");
const names = readdirSync(written)
  .filter((name) => name.endsWith(".b64"))
  .map((name) => name.replace(/\.b64$/, ""));
const decoded = (path: string): Buffer => {
  const block = Buffer.alloc(4096);
  Buffer.from(readFileSync(path, "utf8"), "base64").copy(block);
  return block;
};
const blockOf = (name: string): Buffer => decoded(join(written, `${name}.b64`));
/** The last 4 KiB of a disk that a real DRBD 9.2.16 ran on. */
const realBlock = decoded(join(fixtures, "drbd-9.2.16-utils-9.22.0", "v09-superblock.alpha.b64"));

/** A sparse file with a block at the end that the disk had once, and bytes more behind it. */
function diskWith(block: Buffer, place: { bytes?: number; grownBy?: number; at?: number } = {}): string {
  const { bytes = 8 * MiB, grownBy = 0, at = bytes - 4096 } = place;
  const path = join(folder, "disk");
  writeFileSync(path, "");
  truncateSync(path, bytes + grownBy);
  const file = openSync(path, "r+");
  writeSync(file, block, 0, block.length, at);
  closeSync(file);
  return path;
}

let places = 0;
const run = (call: string, tools: Readonly<Record<string, string>> = {}) =>
  sh(
    `${withTools(join(folder, String(places++)), filesAsDisks(remoteFunctions), { drbdmeta: "exit 1", ...tools })}\n${call}\n`,
  );
const printed = (call: string): string => run(call).stdout.trim();

/** What get-gi says of a slot, and of it what the superblock's line holds: the identifiers and two flags. */
const getGi = (name: string, slot: number): string => {
  const line = readFileSync(join(written, `${name}.get-gi.txt`), "utf8").split("\n")[slot]!;
  return line.replace(/^\d+ /, "").split(":").slice(0, 6).join(":");
};

test.each(names)("%s: the slots in use are read as drbdmeta reads them", (name) => {
  const [version, , node, older, ...slots] = printed(`superblock ${quote(diskWith(blockOf(name)))} end`).split(" ");
  expect([version, older]).toEqual(["v09", name.startsWith("node-2") ? "3333333333333330" : "-"]);
  expect(slots.length).toBeGreaterThan(0);
  for (let at = 0; at < slots.length; at += 2) {
    expect(slots[at]).not.toBe(node);
    expect(slots[at + 1]).toBe(getGi(name, Number(slots[at])));
  }
});

test.each([
  ["created", "-1", ["0"]],
  ["converted-from-v08", "-1", ["0"]],
  ["never-connected", "0", ["1"]],
  ["node-0-ahead", "0", ["1"]],
  ["node-1-behind", "1", ["0"]],
  ["node-2-of-ids-1-and-2", "2", ["1"]],
  ["split-brain-node-0", "0", ["1"]],
  ["split-brain-node-1", "1", ["0"]],
  ["three-nodes", "0", ["1", "2"]],
])("%s: node id %s, and the slots of %j", (name, node, peers) => {
  const words = printed(`superblock ${quote(diskWith(blockOf(name)))} end`).split(" ");
  expect([words[2], words.slice(4).filter((_, at) => at % 2 === 0)]).toEqual([node, peers]);
});

test("a real pair's superblock: alpha's own id, bravo's slot, and the device's UUID", () => {
  const gi = "8AEA3EA4B95F7A30:0000000000000000:0000000000000000:0000000000000000:1:1";
  expect(printed(`superblock ${quote(diskWith(realBlock))} end`)).toBe(`v09 965f6ed69187fba1 0 - 1 ${gi}`);
});

test.each([
  ["internal", {}, "internal"],
  ["on a disk that ends in the middle of a block", { bytes: 8 * MiB, grownBy: 511 }, "internal"],
  ["on a disk of its own, at its beginning", { at: 0 }, "flex-external"],
])("%s: found", (_what, place, kind) => {
  const path = diskWith(blockOf("node-0-ahead"), place);
  expect(printed(`gi 1 ${quote(path)} ${kind}`)).toMatch(/^v09 965f6ed69187fba1 0 - 1 FA0E/);
  expect(printed(`gi 1 ${quote(path)} ${kind === "internal" ? "flex-external" : "internal"}`)).toBe("none");
});

test("in a slot of a disk that several share: found there alone", () => {
  const path = diskWith(blockOf("node-0-ahead"), { at: 2 * 128 * MiB, bytes: 400 * MiB });
  expect(printed(`gi 1 ${quote(path)} 2`)).toMatch(/^v09 965f6ed69187fba1 0 - 1 FA0E/);
  expect(["0", "1", "flex-external"].map((kind) => printed(`gi 1 ${quote(path)} ${kind}`))).toEqual([
    "none",
    "none",
    "none",
  ]);
});

test("a device that is in use is not read", () => {
  const busy = run(`gi 1 ${quote(diskWith(realBlock))} internal`, { drbdmeta: "echo Device busy; exit 20" });
  expect(busy.stdout).toBe("error 20 Device busy\n");
});

test("what only looks like it is none, and what cannot be read is no answer", () => {
  expect(printed(`superblock ${quote(diskWith(Buffer.alloc(4096, 1)))} end`)).toBe("none");
  expect(printed(`superblock ${quote(diskWith(realBlock))} ${8 * MiB - 512}`)).toBe("none");
  expect(printed(`superblock ${quote(diskWith(realBlock, { bytes: 4096 }))} 4096`)).toBe("none");
  expect(printed(`superblock ${quote(join(folder, "missing"))} end`)).toMatch(/^open: /);
  expect(printed(`gi 1 ${quote(join(folder, "missing"))} internal`)).toMatch(/^error 1 open: /);
});

/** The probe in a real sh, with a plain file as its disk. */
const observed = (path: string, lkbd?: string): Metadata => lookAt(path, {}, lkbd).metadata;

function lookAt(path: string, more: Readonly<Record<string, string>>, lkbd?: string): OneLook {
  const request = {
    looks: [probeLook({ name: "r0", minor: 1, port: 7789, disk: path, metaDisk: "internal", filesystem: true })],
    candidates: [],
    depth: "close" as const,
  };
  const tools = {
    lsblk: `echo '{"blockdevices":[]}'`,
    drbdmeta: "exit 1",
    drbdadm: "exit 1",
    drbdsetup: "echo exists -",
    ...more,
  };
  const place = join(folder, String(places++));
  let script = withTools(place, filesAsDisks(observeScript("n0nce", request)), tools);
  if (lkbd !== undefined) {
    writeFileSync(join(place, "drbd-minor-1.lkbd"), lkbd);
    script = replaced(script, "/var/lib/drbd/drbd-minor-$minor.lkbd", join(place, "drbd-minor-$minor.lkbd"));
  }
  return lookOf(parseProbe("n0nce", sh(script).stdout))!;
}

const read = (name: string): Metadata => observed(diskWith(blockOf(name)));

/** A host with DRBD 9 whose resource is down, and on whose disk that metadata was read. */
const down9 = (hostname: string, metadata: Metadata, uuid = "965f6ed69187fba1"): ObservedNode =>
  withLook(
    { ...downNode(hostname, usedGi), module: { version: "9.2.16", loaded: true } },
    { disk: { ...drbdSignature, uuid } as typeof drbdSignature, metadata },
  );
const pairOf = (alpha: string, bravo: string) =>
  [down9("alpha", read(alpha)), down9("bravo", read(bravo), "3ebfb69f7667e0a8")] as const;

test("the probe tells the node id, and the slot of each peer with its identifiers", () => {
  expect(read("node-2-of-ids-1-and-2")).toEqual({
    kind: "present",
    version: "v09",
    gi: expect.stringMatching(/^FA0EDCFD791A3C72:8AEA3EA4B95F7A30:1111111111111110:2222222222222220:/) as string,
    nodeId: 2,
    slots: [
      {
        nodeId: 1,
        gi: "FA0EDCFD791A3C72:8AEA3EA4B95F7A30:1111111111111110:2222222222222220:3333333333333330:1:1",
      },
    ],
  });
  expect(read("created")).toMatchObject({ kind: "present", version: "v09", nodeId: -1, slots: [{ nodeId: 0 }] });
});

test.each([
  ["the source is ahead", "node-0-ahead", "node-1-behind", "first-newer"],
  ["each is ahead of the other", "split-brain-node-0", "split-brain-node-1", "split-brain"],
])("both sides down, %s: told as what it is, and never as unrelated", (_what, first, second, relation) => {
  const [one, other] = [read(first), read(second)].map((metadata) =>
    parseGi(metadata.kind === "present" ? metadata.gi : ""),
  );
  expect(relate(one!, other!)).toBe(relation);
});

describe("both sides down, alpha has newer data", () => {
  const pair = pairOf("node-0-ahead", "node-1-behind");

  test("with its state and without: it goes up, and DRBD fills bravo", () => {
    for (const memory of [
      noMemory,
      { filesystemUuid: "1", disks: { alpha: rememberedDisk({ metadataUuid: "965f6ed69187fba1" }) } },
    ]) {
      const plan = planOf(pair, { memory });
      expect(refusalsOf(plan)).toEqual([]);
      expect(allCommands(plan)).toEqual(expect.arrayContaining(["alpha: drbdadm up r0", "bravo: drbdadm up r0"]));
      expect(allCommands(plan).join()).not.toMatch(/wipefs|create-md|--force/);
    }
  });

  test("a person's word does not let the newest copy go, whether the resource's files are there or not", () => {
    const discard = { alpha: ["drbd:965f6ed69187fba1"] };
    const [first, second] = pair.map((node) => withFile(node, "/etc/drbd.d/r0.res", undefined));
    for (const syncSource of ["alpha", "bravo"]) {
      for (const nodes of [pair, [first!, second!] as const]) {
        const plan = planOf(nodes, { desired: { ...r0, syncSource, discard } });
        expect(allCommands(plan).join()).not.toMatch(/wipefs|create-md|--force/);
      }
    }
  });
});

test("both sides down after a split brain: a person is told the commands for one, and no discard", () => {
  const plan = planOf(pairOf("split-brain-node-0", "split-brain-node-1"));
  expect(refusalsOf(plan)).toEqual([expect.stringMatching(/^split brain: alpha and bravo/)]);
  expect(ways(plan)).toContain("--discard-my-data");
  expect(ways(plan)).not.toContain("discard: {");
});

describe("a disk with bitmaps for two peers", () => {
  const three = read("three-nodes");
  const bravoAt = (metadata: Metadata) =>
    [down9("alpha", three), down9("bravo", metadata, "3ebfb69f7667e0a8")] as const;

  test("the peer's own metadata says which of them it is", () => {
    expect(refusalsOf(planOf(bravoAt(read("node-1-behind"))))).toEqual([]);
  });

  test("else the installed file does", () => {
    const text = configurationOf(r0).replace(/on bravo \{/, "on bravo {\n    node-id 2;");
    const unread: Metadata = { kind: "absent" };
    const [alpha, bravo] = bravoAt(unread);
    const found = withFile(alpha, "/etc/drbd.d/r0.res", text);
    const empty = withLook(bravo, { disk: { kind: "blank", real: "/dev/vdb", size: 320 * MiB } });
    expect(refusalsOf(planOf([found, empty]))).toEqual([]);
    const [unknown] = refusalsOf(planOf([withFile(alpha, "/etc/drbd.d/r0.res", undefined), empty]));
    expect(unknown).toContain(
      "has bitmaps for several peers (node ids 1, 2), and nothing tells which of them bravo is",
    );
  });
});

describe("a disk that grew while it was down", () => {
  const grown = () => diskWith(realBlock, { grownBy: 4 * MiB });

  test("its metadata is found where the disk ended, by the size that drbdmeta keeps", () => {
    const gi = "8AEA3EA4B95F7A30:0000000000000000:0000000000000000:0000000000000000:1:1";
    expect(observed(grown(), `${8 * MiB}\t/dev/vdb\nuuid:\t965F6ED69187FBA1\n`)).toEqual({
      kind: "moved",
      version: "v09",
      bytes: 8 * MiB,
      uuid: "965f6ed69187fba1",
      gi,
      nodeId: 0,
      slots: [{ nodeId: 1, gi }],
    });
  });

  test("before_growth: that device's metadata and no other's", () => {
    const check = (bytes: number, device: string) => run(`before_growth ${quote(grown())} ${bytes} ${device}`);
    expect(check(8 * MiB, "965f6ed69187fba1")).toMatchObject({ exit: 0, stdout: "" });
    expect(check(8 * MiB, "any").exit).toBe(0);
    expect(check(8 * MiB, "965f6ed69187fba2").exit).toBe(1);
    const { exit, stdout } = check(7 * MiB, "any");
    expect(exit).toBe(1);
    expect(stdout).toContain("drbdadm check-resize");
    expect(stdout).not.toContain("create-md");
  });

  /** check-resize as it was seen: the block moves as it is. */
  const move = (drbdadm: string) => {
    const path = grown();
    const lkbd = join(folder, "lkbd");
    mkdirSync(lkbd, { recursive: true });
    const script = replaced(filesAsDisks(remoteFunctions), "/var/lib/drbd/", `${lkbd}/`);
    const tools = { drbdmeta: "exit 1", drbdadm: drbdadm.replaceAll("DISK", quote(path)) };
    const call = `move_metadata r0 1 ${quote(path)} ${8 * MiB}`;
    const result = sh(`${withTools(join(folder, String(places++)), script, tools)}\n${call}\n`);
    return { ...result, path, lkbd: readFileSync(join(lkbd, "drbd-minor-1.lkbd"), "utf8") };
  };

  test("move_metadata: it is at the new end, with the same identifiers and UUID", () => {
    const from = (8 * MiB - 4096) / 4096;
    const to = (12 * MiB - 4096) / 4096;
    const { exit, path, lkbd } = move(
      `[ "$*" = "check-resize r0" ] && dd if=DISK of=DISK bs=4096 skip=${from} seek=${to} count=1 conv=notrunc 2>/dev/null`,
    );
    expect(exit).toBe(0);
    expect(lkbd).toBe(`${8 * MiB}\t${path}\n`);
    expect(printed(`gi 1 ${quote(path)} internal`)).toMatch(/^v09 965f6ed69187fba1 0 - 1 8AEA/);
  });

  test.each([
    ["nothing at the new end", "exit 0", /is not at the end of .*: none, and it was v09 965f6ed69187fba1/],
    ["check-resize fails", "echo no suitable meta data found; exit 1", /^no suitable meta data found/],
  ])("move_metadata: %s", (_what, drbdadm, said) => {
    const result = move(drbdadm);
    expect(result.exit).toBe(1);
    expect(result.stdout).toMatch(said);
  });

  test("with the stack's state lost, and every message followed: it moves, and nothing of it goes", () => {
    const size = { bytes: 8 * MiB, uuid: "965f6ed69187fba1" };
    const metadata = read("node-0-ahead");
    if (metadata.kind !== "present") throw new Error("not read");
    const xfs = { kind: "signature", real: "/dev/vdb", size: 12 * MiB * 40, type: "xfs", uuid: "a150" } as const;
    const alpha = withLook(down9("alpha", { ...metadata, ...size, kind: "moved" }), { disk: xfs });
    const bravo = down9("bravo", read("node-1-behind"), "3ebfb69f7667e0a8");
    for (const syncSource of ["alpha", "bravo"]) {
      const plan = planOf([alpha, bravo], { desired: { ...r0, syncSource, discard: { alpha: ["xfs:a150"] } } });
      expect(refusalsOf(plan)).toEqual([]);
      const commands = allCommands(plan);
      expect(commands).toContain("alpha: drbdadm check-resize r0");
      expect(commands.join()).not.toMatch(/wipefs|create-md|--force/);
    }
  });
});

describe("a disk that grew while it was down, and nobody remembers its size", () => {
  const withMagic = (last: number): Buffer => {
    const block = Buffer.from(realBlock);
    block[63] = last;
    return block;
  };
  /** What the block says that its metadata takes, bitmap and all. */
  const area = realBlock.readUInt32BE(64) * 512;
  const behind = (block: Buffer, taken: number, place: Parameters<typeof diskWith>[1] = { grownBy: 4 * MiB }) =>
    printed(`metadata_behind ${quote(diskWith(block, place))} ${taken}`);

  test("its metadata is found behind its filesystem, of whatever version", () => {
    for (const magic of [0x6b, 0x6c, 0x6d]) expect(behind(withMagic(magic), 8 * MiB - area)).toBe(String(8 * MiB));
    expect(behind(realBlock, 5 * MiB + 1)).toBe(String(8 * MiB));
  });

  test.each<[string, string]>([
    ["no such block", behind(Buffer.alloc(4096, 1), 4 * MiB)],
    ["the filesystem reaches into it", behind(realBlock, 8 * MiB - area + 512)],
    ["it is at the end of the disk", behind(realBlock, 4 * MiB, {})],
    ["it is far behind", behind(realBlock, 4 * MiB, { bytes: 80 * MiB, grownBy: MiB })],
    ["how much the filesystem takes is not known", printed(`metadata_behind ${quote(diskWith(realBlock))} ''`)],
    ["no disk", printed("metadata_behind /dev/no-such-disk 4096")],
  ])("%s: none", (_what, found) => {
    expect(found).toBe("");
  });

  test("of two, the last: where it grew while it ran, the older one stays", () => {
    const path = diskWith(realBlock, { grownBy: 8 * MiB });
    const file = openSync(path, "r+");
    writeSync(file, realBlock, 0, realBlock.length, 12 * MiB - 4096);
    closeSync(file);
    expect(printed(`metadata_behind ${quote(path)} ${6 * MiB}`)).toBe(String(12 * MiB));
  });

  test("no line is offered by which it goes, but what brings its metadata back; without metadata behind, there is one", () => {
    const xfs = { kind: "signature", real: "/dev/vdb", size: 360 * MiB, type: "xfs", uuid: "a150" } as const;
    const bravo = down9("bravo", read("node-1-behind"), "3ebfb69f7667e0a8");
    for (const syncSource of ["alpha", "bravo"]) {
      const said = (more: object): string => {
        const alpha = withLook(down9("alpha", { kind: "absent" }), { disk: { ...xfs, ...more } });
        return ways(planOf([alpha, bravo], { desired: { ...r0, syncSource } }));
      };
      expect(said({})).toContain("discard: {");
      expect(said({ ended: 320 * MiB })).not.toContain("discard: {");
      expect(said({ ended: 320 * MiB })).toContain(
        `on alpha, \`mkdir -p /var/lib/drbd && printf '%s\\t%s\\n' ${320 * MiB} /dev/vdb >/var/lib/drbd/drbd-minor-1.lkbd\``,
      );
    }
  });

  test("the probe tells it, and what the message names is what it reads then", () => {
    const path = diskWith(realBlock, { grownBy: 4 * MiB });
    const ext = Buffer.alloc(1024);
    ext.writeUInt32LE(7 * 256, 4); // blocks of 4 KiB: 7 MiB
    ext.writeUInt32LE(2, 24);
    ext.writeUInt16LE(0xef53, 56);
    const file = openSync(path, "r+");
    writeSync(file, ext, 0, ext.length, 1024);
    closeSync(file);
    expect(lookAt(path, { blkid: "echo TYPE=ext4; echo UUID=a150" }).disk).toMatchObject({
      taken: 7 * MiB,
      ended: 8 * MiB,
    });
    expect(observed(path, `${8 * MiB}\t${path}\n`)).toMatchObject({ kind: "moved", bytes: 8 * MiB });
  });
});

describe("up_to_date", () => {
  const check = (dstate: string, block: Buffer) => {
    const script = replaced(filesAsDisks(remoteFunctions), '-e "/dev/drbd$1"', '-n "x"');
    const tools = { drbdmeta: "exit 1", drbdadm: `echo ${dstate}` };
    const call = `up_to_date 1 ${quote(diskWith(block))} internal r0`;
    return sh(`${withTools(join(folder, String(places++)), script, tools)}\n${call}\n`).exit;
  };
  /** bravo's block with flags of the slot that read as `1:1` further behind. */
  const flagged = blockOf("node-1-behind");
  flagged.writeUInt32BE(0x16, 112 + 16);

  test.each([
    ["running without a peer, as DRBD 9 tells it", "UpToDate", Buffer.alloc(4096), 0],
    ["down, and the newest", "Consistent", blockOf("node-0-ahead"), 0],
    ["down, with an older history, and the newest", "Consistent", blockOf("node-2-of-ids-1-and-2"), 0],
    ["down, and outdated", "Outdated", blockOf("node-1-behind"), 1],
    ["down, and outdated, with flags of the peer's", "Outdated", flagged, 1],
    ["without metadata", "Unconfigured", Buffer.alloc(4096), 1],
    ["running, outdated", "Outdated/DUnknown", blockOf("node-0-ahead"), 1],
  ])("%s", (_what, dstate, block, exit) => {
    expect(check(dstate, block)).toBe(exit);
  });
});
