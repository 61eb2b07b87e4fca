/** What `drbdadm -d adjust` prints: the commands that would bring the kernel to a configuration. */
import { fences, type Kernel, nodeIdOf, peerName, promotesItself, protocolOf, secretOf } from "./kernel";
import type { Machine } from "./machine";

export function adjustLines(machine: Machine, wanted: string): string[] {
  return machine.drbd === "9" ? linesOf9(machine, wanted) : linesOf84(machine, wanted);
}

const addressesOf = (text: string): string => [...text.matchAll(/address (\S+);/g)].map(([, one]) => one).join();
const disksOf = (text: string): string =>
  [...text.matchAll(/^ {8}(?:disk|meta-disk|device) (.*);/gm)].map(([, one]) => one).join();

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

/** DRBD 9: a peer and the path to it are things of their own, known by the peer's node id. */
function linesOf9({ name, kernel }: Machine, wanted: string): string[] {
  const other = peerName(name);
  const idsIn = (text: string) => [nodeIdOf(text, name), nodeIdOf(text, other)].map((id) => String(id ?? -1));
  const [own, peer] = idsIn(wanted);
  const fencing = fences(wanted) ? " --fencing=resource-only" : "";
  const net = `--shared-secret=${secretOf(wanted)} --cram-hmac-alg=sha256 --protocol=${protocolOf(wanted)}`;
  const newPeer = [
    `drbdsetup new-peer r0 ${peer} --_name=${other}${fencing} ${net}`,
    `drbdsetup new-path r0 ${peer} ipv4:10.1.1.31:7789 ipv4:10.1.1.32:7789`,
  ];
  const attach = ["drbdmeta 1 v09 /dev/vdb internal apply-al", "drbdsetup attach 1 /dev/vdb /dev/vdb internal"];
  const connect = `drbdsetup connect r0 ${peer}`;
  if (kernel === undefined)
    return [`drbdsetup new-resource r0 ${own}`, "drbdsetup new-minor r0 1 0", ...newPeer, ...attach, connect];
  const running = kernel.configuration;
  const lines: string[] = [];
  const differs = (of: (text: string) => unknown) => of(running) !== of(wanted);
  if (differs(promotesItself)) lines.push("drbdsetup resource-options r0 --set-defaults");
  if (differs(disksOf)) lines.push("drbdsetup detach 1");
  const [, oldPeer] = idsIn(running);
  const isOtherPeer = differs((text) => idsIn(text).join());
  if (isOtherPeer) lines.push(`drbdsetup del-peer r0 ${oldPeer}`, ...newPeer);
  else if (differs(addressesOf)) lines.push(`drbdsetup del-path r0 ${peer}`, newPeer[1]!);
  else if (hasOtherOptions(running, wanted)) lines.push(`drbdsetup net-options r0 ${peer} --set-defaults ${net}`);
  if (kernel.disk === "Diskless") lines.push(...attach);
  if (isOtherPeer || kernel.connection === "StandAlone") lines.push(connect);
  return lines;
}

const hasOtherOptions = (running: Kernel["configuration"], wanted: string): boolean => {
  const isSame = addressesOf(running) === addressesOf(wanted) && disksOf(running) === disksOf(wanted);
  return optionsOf(running) !== optionsOf(wanted) && isSame && promotesItself(running) === promotesItself(wanted);
};

function linesOf84(machine: Machine, wanted: string): string[] {
  const { kernel } = machine;
  const connect = `drbdsetup-84 connect r0 ipv4:10.1.1.31 ipv4:10.1.1.32 --protocol=${protocolOf(wanted)}`;
  const attach = ["drbdmeta 1 v08 /dev/vdb internal apply-al", "drbdsetup-84 attach 1 /dev/vdb /dev/vdb internal"];
  if (kernel === undefined) {
    return ["drbdsetup-84 new-resource r0", "drbdsetup-84 new-minor r0 1 0", ...attach, connect];
  }
  const lines: string[] = [];
  const running = kernel.configuration;
  if (disksOf(running) !== disksOf(wanted)) lines.push("drbdsetup-84 detach 1");
  if (kernel.disk === "Diskless") lines.push(...attach);
  const isSamePlace = addressesOf(running) === addressesOf(wanted) && disksOf(running) === disksOf(wanted);
  if (optionsOf(running) !== optionsOf(wanted) && isSamePlace) {
    const secret = secretOf(running) === secretOf(wanted) ? "" : ` --shared-secret=${secretOf(wanted)}`;
    const isDisk = fences(running) !== fences(wanted);
    if (isDisk) lines.push("drbdsetup-84 disk-options 1 --set-defaults --fencing=resource-only");
    if (kernel.connection !== "StandAlone") {
      lines.push(`drbdsetup-84 net-options r0 --set-defaults --protocol=${protocolOf(wanted)}${secret}`);
    }
  }
  if (addressesOf(running) !== addressesOf(wanted)) {
    if (kernel.connection !== "StandAlone") lines.push("drbdsetup-84 disconnect r0 peer");
    lines.push(connect);
  } else if (kernel.connection === "StandAlone") lines.push(connect);
  return lines;
}
