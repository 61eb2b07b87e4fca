import type { TellStep } from "../core/steps/apply-script";
import type { Connection } from "../core/wanted/connection";
import { outlastsSteps, stillHolds, withCloserLook } from "../core/seen/closer-look";
import type { ObservedNode } from "../core/seen/observed";
import type { Step } from "../core/steps/plan";
import { justTheHost, type GivenBack, type ProbeRequest } from "../core/seen/probe";
import type { SyncWatch } from "../core/steps/sync-script";
import type { Remote } from "./remote";
import type { RemoteResult } from "./remote-shell";
import { SshRemote } from "./ssh-remote";

/** Milliseconds for which an observation may serve again, as long as we changed nothing on the host since. */
const fresh = 30_000;

/** Milliseconds for which the turn is kept for more work. */
const turnPause = 1_000;

interface Sighting {
  readonly at: number;
  readonly node: ObservedNode;
  /** What was looked at closely and which configurations were tried, to the letter: of which resource, and when. */
  readonly covers: ReadonlyMap<string, Covered>;
}

interface Covered {
  readonly name: string;
  readonly at: number;
  /** By a close look; else by one that found all well, and went no further. */
  readonly closely: boolean;
  /** May serve on after another resource's steps. */
  readonly lasts: boolean;
}

/** One host as this process knows it: one connection, kept, and the last look at it. */
export class Host {
  private sighting: Sighting | undefined;
  /** What is waited for, once that takes long. */
  private waiting: string | undefined;
  private asked = false;
  private lookedClosely = false;
  /** drbd-utils' version, once it was told. */
  private utils: string | undefined;
  private first: Promise<ObservedNode> | undefined;
  private expected: ProbeRequest["looks"] = [];
  private readonly followers = new Map<unknown, (what: string) => void>();
  private isPatient = true;
  private hasTurn = false;
  /** How many pieces of work of this process need the turn now. */
  private inTurn = 0;
  private givingSoon: NodeJS.Timeout | undefined;
  /** One thing at a time on a host: an observation must not see half of another resource's steps. */
  private queue: Promise<unknown> = Promise.resolve();

  private readonly remote: Remote;

  constructor(
    readonly name: string,
    remote: (waits: (what: string | undefined) => void) => Remote,
  ) {
    this.remote = remote((what) => {
      this.waiting = what;
      if (what !== undefined) for (const follow of this.followers.values()) follow(what);
    });
  }

  /** Tells what this host is waited for, from now on and when it is already. */
  followWaits(who: unknown, follow: (what: string) => void): void {
    if (this.waiting !== undefined) follow(this.waiting);
    this.followers.set(who, follow);
  }

  unfollow(who: unknown): void {
    this.followers.delete(who);
  }

  /** The last look, where it is fresh and went into all that is asked for; else a new one. */
  observe(request: ProbeRequest, attempts?: number): Promise<ObservedNode> {
    return this.alone(async () => {
      const known = this.recent();
      if (known !== undefined && this.covers(request)) return known;
      const wider = this.widen(request);
      return this.keep(wider, await this.remote.observe(wider, this.attempts(attempts)), this.sighting);
    });
  }

  /** Resolves when this process has looked at it once, however long ago, without waiting for steps that run now. */
  async seen(): Promise<void> {
    this.first ??= this.observe(justTheHost);
    try {
      await this.first;
    } catch (error) {
      this.first = undefined;
      throw error;
    }
  }

  /** A person says so: it is not waited for as one that boots. */
  mayBeOff(): void {
    this.isPatient = false;
  }

  /** What will be asked for before long: the first close look goes into it too, which saves others. */
  expect(looks: ProbeRequest["looks"]): void {
    this.expected = [...new Map([...this.expected, ...looks].map((look) => [look.name, look])).values()];
  }

  /** Time has passed on the host, or its peer has changed: the last look serves no more. */
  forget(): void {
    this.sighting = undefined;
  }

  /** Begins to look, so that the answer is there when somebody asks for it. Whoever asks is told of errors then. */
  prefetch(): void {
    if (this.asked) return;
    this.observe(justTheHost, 2).catch(() => undefined);
  }

  /** The last look, however shallow, while it is fresh. */
  recent(): ObservedNode | undefined {
    return isFresh(this.sighting?.at) ? this.sighting?.node : undefined;
  }

  /** Who else is at work there, by the last look. */
  get otherRun(): string | undefined {
    const turn = this.sighting?.node.turn;
    return turn !== undefined && this.remote.isAnothers(turn) ? turn.holder : undefined;
  }

  /**
   * Asks for the turn to change something on the host, for one more piece of work of this process; answers who else has
   * it. The last look serves on only where no other run was at work since.
   */
  tryTurn(): Promise<string | undefined> {
    return this.alone(async () => {
      clearTimeout(this.givingSoon);
      if (!this.hasTurn) {
        // First, so that whatever is wrong with the host is told as a look tells it.
        if (this.recent() === undefined)
          this.keep(justTheHost, await this.remote.observe(justTheHost, this.attempts()), undefined);
        const answer = await this.remote.takeTurn();
        if (answer.kind === "busy") return answer.holder;
        const before = this.sighting?.node.turn;
        if (this.otherRun !== undefined || (before !== undefined && before.last !== answer.last)) this.forget();
        this.hasTurn = true;
      }
      this.inTurn++;
      return undefined;
    });
  }

  /** Lets others have the turn, unless more work follows at once: it costs a command to take it again. */
  giveTurn(): void {
    this.inTurn--;
    if (this.inTurn > 0) return;
    clearTimeout(this.givingSoon);
    this.givingSoon = setTimeout(() => {
      const give = async () => {
        if (this.inTurn > 0 || !this.hasTurn) return;
        this.hasTurn = false;
        await this.remote.giveTurn();
      };
      // Where it cannot be told, the host finds out: the shell by which it is known ends with the connection.
      this.alone(give).catch(() => undefined);
    }, turnPause).unref();
  }

  /** Runs steps in their order, tells each as it begins, stops at the first that fails, and looks at the host again. */
  apply(
    steps: readonly Step[],
    observe: ProbeRequest | undefined,
    tell: TellStep,
    ended?: () => void,
  ): Promise<ObservedNode | undefined> {
    return this.alone(async () => {
      const before = this.sighting;
      this.sighting = undefined;
      const node = await this.remote.apply(steps, observe && { ...observe, utils: this.utils }, tell, ended);
      return observe && node && this.keep(observe, node, before);
    });
  }

  /** Lets other resources' steps and looks go on beside it: a sync takes hours. */
  async followSync(watch: SyncWatch, onLine: (line: string) => void): Promise<RemoteResult> {
    await this.alone(() => this.remote.connect());
    return this.remote.followSync(watch, onLine);
  }

  close(): Promise<void> {
    clearTimeout(this.givingSoon);
    this.hasTurn = false;
    return this.remote.close();
  }

  private attempts(given?: number): number | undefined {
    return given ?? (this.isPatient ? undefined : 2);
  }

  private covers(request: ProbeRequest): boolean {
    const { sighting } = this;
    if (sighting === undefined || (request.depth === "close" && !sighting.node.closely)) return false;
    // The last look alone tells what other files mean: steps may have changed it.
    const { common, givenBack = [] } = request;
    if (common !== undefined && sighting.node.common?.globalCommon !== common.globalCommon) return false;
    if (!givenBack.every((one) => isAnswered(sighting.node, one))) return false;
    return coverage(request).every(([one]) => {
      const covered = sighting.covers.get(one);
      return isFresh(covered?.at) && (request.depth !== "close" || covered?.closely === true);
    });
  }

  private widen(request: ProbeRequest): ProbeRequest {
    if (this.lookedClosely) return { ...request, utils: this.utils };
    const asked = new Set(request.looks.map(({ name }) => name));
    return { ...request, looks: [...request.looks, ...this.expected.filter(({ name }) => !asked.has(name))] };
  }

  /** What was seen of other resources' disks before is kept as long as it is fresh and holds. */
  private keep(request: ProbeRequest, seen: ObservedNode, before: Sighting | undefined): ObservedNode {
    const at = Date.now();
    const now = request.depth === "tables" ? [] : coverage(request);
    const asked = new Set(now.map(([, { name }]) => name));
    const holds = before !== undefined && stillHolds(before.node, seen);
    const others = holds
      ? [...before.covers].filter(([, { name, at: when, lasts }]) => !asked.has(name) && isFresh(when) && lasts)
      : [];
    const node = holds ? withCloserLook(seen, before.node, new Set(others.map(([, { name }]) => name))) : seen;
    this.lookedClosely ||= node.closely;
    this.utils = node.closely ? (node.utils ?? undefined) : this.utils;
    this.sighting = {
      at,
      node,
      covers: new Map([...others, ...now.map(([one, of]) => [one, { ...of, at, closely: seen.closely }] as const)]),
    };
    return node;
  }

  private alone<T>(work: () => Promise<T>): Promise<T> {
    this.asked = true;
    const turn = this.queue.then(work);
    this.queue = turn.catch(() => undefined);
    return turn;
  }
}

function isAnswered({ givenBack = [] }: ObservedNode, { name, globalCommon, resource }: GivenBack): boolean {
  return givenBack.some((one) => one.name === name && one.globalCommon === globalCommon && one.resource === resource);
}

/** What a request goes into, to the letter, each with its resource. */
function coverage({ looks, candidates }: ProbeRequest): (readonly [string, Omit<Covered, "at" | "closely">])[] {
  return [...looks, ...candidates].map(
    (one) => [JSON.stringify(one), { name: one.name, lasts: outlastsSteps(one) }] as const,
  );
}

function isFresh(at: number | undefined): boolean {
  return at !== undefined && Date.now() - at < fresh;
}

type RemoteOf = (name: string, connection: Connection, waits: (what: string | undefined) => void) => Remote;

const overSsh: RemoteOf = (name, connection, waits) => new SshRemote(name, connection, waits);

const hosts = new Map<string, Host>();
let remoteOf = overSsh;

/** The host behind a connection: one object, and so one SSH connection, a host and process. */
export function hostOf(name: string, connection: Connection): Host {
  const key = JSON.stringify([name, connection]);
  let host = hosts.get(key);
  if (host === undefined) {
    host = new Host(name, (waits) => remoteOf(name, connection, waits));
    hosts.set(key, host);
  }
  return host;
}

/** Ends all connections; for tests and programs that live on. */
export async function closeHosts(): Promise<void> {
  await Promise.all([...hosts.values()].map((host) => host.close()));
  hosts.clear();
}

/** What a new process knows of hosts: nothing. A simulation puts its own in the place of those behind SSH. */
export function forgetHosts(reach: RemoteOf = overSsh): void {
  hosts.clear();
  remoteOf = reach;
}
