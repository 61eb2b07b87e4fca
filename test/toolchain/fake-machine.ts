import { execFile } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What pulumi-cli.sh uses of any Debian machine. Nothing else of this machine is on the fake one's PATH. */
const ORDINARY =
  "bash sh sed sha256sum cut uname dirname readlink sort head tail flock mkdir rm rmdir mv install chmod cat timeout sleep env";

export const VERSION = (JSON.parse(readFileSync("package.json", "utf8")) as { dependencies: Record<string, string> })
  .dependencies["@pulumi/pulumi"]!;

export interface Run {
  exit: number;
  stdout: string;
  stderr: string;
}

const LOG = `echo "$(basename "$0") $*" >>"$CALLS"`.replace('$(basename "$0")', "${0##*/}");

/** A program that says its version, as the real `pulumi version` does. */
const sayingVersion = (version: string): string => `echo v${version}`;

const INSTALLER = `
while [ $# -gt 0 ]; do case $1 in --install-root) root=$2 ;; --version) version=$2 ;; esac; shift; done
mkdir -p "$root/bin"
for part in pulumi pulumi-language-nodejs pulumi-resource-pulumi-nodejs; do
  printf '#!/bin/sh\\necho v%s\\n' "$version" >"$root/bin/$part"; chmod +x "$root/bin/$part"
done`;

/** A home, a cache and a PATH in a scratch folder; the programs put there write down that they were called. */
export class FakeMachine {
  readonly folder = mkdtempSync(join(tmpdir(), "toolchain-"));
  readonly home = join(this.folder, "home");
  readonly cache = join(this.home, ".cache", "pulumi-drbd");
  private readonly ordinary = join(this.folder, "ordinary");
  private readonly programs = join(this.folder, "programs");

  constructor() {
    for (const made of [this.home, this.ordinary, this.programs]) mkdirSync(made);
    for (const name of ORDINARY.split(" ")) {
      const found = ["/usr/bin", "/bin"].map((place) => join(place, name)).find((path) => existsSync(path));
      symlinkSync(found!, join(this.ordinary, name));
    }
  }

  program(name: string, body: string, folder = this.programs): void {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), `#!/bin/bash\n${LOG}\n${body}\n`);
    chmodSync(join(folder, name), 0o755);
  }

  /** The user's own CLI; without its language host on demand. */
  ownCli({ version = VERSION, languageHost = true } = {}): string {
    this.program("pulumi", sayingVersion(version));
    if (languageHost) {
      this.program("pulumi-language-nodejs", "");
      this.program("pulumi-resource-pulumi-nodejs", "");
    }
    return this.programs;
  }

  reachableInstaller(): void {
    writeFileSync(join(this.folder, "installer"), INSTALLER);
    this.program("curl", `while [ "$1" != --output ]; do shift; done; cat '${join(this.folder, "installer")}' >"$2"`);
  }

  unreachableInstaller(): void {
    this.program("curl", "echo 'curl: (6) Could not resolve host' >&2; exit 6");
  }

  /** Go whose `build` makes programs that say the version; `failing` names a program whose build fails. */
  go({ failing = "none", seconds = 0 } = {}): void {
    const sdk = join(this.folder, "modules", "sdk");
    this.program("pulumi-resource-pulumi-nodejs", "", join(sdk, "nodejs", "dist"));
    this.program(
      "go",
      `case $1 in
  list) echo '${sdk}' ;;
  build)
    while [ "$1" != -o ]; do shift; done
    sleep ${seconds}
    case $2 in */${failing}) echo "no such package"; exit 1 ;; esac
    printf '#!/bin/sh\\necho v${VERSION}\\n' >"$2"; chmod +x "$2" ;;
esac`,
    );
  }

  chooseCli(): Promise<Run> {
    const env = {
      HOME: this.home,
      PATH: `${this.programs}:${this.ordinary}`,
      GOROOT: join(this.folder, "no-go-here"),
      CALLS: join(this.folder, "calls"),
    };
    return new Promise((resolve) => {
      execFile("scripts/pulumi-cli.sh", { env }, (error, stdout, stderr) => {
        resolve({ exit: error ? Number(error.code) : 0, stdout, stderr });
      });
    });
  }

  /** What was called since the last time this was asked. */
  calls(): string[] {
    const file = join(this.folder, "calls");
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, "utf8").trim().split("\n");
    rmSync(file);
    return lines;
  }

  /** The CLIs in the cache that bear the name of a whole one. */
  madeClis(): string[] {
    if (!existsSync(this.cache)) return [];
    return readdirSync(this.cache).filter((name) => /^pulumi-[0-9a-f]+$/.test(name));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
