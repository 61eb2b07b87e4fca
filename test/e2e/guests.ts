/** Virtual machines within the lab's machines: libvirt, and the smallest guest that counts on its disk and can be shut down. */
import { readFile } from "node:fs/promises";
import type { Lab } from "../../lab/lab";
import { MACHINES, type MachineName } from "../../lab/machines";
import { eventually } from "./machine";

/** libvirt's own order at a shutdown would save every guest's memory, which must not happen to one of ours. */
export async function installLibvirt(lab: Lab): Promise<void> {
  const { images } = await lab.state();
  await Promise.all(
    MACHINES.map(async (machine) => {
      await lab.run(machine, "tar -C / -xzf -", { stdin: await readFile(images[machine].libvirt), timeout: 300 });
      await lab.run(
        machine,
        `set -e; echo ON_SHUTDOWN=suspend >/etc/default/libvirt-guests
         systemctl daemon-reload; systemctl start dbus libvirtd.socket libvirtd libvirt-guests; virsh --quiet --connect qemu:///system list --all`,
        { timeout: 120 },
      );
    }),
  );
}

/**
 * A boot sector, of the board `pc`. It reads sector 1 of its disk by the BIOS, counts one up in the second number there, which is
 * that of its boots, and from then on every half second one in the first number. When the power button is pressed (bit 8 of the
 * PM1 status register at port 0x600, once it is enabled at 0x602) it goes off in order (0x2000 to port 0x604).
 *
 *     cli; xor ax,ax; mov ds,ax; mov es,ax; mov ss,ax; mov sp,0x7c00; sti
 *     mov [0x7e00],dl; mov ah,2; call disk
 *     inc dword [0x8004]; mov dx,0x602; mov ax,0x100; out dx,ax
 *     again: inc dword [0x8000]; mov ah,3; call disk; mov bx,[0x46c]; add bx,9
 *     wait: mov dx,0x600; in ax,dx; test ah,1; jnz button
 *     more: hlt; mov ax,[0x46c]; sub ax,bx; js wait; jmp again
 *     button: mov dx,0x604; mov ax,0x2000; out dx,ax; jmp more
 *     disk: mov al,1; mov bx,0x8000; mov cx,2; mov dh,0; mov dl,[0x7e00]; int 0x13; ret
 */
const CODE =
  "fa31c08ed88ec08ed0bc007cfb8816007eb402e8390066ff060480ba0206b80001ef66ff060080b403e823008b1e6c04" +
  "83c309ba0006edf6c401750af4a16c0429d878efebdcba0406b80020efebedb001bb0080b90200b6008a16007ecd13c3";
/** Where it jumps when the button is pressed: without that, it never goes off. */
const JUMP = 0x3a;
export const bootSector = Buffer.alloc(512);
bootSector.write(CODE, "hex");
bootSector.write("55aa", 510, "hex");

/** Writes the sector to a disk or a file of one MiB. */
export async function installGuest(lab: Lab, machine: MachineName, disk: string): Promise<void> {
  const size = disk.startsWith("/dev/") ? "" : `truncate -s 1M ${disk}; `;
  await lab.run(machine, `set -e; dd of=${disk} conv=notrunc status=none; ${size}sync`, { stdin: bootSector });
}

/** From its next boot on, the guest on this disk ignores the power button. */
export async function makeStubborn(lab: Lab, machine: MachineName, disk: string): Promise<void> {
  await lab.run(machine, `printf '\\220\\220' | dd of=${disk} bs=1 seek=${JUMP} conv=notrunc,fsync status=none`);
}

export interface Counted {
  readonly count: number;
  readonly boots: number;
}

/** Past the machine's cache, as the guest writes. */
export async function countedOn(lab: Lab, machine: MachineName, disk: string): Promise<Counted> {
  const script = `sync; od -A n -t u4 -j 512 -N 8 ${disk}`;
  const [count = NaN, boots = NaN] = (await lab.run(machine, script)).stdout.trim().split(/\s+/).map(Number);
  return { count, boots };
}

/** Waits until it has counted beyond that, and gives what it has counted then. */
export async function countsOn(lab: Lab, machine: MachineName, disk: string, beyond: number): Promise<Counted> {
  const passed = async () => String((await countedOn(lab, machine, disk)).count > beyond);
  if ((await eventually(passed, "true", 120)) !== "true")
    throw new Error(`the guest on ${machine}:${disk} does not count beyond ${beyond}`);
  return countedOn(lab, machine, disk);
}

export function domainXml(name: string, disk: string): string {
  const [type, key] = disk.startsWith("/dev/") ? ["block", "dev"] : ["file", "file"];
  return `<domain type='qemu'>
  <name>${name}</name>
  <memory unit='MiB'>16</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type><boot dev='hd'/></os>
  <features><acpi/></features>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='${type}' device='disk'><driver name='qemu' type='raw' cache='none'/><source ${key}='${disk}'/><target dev='hda' bus='ide'/></disk>
  </devices>
</domain>
`;
}

/** `virsh`, as a person calls it. */
export async function virsh(lab: Lab, machine: MachineName, call: string, stdin = ""): Promise<string> {
  const { stdout } = await lab.run(machine, `virsh --quiet --connect qemu:///system ${call}`, { stdin, timeout: 120 });
  return stdout.trim();
}
