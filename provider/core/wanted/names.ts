import { ONLY_IN_9, OPTION_NAMES } from "./option-table";

/** Checks of single words that end in a file name, a config file or on a command line. Each says why not, or nothing. */

/**
 * Words that one of the drbdadm scanners (drbd-utils 9.22.0) reads as its own: 8.4's knows every option by name. Some
 * also mean something to drbdadm where a resource's name is expected.
 */
const KEYWORDS_OF_84 = new Set([
  ...(
    "common global resource include skip on net yes no ask disk proxy minor inside outside volume device options " +
    "address startup handlers meta-disk flexible-meta-disk syncer floating stacked-on-top-of ignore-on sci ssocks sdp " +
    "ipv4 ipv6 alternate-link-address use-bmbv delay-probe-volume delay-probe-interval throttle-threshold " +
    "hold-off-threshold plugin memlimit read-loops compression bwlimit"
  ).split(" "),
  ...OPTION_NAMES.filter((name) => !ONLY_IN_9.has(name)),
]);

const KEYWORDS = new Set([
  ...KEYWORDS_OF_84,
  ...(
    "all via host hosts port connection connection-mesh node-id path template-file none internal " +
    "_this_host _remote_host _peer_node_id _is_standalone"
  ).split(" "),
  ...OPTION_NAMES,
]);

/** Words that mean another thing on drbdadm's command line, quoted or not in drbd.conf. */
const meansAnother = (name: string): boolean => name === "all" || /^minor-[0-9]+$/.test(name);

/** Whether a word can stand in drbd.conf without quotes and be read as a plain string by both scanners. */
export const isBareWord = (word: string): boolean => isString(word) && !KEYWORDS.has(word);

/** The same by 8.4's scanner alone. */
export const isBareIn84 = (word: string): boolean => isString(word) && !KEYWORDS_OF_84.has(word);

const isString = (word: string): boolean =>
  /^[A-Za-z0-9/._-]{1,128}$/.test(word) && !/^[0-9]+[MKGs]?$/.test(word) && !/^[0-9]+(\.[0-9]+){3}$/.test(word);

/** A DRBD resource's name. It names a file, a systemd unit and an argument of drbdadm. */
export function resourceNameFault(name: string): string | undefined {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) {
    return "must be a letter or digit, then letters, digits, `.`, `_` or `-`, for example r0";
  }
  if (name.length > 63) return `must be at most 63 characters long, not ${name.length}`;
  if (meansAnother(name))
    return `is a word that drbdadm reads as something else: use another, for example r-${name}`.slice(0, 200);
  return undefined;
}

/** A host's own name, as `uname -n` gives it. */
export function hostnameFault(name: string): string | undefined {
  if (name.length > 64) return `must be at most 64 characters long (Linux' own limit), not ${name.length}`;
  if (!/^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?)*$/.test(name)) {
    return "must be a host name as `uname -n` prints it: letters, digits, `-`, `_`, with dots between its parts";
  }
  if (/^[0-9]+(\.[0-9]+)+$/.test(name)) return "looks like an address: give what `uname -n` prints there";
  if (/^localhost(\.|$)/i.test(name))
    return "is every host's name for itself: give the host a name of its own (hostnamectl)";
  return undefined;
}

/** Whether drbdadm might take two names for one host: v9 compares without case, and a short name fits a long one. */
export function sameHost(a: string, b: string): boolean {
  const [x, y] = [a.toLowerCase(), b.toLowerCase()];
  if (x.includes(".") && y.includes(".")) return x === y;
  return x.split(".")[0] === y.split(".")[0];
}

/** A path that may stand in a command, in drbd.conf and in fstab alike: no blanks, no quotes, nothing to be expanded. */
function pathFault(path: string): string | undefined {
  if (!path.startsWith("/")) return "must be an absolute path";
  if (!/^[A-Za-z0-9/._:+@=,-]*$/.test(path))
    return "must have no blanks, quotes or other special characters, only A-Z a-z 0-9 / . _ : + @ = , -";
  if (
    path
      .split("/")
      .slice(1)
      .some((part) => part === "" || part === "." || part === "..")
  ) {
    return "must be in its shortest form: without `//`, `.`, `..` or a `/` at the end";
  }
  return undefined;
}

/** A block device's path. DRBD's kernel keeps at most 127 characters of it. */
export function diskPathFault(path: string): string | undefined {
  const fault = pathFault(path);
  if (fault !== undefined) return `${fault}, for example /dev/disk/by-id/virtio-0001`;
  if (!path.startsWith("/dev/")) return "must be below /dev, for example /dev/disk/by-id/virtio-0001";
  if (path.length > 127) return `must be at most 127 characters long, not ${path.length}`;
  // A volume group may be called drbdpool, or mem: what any other path leads to, the host says.
  if (/^\/dev\/drbd(\d|\/)/.test(path)) return "is a DRBD device itself; stacked resources are not supported";
  if (/^\/dev\/disk\/by-(uuid|label)\//.test(path)) {
    return "names a filesystem, which goes away with its content: name the disk, for example /dev/disk/by-id/…";
  }
  return undefined;
}

const SYSTEM_TREES = [
  "/bin",
  "/boot",
  "/dev",
  "/etc",
  "/lib",
  "/lib32",
  "/lib64",
  "/libx32",
  "/proc",
  "/run",
  "/sbin",
  "/sys",
  "/tmp",
  "/usr",
  "/var/run",
  "/var/lock",
  "/var/tmp",
];
/** What else is in use before DRBD runs, or when it does not. Whether another folder is empty, the host says. */
const SYSTEM_DIRECTORIES = [
  "/",
  "/root",
  "/var",
  "/var/lib",
  "/var/lib/dpkg",
  "/var/lib/drbd",
  "/var/lib/pulumi-drbd",
  "/var/lib/rpm",
  "/var/lib/systemd",
];

/** Where a filesystem is mounted. */
export function mountPointFault(path: string): string | undefined {
  const fault = path === "/" ? undefined : pathFault(path);
  if (fault !== undefined) return `${fault}, for example /srv/data`;
  if (path.length > 200) return `must be at most 200 characters long, not ${path.length}`;
  const below = (tree: string): boolean => path === tree || path.startsWith(`${tree}/`);
  const system = SYSTEM_DIRECTORIES.includes(path) || (SYSTEM_TREES.some(below) && !path.startsWith("/usr/local/"));
  return system
    ? "belongs to the system, which would lose sight of what is there: use a directory of its own, for example /srv/data"
    : undefined;
}

/** XFS keeps twelve bytes. */
export function xfsLabelFault(label: string): string | undefined {
  if (label.length > 12) return `must be at most 12 characters long (XFS' own limit), not ${label.length}`;
  return /^[A-Za-z0-9._][A-Za-z0-9._-]*$/.test(label)
    ? undefined
    : "must be letters, digits, `.`, `_` or `-`, and not begin with `-`";
}

/** What DRBD's peers prove to each other that they know. Never shown, so the reasons do not quote it. */
export function secretFault(secret: string): string | undefined {
  if (secret.length < 1 || secret.length > 63) return `must be 1..63 characters long, not ${secret.length}`;
  if (!/^[\x20-\x7e]+$/.test(secret)) return "must be printable ASCII characters";
  if (secret === "(secret)") return "is what stands in a secret's place: give the secret itself";
  return undefined;
}

/** Units that may run with a resource. A mount of the resource is `filesystem.mountPoint`, and other kinds run nothing. */
const SERVICE_NAME = /^[A-Za-z0-9:_.\\-]+(@[A-Za-z0-9:_.\\-]*)?\.(service|timer|socket|target|path)$/;

export function serviceNameFault(name: string): string | undefined {
  if (name.length > 255 || !SERVICE_NAME.test(name))
    return "must be the name of a systemd unit that ends in .service, .timer, .socket, .target or .path";
  if (/@\.[a-z]+$/.test(name)) return `is a template: name an instance of it, such as ${name.replace("@.", "@1.")}`;
  if (/^drbd(-[a-z-]+)?[@.]/.test(name)) return "is a unit of DRBD's own, which the provider or drbd-utils starts";
  return undefined;
}
