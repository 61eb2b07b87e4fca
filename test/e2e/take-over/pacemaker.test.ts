/** A pair that Pacemaker promotes and mounts (ocf:linbit:drbd, Debian's packages): it is named, and nothing of it is touched. */
import { Lab } from "../../../lab/lab";
import { MACHINES } from "../../../lab/machines";
import { drbdState, eventually, mountedAt, surveyAll } from "../machine";
import { siteOf, withResource, type Site } from "../site";
import { changesOf, expectSuccess, Stack } from "../stack";

jest.setTimeout(1_000_000);

const MOUNTED = "/srv/vm";

let lab: Lab;
let site: Site;
let stack: Stack;

const onBoth = (script: string) => Promise.all(MACHINES.map((name) => lab.run(name, script, { timeout: 300 })));

function corosync(): string {
  const nodes = MACHINES.map(
    (name, index) => `node {\n ring0_addr: ${lab.address(name)}\n name: ${name}\n nodeid: ${index + 1}\n}`,
  ).join("\n");
  return `totem {\n version: 2\n cluster_name: lab\n transport: udpu\n crypto_cipher: none\n crypto_hash: none\n token: 30000\n}
nodelist {\n${nodes}\n}
quorum {\n provider: corosync_votequorum\n two_node: 1\n wait_for_all: 0\n}
logging {\n to_syslog: yes\n}\n`;
}

const option = (id: string, name: string, value: string) => `<nvpair id="${id}" name="${name}" value="${value}"/>`;

/** A promotable clone of ocf:linbit:drbd, and a filesystem where it is promoted. */
const resources = `<resources>
  <clone id="ms-r0"><meta_attributes id="ms-r0-meta">${option("ms-r0-p", "promotable", "true")}${option("ms-r0-n", "notify", "true")}</meta_attributes>
    <primitive id="p-r0" class="ocf" provider="linbit" type="drbd">
      <instance_attributes id="p-r0-attributes">${option("p-r0-r", "drbd_resource", "r0")}</instance_attributes>
      <operations>
        <op id="p-r0-start" name="start" interval="0" timeout="240"/><op id="p-r0-promote" name="promote" interval="0" timeout="180"/>
        <op id="p-r0-notify" name="notify" interval="0" timeout="180"/><op id="p-r0-demote" name="demote" interval="0" timeout="180"/>
      </operations>
    </primitive></clone>
  <primitive id="p-fs" class="ocf" provider="heartbeat" type="Filesystem">
    <instance_attributes id="p-fs-attributes">${option("p-fs-device", "device", "/dev/drbd1")}${option("p-fs-directory", "directory", MOUNTED)}${option("p-fs-type", "fstype", "xfs")}</instance_attributes>
    <operations><op id="p-fs-start" name="start" interval="0" timeout="180"/></operations>
  </primitive>
</resources>`;
const constraints = `<constraints>
  <rsc_colocation id="fs-with-r0" rsc="p-fs" with-rsc="ms-r0" with-rsc-role="Promoted" score="INFINITY"/>
  <rsc_order id="r0-then-fs" first="ms-r0" first-action="promote" then="p-fs" then-action="start"/>
  <rsc_location id="on-alpha" rsc="p-fs" node="alpha" score="100"/>
</constraints>`;

beforeAll(async () => {
  lab = await Lab.open();
  await lab.reset("utils");
  const side = (name: (typeof MACHINES)[number]) =>
    `on ${name} { device /dev/drbd1; disk /dev/vdb; address ${lab.address(name)}:7789; meta-disk internal; }`;
  await onBoth(`set -e; apt-get -q update; DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends pacemaker corosync resource-agents
    printf '%s' '${corosync()}' >/etc/corosync/corosync.conf; mkdir -p ${MOUNTED}
    printf '%s\\n' 'resource r0 { net { protocol A; } ${MACHINES.map(side).join(" ")} }' >/etc/drbd.d/r0.res
    modprobe drbd; drbdadm create-md r0 </dev/null; drbdadm up r0`);
  await lab.run(
    "alpha",
    `set -e; until drbdadm cstate r0 | grep -q Connected; do sleep 0.2; done
     drbdadm -- --clear-bitmap new-current-uuid r0; drbdadm primary r0; mkfs.xfs -q /dev/drbd1; drbdadm secondary r0`,
    { timeout: 120 },
  );
  await onBoth(
    "drbdadm down r0; systemctl enable corosync pacemaker; systemctl restart corosync; systemctl start pacemaker",
  );
  const online = async () => (await lab.run("alpha", "crm_mon -1 | grep Online", { check: false })).stdout;
  expect(await eventually(online, /alpha bravo/, 300)).toMatch(/alpha bravo/);
  await lab.run(
    "alpha",
    `set -e; crm_attribute --type crm_config --name stonith-enabled --update false; crm_attribute --type crm_config --name no-quorum-policy --update ignore
     cibadmin --replace --scope resources --xml-text '${resources}'; cibadmin --replace --scope constraints --xml-text '${constraints}'`,
    { timeout: 120 },
  );
  expect(await eventually(() => mountedAt(lab, "alpha", MOUNTED), "/dev/drbd1 xfs", 300)).toBe("/dev/drbd1 xfs");
  expect(await eventually(() => drbdState(lab, "alpha"), /UpToDate\/UpToDate/, 120)).toMatch(/Primary\/Secondary/);
  site = withResource(await siteOf(lab), { protocol: "A", filesystem: { mountPoint: MOUNTED } });
  stack = await Stack.create(site);
});
afterAll(() => stack.remove());

test("it is named, with what to do, and nothing is touched", async () => {
  await lab.run("alpha", `echo kept >${MOUNTED}/mine; sync`);
  const before = await surveyAll(lab);
  for (const run of [await stack.preview(), await stack.up()]) {
    expect(run.code).not.toBe(0);
    expect(run.output.replaceAll(/\s+/g, " ")).toMatch(/Pacemaker manages r0 there .*ignoreManagers: \["Pacemaker"\]/);
    expect(changesOf(run).filter((one) => !/global_common|modules-load/.test(one))).toEqual([]);
  }
  expect((await surveyAll(lab)).map(withoutNodes)).toEqual(before.map(withoutNodes));
});

/** What makes a host ready for DRBD is no matter of the resource's. */
const withoutNodes = (survey: string) =>
  survey
    .split("\n")
    .filter((line) => !/^\/etc( |\/drbd\.d|\/modules-load\.d)|pulumi-drbd/.test(line))
    .join("\n");

test("in maintenance mode, and as the user says: taken over by files alone, and Pacemaker goes on with it", async () => {
  await lab.run("alpha", "crm_attribute --type crm_config --name maintenance-mode --update true");
  await stack.configure(withResource(site, { protocol: "A", filesystem: undefined, ignoreManagers: ["Pacemaker"] }));
  const changes = changesOf(expectSuccess(await stack.up()));
  expect(changes.filter((one) => /drbdadm (up|down|adjust|primary|secondary|create-md)|mkfs|mount/.test(one))).toEqual(
    [],
  );
  for (const { stdout } of await onBoth("drbdadm -d adjust r0")) expect(stdout.trim()).toBe("");
  await lab.run("alpha", "crm_attribute --type crm_config --name maintenance-mode --update false");
  expect((await lab.run("alpha", `cat ${MOUNTED}/mine`)).stdout.trim()).toBe("kept");
  // A switchover is Pacemaker's own.
  await lab.run("alpha", "crm_standby -v on 2>/dev/null || crm_attribute --node alpha --name standby --update on");
  expect(await eventually(() => mountedAt(lab, "bravo", MOUNTED), "/dev/drbd1 xfs", 300)).toBe("/dev/drbd1 xfs");
  expect((await lab.run("bravo", `cat ${MOUNTED}/mine`)).stdout.trim()).toBe("kept");
});
