import { Client } from "ssh2";
import { execute } from "../../lab/command";
import { Lab } from "../../lab/lab";
import { MACHINES, type MachineName } from "../../lab/machines";

// Two emulated machines on shared processors.
jest.setTimeout(60_000);

const MIB = 1024 * 1024;

const RESOURCE = `resource r0 {
  device /dev/drbd1; disk /dev/vdb; meta-disk internal;
  net { ping-int 1; connect-int 2; timeout 9; }
  on alpha { address 10.0.99.1:7789; }
  on bravo { address 10.0.99.2:7789; }
}
`;

let lab: Lab;

beforeAll(async () => {
  lab = await Lab.open();
}, 300_000);

function onBoth(script: string, options: { stdin?: string } = {}) {
  return Promise.all(MACHINES.map((name) => lab.run(name, script, options)));
}

/** Waits, on the machine, until a line of /proc/drbd matches. */
function waitForDrbd(name: MachineName, pattern: string) {
  return lab.run(
    name,
    `for n in $(seq 240); do grep -Eq '${pattern}' /proc/drbd && exit 0; sleep 0.25; done; cat /proc/drbd; exit 1`,
    {
      timeout: 90,
    },
  );
}

async function bytesOf(name: MachineName, disk: string): Promise<number> {
  return Number((await lab.run(name, `blockdev --getsize64 ${disk}`)).stdout);
}

describe("the bare snapshot", () => {
  beforeAll(() => lab.reset("bare"), 60_000);

  test("is a Debian without drbd-utils and with an empty disk, its clock right", async () => {
    const [alpha] = await onBoth(
      `uname -n; command -v drbdadm || echo none; grep -c ^drbd /proc/modules; lsblk -no SERIAL /dev/vdb; blkid -p /dev/vdb || echo blank`,
    );
    expect(alpha?.stdout.split("\n")).toEqual(["alpha", "none", "0", "alpha0", "blank", ""]);
    expect(await bytesOf("bravo", lab.disk)).toBe(320 * MIB);
    const now = Number((await lab.run("bravo", "date +%s")).stdout);
    expect(Math.abs(now - Date.now() / 1000)).toBeLessThan(5);
  });

  test("gets drbd-utils from apt without a way to the internet; module and what goes with it load", async () => {
    await expect(lab.run("alpha", "ip route get 192.0.2.1")).rejects.toThrow("Network is unreachable");
    await lab.run("alpha", "apt-get -q update && apt-get -q install -y drbd-utils", { timeout: 120 });
    await lab.run("alpha", "for m in drbd xfs loop dm_mod sha1_generic sha256_generic; do modprobe $m || exit 1; done");
    expect((await lab.run("alpha", "cat /proc/drbd")).stdout).toMatch(/^version: 8\.4\./);
  }, 120_000);

  test("lets in root and two users by key, and sudo knows only one of them", async () => {
    const config = `${lab.folder}/ssh_config`;
    const sudo = (user: string) => execute(["ssh", "-F", config, "-l", user, "alpha", "sudo -n id -un"]);
    expect(await sudo("admin")).toMatchObject({ exit: 0, stdout: "root\n" });
    expect(await sudo("nosudo")).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining("a password is required") as string,
    });
  });

  test("lets in admin, and no one else, by password", async () => {
    const { host, port } = await lab.connection("alpha");
    const logIn = (username: string) =>
      new Promise<string>((resolve) => {
        const client = new Client();
        client.once("ready", () => {
          client.end();
          resolve("in");
        });
        client.once("error", (error) => {
          resolve(error.message);
        });
        client.connect({ host, port, username, password: lab.adminPassword });
      });
    expect(await logIn("admin")).toBe("in");
    expect(await logIn("root")).toContain("authentication methods failed");
  });

  test("is known by host key: connection() is what @pulumi/command takes", async () => {
    const { host, port, user, hostKey, privateKey } = await lab.connection("bravo");
    expect({ host, user }).toEqual({ host: "127.0.0.1", user: "root" });
    expect(privateKey).toContain("OPENSSH PRIVATE KEY");
    const shown = await lab.run("bravo", "cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub");
    expect(shown.stdout.trim()).toBe(hostKey);
    expect(port).toBeGreaterThan(1023);
  });
});

describe("a machine's shell", () => {
  test("gives exit, output, and takes input; a failure names machine, script and reason", async () => {
    const outcome = await lab.run("alpha", "cat; echo oops >&2; exit 3", { stdin: "text", check: false });
    expect(outcome).toMatchObject({ exit: 3, stdout: "text", stderr: "oops\n" });
    await expect(lab.run("bravo", "echo why >&2; false")).rejects.toThrow(/bravo: echo why.*exit 1.*\nwhy/s);
    expect((await lab.run("alpha", "sleep 30", { timeout: 1, check: false })).exit).toBeNull();
  });
});

describe("the utils snapshot", () => {
  beforeAll(() => lab.reset("utils"), 60_000);

  test("two machines replicate, with plain drbdadm", async () => {
    await onBoth("! grep -q ^drbd /proc/modules && cat >/etc/drbd.d/r0.res", { stdin: RESOURCE });
    await onBoth("modprobe drbd && drbdadm create-md r0 </dev/null && drbdadm up r0");
    await waitForDrbd("alpha", "cs:Connected");
    // Both disks are blank, so that no full sync is needed.
    await lab.run("alpha", "drbdadm new-current-uuid --clear-bitmap r0/0 && drbdadm primary r0");
    await lab.run(
      "alpha",
      "mkfs.xfs -q /dev/drbd1 && mount /dev/drbd1 /mnt && echo replicated >/mnt/file && umount /mnt",
    );
    await lab.run("alpha", "drbdadm secondary r0");
    const seen = await lab.run(
      "bravo",
      "drbdadm primary r0 && mount /dev/drbd1 /mnt && cat /mnt/file && umount /mnt && drbdadm secondary r0",
    );
    expect(seen.stdout).toBe("replicated\n");
  }, 90_000);

  test("a snapshot of one's own brings that pair back", async () => {
    await lab.snapshot("pair");
    await onBoth("drbdadm down r0 && wipefs -qa /dev/vdb");
    await lab.reset("pair");
    await waitForDrbd("alpha", "cs:Connected.*ds:UpToDate/UpToDate");
  }, 90_000);

  test("the cable is cut and mended", async () => {
    await lab.cutLink();
    await waitForDrbd("alpha", "cs:WFConnection");
    await lab.restoreLink();
    await waitForDrbd("alpha", "cs:Connected.*ds:UpToDate/UpToDate");
  }, 120_000);

  test("a machine without power is gone, and boots with what was on its disk", async () => {
    await lab.run("bravo", "echo kept >/root/kept; sync; echo lost >/run/lost");
    await lab.powerOff("bravo");
    expect(await lab.running()).toEqual(["alpha"]);
    await waitForDrbd("alpha", "cs:WFConnection");
    await lab.powerOn("bravo");
    expect((await lab.run("bravo", "cat /root/kept; cat /run/lost || echo gone")).stdout).toBe("kept\ngone\n");
    await lab.run("bravo", "modprobe drbd && drbdadm up r0");
    await waitForDrbd("bravo", "cs:Connected.*ds:UpToDate/UpToDate");
  }, 180_000);

  test("disks are attached, grown and taken out, in a running machine and in one that is off", async () => {
    const path = await lab.attachDisk("alpha", { serial: "second1", size: 64 * MIB });
    expect((await lab.run("alpha", `readlink -f ${path}`)).stdout).toBe("/dev/vdc\n");
    expect(await bytesOf("alpha", path)).toBe(64 * MIB);
    await lab.growDisk("alpha", "second1", 96 * MIB);
    expect(await bytesOf("alpha", path)).toBe(96 * MIB);
    await lab.growDisk("alpha", "alpha0", 400 * MIB);
    expect(await bytesOf("alpha", lab.disk)).toBe(400 * MIB);
    await lab.detachDisk("alpha", "second1");
    expect((await lab.run("alpha", "ls /dev/vdc", { check: false })).exit).not.toBe(0);

    await lab.powerOff("bravo");
    await lab.detachDisk("bravo", "bravo0");
    await lab.attachDisk("bravo", { serial: "spare1" });
    await lab.powerOn("bravo");
    expect((await lab.run("bravo", "lsblk -no SERIAL /dev/vdb; wipefs /dev/vdb")).stdout).toBe("spare1\n");
    await lab.growDisk("bravo", "spare1", 330 * MIB);
  }, 180_000);

  test("reset brings all of it back: disks, sizes, link, power", async () => {
    await lab.attachDisk("bravo", { serial: "third1", size: 64 * MIB });
    await lab.cutLink();
    await lab.powerOff("alpha");
    await lab.reset("utils");
    expect(await lab.running()).toEqual(["alpha", "bravo"]);
    for (const name of MACHINES) {
      const seen = await lab.run(
        name,
        "lsblk -dno NAME,SIZE,SERIAL | grep -v ' root' | tr -s ' '; ls /etc/drbd.d; wipefs /dev/vdb",
      );
      expect(seen.stdout).toBe(`vdb 320M ${name}0\nglobal_common.conf\n`);
      expect(await bytesOf(name, lab.disk)).toBe(320 * MIB);
    }
    await lab.run("alpha", `ping -c 1 -W 5 ${lab.address("bravo")}`);
    const begun = performance.now();
    await lab.reset("bare");
    expect(performance.now() - begun).toBeLessThan(20_000);
    await lab.deleteSnapshot("pair");
    await expect(lab.reset("pair")).rejects.toThrow("there is no snapshot pair, only bare, utils");
  }, 120_000);
});
