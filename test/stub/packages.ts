import { execFile } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const repository = join(__dirname, "..", "..");
const made: string[] = [];

export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `pulumi-drbd-test-${name}-`));
  made.push(folder);
  return folder;
}

export function removeFolders(): void {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/**
 * A clone as `npm install` leaves it, of the sources as they are now: package.json, dist/provider and node_modules.
 * Compiled by tsc into a folder of its own, without checking types (lint does that), and so within two seconds.
 */
export async function cloneOf(): Promise<string> {
  const clone = temporaryFolder("clone");
  for (const name of ["package.json", "LICENSE", "README.md"]) cpSync(join(repository, name), join(clone, name));
  symlinkSync(join(repository, "node_modules"), join(clone, "node_modules"));
  mkdirSync(join(clone, "examples", "pair"), { recursive: true });
  const project = {
    extends: join(repository, "tsconfig.build.json"),
    compilerOptions: { rootDir: repository, outDir: "dist", declaration: false, noCheck: true, types: [] },
    include: [join(repository, "provider")],
  };
  writeFileSync(join(clone, "tsconfig.json"), JSON.stringify(project));
  await run(process.execPath, [require.resolve("typescript/lib/tsc.js"), "-p", clone]);
  return clone;
}

/** A copy of a clone as it will be some day: another version, and another text in place of one of its files. */
export function laterClone(clone: string, version: string, file: string, text: string): string {
  const later = temporaryFolder("clone");
  cpSync(clone, later, { recursive: true, verbatimSymlinks: true });
  const manifest = JSON.parse(readFileSync(join(clone, "package.json"), "utf8")) as Record<string, unknown>;
  writeFileSync(join(later, "package.json"), JSON.stringify({ ...manifest, version }));
  writeFileSync(join(later, file), text);
  return later;
}

/** A project of a user's, with the package installed from what `npm pack` makes of a clone. No network is needed. */
export async function projectWith(clone: string): Promise<string> {
  const project = temporaryFolder("project");
  const modules = join(project, "node_modules");
  mkdirSync(modules);
  for (const name of readdirSync(join(repository, "node_modules"))) {
    if (!name.startsWith(".")) symlinkSync(join(repository, "node_modules", name), join(modules, name));
  }
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "my-infrastructure", private: true }));
  const packing = ["pack", "--ignore-scripts", "--offline", "--silent", "--pack-destination", project];
  await run("npm", packing, { cwd: clone });
  const tarball = readdirSync(project).find((name) => name.endsWith(".tgz"));
  if (tarball === undefined) throw new Error("npm pack made no tarball");
  await run("tar", ["-xzf", tarball], { cwd: project });
  renameSync(join(project, "package"), join(modules, "pulumi-drbd"));
  return project;
}

/** The paths below a folder. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/** A resource as the engine is asked for it. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
}

/** Runs a program in a folder, as `pulumi preview` would, with no engine but Pulumi's own mocks. */
export async function runProgram(cwd: string, program: string): Promise<Registered[]> {
  const file = join(cwd, "program.js");
  writeFileSync(
    file,
    `const pulumi = require("@pulumi/pulumi");
const registered = [];
pulumi.runtime.setMocks({
  newResource: ({ type, name, inputs }) => {
    registered.push({ type, name, inputs });
    return { id: name + "-id", state: inputs };
  },
  call: () => ({}),
}, "pulumi-drbd", "oslo", true);
const drbd = require("pulumi-drbd");
${program}
process.once("beforeExit", () => process.stdout.write(JSON.stringify(registered)));
`,
  );
  const { stdout } = await run(process.execPath, [file], { cwd, maxBuffer: 10_000_000 });
  return JSON.parse(stdout) as Registered[];
}

/** What stands for a secret on its way to the engine (`specialSigKey` of @pulumi/pulumi's rpc.ts). */
const secretMark = "4dabf18193072939515e22adb298388d";

/** The inputs as the engine hands them to a provider: secrets in plain text. */
export function unwrapped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrapped);
  if (typeof value !== "object" || value === null) return value;
  if (secretMark in value) return unwrapped((value as { value?: unknown }).value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrapped(inner)]));
}

/** The same with secrets masked: what is left is what would be kept and shown in the clear. */
export function inTheClear(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inTheClear);
  if (typeof value !== "object" || value === null) return value;
  if (secretMark in value) return "[secret]";
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, inTheClear(inner)]));
}
