import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execute, executeOrThrow, CommandFailed } from "./command";
import { MACHINES, type MachineName, machineFiles, replicationAddress } from "./machines";

/**
 * What differs from machine to machine (name, address, keys) goes into the machine as a second archive behind the
 * image's initrd: so one image serves every lab, and no key is in it.
 */
export async function writeSeededInitrd(folder: string, name: MachineName, initrd: string, key: string): Promise<void> {
  const files = machineFiles(folder, name);
  const work = await mkdtemp(join(tmpdir(), "pulumi-drbd-seed-"));
  try {
    const seed = join(work, "seed");
    const put = async (path: string, text: string, mode = 0o644) => {
      await mkdir(join(seed, path, ".."), { recursive: true });
      await writeFile(join(seed, path), text, { mode });
    };
    const hosts = MACHINES.map((each) => `${replicationAddress(each)} ${each}\n`).join("");
    await put("etc/hosts", `127.0.0.1 localhost\n::1 localhost\n${hosts}`);
    await put("etc/hostname", `${name}\n`);
    await put("etc/machine-id", `${randomBytes(16).toString("hex")}\n`);
    await put("etc/lab/address", `${replicationAddress(name)}\n`);
    await mkdir(join(seed, "etc/ssh"), { recursive: true });
    await cp(files.hostKey, join(seed, "etc/ssh/ssh_host_ed25519_key"));
    await cp(`${files.hostKey}.pub`, join(seed, "etc/ssh/ssh_host_ed25519_key.pub"));
    const authorized = await readFile(`${key}.pub`, "utf8");
    for (const home of ["root", "home/admin", "home/nosudo"]) {
      await put(join(home, ".ssh/authorized_keys"), authorized, 0o600);
    }
    const archive = join(work, "seed.cpio");
    const packed = await execute([
      "sh",
      "-c",
      'cd "$1" && find seed | cpio --quiet -o -H newc >"$2"',
      "sh",
      work,
      archive,
    ]);
    if (packed.exit !== 0) throw new CommandFailed("cpio", packed);
    // The kernel takes archives one behind the other, each beginning at a multiple of four bytes.
    const base = await readFile(initrd);
    const padding = Buffer.alloc((4 - (base.length % 4)) % 4);
    await writeFile(files.initrd, Buffer.concat([base, padding, await readFile(archive)]), { mode: 0o600 });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** An ed25519 key pair without passphrase. */
export async function makeKey(file: string, comment: string): Promise<void> {
  await rm(file, { force: true });
  await executeOrThrow(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", file]);
}
