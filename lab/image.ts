import { createHash } from "node:crypto";
import { access, chmod, cp, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { hostSources } from "./apt-sources";
import { executeOrThrow } from "./command";
import { cacheFolder, imageSources } from "./folders";
import { withLock } from "./lock";
import { type Report, timed } from "./report";
import { TO_BUILD, requirePrograms, requireSpace } from "./requirements";

export const RELEASE = "bookworm";

/** The password of the user admin, for tests of password logins. The machines listen on loopback only. */
export const ADMIN_PASSWORD = "drbd-lab";

/** The cloud flavour of Debian's kernel carries drbd.ko as the stock flavour does, and boots faster. */
const PACKAGES = [
  "linux-image-cloud-amd64",
  "systemd-sysv",
  "udev",
  "openssh-server",
  "sudo",
  "xfsprogs",
  "e2fsprogs",
  "lvm2",
  "kmod",
  "iproute2",
  "iputils-ping",
  "procps",
  "psmisc",
  "busybox-static",
];

/** What a machine boots from. */
export interface Image {
  folder: string;
  kernel: string;
  initrd: string;
  root: string;
}

function imageIn(folder: string): Image {
  return {
    folder,
    kernel: join(folder, "vmlinuz"),
    initrd: join(folder, "initrd"),
    root: join(folder, "root.qcow2"),
  };
}

/** mmdebstrap's command line; the host's sources come on stdin, so that no mirror is in it. */
export function mmdebstrapArgv(hook: string, sources: boolean): string[] {
  return [
    "mmdebstrap",
    "--variant=minbase",
    // The hook makes the disk image; the tree itself is not wanted.
    "--format=null",
    `--include=${PACKAGES.join(",")}`,
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--dpkgopt=force-unsafe-io",
    '--aptopt=Acquire::Languages "none"',
    `--customize-hook=${hook}`,
    RELEASE,
    "/dev/null",
    ...(sources ? ["-"] : []),
  ];
}

/** The name an image is kept under: it changes with everything the image is made from. */
export function cacheKey(inputs: Readonly<Record<string, string>>): string {
  const hash = createHash("sha256");
  for (const name of Object.keys(inputs).sort()) {
    const content = inputs[name] ?? "";
    hash.update(`${name.length} ${name} ${content.length} ${content}\n`);
  }
  return hash.digest("hex").slice(0, 16);
}

async function readInputs(sources: string): Promise<Record<string, string>> {
  const inputs: Record<string, string> = { argv: mmdebstrapArgv("", true).join("\n"), password: ADMIN_PASSWORD };
  for (const entry of await readdir(sources, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    inputs[relative(sources, path)] = await readFile(path, "utf8");
  }
  return inputs;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** The image of this clone's build scripts: from the cache, or made now. */
export async function provideImage(report: Report): Promise<Image> {
  const sources = imageSources();
  const key = cacheKey(await readInputs(sources));
  const images = join(cacheFolder(), "images");
  const folder = join(images, key);
  // The folder gets its name when all of it is there, by a rename.
  if (await exists(folder)) return imageIn(folder);
  return withLock(
    join(images, "lock"),
    () => { report("waiting for another lab that is making the image"); },
    async () => {
      if (!(await exists(folder))) await build(sources, images, folder, report);
      return imageIn(folder);
    },
  );
}

async function build(sources: string, images: string, folder: string, report: Report): Promise<void> {
  await requirePrograms(TO_BUILD);
  await requireSpace(images, 1024, "the machines' image", "free some, or set XDG_CACHE_HOME to another disk");
  await requireSpace(tmpdir(), 2500, "making the machines' image", "free some, or set TMPDIR to another disk");
  const log = join(images, "build.log");
  report(`making the machines' image (Debian ${RELEASE}), once; log: ${log}`);
  // mmdebstrap and its hook run as another user where it is not root that calls: they must get to what they write.
  const work = await mkdtemp(join(tmpdir(), "pulumi-drbd-image-"));
  const half = `${folder}.half`;
  try {
    await chmod(work, 0o755);
    for (const name of ["root.raw", "vmlinuz", "initrd"]) {
      await writeFile(join(work, name), "");
      await chmod(join(work, name), 0o666);
    }
    await cp(sources, join(work, "sources"), { recursive: true });
    await timed(report, "image: packages and tree", async () => {
      const hostsOwn = await hostSources(RELEASE);
      const hook = `sh '${work}/sources/customize.sh' "$1" '${work}/sources' '${work}'`;
      const built = await executeOrThrow(mmdebstrapArgv(hook, hostsOwn !== ""), {
        stdin: hostsOwn,
        env: { INITRD: "No", TMPDIR: work, LAB_ADMIN_PASSWORD: ADMIN_PASSWORD, LC_ALL: "C.UTF-8" },
      });
      await writeFile(log, built.stdout + built.stderr);
    });
    await timed(report, "image: into the cache", async () => {
      await rm(half, { recursive: true, force: true });
      await mkdir(half);
      const { kernel, initrd, root } = imageIn(half);
      await executeOrThrow(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", join(work, "root.raw"), root]);
      await writeFile(kernel, await readFile(join(work, "vmlinuz")));
      await writeFile(initrd, await readFile(join(work, "initrd")));
      await rename(half, folder);
    });
  } finally {
    await rm(work, { recursive: true, force: true });
    await rm(half, { recursive: true, force: true });
  }
}
