import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a run did on the hosts, from DRBD_LOG. */
export interface Traffic {
  readonly connections: number;
  readonly commands: number;
}

export interface Timed {
  readonly seconds: number;
  readonly traffic: Traffic;
}

/** A stack of its own for a Pulumi project: state and configuration in a temporary folder, nothing in the project's. */
export class Stack {
  private readonly folder = mkdtempSync(join(tmpdir(), "pulumi-drbd-bench-"));

  private constructor(
    private readonly project: string,
    private readonly projectName: string,
    private config: object,
  ) {}

  static async create(project: string, projectName: string, config: object): Promise<Stack> {
    const stack = new Stack(project, projectName, config);
    await stack.forget();
    return stack;
  }

  /** As if nothing had ever been made. */
  async forget(): Promise<void> {
    rmSync(this.folder, { recursive: true, force: true });
    mkdirSync(join(this.folder, "state"), { recursive: true });
    writeFileSync(join(this.folder, "Pulumi.yaml"), `name: ${this.projectName}\nruntime: nodejs\n`);
    await timed(["pulumi", "--cwd", this.folder, "stack", "init", "bench", "--non-interactive"], this.environment());
    this.configure(this.config);
  }

  /** Another config for the same state. */
  configure(config: object): void {
    this.config = config;
    // JSON is YAML.
    const file = join(this.folder, "Pulumi.bench.yaml");
    const salt = existsSync(file) ? /encryptionsalt"?: *"?([^"\s,]+)/.exec(readFileSync(file, "utf8"))?.[1] : undefined;
    writeFileSync(
      file,
      JSON.stringify({ ...(salt === undefined ? {} : { encryptionsalt: salt }), config: this.config }),
    );
  }

  async pulumi(...args: string[]): Promise<Timed> {
    const log = join(this.folder, "log");
    rmSync(log, { force: true });
    const file = join(this.folder, "Pulumi.bench.yaml");
    const where = ["--cwd", this.project, "--stack", "bench", "--config-file", file, "--non-interactive"];
    const seconds = await timed(["env", "--default-signal=INT", "pulumi", ...args, ...where], {
      ...this.environment(),
      DRBD_LOG: log,
    });
    return {
      seconds,
      traffic: existsSync(log) ? trafficOf(readFileSync(log, "utf8")) : { connections: 0, commands: 0 },
    };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private environment(): NodeJS.ProcessEnv {
    return { ...process.env, PULUMI_BACKEND_URL: `file://${join(this.folder, "state")}`, PULUMI_CONFIG_PASSPHRASE: "" };
  }
}

function trafficOf(log: string): Traffic {
  const entries = log
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { host: string; argv: string[]; command: number });
  // Each provider process numbers its commands from 1, so a command is known by the connection before it as well.
  const connections: string[] = [];
  const commands = new Set<string>();
  for (const { host, argv, command } of entries) {
    if (argv[0] === "connect") connections.push(host);
    else commands.add(`${connections.lastIndexOf(host)} ${command}`);
  }
  return { connections: connections.length, commands: commands.size };
}

/** Seconds that a command takes; its output is shown only when it fails. */
export function timed(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<number> {
  const [program = "", ...args] = argv;
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const keep = (chunk: Buffer) => (output += chunk.toString());
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve((performance.now() - started) / 1000);
      else reject(new Error(`${argv.join(" ")}: exit ${code ?? "by a signal"}\n${output}`));
    });
  });
}
