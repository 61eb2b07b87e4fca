/** What drbd.conf's manual advises against, or what few people set, and what runs on some pairs all the same. */
import { Lab } from "../../lab/lab";
import { drbdState } from "./machine";
import { sumsOf } from "./output";
import { siteOf, withNode, withResource, type Site } from "./site";
import { Stack, changesOf, expectSuccess } from "./stack";

jest.setTimeout(1_000_000);

let lab: Lab;
let site: Site;
let stack: Stack;

beforeAll(async () => {
  lab = await Lab.open();
  await lab.reset("utils");
  site = await siteOf(lab);
  stack = await Stack.create(site);
});

afterAll(async () => {
  await stack.remove();
});

/** Taken, with a warning; and it comes to rest: what the kernel runs is what was asked for. */
async function expectTaken(what: Site, ...warnings: readonly string[]): Promise<string> {
  await stack.configure(what);
  const run = expectSuccess(await stack.up());
  for (const warning of warnings) expect(run.output).toContain(warning);
  expect(await drbdState(lab, "alpha")).toMatch(/^cs:Connected ro:Primary\/Secondary ds:UpToDate\/UpToDate /);
  const again = expectSuccess(await stack.up());
  expect(changesOf(again)).toEqual([]);
  expect(sumsOf(again)).toEqual(["5 unchanged"]);
  return (await lab.run("alpha", "drbdsetup show r0")).stdout;
}

const oddSecret = 'it\'s an "odd" \\ one';
const net = {
  "ping-int": 6,
  fencing: "resource-and-stonith",
  "verify-alg": "crct10dif",
  "csums-alg": "crc32c-generic",
  "data-integrity-alg": "sha1-generic",
};

test("a long timeout, stonith by a handler in common, drivers' names, an algorithm without a secret", async () => {
  const common = { handlers: { "fence-peer": "exit 7" }, protocol: "A" } as never;
  const given = withResource(site, { net, auth: false, cramHmacAlg: "sha1" });
  const both = withNode(withNode(given, "alpha", { common }), "bravo", { common });
  const shown = await expectTaken(
    both,
    "timeout 60 (6 s) is not below ping-int 6 s",
    "cramHmacAlg sha1 without a secret",
    "protocol A counts for resources that this program does not describe",
  );
  expect(shown).toMatch(/cram-hmac-alg\s+"sha1"/);
  expect(shown).toMatch(/csums-alg\s+"crc32c-generic"/);
  expect(shown).not.toContain("shared-secret");
});

test("a secret without an algorithm, and then with one: neither is shown", async () => {
  const alone = withResource(site, { auth: false, sharedSecret: oddSecret });
  expect(await expectTaken(alone, "sharedSecret without an algorithm")).not.toContain("cram-hmac-alg");
  await stack.configure(withResource(site, { sharedSecret: oddSecret }));
  const run = expectSuccess(await stack.up());
  expect(run.output).not.toMatch(/odd. . one/);
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
});

test("a digest that the kernels do not have: refused on each host, before anything is written", async () => {
  await stack.configure(withResource(site, { sharedSecret: oddSecret, net: { "verify-alg": "sm3" } }));
  const before = (await lab.run("alpha", "cat /etc/drbd.d/r0.res")).stdout;
  const run = await stack.up();
  expect(run.code).not.toBe(0);
  for (const host of ["alpha", "bravo"])
    expect(run.output).toMatch(new RegExp(`${host}: the running kernel \\(.*\\) has no sm3, and no module for it`));
  expect((await lab.run("alpha", "cat /etc/drbd.d/r0.res")).stdout).toBe(before);
});
