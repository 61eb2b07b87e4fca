/** What runs on a host before a side is given up: the guards, by what real pairs say, and the copy. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { remoteFunctions } from "../../provider/core/seen/remote-functions";
import { commandLine, quote } from "../../provider/core/seen/shell-words";
import { events } from "../core/fixtures";
import { replaced, sh, temporaryFolder, withTools } from "../core/shell";

const folder = temporaryFolder();

function check(call: readonly string[], tools: Readonly<Record<string, string>>): [number | null, string] {
  const { exit, stdout } = sh(`${withTools(folder, remoteFunctions, tools)}\n${commandLine(call)}\n`);
  return [exit, stdout.trim()];
}

const says = (text: string): string => `cat <<'END'\n${text}\nEND`;

describe("still_differs", () => {
  const gi = "718431164AB65DE3:2F6CB04648729E94:2F6BB04648729E94:0000000000000000:1:1:1:0:0:0:0";
  const standalone = (kib: number) =>
    says(`exists resource name:r0 role:Secondary suspended:no
exists connection name:r0 peer-node-id:0 conn-name:peer connection:StandAlone role:Unknown
exists device name:r0 volume:0 minor:1 disk:UpToDate size:327632 read:1 written:2
exists device name:r0 volume:1 minor:2 disk:UpToDate size:327632 read:1 written:2
exists peer-device name:r0 peer-node-id:0 conn-name:peer volume:0 replication:Off peer-disk:DUnknown resync-suspended:no received:0 sent:0 out-of-sync:${kib} pending:0 unacked:0
exists peer-device name:r0 peer-node-id:0 conn-name:peer volume:1 replication:Off peer-disk:DUnknown resync-suspended:no received:0 sent:0 out-of-sync:8 pending:0 unacked:0
exists -`);
  const tools = { drbdadm: `echo ${gi}`, drbdsetup: standalone(2048) };

  test.each([
    [["r0/0", "718431164AB65DE2", "2048"], 0],
    [["r0/1", "718431164AB65DE2", "8"], 0],
    [["r0/0", "718431164AB65DE2", "any"], 0],
    [["r0/0", "718431164AB65DE2", "8"], 1],
    [["r0/0", "718431164AB65DE4", "2048"], 1],
    [["r0/0", "818431164AB65DE2", "2048"], 1],
  ] as const)("%j: exit %d", (args, exit) => {
    expect(check(["still_differs", ...args], tools)[0]).toBe(exit);
  });

  test("of a resource with one volume, by its name alone", () => {
    const one = replaced(standalone(12), "volume:1", "volume:0").split("\n");
    const only = one.filter((line, index) => index !== 4 && index !== 6).join("\n");
    expect(check(["still_differs", "r0", "718431164AB65DE2", "12"], { ...tools, drbdsetup: only })).toEqual([0, ""]);
  });

  test("drbdadm that fails is no generation", () => {
    const [exit, said] = check(["still_differs", "r0", "718431164AB65DE2", "any"], {
      drbdadm: "echo 'no such thing'; exit 10",
    });
    expect([exit, said.includes("no such thing")]).toEqual([1, true]);
  });
});

describe("peer_is_whole", () => {
  test.each([
    ["connected-uptodate.alpha", 0],
    // The peer is Primary there.
    ["connected-uptodate.bravo", 1],
    ["resync-running.alpha", 1],
    ["peer-diskless.alpha", 1],
    ["alpha-down.bravo", 1],
    ["split-brain-standalone.alpha", 1],
    ["standalone-after-link-loss.alpha", 1],
  ])("%s: exit %d", (capture, exit) => {
    expect(check(["peer_is_whole", "r0"], { drbdsetup: says(events(capture)) })[0]).toBe(exit);
  });
});

describe("copy_disk", () => {
  const disk = join(folder, "disk");
  const note = join(folder, "notes", "r0.kept");
  const bytes = 8 * 1024 * 1024 + 4096;
  const content = Buffer.alloc(bytes + 65536);
  content.write("it begins", 0);
  content.write("it ends", bytes - 7);
  content.write("DRBD's own", bytes);

  beforeAll(() => {
    writeFileSync(disk, content);
  });

  const copy = (place: string) => check(["copy_disk", disk, place, String(bytes), note, `GENERATION ${place}`], {});

  test("a file: all of the device's bytes and none of the metadata, and then its line in the note", () => {
    const place = join(folder, "copy");
    expect(copy(place)).toEqual([0, ""]);
    expect(readFileSync(place).equals(content.subarray(0, bytes))).toBe(true);
    expect(statSync(place).blocks * 512).toBeLessThan(bytes / 8);
    expect(statSync(place).mode & 0o077).toBe(0);
    expect(existsSync(`${place}.pulumi-drbd`)).toBe(false);
    expect(readFileSync(note, "utf8")).toBe(`begun GENERATION ${place}\nGENERATION ${place}\n`);
    expect(check(["copy_holds", disk, place, String(bytes)], {})).toEqual([0, ""]);
    writeFileSync(place, content.subarray(0, bytes).fill(1, 4096, 4097));
    expect(check(["copy_holds", disk, place, String(bytes)], {})[0]).toBe(1);
    content.fill(0, 4096, 4097);
  });

  test("a run that was stopped in it goes on: what it began is its own", () => {
    const place = join(folder, "begun");
    writeFileSync(note, `${readFileSync(note, "utf8")}begun GENERATION ${place}\n`);
    writeFileSync(place, "half");
    writeFileSync(`${place}.pulumi-drbd`, "half");
    expect(copy(place)).toEqual([0, ""]);
    expect(readFileSync(place).equals(content.subarray(0, bytes))).toBe(true);
  });

  test("a file that is there is not written over, nor noted", () => {
    const place = join(folder, "mine");
    writeFileSync(place, "mine");
    const [exit, said] = copy(place);
    expect([exit, said]).toEqual([1, `${place} is there already: nothing is written over`]);
    expect(readFileSync(place, "utf8")).toBe("mine");
    expect(readFileSync(note, "utf8")).not.toContain(place);
  });

  test.each([
    ["/dev/nothing-of-that-name", /is no block device on this host/],
    [join(folder, "nowhere", "copy"), /there is no folder/],
  ])("%s: said why", (place, why) => {
    const [exit, said] = copy(place);
    expect(exit).toBe(1);
    expect(said).toMatch(why);
  });

  test("no room: nothing is begun", () => {
    const small = join(folder, "small");
    mkdirSync(small);
    const place = join(small, "copy");
    const tools = { df: `printf 'Filesystem 1024-blocks Used Available\\n/dev/x 100 10 90 1%% ${quote(small)}\\n'` };
    const [exit, said] = check(["copy_disk", disk, place, String(bytes), note, "x"], tools);
    expect([exit, said]).toEqual([1, `${small} has 90 KiB left, and the copy takes ${bytes / 1024} KiB`]);
    expect(existsSync(`${place}.pulumi-drbd`)).toBe(false);
  });
});
