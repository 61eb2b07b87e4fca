import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";

type Environment = Record<string, string | undefined>;

/** Unix socket paths end at 107 bytes; the longest name in a lab's folder is `bravo.control.` and ssh's own suffix. */
const LONGEST_FOLDER = 70;

/** Where images are kept: outside the clone, shared by all labs of a user. */
export function cacheFolder(env: Environment = process.env): string {
  return join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "pulumi-drbd");
}

/** Where one lab keeps its disks, sockets and keys. LAB_DIR names another, so that two labs run side by side. */
export function labFolder(env: Environment = process.env): string {
  const named = env["LAB_DIR"];
  const folder = named
    ? resolve(named)
    : join(env["XDG_STATE_HOME"] || join(homedir(), ".local", "state"), "pulumi-drbd", "lab");
  if (Buffer.byteLength(folder) > LONGEST_FOLDER) {
    throw new Error(
      `${folder} is too long a path for the lab's sockets (at most ${LONGEST_FOLDER} bytes): set LAB_DIR to a shorter one`,
    );
  }
  return folder;
}

/** Of a compiled file it is not the folder above. */
export function cloneFolder(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

/** The scripts and files the image is made of. They are not compiled, so they are looked for in the clone. */
export function imageSources(): string {
  return join(cloneFolder(), "lab", "image");
}
