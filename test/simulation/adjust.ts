/** What `drbdadm -d adjust` prints: the commands that would bring the kernel to a configuration. */
import { fences, type Kernel, nodeIdOf, peerName, promotesItself, protocolOf, secretOf } from "./kernel";
import type { Machine } from "./machine";
import type { RunningVolume, Volume } from "./volume";

export function adjustLines(machine: Machine, wanted: string): string[] {
  return machine.drbd === "9" ? linesOf9(machine, wanted) : linesOf84(machine, wanted);
}

const addressesOf = (text: string): string => [...text.matchAll(/address (\S+);/g)].map(([, one]) => one).join();

/** Device, disk and metadata place of a volume on each host. */
const placesOf = (text: string, volume: number): string => {
  let [current, places] = [0, ""];
  for (const line of text.split("\n")) {
    const [, number, place] = /^ {8}(?:volume (\d+) \{|(?: {4})*((?:disk|meta-disk|device) .*);)$/.exec(line) ?? [];
    if (number !== undefined) current = Number(number);
    else if (/^ {4}\}$/.test(line)) current = 0;
    else if (place !== undefined && current === volume) places += `,${place}`;
  }
  return places;
};

/** How the volumes that the kernel has differ from those of a file. */
interface Volumes {
  readonly gone: readonly RunningVolume[];
  readonly added: readonly Volume[];
  readonly moved: readonly RunningVolume[];
  /** Those that get a disk. */
  readonly attached: readonly Volume[];
  readonly running: string;
}

function volumesFor(machine: Machine, wanted: string): Volumes {
  const defined = machine.defined(wanted);
  const running = machine.running[0]?.kernel.configuration ?? "";
  const kept = machine.running.filter((one) => defined.includes(one));
  return {
    gone: machine.running.filter((one) => !defined.includes(one)),
    added: defined.filter(({ kernel }) => kernel === undefined),
    moved: kept.filter(({ number, kernel }) => placesOf(kernel.configuration, number) !== placesOf(wanted, number)),
    attached: defined.filter(({ kernel }) => kernel === undefined || kernel.disk === "Diskless"),
    running,
  };
}

/** The options of `net` and `disk`, whoever wrote them in whatever order. What is DRBD's default is no option. */
function optionsOf(text: string): string {
  const lines = [...text.matchAll(/^ {8}([a-z-]+) "?([^";]*)"?;$/gm)].map(([, name = "", value = ""]) => ({
    name,
    value,
  }));
  const options = lines.filter(
    ({ name, value }) =>
      !["disk", "meta-disk", "device", "address", "node-id"].includes(name) &&
      !(name === "max-buffers" && value === "2048") &&
      !(name === "fencing" && value === "dont-care"),
  );
  return options
    .map(({ name, value }) => `${name} ${value}`)
    .sort()
    .join();
}

/** Whether options differ that can change in place: at the same addresses, with the volumes that stay in their places. */
const hasOtherOptions = ({ moved, running }: Volumes, wanted: string): boolean =>
  addressesOf(running) === addressesOf(wanted) && moved.length === 0 && optionsOf(running) !== optionsOf(wanted);

/** DRBD 9: a peer and the path to it are things of their own, known by the peer's node id. */
function linesOf9(machine: Machine, wanted: string): string[] {
  const { name } = machine;
  const other = peerName(name);
  const idsIn = (text: string) => [nodeIdOf(text, name), nodeIdOf(text, other)].map((id) => String(id ?? -1));
  const [own, peer] = idsIn(wanted);
  const fencing = fences(wanted) ? " --fencing=resource-only" : "";
  const net = `--shared-secret=${secretOf(wanted)} --cram-hmac-alg=sha256 --protocol=${protocolOf(wanted)}`;
  const newPeer = [
    `drbdsetup new-peer r0 ${peer} --_name=${other}${fencing} ${net}`,
    `drbdsetup new-path r0 ${peer} ipv4:10.1.1.31:7789 ipv4:10.1.1.32:7789`,
  ];
  const volumes = volumesFor(machine, wanted);
  const newMinors = volumes.added.map(({ minor, number }) => `drbdsetup new-minor r0 ${minor} ${number}`);
  const attach = volumes.attached.flatMap(({ minor, diskPath }) => [
    `drbdmeta ${minor} v09 ${diskPath} internal apply-al`,
    `drbdsetup attach ${minor} ${diskPath} ${diskPath} internal`,
  ]);
  const connect = `drbdsetup connect r0 ${peer}`;
  if (!machine.isConfigured) return [`drbdsetup new-resource r0 ${own}`, ...newMinors, ...newPeer, ...attach, connect];
  const { running } = volumes;
  const lines: string[] = [];
  const differs = (of: (text: string) => unknown) => of(running) !== of(wanted);
  if (differs(promotesItself)) lines.push("drbdsetup resource-options r0 --set-defaults");
  lines.push(...leaving(volumes, "drbdsetup"), ...newMinors);
  const [, oldPeer] = idsIn(running);
  const isOtherPeer = differs((text) => idsIn(text).join());
  if (isOtherPeer) lines.push(`drbdsetup del-peer r0 ${oldPeer}`, ...newPeer);
  else if (differs(addressesOf)) lines.push(`drbdsetup del-path r0 ${peer}`, newPeer[1]!);
  else if (hasOtherOptions(volumes, wanted) && !differs(promotesItself))
    lines.push(`drbdsetup net-options r0 ${peer} --set-defaults ${net}`);
  lines.push(...attach);
  if (isOtherPeer || connectionOn(machine) === "StandAlone") lines.push(connect);
  return lines;
}

const connectionOn = ({ running: [first] }: Machine): Kernel["connection"] | undefined => first?.kernel.connection;

const leaving = ({ gone, moved }: Volumes, program: string): string[] => [
  ...moved.map(({ minor }) => `${program} detach ${minor}`),
  ...gone.flatMap(({ minor, kernel }) => [
    ...(kernel.disk === "Diskless" ? [] : [`${program} detach ${minor}`]),
    `${program} del-minor ${minor}`,
  ]),
];

function linesOf84(machine: Machine, wanted: string): string[] {
  const connect = `drbdsetup-84 connect r0 ipv4:10.1.1.31 ipv4:10.1.1.32 --protocol=${protocolOf(wanted)}`;
  const volumes = volumesFor(machine, wanted);
  const newMinors = volumes.added.map(({ minor, number }) => `drbdsetup-84 new-minor r0 ${minor} ${number}`);
  const attach = volumes.attached.flatMap(({ minor, diskPath }) => [
    `drbdmeta ${minor} v08 ${diskPath} internal apply-al`,
    `drbdsetup-84 attach ${minor} ${diskPath} ${diskPath} internal`,
  ]);
  if (!machine.isConfigured) return ["drbdsetup-84 new-resource r0", ...newMinors, ...attach, connect];
  const { running } = volumes;
  const connection = connectionOn(machine);
  const lines: string[] = [...leaving(volumes, "drbdsetup-84"), ...newMinors, ...attach];
  if (hasOtherOptions(volumes, wanted)) {
    const secret = secretOf(running) === secretOf(wanted) ? "" : ` --shared-secret=${secretOf(wanted)}`;
    if (fences(running) !== fences(wanted)) {
      const kept = machine.defined(wanted).filter(({ kernel }) => kernel !== undefined);
      lines.push(
        ...kept.map(({ minor }) => `drbdsetup-84 disk-options ${minor} --set-defaults --fencing=resource-only`),
      );
    }
    if (connection !== "StandAlone") {
      lines.push(`drbdsetup-84 net-options r0 --set-defaults --protocol=${protocolOf(wanted)}${secret}`);
    }
  }
  if (addressesOf(running) !== addressesOf(wanted)) {
    if (connection !== "StandAlone") lines.push("drbdsetup-84 disconnect r0 peer");
    lines.push(connect);
  } else if (connection === "StandAlone") lines.push(connect);
  return lines;
}
