import { type Connection, hasCredentials } from "../core/wanted/connection";
import { whyNoRoot } from "../core/ssh/no-root-shell";
import { HostError, UnreachableError } from "./error-classes";
import { RemoteShell, type RemoteResult } from "./remote-shell";
import { connectSsh2 } from "./ssh2-transport";
import { connectSystemSsh, hasSystemSsh } from "./system-ssh";
import type { Transport } from "./transport";
import { lostText, noAnswer, type Said } from "./lost-connection";

export interface RunOptions {
  /** Seconds without a line of output, or in all when nothing is printed, after which we stop waiting. */
  readonly timeoutSeconds: number;
  /** Seconds after which we stop waiting although the host goes on talking. */
  readonly inAllSeconds?: number;
  /** Each line of standard output as it arrives. */
  readonly onLine?: (line: string) => void;
  /** Nothing has come for so many seconds; called every ten seconds, with what came until then. */
  readonly onQuiet?: (seconds: number, heard: Said) => void;
}

/** More output than any of our scripts makes: a host that sends it is not answering what we asked. */
const outputLimit = 32 * 1024 * 1024;
/** Seconds of silence after which somebody is told what is waited for. */
export const quietSeconds = 10;

/** Whom sudo makes root is said in plain English, whatever language the login has. */
const rootBySudo = "env LC_ALL=C sudo -n sh -s";
/** Where only ~/.ssh/config and the host know who we are there. */
const rootByEither = `sh -c 'test "$(id -u)" = 0 && exec sh -s; exec ${rootBySudo}'`;

/** One open way to a host, with as many shells as there were scripts at once. */
export class Session {
  private lost: Error | undefined;
  private readonly idle: RemoteShell[] = [];
  private readonly whenLost = new Set<() => void>();

  private constructor(
    readonly name: string,
    private readonly transport: Transport,
    private readonly connection: Pick<Connection, "user">,
    private readonly command: string,
  ) {
    transport.onLost((why) => {
      this.lose(why);
    });
  }

  get open(): boolean {
    return this.lost === undefined;
  }

  /**
   * Connects and proves the host's key. Dial errors are borne as often as the connection says, and `atMost` times.
   *
   * The system's own `ssh` knows ~/.ssh/config, certificates, FIDO keys, jump hosts and whatever else makes `ssh` work
   * from here. A key or a password that only Pulumi has is for ssh2, in this process: so it is in no file.
   */
  static async connect(name: string, connection: Connection, atMost = Infinity): Promise<Session> {
    if (hasCredentials(connection) || !hasSystemSsh()) {
      const user = connection.user ?? "root";
      const transport = await connectSsh2(name, connection, atMost);
      return new Session(name, transport, { user }, user === "root" ? "sh -s" : rootBySudo);
    }
    const { user } = connection;
    const command = user === "root" ? "sh -s" : user === undefined ? rootByEither : rootBySudo;
    return new Session(name, await connectSystemSsh(name, connection, command, atMost), { user }, command);
  }

  /** Runs a POSIX shell script as root, beside others that run. */
  run(script: string, { timeoutSeconds, inAllSeconds, onLine, onQuiet }: RunOptions): Promise<RemoteResult> {
    return new Promise((resolve, reject) => {
      let deadline: NodeJS.Timeout | undefined;
      let quiet: NodeJS.Timeout | undefined;
      let settled = false;
      let shell: RemoteShell | undefined;
      let size = 0;
      let heardAt = Date.now();
      const said = () => shell?.said ?? { stdout: "", stderr: "" };
      const settle = () => {
        settled = true;
        clearTimeout(deadline);
        clearTimeout(end);
        clearTimeout(quiet);
        this.whenLost.delete(onLost);
      };
      const fail = (what: string, late = false) => {
        settle();
        reject(noAnswer(this.name, what, said(), { late, ran: shell !== undefined }));
      };
      const onLost = () => {
        fail(lostText(this.lost));
      };
      const giveUp = (what: string) => {
        fail(what, true);
        // Who asks next is told the same, and not that the connection is closed.
        this.lose(new Error(what));
        this.transport.destroy();
      };
      const waitOn = () => {
        clearTimeout(quiet);
        quiet = setTimeout(() => {
          onQuiet?.(Math.round((Date.now() - heardAt) / 1000), said());
          waitOn();
        }, quietSeconds * 1000);
      };
      const patience = () => {
        heardAt = Date.now();
        waitOn();
        clearTimeout(deadline);
        deadline = setTimeout(giveUp, timeoutSeconds * 1000, `no answer for ${timeoutSeconds} s`);
      };
      const end =
        inAllSeconds &&
        setTimeout(giveUp, inAllSeconds * 1000, `it goes on talking, and no end after ${inAllSeconds} s`);
      if (this.lost !== undefined) {
        onLost();
        return;
      }
      this.whenLost.add(onLost);
      patience();
      const begin = async (started: RemoteShell) => {
        if (settled) return;
        shell = started;
        const heard = (characters: number) => {
          if (settled) return; // What was given up on still talks for a while.
          patience();
          size += characters;
          if (size <= outputLimit) return;
          started.destroy();
          fail(`more than ${outputLimit / 1024 / 1024} MiB of output, which is not an answer to what was asked`);
        };
        const result = await started.run(script, { heard, onLine });
        settle();
        if (started.ready) this.idle.push(started);
        if (started.isRoots) resolve(result);
        else reject(this.noRoot(started));
      };
      this.shell().then(begin, (error: unknown) => {
        if (settled) return;
        if (error instanceof HostError) {
          settle();
          reject(error);
        } else fail(`no command could be started (${error instanceof Error ? error.message : String(error)})`);
      });
    });
  }

  /** One that waits for a script, or a new one. */
  private async shell(): Promise<RemoteShell> {
    for (let shell = this.idle.pop(); shell !== undefined; shell = this.idle.pop()) if (shell.ready) return shell;
    return new RemoteShell(await this.transport.start(this.command));
  }

  private noRoot({ greeted, exit }: RemoteShell): UnreachableError {
    const { stdout = "", stderr = "" } = greeted ?? {};
    const uid = greeted?.whole === true ? greeted.exit : null;
    const said = `${stdout}${stderr}`;
    const sudo = this.command !== "sh -s";
    const { what, advice } = whyNoRoot({ user: this.connection.user, sudo, uid, exit, said });
    return new UnreachableError(this.name, what, {
      command: this.command,
      exit: exit ?? "none",
      output: said,
      nothingRan: true,
      advice,
    });
  }

  private lose(why: Error): void {
    if (this.lost !== undefined) return;
    this.lost = why;
    for (const tell of [...this.whenLost]) tell();
  }

  close(): void {
    this.transport.close();
  }
}
