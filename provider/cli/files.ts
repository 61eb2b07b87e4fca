/** The files that a command reads and writes on this machine. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";

import { parseProject, type Project } from "../core/adopted/project";
import { CliError } from "./cli-error";

export function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new CliError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function write(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  } catch (error) {
    throw new CliError(`${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** As it was before. */
export function restore(path: string, before: string | undefined): void {
  if (before === undefined) rmSync(path, { force: true });
  else write(path, before);
}

/** The key's text; `~/` is the user's home, as in a site. */
export function privateKeyIn(file: string): string {
  const text = textOf(file.startsWith("~/") ? join(homedir(), file.slice(2)) : file);
  if (text === undefined) throw new CliError(`There is no private key ${file} on this machine.`);
  return text;
}

export interface FoundProject extends Project {
  readonly folder: string;
}

/** Of Pulumi.yaml here, or in the nearest folder above. */
export function findProject(from = process.cwd()): FoundProject | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    for (const name of ["Pulumi.yaml", "Pulumi.yml"]) {
      const text = textOf(join(folder, name));
      if (text === undefined) continue;
      const project = parseProject(text);
      if (project === undefined)
        throw new CliError(`${join(folder, name)} is no project of Pulumi's: it has no \`name\`.`);
      return { ...project, folder };
    }
    if (folder === dirname(folder)) return undefined;
  }
}
