/** What stands on the lab's machines, looked at by hand, without the provider's own code. */
import type { Lab } from "../../lab/lab";
import { MACHINES, type MachineName } from "../../lab/machines";
import { closeConnection, waitForSsh } from "../../lab/ssh-access";

/** A line of /proc/drbd without its counters: `cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----`. */
export async function drbdState(lab: Lab, name: MachineName, minor = 1): Promise<string> {
  const { stdout } = await lab.run(name, `sed -n 's/^ *${minor}: //p' /proc/drbd 2>/dev/null || [ ! -e /proc/drbd ]`);
  return stdout.trim();
}

/** What is mounted at a path: `/dev/drbd1 xfs`, or nothing. */
export async function mountedAt(lab: Lab, name: MachineName, path: string): Promise<string> {
  const { stdout } = await lab.run(name, `findmnt -rno SOURCE,FSTYPE ${path}`, { check: false });
  return stdout.trim();
}

/** The device's lines in fstab. */
export async function fstabLines(lab: Lab, name: MachineName, device: string): Promise<string[]> {
  const { stdout } = await lab.run(name, `grep ${device} /etc/fstab`, { check: false });
  return stdout.split("\n").filter((line) => line !== "");
}

/** Everything about a machine that a preview might change by mistake. */
export async function survey(lab: Lab, name: MachineName): Promise<string> {
  const { stdout } = await lab.run(
    name,
    `find /etc /var/lib/pulumi-drbd /srv /usr/local ! -path /etc/mtab -printf '%p %M %s %T@\\n' 2>/dev/null | sort
     lsmod | cut -d' ' -f1 | sort
     dpkg-query -W
     grep -v -e systemd-1 -e binfmt /proc/self/mounts
     ls /var/lib/drbd 2>&1
     lsblk -no NAME,SIZE,FSTYPE,UUID`,
  );
  return stdout;
}

export async function surveyAll(lab: Lab): Promise<string[]> {
  return Promise.all(MACHINES.map((name) => survey(lab, name)));
}

/** A checksum of all that a disk holds. */
export async function diskSum(lab: Lab, name: MachineName, disk: string, bytes?: number): Promise<string> {
  const script = bytes === undefined ? `sha256sum <${disk}` : `head -c ${bytes} ${disk} | sha256sum`;
  return (await lab.run(name, script, { timeout: 120 })).stdout.trim();
}

/** Repeats a look until it gives what is awaited, and gives the last look at the deadline. */
export async function eventually(
  look: () => Promise<string>,
  awaited: string | RegExp,
  seconds: number,
): Promise<string> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const now = await look().catch(String);
    const there = typeof awaited === "string" ? now === awaited : awaited.test(now);
    if (there || performance.now() > deadline) return now;
    await new Promise((wake) => setTimeout(wake, 500));
  }
}

/** `reboot` on some machines at once, and the wait until they are up again. */
export async function reboot(lab: Lab, ...machines: readonly MachineName[]): Promise<void> {
  const bootId = async (name: MachineName) => (await lab.run(name, "cat /proc/sys/kernel/random/boot_id")).stdout;
  const before = new Map(await Promise.all(machines.map(async (name) => [name, await bootId(name)] as const)));
  const { ports } = await lab.state();
  await Promise.all(
    machines.map(async (name) => {
      await lab.run(name, "systemctl reboot", { check: false });
      const deadline = performance.now() + 180_000;
      for (;;) {
        // ssh's kept connection does not survive, and does not know it.
        await closeConnection(lab.folder, name);
        await waitForSsh(ports[name].ssh, 180, () => Promise.resolve(true));
        const now = await lab.run(name, "cat /proc/sys/kernel/random/boot_id", { check: false, timeout: 10 });
        if (now.exit === 0 && now.stdout !== before.get(name)) return;
        if (performance.now() > deadline) throw new Error(`${name} did not come up again after its reboot`);
        await new Promise((wake) => setTimeout(wake, 500));
      }
    }),
  );
}

/** What a machine's kernel says of its filesystems, and of its part of the pair: of a failure that nobody can look at any more. */
export async function kernelWords(lab: Lab, machine: MachineName): Promise<string> {
  const told = `dmesg | grep -E 'XFS .drbd|uuid_compare|self |peer |conn\\(|disk\\(' | tail -n 30; od -An -tx1 -N 128 /dev/drbd1`;
  const { stdout, stderr } = await lab.run(machine, told, { check: false });
  return `${machine}'s kernel:\n${stdout}${stderr}`;
}
