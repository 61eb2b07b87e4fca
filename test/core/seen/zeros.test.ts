/** The read of a disk from end to end, by which a first sync is skipped. */
import { closeSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { remoteFunctions } from "../../../provider/core/seen/remote-functions";
import { quote } from "../../../provider/core/seen/shell-words";
import { steps } from "../../../provider/host/text";
import { filesAsDisks, replaced, sh, temporaryFolder, withTools } from "../shell";

const folder = temporaryFolder();
const MiB = 1024 * 1024;
const path = join(folder, "disk");
const call = `reads_as_zeros ${quote(path)} 1 r0`;

/** A sparse file, zero but for a byte at some places. */
function disk(bytes: number, places: readonly number[] = []): void {
  writeFileSync(path, "");
  truncateSync(path, bytes);
  const file = openSync(path, "r+");
  for (const at of places) writeSync(file, "x", at);
  closeSync(file);
}

/** The size of the DRBD device is the kernel's word; a plain file may know no reads past the cache, and nobody claims it. */
function script(device: number): string {
  writeFileSync(join(folder, "size"), `${device / 512}\n`);
  const claimed = `${remoteFunctions}claim_on() { if [ -e ${folder}/free ]; then echo free; else echo claimed; fi; }\n`;
  const noted = claimed.replaceAll("/run/pulumi-drbd/zeros.", `${folder}/zeros.`);
  const sized = noted.replaceAll("/sys/block/drbd$2", folder);
  return `${replaced(sized, "iflag=direct,count_bytes", "iflag=count_bytes")}${steps}nonce=n\n`;
}
const read = (device: number) => sh(`${script(device)}exec 8>&1\n${call}\n`);

test.each([
  ["a disk with nothing on it", 9 * MiB, 9 * MiB, []],
  ["a size that is no whole number of pieces", 5 * MiB + 4096, 5 * MiB + 4096, []],
  ["what stands behind the device, as DRBD's metadata does", 6 * MiB, 5 * MiB, [5 * MiB, 6 * MiB - 1]],
])("%s: zeros", (_what, bytes, device, places) => {
  disk(bytes, places);
  expect(read(device)).toEqual({ exit: 0, stdout: "", stderr: "" });
});

test("one byte, wherever it stands: found, and named", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1500 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (blocks, where) => {
      const at = Math.floor(where * blocks * 4096);
      disk(blocks * 4096, [at]);
      const { exit, stdout } = read(blocks * 4096);
      expect(exit).toBe(1);
      // Told at once: the other host may read on for hours.
      expect(stdout).toContain(`@n-step warn ${path} is not zero at byte ${at}\n`);
      expect(stdout).toContain(`\n${path} is not zero at byte ${at}, so that the first sync cannot be skipped. `);
      expect(stdout).toContain(`\`drbdadm down r0 && blkdiscard -z ${path} </dev/null\` on this host`);
    }),
    { numRuns: 15 },
  );
});

test("a disk that ends before its device, or that cannot be read, is not zero", () => {
  disk(4 * MiB);
  expect(read(5 * MiB)).toMatchObject({
    exit: 1,
    stdout: `${path} could not be read to its end: of ${5 * MiB} bytes, ${4 * MiB} were read\n`,
  });
  const failing = withTools(join(folder, "failing"), script(4 * MiB), { dd: "echo Input/output error >&2; exit 1" });
  expect(sh(`${failing}exec 8>&1\n${call}\n`)).toMatchObject({
    exit: 1,
    stdout: `${path} could not be read to its end: of ${4 * MiB} bytes, 0 were read\n`,
    stderr: "Input/output error\n",
  });
});

test("a device that has no size yet, or is not there", () => {
  disk(MiB);
  expect(read(0)).toMatchObject({ exit: 1, stdout: "/dev/drbd1 has no size yet\n" });
  const gone = replaced(script(MiB), join(folder, "size"), join(folder, "nowhere"));
  expect(sh(`${gone}exec 8>&1\n${call}\n`).exit).toBe(1);
});

describe("what was read is what DRBD has still", () => {
  const check = (device: number, before = "") => sh(`${script(device)}${before}\nstill_as_read ${quote(path)} 1\n`);
  const other = `${path} is not what was read there: it was taken down, or it is another disk or of another size now\n`;

  test("right after the read", () => {
    disk(4 * MiB);
    expect(read(4 * MiB).exit).toBe(0);
    expect(check(4 * MiB)).toEqual({ exit: 0, stdout: "", stderr: "" });
  });

  test.each<[string, number, string]>([
    ["nothing was read, or before a reboot", 4 * MiB, `rm -f ${folder}/zeros.1`],
    ["it has grown", 5 * MiB, ""],
    ["the device was taken down and brought up", 4 * MiB, "stat() { echo 7; }"],
    ["DRBD's metadata is another one", 4 * MiB, "blkid() { echo 0123456789abcdef; }"],
    ["DRBD does not hold what the path leads to", 4 * MiB, "claim_on() { echo free; }"],
  ])("%s: no", (_what, device, before) => {
    disk(4 * MiB);
    expect(read(4 * MiB).exit).toBe(0);
    expect(check(device, before)).toMatchObject({ exit: 1, stdout: other });
  });

  test("a read that found a byte proves nothing of what was read before", () => {
    disk(4 * MiB);
    expect(read(4 * MiB).exit).toBe(0);
    disk(4 * MiB, [MiB]);
    expect(read(4 * MiB).exit).toBe(1);
    expect(check(4 * MiB).exit).toBe(1);
  });

  test("a disk that DRBD does not hold is not read", () => {
    disk(4 * MiB);
    writeFileSync(join(folder, "free"), "");
    expect(read(4 * MiB)).toMatchObject({ exit: 1, stdout: `DRBD does not hold the disk that ${path} leads to\n` });
    rmSync(join(folder, "free"));
  });
});

describe("every few seconds", () => {
  const often = (device: number) => replaced(script(device), "if $now - $told < 5 ||", "if");

  test("it tells how far it is", () => {
    disk(3 * MiB);
    const { stdout } = sh(`${replaced(often(3 * MiB), "($now - $told)", "1")}exec 8>&1\n${call}\n`);
    const told = stdout.split("\n").filter((line) => line !== "");
    expect(told.length).toBeGreaterThan(2);
    for (const line of told) expect(line).toMatch(/^@n-step note \S+: \d+\.\d % read, \d+ MiB\/s, \d+:\d\d:\d\d left$/);
  });

  test("where nobody listens any more it ends: whoever comes next must not wait for hours", () => {
    disk(64 * MiB);
    const out = join(folder, "out");
    sh(
      `${replaced(often(64 * MiB), "($now - $told)", "1")}( exec 8>&1 >${quote(out)}; sleep 0.3; ${call}; echo "exit $?" ) | true\nsleep 1.5\n`,
    );
    expect(readFileSync(out, "utf8")).toBe(`nobody listens any more: ${path} was not read to its end\nexit 1\n`);
  });
});

describe("zero_disk", () => {
  const tools = {
    blockdev: '[ "$1" = --getsize64 ] && stat -Lc %s "$2"',
    // As the kernel does it.
    blkdiscard:
      '[ "$1 $2 $4" = "-z -o -l" ] && dd if=/dev/zero of="$6" bs=4096 seek="$3" count="$5" oflag=seek_bytes iflag=count_bytes conv=notrunc status=none',
  };

  test.each([512 * 1024, 2 * MiB, 8 * MiB, 8 * MiB + 512])(
    "of %d bytes, full of data: zeros from end to end",
    (bytes) => {
      writeFileSync(path, Buffer.alloc(bytes, "x"));
      const zeroed = sh(
        `${withTools(join(folder, "zeroing"), filesAsDisks(remoteFunctions), tools)}zero_disk ${quote(path)}\n`,
      );
      expect(zeroed).toEqual({ exit: 0, stdout: "", stderr: "" });
      expect(readFileSync(path).equals(Buffer.alloc(bytes))).toBe(true);
    },
  );

  test.each([
    ["somebody holds it", "echo claimed", "claimed"],
    ["it cannot be opened", "echo Permission denied", "Permission denied"],
    ["nothing is told", "exit 127", "who holds it cannot be told"],
  ])("where %s, not a byte is overwritten", (_what, claim, said) => {
    writeFileSync(path, Buffer.alloc(8 * MiB, "x"));
    const functions = `${filesAsDisks(remoteFunctions)}claim_on() ( ${claim} )\n`;
    const refused = sh(`${withTools(join(folder, "held"), functions, tools)}zero_disk ${quote(path)}\n`);
    expect(refused).toMatchObject({ exit: 1, stdout: `${path} is not free: ${said}\n` });
    expect(readFileSync(path).equals(Buffer.alloc(8 * MiB, "x"))).toBe(true);
  });

  test("where it cannot be overwritten, it is not taken for cleared", () => {
    writeFileSync(path, Buffer.alloc(8 * MiB, "x"));
    const failing = withTools(join(folder, "refusing"), filesAsDisks(remoteFunctions), {
      ...tools,
      blkdiscard: "exit 1",
    });
    expect(sh(`${failing}zero_disk ${quote(path)}\n`).exit).toBe(1);
    expect(readFileSync(path).includes(0)).toBe(false);
  });
});
