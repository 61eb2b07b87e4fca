import { createHash, randomUUID } from "node:crypto";
import {
  access,
  chmod,
  copyFile,
  cp,
  mkdir,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { hostSources, selectFetchOptions } from "./apt-sources";
import { undoneOnFailure } from "./cleanup";
import { CommandFailed, execute, executeOrThrow } from "./command";
import { cacheFolder, imageSources } from "./folders";
import { withLock } from "./lock";
import { RELEASES, type Release } from "./releases";
import { type Report, timed } from "./report";
import { TO_BUILD, TO_BUILD_UNPRIVILEGED, requireKeyring, requirePrograms, requireSpace } from "./requirements";

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
  /** Differs between two images made from the same inputs: a machine's disk only fits the one it was made on. */
  id: string;
  kernel: string;
  initrd: string;
  root: string;
  /** What a machine unpacks to have libvirt; empty where the release has none of it. */
  libvirt: string;
}

function imageFiles(folder: string) {
  return {
    id: join(folder, "id"),
    kernel: join(folder, "vmlinuz"),
    initrd: join(folder, "initrd"),
    root: join(folder, "root.qcow2"),
    libvirt: join(folder, "libvirt.tar.gz"),
  };
}

async function readImage(folder: string): Promise<Image> {
  const files = imageFiles(folder);
  // When it was last wanted, for `removeForgottenImages`; a cache that is only lent to us is left as it is.
  await utimes(files.id, new Date(), new Date()).catch(() => undefined);
  return { folder, ...files, id: await readFile(files.id, "utf8") };
}

/** Takes the security archive, which mmdebstrap's own default names, out of the sources. */
const WITHOUT_SECURITY = `sed -i '/-security/d' "$1/etc/apt/sources.list"`;

/** mmdebstrap's command line; the host's sources come on stdin, so that no mirror is in it. */
export function mmdebstrapArgv(how: {
  release: Release;
  hook: string;
  aptOptions: string;
  sources: boolean;
  root: boolean;
}): string[] {
  return [
    // Whatever kills us takes the build along; and what it has mounted is in a mount namespace that then goes too.
    ...["setpriv", "--pdeathsig", "KILL", "--"],
    ...(how.root ? ["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc", "--"] : []),
    "mmdebstrap",
    `--mode=${how.root ? "root" : "unshare"}`,
    "--variant=minbase",
    // The hook makes the disk image; the tree itself is not wanted.
    "--format=null",
    `--include=${PACKAGES.join(",")}`,
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--dpkgopt=force-unsafe-io",
    '--aptopt=Acquire::Languages "none"',
    `--aptopt=${how.aptOptions}`,
    ...(RELEASES[how.release].security ? [] : [`--setup-hook=${WITHOUT_SECURITY}`]),
    `--customize-hook=${how.hook}`,
    how.release,
    "/dev/null",
    ...(how.sources ? ["-"] : []),
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

async function readInputs(release: Release, sources: string): Promise<Record<string, string>> {
  const inputs: Record<string, string> = {
    argv: mmdebstrapArgv({ release, hook: "", aptOptions: "", sources: true, root: true }).join("\n"),
    password: ADMIN_PASSWORD,
    cluster: RELEASES[release].cluster.join(" "),
    libvirt: RELEASES[release].libvirt.join(" "),
  };
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

/** The image of a release by this clone's build scripts: from the cache, or made now. */
export async function provideImage(release: Release, report: Report): Promise<Image> {
  const sources = imageSources();
  const key = cacheKey(await readInputs(release, sources));
  const images = join(cacheFolder(), "images");
  const folder = join(images, key);
  // The folder gets its name when all of it is there, by a rename.
  if (await exists(folder)) return readImage(folder);
  return withLock(
    join(images, "lock"),
    () => {
      report("waiting for another lab that is making the image");
    },
    async () => {
      if (!(await exists(folder))) await build(release, sources, images, folder, report);
      return readImage(folder);
    },
  );
}

const FORGOTTEN_AFTER_DAYS = 30;

/** Every change of the build scripts makes another image of half a gigabyte: those long unused go. */
async function removeForgottenImages(images: string): Promise<void> {
  for (const entry of await readdir(images, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const folder = join(images, entry.name);
    const used = await stat(imageFiles(folder).id).catch(() => stat(folder));
    if (Date.now() - used.mtimeMs > FORGOTTEN_AFTER_DAYS * 86_400_000) await rm(folder, { recursive: true });
  }
}

async function build(release: Release, sources: string, images: string, folder: string, report: Report): Promise<void> {
  const root = process.getuid?.() === 0;
  await requirePrograms(root ? TO_BUILD : TO_BUILD_UNPRIVILEGED);
  await mkdir(images, { recursive: true });
  await removeForgottenImages(images);
  await requireSpace(images, 1024, "the machines' image", "free some, or set XDG_CACHE_HOME to another disk");
  await requireSpace(tmpdir(), 2500, "making the machines' image", "free some, or set TMPDIR to another disk");
  const log = join(images, `${release}.log`);
  report(`making the machines' image (Debian ${release}), once; log: ${log}`);
  // A fixed name, so that what a killed build has left is found by the next one.
  const work = join(tmpdir(), `pulumi-drbd-image-${cacheKey({ folder })}`);
  const half = `${folder}.half`;
  const undo = async () => {
    await rm(work, { recursive: true, force: true });
    await rm(half, { recursive: true, force: true });
  };
  await undo();
  await undoneOnFailure(undo, async () => {
    await mkdir(work);
    await timed(report, "image: packages and disk", () => bootstrap(release, sources, work, root, log));
    await timed(report, "image: into the cache", async () => {
      await mkdir(half);
      const files = imageFiles(half);
      await executeOrThrow(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", join(work, "root.raw"), files.root]);
      await copyFile(join(work, "vmlinuz"), files.kernel);
      await copyFile(join(work, "initrd"), files.initrd);
      await copyFile(join(work, "libvirt.tar.gz"), files.libvirt);
      await writeFile(files.id, randomUUID());
      await rename(half, folder);
    });
  });
  await undo();
}

/** Fills `work` with root.raw, vmlinuz, initrd and libvirt.tar.gz. */
async function bootstrap(release: Release, sources: string, work: string, root: boolean, log: string): Promise<void> {
  // Without root, mmdebstrap and its hook run under another user id: they must get to what they read and write.
  await chmod(work, root ? 0o700 : 0o755);
  for (const name of ["root.raw", "vmlinuz", "initrd", "libvirt.tar.gz"]) {
    await writeFile(join(work, name), "");
    if (!root) await chmod(join(work, name), 0o666);
  }
  await cp(sources, join(work, "sources"), { recursive: true });
  const hostsOwn = await hostSources(release);
  if (hostsOwn === "") await requireKeyring();
  const aptOptions = join(work, "fetch.conf");
  const dump = await executeOrThrow(["apt-config", "dump"]);
  await writeFile(aptOptions, `// How the host fetches packages.\n${selectFetchOptions(dump.stdout)}`);
  const hook = `sh '${work}/sources/customize.sh' "$1" '${work}/sources' '${work}'`;
  const argv = mmdebstrapArgv({ release, hook, aptOptions, sources: hostsOwn !== "", root });
  const outcome = await execute(argv, {
    stdin: hostsOwn,
    env: {
      INITRD: "No",
      TMPDIR: work,
      LAB_ADMIN_PASSWORD: ADMIN_PASSWORD,
      LAB_CLUSTER: RELEASES[release].cluster.join(" "),
      LAB_LIBVIRT: RELEASES[release].libvirt.join(" "),
      LC_ALL: "C.UTF-8",
    },
  });
  await writeFile(log, outcome.stdout + outcome.stderr);
  if (outcome.exit !== 0) throw new CommandFailed(`mmdebstrap (all of it is in ${log})`, outcome);
}
