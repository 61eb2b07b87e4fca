/** The package as npm gives it to a user: packed, installed into a project of its own, run by the real CLI. */
import { execFile } from "node:child_process";
import { appendFile, copyFile, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { Lab } from "../../lab/lab";

jest.setTimeout(1_000_000);

const CLONE = resolve(__dirname, "../..");
const execute = promisify(execFile);

let folder: string;
let project: string;

async function run(program: string, ...argv: string[]): Promise<string> {
  return runIn(project, program, ...argv);
}

async function runIn(cwd: string, program: string, ...argv: string[]): Promise<string> {
  const env = {
    ...process.env,
    PULUMI_HOME: join(folder, "home"),
    PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
  const { stdout } = await execute(program, argv, { cwd, env }).catch((error: unknown) => {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${program} ${argv.join(" ")}:\n${stdout}\n${stderr}`);
  });
  return stdout;
}

const pulumi = (...argv: string[]): Promise<string> =>
  run("env", "--default-signal=INT", "pulumi", "--non-interactive", "--color", "never", ...argv);

const versionOf = async (name: string): Promise<string> =>
  (JSON.parse(await readFile(join(CLONE, "node_modules", name, "package.json"), "utf8")) as { version: string })
    .version;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pulumi-drbd-installed-"));
  project = join(folder, "project");
  await mkdir(project);
  await mkdir(join(folder, "state"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test("a folder of the clone without a program of its own: Pulumi runs the library for it, which refuses", async () => {
  const empty = await mkdtemp(join(CLONE, "examples/no-program-"));
  try {
    await writeFile(join(empty, "Pulumi.yaml"), "name: empty\nruntime: nodejs\n");
    const pulumiThere = (...argv: string[]) =>
      runIn(empty, "env", "--default-signal=INT", "pulumi", "--non-interactive", ...argv);
    await pulumiThere("stack", "init", "dev");
    await expect(pulumiThere("preview")).rejects.toThrow("put `main: index.ts`");
  } finally {
    await rm(empty, { recursive: true });
  }
});

test("the tarball holds the library and nothing else", async () => {
  // Without scripts: `prepare` would compile into the folder that other tests read from.
  const packed = await run("npm", "pack", CLONE, "--ignore-scripts", "--json", "--pack-destination", folder);
  const [{ files }] = JSON.parse(packed) as [{ files: { path: string }[] }];
  const paths = files.map(({ path }) => path);
  expect(paths).toEqual(expect.arrayContaining(["dist/provider/index.js", "dist/provider/index.d.ts", "LICENSE"]));
  const others = paths.filter((path) => !/^dist\/provider\/.*\.(js|d\.ts)$/.test(path));
  expect(others.sort()).toEqual(["LICENSE", "README.md", "package.json"]);
});

test("installed into a project, it types the user's program and makes the pair; a second up has nothing to do", async () => {
  const tarball = (await readdir(folder)).find((name) => name.endsWith(".tgz"))!;
  const devDependencies = { typescript: await versionOf("typescript"), "@types/node": await versionOf("@types/node") };
  const dependencies = { "pulumi-drbd": `file:../${tarball}`, "@pulumi/pulumi": await versionOf("@pulumi/pulumi") };
  await writeFile(
    join(project, "package.json"),
    JSON.stringify({ name: "own", main: "index.ts", dependencies, devDependencies }),
  );
  // No tsconfig.json, as the shortest of projects: Pulumi's own settings, and it checks the types.
  await writeFile(join(project, "Pulumi.yaml"), "name: own\nruntime: nodejs\n");
  await copyFile(join(__dirname, "installed/index.ts"), join(project, "index.ts"));
  await run("npm", "install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error");

  const lab = await Lab.open();
  await lab.reset("utils");
  await pulumi("stack", "init", "dev");
  for (const [key, machine] of [
    ["first", "alpha"],
    ["second", "bravo"],
  ] as const) {
    const { host, port, user, hostKey, privateKey } = await lab.connection(machine);
    const given = { hostname: machine, address: lab.address(machine), connection: { host, port, user, hostKey } };
    await pulumi("config", "set", key, JSON.stringify(given));
    await pulumi("config", "set", "key", "--secret", "--", privateKey);
  }

  expect(await pulumi("up", "--yes", "--skip-preview")).toContain("+ 4 created");
  expect(
    await lab.run("alpha", "findmnt -no SOURCE,FSTYPE /srv/data").then(({ stdout }) => stdout.split(/\s+/)),
  ).toEqual(expect.arrayContaining(["/dev/drbd1", "xfs"]));
  expect(await pulumi("up", "--yes", "--skip-preview", "--expect-no-changes")).toContain("4 unchanged");
});

test("another version of the package is no change to what it made", async () => {
  const library = join(project, "node_modules/pulumi-drbd");
  const manifest = await readFile(join(library, "package.json"), "utf8");
  await writeFile(join(library, "package.json"), manifest.replace(/"version": ".*"/, '"version": "99.0.0"'));
  for (const name of ["lifecycle/index.js", "resources/drbd-resource.js", "lifecycle/reconcile.js"]) {
    await appendFile(join(library, "dist/provider", name), "\n// a later version\n;(() => 99)();\n");
  }
  expect(await pulumi("preview", "--expect-no-changes")).toContain("4 unchanged");
});
