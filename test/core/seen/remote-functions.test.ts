import {
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  mkdirSync,
  openSync,
  writeSync,
  closeSync,
} from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { diskStates } from "../../../provider/core/seen/kernel-states";
import { remoteFunctions } from "../../../provider/core/seen/remote-functions";
import { printText, quote } from "../../../provider/core/seen/shell-words";
import { filesAsDisks, replaced, sh, temporaryFolder, withTools } from "../shell";

const folder = temporaryFolder();
const MiB = 1024 * 1024;

/** A sparse file, zero but for what is written at some places. */
function disk(name: string, bytes: number, written: Readonly<Record<number, string>> = {}): string {
  const path = join(folder, name);
  writeFileSync(path, "");
  truncateSync(path, bytes);
  const file = openSync(path, "r+");
  for (const [at, text] of Object.entries(written)) writeSync(file, text, Number(at), "latin1");
  closeSync(file);
  return path;
}

const run = (call: string) => sh(`${filesAsDisks(remoteFunctions)}\n${call}\n`);
const printed = (call: string) => run(call).stdout.trim();

describe("contents", () => {
  test.each<[string, number, Record<number, string>, string]>([
    ["all zero", 8 * MiB, {}, `zero ${8 * MiB}`],
    ["nothing at all", 0, {}, "zero 0"],
    ["less than a block", 100, {}, "zero 100"],
    ["no multiple of anything", 3 * MiB + 4097, {}, `zero ${3 * MiB + 4097}`],
    ["the first byte", 8 * MiB, { 0: "x" }, "data 0"],
    ["the last byte of the first MiB", 8 * MiB, { [MiB - 1]: "x" }, `data ${MiB - 1}`],
    ["the very last byte", 8 * MiB, { [8 * MiB - 1]: "x" }, `data ${8 * MiB - 1}`],
    ["the last byte of less than a block", 100, { 99: "x" }, "data 99"],
    ["a newline counts", 8 * MiB, { 5: "\n" }, "data 5"],
    ["the first of several", 8 * MiB, { 70: "x", 60: "y" }, "data 60"],
    // 256 samples of 4 KiB: in 64 MiB, one each 255 KiB; data of more than that is always met.
    ["much in the middle, behind a zeroed head", 64 * MiB, { [20 * MiB]: "x".repeat(300_000) }, "data 21147648"],
  ])("%s", (_what, bytes, written, expected) => {
    expect(printed(`contents ${quote(disk("disk", bytes, written))}`)).toBe(expected);
  });

  test("wherever data longer than the gap between two samples begins, it is met", () => {
    const bytes = 16 * MiB;
    const gap = Math.ceil(bytes / 257) + 4096;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes - 2 * gap }), (at) => {
        const path = disk("disk", bytes, { [at]: "x".repeat(2 * gap) });
        const offset = Number(/^data (\d+)$/.exec(printed(`contents ${quote(path)}`))?.[1]);
        expect(offset).toBeGreaterThanOrEqual(at);
        expect(offset).toBeLessThan(at + 2 * gap);
      }),
      { numRuns: 15 },
    );
  });

  test("what cannot be read is neither zero nor data", () => {
    expect(printed(`contents ${quote(join(folder, "missing"))}`)).toMatch(/^open: /);
    expect(printed(`contents ${quote(folder)}`)).toMatch(/^read at 0: |^open: /);
  });

  test("a name is a name, whatever it looks like", () => {
    for (const name of ["a b", "$(x)", "-n", "| ls", "> out", "'"]) {
      const path = disk(name, 4096, { 7: "x" });
      expect(printed(`contents ${quote(path)}`)).toBe("data 7");
      expect(readFileSync(path)).toHaveLength(4096);
    }
  });
});

const swap = disk("swap", MiB, { 4086: "SWAPSPACE2", 1024: "\x01\0\0\0\xff\0\0\0" });

describe("signature", () => {
  test("a blank disk has none", () => {
    expect(printed(`signature ${quote(disk("blank", MiB))}`)).toBe("none");
  });

  test("a known one is told with its type", () => {
    expect(printed(`signature ${quote(swap)}`).split("\n")).toContain("TYPE=swap");
  });

  test("what blkid says when it fails is never taken for none", () => {
    const failing = (body: string) =>
      sh(`${withTools(folder, remoteFunctions, { blkid: body })}\nsignature /dev/vdb\n`).stdout.trim();
    expect(failing("exit 2")).toBe("none");
    expect(failing("echo cannot open; exit 2")).toBe("error cannot open");
    expect(failing("echo ambivalent; exit 8")).toBe("error 8 ambivalent");
    expect(failing("exit 1")).toBe("error 1");
    expect(failing("exit 127")).toBe("error 127");
  });
});

describe("still_blank", () => {
  const path = disk("blank disk", 2 * MiB);
  test.each([
    ["of its size", path, String(2 * MiB), 0, ""],
    ["of any size", path, "any", 0, ""],
    ["of another size", path, String(MiB), 1, `${path} has ${2 * MiB} bytes now; it had ${MiB} when this was planned`],
    [
      "with data",
      disk("written", MiB, { 9: "x" }),
      "any",
      1,
      `${join(folder, "written")} is not blank any more: data 9`,
    ],
    ["gone", join(folder, "gone"), "any", 1, `${join(folder, "gone")} is no block device any more`],
  ])("%s", (_what, at, size, exit, said) => {
    const result = run(`still_blank ${quote(at)} ${size}`);
    expect(result).toMatchObject({ exit, stderr: "" });
    expect(result.stdout.trim()).toBe(said);
  });

  test("with a signature", () => {
    const result = run(`still_blank ${quote(swap)} any`);
    expect(result.exit).toBe(1);
    expect(result.stdout).toContain("is not blank any more");
    expect(result.stdout).toContain("TYPE=swap");
  });

  test("a plain file is no block device", () => {
    const result = sh(`${remoteFunctions}\nstill_blank ${quote(path)} any\n`);
    expect(result).toMatchObject({ exit: 1, stdout: `${path} is no block device any more\n` });
  });
});

describe("blank_before_metadata", () => {
  // What create-md writes at the end of 64 MiB: superblock and activity log, and the bitmap in front of them.
  const metadata = { [64 * MiB - 4096]: "superblock", [64 * MiB - 36864]: "log", [64 * MiB - 36864 - 4096]: "\xff" };
  const blockdev = { blockdev: '[ "$1" = --getsize64 ] && stat -Lc %s "$2"' };
  const check = (path: string) =>
    sh(`${withTools(folder, remoteFunctions, blockdev)}\nblank_before_metadata ${quote(path)}\n`);

  test("its own metadata is passed over", () => {
    expect(check(disk("md", 64 * MiB, metadata))).toEqual({ exit: 0, stdout: "", stderr: "" });
  });

  test.each([
    ["at the beginning", 0],
    ["near the end", 64 * MiB - 200_000],
    ["in the last MiB in front of it", 63 * MiB],
  ])("data %s is not", (_what, at) => {
    const path = disk("md", 64 * MiB, { ...metadata, [at]: "x" });
    expect(check(path)).toMatchObject({
      exit: 1,
      stdout: `${path} is not blank in front of its metadata: data ${at}\n`,
    });
  });

  test("a disk that cannot be read is not taken for blank", () => {
    expect(check(join(folder, "missing")).exit).not.toBe(0);
  });
});

const gi = "0000000000000004:0000000000000000:0000000000000000:0000000000000000:0:0:0:0:0:0:0";
/** Answers to `get-gi` of version 8, as `exit text`; v09-metadata.test.ts has those of version 9. */
const drbdmeta = (answer: string) => `case "$*" in
*v08*get-gi) set -- ${answer} ;; *) echo "not expected: $*"; exit 64 ;; esac
code=$1; shift; [ $# = 0 ] || echo "$*"; exit $code`;

describe("gi and no_metadata", () => {
  test.each([
    ["a blank disk", drbdmeta("1"), "none"],
    ["metadata of 8.4", drbdmeta(`0 ${gi}`), `v08 ${gi}`],
    ["busy", drbdmeta("20 Device or resource busy"), "error 20 Device or resource busy"],
    ["an error with the exit of none", drbdmeta("1 cannot open"), "error 1 cannot open"],
    ["a silent failure", drbdmeta("5"), "error 5"],
    ["no drbdmeta", "exit 127", "error 127"],
  ])("%s", (_what, tool, said) => {
    const script = withTools(folder, remoteFunctions, { drbdmeta: tool });
    const path = disk("blank disk", 2 * MiB);
    expect(sh(`${script}\ngi 1 ${quote(path)} internal\n`).stdout.trim()).toBe(said);
    const guard = sh(`${script}\nno_metadata 1 ${quote(path)} internal\n`);
    expect(guard.exit).toBe(said === "none" ? 0 : 1);
    expect(guard.stdout.trim()).toBe(said === "none" ? "" : `${path} holds DRBD metadata now: ${said}`);
  });

  test("asks for what it was told, and never waits for an answer", () => {
    const script = withTools(folder, remoteFunctions, { drbdmeta: `echo "$@"; cat; exit 3` });
    const asked = sh(`${script}\ngi 7 /dev/disk/by-id/x flex-external\n`).stdout.trim();
    expect(asked).toBe("error 3 7 v08 /dev/disk/by-id/x flex-external get-gi");
  });
});

const used = gi.replace("0000000000000004", "F2099469C0D6C688");

describe("the gate before primary --force", () => {
  interface Answers {
    readonly connection?: string;
    readonly replication?: string;
    readonly disk?: string;
    readonly peerDisk?: string;
    readonly gi?: string;
  }
  /** As `drbdsetup events2 --now r0` and `drbdadm get-gi r0` answer on a real host. */
  const tools = ({
    connection = "Connected",
    replication = "Established",
    disk = "Inconsistent",
    peerDisk = "Inconsistent",
    gi: own = gi,
  }: Answers) => ({
    drbdsetup: `[ "$*" = "events2 --now r0" ] || exit 64
cat <<END
exists resource name:r0 role:Secondary suspended:no
exists connection name:r0 peer-node-id:0 conn-name:peer connection:${connection} role:Secondary
exists device name:r0 volume:0 minor:1 disk:${disk}
exists peer-device name:r0 peer-node-id:0 conn-name:peer volume:0 replication:${replication} peer-disk:${peerDisk}
exists -
END`,
    drbdadm: `[ "$*" = "get-gi r0" ] || exit 64\necho ${quote(own)}`,
    sleep: "exit 0",
  });
  const gate = (call: string, answers: Answers, more = {}) =>
    sh(`${withTools(folder, remoteFunctions, { ...tools(answers), ...more })}\n${call}\n`);

  test("opens for two connected new sides", () => {
    expect(gate("both_new r0", {})).toEqual({ exit: 0, stdout: "", stderr: "" });
  });

  test.each<[Answers, string]>([
    [{ connection: "StandAlone" }, "r0 is StandAlone, not connected to its peer"],
    [{ disk: "UpToDate", peerDisk: "UpToDate" }, "r0 is UpToDate/UpToDate, not Inconsistent/Inconsistent"],
    [{ peerDisk: "UpToDate" }, "r0 is Inconsistent/UpToDate, not Inconsistent/Inconsistent"],
    [{ disk: "UpToDate" }, "r0 is UpToDate/Inconsistent, not Inconsistent/Inconsistent"],
    [{ peerDisk: "DUnknown" }, "r0 is Inconsistent/DUnknown, not Inconsistent/Inconsistent"],
    [{ disk: "", peerDisk: "" }, "not Inconsistent/Inconsistent"],
    [{ gi: used }, `the generation identifiers of r0 are not those of a new device: ${used}`],
    [{ gi: "" }, "the generation identifiers of r0 are not those of a new device:"],
    [{ gi: `x${gi}` }, `the generation identifiers of r0 are not those of a new device: x${gi}`],
  ])("stays shut with %j", (change, said) => {
    const result = gate("both_new r0", change);
    expect(result.exit).toBe(1);
    expect(result.stdout).toContain(said);
  });

  test("does not take two for connected that have not told each other yet whose data is newer", () => {
    const meeting = { replication: "Off", peerDisk: "DUnknown" };
    for (const call of ["both_new r0", "wait_connected r0 1", "wait_up_to_date r0 1"]) {
      const result = gate(call, { ...meeting, disk: "UpToDate" });
      expect([result.exit, result.stdout]).toEqual([
        1,
        expect.stringContaining("r0 is in the handshake, not connected"),
      ]);
    }
  });

  test.each(["StandAlone", "Connecting", "Unconnected", "ConnectedX"])("%j is not connected", (connection) => {
    const result = gate("wait_connected r0 1", { connection });
    expect(result.exit).toBe(1);
    expect(result.stdout).toContain(`r0 is ${connection}, not connected to its peer`);
  });

  test.each<[Answers, number]>([
    [{ disk: "UpToDate", peerDisk: "UpToDate" }, 0],
    [{ disk: "UpToDate", peerDisk: "UpToDate", connection: "StandAlone" }, 1],
    [{ disk: "Inconsistent", peerDisk: "UpToDate" }, 1],
    [{ disk: "UpToDate", peerDisk: "Inconsistent" }, 1],
  ])("that a sync has ended, as this side knows: %j", (answers, exit) => {
    expect(gate("sync_ended r0", answers).exit).toBe(exit);
    const waited = gate("wait_sync_ended r0 1", answers);
    expect(waited.exit).toBe(exit);
    const advice = "`drbdadm disconnect r0 && drbdadm connect r0` on the peer";
    expect(waited.stdout.includes(advice)).toBe(exit === 1);
  });

  test.each([
    ["a resource that is not there", "echo exists -"],
    ["a failure", "echo Could not connect to drbd generic netlink family; exit 20"],
    ["no drbdsetup", "exit 127"],
  ])("%s is not connected", (_what, drbdsetup) => {
    const result = gate("wait_connected r0 1", {}, { drbdsetup });
    expect(result.exit).toBe(1);
    expect(result.stdout).toContain("r0 is unconfigured, not connected to its peer");
  });

  test.each([
    ["Connected", ""],
    ["Connecting", "warned: r0 is Connecting, not connected to its peer"],
    ["StandAlone", "warned: r0 is StandAlone, not connected to its peer"],
  ])("two that are to meet and are %s: no failure, and a warning where they have not met", (connection, said) => {
    const { exit, stdout } = gate('warn() { echo "warned: $*"; }; meet r0 1', { connection });
    expect(exit).toBe(0);
    expect(stdout.startsWith(said)).toBe(true);
    expect(stdout === "").toBe(said === "");
  });

  test("waits for a connection that takes a while", () => {
    const count = join(folder, "count");
    writeFileSync(count, "");
    const slow = `echo >>${count}; [ $(wc -l <${count}) -ge 4 ] && now=Connected || now=Connecting
echo "exists connection name:r0 connection:$now role:Secondary"`;
    expect(gate("wait_connected r0 30", {}, { drbdsetup: slow })).toMatchObject({ exit: 0, stdout: "" });
    expect(readFileSync(count, "utf8")).toHaveLength(4);
  });
});

describe("wait_settled", () => {
  const events = (...disks: string[]) =>
    [
      "exists resource name:r0 role:Secondary suspended:no",
      "exists connection name:r0 peer-node-id:0 conn-name:peer connection:Connected role:Primary",
      ...disks.map((disk, volume) => `exists device name:r0 volume:${volume} minor:${volume} disk:${disk}`),
      "exists peer-device name:r0 peer-node-id:0 conn-name:peer volume:0 replication:Established peer-disk:Negotiating",
      "exists -",
    ].join("\n");
  const settle = (drbdsetup: string) =>
    sh(`${withTools(folder, remoteFunctions, { drbdsetup, sleep: "exit 0" })}\nwait_settled r0 2\n`);
  const printing = (text: string) => `[ "$*" = "events2 --now r0" ] || exit 64\nprintf '%s\\n' ${quote(text)}`;

  test.each(Object.entries(diskStates))("%s, which is %s", (state, meaning) => {
    for (const text of [events(state), events("UpToDate", state)]) {
      expect(settle(printing(text)).exit).toBe(meaning === "passing" ? 1 : 0);
    }
  });

  test("says where it came to no end", () => {
    expect(settle(printing(events("UpToDate", "Negotiating")))).toEqual({
      exit: 1,
      stdout: "a disk of r0 is on its way to another state still, after 2 s: Negotiating\n",
      stderr: "",
    });
  });

  test.each([
    ["a resource that is not there", "echo exists -"],
    ["a failure, which the next look tells", "echo Could not connect to drbd generic netlink family; exit 20"],
  ])("%s is waited for by nobody", (_what, drbdsetup) => {
    expect(settle(drbdsetup).exit).toBe(0);
  });

  test("goes on once the state is another", () => {
    const count = join(folder, "settling");
    writeFileSync(count, "");
    const slow = `echo >>${count}; [ $(wc -l <${count}) -ge 4 ] && now=SyncTarget || now=Negotiating
echo "exists device name:r0 volume:0 minor:1 disk:$now"`;
    expect(settle(slow)).toEqual({ exit: 0, stdout: "", stderr: "" });
    expect(readFileSync(count, "utf8")).toHaveLength(4);
  });
});

describe("put", () => {
  const target = join(folder, "etc", "some file.conf");
  const put = (text: string, mode = "0644") =>
    sh(`${remoteFunctions}\ntext() { ${printText(text)}; }\nput ${quote(target)} ${mode}\n`);
  const mode = (path: string) => (statSync(path).mode & 0o7777).toString(8);

  test("makes the folder, replaces what was there, sets the mode", () => {
    expect(put("first\n")).toEqual({ exit: 0, stdout: "", stderr: "" });
    expect(readFileSync(target, "utf8")).toBe("first\n");
    expect(mode(target)).toBe("644");
    const before = statSync(target).ino;
    expect(put("second, 'with' \\ everything\0".replace("\0", "$(id)\n"), "0600").exit).toBe(0);
    expect(readFileSync(target, "utf8")).toBe("second, 'with' \\ everything$(id)\n");
    expect(mode(target)).toBe("600");
    expect(statSync(target).ino).not.toBe(before);
  });

  test.each([
    ["no room while it is written", "printf the; return 1", { cat: "head -c 3; exit 1" }],
    ["it cannot be made durable", printText("the new one\n"), { sync: "exit 1" }],
    ["it cannot be renamed", printText("the new one\n"), { mv: "exit 1" }],
  ])("%s: the old file stays whole, and nothing is left beside it", (_what, text, tools) => {
    put("the old one\n");
    const own = join(folder, "failing");
    mkdirSync(own, { recursive: true });
    const script = withTools(own, remoteFunctions, tools);
    const result = sh(`${script}\ntext() { ${text}; }\nput ${quote(target)} 0644\n`);
    expect(result.exit).not.toBe(0);
    expect(readFileSync(target, "utf8")).toBe("the old one\n");
    expect(sh(`ls -A ${quote(join(folder, "etc"))}`).stdout).toBe("some file.conf\n");
  });
});

describe("nobody_holds", () => {
  test("a device that nobody has open, or that is not there", () => {
    expect(run("nobody_holds /dev/no-such-device")).toMatchObject({ exit: 0, stdout: "" });
  });

  test("names the process that has it open, whatever it calls the device", () => {
    // /dev/full stands for the device here: its number is looked for among what is open, as that of a block device is.
    const script = replaced(remoteFunctions, "next unless -b _ &&", "next unless -c _ &&");
    const call = "sleep 60 </dev/full & sleep 0.2; nobody_holds /dev/full; code=$?; kill $!; exit $code";
    const { exit, stdout } = sh(`${script}\n${call}\n`);
    expect(exit).toBe(1);
    expect(stdout).toMatch(/^\/dev\/full is held open by sleep \(pid \d+\)\n$/);
  });

  test("whoever opens it for a moment, as udev does, is waited for", () => {
    const script = replaced(remoteFunctions, "next unless -b _ &&", "next unless -c _ &&");
    expect(sh(`${script}\nsleep 0.4 </dev/full & nobody_holds /dev/full\n`)).toMatchObject({ exit: 0, stdout: "" });
  });

  test("names where it is mounted, which no process has open", () => {
    // A folder stands for the device here: its own device is what is mounted there.
    const script = replaced(remoteFunctions, "(stat $ARGV[0])[6]", "(stat $ARGV[0])[0]");
    expect(sh(`${script}\nnobody_holds /proc\n`)).toMatchObject({
      exit: 1,
      stdout: expect.stringMatching(/^\/proc is held open by .*the mount on \/proc(,|$)/m) as string,
    });
  });
});
