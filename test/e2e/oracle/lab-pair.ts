/** The real one of two pairs in which the same happens: the lab's machines. */
import type { Connection } from "../../../provider/core/wanted/connection";
import type { Step } from "../../../provider/core/steps/plan";
import type { Remote } from "../../../provider/shell/remote";
import { SshRemote } from "../../../provider/shell/ssh-remote";
import type { Lab } from "../../../lab/lab";
import { MACHINES, type MachineName } from "../../../lab/machines";
import type { Event, HandCommand } from "../../simulation/events";
import { type Ground, type Outcome, type Program, Stack } from "../../simulation/pulumi";
import type { Run } from "../../simulation/remote";
import { MOUNT_POINT } from "../site";
import { typed } from "./by-hand";
import { type Pair, request, type Seen, type Work } from "./sight";
import { workOf } from "./work";

/** Seconds for what goes on by itself: DRBD now and then stalls for minutes over the last blocks of a sync. */
const patience = 300;
/** Seconds in which two that look for each other meet, if they ever do; connect-int is 10. */
const meeting = 25;

export class LabPair implements Pair {
  private readonly remotes = new Set<Remote>();
  private readonly stack: Stack;
  private count = 0;
  private linked = true;

  private constructor(
    private readonly lab: Lab,
    private readonly connections: Readonly<Record<MachineName, Connection>>,
  ) {
    this.stack = new Stack(this.ground());
  }

  /** Two machines with drbd-utils, and nothing else. */
  static async begin(lab: Lab): Promise<LabPair> {
    await lab.reset("utils");
    const connectionOf = async (name: MachineName): Promise<Connection> => ({
      ...(await lab.connection(name)),
      dialErrorLimit: 10,
      perDialTimeout: 15,
      insecureIgnoreHostKey: false,
    });
    return new LabPair(lab, { alpha: await connectionOf("alpha"), bravo: await connectionOf("bravo") });
  }

  async happen(event: Event): Promise<void> {
    switch (event.kind) {
      case "cut link":
        this.linked = false;
        await this.lab.cutLink();
        await this.until(patience, (states) => !states.some((state) => /cs:(Connected|Sync)/.test(state)));
        return;
      case "restore link":
        this.linked = true;
        await this.lab.restoreLink();
        return;
      case "cut power":
        await this.lab.powerOff(name(event.on));
        await this.until(patience, (states) => !states.some((state) => /cs:(Connected|Sync)/.test(state)));
        return;
      case "boot":
        await this.lab.powerOn(name(event.on));
        return;
      case "hand":
        await this.type(event.on, event.command);
        return;
      case "hand on both":
        for (const on of [0, 1] as const) await this.type(on, event.command);
        return;
      case "write": {
        const one = name(event.on);
        if (!(await this.lab.running()).includes(one)) return;
        const file = `write-${event.block}`;
        const script = `mountpoint -q ${MOUNT_POINT} || exit 3; cd ${MOUNT_POINT} && echo ${this.count + 1} >${file} && sync ${file} .`;
        const { exit } = await this.lab.run(one, script, { check: false });
        if (exit === 0) this.count += 1;
        return;
      }
      default:
        throw new Error(`nobody has taught the lab: ${event.kind}`);
    }
  }

  up(program: Program): Promise<Work> {
    return this.work((run) => this.stack.up(program, run));
  }

  destroy(): Promise<Work> {
    return this.work((run) => this.stack.destroy(run));
  }

  async look(): Promise<readonly [Seen | "off", Seen | "off"]> {
    await this.rest();
    const running = await this.lab.running();
    const of = (one: MachineName) => (running.includes(one) ? this.seen(one) : Promise.resolve("off" as const));
    return Promise.all([of("alpha"), of("bravo")]);
  }

  private async seen(one: MachineName): Promise<Seen> {
    const remote = new SshRemote(one, this.connections[one]);
    try {
      const node = await remote.observe(request);
      // Either would load the module.
      const script = `if [ -e /proc/drbd ]; then drbdsetup get-gi 1 || drbdmeta 1 v08 /dev/vdb internal get-gi; fi 2>/dev/null
        echo; if mountpoint -q ${MOUNT_POINT}; then echo mounted; cd ${MOUNT_POINT}; grep . write-* /dev/null; fi`;
      const { stdout } = await this.lab.run(one, script, { check: false });
      const gi = /^[0-9A-F]{16}:.*$/m.exec(stdout)?.[0];
      const writes = new Map(
        [...stdout.matchAll(/^write-(\d):(\d+)$/gm)].map(([, block, write]) => [Number(block), Number(write)]),
      );
      const written = /^mounted$/m.test(stdout) ? [1, 2, 3].map((block) => writes.get(block)) : undefined;
      return { node, gi, written };
    } finally {
      await remote.close();
    }
  }

  /** What goes on by itself has ended: no sync runs, and who can meet has met or parted. */
  private async rest(): Promise<void> {
    await this.until(
      patience,
      (states) => !states.some((state) => /cs:\w*Sync|cs:WFBitMap|cs:WFReportParams/.test(state)),
    );
    const bothLook = (states: readonly string[]) =>
      states.every((state) => /cs:(WFConnection|Unconnected)/.test(state));
    if (this.linked) await this.until(meeting, (states) => states.length < 2 || !bothLook(states));
    await this.until(patience, (states) => !states.some((state) => /cs:\w*Sync|cs:WF(?!Conn)/.test(state)));
  }

  private async until(seconds: number, isSo: (states: readonly string[]) => boolean): Promise<void> {
    const deadline = performance.now() + seconds * 1000;
    for (let times = 0; times < 2;) {
      const running = await this.lab.running();
      const states = await Promise.all(
        running.map(async (one) => (await this.lab.run(one, "grep '^ *1:' /proc/drbd", { check: false })).stdout),
      );
      times = isSo(states) ? times + 1 : 0;
      if (performance.now() > deadline) return;
      await new Promise((wake) => setTimeout(wake, 300));
    }
  }

  /** A person types on, whatever it answers. */
  private async type(on: 0 | 1, command: HandCommand): Promise<void> {
    if (!(await this.lab.running()).includes(name(on))) return;
    for (const [at, script] of typed(command, on)) {
      await this.lab.run(name(at), script, { check: false });
    }
  }

  private ground(): Ground {
    const nodeOf = (one: MachineName) => {
      const { host, port, user, privateKey, hostKey } = this.connections[one];
      return { address: this.lab.address(one), access: { connection: { host, port, user, privateKey, hostKey } } };
    };
    return {
      nodes: [nodeOf("alpha"), nodeOf("bravo")],
      reach: (run) => (one, connection) => {
        const remote = new SshRemote(one, connection);
        this.remotes.add(remote);
        return noting(remote, run.applied);
      },
      defect: (message) => {
        throw new Error(message);
      },
    };
  }

  private async work(doing: (run: Run) => Promise<Outcome>): Promise<Work> {
    const run: Run = { dead: false, applied: [], interrupt: () => "none" };
    try {
      return workOf(await doing(run), run.applied);
    } finally {
      for (const remote of this.remotes) await remote.close();
      this.remotes.clear();
    }
  }
}

const name = (on: 0 | 1): MachineName => MACHINES[on];

/** The same remote; the steps that it begins are noted. */
function noting(remote: Remote, applied: Step[]): Remote {
  return {
    connect: (attempts) => remote.connect(attempts),
    observe: (what, attempts) => remote.observe(what, attempts),
    takeTurn: () => remote.takeTurn(),
    giveTurn: () => remote.giveTurn(),
    isAnothers: (turn) => remote.isAnothers(turn),
    apply: (steps, what, tell, ended) =>
      remote.apply(
        steps,
        what,
        (step) => {
          applied.push(step);
          tell(step);
        },
        ended,
      ),
    followSync: (watch, onLine) => remote.followSync(watch, onLine),
    close: () => remote.close(),
  };
}
