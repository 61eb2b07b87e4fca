/** The probe on the machine that runs the tests, which has no DRBD: it looks, and changes nothing. */
import { networkInterfaces, hostname, release } from "node:os";
import { parseProbe } from "../../provider/core/parse-probe";
import { observeScript } from "../../provider/core/probe";
import { sh, temporaryFolder, withTools } from "./shell";

const temporary = temporaryFolder();
const nonce = "0123456789abcdef01";
const looks = [
  { name: "r0", minor: 999_999, port: 1, disk: "/dev/no such disk", metaDisk: "internal", filesystem: true },
  { name: "odd'$(x)", minor: 999_998, port: 2, disk: "/dev/null", metaDisk: "/dev/'; exit 1; '", filesystem: false },
];

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
  expect(node.resources.get("r0")).toMatchObject({ disk: { kind: "missing" }, metadata: { kind: "unknown" } });
  expect(node.resources.get("odd'$(x)")).toMatchObject({
    disk: { kind: "not-block" },
    metaDisk: { kind: "missing" },
    portTaken: false,
  });
});
