/** drbd-where, drbd-takeover and drbd-handback on the lab's hosts, with no Pulumi around while they run. */
import { MACHINES, type MachineName } from "../../lab/machines";
import { drbdState, eventually, mountedAt } from "./machine";
import { LivingPair } from "./keeps-data/living-pair";
import { expectPasted, saidOf } from "./pasted";
import { DEVICE, MOUNT_POINT, withResource } from "./site";
import { changesOf, expectSuccess } from "./stack";
import { lastOf, writer, WriteLoad } from "./write-load";

jest.setTimeout(1_000_000);

let pair: LivingPair;
const loads: WriteLoad[] = [];
const FILE = `${MOUNT_POINT}/log`;
const PAGE = "a-dead-host.md";
const names = ["drbd-where", "drbd-takeover", "drbd-handback"];
const values = "/etc/pulumi-drbd/r0.conf";

beforeAll(async () => {
  pair = await LivingPair.begin("takeover");
});
beforeEach(async () => {
  await pair.back();
  // What another part of the program will write: a service of the resource, which writes where it runs.
  for (const machine of MACHINES) {
    await pair.run(
      machine,
      "cat >/usr/local/bin/web; chmod +x /usr/local/bin/web",
      {},
      `#!/bin/sh\nexec ${writer(FILE)}\n`,
    );
    await pair.run(
      machine,
      "cat >/etc/systemd/system/web.service && systemctl daemon-reload",
      {},
      "[Service]\nExecStart=/usr/local/bin/web\nStandardOutput=null\n",
    );
  }
});
afterEach(() => {
  for (const load of loads.splice(0)) load.stop();
});
afterAll(() => pair.end());

interface Said {
  readonly exit: number;
  /** Both streams, as a person sees them. */
  readonly text: string;
}

async function type(machine: MachineName, command: string): Promise<Said> {
  const { exit, stdout } = await pair.lab.run(machine, `${command} 2>&1 </dev/null`, { timeout: 300, check: false });
  return { exit: exit ?? -1, text: stdout };
}

/** As `$ command` and what it said. */
const transcript = (command: string, { text }: Said): string => `$ ${command}\n${text}`;

function load(machine: MachineName): WriteLoad {
  const begun = new WriteLoad(pair.lab, machine, FILE);
  loads.push(begun);
  return begun;
}

const withService = async () => {
  await pair.stack.configure(withResource(pair.site, { services: ["web.service"] }));
  expect(await pair.up()).toContain("alpha: systemctl start web.service");
};

const lostPeer = (on: MachineName) => eventually(() => drbdState(pair.lab, on), /cs:WFConnection/, 60);
const written = async (on: MachineName) => lastOf(await pair.run(on, `cat ${FILE}`));

test("`up` installs them with their values; a pair from before gets them by its next `up`, and then nothing is to be done", async () => {
  for (const machine of MACHINES) {
    const peer = machine === "alpha" ? "bravo" : "alpha";
    expect(await pair.run(machine, `cat ${values}`)).toBe(
      [
        "# Managed by pulumi-drbd: what drbd-where, drbd-takeover and drbd-handback know of r0.",
        "resource r0",
        `host ${machine}`,
        `peer ${peer}`,
        `peer-address ${pair.lab.address(peer)}`,
        `mount ${DEVICE} ${MOUNT_POINT}`,
      ].join("\n"),
    );
    for (const name of names) expect((await type(machine, `${name} --help`)).exit).toBe(0);
    await pair.run(machine, `rm ${names.map((name) => `/usr/local/sbin/${name}`).join(" ")} ${values}`);
  }
  // Somebody's own command of that name.
  await pair.run(
    "bravo",
    "printf '#!/bin/sh\\necho mine\\n' >/usr/local/sbin/drbd-where; chmod +x /usr/local/sbin/drbd-where",
  );
  const paths = names
    .map((name) => `/usr/local/sbin/${name}`)
    .sort()
    .join(" ");
  const changes = await pair.up();
  expect([...changes].sort()).toEqual(
    MACHINES.flatMap((machine) => [`${machine}: write ${values}`, `${machine}: write ${paths}`]).sort(),
  );
  expect(await pair.up()).toEqual([]);
  expect(
    await pair.run(
      "bravo",
      "/usr/local/sbin/drbd-where.before-pulumi-drbd 2>&1 || sh /usr/local/sbin/drbd-where.before-pulumi-drbd",
    ),
  ).toBe("mine");
  expect((await type("bravo", "drbd-where")).text).toContain(
    "r0 on bravo: Secondary; connected to alpha, which is Primary",
  );
});

test("destroy takes them away", async () => {
  const run = await pair.stack.destroy();
  expect(run.code).toBe(0);
  for (const machine of MACHINES)
    expect(await pair.run(machine, "ls /usr/local/sbin | grep drbd; ls -d /etc/pulumi-drbd", { check: false })).toBe(
      "",
    );
});

test("the peer is alive: refused, whatever is said of it", async () => {
  const well = await type("bravo", "drbd-where");
  expect(well.text).toMatch(/^ {2}volume 0 +\/dev\/drbd1, 319 MiB: UpToDate here, UpToDate on alpha$/m);
  await expectPasted(PAGE, "drbd-where in a healthy pair", transcript("drbd-where", await type("alpha", "drbd-where")));
  const refused = await type("bravo", "drbd-takeover r0 --peer-is-off alpha");
  expect(refused.exit).toBe(1);
  expect(refused.text).toContain("Refused: for DRBD alpha is alive: connected, and Primary.");
  await pair.expectWhole();
});

test("the peer's plug is pulled under write load: every acknowledged write is there; it comes back, is filled, and is Secondary", async () => {
  const { acknowledged } = await pullAlphasPlug();
  const command = "drbd-takeover r0 --peer-is-off alpha";
  const where = await type("bravo", "drbd-where");
  await expectPasted(PAGE, "drbd-where beside a dead peer", transcript("drbd-where", where));
  expect(where.text).toMatch(
    /peer gone +since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d; it was Primary then, with its disk UpToDate/,
  );
  expect(where.text).toContain("bravo stays Secondary while it cannot reach alpha");
  // Nobody to ask; the wrong word; and nothing has happened by then.
  expect((await type("bravo", "drbd-takeover r0")).text).toContain("nobody can be asked without a terminal");
  const wrong = await type("bravo", "drbd-takeover r0 --peer-is-off bravo");
  expect(wrong).toEqual({
    exit: 1,
    text: expect.stringContaining('the peer of r0 is alpha, and the word was "bravo"') as string,
  });
  expect(await drbdState(pair.lab, "bravo")).toMatch(/ro:Secondary/);
  const taken = await type("bravo", command);
  await expectPasted(PAGE, "drbd-takeover", transcript(command, taken));
  expect(taken.exit).toBe(0);
  expect(taken.text).toContain("nothing that alpha had told its programs to be written");
  expect(await mountedAt(pair.lab, "bravo", MOUNT_POINT)).toBe(`${DEVICE} xfs`);
  expect(await written("bravo")).toBeGreaterThanOrEqual(acknowledged);
  const again = await type("bravo", command);
  expect(again).toEqual({
    exit: 0,
    text: `r0 is Primary on bravo already.\n${DEVICE} is mounted on ${MOUNT_POINT}.\n`,
  });
  await pair.run("bravo", `echo after >${MOUNT_POINT}/after; sync`);
  await pair.lab.powerOn("alpha");
  const state = await eventually(() => drbdState(pair.lab, "alpha"), /ds:UpToDate\/UpToDate/, 180);
  expect(state).toMatch(/^cs:Connected ro:Secondary\/Primary ds:UpToDate\/UpToDate/);
  await expectPasted(
    PAGE,
    "drbd-where on the host that came back",
    transcript("drbd-where", await type("alpha", "drbd-where")),
  );
  expect(await mountedAt(pair.lab, "alpha", MOUNT_POINT)).toBe("");
});

async function pullAlphasPlug(): Promise<{ acknowledged: number }> {
  const running = load("alpha");
  await running.more(50);
  await pair.lab.powerOff("alpha");
  const { acknowledged } = running;
  expect(await lostPeer("bravo")).toMatch(/ro:Secondary\/Unknown ds:UpToDate\/DUnknown/);
  return { acknowledged };
}

const tokenIn = (output: string): string => /`peerIsOff: \{ alpha: "([0-9a-f]{16})" \}`/.exec(output)?.[1] ?? "none";

test("by the program: refused with a line; the line counts for that time alone; with it, every acknowledged write is there", async () => {
  const asks = (peerIsOff?: string) =>
    pair.stack.configure(
      withResource(pair.site, {
        primary: "bravo",
        ...(peerIsOff === undefined ? {} : { peerIsOff: { alpha: peerIsOff } }),
      }),
    );
  await pair.lab.powerOff("alpha");
  await lostPeer("bravo");
  await asks();
  const refused = await pair.stack.preview();
  expect(refused.code).not.toBe(0);
  await expectPasted(PAGE, "primary beside a dead peer", saidOf(refused.output, "r0"));
  const first = tokenIn(refused.output);
  // Straight to the steps: the host itself stops it, and says where the line is.
  const straight = await pair.stack.up();
  expect([straight.code === 0, /`pulumi preview` tells the line/.test(straight.output)]).toEqual([false, true]);
  await pair.lab.powerOn("alpha");
  await eventually(() => drbdState(pair.lab, "alpha"), /^cs:Connected .*ds:UpToDate\/UpToDate/, 180);
  await pair.run("alpha", "drbdadm role r0 | grep -q Primary || systemctl start drbd-primary-services@r0.target");
  const { acknowledged } = await pullAlphasPlug();
  await asks(first);
  const old = await pair.stack.up();
  expect(old.code).not.toBe(0);
  expect(old.output).toContain("has the token of another time");
  expect(await drbdState(pair.lab, "bravo")).toMatch(/ro:Secondary/);
  const second = tokenIn(old.output);
  expect([second === first, second]).toEqual([false, expect.stringMatching(/^[0-9a-f]{16}$/) as string]);
  await asks(second);
  const preview = expectSuccess(await pair.stack.preview());
  await expectPasted(PAGE, "the takeover in a preview", saidOf(preview.output, "r0"));
  expect(await drbdState(pair.lab, "bravo")).toMatch(/ro:Secondary/);
  expectSuccess(await pair.stack.up());
  expect(await mountedAt(pair.lab, "bravo", MOUNT_POINT)).toBe(`${DEVICE} xfs`);
  expect(await written("bravo")).toBeGreaterThanOrEqual(acknowledged);
  // Spent, and alpha still off: nothing is done, and that is told.
  const again = expectSuccess(await pair.stack.up());
  expect(changesOf(again)).toEqual([]);
  expect(again.output).toContain("alpha cannot be reached, and `peerIsOff` names it");
  await pair.lab.powerOn("alpha");
  await eventually(
    () => drbdState(pair.lab, "alpha"),
    /^cs:Connected ro:Secondary\/Primary ds:UpToDate\/UpToDate/,
    180,
  );
  expect(changesOf(expectSuccess(await pair.stack.up()))).toEqual([]);
});

test("under protocol A it says what may be lost; what is there is whole up to some write", async () => {
  for (const machine of MACHINES)
    await pair.run(machine, "sed -i 's/protocol C;/protocol A; sndbuf-size 2M;/' /etc/drbd.d/r0.res");
  for (const machine of MACHINES) await pair.run(machine, "drbdadm adjust r0");
  await eventually(() => drbdState(pair.lab, "alpha"), /cs:Connected .* A r/, 60);
  await pullAlphasPlug();
  const { exit, text } = await type("bravo", "drbd-takeover r0 --peer-is-off alpha");
  await expectPasted(PAGE, "what protocol A may lose", /^ {2}Protocol A.*\n(?: {2}- .*\n)+/m.exec(text)?.[0] ?? text);
  expect(exit).toBe(0);
  expect(text).toMatch(
    /Protocol A\. May be lost:\n.*still under way to bravo: as a rule not more than its send buffer \(sndbuf-size 2/,
  );
  expect(await written("bravo")).toBeGreaterThan(0);
});

test("the survivor boots alone: it stays Secondary, drbd-where says why, and drbd-takeover serves what is Consistent", async () => {
  await pullAlphasPlug();
  await pair.lab.powerOff("bravo");
  await pair.lab.powerOn("bravo");
  expect(await lostPeer("bravo")).toMatch(/ro:Secondary\/Unknown ds:Consistent\/DUnknown/);
  const { text } = await type("bravo", "drbd-where");
  expect(text).toContain("bravo stays Secondary while it cannot reach alpha");
  expect((await type("bravo", "drbd-takeover r0 --peer-is-off alpha")).exit).toBe(0);
  expect(await mountedAt(pair.lab, "bravo", MOUNT_POINT)).toBe(`${DEVICE} xfs`);
});

test("the link for DRBD is cut while the peer lives: refused, while its other address answers", async () => {
  for (const [machine, own, peer] of [
    ["alpha", 1, 2],
    ["bravo", 2, 1],
  ] as const) {
    await pair.run(
      machine,
      `ip address add 10.0.98.${own}/24 dev eth1 && echo 'peer-address 10.0.98.${peer}' >>${values}`,
    );
    await pair.run(machine, `ip route add blackhole ${pair.lab.address(machine === "alpha" ? "bravo" : "alpha")}/32`);
  }
  expect(await lostPeer("bravo")).toMatch(/ro:Secondary\/Unknown/);
  const command = "drbd-takeover r0 --peer-is-off alpha";
  const refused = await type("bravo", command);
  await expectPasted(PAGE, "drbd-takeover while the peer lives", transcript(command, refused));
  expect(refused.exit).toBe(1);
  expect(refused.text).toMatch(/^ {2}10\.0\.98\.1: .*port 22: answers/m);
  expect(refused.text).toContain("Refused: alpha answers, so it is alive.");
  expect(await drbdState(pair.lab, "bravo")).toMatch(/ro:Secondary/);
  expect(await mountedAt(pair.lab, "alpha", MOUNT_POINT)).toBe(`${DEVICE} xfs`);
});

test("data that must not be used is never promoted: a sync that was not finished", async () => {
  await pair.run(
    "bravo",
    "drbdadm disk-options --c-max-rate=250 --c-min-rate=250 --resync-rate=250 --c-plan-ahead=0 r0",
  );
  await pair.run(
    "alpha",
    "drbdadm disk-options --c-max-rate=250 --c-min-rate=250 --resync-rate=250 --c-plan-ahead=0 r0",
  );
  await pair.run("bravo", "drbdadm invalidate r0");
  await eventually(() => drbdState(pair.lab, "bravo"), /cs:SyncTarget/, 30);
  const { text: syncing } = await type("bravo", "drbd-where");
  expect(syncing).toMatch(/^ {2}sync +bravo is being filled from alpha: .*% done, .* to go, \d+:\d\d:\d\d left/m);
  await pair.lab.powerOff("alpha");
  expect(await lostPeer("bravo")).toMatch(/ds:Inconsistent\/DUnknown/);
  const refused = await type("bravo", "drbd-takeover r0 --peer-is-off alpha");
  expect(refused.exit).toBe(1);
  expect(refused.text).toContain("volume 0, /dev/drbd1: Inconsistent: half old, half new");
  expect(await drbdState(pair.lab, "bravo")).toMatch(/ro:Secondary/);
});

test("handed back under write load, and started on the peer: nothing is missing, and it goes on", async () => {
  await withService();
  await eventually(async () => String((await written("alpha")) > 50), "true", 60);
  const handed = await type("alpha", "drbd-handback r0");
  await expectPasted(PAGE, "drbd-handback", transcript("drbd-handback r0", handed));
  expect(handed.exit).toBe(0);
  expect(await drbdState(pair.lab, "alpha")).toMatch(/ro:Secondary\/Secondary/);
  const [, there = ""] = /Now type on bravo:\n {2}(.*)\n/.exec(handed.text) ?? [];
  const started = await type("bravo", there);
  expect(started).toEqual({ exit: 0, text: "" });
  const first = await written("bravo");
  expect(first).toBeGreaterThan(50);
  expect(await pair.run("bravo", "systemctl is-active web.service")).toBe("active");
  await eventually(async () => String((await written("bravo")) > first), "true", 60);
  const { text } = await type("bravo", "drbd-where");
  expect(text).toMatch(/^ {2}mounts +\/dev\/drbd1 on \/srv\/data: mounted\n {2}services +web\.service: active$/m);
});

test("the mount is busy: who holds it is told, and it is served here again", async () => {
  await withService();
  await pair.run(
    "alpha",
    `mkdir -p ${MOUNT_POINT}/sub "/exports of it" && mount --bind ${MOUNT_POINT}/sub "/exports of it" && mount -o remount,bind,ro,nosuid "/exports of it"
     mount -o noexec ${DEVICE} /mnt
     (sleep 600 3>${MOUNT_POINT}/held >/dev/null 2>&1 </dev/null &)`,
  );
  // Without the numbers of the mounts.
  const mounts = () => pair.run("alpha", "grep ' 147:' /proc/self/mountinfo | cut -d' ' -f3-6 | sort");
  const before = await mounts();
  expect(before.split("\n")).toHaveLength(3);
  const { exit, text } = await type("alpha", "drbd-handback r0");
  expect(text).toMatch(/^\/mnt is unmounted\.\n\/exports of it is unmounted\.$/m);
  expect(text).toMatch(/^\/exports of it is mounted again\.\n\/mnt is mounted again\.$/m);
  expect(await mounts()).toBe(before);
  expect(exit).toBe(3);
  expect(text).toMatch(/umount \/srv\/data` \(exit 32\)/);
  expect(text).toMatch(/in use: process \d+ \(sleep\): \/srv\/data\/held/);
  expect(text).toContain("It is served here on alpha as before");
  expect(await pair.run("alpha", "systemctl is-active web.service")).toBe("active");
  expect(await drbdState(pair.lab, "alpha")).toMatch(/ro:Primary\/Secondary/);
});

test("something else is mounted upon it: that is named, and nothing is unmounted", async () => {
  await withService();
  await pair.run("alpha", `mkdir ${MOUNT_POINT}/tmp && mount -t tmpfs none ${MOUNT_POINT}/tmp`);
  const { exit, text } = await type("alpha", "drbd-handback r0");
  expect(exit).toBe(3);
  expect(text).toContain("/srv/data/tmp is a mount of something else (tmpfs) upon it: `umount /srv/data/tmp`");
  expect(text).not.toContain("is unmounted");
  expect(text).toContain("It is served here on alpha as before");
  await pair.run("alpha", `umount ${MOUNT_POINT}/tmp`);
  expect((await type("alpha", "drbd-handback r0")).exit).toBe(0);
});

test("the peer is not there: nothing is handed back", async () => {
  await pair.lab.powerOff("bravo");
  await lostPeer("alpha");
  const { exit, text } = await type("alpha", "drbd-handback r0");
  expect(exit).toBe(1);
  expect(text).toContain("Refused: bravo cannot take r0: it is not connected (Connecting).");
  expect(await mountedAt(pair.lab, "alpha", MOUNT_POINT)).toBe(`${DEVICE} xfs`);
});

/** In a terminal of the host's own: the return key, and when systemd had mounted, in milliseconds of one clock. */
const stopwatch = String.raw`
import os, pty, subprocess, sys, time
if sys.argv[1] == "bare":
    began = time.monotonic()
    subprocess.run(["sh", "-c", "drbdadm primary --force r0 && systemctl start srv-data.mount"], check=True)
else:
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp("drbd-takeover", ["drbd-takeover", "r0"])
    seen = b""
    while b"anything else ends this): " not in seen:
        seen += os.read(terminal, 4096)
    time.sleep(1)
    began = time.monotonic()
    os.write(terminal, b"alpha\n")
    try:
        while os.read(terminal, 4096): pass
    except OSError: pass
    _, status = os.waitpid(pid, 0)
    if status != 0: sys.exit(seen.decode())
shown = subprocess.run(["systemctl", "show", "--value", "-p", "ActiveEnterTimestampMonotonic", "srv-data.mount"], capture_output=True, text=True, check=True)
print(int((int(shown.stdout) / 1e6 - began) * 1000))
`;

test("from the return key to mounted, beside the bare commands", async () => {
  const took = { bare: [] as number[], takeover: [] as number[] };
  for (const round of [1, 2, 3]) {
    for (const way of round % 2 === 0 ? (["bare", "takeover"] as const) : (["takeover", "bare"] as const)) {
      await pair.back();
      await pair.lab.cutLink();
      await lostPeer("bravo");
      await pair.run("bravo", "cat >/root/stopwatch.py", {}, stopwatch);
      took[way].push(Number(await pair.run("bravo", `python3 /root/stopwatch.py ${way}`)));
      expect(await mountedAt(pair.lab, "bravo", MOUNT_POINT)).toBe(`${DEVICE} xfs`);
    }
  }
  const median = (all: number[]) => [...all].sort((one, other) => one - other)[1]!;
  const ratio = (median(took.takeover) / median(took.bare)).toFixed(2);
  process.stdout.write(
    `drbd-takeover, from the return key to mounted: ${median(took.takeover)} ms; the bare commands: ${median(took.bare)} ms; ratio ${ratio} (${JSON.stringify(took)})\n`,
  );
});
