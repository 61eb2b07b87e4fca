import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { greeting } from "../../../provider/core/ssh/greeting";

const folder = mkdtempSync(join(tmpdir(), "pulumi-drbd-test-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const shells = ["sh", "bash", "busybox"].filter((shell) => spawnSync(shell, ["--help"]).error === undefined);

/** A shell whose own uid is another, which reads the greeting and then a script. */
function shell(name: string, uid: number, script: string, env: Record<string, string> = {}) {
  const status = join(folder, "status");
  writeFileSync(status, `Name:\tsh\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\nGid:\t0\t0\t0\t0\n`);
  const input = `${greeting("@here").replaceAll("/proc/self/status", status)}${script}`;
  const words = name === "busybox" ? ["sh", "-s"] : name === "bash" ? ["--posix", "-s"] : ["-s"];
  return spawnSync(name, words, { input, encoding: "utf8", env: { PATH: "/usr/bin:/bin", HOME: "/root", ...env } });
}

describe.each(shells)("%s", (name) => {
  test("says on both outputs that it is root's, and goes on", () => {
    const { stdout, stderr, status } = shell(name, 0, "echo on; exit 3\n");
    expect(stdout).toBe("\n@here 0\non\n");
    expect(stderr).toBe("\n@here\n");
    expect(status).toBe(3);
  });

  test("that is not root's says whose it is, and runs nothing", () => {
    const { stdout, status } = shell(name, 1000, "echo on\n");
    expect(stdout).toMatch(/^uid=.*\n\n@here 1000\n$/);
    expect(status).not.toBe(0);
  });

  test("forgets the login's environment, and keeps what a host needs to be reached and to fetch packages", () => {
    const theirs = {
      POSIXLY_CORRECT: "1",
      GREP_OPTIONS: "--color=always",
      TAR_OPTIONS: "-v",
      LANG: "de_DE.UTF-8",
      PERL5OPT: "-Mstrict",
      CDPATH: "/usr",
      ENV: "/nowhere",
      BASH_ENV: "/nowhere",
      DRBD_DRIVER_VERSION_OVERRIDE: "9.9.9",
      __DRBD_NODE__: "zulu",
      EVIL: "one\ntwo=three 'four'\nexport PATH=/nowhere",
    };
    const kept = { http_proxy: "http://proxy:3128", TERM: "dumb", USER: "root" };
    const { stdout } = shell(name, 0, "/usr/bin/env\n", { ...theirs, ...kept });
    const left = new Map(stdout.split("\n").map((line) => line.split("=", 2) as [string, string]));
    for (const one of Object.keys(theirs)) expect(left.has(one)).toBe(false);
    for (const [key, value] of Object.entries(kept)) expect(left.get(key)).toBe(value);
    expect(left.get("PATH")).toContain("/usr/bin");
  });

  test("splits words and finds files as any shell does, afterwards", () => {
    const { stdout } = shell(
      name,
      0,
      'set -- $(echo "a b	c"); echo $#; cd /; set -- /e*c; echo "$1"; echo "${uid-none}"\n',
    );
    expect(stdout.split("\n").slice(-4)).toEqual(["3", "/etc", "none", ""]);
  });
});
