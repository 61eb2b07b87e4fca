import { randomBytes } from "node:crypto";

import { applyScript, parseMarker, parseOutcomes } from "../core/apply-script";
import { redactSecrets, secretsIn } from "../core/config-file";
import type { ObservedNode } from "../core/observed";
import { ProbeError, parseProbe } from "../core/parse-probe";
import type { Step } from "../core/plan";
import { justTheHost, observeScript, type ProbeRequest } from "../core/probe";
import type { Connection } from "../core/connection";
import { HostError, NetworkError, UnreachableError } from "./errors";
import { logEvent } from "./event-log";
import { Session, type RemoteResult, type RunOptions } from "./ssh";
import { interrupted, stepsError } from "./step-errors";

/** Milliseconds for which an observation may serve again, as long as we changed nothing on the host since. */
const fresh = 30_000;
/** A look asks the kernel and reads samples of disks: far below this on a host that is well. */
const observeSeconds = 60;
/** The whole of it, on a host that goes on talking. */
const observeSecondsInAll = 600;
/** Between one step's end and the next one's beginning. */
const slack = 30;

let connections = 0;
let commands = 0;

interface Sighting {
  readonly at: number;
  readonly node: ObservedNode;
  /** What was looked at closely and which configurations were tried, to the letter. */
  readonly covers: ReadonlySet<string>;
}

/** One host as this process knows it: one SSH connection, kept, and the last look at it. */
export class Host {
  private session: Promise<Session> | undefined;
  private connectionNumber = 0;
  private sighting: Sighting | undefined;
  /** That the host could not be reached, once it was dialled for less than the connection bears. */
  private missed: NetworkError | undefined;
  private expected: ProbeRequest["looks"] = [];
  /** Shared secrets that stand on the host or were sent there: what a tool there complains of may quote one. */
  private readonly secrets = new Set<string>();
  /** One thing at a time on a host: an observation must not see half of another resource's steps. */
  private queue: Promise<unknown> = Promise.resolve();

  constructor(
    readonly name: string,
    private readonly connection: Connection,
  ) {}

  /** The last look, where it is fresh and went into all that is asked for; else a new one, into what is expected too. */
  observe(request: ProbeRequest, attempts?: number): Promise<ObservedNode> {
    return this.alone(async () => {
      const known = this.recent();
      if (known !== undefined && coverage(request).every((one) => this.sighting?.covers.has(one))) return known;
      const nonce = newNonce();
      const wider = this.widen(request);
      const argv = [
        "observe",
        ...wider.looks.map(({ name }) => name),
        ...wider.candidates.map(({ name }) => `${name} (wanted)`),
      ];
      const session = await this.connected(attempts);
      const result = await this.look(session, argv, observeScript(nonce, wider), {
        timeoutSeconds: observeSeconds,
        inAllSeconds: observeSecondsInAll,
      });
      return this.keep(nonce, wider, result);
    });
  }

  /** What will be asked for before long: an observation looks at it too, which saves another one. */
  expect(looks: ProbeRequest["looks"]): void {
    this.expected = [...new Map([...this.expected, ...looks].map((look) => [look.name, look])).values()];
  }

  /** Time has passed on the host, by our waiting for it: the last look serves no more. */
  forget(): void {
    this.sighting = undefined;
  }

  /** Begins to look, so that the answer is there when somebody asks for it. Whoever asks is told of errors then. */
  prefetch(): void {
    if (this.session !== undefined) return;
    this.observe(justTheHost, 2).catch(() => undefined);
  }

  /** The last look, however shallow, while it is fresh. */
  recent(): ObservedNode | undefined {
    return this.sighting !== undefined && Date.now() - this.sighting.at < fresh ? this.sighting.node : undefined;
  }

  /** Runs steps in their order, tells each as it begins, stops at the first that fails, and looks at the host again. */
  apply(
    steps: readonly Step[],
    observe: ProbeRequest | undefined,
    tell: (step: Step) => void,
  ): Promise<ObservedNode | undefined> {
    return this.alone(async () => {
      this.sighting = undefined;
      const nonce = newNonce();
      const began = new Map<number, number>();
      const ended = new Map<number, { readonly exit: number; readonly at: number }>();
      const seconds = steps.map((step) => step.timeoutSeconds + slack);
      const wider = observe && this.widen(observe);
      const onLine = (line: string) => {
        const event = parseMarker(nonce, line);
        if (event === undefined || event.kind === "locked") return;
        const step = steps[event.index];
        if (event.kind === "end") ended.set(event.index, { exit: event.exit, at: performance.now() });
        else if (step !== undefined) {
          began.set(event.index, performance.now());
          tell(step);
        }
      };
      const session = await this.connected();
      const inAllSeconds = seconds.reduce((sum, each) => sum + each, observeSecondsInAll);
      const options = { timeoutSeconds: Math.max(...seconds), inAllSeconds, onLine };
      const numbers = this.numbered();
      const script = applyScript(nonce, steps, wider);
      this.note(script);
      const result = await session
        .run(script, options)
        .catch((error: unknown) => {
          throw interrupted(error, steps, { ended: ended.size, begun: began.size > ended.size });
        })
        .finally(() => {
          // What was begun stands in the log, whatever became of it and of the connection.
          for (const [index, at] of began) {
            const end = ended.get(index);
            const ms = (end?.at ?? performance.now()) - at;
            logEvent({ ...numbers, argv: steps[index]?.argv ?? [], exit: end?.exit ?? null, ms, changes: true });
          }
        });
      const outcomes = parseOutcomes(nonce, steps, result.stdout).map((outcome) => ({
        ...outcome,
        output: this.redacted(outcome.output),
      }));
      const locked = result.stdout.includes(`@${nonce}-step locked`);
      const said = this.redacted(result.stderr + unasked(nonce, result.stdout));
      const failed = stepsError(this.name, steps, outcomes, { exit: result.exit, said, locked });
      if (failed !== undefined) throw failed;
      return wider === undefined ? undefined : this.keep(nonce, wider, result, "all steps ended well, but then ");
    });
  }

  /**
   * Follows a script that prints lines until it ends, such as the wait for a sync. Changes nothing, and so lets other
   * resources' steps and looks go on beside it: a sync takes hours.
   */
  async follow(
    script: string,
    argv: readonly string[],
    timeoutSeconds: number,
    onLine: (line: string) => void,
  ): Promise<RemoteResult> {
    const session = await this.alone(() => this.connected());
    return this.look(session, argv, script, { timeoutSeconds, inAllSeconds: 2 * timeoutSeconds, onLine });
  }

  async close(): Promise<void> {
    const session = await this.session?.catch(() => undefined);
    session?.close();
    this.session = undefined;
  }

  private widen({ looks, candidates }: ProbeRequest): ProbeRequest {
    const asked = new Set(looks.map(({ name }) => name));
    return { looks: [...looks, ...this.expected.filter(({ name }) => !asked.has(name))], candidates };
  }

  private alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.queue.then(work);
    this.queue = turn.catch(() => undefined);
    return turn;
  }

  /** What a new remote command is known by in the log. */
  private numbered() {
    return { host: this.name, connection: this.connectionNumber, command: ++commands };
  }

  /** Runs what changes nothing, as one line of the log. */
  private async look(
    session: Session,
    argv: readonly string[],
    script: string,
    options: RunOptions,
  ): Promise<RemoteResult> {
    const numbers = this.numbered();
    const started = performance.now();
    let exit: number | null = null;
    try {
      const result = await session.run(script, options);
      exit = result.exit;
      return result;
    } finally {
      logEvent({ ...numbers, argv, exit, ms: performance.now() - started, changes: false });
    }
  }

  private async connected(attempts?: number): Promise<Session> {
    const current = await this.session?.catch(() => undefined);
    if (current?.open === true) return current;
    // Who asks for few attempts is in a hurry (a preview): a host that is down is waited for once, not by each resource.
    if (attempts !== undefined && this.missed !== undefined) throw this.missed;
    const started = performance.now();
    this.connectionNumber = ++connections;
    this.session = Session.connect(this.name, this.connection, attempts);
    const session = await this.session.catch((error: unknown) => {
      if (error instanceof NetworkError) this.missed = error;
      throw error;
    });
    this.missed = undefined;
    const [ms, connection] = [performance.now() - started, this.connectionNumber];
    logEvent({ host: this.name, connection, argv: ["connect"], exit: 0, ms, changes: false });
    return session;
  }

  private note(...texts: readonly string[]): void {
    for (const secret of texts.flatMap(secretsIn)) this.secrets.add(secret);
  }

  private redacted(text: string): string {
    return redactSecrets(text, [...this.secrets]);
  }

  private keep(nonce: string, request: ProbeRequest, result: RemoteResult, before = ""): ObservedNode {
    try {
      const node = parseProbe(nonce, result.stdout);
      this.note(...node.files.values());
      this.sighting = { at: Date.now(), node, covers: new Set(coverage(request)) };
      return node;
    } catch (error) {
      if (!(error instanceof ProbeError)) throw error;
      if (/sudo:/.test(result.stderr)) {
        throw new UnreachableError(
          this.name,
          `the user ${this.connection.user} may not become root without a password`,
          {
            command: "sudo -n sh -s",
            exit: result.exit ?? "none",
            output: result.stderr,
            advice: `let that user run everything by sudo without a password (\`${this.connection.user} ALL=(ALL) NOPASSWD: ALL\` in /etc/sudoers.d), or connect as root`,
          },
        );
      }
      throw new HostError(this.name, `${before}looking at the host failed: ${this.redacted(error.message)}`, {
        command: "sh -s (the probe)",
        exit: result.exit ?? "none",
        output: this.redacted(unasked(nonce, result.stdout) + result.stderr),
        advice: "log in by hand and see whether a POSIX shell, lsblk, ip and perl work there",
      });
    }
  }
}

/** What a host said before it came to our own script: a banner, a complaint. The rest may hold whole files, and no person needs it. */
function unasked(nonce: string, stdout: string): string {
  const at = stdout.indexOf(`\n@${nonce}`);
  return at < 0 ? stdout : stdout.slice(0, at);
}

function coverage({ looks, candidates }: ProbeRequest): string[] {
  return [...looks, ...candidates].map((one) => JSON.stringify(one));
}

/** A word that no output holds by chance, so that nothing on a host can pass for one of our markers. */
function newNonce(): string {
  return randomBytes(9).toString("hex");
}

const hosts = new Map<string, Host>();

/** The host behind a connection: one object, and so one SSH connection, a host and process. */
export function hostOf(name: string, connection: Connection): Host {
  const key = JSON.stringify([name, connection]);
  let host = hosts.get(key);
  if (host === undefined) {
    host = new Host(name, connection);
    hosts.set(key, host);
  }
  return host;
}

/** Ends all connections; for tests and programs that live on. */
export async function closeHosts(): Promise<void> {
  await Promise.all([...hosts.values()].map((host) => host.close()));
  hosts.clear();
}
