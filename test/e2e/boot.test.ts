/**
 * What a shutdown and a boot make of a pair with a service on its filesystem: it is served where it was Primary last, by whatever
 * hand, and by one host at a time. The service writes all the while, and at its end whether it was mounted still.
 */
import { Lab } from "../../lab/lab";
import { MACHINES, otherMachine, type MachineName } from "../../lab/machines";
import { drbdState, eventually, fstabLines, mountedAt, reboot, surveyAll } from "./machine";
import { sumsOf } from "./output";
import { DEVICE, MOUNT_POINT, siteOf, withResource } from "./site";
import { changesOf, expectSuccess, Stack, type Run } from "./stack";

jest.setTimeout(1_000_000);

const SERVICE = "web.service";
const LOG = `${MOUNT_POINT}/log`;
const HEALTHY = "cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----";
const unit = `[Service]
ExecStart=/bin/sh -c 'while :; do date +%%s >>${LOG}; sync ${LOG}; sleep 0.2; done'
ExecStopPost=/bin/sh -c 'if mountpoint -q ${MOUNT_POINT}; then echo stopped while mounted >>${LOG}; else echo stopped on a bare folder >/root/bare; fi'
[Install]
WantedBy=multi-user.target
`;

let lab: Lab;
let stack: Stack;

const say = async (machine: MachineName, script: string) =>
  (await lab.run(machine, script, { check: false })).stdout.trim();
const journal = (machine: MachineName, of: string) =>
  say(machine, `journalctl --boot --no-pager --output=cat --unit=${of}`);
const isActive = (machine: MachineName, of: string) => say(machine, `systemctl is-active ${of}`);

async function expectServedBy(machine: MachineName): Promise<void> {
  expect(await eventually(() => mountedAt(lab, machine, MOUNT_POINT), `${DEVICE} xfs`, 240)).toBe(`${DEVICE} xfs`);
  expect(await eventually(() => isActive(machine, SERVICE), "active", 60)).toBe("active");
  expect(await eventually(() => drbdState(lab, machine), HEALTHY, 600)).toBe(HEALTHY);
  const peer = otherMachine(machine);
  expect([await mountedAt(lab, peer, MOUNT_POINT), await isActive(peer, SERVICE)]).toEqual(["", "inactive"]);
  for (const one of MACHINES) {
    expect(await eventually(() => say(one, `cat /var/lib/pulumi-drbd/r0.last-primary`), machine, 20)).toBe(machine);
    expect(await say(one, "systemctl --failed --no-legend")).toBe("");
    expect(await say(one, "cat /root/bare 2>/dev/null")).toBe("");
  }
}

function expectQuiet(run: Run): void {
  expect(sumsOf(expectSuccess(run))).toEqual(["5 unchanged"]);
}

/** The peer was told of it, and the service had stopped before. */
async function expectCleanShutdown(machine: MachineName, last: () => Promise<void>): Promise<void> {
  const peer = otherMachine(machine);
  await lab.run(peer, "dmesg --clear");
  await last();
  expect(await eventually(() => drbdState(lab, peer), /^cs:Connected/, 240)).toMatch(/^cs:Connected/);
  const told = await say(peer, "dmesg");
  expect(told).toMatch(/peer\( Primary -> Secondary \)/);
  expect(told).not.toMatch(/NetworkFailure|BrokenPipe|SyncTarget/);
}

beforeAll(async () => {
  lab = await Lab.open();
  await lab.reset("bare");
  for (const machine of MACHINES)
    await lab.run(machine, `cat >/etc/systemd/system/${SERVICE} && systemctl daemon-reload`, { stdin: unit });
  stack = await Stack.create(withResource(await siteOf(lab), { services: [SERVICE] }));
});

afterAll(async () => {
  await stack.remove();
});

test("a service that one host does not have is refused before anything is touched", async () => {
  await lab.run("bravo", `mv /etc/systemd/system/${SERVICE} /root/ && systemctl daemon-reload`);
  const before = await surveyAll(lab);
  const run = await stack.preview();
  expect(run.code).not.toBe(0);
  expect(run.output).toContain(`bravo: systemd has no unit ${SERVICE}`);
  expect(run.output).not.toContain(`alpha: systemd has no unit`);
  expect(await surveyAll(lab)).toEqual(before);
  await lab.run("bravo", `mv /root/${SERVICE} /etc/systemd/system/ && systemctl daemon-reload`);
});

test("up starts it where it is mounted, and a second up does nothing", async () => {
  const run = expectSuccess(await stack.up());
  expect(changesOf(run)).toContain(`alpha: systemctl start ${SERVICE}`);
  await expectServedBy("alpha");
  expectSuccess(await stack.up());
  expectQuiet(await stack.up());
  for (const machine of MACHINES) expect((await fstabLines(lab, machine, DEVICE)).join()).toContain("noauto,nofail");
});

test("it does not start on the other host, and nothing is mounted or promoted for it", async () => {
  await lab.run("bravo", `systemctl start ${SERVICE}`);
  expect(await isActive("bravo", SERVICE)).toBe("inactive");
  expect(await drbdState(lab, "bravo")).toContain("ro:Secondary/Primary");
  await expectServedBy("alpha");
});

test("stopping the promotion stops the service, unmounts and demotes; the other host's target does the reverse", async () => {
  await lab.run("alpha", "systemctl stop drbd-primary@r0.service");
  expect(await drbdState(lab, "alpha")).toContain("ro:Secondary/Secondary");
  expect([await mountedAt(lab, "alpha", MOUNT_POINT), await isActive("alpha", SERVICE)]).toEqual(["", "inactive"]);
  await lab.run("bravo", "systemctl start drbd-primary-services@r0.target");
  await expectServedBy("bravo");
  expect(await say("bravo", `grep -c 'stopped while mounted' ${LOG}`)).toBe("1");
  expectSuccess(await stack.up());
  await expectServedBy("bravo");
});

test("switched by hand, and written to: a reboot demotes it in order, and it serves there again", async () => {
  await lab.run("bravo", "systemctl stop drbd-primary@r0.service");
  await lab.run("alpha", `drbdadm primary r0 && mount ${MOUNT_POINT} && systemctl start ${SERVICE}`);
  await expectServedBy("alpha");
  const written = await say("alpha", `grep -c 'stopped while mounted' ${LOG}`);
  await expectCleanShutdown("alpha", () => reboot(lab, "alpha"));
  await expectServedBy("alpha");
  expect(Number(await say("alpha", `grep -c 'stopped while mounted' ${LOG}`))).toBe(Number(written) + 1);
});

test("mounted by hand at a place that no line knows: unmounted and demoted in order, too", async () => {
  await lab.run("alpha", "systemctl stop drbd-primary@r0.service");
  await lab.run("bravo", `drbdadm primary r0 && mkdir -p /mnt/elsewhere && mount ${DEVICE} /mnt/elsewhere`);
  await lab.run(
    "bravo",
    "systemd-run --unit=load sh -c 'while :; do date >>/mnt/elsewhere/load; sync /mnt/elsewhere/load; sleep 0.2; done'",
  );
  await expectCleanShutdown("bravo", () => reboot(lab, "bravo"));
  await expectServedBy("bravo");
});

test("both are rebooted, and somebody has enabled the service on both: it runs on the side that was Primary", async () => {
  for (const machine of MACHINES) await lab.run(machine, `systemctl enable ${SERVICE}`);
  await reboot(lab, ...MACHINES);
  await expectServedBy("bravo");
  expectSuccess(await stack.up());
  await expectServedBy("bravo");
});

test("one comes up alone: it stays Secondary, hangs on nothing, and says why; it goes on when the peer is there", async () => {
  await reboot(lab, "bravo");
  await expectServedBy("bravo");
  for (const machine of MACHINES) await lab.run(machine, "sync");
  await lab.powerOff("alpha");
  await lab.powerOff("bravo");
  await lab.powerOn("bravo");
  const running = () => say("bravo", "systemctl is-system-running");
  expect(await eventually(running, "running", 120)).toBe("running");
  const said = await eventually(() => journal("bravo", "drbd-role@r0.service"), /drbd-takeover r0/, 60);
  expect(said).toContain("r0 stays Secondary: it was Primary here last, but alpha is not connected");
  expect(await drbdState(lab, "bravo")).toMatch(/^cs:WFConnection ro:Secondary\/Unknown/);
  expect(await mountedAt(lab, "bravo", MOUNT_POINT)).toBe("");
  await lab.powerOn("alpha");
  await expectServedBy("bravo");
});

test("the peer took over while it was dead: its older note makes it Primary no more", async () => {
  await lab.powerOff("bravo");
  await eventually(() => drbdState(lab, "alpha"), /ro:Secondary\/Unknown/, 60);
  await lab.run("alpha", "drbdadm primary --force r0 && systemctl start drbd-primary-services@r0.target");
  expect(await isActive("alpha", SERVICE)).toBe("active");
  await lab.run("alpha", `head -c 5M /dev/urandom >${MOUNT_POINT}/unseen; sync`);
  await lab.powerOff("alpha");
  await lab.powerOn("bravo");
  await eventually(() => journal("bravo", "drbd-role@r0.service"), /drbd-takeover r0/, 120);
  expect(await say("bravo", "cat /var/lib/pulumi-drbd/r0.last-primary")).toBe("bravo");
  expect(await drbdState(lab, "bravo")).toContain("ro:Secondary/Unknown");
  await lab.powerOn("alpha");
  await expectServedBy("alpha");
  expect(await say("alpha", `stat -c %s ${MOUNT_POINT}/unseen`)).toBe("5242880");
});

test("its address and its disk come late at boot: both are waited for, and nothing else waits", async () => {
  // As an interface that comes up late, and a disk whose driver does.
  await lab.run(
    "alpha",
    `cat >/etc/systemd/system/late.service <<'END'
[Unit]
DefaultDependencies=no
After=systemd-udevd.service
Before=drbd@r0.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'mv /dev/vdb /dev/away; for n in 1 2 3 4 5 6 7 8 9 10; do ip address show dev eth1 | grep -q 10.0 && break; sleep 1; done; ip address del ${lab.address("alpha")}/24 dev eth1'
[Install]
WantedBy=multi-user.target
END
     systemctl daemon-reload; systemctl enable late.service`,
  );
  await reboot(lab, "alpha");
  expect(await eventually(() => say("alpha", "systemctl is-active multi-user.target"), "active", 120)).toBe("active");
  const missing = `the address ${lab.address("alpha")}, /dev/vdb`;
  expect(await eventually(() => journal("alpha", "drbd@r0.service"), /brought up once/, 60)).toContain(
    `r0 is brought up once this is there: ${missing}`,
  );
  expect(await drbdState(lab, "alpha")).toBe("");
  expect(await say("alpha", "drbd-where r0")).toMatch(
    new RegExp(`waits for +${missing}: not there since .*\n.*drbd@r0.service brings`),
  );
  // What is ordered behind drbd@.service, such as Pacemaker, waits for a minute at most.
  expect(await eventually(() => isActive("alpha", "drbd-late@r0.service"), "active", 120)).toBe("active");
  expect(await eventually(() => say("alpha", "systemctl list-jobs --no-legend"), /^$/, 60)).toBe("");
  expect(await say("alpha", "drbd-where r0")).toMatch(
    new RegExp(`waits for +${missing}: .*\n.*drbd-late@r0.service brings`),
  );
  expect(await eventually(() => journal("alpha", "drbd-role@r0.service"), /is down/, 60)).toContain(
    `r0 is down, and is brought up once this is there: ${missing}`,
  );
  await lab.run("alpha", `ip address add ${lab.address("alpha")}/24 dev eth1`);
  await new Promise((wake) => setTimeout(wake, 5000));
  expect(await drbdState(lab, "alpha")).toBe("");
  await lab.run("alpha", "mv /dev/away /dev/vdb; systemctl disable late.service; rm /etc/systemd/system/late.service");
  await expectServedBy("alpha");
});

test("a promotion that fails at boot is tried again", async () => {
  const folder = "/etc/systemd/system/drbd-primary@r0.service.d";
  await lab.run(
    "alpha",
    `mkdir -p ${folder}; printf '[Service]\\nExecStartPre=/bin/sh -c "[ -e /root/go ]"\\n' >${folder}/fails.conf; systemctl daemon-reload`,
  );
  await reboot(lab, "alpha");
  // The first try, and one more.
  const tries = () =>
    say("alpha", "journalctl --boot --output=cat --unit=drbd-primary@r0.service | grep -c 'Failed to start'");
  expect(Number(await eventually(tries, /^([2-9]|\d\d)$/, 240))).toBeGreaterThan(1);
  expect(await say("alpha", "systemctl is-active multi-user.target")).toBe("active");
  expect(await drbdState(lab, "alpha")).toContain("ro:Secondary/Secondary");
  await lab.run("alpha", "touch /root/go");
  await expectServedBy("alpha");
  expect(await journal("alpha", "drbd-role@r0.service")).toContain("The last try has failed, and journalctl");
  await lab.run("alpha", `rm -r ${folder} /root/go; systemctl daemon-reload`);
});

test("promoted and demoted by hand in quick succession: what the person typed last stays", async () => {
  await lab.run("alpha", "systemctl stop drbd-primary@r0.service");
  await lab.run(
    "bravo",
    "for n in 0 1 2 3 4 5 6 7 8 9 0 2 4 6 8; do drbdadm primary r0; sleep 0.$n; drbdadm secondary r0; done",
  );
  // What was started meanwhile has ended by then.
  await new Promise((wake) => setTimeout(wake, 15_000));
  for (const one of MACHINES) {
    expect(await drbdState(lab, one)).toContain("ro:Secondary/Secondary");
    expect(await isActive(one, "drbd-primary@r0.service")).toBe("inactive");
  }
  await lab.run("alpha", "systemctl start drbd-primary-services@r0.target");
  await expectServedBy("alpha");
});

test("a service that fails is told with its journal, and the filesystem stays mounted", async () => {
  await lab.run(
    "alpha",
    `systemctl stop ${SERVICE}; mkdir -p /run/systemd/system/${SERVICE}.d
     printf '[Service]\\nExecStartPre=/bin/sh -c "echo no luck today; exit 3"\\n' >/run/systemd/system/${SERVICE}.d/fails.conf
     systemctl daemon-reload`,
  );
  const run = await stack.up();
  expect(run.code).not.toBe(0);
  expect(run.output).toContain("no luck today");
  expect(await mountedAt(lab, "alpha", MOUNT_POINT)).toBe(`${DEVICE} xfs`);
  await lab.run(
    "alpha",
    `rm -r /run/systemd/system/${SERVICE}.d; systemctl daemon-reload; systemctl reset-failed ${SERVICE}`,
  );
  expectSuccess(await stack.up());
  await expectServedBy("alpha");
});

test("taken out of the list it runs on; destroy takes away all that is ours", async () => {
  await stack.configure(await siteOf(lab));
  const run = expectSuccess(await stack.up());
  expect(changesOf(run)).toContain(`alpha: rm -f /etc/systemd/system/${SERVICE}.d/pulumi-drbd-r0.conf`);
  expect(await isActive("alpha", SERVICE)).toBe("active");
  await lab.run("alpha", `systemctl stop ${SERVICE}`);
  expectSuccess(await stack.destroy());
  for (const machine of MACHINES) {
    expect(
      await say(
        machine,
        `grep -rl pulumi /etc /run/systemd 2>/dev/null; ls -d /etc/systemd/system/*drbd* /var/lib/pulumi-drbd`,
      ),
    ).toBe("");
    expect(await say(machine, "systemctl list-units --all --no-legend 'drbd@*' 'drbd-*@*'")).toBe("");
  }
});
