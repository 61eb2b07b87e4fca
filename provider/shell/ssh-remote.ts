import { randomBytes } from "node:crypto";
import { hostname, userInfo } from "node:os";

import { applyScript, parseMarker, parseOutcomes, type StepOutcome } from "../core/apply-script";
import type { Connection } from "../core/connection";
import type { ObservedNode } from "../core/observed";
import { ProbeError, parseProbe } from "../core/parse-probe";
import { lockPath } from "../core/paths";
import type { Step } from "../core/plan";
import { observeScript, type ProbeRequest } from "../core/probe";
import { commandLine } from "../core/shell-words";
import { shellOf } from "../core/step-script";
import { syncScript, type SyncWatch } from "../core/sync";
import { GuardError, HostError, NetworkError, UnreachableError } from "./errors";
import { logEvent } from "./event-log";
import type { Remote } from "./remote";
import { Session, type RemoteResult, type RunOptions } from "./ssh";

/** A look asks the kernel and reads samples of disks: far below this on a host that is well. */
const observeSeconds = 60;
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
    const result = await this.look(session, argv, observeScript(nonce, request), { timeoutSeconds: observeSeconds });
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
    const longest = Math.max(...steps.map((step) => step.timeoutSeconds));
    const onLine = (line: string) => {
      const event = parseMarker(nonce, line);
      if (event === undefined || event.kind === "locked") return;
      const step = steps[event.index];
      if (event.kind === "end") {
        ended.set(event.index, { exit: event.exit, at: performance.now() });
        if (event.index === steps.length - 1) allEnded?.();
      } else if (step !== undefined) {
        began.set(event.index, performance.now());
        tell(step);
      }
    };
    const session = await this.connected();
    const options = { timeoutSeconds: longest + slack, onLine };
    const numbers = this.numbered();
    const result = await session
      .run(applyScript(nonce, steps.map(shellOf), ourselves(), observe), options)
      .catch((error: unknown) => {
        throw this.interrupted(error, steps, began, ended);
      })
      .finally(() => {
        // What was begun stands in the log, whatever became of it and of the connection.
        for (const [index, at] of began) {
          const end = ended.get(index);
          const ms = (end?.at ?? performance.now()) - at;
          logEvent({ ...numbers, argv: steps[index]?.argv ?? [], exit: end?.exit ?? null, ms, changes: true });
        }
      });
    const outcomes = parseOutcomes(nonce, steps, result.stdout);
    this.judge(nonce, steps, outcomes, result);
    return observe === undefined ? undefined : this.parse(nonce, result);
  }

  async followSync(watch: SyncWatch, onLine: (line: string) => void): Promise<RemoteResult> {
    const session = await this.connected();
    const argv = ["wait for sync", watch.resource];
    return this.look(session, argv, syncScript(watch), { timeoutSeconds: watch.seconds + slack, onLine });
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

  private parse(nonce: string, result: RemoteResult): ObservedNode {
    try {
      return parseProbe(nonce, result.stdout);
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
      throw new HostError(this.name, `looking at the host failed: ${error.message}`, {
        command: "sh -s (the probe)",
        exit: result.exit ?? "none",
        output: `${result.stdout.slice(-500)}${result.stderr.slice(-1500)}`,
        advice: "log in by hand and see whether a POSIX shell, lsblk, ip and perl work there",
      });
    }
  }

  private judge(nonce: string, steps: readonly Step[], outcomes: readonly StepOutcome[], result: RemoteResult): void {
    const lines = result.stdout.split("\n").map((line) => parseMarker(nonce, line));
    const locked = lines.find((event) => event?.kind === "locked");
    if (locked?.kind === "locked") {
      const who = locked.holder === "" ? "" : `: ${locked.holder}`;
      throw new HostError(
        this.name,
        `another \`pulumi up\` holds the lock on this host for ${locked.seconds} s${who}`,
        {
          command: `flock -w 60 ${lockPath}`,
          advice: `wait until it has ended, then run \`pulumi up\` again. Where it was killed, its last step still runs here (\`fuser -v ${lockPath}\`) and lets go when it ends`,
        },
      );
    }
    const failed = outcomes.find((outcome) => outcome.exit !== 0);
    if (failed !== undefined) throw stepError(failed, steps);
    if (outcomes.length < steps.length) {
      throw new HostError(this.name, "the steps did not run", {
        command: "sh -s",
        exit: result.exit ?? "none",
        output: result.stderr + result.stdout.slice(-500),
        advice: "run `pulumi up` again: it goes on from what is there",
      });
    }
  }

  private interrupted(
    error: unknown,
    steps: readonly Step[],
    began: ReadonlyMap<number, number>,
    ended: ReadonlyMap<number, unknown>,
  ): unknown {
    if (!(error instanceof HostError) || error instanceof UnreachableError) return error;
    const last = Math.max(...began.keys());
    const step = steps[last];
    if (step === undefined || ended.has(last)) return error;
    return new HostError(this.name, `${error.what}; the step that was running may have taken effect`, {
      command: commandLine(step.argv),
      advice: "run `pulumi up` again when the host answers: it looks at what is there and goes on",
    });
  }
}

function stepError(failed: StepOutcome, steps: readonly Step[]): HostError {
  const { step } = failed;
  const Kind = failed.guarded ? GuardError : HostError;
  const what = failed.guarded
    ? `what was planned does not fit what is there any more, so it was not run (${step.because})`
    : failed.exit === null
      ? "its end was never told"
      : `a step failed (${step.because})`;
  const left = steps.length - steps.indexOf(step) - 1;
  return new Kind(step.node, what, {
    command: commandLine(step.argv),
    exit: failed.exit ?? "none",
    output: failed.output,
    advice: `${left > 0 ? `${left} more steps on this host were not run. ` : ""}Mend what the output says and run \`pulumi up\` again: it goes on from what is there`,
  });
}

/** Who we are, for somebody else who waits for us. */
function ourselves(): string {
  return `${userInfo().username}@${hostname()}, process ${process.pid}, since ${new Date().toISOString()}`;
}

/** A word that no output holds by chance, so that nothing on a host can pass for one of our markers. */
function newNonce(): string {
  return randomBytes(9).toString("hex");
}
