import { join } from "node:path";
import type { Image } from "./image";

export const MACHINES = ["alpha", "bravo"] as const;
export type MachineName = (typeof MACHINES)[number];
/** One value for each of the two machines. */
export type PerMachine<T> = Record<MachineName, T>;

export function isMachineName(name: string): name is MachineName {
  return (MACHINES as readonly string[]).includes(name);
}

export function otherMachine(name: MachineName): MachineName {
  return name === "alpha" ? "bravo" : "alpha";
}

/** The address of a machine on the replication network, which is the two machines' own. */
export function replicationAddress(name: MachineName): string {
  return name === "alpha" ? "10.0.99.1" : "10.0.99.2";
}

export type Accelerator = "kvm" | "tcg";

/** Bytes of a sector of a data disk, as the disk tells the machine's kernel. */
export const SECTOR_SIZES = [512, 4096] as const;
export type SectorSize = (typeof SECTOR_SIZES)[number];
export const DEFAULT_SECTOR_SIZE: SectorSize = 512;

/** A disk of a machine. The slot is the root port it sits in: a snapshot only loads where disks sit as they sat. */
export interface Disk {
  serial: string;
  file: string;
  slot: number;
  sectors: SectorSize;
}

/** Root ports there are from the start: a snapshot cannot be loaded into a machine with others. */
export const SLOTS = 6;

export interface Ports {
  /** TCP, the machine's ssh. */
  ssh: number;
  /** UDP, this end of the replication cable. */
  link: number;
}

/** Everything that decides how a machine is started. */
export interface MachineStart {
  name: MachineName;
  folder: string;
  image: Image;
  accelerator: Accelerator;
  ports: Ports;
  /** The other end of the replication cable. */
  peerLink: number;
  disks: readonly Disk[];
  /** Started without running, for a snapshot to be loaded into. */
  paused: boolean;
}

/** A machine's own files in the lab's folder. */
export function machineFiles(folder: string, name: MachineName) {
  const file = (kind: string) => join(folder, `${name}.${kind}`);
  return {
    pid: file("pid"),
    monitor: file("qmp"),
    control: file("ssh"),
    console: file("console"),
    root: file("root.qcow2"),
    initrd: file("initrd"),
    hostKey: file("hostkey"),
  };
}

/** A block device whose writes need not survive the host: the lab can be made anew. */
export function blockNode(nodeName: string, file: string) {
  const cache = { direct: false, "no-flush": true };
  return {
    driver: "qcow2",
    "node-name": nodeName,
    discard: "unmap",
    cache,
    file: { driver: "file", filename: file, discard: "unmap", cache },
  };
}

/** The properties of a disk's device, for the command line and the monitor. */
export function diskDevice({ serial, slot, sectors }: Disk): Record<string, string | number> {
  return {
    driver: "virtio-blk-pci",
    id: `dev-${serial}`,
    drive: diskId(serial),
    bus: slotId(slot),
    serial,
    logical_block_size: sectors,
    physical_block_size: sectors,
  };
}

/** The id of the device and of the block node of a disk. */
export function diskId(serial: string): string {
  return `disk-${serial}`;
}

export function slotId(slot: number): string {
  return `slot${slot}`;
}

const KERNEL_LINE = [
  "root=/dev/vda rw console=ttyS0 8250.nr_uarts=1 net.ifnames=0 quiet loglevel=4",
  "mitigations=off nokaslr audit=0 apparmor=0 cryptomgr.notests nowatchdog",
  // Time jumps when a snapshot is loaded: without these systemd then kills its own services.
  "clocksource=hpet rcupdate.rcu_cpu_stall_suppress=1 systemd.service_watchdogs=0",
].join(" ");

/** The processor and board, as used for the machines and for the trial of hardware virtualisation. */
export function boardArguments(accelerator: Accelerator): string[] {
  return [
    // Without a limit the translated code of an emulated machine grows to a gigabyte.
    ...["-accel", accelerator === "kvm" ? "kvm" : "tcg,thread=multi,tb-size=256"],
    ...["-machine", "q35,sata=off,usb=off,smbus=off,vmport=off"],
    ...["-cpu", accelerator === "kvm" ? "host" : "qemu64,+rdrand"],
    ...["-smp", "1", "-m", "512"],
    ...["-nodefaults", "-no-user-config", "-display", "none"],
  ];
}

/** qemu's command line for a machine. */
export function renderMachineArgv(start: MachineStart): string[] {
  const files = machineFiles(start.folder, start.name);
  const mac = (nic: number) => `52:54:00:db:0${nic}:0${start.name === "alpha" ? 1 : 2}`;
  const argv = ["qemu-system-x86_64", ...boardArguments(start.accelerator)];
  argv.push("-name", `drbd-lab-${start.name}`, "-daemonize", "-pidfile", files.pid);
  argv.push("-qmp", `unix:${files.monitor},server=on,wait=off`, "-serial", `file:${files.console}`);
  argv.push("-kernel", start.image.kernel, "-initrd", files.initrd, "-append", KERNEL_LINE);
  argv.push("-blockdev", JSON.stringify(blockNode("root", files.root)));
  argv.push("-device", "virtio-blk-pci,id=root,drive=root,addr=0x2,serial=root");
  // restrict=on: no way out; the machines see the host's ssh client and each other, and nothing else.
  argv.push("-netdev", `user,id=access,restrict=on,ipv6=off,hostfwd=tcp:127.0.0.1:${start.ports.ssh}-:22`);
  argv.push("-device", `virtio-net-pci,id=eth0,netdev=access,addr=0x3,romfile=,mac=${mac(0)}`);
  // UDP: either end can go away and come back. (`-netdev dgram` is the same, but only in qemu 7.2 and later.)
  argv.push("-netdev", `socket,id=link,udp=127.0.0.1:${start.peerLink},localaddr=127.0.0.1:${start.ports.link}`);
  argv.push("-device", `virtio-net-pci,id=eth1,netdev=link,addr=0x4,romfile=,mac=${mac(1)}`);
  for (let slot = 0; slot < SLOTS; slot++) {
    argv.push(
      "-device",
      `pcie-root-port,id=${slotId(slot)},chassis=${slot + 1},port=${slot},addr=0x${(8 + slot).toString(16)}`,
    );
  }
  for (const disk of start.disks) {
    argv.push("-blockdev", JSON.stringify(blockNode(diskId(disk.serial), disk.file)));
    const properties = Object.entries(diskDevice(disk)).map(([key, value]) => `${key}=${value}`);
    argv.push("-device", properties.join(","));
  }
  if (start.paused) argv.push("-S");
  return argv;
}
