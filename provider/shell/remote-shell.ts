import { randomBytes } from "node:crypto";

import { greeting } from "../core/ssh/greeting";
import type { Channel } from "./transport";

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
  /** Scripts that were handed over and have not ended; the greeting is the first. */
  private readonly running: Running[] = [];
  private ended = false;
  /** How the shell itself ended; null where it has not, or was ended by a signal. */
  exit: number | null = null;
  /** What was said before the shell said who it is, or until it ended; `exit` is then its uid. */
  greeted: (RemoteResult & { readonly whole: boolean }) | undefined;

  constructor(private readonly channel: Channel) {
    channel.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.take("stdout", text);
    });
    channel.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.take("stderr", text);
    });
    channel.stdin.on("error", () => undefined); // The channel's end follows, and tells.
    channel.onEnd((exit) => {
      this.ended = true;
      this.exit = exit;
      for (const running of this.running.splice(0)) running.finish(exit);
    });
    // What follows is not waited for: the first script goes with it.
    void this.hand(greeting, { heard: () => undefined }).then((greeted) => (this.greeted = greeted));
  }

  /** Whether it can take another script. */
  get ready(): boolean {
    return !this.ended && this.running.length === 0;
  }

  /** Whether it is a root shell, as far as it has said; known when a script has ended. */
  get isRoots(): boolean {
    return this.greeted?.exit === 0 && this.greeted.whole;
  }

  /** What has come until now of the script that runs. */
  get said(): { readonly stdout: string; readonly stderr: string } {
    const texts = this.running.map(({ stdout, stderr }) => ({ stdout: stdout.text, stderr: stderr.text }));
    return { stdout: texts.map((one) => one.stdout).join(""), stderr: texts.map((one) => one.stderr).join("") };
  }

  /** Resolves when the script, or the shell itself, has ended. */
  run(script: string, listener: Listener): Promise<RemoteResult> {
    return this.hand((ending) => handedOver(script, ending), listener);
  }

  private hand(
    text: (ending: string) => string,
    listener: Listener,
  ): Promise<RemoteResult & { readonly whole: boolean }> {
    const started = performance.now();
    return new Promise((resolve) => {
      const ending = `@${randomBytes(9).toString("hex")} ended`;
      const running = new Running(ending, listener, (exit) => {
        const at = this.running.indexOf(running);
        if (at >= 0) this.running.splice(at, 1);
        const [stdout, stderr] = [running.stdout.text, running.stderr.text];
        resolve({ exit, stdout, stderr, whole: running.whole, milliseconds: performance.now() - started });
      });
      this.running.push(running);
      this.channel.stdin.write(text(ending));
    });
  }

  /** Each output goes to the first script of which it has not ended. */
  private take(output: "stdout" | "stderr", text: string): void {
    let left: string | undefined = text;
    for (const running of [...this.running]) {
      if (running[output].ended) continue;
      left = running[output].take(left);
      if (left === undefined) return;
    }
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
      if (code !== undefined) this.exit = /^\d+$/.test(code) ? Number(code) : null;
      if (this.stdout.ended && this.stderr.ended) this.finish(this.exit);
    };
    this.stdout = new Output(ending, listener.heard, ended, listener.onLine);
    this.stderr = new Output(ending, listener.heard, ended);
  }

  /** Whether both outputs were ended by the script itself. */
  get whole(): boolean {
    return this.stdout.ended && this.stderr.ended;
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

  /** Returns what comes behind the output's end, once that is there. */
  take(text: string): string | undefined {
    this.heard(text.length);
    // A line may be as long as all that is taken, and is not to be searched again with each of its pieces.
    const lines = text.split("\n");
    for (const [index, line] of lines.entries()) {
      this.pending += line;
      if (index === lines.length - 1) break;
      if (this.pending.startsWith(this.ending)) {
        this.ended = true;
        this.pieces.push(lines.slice(0, index + 1).join("\n"));
        this.onEnd(this.pending.split(" ")[2]);
        return lines.slice(index + 1).join("\n");
      }
      this.onLine?.(this.pending);
      this.pending = "";
    }
    this.pieces.push(text);
    return undefined;
  }
}
