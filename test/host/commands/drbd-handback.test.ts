import { rmSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../core/shell";
import { type, valuesOnBravo, type Night } from "./host-at-night";
import { states } from "./states";

const folder = temporaryFolder();
const handback = (night: Night, ...argv: string[]) => type(folder, night, "drbd-handback", "r0", ...argv);

const events = (role: string, peer = "Connected role:Secondary", disk = "UpToDate", replication = "Established") =>
  `exists resource name:r0 role:${role} suspended:no write-ordering:flush
exists connection name:r0 peer-node-id:0 conn-name:peer connection:${peer} congested:no
exists device name:r0 volume:0 minor:1 disk:UpToDate size:327632
exists peer-device name:r0 peer-node-id:0 conn-name:peer volume:0 replication:${replication} peer-disk:${disk} resync-suspended:no out-of-sync:0
exists -
`;
const serving: Night = { events: events("Primary"), eventsThen: events("Secondary"), mounted: ["147:1 /srv/my data"] };
const inOrder = [
  "systemctl stop db.service",
  "systemctl stop web.service",
  "umount /srv/my data",
  "drbdadm secondary r0",
];

test("services in reverse, unmounted, demoted, and then what to type on the peer", () => {
  const { exit, said, calls, mounted } = handback(serving);
  expect(exit).toBe(0);
  expect(calls).toEqual(inOrder);
  expect(mounted).toEqual([]);
  expect(said.split("\n").slice(-3)).toEqual([
    "r0 is Secondary on bravo. Now type on alpha:",
    "  drbdadm primary r0 && systemctl start 'srv-my\\x20data.mount' web.service db.service",
    "",
  ]);
});

test("with the units of ours, the promotion's unit goes too, and the peer is started by the target", () => {
  const files = {
    "etc/systemd/system/drbd-primary-services@.target": "",
    "etc/systemd/system/drbd-primary@.service": "",
  };
  const { exit, said, calls } = handback({ ...serving, files });
  expect(exit).toBe(0);
  expect(calls).toEqual([
    ...inOrder.slice(0, 3),
    "systemctl stop drbd-primary-services@r0.target drbd-primary@r0.service",
    "drbdadm secondary r0",
  ]);
  expect(said).toContain("Now type on alpha:\n  systemctl start drbd-primary-services@r0.target\n");
});

test("what somebody mounted elsewhere is unmounted too, the last one first", () => {
  const { calls } = handback({ ...serving, mounted: ["147:1 /srv/my data", "147:1 /mnt"] });
  expect(calls.filter((call) => call.startsWith("umount"))).toEqual(["umount /mnt", "umount /srv/my data"]);
});

test.each([
  [
    "not connected",
    events("Primary", "Connecting role:Unknown", "DUnknown", "Off"),
    "it is not connected (Connecting)",
  ],
  [
    "being filled",
    events("Primary", undefined, "Inconsistent", "SyncSource").replace("out-of-sync:0", "out-of-sync:4096"),
    "its data of volume 0 is Inconsistent (SyncSource)",
  ],
  [
    "filled, and DRBD has missed it",
    events("Primary", undefined, "Inconsistent", "SyncSource"),
    "its data of volume 0 is Inconsistent (SyncSource), with nothing left to send; where that stays so for ten seconds, DRBD has missed that the sync is over: type on alpha `drbdadm pause-sync r0 && drbdadm resume-sync r0`",
  ],
  ["behind", events("Primary", undefined, "Consistent", "Ahead"), "its data of volume 0 is Consistent (Ahead)"],
  ["without its disk", events("Primary", undefined, "Diskless"), "its data of volume 0 is Diskless (Established)"],
  ["Primary, too", events("Primary", "Connected role:Primary"), "it is Primary"],
])("the peer is %s: refused, and nothing is touched", (_what, seen, why) => {
  const { exit, said, calls } = handback({ ...serving, events: seen });
  expect([exit, calls]).toEqual([1, []]);
  expect(said).toContain(`Refused: alpha cannot take r0: ${why}.`);
});

test("Secondary already: nothing to give up", () => {
  expect(handback({ ...serving, events: events("Secondary", "Connected role:Primary") })).toMatchObject({
    exit: 1,
    calls: [],
  });
  const both = handback({ ...serving, events: events("Secondary") });
  expect(both).toMatchObject({ exit: 1, calls: [] });
  expect(both.said).toContain("To start it on alpha, type there:\n  drbdadm primary r0 && systemctl start");
  const alone = handback({ ...serving, events: events("Secondary", "Connecting role:Unknown", "DUnknown", "Off") });
  expect(alone.said).not.toContain("type there");
});

describe("somebody uses it beside its services", () => {
  const used: Night = { ...serving, answers: "/dev/drbd1 in use: process 600 (sleep): /srv/my data\n" };

  test("and it has no services: refused, and nothing is touched", () => {
    const values = valuesOnBravo.replaceAll(/^service .*\n/gm, "");
    const { exit, said, calls } = handback({ ...used, values });
    expect([exit, calls]).toEqual([1, []]);
    expect(said).toContain("Refused: r0 is in use on bravo:");
    expect(said).toContain("in use: process 600 (sleep)");
  });

  test("and they may end that: told, and given up where the unmount succeeds", () => {
    const { exit, said, calls } = handback(used);
    expect([exit, calls]).toEqual([0, inOrder]);
    expect(said).toContain("r0 is in use on bravo beside its services:");
  });

  test("what is mounted from it below itself is no user of it", () => {
    const below = {
      ...serving,
      answers: "/dev/drbd1 x\n",
      tools: { perl: 'echo "in use: /dev/drbd1 is mounted below it, on /srv/my data/logs"' },
    };
    expect(handback(below)).toMatchObject({ exit: 0, calls: inOrder });
    expect(handback(below).said).not.toContain("beside its services");
  });
});

const failing = (tool: string) => (night: Night) =>
  handback({ ...night, tools: { [tool]: `echo "$(basename "$0") $*" >>${folder}/calls; echo "it is busy"; exit 32` } });

test("a mount that is busy: who holds it, and it is served here again", () => {
  const { exit, said, calls, mounted } = failing("umount")({ ...serving, tools: {} });
  expect(exit).toBe(3);
  expect(said).toContain("r0 was not given up on bravo: `umount '/srv/my data'` (exit 32): it is busy");
  expect(said).toContain("It is served here on bravo as before.");
  expect(mounted).toEqual(["147:1 /srv/my\\040data"]);
  expect(calls.at(-1)).toBe("systemctl start srv-my\\x20data.mount web.service db.service");
  expect(calls).not.toContain("drbdadm secondary r0");
});

test("a service that does not stop: nothing is unmounted, and all run again", () => {
  const systemctl = `case "$1" in is-active) [ "$2" = --quiet ] || echo deactivating; exit 0 ;; *) echo "systemctl $*" >>${folder}/calls; exit 1 ;; esac`;
  const { exit, said, calls } = handback({ ...serving, tools: { systemctl } });
  expect(exit).toBe(3);
  expect(said).toContain("db.service does not stop");
  expect(calls).toEqual(["systemctl stop db.service", "systemctl start srv-my\\x20data.mount web.service db.service"]);
});

test("a demotion that is refused: mounted and served again", () => {
  const drbdadm = `case "$1" in sh-resources) echo r0 ;; secondary) echo "drbdadm $*" >>${folder}/calls; echo "(-12) Device is held open by someone"; exit 11 ;; esac`;
  const { exit, said, calls, mounted } = handback({ ...serving, tools: { drbdadm } });
  expect(exit).toBe(3);
  expect(said).toContain("`drbdadm secondary r0` (exit 11): (-12) Device is held open by someone");
  expect(calls.slice(-3)).toEqual([
    "drbdadm secondary r0",
    "mount /srv/my data",
    "systemctl start srv-my\\x20data.mount web.service db.service",
  ]);
  expect(mounted).toEqual(["147:1 /srv/my\\040data"]);
});

test("what was unmounted before is mounted again, in its order and with its options, before the services start", () => {
  const drbdadm = `case "$1" in sh-resources) echo r0 ;; secondary) exit 11 ;; esac`;
  const all = ["147:1 /srv/my data", "147:1 /mnt/else where", "147:1[/sub] /exports/a", "147:1[/sub/b] /exports/a/b"];
  const { exit, said, calls, mounted } = handback({ ...serving, mounted: all, tools: { drbdadm } });
  expect(exit).toBe(3);
  expect(calls.slice(2)).toEqual([
    "umount /exports/a/b",
    "umount /exports/a",
    "umount /mnt/else where",
    "umount /srv/my data",
    "mount /srv/my data",
    "mount -t xfs -o rw,noatime,noquota /dev/drbd1 /mnt/else where",
    "mount --bind /srv/my data/sub /exports/a",
    "mount -o remount,bind,rw,noatime /exports/a",
    "mount --bind /srv/my data/sub/b /exports/a/b",
    "mount -o remount,bind,rw,noatime /exports/a/b",
    "systemctl start srv-my\\x20data.mount web.service db.service",
  ]);
  expect(mounted).toEqual(all.map((one) => one.replace(/(?<= .*) /, "\\040")));
  expect(said).toContain("/exports/a/b is mounted again.\n");
  expect(said).toContain("It is served here on bravo as before.");
});

test("what cannot be mounted again is told", () => {
  const drbdadm = `case "$1" in sh-resources) echo r0 ;; secondary) exit 11 ;; esac`;
  const mount = `case $1 in --bind) echo "no such folder"; exit 32 ;; esac`;
  const more = ["147:1 /srv/my data", "147:1[/sub] /exports"];
  const { exit, said } = handback({ ...serving, mounted: more, tools: { drbdadm, mount } });
  expect(exit).toBe(3);
  expect(said).toContain(
    "Failed half-way: not mounted again:\n  /dev/drbd1 on /exports, with rw,noatime (exit 32): no such folder\n",
  );
  expect(said).not.toContain("as before");
});

const inTheWay = [
  ["something else upon it", "0:45[tmpfs] /srv/my data/tmp", "is a mount of something else (tmpfs) upon it"],
  ["something else at its place", "0:45[tmpfs] /srv/my data", "is a mount of something else (tmpfs) upon it"],
  ["a folder that is gone", "147:1[/old//deleted] /exports", "shows a folder that was deleted since"],
] as const;

test.each(inTheWay)("%s: refused before anything is touched, where no service is to be stopped", (_what, one, why) => {
  const values = valuesOnBravo.replaceAll(/service .*\n/g, "");
  const { exit, said, calls } = handback({ ...serving, values, mounted: ["147:1 /srv/my data", one] });
  expect([exit, calls]).toEqual([1, []]);
  const place = one.replace(/^\S* /, "");
  expect(said).toContain(`  ${place} ${why}: \`umount ${place.includes(" ") ? `'${place}'` : place}\`\n`);
});

test.each(inTheWay)("%s: found once the services are stopped, it is served here again", (_what, one, why) => {
  const { exit, said, calls } = handback({ ...serving, mounted: ["147:1 /srv/my data", one] });
  expect(exit).toBe(3);
  expect(said).toContain(why);
  expect(calls).toEqual([...inOrder.slice(0, 2), "systemctl start srv-my\\x20data.mount web.service db.service"]);
});

test("a part of it alone is mounted: refused, as nothing would be there to mount it from", () => {
  const values = valuesOnBravo.replaceAll(/service .*\n/g, "");
  const { exit, said } = handback({ ...serving, values, mounted: ["147:1[/sub] /exports"] });
  expect(exit).toBe(1);
  expect(said).toContain("/exports shows a part of /dev/drbd1, which is mounted nowhere as a whole: `umount /exports`");
});

test("a subvolume by its line in fstab is no part of another mount", () => {
  expect(handback({ ...serving, mounted: ["147:1[/@data] /srv/my data", "147:1[/@data/b] /exports"] })).toMatchObject({
    exit: 0,
    mounted: [],
  });
});

test("a service whose name has a backslash is told as it is typed", () => {
  const values = valuesOnBravo.replace("service db.service", "service web\\x2dfront.service");
  const { calls, said } = handback({ ...serving, values, files: { "active-web\\x2dfront.service": "" } });
  expect(calls[0]).toBe("systemctl stop web\\x2dfront.service");
  expect(said).toContain("web\\x2dfront.service is stopped.\n");
  expect(said).toContain("systemctl start 'srv-my\\x20data.mount' web.service 'web\\x2dfront.service'\n");
});

test("the peer goes while the services stop: served here again", () => {
  const gone = events("Primary", "Connecting role:Unknown", "DUnknown", "Off");
  const umount = `echo "umount $*" >>${folder}/calls; grep -v ' 147:' ${folder}/proc/self/mountinfo >${folder}/m; mv ${folder}/m ${folder}/proc/self/mountinfo; cat >${folder}/events <<'END'\n${gone}END`;
  const { exit, said, calls, mounted } = handback({ ...serving, tools: { umount } });
  expect(exit).toBe(3);
  expect(said).toContain("alpha cannot take it any more: it is not connected (Connecting)");
  expect(calls).not.toContain("drbdadm secondary r0");
  expect(mounted).toEqual(["147:1 /srv/my\\040data"]);
});

// Every state of a real pair of both versions: given up exactly where the peer can take it.
test.each(states)("$name: given up only where the peer has all", ({ events: seen, procDrbd, host }) => {
  const { calls } = handback({ events: seen, eventsThen: seen, procDrbd, uname: host });
  const isReady =
    / role:Primary suspended/.test(seen) &&
    /connection:Connected role:Secondary/.test(seen) &&
    [...seen.matchAll(/^exists peer-device .*/gm)].every(([line]) =>
      /replication:Established peer-disk:UpToDate/.test(line),
    );
  expect(calls.includes("drbdadm secondary r0")).toBe(isReady);
  if (!isReady) expect(calls).toEqual([]);
});

test.each([
  ["--help", ["--help"], 0, "It ends with 0 when this host is Secondary"],
  ["no resource", [], 2, "Which resource? bravo has: r0"],
  ["an unknown option", ["-f"], 2, "drbd-handback has no option -f"],
])("called with %s", (_what, argv, exit, said) => {
  expect(type(folder, serving, "drbd-handback", ...argv)).toMatchObject({
    exit,
    said: expect.stringContaining(said) as string,
    calls: [],
  });
});

describe("a virtual machine", () => {
  const unit = "drbd-vm@my\\x20web.service";
  const values = valuesOnBravo.replace("service db.service", `service ${unit}`);
  /** Its drop-in gives it two seconds. */
  const tools = (state: string): NonNullable<Night["tools"]> => ({
    virsh: `case "$*" in *domstate*) if [ -e ${folder}/asked ]; then echo "${state}"; else echo running; fi ;; *) touch ${folder}/asked; echo "virsh $*" >>${folder}/calls ;; esac`,
    systemctl: `case "$1" in show) echo "LC_ALL=C shutdown_timeout=2" ;; is-active) [ "$2" = --quiet ] || { echo inactive; exit 3; } ;; *) printf '%s\\n' "systemctl $*" >>${folder}/calls ;; esac`,
    "systemd-escape": `case "$1" in --unescape) echo 'my web' ;; --path) echo 'srv-my\\x20data.mount' ;; esac`,
  });
  const ask = "virsh --quiet --connect qemu:///system shutdown --domain my web";
  const files = { "proc/uptime": "100.00 50.00\n" };
  beforeEach(() => {
    rmSync(join(folder, "asked"), { force: true });
  });

  test("it shuts down before its unit is stopped, and before all else", () => {
    const { exit, said, calls } = handback({ ...serving, values, files, tools: tools("shut off") });
    expect(exit).toBe(0);
    expect(calls.slice(0, 4)).toEqual([
      ask,
      `systemctl stop ${unit}`,
      "systemctl stop web.service",
      "umount /srv/my data",
    ]);
    expect(said).toContain("virtual machine my web is to shut down; it has 2 s.\nvirtual machine my web is stopped.\n");
  });

  test("it goes on running: so does all else, and nothing is unmounted", () => {
    const { exit, said, calls } = handback({ ...serving, values, files, tools: tools("running") });
    expect(exit).toBe(3);
    expect(calls).toEqual([ask, expect.stringMatching(/^systemctl start /)]);
    expect(said).toContain("r0 was not given up on bravo: The virtual machine my web did not shut down in 2 s");
    expect(said).toContain("virtual machine my web runs.");
  });
});
