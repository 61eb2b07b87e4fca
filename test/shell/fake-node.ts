import { spawn, type ChildProcess } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Server as TcpServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Server,
  utils,
  type AuthContext,
  type Connection as Peer,
  type ParsedKey,
  type ServerChannel,
  type ServerConfig,
} from "ssh2";
import type { Connection } from "../../provider/core/wanted/connection";
import { runFolder } from "../../provider/core/config/paths";
import { Host } from "../../provider/shell/host";
import { SshRemote } from "../../provider/shell/ssh-remote";

export type KeyPair = ReturnType<typeof utils.generateKeyPairSync>;

/** ssh2 makes keys that it cannot read itself, once in some hundred times: another one then. */
export function keyPair(type: "ed25519" | "ecdsa" | "rsa" = "ed25519", passphrase?: string): KeyPair {
  const lock = passphrase === undefined ? {} : { passphrase, cipher: "aes256-cbc", rounds: 4 };
  const bits = { ed25519: undefined, ecdsa: 256, rsa: 2048 }[type];
  for (;;) {
    const key = utils.generateKeyPairSync(type as "rsa", { bits, ...lock } as { bits: number });
    if (!(utils.parseKey(key.private, passphrase) instanceof Error)) return key;
  }
}

/** A script that arrived at a shell. */
export interface Exec {
  /** What the shell was started by. */
  readonly command: string;
  readonly script: string;
  /** A script as the shell is to read it, with what tells its end. */
  readonly handedOver: (script: string) => string;
  /** The shell's. Whoever closes it ends the shell. */
  readonly channel: ServerChannel;
  /** Says that the script has ended, and not the shell. */
  readonly end: (exit: number) => void;
  /** Cuts the TCP connection that the command came over, without a word. */
  readonly hangUp: () => void;
}

/** What the node does with a script. */
export type Answer = (exec: Exec, node: FakeNode) => void;

/** The same text whatever is asked. */
export function says(stdout: string, { stderr = "", exit = 0 } = {}): Answer {
  return ({ channel, end }) => {
    channel.stderr.write(stderr);
    channel.write(stdout);
    end(exit);
  };
}

/** The script is taken, and then nothing is heard of it. */
export const silence: Answer = () => undefined;

/** The script is never run: the connection ends instead. */
export const hangsUp: Answer = ({ hangUp }) => {
  hangUp();
};

/**
 * Runs the shell with the machine's own `sh`, in the node's folder, with a `sudo` of our own before the real one. Only for
 * scripts that were written for it: what the provider does to hosts is not to be done to this machine.
 */
export const realShell: Answer = (exec, node) => {
  node.feed(exec);
};

/** Looks are answered as they are given here; all else runs in a shell of this machine's. */
export const realShellOr =
  (looks: Answer): Answer =>
  (exec, node) => {
    (exec.script.includes("\nprobe </dev/null; exit 0") ? looks : realShell)(exec, node);
  };

/** As little as a host can say. */
const emptyFiles = "files\n/proc/self/mountinfo\x0022 1 254:0 / / rw - ext4 /dev/vda rw\n/proc/uptime\x00100.00 190.00";

export const emptyProbe = (nonce: string) =>
  [
    "format 1",
    emptyFiles,
    "exit 2",
    "boottime\n1700000000",
    "exit 0",
    'blocks\n{"blockdevices": []}',
    "exit 0",
    "modinfo",
    "exit 1",
    "links",
    "exit 0",
    "names",
    "exit 0",
    "end",
  ]
    .map((section) => `\n@${nonce} ${section}\n`)
    .join("");

/** Answers a look at the host as a machine with nothing on it, or with another text made for the question's nonce. */
export function probed(text: (nonce: string, script: string) => string = emptyProbe): Answer {
  return (exec, node) => {
    says(text(nonceOf(exec.script), exec.script))(exec, node);
  };
}

function nonceOf(script: string): string {
  const nonce = /^nonce=([0-9a-f]{18})$/m.exec(script)?.[1];
  if (nonce === undefined) throw new Error("no probe in this script");
  return nonce;
}

/** Runs it, and cuts the connection soon after a file of that name is there. What was started goes on, as with sshd. */
export function realShellUntil(file: string): Answer {
  return (exec, node) => {
    const child = node.feed(exec);
    const look = setInterval(() => {
      if (!existsSync(join(node.folder, file))) return;
      clearInterval(look);
      // What was printed before is still on its way.
      setTimeout(() => {
        child.stdout?.destroy();
        exec.hangUp();
      }, 100);
    }, 5);
    child.on("close", () => {
      clearInterval(look);
    });
  };
}

interface Options {
  readonly hostKeys?: readonly KeyPair[];
  readonly algorithms?: ServerConfig["algorithms"];
  readonly sudo?: "works" | "asks" | "is missing";
}

/** A host with an SSH server of its own on a free port of the loopback, in this process. Says what it saw. */
export class FakeNode {
  user = "root";
  password: string | undefined = "correct horse";
  /** Takes the password by keyboard-interactive alone, as some PAM set-ups do. */
  keyboardOnly = false;
  /** Public keys that may log in, as in authorized_keys. */
  authorized: string[] = [];
  answer: Answer = says("");
  /** Ways to log in that are borne before the node ends the connection, as sshd's MaxAuthTries. */
  mostTries = Infinity;
  /** Something done to each TCP connection instead of SSH; returns whether SSH may have it after all. */
  onSocket: (socket: Socket, dial: number) => boolean = () => true;
  /** The shell says itself who it is, by the machine's own `sh`; else the node says that it is root's. */
  greets = false;
  /** The uid of shells that greet. */
  uid = 0;
  /** Shells that one connection may have at once, as sshd's MaxSessions. */
  mostSessions = Infinity;
  /** Variables of the login. */
  environment: Record<string, string> = {};
  /** Lets clients in, and gives them no command, as an account for forwarding alone. */
  refusesCommands = false;
  /** As a proxy: whether connections to elsewhere are opened, refused, or left hanging. */
  forwards: "yes" | "no" | "never" = "no";
  /** Milliseconds for which the first of them is kept waiting. */
  firstForwardAfter = 0;

  /** TCP connections so far. */
  dials = 0;
  /** Ways to log in that were tried, in their order; `none` is how a client asks which there are. */
  readonly tried: string[] = [];
  /** What shells were started by. */
  readonly commands: string[] = [];
  readonly scripts: string[] = [];
  readonly folder = mkdtempSync(join(tmpdir(), "pulumi-drbd-test-fake-node-"));
  private readonly sockets = new Set<Socket>();
  private readonly children = new Set<ChildProcess>();
  private readonly greetings = new WeakMap<ServerChannel, string>();
  private readonly shells = new WeakMap<ServerChannel, ChildProcess>();
  private readonly tcp: TcpServer;
  readonly hostKeys: readonly KeyPair[];

  private constructor({ hostKeys = [keyPair()], sudo = "works", algorithms }: Options) {
    this.hostKeys = hostKeys;
    this.putSudo(sudo);
    const ssh = new Server({ hostKeys: hostKeys.map((key) => key.private), algorithms }, () => undefined);
    let socket: Socket | undefined;
    ssh.on("connection", (peer) => {
      this.serve(peer, socket!);
    });
    this.tcp = createServer((incoming) => {
      this.dials++;
      this.sockets.add(incoming);
      incoming.on("close", () => this.sockets.delete(incoming)).on("error", () => undefined);
      if (!this.onSocket(incoming, this.dials)) {
        incoming.resume(); // Or its end would never be seen.
        return;
      }
      incoming.setNoDelay(); // As sshd does it.
      socket = incoming;
      ssh.injectSocket(incoming);
    });
  }

  static async start(options: Options = {}): Promise<FakeNode> {
    const node = new FakeNode(options);
    await new Promise<void>((resolve) => node.tcp.listen(0, "127.0.0.1", resolve));
    running.push(node);
    return node;
  }

  get port(): number {
    return (this.tcp.address() as AddressInfo).port;
  }

  /** SSH connections that are open now. */
  get open(): number {
    return this.sockets.size;
  }

  /** Resolves when the last connection has ended. */
  async left(): Promise<void> {
    while (this.sockets.size > 0) await new Promise((wake) => setTimeout(wake, 5));
  }

  /** Resolves when the last script has ended. */
  async idle(): Promise<void> {
    while (this.children.size > 0) await new Promise((wake) => setTimeout(wake, 5));
  }

  /** How to get in, with the password and the host's key. */
  connection(changes: Partial<Connection> = {}): Connection {
    return {
      host: "127.0.0.1",
      port: this.port,
      user: this.user,
      password: this.password,
      hostKey: this.hostKeys[0]!.public,
      dialErrorLimit: 5,
      perDialTimeout: 10,
      insecureIgnoreHostKey: false,
      ...changes,
    };
  }

  async stop(): Promise<void> {
    // Each with its children: a group of its own (spawn, below).
    for (const { pid } of this.children) {
      try {
        if (pid !== undefined) process.kill(-pid, "SIGKILL");
      } catch {
        // It has ended in this moment.
      }
    }
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.tcp.close(resolve));
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Cuts every connection with a reset, as a host does that has forgotten it. */
  reset(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  /** Hands a script to the channel's own shell, which is started with the first. */
  feed({ command, script, handedOver, channel }: Exec): ChildProcess {
    let child = this.shells.get(channel);
    if (child === undefined) {
      child = this.spawn(command, channel);
      const status = join(this.folder, "status");
      writeFileSync(status, `Name:\tsh\nUid:\t${this.uid}\t${this.uid}\t${this.uid}\t${this.uid}\n`);
      if (this.greets) child.stdin?.write((this.greetings.get(channel) ?? "").replaceAll("/proc/self/status", status));
    }
    // The lock is this machine's, and another test's too.
    child.stdin?.write(handedOver(script).replaceAll(runFolder, this.folder));
    return child;
  }

  private spawn(command: string, channel: ServerChannel): ChildProcess {
    const env = { ...this.environment, PATH: `${join(this.folder, "bin")}:${process.env["PATH"] ?? "/usr/bin:/bin"}` };
    const child = spawn("sh", ["-c", command], { cwd: this.folder, env, stdio: "pipe", detached: true });
    this.shells.set(channel, child);
    this.children.add(child);
    child.on("exit", () => this.children.delete(child));
    child.stdin.on("error", () => undefined); // A shell that ends before it has read a script.
    child.stdout.on("data", (bytes: Buffer) => channel.write(bytes));
    child.stderr.on("data", (bytes: Buffer) => channel.stderr.write(bytes));
    child.on("close", (code) => {
      channel.exit(code ?? 255);
      channel.end();
    });
    channel.on("close", () => child.stdin.end());
    return child;
  }

  private putSudo(sudo: "works" | "asks" | "is missing"): void {
    const bin = join(this.folder, "bin");
    mkdirSync(bin);
    const text = {
      works: '[ "$1" = -n ] || exit 64; shift; BECAME_ROOT=yes exec "$@"',
      asks: 'echo "sudo: a password is required" >&2; exit 1',
      "is missing": 'echo "sh: 1: sudo: not found" >&2; exit 127',
    };
    writeFileSync(join(bin, "sudo"), `#!/bin/sh\n${text[sudo]}\n`);
    chmodSync(join(bin, "sudo"), 0o755);
  }

  private serve(peer: Peer, socket: Socket): void {
    let tries = 0;
    let sessions = 0;
    peer.on("authentication", (context) => {
      this.tried.push(context.method);
      if (context.method !== "none" && ++tries > this.mostTries) disconnect(peer, "Too many authentication failures");
      else this.authenticate(context);
    });
    peer.on("error", () => undefined); // A client that leaves in the middle of the handshake.
    peer.on("session", (acceptSession, rejectSession) => {
      if (sessions >= this.mostSessions) {
        rejectSession();
        return;
      }
      sessions++;
      acceptSession().on("exec", (accept, reject, { command }) => {
        if (this.refusesCommands) {
          reject();
          return;
        }
        const channel = accept();
        this.commands.push(command);
        let arrived = "";
        channel.on("error", () => undefined).on("close", () => sessions--);
        channel.setEncoding("utf8");
        channel.on("data", (text: string) => {
          arrived += text;
          if (!this.greetings.has(channel)) {
            const [whole, words] = /^(?:printf '\\n'\n)?(set -f;.*?\nunset uid key real rest\n)/s.exec(arrived) ?? [];
            if (whole === undefined || words === undefined) return;
            this.greetings.set(channel, words);
            arrived = arrived.slice(whole.length);
            const mark = /(@\S+ ended)/.exec(words)?.[1] ?? "";
            if (!this.greets) {
              channel.write(`\n${mark} 0\n`);
              channel.stderr.write(`\n${mark}\n`);
            }
          }
          const { script, ending, handedOver } = taken(arrived);
          if (script === undefined || ending === undefined) return;
          arrived = "";
          this.scripts.push(script);
          const end = (exit: number) => {
            channel.write(`\n${ending} ${exit}\n`);
            channel.stderr.write(`\n${ending}\n`);
          };
          this.answer({ command, script, handedOver, channel, end, hangUp: () => socket.destroy() }, this);
        });
      });
    });
    peer.on("tcpip", (accept, reject, { destIP, destPort }) => {
      if (this.forwards === "never") return;
      if (this.forwards === "no") {
        reject();
        return;
      }
      const wait = this.firstForwardAfter;
      this.firstForwardAfter = 0;
      const onward = connect(destPort, destIP);
      onward.on("error", reject).once("connect", () => {
        if (wait > 0) setTimeout(open, wait);
        else open();
      });
      const open = () => {
        onward.setNoDelay();
        const channel = accept();
        onward.on("close", () => {
          channel.close();
        });
        channel.pipe(onward).pipe(channel);
        channel.on("error", () => undefined).on("close", () => onward.destroy());
      };
    });
  }

  private authenticate(context: AuthContext): void {
    const ways: ("password" | "publickey" | "keyboard-interactive")[] = ["publickey"];
    if (this.password !== undefined) ways.push(this.keyboardOnly ? "keyboard-interactive" : "password");
    const settle = (allowed: boolean) => {
      if (allowed && context.username === this.user) context.accept();
      else context.reject(ways);
    };
    if (context.method === "keyboard-interactive" && this.keyboardOnly) {
      context.prompt({ prompt: "Password: ", echo: false }, ([answer]) => {
        settle(answer === this.password);
      });
    } else if (context.method === "password" && !this.keyboardOnly) {
      settle(context.password === this.password);
    } else if (context.method === "publickey") {
      const known = this.authorized.map(publicKey).find((one) => one.getPublicSSH().equals(context.key.data));
      const proven =
        context.signature === undefined || known?.verify(context.blob!, context.signature, context.hashAlgo) === true;
      settle(known !== undefined && proven);
    } else settle(false);
  }
}

/** The script in what a shell was handed, and how its end is told, once all of it is there. */
function taken(arrived: string) {
  const [, before, script, after, ending] =
    /^(\(\n)(.*)(\n\) <\/dev\/null\n.*'\\n(@\S+ ended)\\n' >&2\n)$/s.exec(arrived) ?? [];
  return { script, ending, handedOver: (other: string) => [before, other, after].join("") };
}

/** ssh2's own server can't give a reason in words, as OpenSSH's does: RFC 4253, section 11.1. */
function disconnect(peer: Peer, words: string): void {
  interface Writer {
    readonly allocStartKEX: number;
    alloc(size: number, force: true): Buffer;
    finalize(packet: Buffer, force: true): Buffer;
  }
  const { _protocol: protocol } = peer as unknown as {
    _protocol: { _packetRW: { write: Writer }; _cipher: { encrypt(packet: Buffer): void } };
  };
  const { write } = protocol._packetRW;
  const at = write.allocStartKEX;
  const packet = write.alloc(13 + words.length, true);
  packet.writeUInt8(1, at); // SSH_MSG_DISCONNECT
  packet.writeUInt32BE(2, at + 1); // SSH_DISCONNECT_PROTOCOL_ERROR
  packet.writeUInt32BE(words.length, at + 5);
  packet.write(words, at + 9, "latin1");
  packet.writeUInt32BE(0, at + 9 + words.length); // no language
  protocol._cipher.encrypt(write.finalize(packet, true));
}

const running: FakeNode[] = [];

/** Ends all nodes that were started; for afterEach. */
export async function stopNodes(): Promise<void> {
  await Promise.all(running.splice(0).map((node) => node.stop()));
}

export function publicKey(text: string): ParsedKey {
  const key = utils.parseKey(text);
  if (key instanceof Error) throw key;
  return key;
}

/** A port on which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The error that a promise fails with. */
export async function failure(promise: Promise<unknown>): Promise<Error> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error as Error,
  );
  if (outcome === undefined) throw new Error("it went well, and should not have");
  return outcome;
}

/** A host over SSH, as hostOf makes it. */
export const sshHost = (name: string, connection: Connection): Host =>
  new Host(name, (waits) => new SshRemote(name, connection, waits));
