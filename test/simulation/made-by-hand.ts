/** A pair that somebody made by hand, before any provider was there. */
import { run } from "./commands";
import { type Machine, resource, resourceFile } from "./machine";
import type { World } from "./world";

/** The node ids of alpha and bravo. */
export type Ids = readonly [number, number];

function fileOf({ machines: [alpha, bravo] }: World, ids: Ids): string {
  const isOf9 = alpha.drbd === "9";
  const side = ({ name, address }: Machine, id: number) =>
    `    on ${name} {\n${isOf9 ? `        node-id ${id};\n` : ""}        device /dev/drbd1 minor 1;\n        disk /dev/vdb;\n        meta-disk internal;\n        address ${address}:7789;\n    }\n`;
  const fencing = "        fencing resource-only;\n";
  const net = `    net {\n        protocol C;\n        cram-hmac-alg "sha256";\n        shared-secret "tell-nobody";\n${isOf9 ? fencing : ""}    }\n`;
  const disk = isOf9 ? "" : `    disk {\n${fencing}    }\n`;
  return `resource ${resource} {\n${net}${disk}${side(alpha, ids[0])}${side(bravo, ids[1])}}\n`;
}

/** In sync, Primary on alpha and mounted there. */
export function makeByHand(world: World, ids: Ids): void {
  const [alpha] = world.machines;
  const type = (machine: Machine, line: string): void => {
    const { exit, output } = run(world, machine, line.split(" "), "hand");
    if (exit !== 0) throw new Error(`${line}: exit ${exit}: ${output}`);
  };
  for (const machine of world.machines) {
    machine.files.set(resourceFile, fileOf(world, ids));
    type(machine, "drbdadm create-md r0");
  }
  for (const machine of world.machines) type(machine, "drbdadm up r0");
  world.passTime();
  type(alpha, "drbdadm primary --force r0");
  type(alpha, "mkfs.xfs /dev/drbd1");
  for (let turn = 0; turn < 10; turn++) world.passTime();
  alpha.files.set("/etc/fstab", `${alpha.files.get("/etc/fstab") ?? ""}/dev/drbd1 /srv/data xfs defaults,noauto 0 0\n`);
  type(alpha, "mount /srv/data");
}
