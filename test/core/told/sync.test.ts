import { memoryOfOne } from "../one-volume";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseProbe } from "../../../provider/core/seen/parse-probe";
import { type Memory, noMemory } from "../../../provider/core/seen/memory";
import { formatSync, isSyncing, kindOfSync } from "../../../provider/core/told/sync";
import { isToBeTold, syncScript } from "../../../provider/core/steps/sync-script";
import { progressIn } from "../../../provider/core/seen/sync-progress";
import { procDrbd } from "../fixtures";
import { captured9, events9, probe9 } from "../fixtures-9";
import {
  type Pair,
  healthyPair,
  kernelDevice,
  nodeAt,
  pairAt,
  remembered,
  withKernel,
  withLook,
} from "../observed-builder";
import { replaced, sh, temporaryFolder } from "../shell";

test.each<[string, Pair, boolean]>([
  ["a first sync", pairAt("promoted"), true],
  ["both sides new, before any", pairAt("connected"), true],
  ["healthy", healthyPair(), false],
  ["down", pairAt("metadata"), false],
  ["apart", [withKernel(nodeAt("alpha", "promoted"), { connection: "Connecting" }), nodeAt("bravo", "blank")], false],
  [
    "only the other side tells",
    [nodeAt("alpha", "blank"), withKernel(nodeAt("bravo", "synced"), { devices: [kernelDevice("Inconsistent")] })],
    true,
  ],
])("%s: there is something to wait for is %s", (_what, nodes, expected) => {
  expect(isSyncing("r0", nodes)).toBe(expected);
});

describe("a sync is called the initial one", () => {
  const source = (kernelGi: string): Pair => [
    withLook(nodeAt("alpha", "promoted"), { kernelGi }),
    withKernel(nodeAt("bravo", "promoted"), { devices: [kernelDevice("Inconsistent")] }),
  ];
  // What DRBD 8.4.11 and 9.2.16 told of the source.
  const first84 = "0A2282C948EF8009:CE26BD68D225D7D9:0000000000000004:0000000000000000:1:1:1:1:0:1:0";
  const first9 = "8AEA3EA4B95F7A30:0000000000000000:0000000000000000:0000000000000000:1:1:1:1:0:0:0:1:1:1:0:1";
  const later84 = "0A2282C948EF8009:094E17C1E7068035:CE26BD68D225D7D9:0000000000000004:1:1:1:1:0:1:0";

  test.each<[string, Pair, Memory, string]>([
    ["on DRBD 8.4", source(first84), noMemory, "initial sync"],
    ["on DRBD 9", source(first9), noMemory, "initial sync"],
    ["not where the source has older generations", source(later84), noMemory, "resync"],
    ["not where the pair was in use before", source(first84), remembered, "resync"],
  ])("%s", (_what, nodes, memory, kind) => {
    expect(kindOfSync("r0", nodes, memoryOfOne(memory))).toBe(kind);
  });
});

describe("the wait", () => {
  const folder = temporaryFolder();
  const proc = join(folder, "drbd");

  /** drbdadm answers dstate with one line of each file after the other. */
  function follow(
    disks: string[],
    cstate: string,
    seconds: number,
    state = procDrbd("resync-running.alpha"),
    more = "",
  ) {
    writeFileSync(proc, state);
    const answers = join(folder, "answers");
    writeFileSync(answers, `${disks.join("\n")}\n`);
    const drbdadm = `drbdadm() { case $1 in
dstate) head -n 1 ${answers}; [ $(wc -l <${answers}) -gt 1 ] && sed -i 1d ${answers} ;;
cstate) echo ${cstate} ;; esac; }
sleep() { :; }
`;
    const script = replaced(syncScript({ resource: "r0", minors: [1], seconds }), "/proc/drbd", proc);
    return sh(drbdadm + more + script);
  }
  const running = "UpToDate/Inconsistent";

  test("ends when both disks are UpToDate, and tells how far it is until then", () => {
    const { exit, stdout } = follow([running, running, "UpToDate/UpToDate"], "SyncSource", 60);
    expect(exit).toBe(0);
    const block = readFileSync(proc, "utf8").split("\n").slice(3, 7).join("\n");
    expect(block).toContain("sync'ed:  1.6%");
    expect(stdout).toBe(`${block}\n--\n`.repeat(2));
  });

  test("ends when the connection is lost", () => {
    for (const state of ["StandAlone", "WFConnection", "Connecting"]) {
      expect(follow([running], state, 60)).toMatchObject({ exit: 1, stdout: `connection ${state}\n` });
    }
  });

  test("ends when the time is up, and says where it stood", () => {
    const { exit, stdout } = follow([running], "SyncSource", 3);
    expect(exit).toBe(2);
    expect(stdout.split("\n--\n")).toHaveLength(4);
    expect(stdout.endsWith(`--\nSyncSource ${running}\n`)).toBe(true);
  });

  test("ends where the source has nothing left to send and does not notice, but not at once", () => {
    // As seen in the lab (8.4.11), ten minutes long.
    const stalled = ` 1: cs:SyncSource ro:Primary/Secondary ds:UpToDate/Inconsistent C r-----
    ns:2692 nr:0 dw:395640 dr:6545 al:11 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:0
\t[===================>] sync'ed:100.0% (0/327632)K
\tfinish: 0:00:00 speed: 600 (600) K/sec (stalled)
`;
    const { exit, stdout } = follow([running], "SyncSource", 60, stalled);
    expect([0, 1, 2, 3].map((told) => isToBeTold(exit, told))).toEqual([true, true, true, false]);
    expect(stdout).toBe(`${`${stalled}--\n`.repeat(5)}SyncSource ${running}\n`);
    expect(follow([running, running, "UpToDate/UpToDate"], "SyncSource", 60, stalled).exit).toBe(0);
    // A target knows by itself.
    expect(follow([running], "SyncTarget", 8, stalled).exit).toBe(2);
  });

  describe("with a DRBD 9 module, whose /proc/drbd has no devices", () => {
    const version = captured9("syncing-source-alpha.alpha", "cat /proc/drbd");
    const running9 = events9("syncing-source-alpha.alpha");
    const follow9 = (text: string, disks: string[], cstate = "Connected", seconds = 60) =>
      follow(
        disks,
        cstate,
        seconds,
        version,
        `drbdsetup() { [ "$*" = "events2 --now --statistics r0" ] && cat <<'END'\n${text}END\n}\n`,
      );

    test("tells percent, speed and time left", () => {
      const { exit, stdout } = follow9(running9, [running, running, "UpToDate/UpToDate"]);
      expect(exit).toBe(0);
      const blocks = stdout.split("\n--\n").slice(0, -1);
      expect(blocks).toHaveLength(2);
      for (const block of blocks) {
        expect(progressIn(block, [1])).toEqual({ percent: 0.7, speed: 1413, finish: "0:03:50" });
        expect(formatSync("initial sync", progressIn(block, [1])!)).toBe(
          "initial sync 0.7 %, 1,413 KiB/s, 0:03:50 left",
        );
      }
    });

    test("ends when the connection is lost, or is not there at all", () => {
      expect(follow9(running9, [running], "Connecting")).toMatchObject({ exit: 1, stdout: "connection Connecting\n" });
      const gone = follow9(running9, [running], "'r0: No such connection'");
      expect(gone).toMatchObject({ exit: 1, stdout: "connection r0: No such connection\n" });
    });

    test("ends where the source has nothing left to send and does not notice", () => {
      const stalled = running9.replace("out-of-sync:325328", "out-of-sync:0");
      expect(isToBeTold(follow9(stalled, [running]).exit, 0)).toBe(true);
      expect(follow9(running9, [running], "Connected", 8).exit).toBe(2);
      const target = stalled.replace("replication:SyncSource", "replication:SyncTarget");
      expect(follow9(target, [running], "Connected", 8).exit).toBe(2);
    });

    test("what runs no sync tells no progress", () => {
      expect(progressIn(events9("connected-uptodate-primary-mounted.alpha"), [1])).toBeUndefined();
      expect(progressIn("", [1])).toBeUndefined();
      const at = (told: string, replication = "SyncTarget") =>
        progressIn(
          "exists device name:r0 volume:0 minor:1 disk:Inconsistent\n" +
            `exists peer-device name:r0 peer-node-id:1 volume:0 replication:${replication} ${told}`,
          [1],
        );
      expect(at("done:12.5 eta:nothing")).toEqual({ percent: 12.5 });
      expect(at("done:99.9 eta:36610")?.finish).toBe("10:10:10");
      // A verify.
      expect(at("done:12.5", "VerifyS")).toBeUndefined();
    });

    test("a look tells it as well, of each volume's own minor: a preview shows it", () => {
      const other = running9.replaceAll("name:r0", "name:r1").replaceAll("minor:1", "minor:2").replace("0.70", "55.5");
      const text = probe9("connected-uptodate-primary-mounted.alpha", "tables").replace(
        /^@N events\n[^]*?@N exit/m,
        `@N events\n${running9.replace("exists -\n", "")}${other}\n@N exit`,
      );
      const { sync } = parseProbe("N", text);
      expect([...sync].map(([minor, { percent }]) => [minor, percent])).toEqual([
        [1, 0.7],
        [2, 55.5],
      ]);
    });
  });

  test("a disk that is never UpToDate alone is not the end", () => {
    expect(follow(["UpToDate/DUnknown"], "SyncSource", 1).exit).toBe(2);
  });
});
