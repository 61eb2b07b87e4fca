/** Pulumi's own CLI, as a person would run it in the same folder. */
import { spawn } from "node:child_process";

import { CliError } from "./cli-error";

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `stdin` is where a secret goes: on a command line every process of the machine could read it. */
function run(argv: readonly string[], stdin = ""): Promise<Ran | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn("pulumi", [...argv, "--non-interactive", "--color", "never"], {
      stdio: "pipe",
      env: process.env,
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.stdin.on("error", () => undefined).end(stdin);
    child.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") resolve(undefined);
      else reject(error);
    });
    child.on("close", (code) => {
      resolve({ code, stdout, stderr });
    });
  });
}

const noCli =
  "Pulumi's CLI is not on the PATH: install it (https://www.pulumi.com/docs/install/), or `. scripts/env.sh`";

/** The name of the stack that is selected here. */
export async function selectedStack(): Promise<string> {
  const ran = await run(["stack", "--show-name"]);
  if (ran === undefined) throw new CliError(`${noCli} in a clone. Or give \`--stack <name>\`.`);
  const name = ran.stdout.trim();
  if (ran.code === 0 && name !== "") return name;
  throw new CliError(
    `There is no stack selected here, whose config could be written. Type \`pulumi stack init <name>\` for a new one, or give \`--stack <name>\`.\n  pulumi says: ${ran.stderr.trim()}`,
  );
}

export interface Secret {
  readonly key: string;
  /** The key leads into a structure: `resources[0].sharedSecret`. */
  readonly isPath: boolean;
  readonly value: string;
  /** Whose it is, for messages. */
  readonly what: string;
}

/** Encrypted by the stack's own key, into the file of its config. */
export async function setSecret(
  { key, isPath, value, what }: Secret,
  { stack, file }: { readonly stack?: string; readonly file?: string },
): Promise<void> {
  const argv = [
    ...["config", "set", "--secret", ...(isPath ? ["--path"] : []), key],
    ...(stack === undefined ? [] : ["--stack", stack]),
    ...(file === undefined ? [] : ["--config-file", file]),
  ];
  const ran = await run(argv, value);
  if (ran?.code === 0) return;
  const said = ran === undefined ? noCli : ran.stderr.trim();
  const way =
    stack === undefined
      ? "Type `pulumi stack init <name>` first, or give `--stack <name>`; then run this again."
      : `If there is no such stack yet, type \`pulumi stack init ${stack}\`, and run this again.`;
  throw new CliError(
    `Nothing was written: ${what} is to go into the stack's config as a secret, and \`pulumi ${argv.join(" ")}\` failed. ${way}\n  pulumi says: ${said}`,
  );
}
