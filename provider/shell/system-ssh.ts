import { type ChildProcess, spawn } from "node:child_process";
import {
  accessSync,
  constants,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";
import { PassThrough } from "node:stream";

import type { Connection, Endpoint } from "../core/wanted/connection";
import { commandLine } from "../core/seen/shell-words";
import { isTooNew, readsTwice, sshConfig } from "../core/ssh/ssh-config";
import { sshFailure, withoutSshWords } from "../core/ssh/login-failure";
import { dialPatiently, TransientDialError, UnknownNameError } from "./dial";
import { endWithThisProcess } from "./end-with-us";
import { UnreachableError } from "./error-classes";
import { hostKeyRefusal } from "./host-key-refusal";
import { fingerprint, type HostKey, parseHostKey } from "./host-keys";
import type { Channel, Transport } from "./transport";

/** Whether there is an `ssh` program here. To start it for an answer would cost each preview a process. */
export function hasSystemSsh(): boolean {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter(isAbsolute);
  return folders.some((folder) => {
    try {
      accessSync(join(folder, "ssh"), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * The system's own `ssh`: what works when a person types it works here, by one process for each shell. The first shell is
 * begun with the connection: to ask `ssh` for a connection alone would take another process.
 */
export async function connectSystemSsh(
  name: string,
  connection: Connection,
  command: string,
  atMost: number,
): Promise<Transport> {
  const way = new SystemSsh(name, connection);
  await way.connect(command, atMost);
  return way;
}

class SystemSsh implements Transport {
  private readonly children = new Set<ChildProcess>();
  private first: Channel | undefined;
  private why: Error | undefined;
  private lost: (why: Error) => void = () => undefined;

  constructor(
    private readonly name: string,
    private readonly connection: Connection,
  ) {}

  async connect(command: string, atMost: number): Promise<void> {
    const { name, connection: endpoint } = this;
    const where = whereOf(endpoint);
    const shown = commandLine(["ssh", "-o", "BatchMode=yes", ...target(endpoint), endpoint.host]);
    const advice = `check that the host is up; \`${shown}\` was run here, and has to work`;
    this.first = await dialPatiently({ name, endpoint, where, advice }, atMost, () => this.dial(command));
  }

  async start(command: string): Promise<Channel> {
    const { first } = this;
    this.first = undefined;
    return first ?? this.dial(command);
  }

  onLost(listener: (why: Error) => void): void {
    this.lost = listener;
    if (this.why !== undefined) listener(this.why);
  }

  close(): void {
    this.lose(new Error("the connection was closed"));
    for (const child of this.children) child.kill();
  }

  destroy(): void {
    this.lose(new Error("the connection was closed"));
    for (const child of this.children) child.kill("SIGKILL");
  }

  private lose(why: Error): void {
    if (this.why !== undefined) return;
    this.why = why;
    this.lost(why);
  }

  /** Starts a command, and resolves once ssh is in. */
  private async dial(command: string): Promise<Channel> {
    const files = new Files(this.name, this.connection);
    try {
      return await this.run(files, command);
    } catch (error) {
      if (!(error instanceof SshEnded)) throw error;
      if (!sshIsOld && isTooNew(error.message)) {
        sshIsOld = true;
        return await this.dial(command);
      }
      throw await this.failure(error, files);
    } finally {
      files.remove();
    }
  }

  private run(files: Files, command: string): Promise<Channel> {
    return new Promise((resolve, reject) => {
      const child = spawnSsh([...files.arguments(), this.connection.host, command]);
      this.children.add(child);
      const [stdout, stderr] = [new PassThrough(), new PassThrough()];
      let said = "";
      let isIn = false;
      const { perDialTimeout: seconds } = this.connection;
      // ssh keeps its own time until the login: a server or a jump host may go silent behind that.
      const late = seconds > 0 ? setTimeout(() => child.kill("SIGKILL"), (2 * seconds + 5) * 1000) : undefined;
      let exit: number | null = null;
      const ends: ((exit: number | null) => void)[] = [];
      let letLive: () => unknown = () => undefined;
      const settle = () => {
        if (isIn) return;
        isIn = true;
        clearTimeout(late);
        // By itself ssh would notice only with the next thing that the host says, when one more step has begun there.
        const isRunning = child.exitCode === null && child.signalCode === null;
        if (child.pid !== undefined && isRunning) letLive = endWithThisProcess(child.pid);
        resolve({
          stdin: child.stdin,
          stdout,
          stderr,
          onEnd: (listener) => ends.push(listener),
          destroy: () => child.kill("SIGKILL"),
        });
      };
      child.stdout.once("data", settle).pipe(stdout);
      child.stderr.on("data", (bytes: Buffer) => {
        const text = bytes.toString();
        said = (said + text).slice(-16_384);
        stderr.write(withoutSshWords(text));
        if (!isIn && /^Authenticated to /m.test(said)) settle();
      });
      child.stdin.on("error", () => undefined); // "close" follows, and tells.
      // Where ssh uses a connection that is there already, it says nothing: the shell does.
      child.stdin.write("printf '\\n'\n");
      child.on("error", (error) => {
        clearTimeout(late);
        this.children.delete(child);
        reject(new TransientDialError(`ssh could not be started: ${error.message}`));
      });
      child.on("close", (code) => {
        clearTimeout(late);
        this.children.delete(child);
        // ssh's own exit is 255; any other is the command's, which was started, then, and has ended.
        const isSsh = code === null || code === 255;
        if (!isIn && isSsh) {
          reject(new SshEnded(code === null ? `${said}\nno login after ${2 * seconds + 5} s` : said));
          return;
        }
        settle();
        letLive();
        exit = isSsh ? null : code;
        if (isSsh) this.lose(new Error(sshFailure(said).said.split("\n").at(-1) || "ssh ended"));
        stderr.end();
        // Both outputs are read before the end is told.
        setImmediate(() => {
          for (const tell of ends) tell(exit);
        });
      });
    });
  }

  private async failure({ message }: SshEnded, files: Files): Promise<Error> {
    const { kind, said } = sshFailure(message);
    const { name, connection } = this;
    const where = whereOf(connection);
    if (kind === "name") return new UnknownNameError(said);
    if (kind === "network") return new TransientDialError(said === "" ? "ssh ended without a word" : said);
    if (kind === "unknown host key" || kind === "other host key") {
      const key = await shownKey(files, connection.host);
      const offending = /^Offending .*/m.exec(said)?.[0] ?? said;
      const { hostKey } = connection;
      const given = hostKey === undefined ? undefined : parseHostKey(hostKey);
      const known = given === undefined ? offending : `${given.type} ${fingerprint(given)}`;
      if (key !== undefined)
        return hostKeyRefusal({ name, place: "connection", where }, key, kind === "unknown host key" ? [] : known);
      return new UnreachableError(name, "a host key on the way is not known, or not the one that is known", {
        output: said,
        advice: "put the right key into known_hosts, after you have compared it with the host's own",
      });
    }
    if (kind === "algorithm") {
      return new UnreachableError(name, `\`ssh\` and the SSH server of ${where} have no algorithm in common`, {
        output: said,
        advice:
          "allow one of those that it offers for this host in ~/.ssh/config, which is read (`KexAlgorithms +…`), or in its sshd_config",
      });
    }
    if (kind === "configuration") {
      return new UnreachableError(name, "`ssh` cannot use its own configuration", {
        output: said,
        advice: "mend what it names, in ~/.ssh/config or /etc/ssh/ssh_config",
      });
    }
    return this.loginRefused(said);
  }

  private loginRefused(said: string): UnreachableError {
    const { name, connection } = this;
    const { agentSocketPath: agent } = connection;
    if (agent !== undefined && !isSocket(agent)) {
      return new UnreachableError(name, "the SSH agent could not be used", {
        output: `there is no socket at ${agent}\n${said}`,
        advice: "check `connection.agentSocketPath`, or give `connection.privateKey`",
      });
    }
    const shown = commandLine(["ssh", "-o", "BatchMode=yes", ...target(connection), connection.host]);
    return new UnreachableError(name, `${whereOf(connection)} refused every way to log in that \`ssh\` has from here`, {
      output: said,
      advice: `\`${shown}\` has to work, without a question: load the key into an SSH agent (\`ssh-add\`; one with a passphrase is of no use otherwise), name it in ~/.ssh/config, or give \`connection.privateKey\` or \`connection.password\`; its public half must stand in authorized_keys`,
    });
  }
}

/** Known once a dial has failed for it: to ask ssh for its version would cost each preview a process. */
let sshIsOld = false;

/** ssh ended before it was in. */
class SshEnded extends Error {}

function spawnSsh(words: readonly string[]) {
  // In a session of its own it has no terminal, so that neither it nor a jump host's can ask for anything there. In the C
  // locale, which it hands on where both sides let it, what the host's tools say can be read.
  return spawn("ssh", words, { stdio: "pipe", detached: true, env: { ...process.env, LC_ALL: "C" } });
}

/** What `ssh` reads for one dial. */
class Files {
  private readonly folder = mkdtempSync(join(tmpdir(), "pulumi-drbd-ssh-"));

  constructor(
    private readonly name: string,
    private readonly connection: Connection,
  ) {
    const { host, proxy } = connection;
    const hosts = proxy === undefined ? [host] : [host, proxy.host];
    const { homedir: home } = userInfo();
    this.write("config", sshConfig({ hosts, home, twice: readsTwice(configurations(home)), old: sshIsOld }));
  }

  /** All words before the host. */
  arguments(): string[] {
    const { connection } = this;
    const { proxy } = connection;
    // At this level ssh says when it is in. A jump host's does not: it would be taken for the host's.
    const words = [...this.endpoint(connection, "connection"), "-T", "-o", "LogLevel=VERBOSE"];
    if (proxy === undefined) return words;
    const through = ["ssh", ...this.endpoint(proxy, "connection.proxy"), "-o", "LogLevel=INFO", "-W"];
    // A percent sign is ssh's own in there.
    const command = `${commandLine(through).replaceAll("%", "%%")} '[%h]:%p' ${commandLine([proxy.host]).replaceAll("%", "%%")}`;
    return [...words, "-o", `ProxyCommand=${command}`, "-o", "ProxyJump=none"];
  }

  /** Where a key that ssh is shown is written, by the words that make it do so and not log in. */
  showing(): { readonly file: string; readonly words: readonly string[] } {
    const file = join(this.folder, "shown");
    const words = ["PreferredAuthentications=none", ...trusting("accept-new", file), "HashKnownHosts=no"];
    return { file, words: [...words.flatMap((word) => ["-o", word]), ...this.arguments()] };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private endpoint(endpoint: Endpoint, place: "connection" | "connection.proxy"): string[] {
    const { hostKey, agentSocketPath, perDialTimeout } = endpoint;
    return [
      ...["-F", join(this.folder, "config")],
      ...(perDialTimeout > 0 ? [`ConnectTimeout=${Math.max(1, Math.ceil(perDialTimeout))}`] : [])
        .concat(
          agentSocketPath === undefined ? [] : [`IdentityAgent=${quotedPath(agentSocketPath.replaceAll("%", "%%"))}`],
        )
        .concat(this.connection.insecureIgnoreHostKey ? trusting("no", "/dev/null") : [])
        .concat(hostKey === undefined ? [] : trusting("yes", this.known(hostKey, place)))
        .flatMap((word) => ["-o", word]),
      ...target(endpoint),
    ];
  }

  private known(hostKey: string, place: "connection" | "connection.proxy"): string {
    const key = parseHostKey(hostKey);
    if (key === undefined) {
      throw new UnreachableError(this.name, `\`${place}.hostKey\` is no public host key`, {
        advice: "give it as ssh-keyscan prints it: `ssh-ed25519 AAAA…`",
      });
    }
    return this.write(place, `${alias} ${key.type} ${key.base64}\n`);
  }

  private write(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }
}

/** The texts of ssh's own files, as far as they are in their usual places. */
function configurations(home: string): string[] {
  const folder = "/etc/ssh/ssh_config.d";
  const more = attempt(() => readdirSync(folder).map((name) => join(folder, name))) ?? [];
  const paths = [join(home, ".ssh", "config"), "/etc/ssh/ssh_config", ...more];
  return paths.map((path) => attempt(() => readFileSync(path, "utf8")) ?? "");
}

/** Nothing where a file is not there, or not for us. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** An argument of one of ssh's options: without the quotes a blank in a path would end it. */
const quotedPath = (path: string): string => `"${path}"`;

/** What a host is called in a list of keys that is made for it alone. */
const alias = "pulumi-drbd";

function trusting(checking: "yes" | "no" | "accept-new", knownHosts: string): string[] {
  return [
    `StrictHostKeyChecking=${checking}`,
    `UserKnownHostsFile=${quotedPath(knownHosts)}`,
    "GlobalKnownHostsFile=/dev/null",
    `HostKeyAlias=${alias}`,
  ];
}

/** The key that a host shows, which is written down here and trusted for nothing. */
function shownKey(files: Files, host: string): Promise<HostKey | undefined> {
  const { file, words } = files.showing();
  return new Promise((resolve) => {
    const child = spawnSsh([...words, host, "true"]);
    child.stdin.on("error", () => undefined).end();
    child.stdout.resume();
    child.stderr.resume();
    child.on("error", () => {
      resolve(undefined);
    });
    child.on("close", () => {
      try {
        resolve(parseHostKey(readFileSync(file, "utf8")));
      } catch {
        resolve(undefined); // It came to no key: an error says what ssh said.
      }
    });
  });
}

function target({ user, port }: Endpoint): string[] {
  return [...(user === undefined ? [] : ["-l", user]), ...(port === undefined ? [] : ["-p", String(port)])];
}

function whereOf({ host, port }: Endpoint): string {
  return port === undefined ? host : `${host}:${port}`;
}

function isSocket(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isSocket() === true;
}
