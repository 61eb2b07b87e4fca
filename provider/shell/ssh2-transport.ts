import { Client, type ClientChannel, type ConnectConfig, type ServerHostKeyAlgorithm } from "ssh2";
import { DEFAULT_KEX } from "ssh2/lib/protocol/constants.js";

import type { Connection, Endpoint } from "../core/wanted/connection";
import { dialPatiently, TransientDialError, UnknownNameError } from "./dial";
import { UnreachableError } from "./error-classes";
import { hostKeyRefusal } from "./host-key-refusal";
import { hostKeyOf, parseHostKey, readKnownHostKeys, type HostKey } from "./host-keys";
import { usableKey } from "./private-key";
import type { Channel, Transport } from "./transport";

const keepalive = { keepaliveInterval: 5_000, keepaliveCountMax: 4 };

/** SSH in this process, for keys and passwords that only Pulumi has, and where there is no `ssh`. */
export async function connectSsh2(name: string, connection: Connection, atMost: number): Promise<Transport> {
  const way = new Ssh2Transport(name, connection);
  await way.connect(atMost);
  return way;
}

/** One TCP connection to the host, or, where the host wants it so, one for each shell. */
class Ssh2Transport implements Transport {
  private readonly clients: { readonly client: Client; channels: number }[] = [];
  private readonly jumps: Client[] = [];
  private why: Error | undefined;
  private lost: (why: Error) => void = () => undefined;

  constructor(
    private readonly name: string,
    private readonly connection: Connection,
  ) {}

  async connect(atMost: number): Promise<void> {
    const { proxy, insecureIgnoreHostKey: ignoreHostKey } = this.connection;
    const hop: Hop = { name: this.name, endpoint: this.connection, place: "connection", ignoreHostKey };
    if (proxy === undefined) {
      this.add(await dialSsh2(hop, atMost));
      return;
    }
    const name = `${this.name} (proxy ${proxy.host})`;
    const jump = await dialSsh2({ ...hop, name, endpoint: proxy, place: "connection.proxy" }, atMost);
    try {
      this.add(await dialSsh2({ ...hop, through: jump }, atMost));
    } catch (error) {
      jump.end();
      throw error;
    }
    this.jumps.push(jump);
    jump.on("error", (error: Error) => {
      this.lose(new Error(`the proxy: ${error.message}`));
    });
    if (this.why !== undefined) jump.end();
  }

  private add(client: Client): void {
    this.clients.push({ client, channels: 0 });
    client.on("error", (error: Error) => {
      this.lose(error);
    });
    client.on("close", () => {
      this.lose(new Error("the connection was closed"));
      this.close();
    });
  }

  private lose(why: Error): void {
    if (this.why !== undefined) return;
    this.why = why;
    this.lost(why);
  }

  async start(command: string): Promise<Channel> {
    let refused: unknown;
    for (const one of this.clients) {
      try {
        return await open(one, command);
      } catch (error) {
        refused = error;
      }
    }
    // sshd's MaxSessions: where it is 1, each shell needs a connection of its own.
    if (!isRefusal(refused) || this.clients.every(({ channels }) => channels === 0)) throw refused;
    await this.connect(1);
    const last = this.clients.at(-1);
    if (last === undefined) throw refused;
    return open(last, command);
  }

  onLost(listener: (why: Error) => void): void {
    this.lost = listener;
    if (this.why !== undefined) listener(this.why);
  }

  close(): void {
    for (const { client } of this.clients) client.end();
    for (const jump of this.jumps) jump.end();
  }

  destroy(): void {
    for (const { client } of this.clients) client.destroy();
    for (const jump of this.jumps) jump.end();
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && /Channel open failure/.test(error.message);
}

function open(one: { readonly client: Client; channels: number }, command: string): Promise<Channel> {
  return new Promise((resolve, reject) => {
    one.channels++;
    // A connection that is half closed throws here: it has not told of its end yet.
    one.client.exec(command, (error, channel) => {
      if (error !== undefined) {
        one.channels--;
        const none = isRefusal(error) && one.channels === 0;
        reject(none ? new Error(`${error.message}: see MaxSessions in the host's sshd_config`) : error);
        return;
      }
      let exit: number | null = null;
      channel.on("exit", (code: number | null) => (exit = code));
      channel.on("error", () => undefined); // "close" follows, and tells.
      channel.on("close", () => one.channels--);
      resolve({
        stdin: channel,
        stdout: channel,
        stderr: channel.stderr,
        onEnd: (listener) => {
          channel.on("close", () => {
            listener(exit);
          });
        },
        destroy: () => channel.destroy(),
      });
    });
  });
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

function dialSsh2(hop: Hop, atMost: number): Promise<Client> {
  const { name, endpoint } = hop;
  const where = `${endpoint.host}:${portOf(endpoint)}`;
  return dialPatiently({ name, endpoint, where, advice: dialAdvice(hop) }, atMost, () => dial(hop));
}

/** What `ssh` can do and this cannot is said, and never that `ssh` should work: it may well. */
function dialAdvice({ place, endpoint }: Hop): string {
  const own = [
    ...(endpoint.privateKey === undefined ? [] : ["privateKey"]),
    ...(endpoint.password === undefined ? [] : ["password"]),
  ];
  const config =
    own.length === 0
      ? noSshHere
      : `~/.ssh/config (aliases, ProxyJump, …) is not read where \`${place}\` has a ${own.join(" and a ")}: without ${own.length > 1 ? "them" : "it"}, \`ssh\` itself is used`;
  return `check that the host is up, and that ${endpoint.host} and port ${portOf(endpoint)} are reached from here. ${config}`;
}

const noSshHere =
  "There is no `ssh` program here (openssh-client): without it, ~/.ssh/config, certificates and FIDO keys are not used";

const portOf = ({ port }: Endpoint): number => port ?? 22;
const userOf = ({ user }: Endpoint): string => user ?? "root";

async function dial(hop: Hop): Promise<Client> {
  const { name, endpoint, place, ignoreHostKey, through } = hop;
  const known = endpoint.hostKey === undefined ? readKnownHostKeys(endpoint.host, portOf(endpoint)) : givenKey(hop);
  const key = keyOf(hop);
  let refusal: UnreachableError | undefined;
  const config: ConnectConfig = {
    host: endpoint.host,
    port: portOf(endpoint),
    username: userOf(endpoint),
    password: endpoint.password,
    privateKey: key?.text,
    passphrase: key?.passphrase,
    agent: agentOf(endpoint),
    tryKeyboard: endpoint.password !== undefined,
    // A key is preferred to the password, and an agent may hold many keys: hosts let no one try for long.
    authHandler: ["none", "publickey", "password", "keyboard-interactive", "agent"],
    readyTimeout: endpoint.perDialTimeout * 1000,
    ...keepalive,
    algorithms: ignoreHostKey ? undefined : algorithmsFor(known),
    hostVerifier: (wire: Buffer) => {
      const shown = hostKeyOf(wire);
      if (ignoreHostKey || known.some((one) => one.base64 === shown.base64)) return true;
      refusal = hostKeyRefusal({ name, place, where: `${endpoint.host}:${portOf(endpoint)}` }, shown, known);
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
    client.connect({ ...config, sock: channel });
  });
}

/** The private key as ssh2 reads it. Its text is in no error. */
function keyOf({ name, place, endpoint }: Hop): { readonly text: string; readonly passphrase?: string } | undefined {
  const { privateKey, privateKeyPassword } = endpoint;
  if (privateKey === undefined) return undefined;
  const key = usableKey(privateKey, privateKeyPassword);
  if (!("fault" in key)) return key;
  throw new UnreachableError(name, `the private key in \`${place}.privateKey\` cannot be used`, {
    output: key.fault,
    advice: key.way ?? `check \`${place}.privateKey\` and \`${place}.privateKeyPassword\``,
  });
}

/** Has a proxy connect to the host, in the time that one dial has. */
function forward(through: Client, { host, port = 22, perDialTimeout }: Endpoint): Promise<ClientChannel> {
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
  // The host refuses, and will refuse again.
  if (/no matching /i.test(error.message)) {
    const kex = /key exchange/i.test(error.message) ? `: ${DEFAULT_KEX.join(", ")}` : "";
    return new UnreachableError(name, `the SSH server of ${endpoint.host} wants what our SSH library has not`, {
      output: `${error.message}${kex === "" ? "" : `; the library has${kex}`}`,
      advice: `leave \`privateKey\` and \`password\` out of \`${place}\`, so that the system's \`ssh\` is used, with its own keys or an SSH agent's; or let sshd have one that both know`,
    });
  }
  return /ENOTFOUND/.test(error.message) ? new UnknownNameError(error.message) : new TransientDialError(error.message);
}

function loginRefused(
  { name, place, endpoint }: Hop,
  said: string,
  agentTrouble: string | undefined,
): UnreachableError {
  const { host, privateKey, password } = endpoint;
  const agent = agentOf(endpoint);
  const who = `${userOf(endpoint)}@${host}:${portOf(endpoint)}`;
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
    advice: `check \`${place}.user\` and the key or password; the public key must stand in that user's authorized_keys.${given ? "" : ` ${noSshHere}`}`,
  });
}
