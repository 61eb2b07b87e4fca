import { type ChildProcess, spawn } from "node:child_process";

/** What a finished command left. `exit` is null where it was killed, by a signal or at its timeout. */
export interface Outcome {
  exit: number | null;
  stdout: string;
  stderr: string;
  ms: number;
}

export interface CommandOptions {
  stdin?: string | Uint8Array;
  /** Seconds; the command is killed after them and `exit` is null. */
  timeout?: number;
  env?: Record<string, string>;
}

/** A command that had to succeed and did not: the message holds what it said. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
  constructor(
    readonly what: string,
    readonly outcome: Outcome,
  ) {
    const how = outcome.exit === null ? "was killed" : `ended with exit ${outcome.exit}`;
    const said = (outcome.stderr.trim() || outcome.stdout.trim()).split("\n").slice(-30).join("\n");
    super(`${what} ${how} after ${(outcome.ms / 1000).toFixed(1)} s${said ? `:\n${said}` : ""}`);
  }
}

/** What runs now, for `endCommands`. */
const running = new Set<ChildProcess>();

const GRACE_SECONDS = 1;

/** Ends every command that runs, each with a moment to clean up after itself, and waits for that. */
export async function endCommands(): Promise<void> {
  const ends = [...running].map((child) => new Promise((resolve) => child.once("exit", resolve)));
  const signal = (name: NodeJS.Signals) => {
    for (const child of running) child.kill(name);
  };
  signal("SIGTERM");
  const impatient = setTimeout(() => {
    signal("SIGKILL");
  }, GRACE_SECONDS * 1000);
  await Promise.all(ends);
  clearTimeout(impatient);
}

/** Runs argv, without a shell, and waits for its end. Rejects only where the program cannot be started. */
export function execute(argv: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  const [program = "", ...rest] = argv;
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const child = spawn(program, rest, { env: { ...process.env, ...options.env }, stdio: ["pipe", "pipe", "pipe"] });
    running.add(child);
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let timer: NodeJS.Timeout | undefined;
    if (options.timeout !== undefined) {
      timer = setTimeout(() => {
        child.kill("SIGKILL");
        // Another process may hold the other ends, as ssh's control master does: its output is not waited for.
        child.stdout.destroy();
        child.stderr.destroy();
      }, options.timeout * 1000);
    }
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    // A command that ends before it has read its input is not our error: its exit says what happened.
    child.stdin.on("error", () => undefined);
    child.on("error", (error) => {
      running.delete(child);
      clearTimeout(timer);
      reject(error);
    });
    child.on("close", (exit) => {
      running.delete(child);
      clearTimeout(timer);
      resolve({
        exit,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
        ms: Math.round(performance.now() - begun),
      });
    });
    child.stdin.end(options.stdin ?? "");
  });
}

/** As `execute`, but any exit other than 0 is an error. */
export async function executeOrThrow(argv: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  const outcome = await execute(argv, options);
  if (outcome.exit !== 0) throw new CommandFailed(argv.slice(0, 3).join(" "), outcome);
  return outcome;
}
