import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../core/shell";
import { type, valuesOnBravo, type Night } from "./host-at-night";
import { stateOf, states } from "./states";

const folder = temporaryFolder();
const takeover = (night: Night, ...argv: string[]) => type(folder, night, "drbd-takeover", "r0", ...argv);
const word = ["--peer-is-off", "alpha"] as const;

const resource = "exists resource name:r0 role:Secondary suspended:no write-ordering:flush\n";
const connection = (state: string, role = "Unknown") =>
  `exists connection name:r0 peer-node-id:0 conn-name:peer connection:${state} role:${role} congested:no\n`;
const device = (disk: string, volume = 0) =>
  `exists device name:r0 volume:${volume} minor:${volume + 1} disk:${disk} size:327632 read:0 written:0 al-writes:0 bm-writes:0 upper-pending:0 lower-pending:0 al-suspended:no blocked:no\n`;
const peerDevice = (replication: string, disk: string, volume = 0) =>
  `exists peer-device name:r0 peer-node-id:0 conn-name:peer volume:${volume} replication:${replication} peer-disk:${disk} resync-suspended:no received:0 sent:0 out-of-sync:0 pending:0 unacked:0\n`;
const alone = (disk: string, state = "Connecting") =>
  `${resource}${connection(state)}${device(disk)}${peerDevice("Off", "DUnknown")}exists -\n`;

const silent = "10.0.99.1 22 silent No route to host\n10.0.99.1 7789 silent\nalpha.example 2222 silent\n";
const dead: Night = { events: alone("UpToDate"), answers: silent };
const promoted = "drbdadm primary --force r0";

test("a dead peer: promoted, mounted, served, and what its return means is told", () => {
  const { exit, said, calls, mounted } = takeover(dead, ...word);
  expect(exit === 0 ? "" : said).toBe("");
  expect(calls).toEqual([promoted, "systemctl start srv-my\\x20data.mount web.service db.service"]);
  expect(mounted).toEqual(["147:1 /srv/my\\040data"]);
  expect(said).toContain(
    "/dev/drbd1 is mounted on /srv/my data.\nweb.service runs.\ndb.service runs.\nWhen alpha comes back:\n",
  );
  expect(said).toContain("  10.0.99.1: port 22: no answer (No route to host), port 7789: no answer, ping: no answer\n");
});

test("the filesystem's module is loaded before the question, and no other", () => {
  const fstab = "# /srv/my\\040data\n/dev/vda / ext4 defaults 0 1\n/dev/drbd1 /srv/my\\040data xfs noauto 0 0\n";
  const { calls } = takeover({ ...dead, fstab }, ...word);
  expect(calls.slice(0, 2)).toEqual(["modprobe -q xfs", promoted]);
});

test("with the resource's target, that is what is started", () => {
  const files = { "etc/systemd/system/drbd-primary-services@.target": "" };
  const { exit, calls } = takeover({ ...dead, files }, ...word);
  expect(exit).toBe(0);
  expect(calls).toEqual([promoted, "systemctl start drbd-primary-services@r0.target"]);
});

test("without systemd it is mounted by fstab", () => {
  const values = valuesOnBravo.replaceAll(/service .*\n/g, "");
  const { exit, calls } = takeover({ ...dead, values, tools: { systemctl: "exit 127" }, files: {} }, ...word);
  expect(calls[0]).toBe(promoted);
  expect([exit, calls.length]).toEqual([3, 1]);
});

test.each([
  ["ping", { ...dead, pingAnswers: true }],
  ["an open port", { ...dead, answers: silent.replace("22 silent No route to host", "22 accepted") }],
  ["a refused port", { ...dead, answers: silent.replace("7789 silent", "7789 refused") }],
  ["its name's port alone", { ...dead, answers: silent.replace("2222 silent", "2222 accepted") }],
])("the peer answers by %s: refused, and nothing is touched", (_what, night) => {
  const { exit, said, calls } = takeover(night, ...word);
  expect(exit).toBe(1);
  expect(said).toContain("Refused: alpha answers, so it is alive.");
  expect(calls).toEqual([]);
});

test("an address of the host itself tells nothing of its peer", () => {
  const answers = `10.0.99.1 22 silent\nalpha.example - own\nalpha.example ping answered\n`;
  const tools = { ping: `case "$*" in *alpha.example) exit 0 ;; *) exit 1 ;; esac` };
  const { exit, said } = takeover({ ...dead, answers, tools }, ...word);
  expect(said).toContain("  alpha.example: , an address of bravo itself: not counted\n".replace(": , ", ": "));
  expect(exit).toBe(0);
});

test("what could not be tried is told", () => {
  const answers = "10.0.99.1 22 silent\nalpha.example - unknown\n";
  const { said } = takeover({ ...dead, answers }, ...word);
  expect(said).toMatch(/alpha\.example: .*no address is known for this name: could not be tried/);
});

test.each([[[]], [["--peer-is-off", "bravo"]], [["--peer-is-off", "Alpha"]], [["--peer-is-off="]]])(
  "without a person's word, or with a wrong one (%j): refused",
  (argv) => {
    const { exit, calls } = takeover(dead, ...argv);
    expect(exit).toBe(1);
    expect(calls).toEqual([]);
  },
);

const good = ["UpToDate", "Consistent"];
test.each(["UpToDate", "Consistent", "Inconsistent", "Outdated", "Diskless", "Failed", "Attaching", "DUnknown"])(
  "a disk that is %s",
  (disk) => {
    const { exit, calls, said } = takeover({ ...dead, events: alone(disk) }, ...word);
    expect(calls.includes(promoted)).toBe(good.includes(disk));
    expect(exit).toBe(good.includes(disk) ? 0 : 1);
    if (!good.includes(disk)) expect(said).toContain(`volume 0, /dev/drbd1: ${disk}: `);
  },
);

test("being filled from a peer that is there: nobody is told to bring it back", () => {
  const events = `${resource}${connection("Connected", "Primary")}${device("Inconsistent")}${peerDevice("SyncTarget", "UpToDate")}exists -\n`;
  const { exit, said, calls } = takeover({ ...dead, events }, ...word);
  expect([exit, calls]).toEqual([1, []]);
  expect(said).toContain("alpha is connected, and Primary: `drbd-where r0` shows how far bravo is filled from it.");
  expect(said).not.toContain("Bring alpha back");
});

test("a split brain, and the peer answers: not told to mend a link that is whole", () => {
  const journal =
    "2026-11-27T11:49:29+00:00 bravo kernel: drbd r0/0 drbd1: Split-Brain detected but unresolved, dropping connection!\n";
  const night: Night = { events: alone("UpToDate", "StandAlone"), answers: "10.0.99.1 22 accepted\n" };
  const { exit, said } = takeover({ ...night, journal }, ...word);
  expect(exit).toBe(1);
  expect(said).toContain("It is a split brain, found 2026-11-27 11:49:29");
  expect(said).not.toContain("mend the link");
  expect(takeover(night, ...word).said).toContain("mend the link");
});

test("of several volumes each must be good", () => {
  const events = `${resource}${connection("Connecting")}${device("UpToDate")}${device("Inconsistent", 1)}${peerDevice("Off", "DUnknown")}${peerDevice("Off", "DUnknown", 1)}exists -\n`;
  const { exit, said, calls } = takeover({ ...dead, events }, ...word);
  expect([exit, calls]).toEqual([1, []]);
  expect(said).toContain("volume 1, /dev/drbd2: Inconsistent: half old, half new");
  expect(said).not.toContain("volume 0, /dev/drbd1: UpToDate:");
});

// Every state of a real pair: promoted exactly where the peer is not connected and all the data is whole.
test.each(states)("$name: promoted only where it may be", ({ events, procDrbd, host }) => {
  const peer = host === "alpha" ? "bravo" : "alpha";
  const values = valuesOnBravo.replace("peer alpha", `peer ${peer}`).replace("host bravo", `host ${host}`);
  const night: Night = { events, procDrbd, values, uname: host, answers: silent };
  const { calls, exit } = takeover(night, "--peer-is-off", peer);
  const disks = [...events.matchAll(/^exists device .* disk:(\S+)/gm)].map(([, disk]) => disk ?? "");
  const isSecondary = / role:Secondary suspended/.test(events);
  const isApart = !events.includes("connection:Connected");
  const isWhole = disks.length > 0 && disks.every((disk) => good.includes(disk));
  expect(calls.filter((call) => call.startsWith("drbdadm"))).toEqual(
    isSecondary && isApart && isWhole ? [promoted] : [],
  );
  if (isSecondary && !(isApart && isWhole)) expect(exit).toBe(1);
});

test("Primary already: only what is not there is mounted and started, without a question", () => {
  const events = alone("UpToDate").replace("role:Secondary suspended", "role:Primary suspended");
  const { exit, said, calls } = takeover({ ...dead, events });
  expect(exit).toBe(0);
  expect(said).toContain("r0 is Primary on bravo already.");
  expect(calls).toEqual(["systemctl start srv-my\\x20data.mount web.service db.service"]);
});

test("what is checked is checked again: the peer is back just before the force", () => {
  const back = `${resource}${connection("Connected", "Primary")}${device("UpToDate")}${peerDevice("Established", "UpToDate")}exists -\n`;
  const note = "n=$(cat count 2>/dev/null || echo 0); echo $((n + 1)) >count";
  // drbdsetup is asked for the list of resources, for the first look, and again before the force.
  const tools = {
    drbdsetup: `cd ${folder}; case "$1" in events2) ${note}; if [ "$n" -ge 2 ]; then cat <<'END'\n${back}END\nelse cat events; fi ;; *) cat show ;; esac`,
  };
  const { exit, said, calls } = takeover({ ...dead, tools }, ...word);
  expect(said).toContain("Refused: alpha is connected again. Nothing was changed.");
  expect([exit, calls]).toEqual([1, []]);
});

test("a promotion that drbdadm refuses: its words, and nothing is mounted", () => {
  const tools = {
    drbdadm: `case "$1" in primary) echo "(-7) Refusing to be Primary"; exit 11 ;; sh-resources) echo r0 ;; esac`,
  };
  const { exit, said, calls } = takeover({ ...dead, tools }, ...word);
  expect(exit).toBe(3);
  expect(said).toContain(
    "`drbdadm primary --force r0` (exit 11):\n(-7) Refusing to be Primary\nr0 is not Primary here",
  );
  expect(calls).toEqual([]);
});

test("a mount that fails: what it said, and what to do", () => {
  const tools = { systemctl: `[ "$1" != start ] || { echo "Job for srv.mount failed."; exit 1; }; exit 3` };
  const { exit, said } = takeover({ ...dead, tools }, ...word);
  expect(exit).toBe(3);
  expect(said).toContain(
    "Failed half-way: r0 is Primary on bravo, but not all of it is served:\n  | Job for srv.mount failed.\n",
  );
  expect(said).toContain("/srv/my data is not mounted. See why: `mount '/srv/my data'`");
  expect(said).toContain("web.service does not run.");
});

test("the protocol of a resource that is StandAlone, where the kernel has no connection any more, is the configuration's", () => {
  const show = "resource r0 {\n    options {\n    }\n    _this_host {\n    }\n}\n";
  const dump = "resource r0 {\n    net {\n        protocol           A;\n        sndbuf-size      10M;\n    }\n}\n";
  const night: Night = { ...dead, events: alone("UpToDate", "StandAlone"), show, dump };
  expect(takeover(night, ...word).said).toMatch(/Protocol A\. May be lost:\n.*sndbuf-size 10M/);
});

test("what protocol A may lose", () => {
  const show = "resource r0 {\n net {\n  protocol A;\n  sndbuf-size 2048k; # bytes\n }\n}\n";
  const { said } = takeover({ ...dead, show }, ...word);
  expect(said).toContain(
    "Protocol A. May be lost:\n  - what alpha had told its programs to be written, and was still under way to bravo: as a rule not more than its send buffer (sndbuf-size 2048k)\n",
  );
});

test.each<[string, string, string, boolean]>([
  ["as the kernel has it", "protocol A;\n  on-congestion pull-ahead;", "", true],
  [
    "as the configuration has it, whatever the kernel was told",
    "protocol A;\n  on-congestion block;",
    "pull-ahead",
    true,
  ],
  ["no: it blocks", "protocol A;\n  on-congestion block; # default", "block", false],
  ["no: under C DRBD takes none", "protocol C;", "pull-ahead", false],
])("a peer that may have run ahead: the loss is unbounded (%s)", (_what, net, installed, isTold) => {
  const show = `resource r0 {\n net {\n  ${net}\n }\n}\n`;
  const dump = `resource r0 {\n    net {\n        on-congestion    ${installed};\n    }\n}\n`;
  const { said } = takeover({ ...dead, show, dump }, ...word);
  expect(said.includes("since a burst of writes began: unbounded")).toBe(isTold);
  expect(said.includes("the two are a split brain when alpha comes back")).toBe(isTold);
});

const journal84 = `2026-11-27T11:45:59+00:00 bravo kernel: drbd r0/0 drbd1: peer( Unknown -> Secondary ) conn( WFReportParams -> Connected ) pdsk( DUnknown -> UpToDate ) 
2026-11-27T11:46:08+00:00 bravo kernel: drbd r0/0 drbd1: peer( Secondary -> Primary ) 
2026-11-27T11:49:29+00:00 bravo kernel: drbd r0: peer( Primary -> Unknown ) conn( Connected -> NetworkFailure ) pdsk( UpToDate -> DUnknown ) 
2026-11-27T11:49:29+00:00 bravo kernel: drbd r0: conn( NetworkFailure -> Unconnected ) 
`;

test("since when the peer is gone, and what it was, by the kernel's log", () => {
  const { said } = takeover({ ...dead, journal: journal84 }, ...word);
  expect(said).toContain(
    "volume 0, /dev/drbd1: here UpToDate; alpha was UpToDate; 0 KiB known to differ\n  alpha is gone since 2026-11-27 11:49:29; it was Primary then.\n",
  );
});

test("without a file of values the peer and its addresses come from drbdadm and the kernel, and the mount from fstab", () => {
  const dump = `resource r0 {
    on alpha {
        device           /dev/drbd1 minor 1;
        address          ipv4 10.0.99.1:7789;
    }
    on bravo {
        address          ipv4 10.0.99.2:7789;
    }
}
`;
  const show =
    "resource r0 {\n    _remote_host {\n        address\t\t\tipv4 10.0.99.1:7789;\n    }\n    _this_host {\n        address\t\t\tipv4 10.0.99.2:7789;\n    }\n}\n";
  const { exit, said, calls } = takeover({ ...dead, values: null, dump, show }, ...word);
  expect(said).toContain("  10.0.99.1: port 22: no answer (No route to host), port 7789: no answer, ping: no answer\n");
  expect(said).not.toContain("10.0.99.2:");
  expect(said).toContain("No mount point and no service of r0 is known on bravo");
  expect([exit, calls]).toEqual([0, [promoted]]);
});

test.each([
  ["no such resource", ["r1"], 2, 'bravo has no resource "r1".\nIt has: r0'],
  ["no resource", [], 2, "Which resource? bravo has: r0"],
  ["two resources", ["r0", "r1"], 2, "takes one resource at a time"],
  ["an unknown option", ["--force", "r0"], 2, "drbd-takeover has no option --force"],
  ["--help", ["--help"], 0, "It ends with 0 when the resource is served here"],
])("called with %s", (_what, argv, exit, said) => {
  const heard = type(folder, dead, "drbd-takeover", ...argv);
  expect(heard.exit).toBe(exit);
  expect(heard.said).toContain(said);
  expect(heard.calls).toEqual([]);
});

test("not root, no module, a resource that is down: each is told, and nothing is done", () => {
  expect(takeover({ ...dead, user: 1000 }, ...word)).toMatchObject({
    exit: 1,
    said: expect.stringContaining("sudo drbd-takeover") as string,
    calls: [],
  });
  const down = takeover({ ...dead, events: "exists -\n" }, ...word);
  expect(down).toMatchObject({ exit: 1, calls: [] });
  expect(down.said).toContain("r0 is down on bravo");
});

test("a run of Pulumi's that is at work is not disturbed", () => {
  const { exit, said, calls } = takeover({ ...dead, tools: { flock: "exit 1" } }, ...word);
  expect(exit).toBe(1);
  expect(said).toContain(
    "Something else is changing DRBD on bravo right now: another command.\nWait until it has ended",
  );
  expect(calls).toEqual([]);
});

test("a run that has the turn is named, with its process and how it is ended", () => {
  const start = readFileSync(`/proc/${process.pid}/stat`, "utf8").replace(/.*\) /, "").split(" ")[19];
  const files = { "run-lock/turn": `x ${process.pid} ${start} root@ws, process 12, since then\n` };
  const tools = { tr: "cat >/dev/null; echo pulumi up" };
  const { exit, said, calls } = takeover({ ...dead, files, tools }, ...word);
  expect([exit, calls]).toEqual([1, []]);
  expect(said).toMatch(/right now: root@ws, process 12, since then\.$/m);
  expect(said).toMatch(
    new RegExp(`^It is here: process ${process.pid} \\(pulumi up\\), since [-\\d]+ [:\\d]+\\.$`, "m"),
  );
  expect(said).toContain(`Wait until it has ended, or end it (\`kill ${process.pid}\`); then call this again.`);
});

test("the states that these tests rest on are of both versions", () => {
  expect(stateOf("DRBD 8.4, alpha-down.bravo").events).toContain("connection:Connecting");
  expect(states.filter(({ name }) => name.startsWith("DRBD 9")).length).toBeGreaterThan(20);
});

describe("at a terminal", () => {
  test("the peer's name is asked for, and typed", () => {
    const { exit, said, calls } = takeover({ ...dead, typed: ["alpha", 1] });
    expect(said).toContain("Type the peer's host name to say that it is off");
    expect(calls[0]).toBe(promoted);
    expect(exit).toBe(0);
  });

  test.each(["", "y", "bravo"])("%j is no word for it", (typed) => {
    const { exit, calls } = takeover({ ...dead, typed: [typed, 1] });
    expect([exit, calls]).toEqual([1, []]);
  });

  test("a peer that answers while the question stands: refused", () => {
    const late = `echo >>${folder}/tries; [ "$(wc -l <${folder}/tries)" -le 2 ] || echo "$3 22 accepted"`;
    const { exit, said, calls } = takeover({ ...dead, typed: ["alpha", 4], tools: { perl: late } });
    expect(said).toMatch(/Refused: alpha has answered meanwhile: (10\.0\.99\.1|alpha\.example) 22 accepted/);
    expect([exit, calls]).toEqual([1, []]);
  });
});

test("a resource with several peers is none for this command", () => {
  const events = `${resource}${connection("Connecting")}${connection("Connecting")}${device("UpToDate")}${peerDevice("Off", "DUnknown")}exists -\n`;
  expect(takeover({ ...dead, events }, ...word)).toMatchObject({
    exit: 1,
    said: expect.stringContaining("has several peers") as string,
    calls: [],
  });
});

test("a /run that cannot be written hinders no takeover", () => {
  const { exit, calls } = takeover({ ...dead, files: { "run-lock": "a file, and no folder" } }, ...word);
  expect([exit, calls[0]]).toEqual([0, promoted]);
});

test("the peer is there, and nobody serves it: the command that starts it is told, as it is typed", () => {
  const events = `${resource}${connection("Connected", "Secondary")}${device("UpToDate")}${peerDevice("Established", "UpToDate")}exists -\n`;
  const files = { "etc/systemd/system/drbd-primary-services@.target": "" };
  const { exit, said } = takeover({ ...dead, events, files }, ...word);
  expect(exit).toBe(1);
  expect(said).toContain("To start r0 here: `systemctl start drbd-primary-services@r0.target`\n");
});

describe("of `pulumi up`: the word counts for one time of being apart", () => {
  const token = "3f9c2ab81d04e756";
  const made = { "run-lock/r0.apart": `${token}\n` };

  test("with its token it is taken over, and the token is spent", () => {
    const { exit, said, calls } = takeover({ ...dead, files: made }, ...word, "--while-apart", token);
    expect([exit, calls[0]]).toEqual([0, promoted]);
    expect(said).toContain("r0 is Primary on bravo.");
    expect(existsSync(join(folder, "run-lock/r0.apart"))).toBe(false);
  });

  test.each([
    ["another's token", made, "0000000000000000"],
    ["a part of it", made, token.slice(1)],
    ["nothing", made, ""],
    ["one that is spent, or void", {}, token],
  ])("with %s it is refused", (_what, files, given) => {
    const { exit, said, calls } = takeover({ ...dead, files }, ...word, `--while-apart=${given}`);
    expect([exit, calls]).toEqual(given === "" ? [2, []] : [1, []]);
    if (given !== "") expect(said).toContain("Refused: the word that alpha is off was given for another time.");
  });
});
