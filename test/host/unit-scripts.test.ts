/** What drbd-role@.service and the stop of drbd-primary@.service run: the real sh, with tools of the test's own. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { units } from "../../provider/host/text";
import { shCommand, temporaryFolder, withTools } from "../core/shell";

const folder = temporaryFolder();
/** What is run with `/bin/sh -c`, by the key of the unit's line, as systemd hands it on. */
function script(unit: keyof typeof units, key: string): string {
  const line = new RegExp(`^${key}=/bin/sh -c '([^']*)' %I`, "m").exec(units[unit])![1]!;
  return line.replaceAll("$$", "$").replaceAll("%%", "%");
}

const pair = (own: string, connection: string, replication = "Established", disk = "UpToDate") =>
  [
    `exists resource name:r0 role:${own} suspended:no`,
    `exists connection name:r0 peer-node-id:0 conn-name:peer connection:${connection}`,
    `exists device name:r0 volume:0 minor:1 disk:${disk}`,
    `exists peer-device name:r0 peer-node-id:0 conn-name:peer volume:0 replication:${replication} peer-disk:UpToDate resync-suspended:no`,
    "exists -",
  ].join("\n");
const both = "Connected role:Secondary";
const alone = pair("Secondary", "Connecting role:Unknown", "Off");

interface Host {
  /** What drbdsetup says, one after the other: each comes once the one before was followed. */
  readonly says: readonly string[];
  readonly note?: string;
  readonly isDecided?: boolean;
  /** Of drbd-primary@r0.service. */
  readonly active?: string;
}

const usualPath = "PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin; ";
let runs = 0;

/** What alpha did, what it said, and what it has noted. */
function follow({ says, note, isDecided = false, active = "inactive" }: Host) {
  runs += 1;
  const own = join(folder, `host${runs}`);
  const path = (name: string) => join(own, name);
  const give = (name: string, text: string) => {
    mkdirSync(dirname(path(name)), { recursive: true });
    writeFileSync(path(name), text);
  };
  give(
    "etc/r0.res",
    'resource r0 {\n    on alpha {\n        address 10.0.0.1:7789;\n    }\n    on "bravo" {\n    }\n}\n',
  );
  if (note !== undefined) give("var/r0.last-primary", `${note}\n`);
  if (isDecided) give("run/r0.decided", "");
  says.forEach((text, index) => {
    give(`says${index + 1}`, `${text}\n`);
  });
  give("looks", "");
  const moved = script("drbd-role@.service", "ExecStart")
    // The loop beside it has a test of its own, below.
    .replace("mark_apart & ", "")
    .replaceAll("/var/lib/pulumi-drbd", path("var"))
    .replaceAll("/run/pulumi-drbd", path("run"))
    .replaceAll("/etc/drbd.d", path("etc"));
  const { stdout } = shCommand(
    withTools(own, `${usualPath}${moved}`, {
      uname: "echo alpha",
      sleep: `echo sleep "$@" >>${path("did")}`,
      // Two looks follow each event: the first, and the one behind the state of the unit.
      drbdsetup: `if [ "$*" = "events2 --now r0" ]; then echo x >>${path("looks")}; cat ${path("now")}; exit; fi
[ "$*" = "events2 r0" ] || exit 64
for n in ${says.map((_, index) => index + 1).join(" ")}; do
  cp ${path("says")}$n ${path("now")}
  echo change resource name:r0
  while [ $(grep -c x ${path("looks")}) -lt $((2 * n)) ]; do /bin/sleep 0.02; done
done`,
      systemctl: `case $1 in show) echo ${active} ;; *) echo "$@" >>${path("did")} ;; esac`,
    }),
    ["r0", "r0"],
  );
  const did = existsSync(path("did")) ? readFileSync(path("did"), "utf8").trim().split("\n") : [];
  const noted = existsSync(path("var/r0.last-primary")) ? readFileSync(path("var/r0.last-primary"), "utf8") : undefined;
  return {
    did,
    said: stdout.trim(),
    noted,
    forgets: existsSync(path("run/r0.forget")),
    isDecided: existsSync(path("run/r0.decided")),
  };
}

const starts = "start --no-block drbd-primary-services@r0.target";
const follows = "start --no-block --job-mode=ignore-dependencies drbd-primary@r0.service";

describe("once after a boot", () => {
  test("its own note, and the peer is Secondary: started", () => {
    const { did, said } = follow({ says: [pair("Secondary", both)], note: "alpha" });
    expect(did).toEqual([starts]);
    expect(said).toBe(
      "r0 was Primary here last, and bravo is connected: it is promoted, mounted, and its services are started",
    );
  });

  test("started once, whatever events follow", () => {
    expect(follow({ says: [pair("Secondary", both), pair("Secondary", both)], note: "alpha" }).did).toEqual([starts]);
  });

  test.each([
    [
      "the peer is not connected",
      alone,
      "alpha",
      /bravo is not connected, and may have been Primary since.*drbd-takeover r0/,
    ],
    [
      "the note is the peer's, which is away",
      alone,
      "bravo",
      /it was Primary on bravo last, and bravo is not connected.*drbd-takeover r0/,
    ],
    [
      "the note is the peer's, which is there",
      pair("Secondary", both),
      "bravo",
      /on bravo last, which is connected, and is promoted there/,
    ],
    ["there is no note", pair("Secondary", both), undefined, /nothing is noted of who was Primary last. pulumi up/],
    ["there is no note, and no peer", alone, undefined, /not connected, and nothing is noted.*drbd-takeover r0/],
    [
      "it is StandAlone",
      pair("Secondary", "StandAlone role:Unknown", "Off"),
      "alpha",
      /StandAlone, so the two hosts do not speak/,
    ],
    [
      "it is filled",
      pair("Secondary", both, "SyncTarget", "Inconsistent"),
      "alpha",
      /promoted once its disk is UpToDate/,
    ],
    [
      "its disk is away",
      pair("Secondary", both, "Established", "Diskless"),
      "alpha",
      /promoted once its disk is UpToDate/,
    ],
  ])("%s: nothing is started, and it says why", (_what, says, note, why) => {
    const { did, said, isDecided, noted } = follow({ says: [says, says], note });
    expect([did, isDecided, noted]).toEqual([[], false, note === undefined ? undefined : `${note}\n`]);
    expect(said).toMatch(why);
    // Once.
    expect(said.split("\n")).toHaveLength(1);
  });

  test.each([
    ["in the handshake", pair("Secondary", both, "Off")],
    [
      "one volume of two is not UpToDate",
      `${pair("Secondary", both)}\nexists device name:r0 volume:1 minor:2 disk:Inconsistent`,
    ],
    ["down", "exists -"],
  ])("%s: nothing is started", (_what, says) => {
    expect(follow({ says: [says], note: "alpha" }).did).toEqual([]);
  });

  test("the peer comes later: it goes on then", () => {
    expect(
      follow({ says: [alone, pair("Secondary", both, "Off"), pair("Secondary", both)], note: "alpha" }).did,
    ).toEqual([starts]);
  });

  test("it was filled: the peer, which has the newer data, is left ten seconds", () => {
    const filled = pair("Secondary", both, "SyncTarget", "Inconsistent");
    expect(follow({ says: [filled, pair("Secondary", both)], note: "alpha" }).did).toEqual(["sleep 10", starts]);
  });

  test("somebody was Primary since: never again, whoever demotes", () => {
    expect(follow({ says: [pair("Secondary", both)], note: "alpha", isDecided: true }).did).toEqual([]);
    const { did, noted, isDecided } = follow({
      says: [pair("Secondary", "Connected role:Primary"), pair("Secondary", both)],
      note: "alpha",
    });
    expect([did, noted, isDecided]).toEqual([[], "bravo\n", true]);
  });
});

/** The token after each of drbdsetup's events: whether there is one, and whether it is the one before. */
function tokensAfter(events: readonly string[]): string[] {
  const own = join(folder, `apart${(runs += 1)}`);
  for (const part of ["etc", "run"]) mkdirSync(join(own, part), { recursive: true });
  writeFileSync(join(own, "etc/r0.res"), "resource r0 {\n}\n");
  writeFileSync(join(own, "run/r0.apart"), "of an earlier start");
  events.forEach((text, index) => {
    writeFileSync(join(own, `event${index}`), `${text}\n`);
  });
  const [before] = script("drbd-role@.service", "ExecStart").split("mark_apart & ");
  const moved = `${before}mark_apart`
    .replaceAll("/var/lib/pulumi-drbd", join(own, "var"))
    .replaceAll("/run/pulumi-drbd", join(own, "run"))
    .replaceAll("/etc/drbd.d", join(own, "etc"));
  shCommand(
    withTools(own, `${usualPath}${moved}`, {
      uname: "echo alpha",
      drbdsetup: `case "$*" in "events2 r0") ;; *) exit ;; esac
for n in ${events.map((_, index) => index).join(" ")}; do
  cat ${own}/event$n; /bin/sleep 0.5
  cp ${own}/run/r0.apart ${own}/token$n 2>/dev/null || echo none >${own}/token$n
done`,
      systemctl: "echo inactive",
    }),
    ["r0", "r0"],
  );
  return events.map((_, index) => readFileSync(join(own, `token${index}`), "utf8").trim());
}

test("the word that the peer is off counts for one time of being apart: each has a token of its own", () => {
  const connection = (state: string) => `change connection name:r0 peer-node-id:0 conn-name:peer connection:${state}`;
  const [atStart, still, together, gone, other, down] = tokensAfter([
    "exists connection name:r0 peer-node-id:0 conn-name:peer connection:Connecting role:Unknown",
    connection("WFReportParams"),
    connection("Connected role:Primary"),
    "change peer-device name:r0 volume:0 replication:Off",
    connection("NetworkFailure"),
    "destroy connection name:r0 peer-node-id:0 conn-name:peer",
  ]);
  expect(atStart).toMatch(/^[0-9a-f]{16}$/);
  expect([still, together, gone, down]).toEqual([atStart, "none", "none", "none"]);
  expect(other).toMatch(/^[0-9a-f]{16}$/);
  expect(other).not.toBe(atStart);
});

describe("who is Primary is noted, and drbd-primary@.service follows", () => {
  test.each([
    ["inactive", [follows]],
    ["failed", [follows]],
    ["active", []],
    ["activating", []],
  ])("by hand here, with the unit %s", (active, did) => {
    for (const connection of [both, "Connecting role:Unknown"]) {
      const found = follow({ says: [pair("Primary", connection)], note: "bravo", active });
      expect([found.did, found.noted, found.isDecided]).toEqual([did, "alpha\n", true]);
    }
  });

  test("Secondary by hand: the unit stops without what it would do, and the note stays", () => {
    const { did, noted, forgets } = follow({
      says: [pair("Secondary", both)],
      note: "alpha",
      isDecided: true,
      active: "active",
    });
    expect([did, noted, forgets]).toEqual([
      ["stop --job-mode=ignore-dependencies drbd-primary@r0.service"],
      "alpha\n",
      false,
    ]);
  });

  test("a unit that is on its way is left alone", () => {
    expect(
      follow({ says: [pair("Secondary", both)], note: "bravo", isDecided: true, active: "deactivating" }).did,
    ).toEqual([]);
  });

  test("a peer whose role nobody knows is no Primary", () => {
    expect(
      follow({ says: [pair("Secondary", "Connecting role:Unknown", "Off")], note: "alpha", isDecided: true }).noted,
    ).toBe("alpha\n");
  });
});

describe("the stop of the promotion", () => {
  const demote = (states: {
    now: string;
    umount?: string;
    drbdadm?: string;
    system?: string;
    forget?: boolean;
    mounted?: boolean;
  }) => {
    const { now, umount = "exit 0", drbdadm = "exit 0", system = "running", forget = false, mounted = false } = states;
    runs += 1;
    const own = join(folder, `host${runs}`);
    mkdirSync(own);
    const path = (name: string) => join(own, name);
    if (forget) writeFileSync(path("r0.forget"), "");
    writeFileSync(path("mountinfo"), mounted ? "40 28 147:1 / /mnt/elsewhere rw - xfs /dev/drbd1 rw\n" : "");
    const moved = script("drbd-primary@.service", "ExecStopPost")
      .replaceAll("/run/pulumi-drbd", own)
      .replaceAll("/proc/self/mountinfo", path("mountinfo"));
    const noted = (name: string, then: string) => `echo ${name} "$@" >>${path("did")}\n${then}`;
    const { exit, stdout } = shCommand(
      withTools(own, `${usualPath}${moved}`, {
        drbdsetup: `cat <<'SAID'\n${now}\nSAID`,
        umount: noted("umount", umount),
        drbdadm: noted("drbdadm", drbdadm),
        systemctl: `case $1 in is-system-running) echo ${system} ;; *) echo systemctl "$@" >>${path("did")} ;; esac`,
        sleep: "exit 0",
      }),
      ["r0", "r0"],
    );
    const did = existsSync(path("did")) ? readFileSync(path("did"), "utf8").trim().split("\n") : [];
    return { exit, did, said: stdout.trim() };
  };
  const primary = pair("Primary", both);

  test("mounted nowhere: demoted", () => {
    expect(demote({ now: primary })).toEqual({ exit: 0, did: ["drbdadm secondary r0"], said: "" });
  });

  test("mounted where systemd does not know of: unmounted first", () => {
    expect(demote({ now: primary, mounted: true }).did).toEqual(["umount -A /dev/drbd1", "drbdadm secondary r0"]);
  });

  test.each([
    ["Secondary already", { now: pair("Secondary", both) }],
    ["down", { now: "exists -" }],
    ["that only forgets", { now: primary, mounted: true, forget: true }],
  ])("%s: nothing", (_what, states) => {
    expect(demote(states)).toEqual({ exit: 0, did: [], said: "" });
  });

  test.each([
    ["running", 10],
    ["stopping", 60],
  ])("busy, with the host %s: tried %i times, not demoted, told, and followed again", (system, tries) => {
    const { exit, did, said } = demote({ now: primary, mounted: true, umount: "echo target is busy; exit 32", system });
    expect(exit).toBe(1);
    expect(did).toEqual([
      ...Array<string>(tries).fill("umount -A /dev/drbd1"),
      "systemctl try-restart --no-block drbd-role@r0.service",
    ]);
    expect(said).toBe("r0 stays Primary:  target is busy");
  });
});

describe("what a resource needs at boot", () => {
  const wait = (address: string, digits: string, there: { trie?: string; inet6?: string; disk?: boolean }) => {
    runs += 1;
    const own = join(folder, `host${runs}`);
    mkdirSync(own);
    const path = (name: string) => join(own, name);
    writeFileSync(path("trie"), there.trie ?? "");
    writeFileSync(path("inet6"), there.inet6 ?? "");
    if (there.disk !== false) writeFileSync(path("a disk"), "");
    const moved = script("wait-for-needs.conf", "ExecStartPre")
      .replaceAll("/proc/net/fib_trie", path("trie"))
      .replaceAll("/proc/net/if_inet6", path("inet6"))
      .replaceAll("-b ", "-f ");
    // It waits without end: the second time the test does.
    const { exit, stdout } = shCommand(
      withTools(own, `${usualPath}${moved}`, { sleep: `[ ! -e ${path("slept")} ] || kill $PPID; : >${path("slept")}` }),
      ["r0", address, digits, path("a disk")],
    );
    return { isThere: exit === 0, said: stdout.trim().replaceAll(own, "") };
  };
  const trie = "  |-- 10.20.0.1\n     /32 host LOCAL\n  |-- 10.20.0.255\n     /32 link BROADCAST\n";
  const line = (flags: string) => `fd000000000000000000000000000001 02 40 00 ${flags}     eth1\n`;
  const v6 = "fd000000000000000000000000000001";

  test.each([
    ["an address of IPv4", "10.20.0.1", "", { trie }],
    ["an address of IPv6", "fd00::1", v6, { inet6: line("80") }],
    ["the end of a tunnel", "127.0.0.5", "", {}],
  ])("%s that is there: not waited for", (_what, address, digits, there) => {
    expect(wait(address, digits, there)).toEqual({ isThere: true, said: "" });
  });

  test.each([
    ["no such address", "10.20.0.2", "", { trie }],
    ["one that begins so", "10.20.0.25", "", { trie }],
    ["no host's", "10.20.0.255", "", { trie }],
    ["none of IPv6", "fd00::1", v6, {}],
    ["one that is not known to be nobody else's yet", "fd00::1", v6, { inet6: line("40") }],
    ["one that is somebody else's", "fd00::1", v6, { inet6: line("88") }],
  ])("%s: waited for, and told once", (_what, address, digits, there) => {
    expect(wait(address, digits, there)).toEqual({
      isThere: false,
      said: `r0 is brought up once this is there: the address ${address}`,
    });
  });

  test("no disk: waited for", () => {
    expect(wait("10.20.0.1", "", { trie, disk: false })).toEqual({
      isThere: false,
      said: "r0 is brought up once this is there: /a disk",
    });
  });
});
