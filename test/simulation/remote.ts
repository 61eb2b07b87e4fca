import type { TellStep } from "../../provider/core/steps/apply-script";
/** A machine of the simulation in the place of one behind SSH: it answers looks and obeys steps, and is interfered with. */
import type { Action } from "../../provider/core/steps/action";
import type { ObservedNode } from "../../provider/core/seen/observed";
import { actionsOf, type Step } from "../../provider/core/steps/plan";
import type { ProbeRequest } from "../../provider/core/seen/probe";
import { endUntold, type SyncWatch } from "../../provider/core/steps/sync-script";
import type { TurnAnswer } from "../../provider/core/seen/turn";
import { GuardError, HostError, NetworkError } from "../../provider/shell/error-classes";
import type { Remote } from "../../provider/shell/remote";
import type { RemoteResult } from "../../provider/shell/remote-shell";
import { done, failed, type Result, run } from "./commands";
import { check, checkPatiently } from "./checks";
import { bringUpOf, promotionOf, roleOf, startsOf } from "../../provider/core/steps/boot-units";
import { keptPrefix, ownLine } from "../../provider/core/seen/parse-fstab";
import { broughtUpLink, type Machine, promotionLink, roleLink, resource, startsLink } from "./machine";
import { connectionOf } from "./connection";
import { readsAsZeros } from "./skipped-sync";
import { clearDisk } from "./clear-disk";
import { giText } from "./disk";
import { moveMetadata } from "./drbdadm";
import { observe } from "./observe";
import { shutDownGuest } from "./virtual-machines";
import type { RunningVolume } from "./volume";
import type { World } from "./world";

/** What may befall one thing that the provider does on a host. */
export type Fault =
  | "none"
  /** The command fails and has done nothing, or fails although it did it. */
  | "fails"
  | "fails after it took effect"
  /** The connection is gone before it was begun, after it was done, or while it goes on by itself. */
  | "dropped before"
  | "dropped after"
  | "dropped while it runs";

/** One run of the provider: what it did, and what comes between. */
export interface Run {
  /** Told before anything that a process does on a host: the moment for others to act. */
  interrupt(machine: Machine): Fault;
  readonly dead: boolean;
  /** What another run did that had the turn before this one, which has looked already. */
  othersFirst?(): Promise<void>;
  /** Everything that might have changed something. */
  readonly applied: Step[];
}

/** The provider's process is no more: nobody catches this. */
export class ProcessDied extends Error {}

/** Looks that a wait for a sync takes at most. */
const longestWait = 12;

export class SimulatedRemote implements Remote {
  constructor(
    private readonly world: World,
    private readonly current: Run,
    private readonly machine: Machine,
  ) {}

  async connect(): Promise<void> {
    await this.moment();
    this.answers();
  }

  async observe(request: ProbeRequest): Promise<ObservedNode> {
    if ((await this.moment()) !== "none") throw new HostError(this.machine.name, "the connection was lost");
    this.answers();
    return observe(this.world, this.machine, request);
  }

  /** Free: a run that comes while another one has it waits, and so is one that comes after it. */
  async takeTurn(): Promise<TurnAnswer> {
    if (this.current.dead) throw new ProcessDied();
    await this.current.othersFirst?.();
    this.answers();
    const last = this.machine.lastTurn;
    this.machine.lastTurn = this.world.nameOf(this.current);
    return { kind: "taken", last };
  }

  giveTurn(): Promise<void> {
    return Promise.resolve();
  }

  isAnothers(): boolean {
    return false;
  }

  async apply(
    steps: readonly Step[],
    request: ProbeRequest | undefined,
    tell: TellStep,
    ended?: () => void,
  ): Promise<ObservedNode | undefined> {
    await this.connect();
    // The lock is held until what an earlier run began has ended.
    for (const effect of this.machine.unfinished.splice(0)) effect();
    this.machine.busy = true;
    try {
      await this.performAll(steps, tell);
    } finally {
      this.machine.busy = false;
      for (const work of this.machine.waiting.splice(0)) work();
    }
    ended?.();
    return request === undefined ? undefined : this.observe(request);
  }

  async followSync(_watch: SyncWatch, onLine: (line: string) => void): Promise<RemoteResult> {
    for (let turn = 0; turn < longestWait; turn++) {
      await this.connect();
      const { running } = this.machine;
      const isOver = ({ kernel }: RunningVolume) => kernel.disk === "UpToDate" && kernel.peerDisk === "UpToDate";
      if (running.length > 0 && running.every(isOver)) return ended(0, "");
      const isUntold = ({ kernel, holder }: RunningVolume) =>
        kernel.replication === "SyncSource" && holder.metadata?.outOfSync.includes(true) === false;
      if (running.some(isUntold) && running.every((one) => isOver(one) || isUntold(one))) return ended(endUntold, "");
      if (connectionOf(this.machine) !== "Connected") return ended(1, "connection lost\n");
      onLine("--");
      this.world.passTime();
    }
    return ended(2, "SyncSource\n");
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private async performAll(steps: readonly Step[], tell: TellStep): Promise<void> {
    for (const step of steps) {
      tell(step);
      this.current.applied.push(step);
      await this.perform(step);
    }
  }

  private async perform(step: Step): Promise<void> {
    let fault = await this.moment();
    const command = step.argv.join(" ");
    const stop = (output: string): never => {
      const what = `what was planned does not fit what is there any more (${step.because})`;
      throw new GuardError(step.node, what, { command, output });
    };
    for (const call of step.guard ?? []) {
      this.answers();
      const { exit, output } = await this.check(call);
      if (exit !== 0) stop(output);
    }
    // Between the guard and what it guards there are milliseconds: nobody changes anything in them, early or late. What the
    // peer's steps let in meanwhile came before the guard.
    if (!this.isOpen(step)) stop("it changed");
    for (const [index, action] of actionsOf(step).entries()) {
      const late = (): void => {
        if (index > 0 || this.isOpen(step)) void this.act(action);
      };
      const { exit, output } = await this.one(() => this.act(action), late, fault);
      if (exit !== 0) throw new HostError(step.node, `a step failed (${step.because})`, { command, exit, output });
      fault = await this.moment();
    }
  }

  /** One thing done on the host, and what befalls it. */
  private async one(effect: () => Result | Promise<Result>, late: () => void, fault: Fault): Promise<Result> {
    this.answers();
    switch (fault) {
      case "none":
        return effect();
      case "fails":
        return failed(1, "it fails");
      case "fails after it took effect":
        await effect();
        return failed(1, "it fails after all");
      case "dropped after":
        await effect();
        break;
      case "dropped while it runs":
        this.machine.unfinished.push(late);
        break;
      case "dropped before":
        break;
    }
    throw new HostError(this.machine.name, "the connection was lost; the step that was running may have taken effect");
  }

  private isOpen(step: Step): boolean {
    return (step.guard ?? []).every((call) => {
      const found = check(this.world, this.machine, call);
      return found !== "wait" && found.exit === 0;
    });
  }

  private check(call: Parameters<typeof checkPatiently>[2]): Promise<Result> {
    return checkPatiently(this.world, this.machine, call, async () => {
      await this.moment();
      this.world.passTime();
      this.answers();
    });
  }

  /** Who has not met its peer by then is told of it, and the step is done. */
  private async meet(name: string): Promise<Result> {
    await this.check(["wait_connected", name, ""]);
    return done;
  }

  private act(action: Action): Result | Promise<Result> {
    const { world, machine } = this;
    const { files } = machine;
    switch (action.kind) {
      case "run":
        return run(world, machine, action.argv, "provider");
      case "update-lists":
        return done;
      case "install":
        return run(world, machine, ["apt-get", "install", ...action.packages], "provider");
      case "check":
        return this.check(action.call);
      case "meet":
        return this.meet(action.resource);
      case "configure":
        // Parsed together with all else that is installed.
        if (machine.parseErrorWith(action.text) !== undefined) return failed(10, machine.parseErrorWith(action.text)!);
        if (action.replaces !== undefined) {
          const old = files.get(action.replaces.path);
          if (old === undefined)
            return failed(1, `mv: cannot stat '${action.replaces.path}': No such file or directory`);
          files.set(action.replaces.kept, old);
          files.delete(action.replaces.path);
        }
        files.set(action.path, action.text);
        return done;
      case "put":
        files.set(action.path, action.text);
        return done;
      case "fstab": {
        const isOf = (line: string) => action.names.includes(line.split(/\s+/)[0] ?? "");
        const others = (files.get("/etc/fstab") ?? "").split("\n").flatMap((line) => {
          const before = line.startsWith(keptPrefix) ? line.slice(keptPrefix.length) : undefined;
          if (before !== undefined && action.givesBack === true && isOf(before)) return [before];
          if (!isOf(line)) return [line];
          return ownLine.test(line) || action.line === undefined ? [] : [`${keptPrefix}${line}`];
        });
        const lines = [...others.filter((line) => line !== ""), ...(action.line === undefined ? [] : [action.line])];
        files.set("/etc/fstab", lines.map((line) => `${line}\n`).join(""));
        return done;
      }
      case "folder":
        if (!machine.folders.has(action.path))
          files.set(action.note, `${files.get(action.note) ?? ""}${action.path}\n`);
        machine.folders.add(action.path);
        return done;
      case "remove-folder": {
        const noted = (files.get(action.note) ?? "").split("\n");
        if (!noted.includes(action.path) || machine.volumes.some(({ mountedAt }) => mountedAt === action.path))
          return done;
        machine.folders.delete(action.path);
        files.set(action.note, noted.filter((one) => one !== action.path).join("\n"));
        return done;
      }
      case "remove-folders":
        for (const folder of (files.get(action.note) ?? "").split("\n")) machine.folders.delete(folder);
        files.delete(action.note);
        return done;
      case "forget-units":
        if (action.units.includes(bringUpOf(resource))) machine.links.delete(broughtUpLink);
        if (action.units.includes(promotionOf(resource))) machine.links.delete(promotionLink);
        if (action.units.includes(roleOf(resource))) machine.links.delete(roleLink);
        if (action.units.includes(startsOf(resource))) machine.links.delete(startsLink);
        return done;
      case "remove-drop-ins":
        for (const path of action.paths) files.delete(path);
        return done;
      case "shut-down":
        return shutDownGuest(machine, action.name);
      case "define-machine":
        machine.guests.set(action.name, {
          ...(machine.guests.get(action.name) ?? { isUp: false, hangs: false }),
          definition: action.text,
        });
        return done;
      case "start-service":
        return run(world, machine, ["systemctl", "start", action.unit], "provider");
      case "remove":
        files.delete(action.path);
        return done;
      case "mount":
        if (machine.volumes.some(({ mountedAt }) => mountedAt === action.mountPoint)) return done;
        return run(world, machine, ["mount", action.mountPoint], "provider");
      case "force": {
        for (const { mark } of action.marks) files.set(mark, "0000000000000004\n");
        const forced = run(world, machine, ["drbdadm", "primary", "--force", action.word], "provider");
        for (const { mark, volume } of forced.exit === 0 ? action.marks : []) {
          const metadata = machine.named(volume)[0]?.holder.metadata;
          if (metadata !== undefined) files.set(mark, `${giText(metadata, true).split(":")[0]!}\n`);
        }
        return forced;
      }
      case "skip-sync": {
        const { volume, mark } = action;
        if (mark !== undefined) files.set(mark, "0000000000000004\n");
        const skipped = run(world, machine, ["drbdadm", "new-current-uuid", "--clear-bitmap", volume], "provider");
        const metadata = machine.named(volume)[0]?.holder.metadata;
        if (mark !== undefined && skipped.exit === 0 && metadata !== undefined)
          files.set(mark, `${giText(metadata, false).split(":")[0]!}\n`);
        return skipped;
      }
      case "read-zeros":
        return readsAsZeros(world, machine.withMinor(action.minor)!, action.disk);
      case "zero":
      case "clear":
        return clearDisk(world, machine, action.disk);
      case "copy-disk":
        return failed(1, "the simulation keeps no copies");
      case "move-metadata":
        world.happened.add("metadata moved");
        return moveMetadata(machine.withDisk(action.disk)!, action.bytes);
      case "keep": {
        const text = files.get(action.path);
        if (text !== undefined && !files.has(action.copy) && !text.includes(action.unless))
          files.set(action.copy, text);
        return done;
      }
    }
  }

  /** Others act now. */
  private async moment(): Promise<Fault> {
    await Promise.resolve();
    if (this.current.dead) throw new ProcessDied();
    const fault = this.current.interrupt(this.machine);
    // Read again: the process may have died of it.
    if (isDead(this.current)) throw new ProcessDied();
    return fault;
  }

  private answers(): void {
    if (!this.machine.powered) throw new NetworkError(this.machine.name, "cannot be reached");
  }
}

const ended = (exit: number, stdout: string): RemoteResult => ({ exit, stdout, stderr: "", milliseconds: 0 });

const isDead = (run: Run): boolean => run.dead;
