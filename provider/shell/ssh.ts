import { Client, type ClientChannel, type ConnectConfig, type ServerHostKeyAlgorithm } from "ssh2";

import type { Connection, Endpoint } from "../core/connection";
import { HostError, NetworkError, UnreachableError } from "./errors";
import { fingerprint, hostKeyOf, parseHostKey, readKnownHostKeys, type HostKey } from "./host-keys";
import { RemoteShell, type RemoteResult } from "./remote-shell";

export interface RunOptions {
  /** Seconds without a line of output, or in all when nothing is printed, after which we stop waiting. */
  readonly timeoutSeconds: number;
  /** Seconds after which we stop waiting although the host goes on talking. */
  readonly inAllSeconds?: number;
  /** Each line of standard output as it arrives. */
  readonly onLine?: (line: string) => void;
}

/** More output than any of our scripts makes: a host that sends it is not answering what we asked. */
const outputLimit = 32 * 1024 * 1024;
const keepalive = { keepaliveInterval: 5_000, keepaliveCountMax: 4 };

/** One open SSH connection, with as many shells as there were scripts at once. */
export class Session {
  private lost: Error | undefined;
  private readonly idle: RemoteShell[] = [];

  private constructor(
    readonly name: string,
    private readonly client: Client,
    private readonly connection: Connection,
    private readonly jump?: Client,
  ) {
    client.on("error", (error: Error) => (this.lost ??= error));
    jump?.on("error", (error: Error) => (this.lost ??= new Error(`the proxy: ${error.message}`)));
    client.on("close", () => {
      this.lost ??= new Error("the connection was closed");
      jump?.end();
    });
  }

  get open(): boolean {
    return this.lost === undefined;
  }

  /** Connects and proves the host's key. Dial errors are borne as often as the connection says, and `atMost` times. */
  static async connect(name: string, connection: Connection, atMost = Infinity): Promise<Session> {
    const { proxy, insecureIgnoreHostKey: ignoreHostKey } = connection;
    const hop: Hop = { name, endpoint: connection, place: "connection", ignoreHostKey };
    if (proxy === undefined) return new Session(name, await dialPatiently(hop, atMost), connection);
    const first: Hop = { ...hop, name: `${name} (proxy ${proxy.host})`, endpoint: proxy, place: "connection.proxy" };
    const jump = await dialPatiently(first, atMost);
    try {
      return new Session(name, await dialPatiently({ ...hop, through: jump }, atMost), connection, jump);
    } catch (error) {
      jump.end();
      throw error;
    }
  }

  /** Runs a POSIX shell script, beside others that run. */
  run(script: string, { timeoutSeconds, inAllSeconds, onLine }: RunOptions): Promise<RemoteResult> {
    return new Promise((resolve, reject) => {
      let deadline: NodeJS.Timeout | undefined;
      let settled = false;
      let sent = false;
      let size = 0;
      const settle = () => {
        settled = true;
        clearTimeout(deadline);
        clearTimeout(end);
        this.client.removeListener("close", onLost);
      };
      const fail = (what: string) => {
        settle();
        reject(
          new HostError(this.name, what, {
            nothingRan: !sent,
            advice: "look at the host, then run `pulumi up` again: it goes on from what is there",
          }),
        );
      };
      const onLost = () => {
        fail(`the connection was lost while a command was running (${this.lost?.message ?? "no reason given"})`);
      };
      const giveUp = (what: string) => {
        this.client.destroy();
        fail(what);
      };
      const patience = () => {
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
      this.client.once("close", onLost);
      patience();
      const begin = async (shell: RemoteShell) => {
        if (settled) return;
        const heard = (characters: number) => {
          if (settled) return; // What was given up on still talks for a while.
          patience();
          size += characters;
          if (size <= outputLimit) return;
          shell.destroy();
          fail(`more than ${outputLimit / 1024 / 1024} MiB of output, which is not an answer to what was asked`);
        };
        sent = true;
        const result = await shell.run(script, { heard, onLine });
        settle();
        if (shell.ready) this.idle.push(shell);
        resolve(result);
      };
      this.shell().then(begin, (error: unknown) => {
        fail(`no command could be started (${error instanceof Error ? error.message : String(error)})`);
      });
    });
  }

  /** One that waits for a script, or a new one. */
  private async shell(): Promise<RemoteShell> {
    for (let shell = this.idle.pop(); shell !== undefined; shell = this.idle.pop()) if (shell.ready) return shell;
    // A connection that is half closed throws here: it has not told of its end yet.
    return RemoteShell.open(this.client, this.connection.user === "root" ? "sh -s" : "sudo -n sh -s");
  }

  close(): void {
    this.client.end();
    this.jump?.end();
  }
}

/** One connection to make, and what its errors call it. */
interface Hop {
  readonly name: string;
  readonly endpoint: Endpoint;
  /** Where the endpoint stands in the configuration. */
  readonly place: "connection" | "connection.proxy";
  readonly ignoreHostKey: boolean;
  readonly through?: Client;
}

/** Dials until it succeeds, or the error is one that another try cannot mend, or the tries are used up. */
async function dialPatiently(hop: Hop, atMost: number): Promise<Client> {
  const { host, port, user, dialErrorLimit } = hop.endpoint;
  const attempts = Math.min(atMost, dialErrorLimit < 0 ? Infinity : Math.max(1, dialErrorLimit));
  for (let attempt = 1; ; attempt++) {
    try {
      return await dial(hop);
    } catch (error) {
      if (!(error instanceof TransientDialError)) throw error;
      if (attempt >= attempts) {
        throw new NetworkError(hop.name, `cannot be reached at ${host}:${port}`, {
          output: `${error.message}${attempts > 1 ? ` (${attempts} attempts)` : ""}`,
          advice: `check that the host is up, and that \`ssh -p ${port} ${user}@${host}\` works from here`,
        });
      }
      await new Promise((wake) => setTimeout(wake, Math.min(250 * 2 ** attempt, 5_000)));
    }
  }
}

/** The network's fault, and so perhaps gone in a moment. */
class TransientDialError extends Error {}

async function dial(hop: Hop): Promise<Client> {
  const { name, endpoint, place, ignoreHostKey, through } = hop;
  const known = endpoint.hostKey === undefined ? readKnownHostKeys(endpoint.host, endpoint.port) : givenKey(hop);
  let refusal: UnreachableError | undefined;
  const config: ConnectConfig = {
    host: endpoint.host,
    port: endpoint.port,
    username: endpoint.user,
    password: endpoint.password,
    privateKey: endpoint.privateKey,
    passphrase: endpoint.privateKeyPassword,
    agent: agentOf(endpoint),
    tryKeyboard: endpoint.password !== undefined,
    // A key is preferred to the password, and an agent may hold many keys: hosts let no one try for long.
    authHandler: ["none", "publickey", "password", "keyboard-interactive", "agent"],
    readyTimeout: endpoint.perDialTimeout * 1000,
    ...keepalive,
    algorithms: ignoreHostKey ? undefined : algorithmsFor(known),
    hostVerifier: (wire: Buffer) => {
      const key = hostKeyOf(wire);
      if (ignoreHostKey || known.some((one) => one.base64 === key.base64)) return true;
      refusal = hostKeyRefusal(hop, key, known);
      return false;
    },
  };
  const channel = through && (await forward(through, endpoint));
  const client = new Client();
  // Else each small packet waits until the one before it was acknowledged, which hosts put off for 40 ms.
  client.once("connect", () => client.setNoDelay(true));
  // Where a host takes passwords by PAM alone, it asks for them this way.
  client.on("keyboard-interactive", (_name, _instructions, _language, prompts, answer) => {
    answer(prompts.map(() => endpoint.password ?? ""));
  });
  return new Promise((resolve, reject) => {
    let agentTrouble: string | undefined;
    const fail = (error: Error) => {
      client.destroy();
      channel?.destroy();
      reject(error);
    };
    client.once("ready", () => {
      resolve(client);
    });
    // Both stay: an error that nobody listens to would end the process.
    client.on("error", (error: Error & { level?: string }) => {
      // Then there are no keys of an agent's; the other ways to log in still count.
      if (error.level === "agent") agentTrouble = error.message;
      else fail(refusal ?? dialError(hop, error, agentTrouble));
    });
    client.on("close", () => {
      fail(new TransientDialError("the connection was closed before the login was done"));
    });
    try {
      client.connect({ ...config, sock: channel });
    } catch (error) {
      // ssh2 throws at once for a key that cannot be read. Its message never holds the key.
      fail(
        new UnreachableError(name, `the private key in \`${place}.privateKey\` cannot be used`, {
          output: error instanceof Error ? error.message : String(error),
          advice: `check \`${place}.privateKey\` and \`${place}.privateKeyPassword\``,
        }),
      );
    }
  });
}

/** Has a proxy connect to the host, in the time that one dial has. */
function forward(through: Client, { host, port, perDialTimeout }: Endpoint): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    let late = false;
    const fail = (message: string) => {
      clearTimeout(deadline);
      reject(new TransientDialError(message));
    };
    const deadline =
      perDialTimeout > 0
        ? setTimeout(() => {
            late = true;
            fail(`the proxy had not connected after ${perDialTimeout} s`);
          }, perDialTimeout * 1000)
        : undefined;
    try {
      through.forwardOut("127.0.0.1", 0, host, port, (error, channel) => {
        if (error !== undefined) fail(`the proxy does not connect: ${error.message}`);
        else if (late) channel.destroy();
        else {
          clearTimeout(deadline);
          resolve(channel);
        }
      });
    } catch (error) {
      fail(`the proxy is gone: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
}

function givenKey({ name, place, endpoint }: Hop): HostKey[] {
  const key = parseHostKey(endpoint.hostKey ?? "");
  if (key === undefined) {
    throw new UnreachableError(name, `\`${place}.hostKey\` is no public host key`, {
      advice: "give it as ssh-keyscan prints it: `ssh-ed25519 AAAA…`",
    });
  }
  return [key];
}

/** The types of host keys that ssh2 can prove, each with how its signatures are called. */
const keyTypes: Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>> = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"],
};

/** Ask sshd for a key of a type that we know, or it may show another of its keys, which we then would have to refuse. */
function algorithmsFor(known: readonly HostKey[]): ConnectConfig["algorithms"] {
  const algorithms = known.flatMap(({ type }) => keyTypes[type] ?? []);
  return algorithms.length === 0 ? undefined : { serverHostKey: [...new Set(algorithms)] };
}

function hostKeyRefusal({ name, place, endpoint }: Hop, key: HostKey, known: readonly HostKey[]): UnreachableError {
  const shown = `${key.type} ${fingerprint(key)}`;
  const file = `/etc/ssh/ssh_host_${/rsa|ecdsa/.exec(key.type)?.[0] ?? "ed25519"}_key.pub`;
  const give = `compare it with what \`ssh-keygen -lf ${file}\` says on the host; if it is the same, put this into the configuration: ${place}.hostKey: "${key.type} ${key.base64}"`;
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

function agentOf({ agentSocketPath }: Endpoint): string | undefined {
  const path = agentSocketPath ?? process.env["SSH_AUTH_SOCK"];
  return path === "" ? undefined : path;
}

function dialError(hop: Hop, error: Error & { level?: string }, agentTrouble: string | undefined): Error {
  const { name, place, endpoint } = hop;
  // sshd cuts the talk short after MaxAuthTries. Dialling on may lock the user out for a while.
  if (error.level === "client-authentication" || /too many authentication failures/i.test(error.message)) {
    return loginRefused(hop, error.message, agentTrouble);
  }
  if (/no matching .*host key/i.test(error.message)) {
    return new UnreachableError(name, `${endpoint.host} has no host key of the type that is known for it`, {
      output: error.message,
      advice: `compare the host's keys (ssh-keyscan) with known_hosts or \`${place}.hostKey\``,
    });
  }
  return new TransientDialError(error.message);
}

function loginRefused(
  { name, place, endpoint }: Hop,
  said: string,
  agentTrouble: string | undefined,
): UnreachableError {
  const { user, host, port, privateKey, password } = endpoint;
  const agent = agentOf(endpoint);
  const who = `${user}@${host}:${port}`;
  const given = privateKey !== undefined || password !== undefined;
  if (!given && agent === undefined) {
    return new UnreachableError(name, `\`${place}\` gives no way to log in as ${who}`, {
      advice: `give \`${place}.privateKey\` or \`${place}.password\`, or have an SSH agent run (SSH_AUTH_SOCK)`,
    });
  }
  const trouble = agentTrouble === undefined ? "" : `the SSH agent at ${agent ?? ""}: ${agentTrouble}`;
  if (!given && trouble !== "") {
    return new UnreachableError(name, "the SSH agent could not be used", {
      output: trouble,
      advice: `check \`${place}.agentSocketPath\` (or SSH_AUTH_SOCK), or give \`${place}.privateKey\``,
    });
  }
  return new UnreachableError(name, `${who} refused every way to log in that \`${place}\` gives`, {
    output: trouble === "" ? said : `${said}\n${trouble}`,
    advice: `check \`${place}.user\` and the key or password; the public key must stand in that user's authorized_keys`,
  });
}
