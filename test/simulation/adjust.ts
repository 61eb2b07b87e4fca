/** What `drbdadm -d adjust` prints: the commands that would bring the kernel to a configuration. */
import { fences, protocolOf, secretOf } from "./kernel";
import type { Machine } from "./machine";

export function adjustLines(machine: Machine, wanted: string): string[] {
  const { kernel } = machine;
  const connect = `drbdsetup-84 connect r0 ipv4:10.1.1.31 ipv4:10.1.1.32 --protocol=${protocolOf(wanted)}`;
  const attach = ["drbdmeta 1 v08 /dev/vdb internal apply-al", "drbdsetup-84 attach 1 /dev/vdb /dev/vdb internal"];
  if (kernel === undefined) {
    return ["drbdsetup-84 new-resource r0", "drbdsetup-84 new-minor r0 1 0", ...attach, connect];
  }
  const lines: string[] = [];
  const running = kernel.configuration;
  const addresses = (text: string) => [...text.matchAll(/address (\S+);/g)].map(([, one]) => one).join();
  const disks = (text: string) =>
    [...text.matchAll(/^ {8}(?:disk|meta-disk|device) (.*);/gm)].map(([, one]) => one).join();
  if (disks(running) !== disks(wanted)) lines.push("drbdsetup-84 detach 1");
  if (kernel.disk === "Diskless") lines.push(...attach);
  const differs = running !== wanted && addresses(running) === addresses(wanted) && disks(running) === disks(wanted);
  if (differs) {
    const secret = secretOf(running) === secretOf(wanted) ? "" : ` --shared-secret=${secretOf(wanted)}`;
    const isDisk = fences(running) !== fences(wanted);
    if (isDisk) lines.push("drbdsetup-84 disk-options 1 --set-defaults --fencing=resource-only");
    if (kernel.connection !== "StandAlone") {
      lines.push(`drbdsetup-84 net-options r0 --set-defaults --protocol=${protocolOf(wanted)}${secret}`);
    }
  }
  if (addresses(running) !== addresses(wanted)) {
    if (kernel.connection !== "StandAlone") lines.push("drbdsetup-84 disconnect r0 peer");
    lines.push(connect);
  } else if (kernel.connection === "StandAlone") lines.push(connect);
  return lines;
}
