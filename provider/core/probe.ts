import { remoteFunctions } from "./remote-functions";
import { resourcePath } from "./paths";
import { quote } from "./shell-words";

/** A resource that is to be looked at more closely than the host's own tables tell. */
export interface ProbeResource {
  readonly name: string;
  readonly minor: number;
  readonly port: number;
  readonly disk: string;
  /** `internal` or a device. */
  readonly metaDisk: string;
  /** The configuration that is wanted; drbdadm on the host parses it beside what is installed there. */
  readonly candidate?: { readonly resource: string; readonly globalCommon: string };
}

/** The files an observation brings along, as one grep prints them: path, NUL, line. */
const files = [
  "/proc/sys/kernel/hostname",
  "/proc/sys/kernel/osrelease",
  "/proc/drbd",
  "/proc/self/mountinfo",
  "/proc/swaps",
  "/etc/os-release",
  "/etc/fstab",
  "/etc/drbd.conf",
  "/etc/drbd.d/*",
  "/etc/modules-load.d/*",
  "/lib/modules-load.d/*",
  "/usr/lib/modules-load.d/*",
  "/etc/systemd/system/drbd-primary@.service",
  "/sys/module/drbd/version",
];

/**
 * The script that looks at a host and changes nothing there: one round trip, few processes. Each section begins with a
 * line `@NONCE name …`; a command's section ends with `@NONCE exit CODE`, and the whole ends with `@NONCE end`, so that
 * output that was cut short is known from output that is whole.
 */
export function probeScript(nonce: string, resources: readonly ProbeResource[]): string {
  return `${remoteFunctions}
say() { printf '\\n@${nonce} %s\\n' "$*"; }
run() { say "$1"; shift; "$@" </dev/null 2>&1; say exit $?; }
probe() {
  say format 1
  run files grep -saHZ '' ${files.join(" ")}
  run addresses ip -o addr show
  run blocks lsblk -Jbo NAME,KNAME,PATH,TYPE,SIZE,RO,FSTYPE,UUID,LABEL,PTTYPE,SERIAL,WWN
  run clock date +%s
  if [ -e /proc/drbd ]; then
    run events drbdsetup events2 --now --statistics
  else
    run modinfo modinfo -F version drbd
  fi
  say links
  for link in /etc/systemd/system/*.wants/drbd*; do if [ -L "$link" ]; then echo "$link"; fi; done
  say exit 0
  if command -v drbdadm >/dev/null; then
    run version drbdadm --version
    run adjust drbdadm -d adjust all
  fi
${resources.map((resource) => detail(nonce, resource)).join("\n")}
  say end
}
`;
}

/** Runs the probe and nothing else. */
export function observeScript(nonce: string, resources: readonly ProbeResource[]): string {
  return `${probeScript(nonce, resources)}probe </dev/null; exit 0\n`;
}

function detail(nonce: string, resource: ProbeResource): string {
  const { name, minor, port, disk, metaDisk, candidate } = resource;
  const place = metaDisk === "internal" ? "internal" : "flex-external";
  const holder = metaDisk === "internal" ? disk : metaDisk;
  const device = `/dev/drbd${minor}`;
  const portHex = port.toString(16).toUpperCase().padStart(4, "0");
  const lines = [
    `say resource ${quote(name)}`,
    look("disk", disk),
    ...(metaDisk === "internal" ? [] : [look("metadisk", metaDisk)]),
    `if [ -b ${quote(holder)} ] && command -v drbdmeta >/dev/null; then run gi gi ${minor} ${quote(holder)} ${place}; fi`,
    `if [ -e /proc/drbd ] && command -v drbdadm >/dev/null; then run kernelgi drbdadm get-gi ${quote(name)}; fi`,
    `if [ -b ${device} ] && grep -qs '^ *${minor}: .* ro:Primary' /proc/drbd; then ${look("device", device)}; fi`,
    `run port grep -s ':${portHex} [0-9A-F]*:0000 0A' /proc/net/tcp /proc/net/tcp6`,
  ];
  if (candidate !== undefined) {
    const end = `END-${nonce}`;
    lines.push(
      `if command -v drbdadm >/dev/null; then`,
      // drbdadm-84 cannot follow an include that comes from standard input, so the files themselves are handed over.
      `candidate() {`,
      `grep -shv '^[[:space:]]*include[[:space:]]' /etc/drbd.conf`,
      `for file in /etc/drbd.d/*.res; do if [ -f "$file" ] && [ "$file" != ${quote(resourcePath(name))} ]; then cat "$file"; echo; fi; done`,
      `cat <<'${end}'`,
      candidate.globalCommon + candidate.resource + end,
      `}`,
      `say candidate; candidate | drbdadm -c - sh-nop 2>&1; say exit $?`,
      `say change; candidate | drbdadm -c - -d adjust ${quote(name)} 2>&1; say exit $?`,
      `fi`,
    );
  }
  return lines.join("\n");
}

/** What stands at a path: where it leads, its signature, and, where there is none, whether samples of it are zero. */
function look(section: string, path: string): string {
  const word = quote(path);
  return `if [ -b ${word} ]; then say ${section} "$(readlink -f ${word})" "$(size_of ${word})"; now=$(signature ${word}); echo "$now"; if [ "$now" = none ]; then contents ${word}; fi; elif [ -e ${word} ]; then say ${section} not-block; else say ${section} missing; fi; say exit 0`;
}
