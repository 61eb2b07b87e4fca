/** The probe on the machine that runs the tests, which has no DRBD: it looks, and changes nothing. */
import { lookOf, probeLook } from "../one-volume";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { networkInterfaces, hostname, release } from "node:os";
import { join } from "node:path";
import { parseProbe } from "../../../provider/core/seen/parse-probe";
import { failureOf } from "../probe-failure";
import { observeScript } from "../../../provider/core/seen/probe";
import { sh, temporaryFolder, withTools } from "../shell";

const temporary = temporaryFolder();
const nonce = "0123456789abcdef01";
const looks = [
  { name: "r0", minor: 999_999, port: 1, disk: "/dev/no such disk", metaDisk: "internal", filesystem: true },
  { name: "odd'$(x)", minor: 999_998, port: 2, disk: "/dev/null", metaDisk: "/dev/'; exit 1; '", filesystem: false },
].map(probeLook);

const { exit, stdout, stderr } = sh(observeScript(nonce, { looks, candidates: [], depth: "close" }));
const node = parseProbe(nonce, stdout);

test.each([
  ["is asked for", undefined, "9.22.0"],
  ["is not asked for again where it is known", "9.1.0 'x'", "9.1.0"],
])("drbd-utils' version %s", (_what, utils, expected) => {
  const script = observeScript(nonce, { looks: [], candidates: [], depth: "close", utils });
  const drbdadm = '[ "$1" != --version ] || echo DRBDADM_VERSION=9.22.0';
  expect(parseProbe(nonce, sh(withTools(temporary, script, { drbdadm })).stdout).utils).toBe(expected);
});

/** The tools of the host answer as a login's environment and PATH make them. */
const lookWith = (tools: Record<string, string>, before = "") =>
  sh(before + withTools(temporary, observeScript(nonce, { looks: [], candidates: [], depth: "close" }), tools)).stdout;

describe("a grep that is not GNU's is told by its own words, and by what is needed", () => {
  test.each([
    ["busybox's", "grep: unrecognized option: Z\nBusyBox v1.37.0 multi-call binary."],
    ["busybox's on Debian", "grep: invalid option -- 'Z'\nBusyBox v1.35.0 (Debian 1:1.35.0-4) multi-call binary."],
  ])("%s", (_what, says) => {
    const grep = `case $* in *-saHZ*) echo ${JSON.stringify(says).replaceAll("\\n", "\n")}; exit 1 ;; esac; exec /bin/grep "$@"`;
    const answer = lookWith({ grep });
    rmSync(join(temporary, "bin", "grep"));
    const error = failureOf(() => parseProbe(nonce, answer));
    expect(error.message).toContain("not all files could be read: grep ended with exit 1 and said: grep: ");
    expect(error.message).toContain("BusyBox");
    expect(error.way).toContain("GNU grep is needed");
  });

  test("one that says nothing: that is said, and no file's text is", () => {
    const answer = lookWith({ grep: "case $* in *-saHZ*) exit 137 ;; esac" });
    rmSync(join(temporary, "bin", "grep"));
    const error = failureOf(() => parseProbe(nonce, answer));
    expect(error.message).toBe("not all files could be read: grep ended with exit 137 and said nothing");
    expect(error.way).toBeUndefined();
  });
});

test("the tools speak the C locale, and are root's own, whatever the login has", () => {
  const heard = join(temporary, "heard");
  const drbdadm = `echo "$LC_ALL $(umask) $PATH" >${heard}; echo DRBDADM_VERSION=9.22.0`;
  const login = "export LC_ALL=de_DE.UTF-8 LANG=de_DE.UTF-8 PATH=/home/me/bin:/usr/bin:/bin; umask 077\n";
  lookWith({ drbdadm }, login);
  rmSync(join(temporary, "bin", "drbdadm"));
  expect(readFileSync(heard, "utf8")).toMatch(/^C 0022 (?!.*\/home\/me)/);
});

describe("drbdadm stops at the first file that it cannot read", () => {
  /** `drbdadm -d adjust all` reads them in order; `drbdadm -c FILE sh-nop` reads one. */
  const drbdadm = `case "$*" in
    "-d adjust all") echo "drbd.d/a.res:1: Parse error: one"; exit $(cat ${join(temporary, "exit")}) ;;
    "-c "*"/b.res sh-nop") exit 0 ;;
    "-c "*" sh-nop") echo "$2:2: Parse error: alone"; exit 10 ;;
    *) echo DRBDADM_VERSION=9.22.0 ;; esac`;
  const adjust = (exit: number) => {
    const folder = join(temporary, "drbd.d");
    mkdirSync(folder, { recursive: true });
    for (const name of ["a", "b", "web"]) writeFileSync(join(folder, `${name}.res`), "");
    writeFileSync(join(temporary, "exit"), String(exit));
    const script = observeScript(nonce, { looks: [], candidates: [], depth: "close" }).replaceAll(
      "set -- /etc/drbd.d/*.res",
      `set -- ${folder}/*.res`,
    );
    return parseProbe(nonce, sh(withTools(temporary, script, { drbdadm })).stdout).adjust;
  };
  const first = "drbd.d/a.res:1: Parse error: one\n";

  test("each is asked about alone then, so that none hides another", () => {
    const alone = ["a", "web"].map((name) => `${join(temporary, "drbd.d", name)}.res:2: Parse error: alone\n`);
    expect(adjust(10)).toEqual({ exit: 10, output: first + alone.join("") });
  });

  test("where it reads them all, that is not asked", () => {
    expect(adjust(0)).toEqual({ exit: 0, output: first });
  });
});

test("nothing goes wrong on the way", () => {
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
});

test("the host is known as the host knows itself", () => {
  expect(node.hostname).toBe(hostname());
  expect(node.kernel).toBe(release());
  expect(Math.abs(node.clock - Date.now() / 1000)).toBeLessThan(60);
  expect(node.mounts.map(({ target }) => target)).toContain("/");
  expect(node.files.get("/proc/uptime")).toMatch(/^\d/);
});

test("every address that the system lists is found", () => {
  const listed = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
  expect(listed.length).toBeGreaterThan(0);
  expect(node.addresses).toEqual(expect.arrayContaining(listed));
});

test("each resource is looked at by its own name, whatever it and its disks are called", () => {
  expect([...node.resources.keys()]).toEqual(["r0", "odd'$(x)"]);
  expect(lookOf(node)).toMatchObject({ disk: { kind: "missing" }, metadata: { kind: "unknown" } });
  expect(lookOf(node, "odd'$(x)")).toMatchObject({
    disk: { kind: "not-block" },
    metaDisk: { kind: "missing" },
    portTaken: false,
  });
});
