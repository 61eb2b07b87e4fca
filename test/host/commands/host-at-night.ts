/** The commands of host/commands in a real sh, on a host that is a folder, with drbd-utils and systemd that the test plays. */
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { spawnSync } from "node:child_process";
import { commands } from "../../../provider/host/text";
import { lockedIn, withTools } from "../../core/shell";

export interface Night {
  /** What `drbdsetup events2 --now --statistics` says. */
  readonly events: string;
  /** … once the resource was made Primary, or Secondary. */
  readonly eventsThen?: string;
  /** null: the module is not loaded. */
  readonly procDrbd?: string | null;
  readonly show?: string;
  readonly dump?: string;
  readonly journal?: string;
  /** /etc/pulumi-drbd/r0.conf; null: there is none. */
  readonly values?: string | null;
  readonly fstab?: string;
  /** What is mounted: `147:1 /srv/data`, `147:1[/folder] /srv/bound`, `0:45[tmpfs] /tmp`. */
  readonly mounted?: readonly string[];
  /** What the tries of the peer's addresses say: `10.0.99.1 22 silent`. */
  readonly answers?: string;
  readonly pingAnswers?: boolean;
  /** Bodies of tools that play another part than usual. */
  readonly tools?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly user?: number;
  /** What is typed at a terminal, after so many seconds. */
  readonly typed?: readonly [string, number];
  readonly uname?: string;
}

export interface Heard {
  readonly exit: number | null;
  readonly said: string;
  /** What changed something, in its order. */
  readonly calls: string[];
  /** Where something is mounted in the end. */
  readonly mounted: string[];
}

export const valuesOnBravo = `# Managed by pulumi-drbd
resource r0
host bravo
peer alpha
peer-address 10.0.99.1
peer-address alpha.example 2222
mount /dev/drbd1 /srv/my\\040data
service web.service
service db.service
`;

export const protocolC = "resource r0 {\n net {\n  protocol C; # default\n  sndbuf-size 0; # bytes, default\n }\n}\n";

/** Its files stand below a folder. Devices and mount points are names here. */
const rooted = (root: string, script: string): string =>
  script.replaceAll(
    /(?<![\w/])\/(?=(?:etc|dev\/mapper|proc\/(?!\$)|run\/systemd|var\/lib|lib\/systemd|usr\/lib\/systemd)\b)/g,
    `${root}/`,
  );

const mountLine = (mount: string): string => {
  const [, number = "", type = "xfs", root = "/", place = ""] = /^([\d:]+)(?:\[(\w+)\])?(?:\[(\/\S*)\])? (.*)$/.exec(
    mount,
  )!;
  return `99 1 ${number} ${root} ${place.replaceAll(" ", "\\040")} rw,noatime shared:1 - ${type} /dev/drbd1 rw,noquota\n`;
};

/** `drbd-where`, `drbd-takeover r0 …` as they are typed. */
export function type(folder: string, night: Night, name: keyof typeof commands, ...argv: string[]): Heard {
  for (const old of readdirSync(folder)) rmSync(join(folder, old), { recursive: true });
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const { values = valuesOnBravo, mounted = [], procDrbd = "version: 8.4.11 (api:1/proto:86-101)\n" } = night;
  if (procDrbd !== null) put("proc/drbd", procDrbd);
  put("proc/uptime", "529.85 342.65\n");
  put("proc/stat", "cpu 1 2 3\nbtime 1700000000\n");
  put("proc/self/mountinfo", `22 1 254:0 / / rw shared:1 - ext4 /dev/vda rw\n${mounted.map(mountLine).join("")}`);
  put("etc/fstab", night.fstab ?? "");
  if (values !== null) put("etc/pulumi-drbd/r0.conf", values);
  put("run/systemd/system/.keep", "");
  put("events", night.events);
  put(
    "events-then",
    night.eventsThen ?? night.events.replaceAll(/role:Secondary suspended/g, "role:Primary suspended"),
  );
  put("show", night.show ?? protocolC);
  put("dump", night.dump ?? "");
  put("journal", night.journal ?? "");
  put("answers", night.answers ?? "");
  put("calls", "");
  for (const [path, text] of Object.entries(night.files ?? {})) put(path, text);
  const note = `echo "$(basename "$0") $*" >>${folder}/calls`;
  const mountNow = `grep -q ' 147:1 / /srv' ${folder}/proc/self/mountinfo || printf '99 1 147:1 / /srv/my\\\\040data rw shared:1 - xfs /dev/drbd1 rw\\n' >>${folder}/proc/self/mountinfo`;
  const mountinfo = `${folder}/proc/self/mountinfo`;
  const escaped = `place=$(printf '%s\\n' "$place" | sed 's/ /\\\\040/g')`;
  const unmountNow = `place=$1; ${escaped}; tac ${mountinfo} | place=$place awk '!gone && $5 == ENVIRON["place"] { gone = 1; next } { print }' | tac >${folder}/mounts; mv ${folder}/mounts ${mountinfo}`;
  const mountsMore = `for place; do :; done; ${escaped}
case $1 in
-t) printf '99 1 147:1 / %s %s shared:1 - xfs /dev/drbd1 rw\n' "$place" "$4" >>${mountinfo} ;;
--bind) printf '99 1 147:1 %s %s rw,noatime shared:1 - xfs /dev/drbd1 rw\n' "\${2#/srv/my data}" "$place" >>${mountinfo} ;;
-o) ;;
*) ${mountNow} ;;
esac`;
  const tools: Record<string, string> = {
    uname: `echo ${night.uname ?? "bravo"}`,
    id: `echo ${night.user ?? 0}`,
    drbdsetup: `case "$1" in events2) cat ${folder}/events ;; show) cat ${folder}/show ;; *) exit 64 ;; esac`,
    drbdadm: `case "$1" in sh-resources) sed -n 's/^exists resource name:\\([^ ]*\\).*/\\1/p' ${folder}/events ;; dump) cat ${folder}/dump ;;
primary|secondary) ${note}; cp ${folder}/events-then ${folder}/events ;; *) exit 64 ;; esac`,
    journalctl: `cat ${folder}/journal`,
    perl: `grep "^$3 " ${folder}/answers || :`,
    ping: night.pingAnswers === true ? "exit 0" : "exit 1",
    flock: "exit 0",
    modprobe: note,
    "systemd-escape": `case "$1" in --path) echo 'srv-my\\x20data.mount' ;; --template=*) echo "\${1#--template=}" | sed "s/@/@$2/" ;; esac`,
    systemctl: `case "$1" in
is-active) case $2 in --quiet) [ -e "${folder}/active-$3" ] ;; *) if [ -e "${folder}/active-$2" ]; then echo active; else echo inactive; exit 3; fi ;; esac ;;
is-failed) [ -e "${folder}/failed-$3" ] ;;
start) ${note}; shift; for unit; do case $unit in *.mount) ${mountNow} ;; *.target) ${mountNow}; touch ${folder}/active-web.service ${folder}/active-db.service ;; *) touch "${folder}/active-$unit" ;; esac; done ;;
stop) ${note}; rm -f "${folder}/active-$2" ;;
esac`,
    umount: `${note}; ${unmountNow}`,
    mount: `${note}; ${mountsMore}`,
    ...night.tools,
  };
  for (const service of ["web.service", "db.service"]) if (mounted.length > 0) put(`active-${service}`, "");
  const script = withTools(folder, lockedIn(join(folder, "run-lock"), rooted(folder, commands[name])), tools);
  const file = join(folder, "command");
  writeFileSync(file, script);
  const [typed, seconds] = night.typed ?? [];
  const call =
    typed === undefined
      ? `exec sh ${file} "$@" 2>&1`
      : `{ sleep ${seconds}; echo '${typed}'; } | script -qec "sh ${file} $*" /dev/null`;
  const { status, stdout, stderr } = spawnSync("sh", ["-c", call, name, ...argv], {
    encoding: "utf8",
    timeout: 30_000,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const read = (path: string) => readFileSync(join(folder, path), "utf8");
  return {
    exit: status,
    said: `${stdout}${stderr}`.replaceAll(folder, "").replaceAll("\r\n", "\n"),
    calls: read("calls").split("\n").filter(Boolean),
    mounted: [...read("proc/self/mountinfo").matchAll(/ (147:\d+) (\S+) (\S+) /g)].map(
      ([, number, root, place]) => `${number}${root === "/" ? "" : `[${root}]`} ${place}`,
    ),
  };
}
