/**
 * A stack of the root project, run by the real Pulumi CLI. The project is copied, as a clone of its own would be:
 * nothing is written into the one that the tests run from, nor into the user's Pulumi settings.
 */
import { spawn } from "node:child_process";
import { access, cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { LogEntry } from "../../provider/shell/event-log";
import { upEnded } from "./ledger";
import { childrenOf } from "./processes";
import type { Site } from "./site";

const CLONE = resolve(__dirname, "../..");
const STACK = "lab";
/** Seconds after which a run of the CLI is taken to hang. Now and then DRBD stalls for minutes over the last blocks of a first sync. */
const DEADLINE = 900;

/** A run of the CLI that has ended. */
export interface Run {
  /** null where it was killed. */
  readonly code: number | null;
  /** Both streams, as a person would have seen them. */
  readonly output: string;
  /** What ran on the hosts, in the order of its ends: DRBD_LOG. */
  readonly log: readonly LogEntry[];
  readonly seconds: number;
}

/** A run that goes on. */
export interface Running {
  readonly ended: Promise<Run>;
  /** Resolves when the output holds the text; rejects when the run ends without it. */
  seen(text: string | RegExp): Promise<void>;
  /** The process of the CLI gets it, as from ^C on a terminal: its plugins are in process groups of their own. */
  interrupt(): void;
  /** kill -9 to the node process that runs the provider. */
  killProvider(): Promise<void>;
  /** kill -9 to the CLI alone; the processes that ran the provider for it. */
  killCli(): Promise<readonly number[]>;
}

/** One resource of `pulumi stack export`. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: Record<string, unknown>;
  readonly outputs?: Record<string, unknown>;
}

export class Stack {
  private runs = 0;
  private printed = "";

  private constructor(private readonly folder: string) {}

  /** Without a site, one is to be written. */
  static async create(site?: Site): Promise<Stack> {
    await access(join(CLONE, "dist/provider/index.js")).catch(() => {
      throw new Error("dist is missing: `npm run build` makes it");
    });
    const stack = new Stack(await mkdtemp(join(tmpdir(), "pulumi-drbd-e2e-")));
    const project = stack.path("project");
    await mkdir(join(project, "examples"), { recursive: true });
    await mkdir(stack.path("state"));
    await cp(join(CLONE, "Pulumi.yaml"), join(project, "Pulumi.yaml"));
    await cp(join(CLONE, "examples/pair"), join(project, "examples/pair"), { recursive: true });
    await mkdir(join(project, "examples/sites"));
    for (const shared of ["node_modules", "dist", "package.json"])
      await symlink(join(CLONE, shared), join(project, shared));
    if (site !== undefined) await stack.configure(site);
    expectSuccess(await stack.pulumi(["stack", "init", STACK]));
    return stack;
  }

  /** The stack's config, as text. */
  config(): Promise<string> {
    return readFile(this.path("project", "examples/sites", `Pulumi.${STACK}.yaml`), "utf8");
  }

  /** `pulumi-drbd` in the project's folder. npx itself finds no package in a folder of links. */
  command(...argv: readonly string[]): Promise<Run> {
    return this.start(argv, ["node", join(CLONE, "dist/provider/cli/main.js"), ...argv]).ended;
  }

  /** Writes the site's stack config; the salt that Pulumi keeps there stays. */
  async configure(site: Site): Promise<void> {
    const file = this.path("project", "examples/sites", `Pulumi.${STACK}.yaml`);
    const before = await readFile(file, "utf8").catch(() => "");
    const salt = /^encryptionsalt:.*\n/m.exec(before)?.[0] ?? "";
    // JSON is YAML.
    const keys = Object.entries(site).map(([key, value]) => `  pulumi-drbd:${key}: ${JSON.stringify(value)}\n`);
    await writeFile(file, `${salt}config:\n${keys.join("")}`);
  }

  preview(...options: string[]): Promise<Run> {
    return this.pulumi(["preview", "--stack", STACK, ...options]);
  }

  up(...options: string[]): Promise<Run> {
    return this.startUp(...options).ended;
  }

  refresh(...options: string[]): Promise<Run> {
    return this.pulumi(["refresh", "--stack", STACK, "--yes", "--skip-preview", ...options]);
  }

  destroy(...options: string[]): Promise<Run> {
    return this.pulumi(["destroy", "--stack", STACK, "--yes", "--skip-preview", ...options]);
  }

  cancel(): Promise<Run> {
    return this.pulumi(["cancel", STACK, "--yes"]);
  }

  startUp(...options: string[]): Running {
    return this.start(["up", "--stack", STACK, "--yes", "--skip-preview", ...options]);
  }

  /** The stack's outputs: `resources`, by name. */
  async resources(): Promise<Record<string, Record<string, unknown>>> {
    const run = expectSuccess(await this.pulumi(["stack", "output", "--stack", STACK, "--json"]));
    return (JSON.parse(run.output) as { resources: Record<string, Record<string, unknown>> }).resources;
  }

  /** The state as `pulumi stack export` prints it: secrets encrypted, or in the clear. */
  async export(options: { showSecrets?: boolean } = {}): Promise<string> {
    const show = options.showSecrets === true ? ["--show-secrets"] : [];
    return expectSuccess(await this.pulumi(["stack", "export", "--stack", STACK, ...show])).output;
  }

  async state(options: { showSecrets?: boolean } = {}): Promise<readonly StateResource[]> {
    const exported = JSON.parse(await this.export(options)) as { deployment: { resources?: StateResource[] } };
    return exported.deployment.resources ?? [];
  }

  /** Keeps the state beside a snapshot of the lab, for `recall`. */
  async remember(name: string): Promise<void> {
    await rm(this.path(`state-${name}`), { recursive: true, force: true });
    await cp(this.path("state"), this.path(`state-${name}`), { recursive: true });
  }

  async recall(name: string): Promise<void> {
    await rm(this.path("state"), { recursive: true, force: true });
    await cp(this.path(`state-${name}`), this.path("state"), { recursive: true });
  }

  /** Everything that the CLI has printed, logged and stored so far, as text. */
  async everythingWritten(): Promise<string> {
    const names = await readdir(this.folder, { recursive: true, withFileTypes: true });
    const files = names
      .filter((entry) => entry.isFile() && !join(entry.parentPath, entry.name).startsWith(this.path("project")))
      .map((entry) => join(entry.parentPath, entry.name));
    const texts = await Promise.all(files.map((file) => readFile(file, "latin1")));
    return [...texts, this.printed].join("\n");
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  private pulumi(argv: readonly string[]): Promise<Run> {
    return this.start(argv).ended;
  }

  private start(
    argv: readonly string[],
    command: readonly string[] = ["pulumi", ...argv, "--non-interactive", "--color", "never"],
  ): Running {
    const log = this.path(`drbd-${++this.runs}.log`);
    const begun = performance.now();
    // A run that was started with SIGINT ignored takes 5 s more (pulumi-cli.md).
    const child = spawn("env", ["--default-signal=INT", ...command], {
      cwd: this.path("project"),
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        PULUMI_HOME: this.path("home"),
        PULUMI_BACKEND_URL: `file://${this.path("state")}`,
        PULUMI_CONFIG_PASSPHRASE: "",
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        // Without it there is no --event-log.
        PULUMI_DEBUG_COMMANDS: "true",
        DRBD_LOG: log,
      },
    });
    let output = "";
    let over = false;
    const watchers = new Set<() => void>();
    const tell = () => {
      for (const watcher of watchers) watcher();
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text: string) => {
        output += text;
        tell();
      });
    }
    const timer = setTimeout(() => child.kill("SIGKILL"), DEADLINE * 1000);
    const ended = new Promise<Run>((done, failed) => {
      child.once("error", failed);
      child.once("close", (code) => {
        clearTimeout(timer);
        over = true;
        tell();
        const seconds = (performance.now() - begun) / 1000;
        if (!argv.includes("--show-secrets")) this.printed += output;
        readLog(log).then((entries) => {
          const run = { code, output, log: entries, seconds };
          if (argv[0] === "up") upEnded(run);
          done(run);
        }, failed);
      });
    });
    return {
      ended,
      seen: (text) =>
        new Promise((found, missed) => {
          const look = () => {
            const there = typeof text === "string" ? output.includes(text) : text.test(output);
            if (!there && !over) return;
            watchers.delete(look);
            if (there) found();
            else missed(new Error(`the run ended, and ${String(text)} was not seen:\n${output}`));
          };
          watchers.add(look);
          look();
        }),
      interrupt: () => {
        child.kill("SIGINT");
      },
      killCli: async () => {
        const all = await childrenOf(child.pid ?? 0);
        child.kill("SIGKILL");
        return all.filter(({ command }) => /^\S*node .*dynamic-provider/.test(command)).map(({ pid }) => pid);
      },
      killProvider: async () => {
        const all = await childrenOf(child.pid ?? 0);
        const providers = all.filter(({ command }) => command.includes("dynamic-provider"));
        if (providers.length !== 1) throw new Error(`not one provider process: ${JSON.stringify(all)}`);
        for (const { pid } of providers) process.kill(pid, "SIGKILL");
      },
    };
  }
}

/** The run, where it succeeded; else an error with all that it printed. */
export function expectSuccess(run: Run): Run {
  if (run.code !== 0) throw new Error(`pulumi ended with ${run.code}:\n${run.output}`);
  return run;
}

/** What may have changed something on a host. */
export function changesOf(run: Run): string[] {
  return run.log.filter(({ changes }) => changes).map(({ host, argv }) => `${host}: ${argv.join(" ")}`);
}

async function readLog(file: string): Promise<LogEntry[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as LogEntry);
}
