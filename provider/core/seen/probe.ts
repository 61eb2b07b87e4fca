import { turn } from "../../host/text";
import { ownMark } from "../config/own-mark";
import { globalCommonPath, resourcePath } from "../config/paths";
import { givingFiles } from "./given-disks";
import { listenersOn } from "./listeners";
import { managerFiles, managerLinks } from "./managers";
import { neededTools, noSystemd } from "./needed-tools";
import { remoteFunctions } from "./remote-functions";
import { commandLine, printText, quote } from "./shell-words";

/** A resource whose disks are to be looked at, which the host's own tables do not tell. */
export interface Look {
  readonly name: string;
  readonly port: number;
  /** Where that port is wanted: whoever listens on it at another address is no hindrance. */
  readonly address?: string;
  readonly volumes: readonly VolumeLook[];
}

/** One volume of it, as it is on that host. */
export interface VolumeLook {
  readonly volume: number;
  readonly minor: number;
  readonly disk: string;
  /** `internal` or a device. */
  readonly metaDisk: string;
  /** Whether a filesystem is wanted on it: then a Primary that has none mounted is looked at closely. */
  readonly filesystem: boolean;
  /** Where it shall be mounted: what the folder holds is looked at. */
  readonly mountPoint?: string;
}

/** A configuration that is wanted: drbdadm on the host parses it beside what is installed, and says what it would change. */
export interface Candidate {
  readonly name: string;
  readonly resource: string;
  readonly globalCommon: string;
  /** Another file that defines the resource, and goes when ours comes. */
  readonly replaces?: string;
  /** Files of ours that drbdadm cannot read as they are, and that are mended before this one is installed. */
  readonly unread?: readonly string[];
  /** Whether somebody else's file defines the resource: drbdadm says what that means, and what ours would. */
  readonly isForeign?: boolean;
}

/** Another global_common.conf: drbdadm on the host says what every resource there means with it, and without. */
export interface CommonCandidate {
  readonly globalCommon: string;
  /** As in Candidate. */
  readonly unread?: readonly string[];
}

/**
 * How close to look. `tables`: the host's own only, of the kernel, of mounts, of files, which one or two commands print.
 * `close`: its block devices, drbd-utils' version and each disk asked for as well, at some ten commands more.
 * `needed`: close only where something asked for is not plainly well.
 */
export type Depth = "tables" | "needed" | "close";

export interface ProbeRequest {
  readonly looks: readonly Look[];
  readonly candidates: readonly Candidate[];
  readonly depth: Depth;
  readonly common?: CommonCandidate;
  /** drbd-utils' version, where it is known from an earlier look: it is not asked for again, which costs two processes. */
  readonly utils?: string;
}

export const justTheHost: ProbeRequest = { looks: [], candidates: [], depth: "needed" };
export const theHostClosely: ProbeRequest = { looks: [], candidates: [], depth: "close" };

const moduleVersion = "/sys/module/drbd/version";

/** The files an observation brings along, as one grep prints them: path, NUL, line. */
const files = [
  "/proc/sys/kernel/hostname",
  "/proc/sys/kernel/osrelease",
  "/proc/drbd",
  "/proc/1/comm",
  "/proc/self/mountinfo",
  "/proc/swaps",
  "/proc/filesystems",
  "/proc/net/fib_trie",
  "/proc/net/if_inet6",
  "/etc/os-release",
  "/etc/fstab",
  "/etc/crypttab",
  "/etc/systemd/system/*.mount",
  "/etc/systemd/system/*.swap",
  "/etc/drbd.conf",
  "/etc/drbd.d/*",
  "/etc/modules-load.d/*",
  "/lib/modules-load.d/*",
  "/usr/lib/modules-load.d/*",
  "/etc/systemd/system/drbd-primary@.*",
  "/etc/systemd/system/drbd@.*",
  "/lib/systemd/system/drbd@.target",
  "/usr/lib/systemd/system/drbd@.target",
  "/run/systemd/generator/*.mount",
  moduleVersion,
  ...managerFiles,
  "/var/lib/drbd/*.lkbd",
  "/var/lib/pulumi-drbd/*.new",
  "/var/lib/pulumi-drbd/*.folders",
];

/** Of every block device. */
export const lsblkColumns =
  "NAME,KNAME,PATH,TYPE,SIZE,RO,FSTYPE,UUID,LABEL,PARTUUID,PARTLABEL,PTTYPE,SERIAL,WWN,MAJ:MIN,LOG-SEC";

/** Read after them all, and on every host: where it is missing, others may be. */
export const lastFile = "/proc/uptime";

/**
 * The minors that are connected and UpToDate; with `!` where they are Primary and not mounted. Their disks are DRBD's and
 * need no closer look, which would cost a handful of processes each. Beside them, all that are Primary, as `primary:MINOR`.
 */
const tellMinors = String.raw`tell_minors() {
  awk '
    function field(key,  i) { for (i = 3; i <= NF; i++) if (index($i, key ":") == 1) return substr($i, length(key) + 2); return "" }
    FILENAME == "/proc/self/mountinfo" { for (i = 7; i < NF; i++) if ($i == "-") mounted[$(i + 2)] = 1; next }
    $2 == "resource" { role[field("name")] = field("role") }
    $2 == "connection" { connection[field("name")] = field("connection") }
    $2 == "peer-device" && field("replication") == "Off" { delete connection[field("name")] }
    $2 == "device" { resource[field("minor")] = field("name"); disk[field("minor")] = field("disk") }
    END {
      for (minor in resource) {
        name = resource[minor]
        if (role[name] == "Primary") printf("primary:%s ", minor)
        if (disk[minor] == "UpToDate" && connection[name] == "Connected")
          printf("%s%s ", minor, role[name] != "Primary" || ("/dev/drbd" minor) in mounted ? "" : "!")
      }
    }
  ' /proc/self/mountinfo -
}`;

/** drbdadm stops at the first file that it cannot read: each is asked about alone, so that all of them are known. */
const eachAlone =
  'each_alone() { for file; do alone=$(drbdadm -c "$file" sh-nop </dev/null 2>&1) || echo "$alone"; done; }';

/**
 * The shell function `probe`, which looks at a host and changes nothing there. One round trip and few processes: each
 * costs milliseconds, on every preview. Every section begins with a line `@NONCE name …`; a command's section ends with
 * `@NONCE exit CODE`, and the whole with `@NONCE end`, so that output that was cut short is known from output that is whole.
 */
export function probeFunction(nonce: string, { looks, candidates, depth, utils, common }: ProbeRequest): string {
  return `${tellMinors}
say() { printf '\\n@${nonce} %s\\n' "$*"; }
run() { say "$1"; shift; "$@" </dev/null 2>&1; say exit $?; }
probe() {
  say format 1
  turn; say turn; printf '%s\\n' "$last" "$who"; say exit 0
  # A file that two patterns match is read once.
  set -- && known=
  for file in ${files.join(" ")}; do
    case $known in *":$file:"*) ;; *) known="$known:$file:"; set -- "$@" "$file" ;; esac
  done
  run files grep -saHZ '' "$@" ${lastFile}
  set --
  for file in ${givingFiles.join(" ")}; do if [ -f "$file" ]; then set -- "$@" "$file"; fi; done
  if [ $# -gt 0 ]; then run given grep -saHZ -e '[/]dev/' -e 'volume=' "$@"; fi
  events=
  if [ -e /proc/drbd ]; then
    say events; events=$(drbdsetup events2 --now --statistics </dev/null 2>&1); echo "$events"; say exit 0
  else
    run modinfo modinfo -F version drbd
  fi
  say boottime; while read -r key value; do case $key in btime) echo "$value"; break ;; esac; done </proc/stat; say exit 0
  minors=" " close=1
  case $events in *" device "*) minors=" $(echo "$events" | tell_minors)" ;; esac
  say links
  for link in /etc/systemd/system/*.wants/drbd* /run/systemd/units/invocation:drbd* ${managerLinks.join(" ")}; do if [ -L "$link" ]; then echo "$link"; fi; done
  say exit 0
  say needs
  for tool in ${neededTools.join(" ")}; do command -v "$tool" >/dev/null || echo "$tool"; done
  if [ ! -d /run/systemd/system ]; then echo '${noSystemd}'; fi
  say exit 0
  say names; ${nameLines(looks)}; say exit 0
  drift=
  if command -v drbdadm >/dev/null; then
    say utils; say exit 0
    set -- /etc/drbd.d/*.res
    if [ -e "$1" ]; then
      say adjust; drift=$(drbdadm -d adjust all </dev/null 2>&1); code=$?
      if [ $code != 0 ]; then drift=$(echo "$drift"; each_alone "$@"); fi
      echo "$drift"; say exit $code
    fi
  fi
  ${closeEnough(depth, looks)}
  if [ -n "$close" ]; then closely; else say tables; say exit 0; fi
  say end
}
${eachAlone}
${asWhole}
closely() {
  if command -v drbdadm >/dev/null; then say version; ${utils === undefined ? askVersion : printText(`DRBDADM_VERSION=${utils}\n`)}; say exit $?; fi
  ${dumpLines}
  ${common === undefined ? ":" : commonLines(common).join("\n")}
  run room df --block-size=1024 --output=avail,iavail,itotal ${roomPlaces.join(" ")}
  run blocks lsblk -Jbo ${lsblkColumns}
  ${mkfsLines(looks)}
${looks.map((look) => lookLines(look).join("\n")).join("\n")}
${candidates.map((candidate) => candidateLines(candidate).join("\n")).join("\n")}
}`;
}

/** Its words of complaint only where it fails: else they would stand among what it prints. */
const asWhole =
  'as_whole() { from=$1; shift; $from | "$@" 2>/dev/null || { code=$?; $from | "$@" 2>&1 >/dev/null; return $code; }; }';

/** What drbdadm reads, as it understands it: only where that may be more than what we wrote, since it costs a process. */
const dumpLines = [
  "others_too() {",
  'for file in /etc/drbd.d/*; do case $file in */global_common.conf|*.before-pulumi-drbd*|*/README*) continue ;; esac; if [ -d "$file" ]; then return 0; fi',
  `if [ -f "$file" ]; then line=; read -r line <"$file" || :; case $line in "# ${ownMark}"*) ;; *) return 0 ;; esac; fi; done`,
  "while read -r word rest; do case $word in ''|'#'*) ;; include) case $rest in '\"drbd.d/global_common.conf\";'|'\"drbd.d/*.res\";') ;; *) return 0 ;; esac ;; *) return 0 ;; esac; done < /etc/drbd.conf",
  "return 1; }",
  "if [ -f /etc/drbd.conf ] && command -v drbdadm >/dev/null && others_too; then say dump; as_whole : drbdadm --verbose dump all; say exit $?; fi",
].join("\n");

/** Both by the same way, so that nothing but global_common.conf differs. */
function commonLines({ globalCommon, unread = [] }: CommonCandidate): string[] {
  return [
    `say common; ${printText(globalCommon)}; say exit 0`,
    "if command -v drbdadm >/dev/null; then",
    `common_now() { ${commandLine(["installed_but", ...unread])}; }`,
    `common_then() { ${commandLine(["installed_but", globalCommonPath, ...unread])}; ${printText(globalCommon)}; }`,
    "say commonnow; as_whole common_now drbdadm -c - --verbose dump all; say exit $?",
    "say commonthen; as_whole common_then drbdadm -c - --verbose dump all; say exit $?",
    "fi",
  ];
}

/**
 * All names of the devices that are asked for, since fstab and others may use any of them. Every name in /dev is compared
 * with each, which takes no process: as long as a fifth of one, on an emulated host.
 */
function nameLines(looks: readonly Look[]): string {
  if (looks.length === 0) return ":";
  const volumes = looks.flatMap(({ name, volumes }) => volumes.map((one) => ({ ...one, of: `${name} ${one.volume}` })));
  const devices = volumes.flatMap(({ of, minor, disk, metaDisk }) => [
    [`${of} disk`, disk] as const,
    ...(metaDisk === "internal" ? [] : [[`${of} metaDisk`, metaDisk] as const]),
    [`${of} device`, `/dev/drbd${minor}`] as const,
  ]);
  const compared = devices.map(
    ([what, path]) => `if [ "$name" -ef ${quote(path)} ]; then printf '%s\\n' ${quote(what)}" $name"; fi`,
  );
  return `for name in ${namesInDev}; do if [ -b "$name" ]; then ${compared.join("; ")}; fi; done`;
}

/** Without the terminals, which are many. */
const namesInDev =
  "/dev/[!tv]* /dev/v[!c]* /dev/*/* /dev/disk/by-*/* /dev/drbd/by-*/* /dev/drbd/by-*/*/* /dev/zvol/*/* /dev/zvol/*/*/*";

/** The version of the module is of no matter here, and asking for it would cost two more processes. */
const askVersion = "DRBD_DRIVER_VERSION_OVERRIDE=8.4.11 drbdadm --version </dev/null 2>&1";

/** A pattern of what tell_minors says. */
function isWell({ minor, filesystem }: VolumeLook): string {
  return filesystem ? `*" ${minor} "*` : `*" ${minor} "*|*" ${minor}! "*`;
}

function asksWhetherWell(look: VolumeLook): string {
  return `case "$minors" in ${isWell(look)}) ;; *) false ;; esac`;
}

/** What would make a filesystem, where one may have to be made. */
function mkfsLines(looks: readonly Look[]): string {
  const wanted = looks.flatMap(({ volumes }) => volumes).filter(({ filesystem }) => filesystem);
  if (wanted.length === 0) return ":";
  const well = wanted.map(asksWhetherWell).join(" && ");
  const files = 'for file in /usr/share/xfsprogs/mkfs/*.conf; do if [ -e "$file" ]; then echo "$file"; fi; done';
  return `{ ${well}; } || { say mkfs; if command -v mkfs.xfs >/dev/null; then mkfs.xfs -V </dev/null 2>&1; ${files}; fi; say exit 0; }`;
}

/** Takes the closer look back where nobody needs it. */
function closeEnough(depth: Depth, looks: readonly Look[]): string {
  if (depth === "close") return ":";
  if (depth === "tables") return "close=";
  const well = looks.flatMap(({ volumes }) => volumes.map(asksWhetherWell));
  return `if ${['[ -n "$events" ]', ...well].join(" && ")}; then close=; fi`;
}

/** Runs the probe and nothing else. */
export function observeScript(nonce: string, request: ProbeRequest): string {
  return `${remoteFunctions}${turn}${probeFunction(nonce, request)}\nprobe </dev/null; exit 0\n`;
}

/** What we write to, and what stands before a step is written there. */
export const roomPlaces = ["/etc", "/var/lib", "/run"] as const;

/** The folder, or the nearest one above it that is there; where it leads; and the first names in it. */
function folderLines(mountPoint: string): string[] {
  return [
    `say folder; at=${quote(mountPoint)}; while [ -n "$at" ] && [ ! -e "$at" ] && [ ! -L "$at" ]; do at=\${at%/*}; done; at=\${at:-/}`,
    `if [ -d "$at" ]; then printf 'at %s\\nreal %s\\n' "$at" "$(cd -P -- "$at" && pwd)"; else printf 'blocked %s\\n' "$at"; fi`,
    `count=0; for one in "$at"/* "$at"/.[!.]* "$at"/..?*; do if [ -e "$one" ] || [ -L "$one" ]; then printf 'holds %s\\n' "\${one##*/}"; count=$((count + 1)); fi; if [ $count -gt ${mostNames} ]; then break; fi; done; say exit 0`,
  ];
}

function lookLines({ name, port, address, volumes }: Look): string[] {
  const portHex = port.toString(16).toUpperCase().padStart(4, "0");
  const devices = volumes.map(({ minor }) => `[ -b /dev/drbd${minor} ]`);
  const word = (look: VolumeLook) => quote(volumes.length === 1 ? name : `${name}/${look.volume}`);
  return [
    `say resource ${quote(name)}`,
    // Somebody may have set it up by hand, in a file of another name.
    `set -- /etc/drbd.d/*.res; runs=; case $events in *" resource name:"${quote(name)}" "*) [ ! -e "$1" ] || runs=y ;; esac`,
    `if { ${devices.join(" || ")}; } && { [ -n "$runs" ] || [ -f ${quote(resourcePath(name))} ]; }; then runs=y; else runs=; fi`,
    `if ${volumes.map(asksWhetherWell).join(" && ")}; then :; elif [ -n "$runs" ]; then`,
    // Of a healthy pair each host's own id is what its peer's kernel calls it.
    `version=; if [ -e ${moduleVersion} ]; then read -r version <${moduleVersion}; fi; case $version in 9*) run status drbdsetup status --verbose ${quote(name)} ;; esac`,
    `else run port grep -scE '^ *[0-9]+: ${listenersOn(address)}:${portHex} [0-9A-F]*:0000 0A' /proc/net/tcp /proc/net/tcp6; fi`,
    `if [ -n "$drift" ]; then run change drbdadm -d adjust ${quote(name)}; fi`,
    ...volumes.flatMap((look) => [`say volume ${quote(name)} ${look.volume}`, ...volumeLines(look, word(look))]),
  ];
}

/** `word`: the volume, as drbdadm's commands take it. */
function volumeLines(look: VolumeLook, word: string): string[] {
  const { minor, disk, metaDisk } = look;
  const internal = metaDisk === "internal";
  const holder = internal ? disk : metaDisk;
  const device = `/dev/drbd${minor}`;
  const size = `/var/lib/drbd/drbd-minor-${minor}.lkbd`;
  // What stands on the DRBD device can be read on the Primary only; its identity is remembered, so it is always asked for.
  const primaryDevice = `case "$minors" in *" primary:${minor} "*) ${inspect("device", device)} ;; esac`;
  return [
    ...(look.mountPoint === undefined ? [] : folderLines(look.mountPoint)),
    `case "$minors" in ${isWell(look)})`,
    `real=${quote(disk)}; if [ -L "$real" ]; then real=$(readlink -f "$real"); fi; say disk "$real"; echo attached; say exit 0`,
    // Remembered in the state: a conversion of the metadata keeps it, and not the device's UUID.
    `run kernelgi drbdadm get-gi ${word}`,
    primaryDevice,
    ";; *)",
    // The size that drbdmeta last knew: where the disk has another now, its metadata lies where it ended then.
    `moved() { known=; if [ -f ${size} ]; then read -r known rest <${size}; fi; case $known in ""|*[!0-9]*) echo none; return ;; esac; now=$(metadata_at ${quote(holder)} "$known"); if [ "$now" = none ]; then echo none; else echo "moved $known $now"; fi; }`,
    `metadata() { now=$(gi ${minor} ${quote(holder)} ${internal ? "internal" : "flex-external"}); if [ "$now" = none ]; then ${internal ? "moved" : "echo none"}; else echo "$now"; fi; }`,
    inspect("disk", disk),
    ...(internal ? [] : [inspect("metadisk", metaDisk)]),
    // Where all of a disk's last 1 MiB is zero there is no metadata; drbdmeta is asked again before create-md in any case.
    `case $zeros in zero*) run gi ${internal ? "moved" : "echo none"} ;; *) if [ -b ${quote(holder)} ] && command -v drbdmeta >/dev/null; then run gi metadata; fi ;; esac`,
    `if [ -b ${device} ] && [ -n "$runs" ]; then`,
    `run kernelgi drbdadm get-gi ${word}`,
    primaryDevice,
    "fi ;; esac",
  ];
}

/**
 * What stands at a path: where it leads, its signature, and, where there is none, whether samples of it are zero. What is
 * neither blank nor DRBD's is looked at more closely, since a person may have to decide about it.
 */
function inspect(section: string, path: string): string {
  const word = quote(path);
  const found = [
    'zeros=; case $now in none) zeros=$(contents "$real"); echo "$zeros" ;; esac',
    'case "$now $zeros" in *UUID=*) ;; none\\ zero*|error*) ;; *) echo "HASH=$(fingerprint "$real")" ;; esac',
    // How much of it is taken decides over where DRBD's metadata may go, which on the DRBD device it does not.
    ...(section === "device"
      ? []
      : [
          'case $now in *TYPE=xfs*|*TYPE=ext*) taken=$(filesystem_bytes "$real"); echo "TAKEN=$taken"; echo "ENDED=$(metadata_behind "$real" "$taken")" ;; esac',
        ]),
    // Metadata at a disk's end hides from blkid what stands at its beginning.
    'case $now in *TYPE=xfs*|*TYPE=drbd*|*=xfs*) xfs_geometry "$real" ;; esac',
  ];
  return `zeros=; if [ -b ${word} ]; then real=${word}; if [ -L "$real" ]; then real=$(readlink -f "$real"); fi; say ${section} "$real"; now=$(signature "$real"); echo "$now"; ${found.join("; ")}; elif [ -e ${word} ]; then say ${section} not-block; else say ${section} missing; fi; say exit 0`;
}

function candidateLines({ name, resource, globalCommon, replaces, unread = [], isForeign }: Candidate): string[] {
  const left = [globalCommonPath, resourcePath(name), ...(replaces === undefined ? [] : [replaces]), ...unread];
  return [
    "if command -v drbdadm >/dev/null; then",
    `say candidate ${quote(name)}`,
    `candidate() { ${commandLine(["installed_but", ...left])}; ${printText(globalCommon)}; ${printText(resource)}; }`,
    "say parsed; candidate | drbdadm -c - sh-nop 2>&1; say exit $?",
    `say change; candidate | drbdadm -c - -d adjust ${quote(name)} 2>&1; say exit $?`,
    ...(isForeign === true
      ? [
          `say means; drbdadm --verbose dump ${quote(name)} 2>/dev/null </dev/null; say exit $?`,
          `say meant; candidate | drbdadm --verbose -c - dump ${quote(name)} 2>/dev/null; say exit $?`,
        ]
      : []),
    "fi",
  ];
}

/** Whether a host's drbdadm must be asked about a wanted configuration, or what is installed there is that already. */
export function isInstalled(files: ReadonlyMap<string, string>, { name, resource, globalCommon }: Candidate): boolean {
  return files.get(resourcePath(name)) === resource && files.get(globalCommonPath) === globalCommon;
}

/** So many names are told of a folder. */
export const mostNames = 4;
