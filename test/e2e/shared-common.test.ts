/** A resource of somebody else's that lives by `common` of global_common.conf, on hosts that become ours as well. */
import { Lab } from "../../lab/lab";
import { MACHINES } from "../../lab/machines";
import { drbdState, eventually, reboot } from "./machine";
import { siteOf, withResource, type Site } from "./site";
import { expectSuccess, Stack, type Run } from "./stack";
import { onBoth, twoPartitions } from "./take-over/as-it-runs";

jest.setTimeout(280_000);

const own = `net { protocol A; cram-hmac-alg sha1; shared-secret "x1234567"; } handlers { split-brain "/usr/lib/drbd/notify-split-brain.sh root"; }`;
const common = `global { usage-count no; }\ncommon { ${own} }\n`;
const webPath = "/etc/drbd.d/pairs/web.res";

let lab: Lab;
let site: Site;
let stack: Stack;

/** In a folder that Debian's drbd.conf does not include; `said`: what it says itself. */
function web(said = ""): string {
  const side = (name: (typeof MACHINES)[number]) =>
    `on ${name} { device /dev/drbd5; disk /dev/vdb2; address ${lab.address(name)}:7790; meta-disk internal; }`;
  return `resource web { ${said} ${MACHINES.map(side).join(" ")} }\n`;
}

/** What it printed, without the breaks that a terminal's width makes. */
function refusedBy(run: Run): string {
  expect(run.code).not.toBe(0);
  return run.output.replaceAll(/\s+/g, " ");
}

const connected = () =>
  Promise.all(MACHINES.map((name) => eventually(() => drbdState(lab, name, 5), /^cs:Connected .* A r-/, 60)));

beforeAll(async () => {
  lab = await Lab.open();
  await lab.reset("utils");
  site = withResource(await siteOf(lab), {
    disks: { alpha: "/dev/vdb1", bravo: "/dev/vdb1" },
    filesystem: undefined,
    waitForSync: false,
  });
  stack = await Stack.create(site);
  await onBoth(
    lab,
    `set -e; ${twoPartitions}
    mkdir /etc/drbd.d/pairs; echo 'include "drbd.d/pairs/*.res";' >>/etc/drbd.conf
    printf '%s' '${common}' >/etc/drbd.d/global_common.conf; printf '%s' '${web()}' >${webPath}
    modprobe drbd; drbdadm create-md web </dev/null; drbdadm up web; systemctl enable drbd@web.target`,
  );
  await connected();
  await lab.run("alpha", "drbdadm -- --clear-bitmap new-current-uuid web");
});
afterAll(() => stack.remove());

test("its options stay: the node is refused with the inputs that keep them, and nothing is written", async () => {
  const said = refusedBy(await stack.preview());
  for (const part of [
    `web, which ${webPath} defines and this program does not describe, lives by`,
    "- protocol A",
    "- split-brain",
    '"cram-hmac-alg": "sha1"',
    '"protocol": "A"',
    "(the secret that stands there, as a Pulumi secret)",
  ])
    expect(said).toContain(part);
  expect(said).not.toContain("x1234567");
  refusedBy(await stack.up());
  for (const text of await onBoth(lab, "cat /etc/drbd.d/global_common.conf")) expect(text).toBe(common);
});

test("after the advice the hosts are ours, and it is connected as before, also after a reboot of both", async () => {
  await onBoth(lab, `printf '%s' '${web(own)}' >${webPath}; drbdadm adjust web`);
  expectSuccess(await stack.up());
  for (const text of await onBoth(lab, "drbdadm -d adjust web")) expect(text.trim()).toBe("");
  await reboot(lab, ...MACHINES);
  for (const state of await connected()) expect(state).toMatch(/^cs:Connected .* ds:UpToDate\/UpToDate A r-/);
  expect((await lab.run("alpha", "drbdsetup show web")).stdout).toContain("x1234567");
});

test("`destroy` gives the file back, which means nothing to it", async () => {
  expectSuccess(await stack.destroy());
  for (const text of await onBoth(lab, "cat /etc/drbd.d/global_common.conf; drbdadm -d adjust web"))
    expect(text.trim()).toBe(common.trim());
  for (const state of await connected()) expect(state).toMatch(/^cs:Connected .* A r-/);
});

test("what came to live by our `common` keeps it when the node goes", async () => {
  await onBoth(
    lab,
    `printf '%s' '${web(own.replace("net {", "net { max-buffers 4000;"))}' >${webPath}; drbdadm adjust web`,
  );
  await stack.remove();
  const ours = { net: { "max-buffers": 4000 } };
  stack = await Stack.create({ ...site, nodes: site.nodes.map((node) => ({ ...node, common: ours })) });
  expectSuccess(await stack.up());
  await onBoth(lab, `printf '%s' '${web(own)}' >${webPath}; drbdadm adjust web`);
  expect(expectSuccess(await stack.destroy()).output).toMatch(
    /global_common.conf stays as pulumi-drbd wrote it.*would change web/s,
  );
  for (const text of await onBoth(lab, "drbdadm -d adjust web; drbdsetup show web | grep max-buffers"))
    expect(text.trim()).toBe("max-buffers     \t4000;");
});
