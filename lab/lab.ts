import { access, chmod, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { chooseAccelerator, qemuVersion } from "./accelerator";
import { undoneOnFailure } from "./cleanup";
import { CommandFailed, type Outcome, executeOrThrow } from "./command";
import { labFolder } from "./folders";
import { freeTcpPort, freeUdpPort } from "./free-ports";
import { ADMIN_PASSWORD, type Image, provideImage } from "./image";
import { type LabState, readLabState, writeLabState } from "./lab-state";
import { withLock } from "./lock";
import {
  type Disk,
  MACHINES,
  type MachineName,
  SLOTS,
  blockNode,
  diskId,
  machineFiles,
  otherMachine,
  renderMachineArgv,
  replicationAddress,
  slotId,
} from "./machines";
import { withMonitor } from "./monitor";
import { killOrphan, runningMachine, waitForEnd } from "./processes";
import { type Report, pause, silent, timed } from "./report";
import { TO_RUN, requirePrograms, requireSpace } from "./requirements";
import { makeKey, writeSeededInitrd } from "./seed";
import { accessFiles, closeConnection, readHostKey, runOverSsh, waitForSsh, writeAccessFiles } from "./ssh-access";

const MIB = 1024 * 1024;

/** mkfs.xfs wants more than 300 MB behind DRBD's metadata. */
export const DATA_DISK_BYTES = 320 * MIB;

const BOOT_SECONDS = 180;

const WAIT_FOR_BOOT = `while :; do
  case $(systemctl is-system-running) in initializing | starting | "") sleep 0.1 ;; *) exit 0 ;; esac
done`;

/** The file that tells a lab's folder, which may be removed, from any other. */
const MARKER = "this-is-a-drbd-lab";

/** bare: without drbd-utils, which apt can install; utils: drbd-utils installed, no module loaded, nothing configured. */
const FRESH: readonly string[] = ["bare", "utils"];

export interface LabOptions {
  /** Where the lab is; by default LAB_DIR, or a folder in the user's state folder. */
  folder?: string;
  report?: Report;
}

export interface RunOptions {
  /** Seconds; 60 by default. */
  timeout?: number;
  stdin?: string;
  /** Whether an exit other than 0 is an error; true by default. */
  check?: boolean;
}

/** @pulumi/command's remote.ConnectionArgs, with its values known. */
export interface LabConnection {
  host: string;
  port: number;
  user: string;
  privateKey: string;
  hostKey: string;
}

/** Two virtual machines with real DRBD, each with an empty disk, and a replication network between them. */
export class Lab {
  /** The empty disk of each machine. */
  readonly disk = "/dev/vdb";

  /** For the password login of the user admin, who may use sudo; root and the user nosudo log in by key only. */
  readonly adminPassword = ADMIN_PASSWORD;

  private constructor(
    readonly folder: string,
    private readonly report: Report,
  ) {}

  /** A lab that runs, started if it does not. */
  static async open(options: LabOptions = {}): Promise<Lab> {
    const lab = Lab.at(options);
    await lab.up();
    return lab;
  }

  /** The lab of a folder, running or not. */
  static at(options: LabOptions = {}): Lab {
    return new Lab(options.folder ?? labFolder(), options.report ?? silent);
  }

  // --- up, down, reset -------------------------------------------------------------------------------------------

  /** Both machines run after it: made anew, loaded from their fresh snapshot, or left as they are. */
  async up(): Promise<void> {
    await requirePrograms(TO_RUN);
    await this.locked(async () => {
      const image = await provideImage(this.report);
      const qemu = await qemuVersion();
      const state = await readLabState(this.folder);
      const running = await this.running();
      // Without its snapshots a lab is one whose making was interrupted.
      const whole = state?.snapshots["utils"] !== undefined;
      if (whole && running.length > 0) {
        if (state.image.id !== image.id) {
          this.report("the lab runs an older image; `down --delete` and `up` make one of the new image");
        }
        for (const name of MACHINES) {
          if (running.includes(name)) this.report(`${name} runs already`);
          else await this.boot(state, name);
        }
      } else if (whole && state.image.id === image.id && state.qemu === qemu) {
        await this.pickPorts(state);
        await this.load(state, "bare");
      } else {
        await this.create(image, qemu);
      }
    });
  }

  /** Both machines off; what is on their disks stays, and the next `up` starts from the fresh snapshot in seconds. */
  async down(): Promise<void> {
    await this.locked(async () => {
      await Promise.all(MACHINES.map((name) => this.stop(name)));
    });
    this.report("both machines are off");
  }

  /** Both machines off and everything of the lab removed. The image stays in the cache. */
  async delete(): Promise<void> {
    await this.locked(async () => {
      await this.removeFolder();
    });
    this.report(`both machines are off, and ${this.folder} is removed`);
  }

  /** Both machines back to a snapshot: disks, memory, link, in about two seconds. */
  async reset(snapshot: "bare" | "utils" | (string & {}) = "bare"): Promise<void> {
    await this.locked(async () => {
      await this.load(await this.state(), snapshot);
    });
  }

  /** A reset point of one's own: both machines as they are now. Taken again, it replaces the earlier one. */
  async snapshot(name: string): Promise<void> {
    if (!/^[a-z][a-z0-9-]{0,30}$/.test(name)) throw new Error(`${name} is no name for a snapshot: a-z, 0-9 and -`);
    if (FRESH.includes(name)) throw new Error(`the snapshot ${name} belongs to the lab: take another name`);
    await this.locked(async () => {
      await this.save(await this.state(), name);
    });
  }

  /** Gives back the room of a snapshot of one's own. */
  async deleteSnapshot(name: string): Promise<void> {
    if (FRESH.includes(name)) throw new Error(`the snapshot ${name} belongs to the lab`);
    await this.locked(async () => {
      const state = await this.state();
      const saved = state.snapshots[name];
      if (!saved) return;
      for (const machine of MACHINES) {
        const devices = snapshotNodes(state.disks[machine]);
        await withMonitor(this.files(machine).monitor, (monitor) =>
          monitor.runJob("snapshot-delete", { tag: name, devices }),
        );
      }
      state.snapshots = Object.fromEntries(Object.entries(state.snapshots).filter(([each]) => each !== name));
      await this.removeUnusedDisks(state, [...saved.alpha, ...saved.bravo]);
      await writeLabState(this.folder, state);
    });
  }

  async running(): Promise<MachineName[]> {
    const names: MachineName[] = [];
    for (const name of MACHINES) if ((await runningMachine(this.files(name).pid)) !== undefined) names.push(name);
    return names;
  }

  // --- work on a machine -----------------------------------------------------------------------------------------

  /** Runs a shell script as root. */
  async run(name: MachineName, script: string, options: RunOptions = {}): Promise<Outcome> {
    const { timeout = 60, stdin, check = true } = options;
    const outcome = await runOverSsh(this.folder, name, script, { timeout, stdin });
    if (check && outcome.exit !== 0) throw new CommandFailed(`${name}: ${script}`, outcome);
    return outcome;
  }

  async connection(name: MachineName, user = "root"): Promise<LabConnection> {
    const state = await this.state();
    return {
      host: "127.0.0.1",
      port: state.ports[name].ssh,
      user,
      privateKey: await readFile(accessFiles(this.folder).key, "utf8"),
      hostKey: await readHostKey(this.folder, name),
    };
  }

  /** The machine's address on the replication network. */
  address(name: MachineName): string {
    return replicationAddress(name);
  }

  // --- faults ----------------------------------------------------------------------------------------------------

  /** Pulls the replication cable. */
  async cutLink(): Promise<void> {
    await this.setLink(false);
  }

  async restoreLink(): Promise<void> {
    await this.setLink(true);
  }

  /** Pulls the plug: what the machine has not written to its disks is gone. */
  async powerOff(name: MachineName): Promise<void> {
    await this.locked(() => this.stop(name));
    this.report(`${name} is off`);
  }

  /** Boots the machine from its disk, as it was left. */
  async powerOn(name: MachineName): Promise<void> {
    await this.locked(async () => {
      if ((await runningMachine(this.files(name).pid)) !== undefined) this.report(`${name} runs already`);
      else await this.boot(await this.state(), name);
    });
  }

  /** Puts one more disk into a machine, running or off. The device's path in the machine, where it runs. */
  async attachDisk(name: MachineName, disk: { size?: number; serial: string }): Promise<string> {
    const { size = DATA_DISK_BYTES, serial } = disk;
    if (!/^[A-Za-z0-9]{1,20}$/.test(serial)) throw new Error(`${serial} is no serial: up to 20 letters and digits`);
    await this.locked(async () => {
      const state = await this.state();
      const disks = state.disks[name];
      if (disks.some((each) => each.serial === serial)) throw new Error(`${name} has a disk ${serial} already`);
      const slot = [...Array(SLOTS).keys()].find((each) => !disks.some((taken) => taken.slot === each));
      if (slot === undefined) throw new Error(`${name} has no free slot for a disk (${SLOTS} in all)`);
      const made = await this.makeDisk(name, serial, size, slot);
      disks.push(made);
      await writeLabState(this.folder, state);
      if ((await runningMachine(this.files(name).pid)) === undefined) return;
      await withMonitor(this.files(name).monitor, async (monitor) => {
        await monitor.execute("blockdev-add", blockNode(diskId(serial), made.file));
        await monitor.execute("device_add", {
          driver: "virtio-blk-pci",
          id: `dev-${serial}`,
          drive: diskId(serial),
          bus: slotId(slot),
          serial,
        });
      });
    });
    if ((await runningMachine(this.files(name).pid)) === undefined) return "";
    const found = await this.run(
      name,
      `for n in $(seq 200); do
         for d in /sys/block/vd*; do
           [ "$(cat $d/serial 2>/dev/null)" = ${serial} ] && [ -b /dev/\${d##*/} ] && { echo /dev/\${d##*/}; exit 0; }
         done
         sleep 0.05
       done
       exit 1`,
    );
    return found.stdout.trim();
  }

  /** Takes a disk out of a machine, running or off: the disk that fails, or is replaced. */
  async detachDisk(name: MachineName, serial: string): Promise<void> {
    await this.locked(async () => {
      const state = await this.state();
      const disk = state.disks[name].find((each) => each.serial === serial);
      if (!disk) throw new Error(`${name} has no disk ${serial}`);
      if ((await runningMachine(this.files(name).pid)) !== undefined) {
        await withMonitor(this.files(name).monitor, async (monitor) => {
          await monitor.execute("device_del", { id: `dev-${serial}` });
          // The device goes when the machine's kernel has let go of it.
          const deadline = performance.now() + 30_000;
          for (;;) {
            const blocks = (await monitor.execute("query-block")) as {
              qdev?: string;
              inserted?: { "node-name"?: string };
            }[];
            if (!blocks.some((each) => each.inserted?.["node-name"] === diskId(serial))) break;
            if (performance.now() > deadline) throw new Error(`${name} does not let go of disk ${serial}`);
            await pause(50);
          }
          await monitor.execute("blockdev-del", { "node-name": diskId(serial) });
        });
      }
      state.disks[name] = state.disks[name].filter((each) => each !== disk);
      await this.removeUnusedDisks(state, [disk]);
      await writeLabState(this.folder, state);
    });
  }

  /** Makes a disk bigger, running or off. */
  async growDisk(name: MachineName, serial: string, bytes: number): Promise<void> {
    await this.locked(async () => {
      const state = await this.state();
      const disk = state.disks[name].find((each) => each.serial === serial);
      if (!disk) throw new Error(`${name} has no disk ${serial}`);
      if ((await runningMachine(this.files(name).pid)) === undefined) {
        await executeOrThrow(["qemu-img", "resize", "-q", "-f", "qcow2", disk.file, String(bytes)]);
        return;
      }
      await withMonitor(this.files(name).monitor, (monitor) =>
        monitor.execute("block_resize", { "node-name": diskId(serial), size: bytes }),
      );
    });
  }

  /** The serial number of the machine's data disk. */
  serial(name: MachineName): string {
    return `${name}0`;
  }

  // --- how it is done --------------------------------------------------------------------------------------------

  private files(name: MachineName) {
    return machineFiles(this.folder, name);
  }

  async state(): Promise<LabState> {
    const state = await readLabState(this.folder);
    if (!state) throw new Error(`there is no lab in ${this.folder}: \`npm run lab -- up\` makes one`);
    return state;
  }

  private locked<T>(work: () => Promise<T>): Promise<T> {
    return withLock(
      `${this.folder}.lock`,
      () => {
        this.report("waiting for another lab command to end");
      },
      work,
    );
  }

  private async create(image: Image, qemu: string): Promise<void> {
    await this.removeFolder();
    await requireSpace(this.folder, 2048, "the two machines", "free some, or set LAB_DIR to a folder on another disk");
    await chmod(this.folder, 0o700);
    await writeFile(join(this.folder, MARKER), "A lab of pulumi-drbd; `npm run lab -- down --delete` removes it.\n");
    const accelerator = await chooseAccelerator(image, qemu, this.report);
    const state: LabState = {
      image,
      accelerator,
      qemu,
      ports: { alpha: { ssh: 0, link: 0 }, bravo: { ssh: 0, link: 0 } },
      disks: { alpha: [], bravo: [] },
      snapshots: {},
      linkIsCut: false,
    };
    const stopBoth = async () => {
      await Promise.all(MACHINES.map((name) => this.stop(name)));
    };
    await undoneOnFailure(stopBoth, async () => {
      await timed(this.report, "disks and keys", () => this.prepare(state));
      await timed(this.report, "both machines boot", () =>
        Promise.all(MACHINES.map((name) => this.boot(state, name, silent))),
      );
      await timed(this.report, "snapshot bare", () => this.save(state, "bare"));
      await timed(this.report, "drbd-utils installed in both", () =>
        Promise.all(MACHINES.map((name) => this.installUtils(name))),
      );
      await timed(this.report, "snapshot utils", () => this.save(state, "utils"));
      await this.load(state, "bare");
    });
  }

  /** Stops the machines and removes all there is of the lab. */
  private async removeFolder(): Promise<void> {
    await Promise.all(MACHINES.map((name) => this.stop(name)));
    const files = await readdir(this.folder).catch((): string[] => []);
    // LAB_DIR may have been set to a folder with something else in it.
    if (files.length > 0 && !files.includes(MARKER)) {
      throw new Error(`${this.folder} is not a lab's folder, and not empty: set LAB_DIR to another`);
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Ports that are free now; the earlier ones where they still are. */
  private async pickPorts(state: LabState): Promise<void> {
    for (const name of MACHINES) {
      const { ssh, link } = state.ports[name];
      state.ports[name] = { ssh: await freeTcpPort(ssh), link: await freeUdpPort(link) };
    }
    await writeAccessFiles(this.folder, state.ports);
    await writeLabState(this.folder, state);
  }

  private async prepare(state: LabState): Promise<void> {
    const { key } = accessFiles(this.folder);
    await makeKey(key, "pulumi-drbd lab");
    for (const name of MACHINES) {
      const files = this.files(name);
      await makeKey(files.hostKey, name);
      await writeSeededInitrd(this.folder, name, state.image.initrd, key);
      const backing = ["-b", state.image.root, "-F", "qcow2"];
      await executeOrThrow(["qemu-img", "create", "-q", "-f", "qcow2", ...backing, files.root]);
      state.disks[name] = [await this.makeDisk(name, this.serial(name), DATA_DISK_BYTES, 0)];
    }
    await this.pickPorts(state);
  }

  private async makeDisk(name: MachineName, serial: string, bytes: number, slot: number): Promise<Disk> {
    const disks = join(this.folder, "disks");
    await mkdir(disks, { recursive: true });
    // A new file each time: a snapshot may still need the file of an earlier disk of that serial.
    let file = join(disks, `${name}-${serial}.qcow2`);
    for (let n = 2; await isThere(file); n++) file = join(disks, `${name}-${serial}-${n}.qcow2`);
    await executeOrThrow(["qemu-img", "create", "-q", "-f", "qcow2", file, String(bytes)]);
    return { serial, file, slot };
  }

  private async start(state: LabState, name: MachineName, paused: boolean): Promise<void> {
    const { folder } = this;
    const { image, accelerator, ports, disks } = state;
    const peerLink = ports[otherMachine(name)].link;
    await closeConnection(folder, name);
    await rm(this.files(name).monitor, { force: true });
    await executeOrThrow(
      renderMachineArgv({ name, folder, image, accelerator, ports: ports[name], peerLink, disks: disks[name], paused }),
      { timeout: 60 },
    );
  }

  private async boot(state: LabState, name: MachineName, report = this.report): Promise<void> {
    await timed(report, `${name} boots`, async () => {
      await this.start(state, name, false);
      if (state.linkIsCut) await this.plug(name, false);
      const { pid } = this.files(name);
      await waitForSsh(state.ports[name].ssh, BOOT_SECONDS, async () => (await runningMachine(pid)) !== undefined);
      // ssh is there early; the boot may go on, or end with a unit that failed.
      await this.run(name, WAIT_FOR_BOOT, { timeout: BOOT_SECONDS });
    });
  }

  private async stop(name: MachineName): Promise<void> {
    const files = this.files(name);
    if ((await runningMachine(files.pid)) === undefined) {
      await killOrphan(files.pid);
    } else {
      // The monitor goes away before it answers.
      await withMonitor(files.monitor, (monitor) => monitor.execute("quit")).catch(() => undefined);
      await waitForEnd(files.pid, 10);
    }
    await closeConnection(this.folder, name);
    await rm(files.pid, { force: true });
    await rm(files.monitor, { force: true });
  }

  private async installUtils(name: MachineName): Promise<void> {
    await this.run(name, "apt-get -q update && apt-get -q install -y drbd-utils", { timeout: 300 });
  }

  private async save(state: LabState, name: string): Promise<void> {
    await Promise.all(
      MACHINES.map((machine) =>
        withMonitor(this.files(machine).monitor, async (monitor) => {
          const devices = snapshotNodes(state.disks[machine]);
          await monitor.execute("stop");
          if (state.snapshots[name]) await monitor.runJob("snapshot-delete", { tag: name, devices });
          await monitor.runJob("snapshot-save", { tag: name, vmstate: "root", devices });
          await monitor.execute("cont");
        }),
      ),
    );
    const replaced = state.snapshots[name];
    state.snapshots[name] = { alpha: [...state.disks.alpha], bravo: [...state.disks.bravo] };
    if (replaced) await this.removeUnusedDisks(state, [...replaced.alpha, ...replaced.bravo]);
    await writeLabState(this.folder, state);
  }

  private async load(state: LabState, name: string): Promise<void> {
    const saved = state.snapshots[name];
    if (!saved) throw new Error(`there is no snapshot ${name}, only ${Object.keys(state.snapshots).join(", ")}`);
    await timed(this.report, `back to the snapshot ${name}`, async () => {
      // Stopped together, so that neither sees the other go.
      await Promise.all(MACHINES.map((machine) => this.halt(state, machine, saved[machine])));
      const before = state.disks;
      state.disks = { alpha: [...saved.alpha], bravo: [...saved.bravo] };
      state.linkIsCut = false;
      await Promise.all(MACHINES.map((machine) => this.loadMachine(state, machine, name)));
      await this.removeUnusedDisks(state, [...before.alpha, ...before.bravo]);
      await writeLabState(this.folder, state);
      await Promise.all(
        MACHINES.map(async (machine) => {
          await withMonitor(this.files(machine).monitor, (monitor) => monitor.execute("cont"));
          await closeConnection(this.folder, machine);
          await this.run(machine, `date -s @${(Date.now() / 1000).toFixed(3)} >/dev/null`);
        }),
      );
    });
  }

  /** A machine whose disks sit as in the snapshot is only stopped; one with others, or off, is started anew. */
  private async halt(state: LabState, name: MachineName, disks: readonly Disk[]): Promise<void> {
    const same = JSON.stringify(state.disks[name]) === JSON.stringify(disks);
    if (same && (await runningMachine(this.files(name).pid)) !== undefined) {
      await withMonitor(this.files(name).monitor, (monitor) => monitor.execute("stop"));
    } else {
      await this.stop(name);
    }
  }

  private async loadMachine(state: LabState, name: MachineName, snapshot: string): Promise<void> {
    const files = this.files(name);
    if ((await runningMachine(files.pid)) === undefined) await this.start(state, name, true);
    await withMonitor(files.monitor, async (monitor) => {
      const devices = snapshotNodes(state.disks[name]);
      await monitor.runJob("snapshot-load", { tag: snapshot, vmstate: "root", devices });
      await monitor.execute("set_link", { name: "eth1", up: true });
    });
  }

  private async setLink(up: boolean): Promise<void> {
    await this.locked(async () => {
      const state = await this.state();
      state.linkIsCut = !up;
      await writeLabState(this.folder, state);
      for (const name of await this.running()) await this.plug(name, up);
    });
    this.report(up ? "the replication link is whole" : "the replication link is cut");
  }

  private async plug(name: MachineName, up: boolean): Promise<void> {
    await withMonitor(this.files(name).monitor, (monitor) => monitor.execute("set_link", { name: "eth1", up }));
  }

  /** A disk that no snapshot and no machine has any more is deleted. */
  private async removeUnusedDisks(state: LabState, candidates: readonly Disk[]): Promise<void> {
    const used = [state.disks, ...Object.values(state.snapshots)].flatMap((each) => [...each.alpha, ...each.bravo]);
    const files = new Set(used.map((disk) => disk.file));
    for (const { file } of candidates) if (!files.has(file)) await rm(file, { force: true });
  }
}

function snapshotNodes(disks: readonly Disk[]): string[] {
  return ["root", ...disks.map((disk) => diskId(disk.serial))];
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
