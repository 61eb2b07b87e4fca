import { temporaryFolder } from "../../core/shell";
import { type, valuesOnBravo, type Night } from "./host-at-night";
import { stateOf, states } from "./states";

const folder = temporaryFolder();
const where = (night: Night, ...argv: string[]) => type(folder, night, "drbd-where", ...argv);
const values = (host: string) => {
  const peer = host === "alpha" ? "bravo" : "alpha";
  return valuesOnBravo.replace("peer alpha", `peer ${peer}`).replace("host bravo", `host ${host}`);
};
const at = (name: string, more: Partial<Night> = {}) => {
  const { events, procDrbd, host } = stateOf(name);
  return where({ events, procDrbd, values: values(host), uname: host, ...more });
};
const row = (said: string, name: string) => new RegExp(`^  ${name} +(.*)$`, "m").exec(said)?.[1];

test("a sync that runs, DRBD 8.4: how far, how long, how fast, by /proc/drbd", () => {
  const { exit, said } = at("DRBD 8.4, resync-running.bravo");
  expect(exit).toBe(0);
  expect(said).toMatch(/^r0 on bravo: Secondary; connected to alpha, which is Primary \(protocol C\)$/m);
  expect(row(said, "volume 0")).toBe("/dev/drbd1, 511 MiB: Inconsistent here, UpToDate on alpha");
  expect(row(said, "sync")).toBe(
    "bravo is being filled from alpha: 4.0 % done, 493 MiB to go, 0:02:56 left at 2.7 MiB/s",
  );
});

test("a sync that runs, DRBD 9: by its statistics", () => {
  const { said } = at("DRBD 9, syncing-source-alpha.bravo");
  expect(row(said, "sync")).toMatch(
    /^bravo is being filled from alpha: 3\.67 % done, 308 MiB to go, 0:02:39 left at 1\.\d MiB\/s$/,
  );
  expect(row(said, "I/O")).toBe("runs");
  expect(row(said, "counted")).toBe(
    "0 KiB sent to alpha, 13 MiB received, 13 MiB written here, 0 KiB read; 0 writes of the activity log, 6 of the bitmap",
  );
});

test("a sync whose end the source has missed, as alpha showed it for minutes: what to type on the peer", () => {
  const events = `exists resource name:r0 role:Primary suspended:no write-ordering:flush
exists connection name:r0 peer-node-id:0 conn-name:peer connection:Connected role:Secondary congested:no
exists device name:r0 volume:0 minor:1 disk:UpToDate size:326608 read:2254 written:396647 al-writes:10 bm-writes:0 upper-pending:0 lower-pending:0 al-suspended:no blocked:no
exists peer-device name:r0 peer-node-id:0 conn-name:peer volume:0 replication:SyncSource peer-disk:Inconsistent resync-suspended:no received:0 sent:4611 out-of-sync:0 pending:0 unacked:0
exists -
`;
  const procDrbd = `version: 8.4.11 (api:1/proto:86-101)
srcversion: 637677C4EAFCF5D1D5446B0

 1: cs:SyncSource ro:Primary/Secondary ds:UpToDate/Inconsistent A r-----
    ns:4611 nr:0 dw:396647 dr:2254 al:10 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:0
\t[===================>] sync'ed:100.0% (0/326608)K
\tfinish: 0:00:00 speed: 2,812 (2,812) K/sec
`;
  const { said } = at("DRBD 8.4, connected-uptodate.alpha", { events, procDrbd });
  expect(row(said, "sync")).toBe(
    "bravo is being filled from here: 100.0 % done, 0 KiB to go, 0:00:00 left at 2.7 MiB/s",
  );
  expect(said).toContain("type on bravo `drbdadm pause-sync r0 && drbdadm resume-sync r0`");
  expect(at("DRBD 8.4, resync-running.bravo").said).not.toContain("pause-sync");
});

/** As DRBD 8.4.11 says it, with a burst on alpha over a slow line. */
const lagging = (host: "alpha" | "bravo") => {
  const [role, other] = host === "alpha" ? ["Primary", "Secondary"] : ["Secondary", "Primary"];
  const [disk, replication, peerDisk] =
    host === "alpha" ? ["UpToDate", "Ahead", "Consistent"] : ["Outdated", "Behind", "UpToDate"];
  const events = `exists resource name:r0 role:${role} suspended:no write-ordering:flush
exists connection name:r0 peer-node-id:0 conn-name:peer connection:Connected role:${other} congested:no
exists device name:r0 volume:0 minor:1 disk:${disk} size:327632 read:0 written:1024 al-writes:8 bm-writes:0 upper-pending:0 lower-pending:0 al-suspended:no blocked:no
exists peer-device name:r0 peer-node-id:0 conn-name:peer volume:0 replication:${replication} peer-disk:${peerDisk} resync-suspended:no received:1024 sent:0 out-of-sync:15360 pending:0 unacked:0
exists -
`;
  const procDrbd = `version: 8.4.11 (api:1/proto:86-101)
srcversion: 637677C4EAFCF5D1D5446B0

 1: cs:${replication} ro:${role}/${other} ds:${disk}/${peerDisk} A r-----
    ns:0 nr:1024 dw:1024 dr:0 al:8 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:15360
`;
  return at(`DRBD 8.4, connected-uptodate.${host}`, { events, procDrbd }).said;
};

test("a host that runs ahead of its peer, and one that is behind: both in words", () => {
  expect(lagging("alpha")).toContain(
    "Ahead: bravo is behind by 15 MiB, as the link is too slow for what is written here; it is filled when that ends\n              Until then what is written is on alpha alone (on-congestion pull-ahead).\n",
  );
  expect(lagging("bravo")).toContain(
    "Behind: bravo lacks what alpha writes, as the link is too slow for it; it is filled when that ends\n              Until then bravo cannot take over (on-congestion pull-ahead).\n",
  );
  expect(lagging("bravo")).toContain("/dev/drbd1, 319 MiB: Outdated here, UpToDate on alpha");
});

test("the counters of /proc/drbd in words", () => {
  const { said } = at("DRBD 8.4, resync-running.bravo");
  expect(row(said, "I/O")).toBe("runs (r-----)");
  expect(row(said, "counted")).toBe(
    "0 KiB sent to alpha, 16 MiB received, 16 MiB written here, 0 KiB read; 11 writes of the activity log, 0 of the bitmap",
  );
  expect(row(said, "waiting")).toBe(
    "0 requests of programs, 0 at the disk, 5 sent to alpha without an answer, 0 of alpha's to answer",
  );
  expect(said).toContain("write order kept by flushes, 1 epochs open; 495 MiB out of sync");
});

test.each([
  ["r-----", "runs (r-----)"],
  ["s-----", "is suspended (s-----)"],
  ["ra----", "runs; the sync waits for another resource's (resync-after) (ra----)"],
  ["r-p---", "runs; alpha paused the sync (r-p---)"],
  ["r--u--", "runs; somebody paused the sync here (pause-sync) (r--u--)"],
  ["r---d-", "runs; held up within DRBD, such as while a disk's state changes (r---d-)"],
  ["r---b-", "runs; waits for the disk below (r---b-)"],
  ["r---n-", "runs; waits for the network (r---n-)"],
  ["r---a-", "runs; waits for the disk below and for the network (r---a-)"],
  ["r----s", "runs; the activity log takes no more writes for now (r----s)"],
])("the flags %s", (flags, words) => {
  const procDrbd = stateOf("DRBD 8.4, connected-uptodate.bravo").procDrbd.replace("C r-----", `C ${flags}`);
  expect(row(at("DRBD 8.4, connected-uptodate.bravo", { procDrbd }).said, "I/O")).toBe(words);
});

test("mounts and services, and what somebody mounted elsewhere", () => {
  const name = "DRBD 8.4, connected-uptodate.bravo";
  const idle = at(name).said;
  expect(row(idle, "mounts")).toBe("/dev/drbd1 on /srv/my data: not mounted");
  expect(idle).toMatch(/^ {2}services +web\.service: inactive\n +db\.service: inactive$/m);
  const busy = at(name, { mounted: ["147:1 /srv/my data", "147:1 /mnt"] }).said;
  expect(busy).toMatch(
    /^ {2}mounts +\/dev\/drbd1 on \/srv\/my data: mounted\n +\/dev\/drbd1 on \/mnt: mounted, by hand$/m,
  );
  expect(row(busy, "services")).toBe("web.service: active");
});

test("Primary, and not all of it is served: what starts the rest; nothing to do on the other side", () => {
  const [primary, secondary] = ["alpha", "bravo"].map((host) => `DRBD 8.4, connected-uptodate.${host}`) as [
    string,
    string,
  ];
  const mounted = ["147:1 /srv/my data"];
  const tools = {
    systemctl: `case "$1 $2" in "is-active db.service") echo failed; exit 3 ;; is-active*) echo active ;; *) exit 1 ;; esac`,
  };
  expect(row(at(primary, { mounted }).said, "to do")).toBeUndefined();
  for (const night of [{}, { mounted, tools }])
    expect(row(at(primary, night).said, "to do")).toBe(
      "not all of r0 is served here: `drbd-takeover r0` mounts and starts what is missing, or says why it cannot",
    );
  expect(row(at(secondary).said, "to do")).toBeUndefined();
});

const line = (text: string, time = "11:49:29") => `2026-11-27T${time}+00:00 bravo kernel: drbd r0/0 drbd1: ${text}\n`;

test("the last verify: when, how long, how much differed; of another device, nothing", () => {
  const name = "DRBD 8.4, connected-uptodate.bravo";
  expect(row(at(name).said, "verify")).toBe("the kernel's log tells of none");
  const done = line("Online verify done (total 31 sec; paused 0 sec; 10000 K/sec)");
  expect(row(at(name, { journal: done }).said, "verify")).toBe(
    "ended 2026-11-27 11:49:29 after 31 s: nothing differed",
  );
  const found = `${done}${line("Online verify found 3 4k block out of sync!")}`;
  expect(row(at(name, { journal: found }).said, "verify")).toBe(
    "ended 2026-11-27 11:49:29 after 31 s: 12 KiB differed",
  );
  expect(
    row(at(name, { journal: `${found}${line("Starting Online Verify from sector 0", "12:00:00")}` }).said, "verify"),
  ).toBe("runs since 2026-11-27 12:00:00");
  expect(row(at(name, { journal: found.replaceAll("r0/0 drbd1", "r1/0 drbd2") }).said, "verify")).toBe(
    "the kernel's log tells of none",
  );
  // Older kernels' words.
  expect(row(at(name, { journal: found.replaceAll("drbd r0/0 drbd1", "block drbd1") }).said, "verify")).toContain(
    "12 KiB",
  );
});

const lost84 =
  "2026-11-27T11:49:29+00:00 bravo kernel: drbd r0: peer( Primary -> Unknown ) conn( Connected -> NetworkFailure ) pdsk( UpToDate -> DUnknown ) \n";
const lost9 = `2026-11-27T11:49:29+00:00 bravo kernel: drbd r0 alpha: conn( Connected -> NetworkFailure ) peer( Primary -> Unknown ) [lost-peer]
2026-11-27T11:49:29+00:00 bravo kernel: drbd r0/0 drbd1 alpha: pdsk( UpToDate -> DUnknown ) repl( Established -> Off ) [lost-peer]
`;

test.each([
  ["8.4", "DRBD 8.4, alpha-down.bravo", lost84],
  ["9", "DRBD 9, link-cut-primary-alpha-connecting.bravo", lost9],
])("since when the peer is gone, and what it was: DRBD %s", (_version, name, journal) => {
  expect(row(at(name, { journal }).said, "peer gone")).toBe(
    "since 2026-11-27 11:49:29; it was Primary then, with its disk UpToDate",
  );
});

test("a handshake that fails afterwards does not change since when it is gone", () => {
  const journal = `${lost84}${line("conn( WFConnection -> WFReportParams ) ", "12:00:00")}${line("conn( WFReportParams -> Disconnecting ) ", "12:00:01")}`;
  expect(row(at("DRBD 8.4, alpha-down.bravo", { journal }).said, "peer gone")).toContain(
    "since 2026-11-27 11:49:29; it was Primary then",
  );
});

test("a host that came up alone: why it stays Secondary, who was Primary last, and what to do", () => {
  const { said } = at("DRBD 9, link-cut-primary-alpha-connecting.bravo", {
    files: { "var/lib/pulumi-drbd/r0.last-primary": "alpha\n" },
  });
  expect(row(said, "Primary")).toBe("last, as bravo knows: alpha");
  expect(row(said, "peer gone")).toMatch(/^the kernel's log does not tell since when; bravo is up since /);
  expect(row(said, "to do")).toContain("bravo stays Secondary while it cannot reach alpha");
  expect(said).toContain("`drbd-takeover r0`");
});

test("one whose data is not the newest is not told to take over", () => {
  const { said } = at("DRBD 8.4, alpha-down.bravo");
  expect(row(said, "to do")).toContain("its data is not the newest (volume 0 Inconsistent)");
  expect(said).not.toContain("drbd-takeover");
});

test("split brain, by the kernel's log", () => {
  const journal = line("Split-Brain detected but unresolved, dropping connection!");
  expect(row(at("DRBD 8.4, split-brain-standalone.bravo", { journal }).said, "to do")).toContain(
    "split brain, found 2026-11-27 11:49:29",
  );
});

const promotes = { "etc/systemd/system/drbd-primary@.service": "" };
const giveUp = "drbdadm connect --discard-my-data r0";

test.each([
  ["Primary, with our units", promotes, "systemctl stop drbd-primary@r0.service && drbdadm secondary r0"],
  ["Primary, without them", {}, "umount -A /dev/drbd1 && drbdadm secondary r0"],
])("split brain: a %s is made Secondary first, and nothing of it is given up before", (_what, files, command) => {
  const journal = line("Split-Brain detected but unresolved, dropping connection!");
  const { events } = stateOf("DRBD 8.4, split-brain-standalone.bravo");
  const primary = events.replaceAll(/^(exists resource \S+) role:\w+/gm, "$1 role:Primary");
  const more = { events: primary, files, mounted: ["147:1 /srv/my data"], journal };
  const { said } = at("DRBD 8.4, split-brain-standalone.bravo", more);
  expect(said).toContain(`To give up bravo's: make it Secondary (\`${command}\`), and call this again.\n`);
  expect(said).not.toContain("--discard-my-data");
  expect(said).toContain("on the side that stays, if it is StandAlone: `drbdadm connect r0`\n");
});

const secondaryInSplitBrain = (change: (events: string) => string = (events) => events) => {
  const journal = line("Split-Brain detected but unresolved, dropping connection!");
  const { events } = stateOf("DRBD 8.4, split-brain-standalone.bravo");
  const secondary = events.replaceAll(/^(exists resource \S+) role:\w+/gm, "$1 role:Secondary");
  return at("DRBD 8.4, split-brain-standalone.bravo", { events: change(secondary), files: promotes, journal }).said;
};

test("split brain: of a Secondary a copy is made first, and then it is given up", () => {
  const said = secondaryInSplitBrain();
  expect(said).toMatch(
    /copy its disk first, .*\n.*`dd if=\$\(drbdadm sh-ll-dev r0\) of=FILE .*`\), and then: `drbdadm connect --discard-my-data r0`\n/,
  );
  expect(said).not.toContain("all of its volumes");
});

test("split brain: nothing is given up on a side that has no disk", () => {
  const said = secondaryInSplitBrain((events) => events.replaceAll(/disk:UpToDate size/g, "disk:Diskless size"));
  expect(said).toContain("bravo's cannot be given up while it has no disk (volume 0 Diskless).\n");
  expect(said).not.toContain("--discard-my-data");
});

// Only the side that finds the split brain is StandAlone and has it in its log; the other one looks for its peer for ever.
const met = `${lost84}${line("conn( WFConnection -> WFReportParams ) ", "12:00:00")}${line("conn( WFReportParams -> NetworkFailure ) ", "12:00:01")}`;

test("the peer was reached and hung up: the other side says why, and how this one is given up", () => {
  const name = "DRBD 8.4, split-brain-standalone.alpha";
  const events = stateOf(name).events.replaceAll("connection:StandAlone", "connection:Connecting");
  const { said } = at(name, { events, journal: met, files: promotes });
  expect(said).toMatch(/^r0 on alpha: Primary; not connected to bravo: Connecting/);
  expect(row(said, "to do")).toBe(
    "bravo was reached at 2026-11-27 12:00:01, and the two were not connected. `drbd-where r0` on bravo says why.",
  );
  expect(said).toContain("make it Secondary (`systemctl stop drbd-primary@r0.service && drbdadm secondary r0`)");
  const since = `${met}${line("conn( WFReportParams -> WFBitMapS ) ", "12:00:02")}${lost84.replace("11:49:29", "12:00:03")}`;
  expect(at(name, { events, journal: since }).said).not.toContain("was reached");
});

test("Secondary, and the peer was reached: not told that it cannot be reached", () => {
  const { events, procDrbd } = stateOf("DRBD 8.4, split-brain-standalone.bravo");
  const secondary = events
    .replaceAll("connection:StandAlone", "connection:Connecting")
    .replaceAll(/^(exists resource \S+) role:\w+/gm, "$1 role:Secondary");
  const { said } = where({ events: secondary, procDrbd, journal: met });
  expect(said).toContain(`and then: \`drbdadm disconnect r0 && ${giveUp}\``);
  expect(said).toContain("If alpha is off for good since: `drbd-takeover r0`");
  expect(said).not.toContain("cannot reach");
});

test("a service that ends by itself is inactive in a healthy pair: nothing is to do", () => {
  const shown = (answer: string) => {
    const systemctl = `case "$1" in show) printf '${answer}' ;; is-active) echo inactive; exit 3 ;; esac`;
    return at("DRBD 9, connected-uptodate-primary-mounted.alpha", {
      mounted: ["147:1 /srv/my data"],
      tools: { systemctl },
    }).said;
  };
  expect(shown("Type=oneshot\\nRemainAfterExit=no\\n")).not.toContain("not all of r0 is served");
  expect(shown("Type=simple\\nRemainAfterExit=no\\n")).toContain("not all of r0 is served here");
});

test("nobody is Primary: the command that starts it", () => {
  const events = stateOf("DRBD 8.4, connected-uptodate.bravo").events.replaceAll(/role:\w+/g, "role:Secondary");
  const files = { "etc/systemd/system/drbd-primary-services@.target": "" };
  expect(row(at("DRBD 8.4, connected-uptodate.bravo", { events, files }).said, "to do")).toContain(
    "`systemctl start drbd-primary-services@r0.target`",
  );
});

test.each(states)(
  "$name: every resource and volume is on the screen, nothing is changed, and nothing is empty",
  ({ events, procDrbd, host }) => {
    const { exit, said, calls } = where({ events, procDrbd, values: null, uname: host, fstab: "" });
    expect([exit, calls]).toEqual([0, []]);
    for (const [, name = "", role = ""] of events.matchAll(/^exists resource name:(\S+) role:(\S+)/gm))
      expect(said).toContain(`${name} on ${host}: ${role}; `);
    for (const [, volume = "", minor = "", disk = ""] of events.matchAll(
      /^exists device .*volume:(\d+) minor:(\d+) .*?disk:(\S+)/gm,
    ))
      expect(said).toMatch(new RegExp(`^  volume ${volume} +/dev/drbd${minor}, .*: ${disk} here, \\w+ on `, "m"));
    expect(said).not.toMatch(/ {2}\S+ +$|\(\)|undefined|not found|syntax|arithmetic/m);
  },
);

test("no resource, none of that name, not root, no drbd-utils, no module: each in words", () => {
  const none = where({ events: "exists -\n", values: null });
  expect(none).toMatchObject({ exit: 0, said: "bravo has no DRBD resource: drbdadm knows of none, and none runs.\n" });
  expect(where({ events: "exists -\n" }, "r7")).toMatchObject({
    exit: 2,
    said: 'bravo has no resource "r7".\nIt has: r0\n',
  });
  expect(where({ events: "exists -\n", user: 1000 })).toMatchObject({
    exit: 1,
    said: "drbd-where must be run as root: sudo drbd-where\n",
  });
  const down = where({ events: "exists -\n" });
  expect(down).toMatchObject({ exit: 0, said: "r0 on bravo: down\n  to do       `drbdadm up r0` brings it up\n" });
});

test("down at boot: what it waits for, since when, and who brings it up then", () => {
  // 529 seconds after the boot; no clock is asked.
  const waits = { "run-lock/r0.waits": "29.01 the address 10.0.99.2, /dev/vdb\n" };
  const ofUnit = (unit: string) =>
    where({ events: "exists -\n", files: { ...waits, [`active-${unit}`]: "" } }).said.split("\n");
  for (const unit of ["drbd@r0.service", "drbd-late@r0.service"]) {
    const [first, second, third] = ofUnit(unit);
    expect(first).toBe("r0 on bravo: down");
    expect(second).toMatch(
      /^ {2}waits for {3}the address 10\.0\.99\.2, \/dev\/vdb: not there since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(500 s\)$/,
    );
    expect(third).toBe(
      `  to do       bring that back, and ${unit} brings r0 up by itself: \`journalctl --boot --unit=drbd@r0.service --unit=drbd-late@r0.service\``,
    );
  }
  // What is left of one that nobody waits in any more.
  expect(ofUnit("another.service").slice(1)).toEqual(["  to do       `drbdadm up r0` brings it up", ""]);
});

test("down, and its unit has failed: where that is told", () => {
  const { said } = where({ events: "exists -\n", files: { "failed-drbd@r0.service": "" } });
  expect(row(said, "why")).toBe(
    "drbd@r0.service has failed: `journalctl --boot --unit=drbd@r0.service --unit=drbd-late@r0.service`",
  );
  expect(row(said, "to do")).toBe("`drbdadm up r0` brings it up");
});

test("no module: what loads it; and a resource that waits may be the first that does", () => {
  const night: Night = { events: "exists -\n", procDrbd: null };
  expect(where(night)).toMatchObject({
    exit: 0,
    said: "r0 on bravo: down\n  to do       DRBD's kernel module is not loaded: `modprobe drbd && drbdadm up r0`\n",
  });
  const files = { "run-lock/r0.waits": "29.01 /dev/vdb\n", "active-drbd@r0.service": "" };
  expect(row(where({ ...night, files }).said, "waits for")).toMatch(/^\/dev\/vdb: not there since .* \(500 s\)$/);
});
