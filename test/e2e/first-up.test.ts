/**
 * The whole first slice, on two machines that have never seen DRBD: preview, up, what stands there then, that a second
 * run leaves it alone, that it survives reboots, and that destroy leaves the data.
 */
import { readFile } from "node:fs/promises";
import { Lab } from "../../lab/lab";
import { MACHINES } from "../../lab/machines";
import { accessFiles } from "../../lab/ssh-access";
import { drbdState, eventually, fstabLines, mountedAt, reboot, survey, surveyAll } from "./machine";
import { diagnosticsOf, sumsOf } from "./output";
import { commandLines } from "./processes";
import { DEVICE, MOUNT_POINT, siteOf, withResource, type Site } from "./site";
import { Stack, changesOf, expectSuccess, type Run } from "./stack";

jest.setTimeout(1_000_000);

const HEALTHY = /^cs:Connected ro:Primary\/Secondary ds:UpToDate\/UpToDate C r-----$/;
const HEALTHY_BRAVO = /^cs:Connected ro:Secondary\/Primary ds:UpToDate\/UpToDate C r-----$/;

let lab: Lab;
let site: Site;
let stack: Stack;
let untouched: string[];
/** Every command line that was seen during the first `up`: here, and on the machines. */
const seen = { here: new Set<string>(), there: new Set<string>() };

beforeAll(async () => {
  lab = await Lab.open();
  await lab.reset("bare");
  site = await siteOf(lab);
  stack = await Stack.create(site);
  untouched = await surveyAll(lab);
});

afterAll(async () => {
  await stack.remove();
});

/** Nothing to do, and nothing done: one connection and one look a node, and no command that changes anything. */
function expectQuiet(run: Run): void {
  expect(sumsOf(expectSuccess(run))).toEqual(["5 unchanged"]);
  expect(changesOf(run)).toEqual([]);
  for (const machine of MACHINES) {
    const entries = run.log.filter(({ host }) => host === machine);
    expect(entries.map(({ argv }) => argv[0])).toEqual(["connect", "observe"]);
  }
  expect(run.log).toHaveLength(4);
}

const INSTALL = (host: string): string[] => [
  `${host}: 6 steps; nothing that holds data is touched`,
  `${host} | apt-get update | its package lists may be old`,
  `${host} | apt-get install -y --no-install-recommends drbd-utils | drbd-utils is missing on this SYSTEM`,
  `${host} | modprobe drbd | DRBD 8.4 is there for KERNEL but not loaded`,
  `${host} | write /usr/local/sbin/drbd-handback /usr/local/sbin/drbd-takeover /usr/local/sbin/drbd-where | for a person there, when no Pulumi is near: docs/a-dead-host.md`,
  `${host} | ln /etc/drbd.d/global_common.conf /etc/drbd.d/global_common.conf.before-pulumi-drbd | the package's own: kept beside it`,
  `${host} | write /etc/drbd.d/global_common.conf | new`,
];

test("the first preview shows every step, host by host, with its reason, and changes nothing", async () => {
  const run = expectSuccess(await stack.preview());
  expect(diagnosticsOf(run, "pair-alpha")).toEqual(INSTALL("alpha"));
  expect(diagnosticsOf(run, "pair-bravo")).toEqual(INSTALL("bravo"));
  expect(diagnosticsOf(run, "r0")).toEqual([
    "r0: 37 steps; nothing that holds data is touched",
    "alpha, bravo | write /etc/drbd.d/r0.res | new; parsed by drbdadm there first, identical on both",
    "alpha | drbdadm create-md r0 | /dev/vdb (320 MiB, serial alpha0) is blank",
    "bravo | drbdadm create-md r0 | /dev/vdb (320 MiB, serial bravo0) is blank",
    "alpha | drbdadm up r0 | attaches the disk and looks for the peer",
    "alpha | modprobe xfs | the kernel must be able to mount xfs",
    "alpha, bravo | write /etc/pulumi-drbd/r0.conf | for drbd-where, drbd-takeover, drbd-handback there",
    "alpha, bravo | write /etc/systemd/system/drbd-primary@.service | has it mounted and its services started where it was Primary last, after a boot",
    "alpha, bravo | write /etc/systemd/system/drbd-primary@.target | has it mounted and its services started where it was Primary last, after a boot",
    "alpha, bravo | write /etc/systemd/system/drbd-primary-services@.target | has it mounted and its services started where it was Primary last, after a boot",
    "alpha, bravo | write /etc/systemd/system/drbd-role@.service | has it mounted and its services started where it was Primary last, after a boot",
    "alpha, bravo | write /etc/systemd/system/drbd-primary-services@r0.target.d/pulumi-drbd.conf | what is mounted and started where it is Primary",
    "alpha, bravo | write /var/lib/pulumi-drbd/r0.last-primary | alpha: where a boot of both makes it Primary",
    "alpha, bravo | write /etc/fstab | /srv/data noauto: mounted where r0 is Primary",
    "bravo | drbdadm up r0 | attaches the disk and looks for the peer",
    "alpha, bravo | write /etc/systemd/system/drbd@r0.service.d/pulumi-drbd.conf | a boot brings it up once its address and its disk are there",
    "alpha, bravo | write /etc/systemd/system/drbd@r0.target.d/pulumi-drbd.conf | a boot brings it up once its address and its disk are there",
    "alpha, bravo | systemctl enable --no-reload drbd@r0.target | brings the resource up after a reboot, without waiting for the peer",
    "alpha, bravo | systemctl start drbd-role@r0.service | as after a boot: notes who is Primary, whoever makes it so, and has a shutdown demote it in order",
    "alpha, bravo | systemctl daemon-reload | reads fstab and the units, in the background",
    "alpha | drbdadm primary --force r0 | sync source; both sides never used. The first sync overwrites bravo:/dev/vdb (blank)",
    "alpha | mkfs.xfs -L data /dev/drbd1 | blank, never formatted",
    "alpha | systemctl start drbd-primary@r0.service | so that a shutdown unmounts and demotes it in order",
    "alpha | mount /srv/data | by its line in fstab",
    "then: wait for the initial sync, at most 3600 s",
  ]);
  expect(sumsOf(run)).toEqual(["+ 5 to create"]);
  expect(changesOf(run)).toEqual([]);
  expect(await surveyAll(lab)).toEqual(untouched);
});

test("--diff shows the text of both files, with a placeholder for the secret", async () => {
  const run = expectSuccess(await stack.preview("--diff", "--show-full-output"));
  expect(run.output).toContain("r0: 37 steps; nothing that holds data is touched");
  const texts = [...run.output.matchAll(/^ *configuration *: ("(?:[^"\\]|\\.)*")$/gm)].map(([, text = ""]) =>
    (JSON.parse(text) as string).replace(/^#.*\n/, ""),
  );
  const common = "global {\n    udev-always-use-vnr;\n    usage-count no;\n}\ncommon {\n}\n";
  expect(texts).toEqual([
    common,
    common,
    `resource r0 {
    net {
        protocol C;
        cram-hmac-alg "sha256";
        shared-secret "(secret)";
    }
    disk {
        fencing resource-only;
    }
    on alpha {
        device /dev/drbd1 minor 1;
        disk /dev/vdb;
        meta-disk internal;
        address 10.0.99.1:7789;
    }
    on bravo {
        device /dev/drbd1 minor 1;
        disk /dev/vdb;
        meta-disk internal;
        address 10.0.99.2:7789;
    }
}
`,
  ]);
  expect(await surveyAll(lab)).toEqual(untouched);
});

/** Looks at the process lists of both ends until the work has ended. */
async function watched<T>(work: Promise<T>): Promise<T> {
  const look =
    "rm -f /run/enough; until [ -e /run/enough ]; do for one in /proc/[0-9]*/cmdline; do mapfile -d '' -t argv <$one && echo \"${argv[*]}\"; done; sleep 0.1; done 2>/dev/null | sort -u";
  const there = MACHINES.map((host) => lab.run(host, "bash -s", { stdin: look, timeout: 900 }));
  const here = setInterval(() => {
    void commandLines().then((lines) => {
      for (const line of lines) seen.here.add(line);
    });
  }, 100);
  try {
    return await work;
  } finally {
    clearInterval(here);
    for (const host of MACHINES) await lab.run(host, "touch /run/enough");
    for (const { stdout } of await Promise.all(there)) for (const line of stdout.split("\n")) seen.there.add(line);
  }
}

describe("up", () => {
  let run: Run;

  beforeAll(async () => {
    run = expectSuccess(await watched(stack.up("--event-log", stack.path("events.log"))));
  });

  test("installs, formats and mounts, each dangerous command once, over one connection a host", async () => {
    const changes = changesOf(run);
    for (const host of MACHINES) {
      expect(changes).toContain(`${host}: apt-get install -y --no-install-recommends drbd-utils`);
      expect(changes.filter((change) => change === `${host}: drbdadm create-md r0`)).toHaveLength(1);
      await lab.run(host, "dpkg-query -W drbd-utils && lsmod | grep -qw ^drbd");
    }
    expect(changes.filter((change) => /primary --force|mkfs/.test(change))).toEqual([
      "alpha: drbdadm primary --force r0",
      "alpha: mkfs.xfs -L data /dev/drbd1",
    ]);
    expect(
      run.log
        .filter(({ argv }) => argv[0] === "connect")
        .map(({ host }) => host)
        .sort(),
    ).toEqual([...MACHINES]);
    expect(run.log.every(({ exit }) => exit === 0)).toBe(true);
    expect(await mountedAt(lab, "alpha", MOUNT_POINT)).toBe(`${DEVICE} xfs`);
    expect(await mountedAt(lab, "bravo", MOUNT_POINT)).toBe("");
    expect(await drbdState(lab, "alpha")).toMatch(HEALTHY);
    expect(await drbdState(lab, "bravo")).toMatch(HEALTHY_BRAVO);
  });

  test("shows each step on its resource's row while it runs", () => {
    const rows = (resource: string) =>
      run.output
        .split("\n")
        .filter((line) => line.includes(` ${resource} creating `))
        .join("\n");
    expect(rows("pair-bravo")).toContain(
      "bravo: apt-get install -y --no-install-recommends drbd-utils (drbd-utils is missing",
    );
    for (const step of ["create-md r0 (/dev/vdb", "up r0 (", "primary --force r0 (sync source"]) {
      expect(rows("r0")).toContain(`alpha: drbdadm ${step}`);
    }
    expect(rows("r0")).toContain("alpha: mount /srv/data (by its line in fstab)");
  });

  test("writes the same file on both hosts, which only root may read", async () => {
    const sums = await Promise.all(
      MACHINES.map(async (host) => (await lab.run(host, "sha256sum </etc/drbd.d/r0.res")).stdout),
    );
    expect(sums[0]).toBe(sums[1]);
    for (const host of MACHINES) {
      const { stdout } = await lab.run(host, "stat -c '%n %a %U' /etc/drbd.d/*");
      expect(stdout.split("\n").filter((line) => line !== "")).toEqual([
        "/etc/drbd.d/global_common.conf 644 root",
        "/etc/drbd.d/global_common.conf.before-pulumi-drbd 644 root",
        "/etc/drbd.d/r0.res 600 root",
      ]);
    }
  });

  test("leaves one line in each fstab: mounted where it is Primary, and never a boot that hangs", async () => {
    const own =
      "noauto,nofail,_netdev,x-systemd.requires=drbd-primary@r0.target,x-systemd.requires=drbd-primary@r0.service,x-systemd.after=drbd@r0.service,x-systemd.device-timeout=90,x-systemd.mount-timeout=600";
    for (const host of MACHINES) {
      expect(await fstabLines(lab, host, DEVICE)).toEqual([`${DEVICE} ${MOUNT_POINT} xfs ${own} 0 0`]);
      expect((await lab.run(host, "systemctl is-enabled drbd@r0.target")).stdout.trim()).toBe("enabled");
    }
  });

  test("gives out what stands there", async () => {
    const uuid = (await lab.run("alpha", `blkid -p -s UUID -o value ${DEVICE}`)).stdout.trim();
    expect((await stack.resources())["r0"]).toEqual({
      device: DEVICE,
      roles: { alpha: "Primary", bravo: "Secondary" },
      connection: "Connected",
      disks: { alpha: "UpToDate", bravo: "UpToDate" },
      inSync: true,
      filesystem: uuid,
    });
    const resources = await stack.state();
    const outputs = (name: string) => resources.find(({ urn }) => urn.endsWith(`::${name}`))?.outputs;
    for (const host of MACHINES) {
      const found = (script: string) => lab.run(host, script).then(({ stdout }) => stdout.trim());
      expect(outputs(`pair-${host}`)).toMatchObject({
        kernelVersion: await found("uname -r"),
        moduleVersion: await found("cat /sys/module/drbd/version"),
        utilsVersion: (await found("dpkg-query -W -f '${Version}' drbd-utils")).replace(/-.*/, ""),
        installedUtils: true,
        backup: "/etc/drbd.d/global_common.conf.before-pulumi-drbd",
      });
      expect(outputs("r0")).toMatchObject({
        disks: {
          [host]: {
            path: "/dev/vdb",
            bytes: Number(await found("blockdev --getsize64 /dev/vdb")),
            serial: lab.serial(host),
            // blkid says the same while the disk is attached, and leaves out leading zeros.
            metadataUuid: (await found("blkid -p -s UUID -o value /dev/vdb")).padStart(16, "0"),
          },
        },
      });
    }
  });
});

test("a second up, a preview and a refresh find nothing to do, and do nothing", async () => {
  const before = await surveyAll(lab);
  expectQuiet(await stack.up());
  expectQuiet(await stack.preview());
  const refreshed = expectSuccess(await stack.refresh("--diff"));
  expect(sumsOf(refreshed)).toEqual(["5 unchanged"]);
  expect(changesOf(refreshed)).toEqual([]);
  // What a refresh stores is no diff to what the program says.
  expectQuiet(await stack.preview("--diff"));
  expect(await surveyAll(lab)).toEqual(before);
});

test("the shared secret and the private key are nowhere in the clear", async () => {
  const own = (await stack.state({ showSecrets: true })).find(({ urn }) => urn.endsWith("::r0"));
  const { plaintext = "" } = own?.outputs?.["sharedSecret"] as { plaintext?: string };
  const secret = JSON.parse(plaintext) as string;
  expect(secret).toMatch(/^[\w-]{32}$/);
  expect((await lab.run("bravo", "cat /etc/drbd.d/r0.res")).stdout).toContain(`shared-secret "${secret}";`);
  await stack.configure(withResource(site, { net: { "max-buffers": 4000 } }));
  expectSuccess(await stack.preview("--diff", "--show-full-output"));
  expectSuccess(await stack.preview("--json"));
  await stack.configure(site);
  await stack.export();

  // Pulumi's own SDK tells all that passes through it, secrets too, in events of severity debug, which no CLI shows.
  const written = (await stack.everythingWritten()).replace(/^\{.*"severity":"debug".*$/gm, "");
  for (const [part, text] of [
    ["the plan", "drbdadm primary --force r0"],
    ["the log of commands", '"argv":["drbdadm","create-md","r0"]'],
    ["the state", '"checkpoint"'],
    ["the events", '"resourcePreEvent"'],
  ] as const) {
    // Or the search for the secret would be one through less than all.
    expect([part, written.includes(text)]).toEqual([part, true]);
  }
  const key = await readFile(accessFiles(lab.folder).key, "utf8");
  const [, line = ""] = key.split("\n");
  expect(line).toMatch(/^[\w+/]{64,}$/);
  expect(written.includes(secret)).toBe(false);
  expect(written.includes(line)).toBe(false);

  expect([...seen.here].some((command) => command.startsWith("pulumi up "))).toBe(true);
  expect([...seen.here].filter((command) => command.includes(secret) || command.includes(line))).toEqual([]);
  expect(seen.there).toContain("sh -s");
  // drbdadm itself hands it over to drbdsetup that way, for a moment.
  const shown = [...seen.there].filter((command) => command.includes(secret) && !/^(\S*\/)?drbdsetup/.test(command));
  expect(shown).toEqual([]);

  // By standard input, or the search would find itself.
  const search = `grep -rlaF -f - /etc /var /run /tmp /root /srv /usr/local 2>/dev/null | xargs -r stat -c '%n %a %U'`;
  for (const host of MACHINES) {
    const { stdout } = await lab.run(host, search, { stdin: `${secret}\n` });
    expect(stdout.split("\n").filter((found) => found !== "")).toEqual(["/etc/drbd.d/r0.res 600 root"]);
  }
});

describe("the data", () => {
  let sum: string;
  const checksum = `cd ${MOUNT_POINT} && sha256sum file`;

  beforeAll(async () => {
    sum = (await lab.run("alpha", `cd ${MOUNT_POINT} && head -c 3000000 /dev/urandom >file && sync && sha256sum file`))
      .stdout;
  });

  test("a file written on alpha is on bravo", async () => {
    // By hand, as a person does it.
    const leave = `umount ${MOUNT_POINT} && systemctl stop drbd-primary@r0 && drbdadm secondary r0`;
    const take = `drbdadm primary r0 && systemctl start ${MOUNT_POINT}`;
    await lab.run("alpha", leave);
    expect((await lab.run("bravo", `${take} && ${checksum}`)).stdout).toBe(sum);
    await lab.run("bravo", `${leave} && rmdir ${MOUNT_POINT}`);
    await lab.run("alpha", take);
  });

  const expectAllBack = async () => {
    expect(await eventually(() => mountedAt(lab, "alpha", MOUNT_POINT), `${DEVICE} xfs`, 120)).toBe(`${DEVICE} xfs`);
    expect(await eventually(() => drbdState(lab, "alpha"), HEALTHY, 60)).toMatch(HEALTHY);
    expect((await lab.run("alpha", checksum)).stdout).toBe(sum);
    for (const host of MACHINES) {
      const state = () =>
        lab.run(host, "systemctl is-system-running", { check: false }).then(({ stdout }) => stdout.trim());
      expect(await eventually(state, "running", 60)).toBe("running");
    }
    expectQuiet(await stack.preview());
  };

  // The first after `up`: systemd has started nothing that has configured the resource yet.
  test("comes back by itself when its machine is rebooted, which demotes it while the peer can be told", async () => {
    await lab.run("bravo", "dmesg --clear");
    await reboot(lab, "alpha");
    await expectAllBack();
    const [first, second] = (await lab.run("bravo", "dmesg")).stdout.match(/peer\( \w+ -> \w+ \)( conn)?/g) ?? [];
    expect([first, second]).toEqual(["peer( Primary -> Secondary )", "peer( Secondary -> Unknown ) conn"]);
  });

  test("comes back by itself when both machines are rebooted", async () => {
    await reboot(lab, ...MACHINES);
    await expectAllBack();
  });

  test("comes back by itself when both machines lose power", async () => {
    await lab.powerOff("alpha");
    await lab.powerOff("bravo");
    await lab.powerOn("bravo");
    await lab.powerOn("alpha");
    await expectAllBack();
  });

  test("destroy unmounts, takes the device down, removes what we wrote and leaves the data", async () => {
    const run = await stack.destroy();
    expect(sumsOf(expectSuccess(run))).toEqual(["- 5 deleted"]);
    expect(changesOf(run).filter((change) => /mkfs|create-md|wipe|--force|dd /.test(change))).toEqual([]);
    expect(await mountedAt(lab, "alpha", MOUNT_POINT)).toBe("");
    for (const host of MACHINES) {
      const after = await survey(lab, host);
      const files = (text: string) => [...text.matchAll(/^(\/(?:etc|var|usr)\S+) -/gm)].map(([, path = ""]) => path);
      const left = files(after).filter((path) => !files(untouched[MACHINES.indexOf(host)]!).includes(path));
      // All that is new is the package's own.
      const owned = await lab.run(
        host,
        `for path in ${left.join(" ")}; do dpkg -S $path >/dev/null 2>&1 || echo $path; done`,
      );
      expect(owned.stdout.split("\n").filter((path) => path !== "" && !/^\/etc\/rc.\.d\//.test(path))).toEqual([]);
      expect((await lab.run(host, "cat /etc/drbd.d/global_common.conf")).stdout).not.toContain("pulumi");
      expect(await fstabLines(lab, host, "drbd")).toEqual([]);
      expect(await drbdState(lab, host)).toBe("");
      expect((await lab.run(host, "blkid -p -s TYPE -o value /dev/vdb")).stdout.trim()).toBe("drbd");
      expect(
        (await lab.run(host, "systemctl list-units --all --no-legend 'drbd@*' 'drbd-primary*@*' 'drbd-role@*'")).stdout,
      ).toBe("");
    }
  });

  test("an up after that finds the file, and makes nothing anew", async () => {
    const run = expectSuccess(await stack.up());
    expect(changesOf(run).filter((change) => /mkfs|create-md|--force/.test(change))).toEqual([]);
    expect(changesOf(run)).toContain("alpha: mount /srv/data");
    await expectAllBack();
    expect((await stack.resources())["r0"]).toMatchObject({
      filesystem: (await lab.run("alpha", `blkid -p -s UUID -o value ${DEVICE}`)).stdout.trim(),
      inSync: true,
    });
  });
});
