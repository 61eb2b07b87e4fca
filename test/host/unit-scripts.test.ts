/** What drbd-role@.service and the stop of drbd-primary@.service run: the real sh, with tools of the test's own. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { units } from "../../provider/host/text";
import { shCommand, temporaryFolder, withTools } from "../core/shell";

const folder = temporaryFolder();
/** What is run with `/bin/sh -c`, by the key of the unit's line, as systemd hands it on. */
function script(unit: keyof typeof units, key: string): string {
  const line = new RegExp(`^${key}=/bin/sh -c '((?:[^'\\\\]|\\\\.)*)' %I`, "m").exec(units[unit])![1]!;
  return line.replaceAll(/\\(.)/g, "$1").replaceAll("$$", "$").replaceAll("%%", "%");
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
  /** What drbdsetup says, one after the other: an event leads to each. */
  readonly says: readonly string[];
  readonly note?: string;
  readonly isDecided?: boolean;
  /** Of drbd-primary@r0.service. */
  readonly active?: string;
  /** … once something was started. */
  readonly activeThen?: string;
  /** What drbdsetup says once the promotion is noted. */
  readonly saysThen?: string;
  readonly kernelLog?: string;
  /** How many times fifteen seconds pass after the events. */
  readonly ticks?: number;
  readonly instance?: string;
  readonly isFull?: boolean;
  /** What drbd@r0.service waits for. */
  readonly waits?: string;
}

const usualPath = "PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin; ";
let runs = 0;

/** What alpha did, what it said, and what it has noted. */
function follow(host: Host) {
  const { says, note, isDecided = false, active = "inactive", activeThen = active, saysThen } = host;
  const { kernelLog = "", ticks = 0, instance = "r0", isFull = false, waits } = host;
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
  if (isFull) mkdirSync(path("var/r0.last-primary~"), { recursive: true });
  if (isDecided) give("run/r0.decided", "");
  says.forEach((text, index) => {
    give(`says${index + 1}`, `${text}\n`);
  });
  if (waits !== undefined) give("run/r0.waits", waits);
  if (saysThen !== undefined) give("says-then", `${saysThen}\n`);
  give("active", `${active}\n`);
  give("kernel-log", kernelLog);
  give("looks", "0\n");
  const moved = script("drbd-role@.service", "ExecStart")
    // The loop beside it has a test of its own, below.
    .replace("mark_apart & ", "")
    .replaceAll("/var/lib/pulumi-drbd", path("var"))
    .replaceAll("/run/pulumi-drbd", path("run"))
    .replaceAll("/etc/drbd.d", path("etc"));
  const { stdout } = shCommand(
    withTools(own, `${usualPath}${moved}`, {
      uname: "echo alpha",
      dmesg: `cat ${path("kernel-log")}`,
      // A tick comes once what was done for the one before is done, and the events end with the last.
      sleep: `if [ "$1" = 15 ]; then
  ticked=$(cat ${path("ticks")} 2>/dev/null || echo 0)
  /bin/sleep 0.4
  echo $((ticked + 1)) >${path("ticks~")} && mv ${path("ticks~")} ${path("ticks")}
  [ "$ticked" -lt ${ticks} ]; exit
fi
: >${path("same")}
echo sleep "$@" >>${path("did")}`,
      // The first look behind an event is the next one's; those behind the unit's state, or a while, are of the same event.
      drbdsetup: `if [ "$*" = "events2 --now r0" ]; then
  n=$(cat ${path("looks")})
  if [ -e ${path("same")} ]; then rm ${path("same")}; else [ "$n" -ge ${says.length} ] || n=$((n + 1)); echo "$n" >${path("looks")}; fi
  if [ -e ${path("noted")} ]; then cat ${path("says-then")}; else cat ${path("says")}$n; fi
  exit
fi
[ "$*" = "events2 r0" ] || exit 64
for n in ${says.map((_, index) => index + 1).join(" ")}; do echo change resource name:r0; done
while [ ${ticks} != 0 ] && [ ! -e ${path("run/r0.decided")} ] && [ "$(cat ${path("ticks")} 2>/dev/null || echo 0)" -le ${ticks} ]; do /bin/sleep 0.1; done`,
      systemctl: `case $1 in
show) : >${path("same")}; cat ${path("active")} ;;
*) [ ! -e ${path("run/r0.noting")} ] || printf 'to note: ' >>${path("did")}
   [ ! -e ${path("run/r0.noting")} ] || [ ! -e ${path("says-then")} ] || : >${path("noted")}
   printf '%s\n' "$*" >>${path("did")}; [ "$1" != start ] || echo ${activeThen} >${path("active")} ;;
esac`,
    }),
    ["r0", instance],
  );
  const did = existsSync(path("did")) ? readFileSync(path("did"), "utf8").trim().split("\n") : [];
  const noted = existsSync(path("var/r0.last-primary")) ? readFileSync(path("var/r0.last-primary"), "utf8") : undefined;
  return {
    did,
    said: stdout.trim(),
    noted,
    isLeft: existsSync(path("run/r0.forget")) || existsSync(path("run/r0.noting")),
    isDecided: existsSync(path("run/r0.decided")),
  };
}

const starts = "start --no-block drbd-primary-services@r0.target";
const follows = "to note: start --job-mode=ignore-dependencies drbd-primary@r0.service";

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

  // DRBD 8.4's words, and 9's.
  test.each([
    "block drbd1: conn( WFSyncUUID -> SyncTarget ) disk( UpToDate -> Inconsistent )",
    "drbd r0/0 drbd1 bravo: repl( WFBitMapT -> SyncTarget ) [receive-bitmap]",
    "drbd r0/0 drbd1 bravo: repl( WFBitMapT -> PausedSyncT ) [receive-bitmap]",
  ])(
    "it was filled, though no event was seen of it: the peer, which has the newer data, is left ten seconds",
    (line) => {
      const kernelLog = `[    9.1] ${line}\n[    9.2] drbd r0: something else\n`;
      expect(follow({ says: [pair("Secondary", both)], note: "alpha", kernelLog }).did).toEqual(["sleep 10", starts]);
    },
  );

  test("it filled the peer: that waits for nothing", () => {
    const kernelLog = "[    9.1] drbd r0/0 drbd1: conn( WFBitMapS -> SyncSource ) pdsk( Outdated -> Inconsistent )\n";
    expect(follow({ says: [pair("Secondary", both)], note: "alpha", kernelLog }).did).toEqual([starts]);
  });

  test("a promotion that fails is tried again, at a slower and slower pace", () => {
    const { did, said } = follow({ says: [pair("Secondary", both)], note: "alpha", activeThen: "failed", ticks: 7 });
    // After one tick, after two more, and after four more.
    expect(did).toEqual([starts, starts, starts, starts]);
    expect(said.split("\n").slice(1)).toEqual([
      "r0 was Primary here last, and bravo is connected: it is promoted, mounted, and its services are started. The last try has failed, and journalctl --boot --unit=drbd-primary@r0.service says why",
    ]);
  });

  test("one that goes on, and one that a person has stopped, is not tried again", () => {
    for (const activeThen of ["activating", "inactive"])
      expect(follow({ says: [pair("Secondary", both)], note: "alpha", activeThen, ticks: 2 }).did).toEqual([starts]);
  });

  test("the peer is Primary by then: not tried again", () => {
    const says = [pair("Secondary", both), pair("Secondary", "Connected role:Primary")];
    const { did, isDecided } = follow({ says, note: "alpha", activeThen: "failed", ticks: 2 });
    expect([did, isDecided]).toEqual([[starts], true]);
  });

  test("the disk is filled while the promotion waits for it, longer than it does: tried again", () => {
    const filled = pair("Secondary", both, "SyncTarget", "Inconsistent");
    const says = [pair("Secondary", both), filled, pair("Secondary", both)];
    expect(follow({ says, note: "alpha", activeThen: "failed" }).did).toEqual([starts, starts]);
  });

  test("it is down, and waits for what it needs: told", () => {
    const { said, did } = follow({ says: ["exists -"], note: "alpha", waits: "12.3 the address 10.0.0.1, /dev/vdb\n" });
    expect([said, did]).toEqual([
      "r0 is down, and is brought up once this is there: the address 10.0.0.1, /dev/vdb",
      [],
    ]);
  });

  test("a unit whose name has a backslash is named as it is typed", () => {
    const { did, said } = follow({ says: [pair("Secondary", both)], note: "bravo", instance: "web\\x2dfront" });
    expect(did).toEqual([]);
    expect(said).toMatch(/: systemctl start 'drbd-primary-services@web\\x2dfront.target'$/);
    expect(follow({ says: [pair("Secondary", both)], note: "alpha", instance: "web\\x2dfront" }).did).toEqual([
      "start --no-block drbd-primary-services@web\\x2dfront.target",
    ]);
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
      const found = follow({ says: [pair("Primary", connection)], note: "bravo", active, activeThen: "active" });
      expect([found.did, found.noted, found.isDecided, found.isLeft]).toEqual([did, "alpha\n", true, false]);
    }
  });

  test("Secondary by hand: the unit stops without what it would do, and the note stays", () => {
    const { did, noted, isLeft } = follow({
      says: [pair("Secondary", both)],
      note: "alpha",
      isDecided: true,
      active: "active",
    });
    expect([did, noted, isLeft]).toEqual([
      ["stop --job-mode=ignore-dependencies drbd-primary@r0.service"],
      "alpha\n",
      false,
    ]);
  });

  test("demoted again before the unit has noted it: stopped at once, and nothing is promoted", () => {
    const { did, isLeft } = follow({
      says: [pair("Primary", both)],
      saysThen: pair("Secondary", both),
      activeThen: "active",
    });
    expect([did, isLeft]).toEqual([[follows, "stop --job-mode=ignore-dependencies drbd-primary@r0.service"], false]);
  });

  test("a unit that cannot be started is asked once", () => {
    expect(follow({ says: [pair("Primary", both)] }).did).toEqual([follows]);
  });

  test("who is Primary cannot be noted: told once", () => {
    const { said, noted } = follow({
      says: [pair("Primary", both), pair("Primary", both)],
      note: "bravo",
      isFull: true,
    });
    expect(noted).toBe("bravo\n");
    expect(said).toMatch(
      /^r0 is Primary on alpha, and this cannot be noted in .*last-primary for the next boot[^\n]*$/,
    );
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

describe("the promotion", () => {
  const primary = pair("Primary", both);
  const secondary = pair("Secondary", both);
  const promote = (states: { says: readonly string[]; noting?: boolean; drbdadm?: string }) => {
    const { says, noting = false, drbdadm = "exit 0" } = states;
    runs += 1;
    const own = join(folder, `host${runs}`);
    mkdirSync(own);
    const path = (name: string) => join(own, name);
    says.forEach((text, index) => {
      writeFileSync(path(`says${index + 1}`), `${text}\n`);
    });
    if (noting) writeFileSync(path("r0.noting"), "");
    const moved = (key: string) => script("drbd-primary@.service", key).replaceAll("/run/pulumi-drbd", own);
    const tools = {
      // The last is said for good.
      drbdsetup: `n=$(($(cat ${path("looks")} 2>/dev/null || echo 0) + 1)); [ $n -le ${says.length} ] || n=${says.length}; echo $n >${path("looks")}; cat ${path("says")}$n`,
      drbdadm: `echo drbdadm "$@" >>${path("did")}\n${drbdadm}`,
      sleep: "exit 0",
    };
    const run = (key: string) => shCommand(withTools(own, `${usualPath}${moved(key)}`, tools), ["r0", "r0"]).exit;
    const condition = run("ExecCondition");
    const exit = condition === 0 ? run("ExecStart") : undefined;
    return { condition, exit, did: existsSync(path("did")) ? readFileSync(path("did"), "utf8").trim() : "" };
  };

  test("both are Secondary: promoted", () => {
    expect(promote({ says: [secondary] })).toEqual({ condition: 0, exit: 0, did: "drbdadm primary r0" });
  });

  test("Primary already: noted", () => {
    for (const noting of [true, false])
      expect(promote({ says: [primary], noting })).toEqual({ condition: 0, exit: 0, did: "" });
  });

  test("a start that only notes promotes nothing, whenever a person demotes", () => {
    expect(promote({ says: [secondary], noting: true })).toEqual({ condition: 1, exit: undefined, did: "" });
    expect(promote({ says: [primary, secondary], noting: true })).toEqual({ condition: 0, exit: 0, did: "" });
  });

  test("refused: tried for ten seconds, and failed", () => {
    const { exit, did } = promote({ says: [secondary], drbdadm: "exit 11" });
    expect([exit, did.split("\n")]).toEqual([1, Array<string>(10).fill("drbdadm primary r0")]);
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
    expect(said).toBe("r0 stays Primary: target is busy");
  });
});

describe("what a resource needs at boot", () => {
  const wait = (
    address: string,
    digits: string,
    there: { trie?: string; inet6?: string; disk?: boolean },
    more: { name?: string; isUp?: boolean; late?: boolean; waits?: string; seconds?: number } = {},
  ) => {
    const { name = "r0", isUp = false, late = false, waits, seconds = 2 } = more;
    runs += 1;
    const own = join(folder, `host${runs}`);
    mkdirSync(own);
    const path = (file: string) => join(own, file);
    writeFileSync(path("trie"), there.trie ?? "");
    writeFileSync(path("inet6"), there.inet6 ?? "");
    writeFileSync(path("uptime"), "12.34 20.00\n");
    if (waits !== undefined) writeFileSync(path(`${name}.waits`), waits);
    if (there.disk !== false) writeFileSync(path("a disk"), "");
    const text = /' '((?:[^'\\]|\\.)*)' %I/.exec(units["wait-for-needs.conf"])![1]!;
    const moved = text
      .replaceAll(/\\(.)/g, "$1")
      .replaceAll("$$", "$")
      .replaceAll("%%", "%")
      .replaceAll("/run/pulumi-drbd", own)
      .replaceAll("/proc/net/fib_trie", path("trie"))
      .replaceAll("/proc/net/if_inet6", path("inet6"))
      .replaceAll("/proc/uptime", path("uptime"))
      .replaceAll("-b ", "-f ");
    const tools = {
      // It may wait without end: until the test has waited long enough.
      sleep: `n=$(($(cat ${path("slept")} 2>/dev/null || echo 0) + $1)); echo $n >${path("slept")}; [ $n -le ${seconds} ] || kill $PPID`,
      drbdsetup: isUp ? "echo exists resource name:r0 role:Secondary" : "echo exists -",
      systemctl: `[ "$1" != is-active ] || exit 3; printf 'systemctl %s\\n' "$*" >>${path("did")}`,
      "systemd-run": `for word; do case $word in --setenv=script=*) printf %s "\${word#*=*=}" >${path("script")} ;; esac; done
for word; do case $word in --setenv=script=*) ;; *) printf '<%s>' "$word" >>${path("did")} ;; esac; done`,
      "systemd-escape": `printf '%s\\n' "\${1#--template=}" | sed "s/@/@$(printf %s "$2" | sed 's/-/\\\\\\\\x2d/g')/"`,
    };
    const script = withTools(own, `${usualPath}${late ? "late=yes; " : ""}eval "$0"`, tools);
    const { exit, stdout } = shCommand(script, [moved, name, address, digits, path("a disk")]);
    const read = (file: string) =>
      existsSync(path(file)) ? readFileSync(path(file), "utf8").replaceAll(own, "") : undefined;
    return {
      exit,
      said: stdout.trim().replaceAll(own, ""),
      did: read("did")?.trim() ?? "",
      waits: read(`${name}.waits`),
      isHandedOn: read("script") === moved.replaceAll(own, ""),
    };
  };
  const trie = "  |-- 10.20.0.1\n     /32 host LOCAL\n  |-- 10.20.0.255\n     /32 link BROADCAST\n";
  const line = (flags: string) => `fd000000000000000000000000000001 02 40 00 ${flags}     eth1\n`;
  const v6 = "fd000000000000000000000000000001";

  test.each([
    ["an address of IPv4", "10.20.0.1", "", { trie }],
    ["an address of IPv6", "fd00::1", v6, { inet6: line("80") }],
    ["the end of a tunnel", "127.0.0.5", "", {}],
  ])("%s that is there: not waited for", (_what, address, digits, there) => {
    expect(wait(address, digits, there)).toEqual({ exit: 0, said: "", did: "", waits: undefined, isHandedOn: false });
  });

  test.each([
    ["no such address", "10.20.0.2", "", { trie }],
    ["one that begins so", "10.20.0.25", "", { trie }],
    ["no host's", "10.20.0.255", "", { trie }],
    ["none of IPv6", "fd00::1", v6, {}],
    ["one that is not known to be nobody else's yet", "fd00::1", v6, { inet6: line("40") }],
    ["one that is somebody else's", "fd00::1", v6, { inet6: line("88") }],
  ])("%s: waited for, told once, and noted with the time since", (_what, address, digits, there) => {
    const { exit, said, did, waits } = wait(address, digits, there);
    expect([exit, said, did, waits]).toEqual([
      null,
      `r0 is brought up once this is there: the address ${address}`,
      "",
      `12.34 the address ${address}\n`,
    ]);
  });

  test("no disk, and no address: waited for, longer than before", () => {
    const { exit, said, waits } = wait(
      "10.20.0.2",
      "",
      { trie, disk: false },
      { waits: "3.00 the address 10.20.0.2\n" },
    );
    expect([exit, said, waits]).toEqual([
      null,
      "r0 is brought up once this is there: the address 10.20.0.2, /a disk",
      "3.00 the address 10.20.0.2, /a disk\n",
    ]);
  });

  test("after a minute the boot goes on, and a unit with an own name waits on", () => {
    const { exit, said, did, isHandedOn } = wait(
      "10.20.0.1",
      "",
      { trie, disk: false },
      { name: "web-1", seconds: 100 },
    );
    expect([exit, isHandedOn]).toEqual([1, true]);
    expect(did).toBe(
      "<--quiet><--collect><--unit=drbd-late@web\\x2d1.service><--description=What DRBD resource web-1 waits for>" +
        '<--setenv=late=yes><--property=PartOf=drbd@web\\\\x2d1.target></bin/sh><-c><eval "$script"><late><web-1><10.20.0.1><></a disk>',
    );
    expect(said.split("\n")[1]).toBe(
      "/a disk is missing, and nothing else waits for it any more: drbd-late@web\\x2d1.service brings web-1 up once it is there",
    );
  });

  test("somebody has it up: the unit, which would take it down, does not fail", () => {
    const { exit, did } = wait("10.20.0.1", "", { trie, disk: false }, { isUp: true, seconds: 100 });
    expect([exit, did]).toEqual([null, ""]);
  });

  test("the unit that waits on waits without end, and starts the resource", () => {
    const late = { late: true, seconds: 1000, waits: "3.00 /a disk\n" };
    const on = wait("10.20.0.1", "", { trie, disk: false }, late);
    expect([on.exit, on.did]).toEqual([null, ""]);
    const over = wait("10.20.0.1", "", { trie }, late);
    expect([over.exit, over.did, over.waits]).toEqual([0, "systemctl start --no-block drbd@r0.target", undefined]);
    const byHand = wait("10.20.0.1", "", { trie, disk: false }, { ...late, isUp: true });
    expect([byHand.exit, byHand.did, byHand.waits]).toEqual([0, "", undefined]);
  });
});
