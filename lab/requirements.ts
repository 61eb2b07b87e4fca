import { constants } from "node:fs";
import { access, mkdir, statfs } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** A program the lab calls and the Debian package that brings it. */
const PROGRAMS = {
  "qemu-system-x86_64": "qemu-system-x86",
  "qemu-img": "qemu-utils",
  mmdebstrap: "mmdebstrap",
  cpio: "cpio",
  mke2fs: "e2fsprogs",
  openssl: "openssl",
  newuidmap: "uidmap",
  ssh: "openssh-client",
  "ssh-keygen": "openssh-client",
  flock: "util-linux",
  setpriv: "util-linux",
  unshare: "util-linux",
} as const;

export type Program = keyof typeof PROGRAMS;

/** What running an image takes, and what making one takes besides. */
export const TO_RUN: readonly Program[] = ["qemu-system-x86_64", "qemu-img", "cpio", "ssh", "ssh-keygen", "flock"];
export const TO_BUILD: readonly Program[] = ["mmdebstrap", "mke2fs", "openssl", "setpriv", "unshare"];
/** Without root, mmdebstrap works in a user namespace. */
export const TO_BUILD_UNPRIVILEGED: readonly Program[] = [...TO_BUILD, "newuidmap"];

export class Missing extends Error {
  override readonly name = "Missing";
}

async function isInstalled(program: string): Promise<boolean> {
  // mke2fs lives in /usr/sbin, which is not on every user's PATH.
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  for (const folder of folders) {
    try {
      await access(join(folder, program), constants.X_OK);
      return true;
    } catch {
      // Not in this folder.
    }
  }
  return false;
}

/** The words for programs that are not there, with the command that brings them; undefined where none is missing. */
export function missingMessage(programs: readonly Program[]): string | undefined {
  if (programs.length === 0) return undefined;
  const packages = [...new Set(programs.map((program) => PROGRAMS[program]))].sort();
  return (
    `the lab needs ${programs.join(", ")}, which ${programs.length === 1 ? "is" : "are"} not installed here. Get it with\n` +
    `    sudo apt-get install --no-install-recommends ${packages.join(" ")}`
  );
}

export async function requirePrograms(programs: readonly Program[]): Promise<void> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Missing(`the lab runs on Linux on x86-64 only; this is ${process.platform} on ${process.arch}`);
  }
  const absent: Program[] = [];
  for (const program of programs) if (!(await isInstalled(program))) absent.push(program);
  const message = missingMessage(absent);
  if (message) throw new Missing(message);
}

/** Debian's own keys, needed where the host is not a Debian that has them in its apt sources. */
export async function requireKeyring(): Promise<void> {
  try {
    await access("/usr/share/keyrings/debian-archive-keyring.gpg");
  } catch {
    throw new Missing(
      "the lab's machines are Debian, and Debian's keys are not installed here. Get them with\n" +
        "    sudo apt-get install --no-install-recommends debian-archive-keyring",
    );
  }
}

const MIB = 1024 * 1024;

/** Makes the folder and sees to it that there is room: a full disk shows up in a machine as a file system gone bad. */
export async function requireSpace(folder: string, mebibytes: number, whatFor: string, remedy: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  const free = Math.floor((bavail * bsize) / MIB);
  if (free < mebibytes) {
    throw new Missing(`${whatFor} needs ${mebibytes} MiB in ${folder}, where ${free} MiB are free: ${remedy}`);
  }
}
