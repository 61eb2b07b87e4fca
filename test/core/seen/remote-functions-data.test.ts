/** The shell functions that tell whose data stands on a disk, and the two that change what stands there. */
import { probeLook } from "../one-volume";
import { lookOf } from "../one-volume";
import { closeSync, mkdirSync, openSync, readFileSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { contentsIdentity } from "../../../provider/core/seen/disk-identity";
import { metadataBytes, usableBytes } from "../../../provider/core/steps/metadata-size";
import type { Contents } from "../../../provider/core/seen/observed";
import { parseProbe } from "../../../provider/core/seen/parse-probe";
import { observeScript } from "../../../provider/core/seen/probe";
import { remoteFunctions } from "../../../provider/core/seen/remote-functions";
import { quote } from "../../../provider/core/seen/shell-words";
import { filesAsDisks, replaced, sh, temporaryFolder, withTools } from "../shell";

const folder = temporaryFolder();
const MiB = 1024 * 1024;

type Written = Readonly<Record<number, string | Buffer>>;

/** A sparse file, zero but for what is written at some places. */
function disk(name: string, bytes: number, written: Written = {}): string {
  const path = join(folder, name);
  writeFileSync(path, "");
  truncateSync(path, bytes);
  const file = openSync(path, "r+");
  for (const [at, text] of Object.entries(written)) {
    const block = typeof text === "string" ? Buffer.from(text, "latin1") : text;
    writeSync(file, block, 0, block.length, Number(at));
  }
  closeSync(file);
  return path;
}

const withBlockdev = { blockdev: '[ "$1" = --getsize64 ] && stat -Lc %s "$2"' };
let places = 0;
/** Each time in a folder of its own: the tools of another call must not be found. */
const tooled = (script: string, tools: Readonly<Record<string, string>>): string =>
  withTools(join(folder, String(places++)), script, tools);
const run = (call: string, tools: Readonly<Record<string, string>> = {}) =>
  sh(`${tooled(filesAsDisks(remoteFunctions), { ...withBlockdev, ...tools })}\n${call}\n`);
const printed = (call: string, tools?: Readonly<Record<string, string>>) => run(call, tools).stdout.trim();

const uuid = "a7c95a1c-25ba-47fc-aafb-270029cd1752";
/** A swap area with that UUID, which blkid knows. */
const swapped: Written = {
  4086: "SWAPSPACE2",
  1024: Buffer.concat([
    Buffer.from([1, 0, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0]),
    Buffer.from(uuid.replaceAll("-", ""), "hex"),
  ]),
};

describe("a partition", () => {
  const entry =
    "DEVNAME=/dev/vdb1\nPART_ENTRY_SCHEME=gpt\nPART_ENTRY_UUID=12\nPART_ENTRY_TYPE=0fc6\nPART_ENTRY_DISK=254:16";
  const blkid = (text: string) => ({ blkid: `printf '%s\\n' ${quote(text)}` });
  test("what its table says of it is nothing that stands on it", () => {
    expect(printed("signature /dev/vdb1", blkid(entry))).toBe("none");
    expect(printed("signature /dev/vdb1", blkid(`${entry}\nTYPE=xfs\nUUID=1f0c`))).toBe("TYPE=xfs\nUUID=1f0c");
  });
});

describe("what stands on a disk is known again", () => {
  test("by its UUID, its hash, or that it is blank", () => {
    expect(printed(`identity ${quote(disk("swap", 2 * MiB, swapped))}`)).toBe(`swap:${uuid}`);
    expect(printed(`identity ${quote(disk("blank", 2 * MiB))}`)).toBe("blank");
    expect(printed(`identity ${quote(disk("data", 2 * MiB, { 5000: "x" }))}`)).toMatch(/^data:[0-9a-f]{16}$/);
    expect(printed("identity /nowhere", { blkid: "exit 1" })).toBe("unreadable");
    expect(printed("identity /nowhere", { blkid: "echo TYPE=LVM2_member" })).toMatch(/^LVM2_member:/);
    expect(printed("identity /nowhere", { blkid: "echo PTUUID=ab12; echo PTTYPE=gpt" })).toBe("gpt:ab12");
  });

  test("other data has another hash, wherever it is looked at", () => {
    const hash = (written: Written) => printed(`fingerprint ${quote(disk("data", 8 * MiB, written))}`);
    const seen = [
      {},
      { 0: "x" },
      { 0: "y" },
      { [MiB - 1]: "x" },
      { [8 * MiB - 1]: "x" },
      { [4 * MiB]: "x".repeat(70_000) },
    ];
    expect(new Set(seen.map(hash)).size).toBe(seen.length);
  });

  /** The probe in a real sh, with a plain file as its disk. */
  const look = (path: string): Contents => {
    const request = {
      looks: [probeLook({ name: "r0", minor: 1, port: 7789, disk: path, metaDisk: "internal", filesystem: true })],
      candidates: [],
      depth: "close" as const,
    };
    const tools = { lsblk: `echo '{"blockdevices":[]}'`, drbdmeta: "exit 1" };
    const script = tooled(filesAsDisks(observeScript("n0nce", request)), tools);
    return lookOf(parseProbe("n0nce", sh(script).stdout))!.disk;
  };

  test.each<[string, Written]>([
    ["swap", swapped],
    ["data", { 5000: "x" }],
    ["data at the end", { [2 * MiB - 1]: "x" }],
  ])("the probe and the guard agree on %s", (_what, written) => {
    const path = disk("disk", 2 * MiB, written);
    const identity = contentsIdentity(look(path));
    expect(identity).toBe(printed(`identity ${quote(path)}`));
    expect(run(`still_holds ${quote(path)} ${quote(identity ?? "")}`)).toMatchObject({ exit: 0, stdout: "" });
  });

  test("still_holds: nothing else, and nothing at all, passes for it", () => {
    const path = disk("disk", 2 * MiB, swapped);
    for (const identity of [`swap:${uuid.replace("a7", "a8")}`, `xfs:${uuid}`, "blank", "", "swap:", "*"]) {
      const result = run(`still_holds ${quote(path)} ${quote(identity)}`);
      expect(result.exit).toBe(1);
      expect(result.stdout).toBe(`${path} holds swap:${uuid} now; it held ${identity} when this was planned\n`);
    }
    expect(run(`still_holds ${quote(join(folder, "gone"))} swap:${uuid}`).stdout).toContain("no block device any more");
  });
});

/** XFS: magic, size of a block, number of blocks. */
const xfs = (block: number, blocks: bigint): Buffer => {
  const superblock = Buffer.alloc(16);
  superblock.write("XFSB");
  superblock.writeUInt32BE(block, 4);
  superblock.writeBigUInt64BE(blocks, 8);
  return superblock;
};
const ext = (log: number, low: number, high: number, is64: boolean): Buffer => {
  const superblock = Buffer.alloc(1024);
  superblock.writeUInt32LE(low, 4);
  superblock.writeUInt32LE(log, 24);
  superblock.writeUInt16LE(0xef53, 56);
  superblock.writeUInt32LE(is64 ? 0x80 : 0, 96);
  superblock.writeUInt32LE(high, 336);
  return superblock;
};

describe("how much of a disk its filesystem takes", () => {
  test.each<[string, Written, string]>([
    ["XFS", { 0: xfs(4096, 79360n) }, String(79360 * 4096)],
    ["XFS of many TiB", { 0: xfs(4096, 1n << 34n) }, String(2 ** 46)],
    ["ext4", { 1024: ext(2, 80000, 0, false) }, String(80000 * 4096)],
    ["ext4 of small blocks", { 1024: ext(0, 317440, 0, false) }, String(317440 * 1024)],
    ["ext4 of 64 bits", { 1024: ext(2, 5, 1, true) }, String((2 ** 32 + 5) * 4096)],
    ["ext4 with a high half that does not count", { 1024: ext(2, 5, 1, false) }, String(5 * 4096)],
    ["nothing", {}, ""],
    ["something else", swapped, ""],
  ])("%s", (_what, written, expected) => {
    expect(printed(`filesystem_bytes ${quote(disk("fs", 2 * MiB, written))}`)).toBe(expected);
  });

  test("a real ext4", () => {
    const path = disk("ext4", 8 * MiB);
    expect(sh(`/sbin/mke2fs -qF -t ext4 ${quote(path)} 6M`).exit).toBe(0);
    expect(printed(`filesystem_bytes ${quote(path)}`)).toBe(String(6 * MiB));
  });

  test("fits_before_metadata: only a size that is known, that fits, on a disk of the same size", () => {
    const path = disk("fs", 2 * MiB, { 0: xfs(4096, 256n) });
    const fits = (bytes: number, usable: number, at = path) =>
      run(`fits_before_metadata ${quote(at)} ${bytes} ${usable}`);
    expect(fits(2 * MiB, MiB)).toMatchObject({ exit: 0, stdout: "" });
    expect(fits(2 * MiB, MiB - 1)).toMatchObject({
      exit: 1,
      stdout: expect.stringContaining(`takes ${MiB} bytes`) as string,
    });
    expect(fits(3 * MiB, MiB)).toMatchObject({
      exit: 1,
      stdout: expect.stringContaining("when this was planned") as string,
    });
    expect(fits(2 * MiB, MiB, disk("other", 2 * MiB, swapped))).toMatchObject({
      exit: 1,
      stdout: expect.stringContaining("an unknown number of bytes") as string,
    });
  });
});

/** DRBD 8's superblock: size, four generation identifiers, the device's UUID, flags (whole, not the newest), the magic number. */
const superblock = (magic: number, device = 0x3ebfb69f7667e0a8n): Buffer => {
  const block = Buffer.alloc(4096);
  [0x6a930634b09daf22n, 0n, 0xe79ab4603fbf0fd0n, 4n, device].forEach((one, index) =>
    block.writeBigUInt64BE(one, 8 + 8 * index),
  );
  block.writeUInt32BE(0x81, 56);
  block.writeUInt32BE(magic, 60);
  return block;
};
const gi = "6A930634B09DAF22:0000000000000000:E79AB4603FBF0FD0:0000000000000004";

describe("a disk that grew", () => {
  const grown = (magic: number) => disk("grown", 12 * MiB, { [10 * MiB - 4096]: superblock(magic) });

  test.each([
    ["clean", 0x8374026b],
    ["unclean", 0x8374026c],
  ])("%s metadata is found where it ended", (_what, magic) => {
    expect(printed(`metadata_at ${quote(grown(magic))} ${10 * MiB}`)).toBe(`v08 3ebfb69f7667e0a8 ${gi}:1:0`);
    // A disk that ended in the middle of a block.
    expect(printed(`metadata_at ${quote(grown(magic))} ${10 * MiB + 511}`)).toBe(`v08 3ebfb69f7667e0a8 ${gi}:1:0`);
  });

  test.each([
    ["anything else", 0, 10 * MiB],
    ["at another size", 0x8374026b, 9 * MiB],
    ["beyond its end", 0x8374026b, 100 * MiB],
  ])("%s is none", (_what, magic, bytes) => {
    expect(printed(`metadata_at ${quote(grown(magic))} ${bytes}`)).toBe("none");
  });

  test("before_growth: that device's metadata and no other's", () => {
    const path = grown(0x8374026b);
    const check = (bytes: number, device: string) => run(`before_growth ${quote(path)} ${bytes} ${device}`);
    expect(check(10 * MiB, "3ebfb69f7667e0a8")).toMatchObject({ exit: 0, stdout: "" });
    expect(check(10 * MiB, "any").exit).toBe(0);
    expect(check(10 * MiB, "3ebfb69f7667e0a9").exit).toBe(1);
    expect(check(9 * MiB, "any").exit).toBe(1);
    expect(check(9 * MiB, "any").stdout).toContain("lies no metadata of device any: none");
  });

  const lkbd = join(folder, "lkbd");
  /** check-resize as it was seen: the block moves as it is. */
  const move = (drbdadm: string) => {
    mkdirSync(lkbd, { recursive: true });
    const path = grown(0x8374026c);
    const script = replaced(remoteFunctions, "/var/lib/drbd/", `${lkbd}/`);
    const tools = { drbdadm: drbdadm.replaceAll("DISK", quote(path)) };
    return sh(`${tooled(script, tools)}\nmove_metadata r0 1 ${quote(path)} ${10 * MiB}\n`);
  };
  const block = (bytes: number) => (bytes - 4096) / 4096;
  const copied = `dd if=DISK of=DISK bs=4096 skip=${block(10 * MiB)} seek=${block(12 * MiB)} count=1 conv=notrunc`;

  test("move_metadata tells drbdmeta the old size, and looks whether it is there then", () => {
    expect(move(`[ "$*" = "check-resize r0" ] && ${copied} 2>/dev/null`)).toMatchObject({ exit: 0, stdout: "" });
    expect(readFileSync(join(lkbd, "drbd-minor-1.lkbd"), "utf8")).toBe(`${10 * MiB}\t${join(folder, "grown")}\n`);
    expect(move("echo no suitable meta data found; exit 1").exit).toBe(1);
    const result = move("exit 0");
    expect(result).toMatchObject({
      exit: 1,
      stdout: `the metadata of r0 is not at the end of ${join(folder, "grown")}: none, and it was v08 3ebfb69f7667e0a8 ${gi}:1:0\n`,
    });
  });
});

describe("clear_disk", () => {
  const blkidOf = (path: string) => printed(`signature ${quote(path)}`);

  test("a disk with a signature is blank afterwards", () => {
    const path = disk("disk", 8 * MiB, { ...swapped, [5 * MiB]: "x".repeat(300_000), [8 * MiB - 5]: "end" });
    expect(run(`clear_disk ${quote(path)}`)).toEqual({ exit: 0, stdout: "", stderr: "" });
    expect(blkidOf(path)).toBe("none");
    expect(readFileSync(path)).toHaveLength(8 * MiB);
    expect(run(`still_blank ${quote(path)} ${8 * MiB}`).exit).toBe(0);
  });

  test("full of data: blank also as DRBD's device, which ends before its metadata", () => {
    const bytes = 24 * MiB;
    const path = disk("disk", bytes, { 0: Buffer.alloc(bytes, "x") });
    expect(run(`clear_disk ${quote(path)}`)).toMatchObject({ exit: 0, stdout: "" });
    expect(printed(`contents ${quote(path)} ${metadataBytes(bytes)}`)).toBe(`zero ${usableBytes(bytes)}`);
    expect(run(`blank_before_metadata ${quote(path)}`)).toMatchObject({ exit: 0, stdout: "" });
    truncateSync(path, usableBytes(bytes));
    expect(printed(`contents ${quote(path)}`)).toBe(`zero ${usableBytes(bytes)}`);
  });

  test("the shell's size of the metadata is ours", () => {
    fc.assert(
      fc.property(fc.integer({ min: 100_000, max: 2 ** 44 }), (bytes) => {
        const aligned = bytes - (bytes % 4096);
        expect(Number(printed(`metadata_bytes ${aligned}`))).toBe(metadataBytes(aligned));
        expect(Number(printed(`metadata_bytes ${bytes}`))).toBe(metadataBytes(bytes) + (bytes % 4096));
      }),
      { numRuns: 20 },
    );
  });

  test("whatever its size, and wherever its data", () => {
    const size = fc.integer({ min: 4096, max: 6 * MiB });
    fc.assert(
      fc.property(size, fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { maxLength: 5 }), (bytes, places) => {
        const written = Object.fromEntries(places.map((one) => [Math.floor(one * (bytes - 1)), "x"]));
        const path = disk("disk", bytes, { ...written, [bytes - 1]: "y" });
        expect(run(`clear_disk ${quote(path)}`)).toMatchObject({ exit: 0, stdout: "" });
        expect(readFileSync(path)).toHaveLength(bytes);
      }),
      { numRuns: 15 },
    );
  });

  test("what it is known by goes last: stopped half-way, the same line still fits", () => {
    const killed = (written: Written, type: string) => {
      const path = disk("disk", 8 * MiB, { ...written, [4 * MiB]: "x".repeat(300_000) });
      // All are written but the last.
      const last = type === "drbd" ? 7 * MiB : 0;
      const script = replaced(
        remoteFunctions,
        "sysseek($disk, $at, 0); my $done",
        `exit(9) if $at == ${last}; sysseek($disk, $at, 0); my $done`,
      );
      sh(
        `${tooled(filesAsDisks(script), type === "" ? {} : { blkid: `echo TYPE=${type}` })}\nclear_disk ${quote(path)}\n`,
      );
      return readFileSync(path);
    };
    const head = killed({ ...swapped, [8 * MiB - 5]: "end" }, "");
    expect(head.subarray(4086, 4096).toString()).toBe("SWAPSPACE2");
    const tail = killed({ 9: "head", [8 * MiB - 5]: "drbd" }, "drbd");
    expect(tail.subarray(8 * MiB - 5, 8 * MiB - 1).toString()).toBe("drbd");
  });

  test("what cannot be opened alone is not touched", () => {
    const path = disk("disk", 2 * MiB, swapped);
    const script = replaced(remoteFunctions, "O_RDWR | O_EXCL", "O_RDWR | O_EXCL | O_CREAT");
    const result = sh(`${filesAsDisks(script)}\nclear_disk ${quote(path)}\n`);
    expect(result.exit).not.toBe(0);
    expect(blkidOf(path)).toContain("TYPE=swap");
  });
});

describe("up_to_date", () => {
  const asked = (dstate: string, meta: string, device = "") => {
    const script = tooled(replaced(remoteFunctions, `-e "/dev/drbd$1"`, `-n "${device}"`), {
      drbdadm: dstate === "" ? "exit 1" : `echo ${dstate}`,
      drbdmeta: `case "$*" in *v08*) echo ${meta} ;; *) exit 1 ;; esac`,
    });
    return sh(`${script}\nup_to_date 1 /dev/vdb internal r0\n`);
  };
  test.each([
    ["running", "UpToDate/DUnknown", `${gi}:1:0:0`, "x", 0],
    ["down", "", `${gi}:1:1:0:0:0:0:0`, "", 0],
    ["down, with the device's node left", "", `${gi}:1:1:0:0:0:0:0`, "x", 0],
    ["without its disk, which is whole", "Diskless/UpToDate", `${gi}:1:1:0:0:0:0:0`, "x", 0],
    ["outdated, running", "Outdated/DUnknown", `${gi}:1:1:0`, "x", 1],
    ["being filled", "Inconsistent/UpToDate", `${gi}:1:1:0`, "x", 1],
    ["outdated, down", "", `${gi}:1:0:0:0:0:0:0`, "", 1],
    ["inconsistent, down", "", `${gi}:0:1:0:0:0:0:0`, "", 1],
    ["nothing there", "", "none", "", 1],
  ])("%s", (_what, dstate, meta, device, exit) => {
    expect(asked(dstate, meta, device).exit).toBe(exit);
  });
});

describe("wait_up_to_date", () => {
  const gate = (connection: string, disk: string) => {
    const said = [
      "exists resource name:r0 role:Secondary suspended:no",
      `exists connection name:r0 conn-name:peer connection:${connection} role:Primary`,
      `exists device name:r0 volume:0 minor:1 disk:${disk}`,
      "exists peer-device name:r0 conn-name:peer volume:0 replication:Established peer-disk:UpToDate",
    ];
    const drbdsetup = `printf '%s\\n' ${said.map(quote).join(" ")}`;
    return sh(`${tooled(remoteFunctions, { drbdsetup, sleep: "exit 0" })}\nwait_up_to_date r0 1\n`);
  };
  test.each([
    ["Connected", "UpToDate", 0],
    ["Connected", "Inconsistent", 1],
    ["Connected", "Outdated", 1],
    ["Connected", "Diskless", 1],
    ["Connecting", "UpToDate", 1],
    ["StandAlone", "UpToDate", 1],
  ])("%s, %s", (connection, disk, exit) => {
    expect(gate(connection, disk).exit).toBe(exit);
  });
});

describe("a disk with the signs of two kinds, which blkid calls ambivalent", () => {
  const uberblock = Buffer.from("0cb1ba0000000000", "hex");
  const steps = [...Array(56).keys()]
    .map((step) => 200 + step)
    .concat([...Array(128).keys()].map((step) => 384 + step));
  const zfs: Written = Object.fromEntries(steps.map((step) => [step * 1024, uberblock]));
  const path = disk("ambivalent", 80 * MiB, { ...swapped, ...zfs });

  test("can be read: both are told, and it is known by a hash", () => {
    expect(sh(`blkid -p ${quote(path)}`).exit).toBe(8);
    const told = printed(`signature ${quote(path)}`);
    expect(told).toMatch(/^TYPE=(swap\+zfs_member|zfs_member\+swap)$/m);
    expect(told).toContain(`SIGNATURE=swap ${uuid}`);
    expect(told).toMatch(/^SIGNATURE=zfs_member/m);
    expect(told).not.toMatch(/^(UUID=|error)/m);
    expect(printed(`identity ${quote(path)}`)).toMatch(/^[a-z_]+\+[a-z_]+:[0-9a-f]{16}$/);
  });

  test("and is cleared where a person lets it go", () => {
    const identity = printed(`identity ${quote(path)}`);
    expect(run(`still_holds ${quote(path)} ${quote(identity)} && clear_disk ${quote(path)}`).exit).toBe(0);
    expect(printed(`signature ${quote(path)}`)).toBe("none");
  });

  test("where wipefs cannot tell either, it stays an error", () => {
    const tools = { blkid: "echo ambivalent result; exit 8", wipefs: "exit 1" };
    expect(printed("signature /dev/vdb", tools)).toBe("error 8 ambivalent result");
  });
});

describe("an XFS tells by its superblock", () => {
  const superblock = Buffer.alloc(4096);
  superblock.write("XFSB");
  superblock.writeUInt16BE(0xb4a5, 100);
  superblock.writeUInt16BE(4096, 102);
  superblock.writeUInt32BE(0xd, 212);
  superblock.writeUInt32BE(0x2b, 216);
  test("its sectors and features", () => {
    expect(printed(`xfs_geometry ${quote(disk("xfs5", MiB, { 0: superblock }))}`)).toBe("XFS=4096 13 43");
  });
  test("and none of the features before version 5", () => {
    const old = Buffer.from(superblock);
    old.writeUInt16BE(0xb4a4, 100);
    expect(printed(`xfs_geometry ${quote(disk("xfs4", MiB, { 0: old }))}`)).toBe("XFS=4096 0 0");
  });
  test("that mkfs.xfs was cut off while it made it", () => {
    const begun = Buffer.from(superblock);
    begun.writeUInt8(1, 126);
    expect(printed(`xfs_geometry ${quote(disk("xfs-begun", MiB, { 0: begun }))}`)).toBe("XFS=4096 13 43 unfinished");
  });
  test("nothing else tells any", () => {
    expect(printed(`xfs_geometry ${quote(disk("none", MiB))}`)).toBe("");
  });
});
