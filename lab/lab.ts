import { readFile } from "node:fs/promises";
import { qemuVersion } from "./accelerator";
import { CommandFailed, type Outcome } from "./command";
import { DATA_DISK_BYTES, FRESH_SNAPSHOTS, createLab, dataDiskSerial, isWhole, pickPorts, removeLab } from "./creation";
import { type DiskRequest, attachDisk, detachDisk, growDisk } from "./disks";
import { labFolder } from "./folders";
import { ADMIN_PASSWORD, type Image, provideImage } from "./image";
import { type LabState, readLabState, writeLabState } from "./lab-state";
import { forgetLink, removeLink, setLink } from "./link/emulator";
import { type LinkRequest, describeLink, parseLink } from "./link/link-quality";
import { relayRuns, stopRelay } from "./link/relay-process";
import { withLock } from "./lock";
import { MACHINES, type MachineName, type PerMachine, replicationAddress } from "./machines";
import { bootMachine, isRunning, plugLink, stopBoth, stopMachine } from "./power";
import { DEFAULT_MAKE, type Make, type MakeRequest, describeMake, isSameMake } from "./make";
import { type Report, silent, timed } from "./report";
import { TO_RUN, requirePrograms } from "./requirements";
import { deleteSnapshot, loadSnapshot, saveSnapshot } from "./snapshots";
import { accessFiles, readHostKey, runOverSsh } from "./ssh-access";

export interface LabOptions {
  /** Where the lab is; by default LAB_DIR, or a folder in the user's state folder. */
  folder?: string;
  report?: Report;
}

export interface RunOptions {
  /** Seconds; 60 by default. */
  timeout?: number;
  stdin?: string | Uint8Array;
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

  /**
   * Both machines run after it: made anew, loaded from the snapshot bare, or left as they are. Without a request the
   * machines stay what they were made of; another release or sector size makes them anew, which running ones refuse.
   */
  async up(request: MakeRequest = {}): Promise<void> {
    await requirePrograms(TO_RUN);
    await this.locked(async () => {
      const state = await readLabState(this.folder);
      const make: Make = { ...(isWhole(state) ? state.make : DEFAULT_MAKE), ...request };
      const images = await this.provideImages(make);
      const qemu = await qemuVersion();
      const running = await this.running();
      const isOfImages = isWhole(state) && MACHINES.every((name) => state.images[name].id === images[name].id);
      if (isWhole(state) && running.length > 0) {
        if (!isSameMake(state.make, make)) {
          throw new Error(
            `a lab of other machines runs already (${describeMake(state.make)}): \`down --delete\` removes it, and \`up\` then makes the one that is wanted`,
          );
        }
        if (!isOfImages) {
          this.report("the lab runs an older image; `down --delete` and `up` make one of the new image");
        }
        for (const name of MACHINES) {
          if (running.includes(name)) this.report(`${name} runs already`);
          else await this.boot(state, name);
        }
      } else if (isOfImages && isSameMake(state.make, make) && state.qemu === qemu) {
        await pickPorts(this.folder, state);
        await this.load(state, "bare");
      } else {
        await createLab(this.folder, make, images, qemu, this.report);
      }
    });
  }

  /** Both machines off; the next `up` starts from the snapshot bare in seconds, with the plain cable. */
  async down(): Promise<void> {
    await this.locked(async () => {
      await stopBoth(this.folder);
      const state = await readLabState(this.folder);
      if (state?.link) await forgetLink(this.folder, state);
    });
    this.report("both machines are off");
  }

  /** Both machines off and everything of the lab removed. The image stays in the cache. */
  async delete(): Promise<void> {
    await this.locked(() => removeLab(this.folder));
    this.report(`both machines are off, and ${this.folder} is removed`);
  }

  async running(): Promise<MachineName[]> {
    const names: MachineName[] = [];
    for (const name of MACHINES) if (await isRunning(this.folder, name)) names.push(name);
    return names;
  }

  /** Both machines back to a snapshot: disks, memory, power, cable; in about two seconds. A link that is set stays. */
  async reset(snapshot: (typeof FRESH_SNAPSHOTS)[number] | (string & {}) = "bare"): Promise<void> {
    await this.changing((state) => this.load(state, snapshot));
  }

  /** A reset point of one's own: both machines as they are now. Taken again, it replaces the earlier one. */
  async snapshot(name: string): Promise<void> {
    if (!/^[a-z][a-z0-9-]{0,30}$/.test(name)) throw new Error(`${name} is no name for a snapshot: a-z, 0-9 and -`);
    refuseFresh(name);
    await this.changing((state) => saveSnapshot(this.folder, state, name));
  }

  /** Gives back the room of a snapshot of one's own. */
  async deleteSnapshot(name: string): Promise<void> {
    refuseFresh(name);
    await this.changing((state) => deleteSnapshot(this.folder, state, name));
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
    await this.plugCable(false);
    this.report("the replication link is cut");
  }

  async restoreLink(): Promise<void> {
    await this.plugCable(true);
    this.report("the replication link is whole");
  }

  /**
   * Puts a line of some rate and length between the machines in place of the cable, or, without a request, the cable
   * back. It stays over a `reset`, and while a machine is off or the link cut, and goes with `down`.
   */
  async link(request?: LinkRequest): Promise<void> {
    const quality = request && parseLink(request);
    await this.changing(async (state) => {
      const running = await this.running();
      if (quality === undefined) {
        await removeLink(this.folder, state, running);
      } else {
        if (running.length === 0)
          throw new Error("neither machine runs: `npm run lab -- up` starts both, then set the link");
        await setLink(this.folder, state, running, quality);
      }
    });
    this.report(`the replication link is ${quality ? describeLink(quality) : "the plain cable"}`);
  }

  /** The link in words: `up`, or `cut, 24 Mbit/s with 50 ms, loss 1 %`. */
  async describeLink(): Promise<string> {
    const { linkIsCut, link } = await this.state();
    const words = [linkIsCut ? "cut" : "up"];
    if (link) words.push(describeLink(link.quality));
    if (link && !(await relayRuns(this.folder))) words.push("but its relay has ended: set it again");
    return words.join(", ");
  }

  /** Pulls the plug: what the machine has not written to its disks is gone. */
  async powerOff(name: MachineName): Promise<void> {
    await this.locked(async () => {
      await stopMachine(this.folder, name);
      if ((await this.running()).length === 0) await stopRelay(this.folder);
    });
    this.report(`${name} is off`);
  }

  /** Boots the machine from its disk, as it was left. */
  async powerOn(name: MachineName): Promise<void> {
    await this.changing(async (state) => {
      if (await isRunning(this.folder, name)) this.report(`${name} runs already`);
      else await this.boot(state, name);
    });
  }

  // --- disks -----------------------------------------------------------------------------------------------------

  /** The serial number of the machine's data disk. */
  serial(name: MachineName): string {
    return dataDiskSerial(name);
  }

  /** Puts one more empty disk into a machine, running or off. Answers its path there. */
  async attachDisk(name: MachineName, disk: Partial<DiskRequest> & { serial: string }): Promise<string> {
    await this.changing((state) => attachDisk(this.folder, state, name, { size: DATA_DISK_BYTES, ...disk }));
    const path = `/dev/disk/by-id/virtio-${disk.serial}`;
    if (await isRunning(this.folder, name)) {
      await this.run(name, `n=0; until [ -b ${path} ] || [ $((n += 1)) -gt 200 ]; do sleep 0.05; done; [ -b ${path} ]`);
    }
    return path;
  }

  /** Takes a disk out of a machine, running or off: the disk that fails, or is replaced. */
  async detachDisk(name: MachineName, serial: string): Promise<void> {
    await this.changing((state) => detachDisk(this.folder, state, name, serial));
  }

  /** Makes a disk bigger, in a machine that runs or is off. */
  async growDisk(name: MachineName, serial: string, bytes: number): Promise<void> {
    await this.changing((state) => growDisk(this.folder, state, name, { serial, bytes }));
  }

  // ---------------------------------------------------------------------------------------------------------------

  async state(): Promise<LabState> {
    const state = await readLabState(this.folder);
    if (!state) throw new Error(`there is no lab in ${this.folder}: \`npm run lab -- up\` makes one`);
    return state;
  }

  private locked<T>(work: () => Promise<T>): Promise<T> {
    const onWait = () => {
      this.report("waiting for another lab command to end");
    };
    return withLock(`${this.folder}.lock`, onWait, work);
  }

  private changing<T>(work: (state: LabState) => Promise<T>): Promise<T> {
    return this.locked(async () => work(await this.state()));
  }

  private async provideImages({ releases }: Make): Promise<PerMachine<Image>> {
    const alpha = await provideImage(releases.alpha, this.report);
    const bravo = releases.bravo === releases.alpha ? alpha : await provideImage(releases.bravo, this.report);
    return { alpha, bravo };
  }

  private boot(state: LabState, name: MachineName): Promise<void> {
    return timed(this.report, `${name} boots`, () => bootMachine(this.folder, state, name));
  }

  private load(state: LabState, snapshot: string): Promise<void> {
    return timed(this.report, `back to the snapshot ${snapshot}`, () => loadSnapshot(this.folder, state, snapshot));
  }

  private async plugCable(up: boolean): Promise<void> {
    await this.changing(async (state) => {
      state.linkIsCut = !up;
      await writeLabState(this.folder, state);
      for (const name of await this.running()) await plugLink(this.folder, name, up);
    });
  }
}

function refuseFresh(name: string): void {
  if ((FRESH_SNAPSHOTS as readonly string[]).includes(name)) {
    throw new Error(`the snapshot ${name} belongs to the lab: take another name`);
  }
}
