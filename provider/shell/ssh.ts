import { Client, type ConnectConfig, type ServerHostKeyAlgorithm } from "ssh2";

import type { Connection, Endpoint } from "../core/connection";
import { HostError, NetworkError, UnreachableError } from "./errors";
import { fingerprint, hostKeyOf, parseHostKey, readKnownHostKeys, type HostKey } from "./host-keys";

/** What a remote script left behind. `exit` is null when it was ended by a signal or the connection was lost. */
export interface RemoteResult {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
}

export interface RunOptions {
  /** Seconds without a line of output, or in all when nothing is printed, after which we stop waiting. */
  readonly timeoutSeconds: number;
  /** Each line of standard output as it arrives. */
  readonly onLine?: (line: string) => void;
}

/** More output than any of our scripts makes: a host that sends it is not answering what we asked. */
const outputLimit = 32 * 1024 * 1024;
const keepalive = { keepaliveInterval: 5_000, keepaliveCountMax: 4 };

/** One open SSH connection; scripts run on it one channel each. */
export class Session {
  private lost: Error | undefined;

  private constructor(
    readonly name: string,
    private readonly client: Client,
    private readonly connection: Connection,
    private readonly jump?: Client,
  ) {
    client.on("error", (error: Error) => (this.lost ??= error));
    client.on("close", () => (this.lost ??= new Error("the connection was closed")));
  }

  get open(): boolean {
    return this.lost === undefined;
  }

  /** Connects and proves the host's key. Dial errors are tried again up to `attempts` times in all. */
  static async connect(name: string, connection: Connection, attempts: number): Promise<Session> {
    const { proxy } = connection;
    if (proxy === undefined) {
      return new Session(name, await dialPatiently(name, connection, connection, attempts), connection);
    }
    const jump = await dialPatiently(`${name} (proxy ${proxy.host})`, proxy, connection, attempts);
    try {
      const client = await dialPatiently(name, connection, connection, attempts, jump);
      return new Session(name, client, connection, jump);
    } catch (error) {
      jump.end();
      throw error;
    }
  }

  /** Runs a POSIX shell script, handed over on standard input so that nothing of it shows in a process list. */
  run(script: string, options: RunOptions): Promise<RemoteResult> {
    const command = this.connection.user === "root" ? "sh -s" : "sudo -n sh -s";
    const started = performance.now();
    return new Promise((resolve, reject) => {
      const stdout: string[] = [];
      const stderr: string[] = [];
      let size = 0;
      let pending = "";
      let exit: number | null = null;
      let deadline: NodeJS.Timeout | undefined;
      const fail = (what: string) => {
        settle();
        reject(
          new HostError(this.name, what, {
            advice: "look at the host, then run `pulumi up` again: it goes on from what is there",
          }),
        );
      };
      const onLost = () => {
        fail(`the connection was lost while a command was running (${this.lost?.message ?? "no reason given"})`);
      };
      const settle = () => {
        clearTimeout(deadline);
        this.client.removeListener("close", onLost);
      };
      const patience = () => {
        clearTimeout(deadline);
        deadline = setTimeout(() => {
          this.client.destroy();
          fail(`no answer for ${options.timeoutSeconds} s`);
        }, options.timeoutSeconds * 1000);
      };
      if (this.lost !== undefined) {
        onLost();
        return;
      }
      this.client.once("close", onLost);
      patience();
      this.client.exec(command, (error, channel) => {
        if (error) {
          fail(`no command could be started (${error.message})`);
          return;
        }
        channel.setEncoding("utf8");
        channel.stderr.setEncoding("utf8");
        const keep = (store: string[], text: string) => {
          patience();
          size += text.length;
          if (size > outputLimit) {
            channel.destroy();
            fail(`more than ${outputLimit / 1024 / 1024} MiB of output, which is not an answer to what was asked`);
            return;
          }
          store.push(text);
        };
        channel.on("data", (text: string) => {
          keep(stdout, text);
          if (options.onLine === undefined) return;
          const lines = (pending + text).split("\n");
          pending = lines.pop() ?? "";
          lines.forEach(options.onLine);
        });
        channel.stderr.on("data", (text: string) => {
          keep(stderr, text);
        });
        channel.on("exit", (code: number | null) => (exit = code));
        channel.on("close", () => {
          settle();
          resolve({
            exit,
            stdout: stdout.join(""),
            stderr: stderr.join(""),
            milliseconds: performance.now() - started,
          });
        });
        channel.on("error", () => undefined); // "close" follows, and tells.
        channel.end(script);
      });
    });
  }

  close(): void {
    this.client.end();
    this.jump?.end();
  }
}

/** Dials until it succeeds, or the error is one that another try cannot mend, or the tries are used up. */
async function dialPatiently(
  name: string,
  endpoint: Endpoint,
  trust: Connection,
  attempts: number,
  through?: Client,
): Promise<Client> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await dial(name, endpoint, trust, through);
    } catch (error) {
      if (!(error instanceof TransientDialError)) throw error;
      if (attempt >= attempts) {
        throw new NetworkError(name, `cannot be reached at ${endpoint.host}:${endpoint.port}`, {
          output: `${error.message}${attempts > 1 ? ` (${attempts} attempts)` : ""}`,
          advice: `check that the host is up, and that \`ssh -p ${endpoint.port} ${endpoint.user}@${endpoint.host}\` works from here`,
        });
      }
      await new Promise((wake) => setTimeout(wake, Math.min(250 * 2 ** attempt, 5_000)));
    }
  }
}

/** The network's fault, and so perhaps gone in a moment. */
class TransientDialError extends Error {}

async function dial(name: string, endpoint: Endpoint, trust: Connection, through?: Client): Promise<Client> {
  const known =
    endpoint.hostKey === undefined ? readKnownHostKeys(endpoint.host, endpoint.port) : givenKey(name, endpoint.hostKey);
  let refusal: UnreachableError | undefined;
  const config: ConnectConfig = {
    host: endpoint.host,
    port: endpoint.port,
    username: endpoint.user,
    password: endpoint.privateKey === undefined ? endpoint.password : undefined,
    privateKey: endpoint.privateKey,
    passphrase: endpoint.privateKeyPassword,
    agent: endpoint.agentSocketPath ?? process.env["SSH_AUTH_SOCK"],
    readyTimeout: endpoint.perDialTimeout * 1000,
    ...keepalive,
    algorithms: known.length > 0 ? { serverHostKey: algorithmsFor(known) } : undefined,
    hostVerifier: (wire: Buffer) => {
      const key = hostKeyOf(wire);
      if (trust.insecureIgnoreHostKey || known.some((one) => one.base64 === key.base64)) return true;
      refusal = hostKeyRefusal(name, endpoint, key, known);
      return false;
    },
  };
  if (through !== undefined) {
    config.sock = await new Promise((resolve, reject) => {
      through.forwardOut("127.0.0.1", 0, endpoint.host, endpoint.port, (error, channel) => {
        if (error) reject(new TransientDialError(error.message));
        else resolve(channel);
      });
    });
  }
  const client = new Client();
  // Else each small packet waits until the one before it was acknowledged, which hosts put off for 40 ms.
  client.once("connect", () => client.setNoDelay(true));
  return new Promise((resolve, reject) => {
    client.once("ready", () => {
      client.removeAllListeners("error");
      resolve(client);
    });
    client.on("error", (error: Error & { level?: string }) => {
      client.destroy();
      reject(refusal ?? dialError(name, endpoint, error));
    });
    try {
      client.connect(config);
    } catch (error) {
      // ssh2 throws at once for a key that cannot be read. Its message never holds the key.
      reject(
        new UnreachableError(name, "the private key in `connection` cannot be used", {
          output: error instanceof Error ? error.message : String(error),
          advice: "check `connection.privateKey` and `connection.privateKeyPassword`",
        }),
      );
    }
  });
}

function givenKey(name: string, text: string): HostKey[] {
  const key = parseHostKey(text);
  if (key === undefined) {
    throw new UnreachableError(name, "`connection.hostKey` is no public host key", {
      advice: "give it as ssh-keyscan prints it: `ssh-ed25519 AAAA…`",
    });
  }
  return [key];
}

/** Ask sshd for a key of a type that we know, or it may show another of its keys, which we then would have to refuse. */
function algorithmsFor(known: readonly HostKey[]): ServerHostKeyAlgorithm[] {
  const algorithms = known.flatMap(({ type }) =>
    type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] : [type],
  );
  return [...new Set(algorithms)] as ServerHostKeyAlgorithm[];
}

function hostKeyRefusal(name: string, endpoint: Endpoint, key: HostKey, known: readonly HostKey[]): UnreachableError {
  const shown = `${key.type} ${fingerprint(key)}`;
  const give = `compare it with what \`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\` says on the host; if it is the same, put this into the configuration: connection.hostKey: "${key.type} ${key.base64}"`;
  if (known.length === 0) {
    return new UnreachableError(name, `the host key of ${endpoint.host}:${endpoint.port} is not known: ${shown}`, {
      advice: `${give} (or add it to known_hosts)`,
    });
  }
  return new UnreachableError(
    name,
    `the host key of ${endpoint.host}:${endpoint.port} is not the one that is known: ${shown}`,
    {
      output: `known: ${known.map((one) => `${one.type} ${fingerprint(one)}`).join(", ")}`,
      advice: `somebody may be in between. If the host was reinstalled: ${give}`,
    },
  );
}

function dialError(name: string, endpoint: Endpoint, error: Error & { level?: string }): Error {
  const who = `${endpoint.user}@${endpoint.host}:${endpoint.port}`;
  if (error.level === "client-authentication") {
    return new UnreachableError(name, `${who} refused every way to log in that \`connection\` gives`, {
      output: error.message,
      advice:
        "check `connection.user` and the key or password; the public key must stand in that user's authorized_keys",
    });
  }
  if (error.level === "agent") {
    return new UnreachableError(name, "the SSH agent could not be used", {
      output: error.message,
      advice: "check `connection.agentSocketPath` (or SSH_AUTH_SOCK), or give `connection.privateKey`",
    });
  }
  if (/no matching .*host key/i.test(error.message)) {
    return new UnreachableError(name, `${endpoint.host} has no host key of the type that is known for it`, {
      output: error.message,
      advice: "compare the host's keys (ssh-keyscan) with known_hosts or `connection.hostKey`",
    });
  }
  return new TransientDialError(error.message);
}
