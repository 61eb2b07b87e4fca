import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isSyncing, isToBeTold, syncScript } from "../../provider/core/sync";
import { procDrbd } from "./fixtures";
import { type Pair, healthyPair, kernelDevice, nodeAt, pairAt, withKernel } from "./observed-builder";
import { replaced, sh, temporaryFolder } from "./shell";

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

describe("the wait", () => {
  const folder = temporaryFolder();
  const proc = join(folder, "drbd");

  /** drbdadm answers dstate with one line of each file after the other. */
  function follow(disks: string[], cstate: string, seconds: number, state = procDrbd("resync-running.alpha")) {
    writeFileSync(proc, state);
    const answers = join(folder, "answers");
    writeFileSync(answers, `${disks.join("\n")}\n`);
    const drbdadm = `drbdadm() { case $1 in
dstate) head -n 1 ${answers}; [ $(wc -l <${answers}) -gt 1 ] && sed -i 1d ${answers} ;;
cstate) echo ${cstate} ;; esac; }
sleep() { :; }
`;
    const script = replaced(syncScript({ resource: "r0", minor: 1, seconds }), "/proc/drbd", proc);
    return sh(drbdadm + script);
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
    expect(stdout).toBe(`${stalled}--\n`.repeat(5));
    expect(follow([running, running, "UpToDate/UpToDate"], "SyncSource", 60, stalled).exit).toBe(0);
    // A target knows by itself.
    expect(follow([running], "SyncTarget", 8, stalled).exit).toBe(2);
  });

  test("a disk that is never UpToDate alone is not the end", () => {
    expect(follow(["UpToDate/DUnknown"], "SyncSource", 1).exit).toBe(2);
  });
});
