import { randomBytes } from "node:crypto";
import { hostname, userInfo } from "node:os";

import { applyScript, parseMarker, parseOutcomes, type Run, type TellStep } from "../core/steps/apply-script";
import { redactSecrets, secretsIn } from "../core/config/shared-secret";
import type { Connection } from "../core/wanted/connection";
import type { ObservedNode } from "../core/seen/observed";
import { ProbeError, parseProbe } from "../core/seen/parse-probe";
import { type AskedNow, askedNow, lookTools } from "../core/seen/asked-now";
import type { Step } from "../core/steps/plan";
import { lockPath } from "../core/config/paths";
import { observeScript, type ProbeRequest } from "../core/seen/probe";
import { shellOf } from "../core/steps/step-script";
import { syncScript, type SyncWatch } from "../core/steps/sync-script";
import { giveTurnScript, parseTurnAnswer, takeTurnScript, type TurnAnswer, type TurnSeen } from "../core/seen/turn";
import { HostError, NetworkError } from "./error-classes";
import { logEvent } from "./event-log";
import type { Remote } from "./remote";
import type { RemoteResult } from "./remote-shell";
import { quietSeconds, type RunOptions, Session } from "./session";
import { NoAnswerError } from "./lost-connection";
import { stepsError } from "./step-errors";
import { interrupted } from "./lost-connection";

/** A look asks the kernel and reads samples of disks: far below this on a host that is well. */
const observeSeconds = 60;
/** The whole of it, on a host that goes on talking. */
const observeSecondsInAll = 600;
/** For so many milliseconds, that a host does not answer is told to all who ask, and not found out once for each. */
const missedFor = 60_000;
/** Between one step's end and the next one's beginning. */
const slack = 30;

/** Who we are, for other runs, and for a person who waits for us. */
const ourRun: Run = {
  token: newNonce(),
  words: `${userName()}@${hostname()}, process ${process.pid}, since ${new Date().toISOString()}`,
};

/** What a host is asked, and what of that it is at, by what it has sent. */
interface Question {
  readonly script: string;
  readonly asked: (heard: { readonly stdout: string }) => AskedNow;
}

const askedForTurn = (): AskedNow => ({ what: `flock ${lockPath}`, said: "" });
const turnOptions = { timeoutSeconds: observeSeconds };

let connections = 0;
let commands = 0;

/** A host behind one SSH connection, which is kept. */
export class SshRemote implements Remote {
  private session: Promise<Session> | undefined;
  private connectionNumber = 0;
  /** That the host could not be reached, or did not answer a look. */
  private missed: { readonly error: NetworkError; readonly at: number } | undefined;
  /** Shared secrets that stand on the host or were sent there: what a tool there complains of may quote one. */
  private readonly secrets = new Set<string>();

  constructor(
    private readonly name: string,
    private readonly connection: Connection,
    /** Told what is waited for, when it takes long; undefined when the wait is over. */
    private readonly waits: (what: string | undefined) => void = () => undefined,
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
    const options = { timeoutSeconds: observeSeconds, inAllSeconds: observeSecondsInAll };
    const asked = ({ stdout }: { readonly stdout: string }) => askedNow(nonce, stdout);
    return this.parse(nonce, await this.look(session, argv, { script: observeScript(nonce, request), asked }, options));
  }

  async takeTurn(): Promise<TurnAnswer> {
    const nonce = newNonce();
    const session = await this.connected();
    const script = takeTurnScript(nonce, ourRun.token, ourRun.words);
    const result = await this.look(session, ["take turn"], { script, asked: askedForTurn }, turnOptions);
    const answer = parseTurnAnswer(nonce, result.stdout);
    if (answer !== undefined) return answer;
    throw new HostError(this.name, "the host did not say whether another run is at work there", {
      command: `flock ${lockPath}`,
      exit: result.exit ?? "none",
      output: this.redacted(result.stdout + result.stderr),
      advice: "log in by hand and see whether /run is writable, and whether flock works there",
    });
  }

  async giveTurn(): Promise<void> {
    const session = await this.connected();
    const script = giveTurnScript(ourRun.token);
    await this.look(session, ["give turn"], { script, asked: askedForTurn }, turnOptions);
  }

  isAnothers({ last, holder }: TurnSeen): boolean {
    return holder !== undefined && last !== ourRun.token;
  }

  async apply(
    steps: readonly Step[],
    observe: ProbeRequest | undefined,
    tell: TellStep,
    allEnded?: () => void,
  ): Promise<ObservedNode | undefined> {
    const nonce = newNonce();
    const began = new Map<number, number>();
    const ended = new Map<number, { readonly exit: number; readonly at: number }>();
    const seconds = steps.map((step) => step.timeoutSeconds + slack);
    const onLine = (line: string) => {
      const event = parseMarker(nonce, line);
      if (event === undefined || event.kind === "locked") return;
      if (event.kind === "said") {
        const running = steps[ended.size];
        if (running !== undefined) tell(running, event);
        return;
      }
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
    const inAllSeconds = seconds.reduce((sum, each) => sum + each, observeSecondsInAll);
    const options = { timeoutSeconds: Math.max(...seconds), inAllSeconds, onLine };
    const numbers = this.numbered();
    const script = applyScript(nonce, steps.map(shellOf), ourRun, observe);
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
    const asked = () => ({ what: "drbdadm dstate or cstate", said: "" });
    return this.look(
      session,
      argv,
      { script: syncScript(watch), asked },
      {
        timeoutSeconds: watch.seconds + slack,
        inAllSeconds: 2 * (watch.seconds + slack),
        onLine,
      },
    );
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
    { script, asked }: Question,
    options: RunOptions,
  ): Promise<RemoteResult> {
    const numbers = this.numbered();
    const started = performance.now();
    let exit: number | null = null;
    try {
      const onQuiet: RunOptions["onQuiet"] = (seconds, heard) => {
        this.waits(`waits for ${this.name}, which has not answered for ${seconds} s: ${asked(heard).what}`);
      };
      const result = await session.run(script, { ...options, onQuiet });
      exit = result.exit;
      return result;
    } catch (error) {
      throw this.unanswered(error, asked);
    } finally {
      this.waits(undefined);
      logEvent({ ...numbers, argv, exit, ms: performance.now() - started, changes: false });
    }
  }

  private async connected(attempts?: number): Promise<Session> {
    const current = await this.session?.catch(() => undefined);
    if (current?.open === true) return current;
    // A host that is down is waited for once, not by each resource.
    if (this.missed !== undefined && Date.now() - this.missed.at < missedFor) throw this.missed.error;
    const started = performance.now();
    this.connectionNumber = ++connections;
    const waiting = setInterval(() => {
      const seconds = Math.round((performance.now() - started) / 1000);
      this.waits(`waits for ${this.name}, which is not reached for ${seconds} s`);
    }, quietSeconds * 1000);
    this.session = Session.connect(this.name, this.connection, attempts);
    const session = await this.session
      .catch((error: unknown) => {
        if (error instanceof NetworkError) this.missed = { error, at: Date.now() };
        throw error;
      })
      .finally(() => {
        clearInterval(waiting);
        this.waits(undefined);
      });
    this.missed = undefined;
    const [ms, connection] = [performance.now() - started, this.connectionNumber];
    logEvent({ host: this.name, connection, argv: ["connect"], exit: 0, ms, changes: false });
    return session;
  }

  /** A look whose end was never told changed nothing: it counts as a host that is not there. */
  private unanswered(error: unknown, asked: Question["asked"]): unknown {
    if (!(error instanceof NoAnswerError)) return error;
    const { what, said } = asked(error.heard);
    const answer = new NetworkError(this.name, error.what, {
      command: error.details.nothingRan === true ? undefined : what,
      output: this.redacted(`${said}${error.heard.stderr}`),
      advice: error.late
        ? "log in and see what it waits for (`ps axf`, `dmesg`): a disk that does not answer, a tool that hangs"
        : "see whether the host is up, then run this again",
    });
    if (error.late) this.missed = { error: answer, at: Date.now() };
    return answer;
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
      throw new HostError(this.name, `${before}looking at the host failed: ${this.redacted(error.message)}`, {
        command: "sh -s (the probe)",
        exit: result.exit ?? "none",
        output: this.redacted(unasked(nonce, result.stdout) + result.stderr),
        advice: error.way ?? `log in by hand and see whether a POSIX shell and ${lookTools.join(", ")} work there`,
      });
    }
  }
}

/** A user of a container may have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "somebody");
  }
}

/** What a host said before it came to our own script: a banner, a complaint. The rest may hold whole files, and no person needs it. */
function unasked(nonce: string, stdout: string): string {
  const at = stdout.indexOf(`\n@${nonce}`);
  return at < 0 ? stdout : stdout.slice(0, at);
}

/** A word that no output holds by chance, so that nothing on a host can pass for one of our markers. */
function newNonce(): string {
  return randomBytes(9).toString("hex");
}
