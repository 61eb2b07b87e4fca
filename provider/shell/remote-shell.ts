import { randomBytes } from "node:crypto";

import type { Client, ClientChannel } from "ssh2";

/** What a remote script left behind. `exit` is null when the shell was ended by a signal or the connection was lost. */
export interface RemoteResult {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
}

/** Told while a script runs. */
export interface Listener {
  /** So many characters of output, of either kind, arrived. */
  readonly heard: (characters: number) => void;
  /** Each line of standard output as it arrives. */
  readonly onLine?: (line: string) => void;
}

/**
 * A POSIX shell on a host that takes one script after the other on its standard input, so that nothing of them shows in a
 * process list. To start one for each script takes a host longer than most of what is asked of it; with sudo, the more.
 *
 * Each script runs in a subshell, which is parsed whole before any of it runs: one that was cut off does nothing, and none
 * leaves anything to the next.
 */
export class RemoteShell {
  private running: Running | undefined;
  private ended = false;
  private exit: number | null = null;

  private constructor(private readonly channel: ClientChannel) {
    channel.setEncoding("utf8");
    channel.stderr.setEncoding("utf8");
    channel.on("data", (text: string) => this.running?.stdout.take(text));
    channel.stderr.on("data", (text: string) => this.running?.stderr.take(text));
    channel.on("exit", (code: number | null) => (this.exit = code));
    channel.on("error", () => undefined); // "close" follows, and tells.
    channel.on("close", () => {
      this.ended = true;
      this.running?.finish(this.exit);
    });
  }

  /** `command` starts the shell. Fails where the host gives no channel for it. */
  static open(client: Client, command: string): Promise<RemoteShell> {
    return new Promise((resolve, reject) => {
      client.exec(command, (error, channel) => {
        if (error === undefined) resolve(new RemoteShell(channel));
        else reject(error);
      });
    });
  }

  /** Whether it can take another script. */
  get ready(): boolean {
    return !this.ended && this.running === undefined;
  }

  /** Resolves when the script, or the shell itself, has ended. */
  run(script: string, listener: Listener): Promise<RemoteResult> {
    const started = performance.now();
    return new Promise((resolve) => {
      const ending = `@${randomBytes(9).toString("hex")} ended`;
      const running = new Running(ending, listener, (exit) => {
        this.running = undefined;
        const [stdout, stderr] = [running.stdout.text, running.stderr.text];
        resolve({ exit, stdout, stderr, milliseconds: performance.now() - started });
      });
      this.running = running;
      this.channel.write(handedOver(script, ending));
    });
  }

  /** For a shell of which nothing more is wanted to be heard. */
  destroy(): void {
    this.ended = true;
    this.channel.destroy();
  }
}

/** A script as the shell reads it. Both of its outputs are ended by a line, since either can come later than the other. */
function handedOver(script: string, ending: string): string {
  return `(\n${script}\n) </dev/null
printf '\\n${ending} %s\\n' $?; printf '\\n${ending}\\n' >&2
`;
}

/** A script that runs, until both outputs have ended. */
class Running {
  readonly stdout: Output;
  readonly stderr: Output;
  private exit: number | null = null;

  constructor(ending: string, listener: Listener, done: (exit: number | null) => void) {
    this.finish = done;
    const ended = (code: string | undefined) => {
      if (code !== undefined) this.exit = Number(code);
      if (this.stdout.ended && this.stderr.ended) this.finish(this.exit);
    };
    this.stdout = new Output(ending, listener.heard, ended, listener.onLine);
    this.stderr = new Output(ending, listener.heard, ended);
  }

  readonly finish: (exit: number | null) => void;
}

/** One output of a script: its text, and its lines as they come. */
class Output {
  ended = false;
  private readonly pieces: string[] = [];
  private pending = "";

  constructor(
    private readonly ending: string,
    private readonly heard: (characters: number) => void,
    private readonly onEnd: (code: string | undefined) => void,
    private readonly onLine?: (line: string) => void,
  ) {}

  get text(): string {
    const text = this.pieces.join("");
    return this.ended ? text.slice(0, text.lastIndexOf(`\n${this.ending}`)) : text;
  }

  take(text: string): void {
    if (this.ended) return;
    this.pieces.push(text);
    this.heard(text.length);
    // A line may be as long as all that is taken, and is not to be searched again with each of its pieces.
    const [first = "", ...rest] = text.split("\n");
    this.pending += first;
    for (const line of rest) {
      if (this.pending.startsWith(this.ending)) {
        this.ended = true;
        this.onEnd(this.pending.split(" ")[2]);
        return;
      }
      this.onLine?.(this.pending);
      this.pending = line;
    }
  }
}
