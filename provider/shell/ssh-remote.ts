import { randomBytes } from "node:crypto";
import { hostname, userInfo } from "node:os";

import { applyScript, parseMarker, parseOutcomes } from "../core/apply-script";
import { redactSecrets, secretsIn } from "../core/config-file";
import type { Connection } from "../core/connection";
import type { ObservedNode } from "../core/observed";
import { ProbeError, parseProbe } from "../core/parse-probe";
import type { Step } from "../core/plan";
import { observeScript, type ProbeRequest } from "../core/probe";
import { shellOf } from "../core/step-script";
import { syncScript, type SyncWatch } from "../core/sync";
import { HostError, NetworkError, UnreachableError } from "./errors";
import { logEvent } from "./event-log";
import type { Remote } from "./remote";
import type { RemoteResult } from "./remote-shell";
import { Session, type RunOptions } from "./ssh";
import { interrupted, stepsError } from "./step-errors";

/** A look asks the kernel and reads samples of disks: far below this on a host that is well. */
const observeSeconds = 60;
/** The whole of it, on a host that goes on talking. */
const observeSecondsInAll = 600;
/** Between one step's end and the next one's beginning. */
const slack = 30;

let connections = 0;
let commands = 0;

/** A host behind one SSH connection, which is kept. */
export class SshRemote implements Remote {
  private session: Promise<Session> | undefined;
  private connectionNumber = 0;
  /** That the host could not be reached, once it was dialled for less than the connection bears. */
  private missed: NetworkError | undefined;
  /** Shared secrets that stand on the host or were sent there: what a tool there complains of may quote one. */
  private readonly secrets = new Set<string>();

  constructor(
    private readonly name: string,
    private readonly connection: Connection,
  ) {}

  async connect(attempts?: number): Promise<void> {
    await this.connected(attempts);
  }

  async observe(request: ProbeRequest, attempts?: number): Promise<ObservedNode> {
    const nonce = newNonce();
    const argv = [
      "observe",
      ...request.looks.map(({ name }) => name),
      ...request.candidates.map(({ name }) => `${name} (wanted)`),
    ];
    const session = await this.connected(attempts);
    const result = await this.look(session, argv, observeScript(nonce, request), {
      timeoutSeconds: observeSeconds,
      inAllSeconds: observeSecondsInAll,
    });
    return this.parse(nonce, result);
  }

  async apply(
    steps: readonly Step[],
    observe: ProbeRequest | undefined,
    tell: (step: Step) => void,
    allEnded?: () => void,
  ): Promise<ObservedNode | undefined> {
    const nonce = newNonce();
    const began = new Map<number, number>();
    const ended = new Map<number, { readonly exit: number; readonly at: number }>();
    const seconds = steps.map((step) => step.timeoutSeconds + slack);
    const lastSeen = steps.findLastIndex(({ afterLook }) => afterLook !== true);
    const onLine = (line: string) => {
      const event = parseMarker(nonce, line);
      if (event === undefined || event.kind === "locked") return;
      const step = steps[event.index];
      if (event.kind === "end") {
        ended.set(event.index, { exit: event.exit, at: performance.now() });
        if (event.index === lastSeen) allEnded?.();
      } else if (step !== undefined) {
        began.set(event.index, performance.now());
        tell(step);
      }
    };
    const session = await this.connected();
    const inAllSeconds = seconds.reduce((sum, each) => sum + each, observeSecondsInAll);
    const options = { timeoutSeconds: Math.max(...seconds), inAllSeconds, onLine };
    const numbers = this.numbered();
    const script = applyScript(nonce, steps.map(shellOf), ourselves(), observe);
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
    const events = result.stdout.split("\n").map((line) => parseMarker(nonce, line));
    const locked = events.find((event) => event?.kind === "locked");
    const said = this.redacted(result.stderr + unasked(nonce, result.stdout));
    const failed = stepsError(this.name, steps, outcomes, { exit: result.exit, said, locked });
    if (failed !== undefined) throw failed;
    return observe === undefined ? undefined : this.parse(nonce, result, "all steps ended well, but then ");
  }

  async followSync(watch: SyncWatch, onLine: (line: string) => void): Promise<RemoteResult> {
    const session = await this.connected();
    const argv = ["wait for sync", watch.resource];
    return this.look(session, argv, syncScript(watch), {
      timeoutSeconds: watch.seconds + slack,
      inAllSeconds: 2 * (watch.seconds + slack),
      onLine,
    });
  }

  async close(): Promise<void> {
    const session = await this.session?.catch(() => undefined);
    session?.close();
    this.session = undefined;
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

  private parse(nonce: string, result: RemoteResult, before = ""): ObservedNode {
    try {
      const node = parseProbe(nonce, result.stdout);
      this.note(...node.files.values());
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

/** Who we are, for somebody else who waits for us. */
function ourselves(): string {
  return `${userInfo().username}@${hostname()}, process ${process.pid}, since ${new Date().toISOString()}`;
}

/** A word that no output holds by chance, so that nothing on a host can pass for one of our markers. */
function newNonce(): string {
  return randomBytes(9).toString("hex");
}
