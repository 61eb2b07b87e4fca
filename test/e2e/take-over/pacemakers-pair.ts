/** A pair that Pacemaker starts, promotes and mounts: Debian's packages, ocf:linbit:drbd, and a Filesystem beside it. */
import type { Lab } from "../../../lab/lab";
import { MACHINES, type MachineName } from "../../../lab/machines";
import { drbdState, eventually, mountedAt } from "../machine";

export const MOUNT_POINT = "/srv/vm";

/** The tokens may be late: the machines are emulated. */
function corosyncConf(lab: Lab): string {
  const nodes = MACHINES.map(
    (name, index) =>
      `  node {\n    ring0_addr: ${lab.address(name)}\n    name: ${name}\n    nodeid: ${index + 1}\n  }\n`,
  ).join("");
  return `totem {\n  version: 2\n  cluster_name: lab\n  transport: udpu\n  crypto_cipher: none\n  crypto_hash: none\n  token: 30000\n}
nodelist {\n${nodes}}\nquorum {\n  provider: corosync_votequorum\n  two_node: 1\n  wait_for_all: 0\n}\nlogging {\n  to_syslog: yes\n}\n`;
}

const option = (id: string, name: string, value: string) => `<nvpair id="${id}" name="${name}" value="${value}"/>`;

/** Without stickiness it would go back to alpha by itself, as soon as alpha is there again. */
const configuration = `<configuration>
  <crm_config><cluster_property_set id="cib-bootstrap-options">
    ${option("lab-stonith", "stonith-enabled", "false")}${option("lab-quorum", "no-quorum-policy", "ignore")}
  </cluster_property_set></crm_config>
  <resources>
    <clone id="ms-r0">
      <meta_attributes id="ms-r0-meta">${option("ms-r0-p", "promotable", "true")}${option("ms-r0-n", "notify", "true")}</meta_attributes>
      <primitive id="p-r0" class="ocf" provider="linbit" type="drbd">
        <instance_attributes id="p-r0-attributes">${option("p-r0-r", "drbd_resource", "r0")}</instance_attributes>
        <operations>
          <op id="p-r0-promoted" name="monitor" interval="29" role="Promoted" timeout="120"/>
          <op id="p-r0-unpromoted" name="monitor" interval="31" role="Unpromoted" timeout="120"/>
          <op id="p-r0-start" name="start" interval="0" timeout="240"/><op id="p-r0-promote" name="promote" interval="0" timeout="180"/>
          <op id="p-r0-notify" name="notify" interval="0" timeout="180"/><op id="p-r0-demote" name="demote" interval="0" timeout="180"/>
          <op id="p-r0-stop" name="stop" interval="0" timeout="180"/>
        </operations>
      </primitive>
    </clone>
    <primitive id="p-fs" class="ocf" provider="heartbeat" type="Filesystem">
      <meta_attributes id="p-fs-meta">${option("p-fs-stays", "resource-stickiness", "50000")}</meta_attributes>
      <instance_attributes id="p-fs-attributes">${option("p-fs-device", "device", "/dev/drbd1")}${option("p-fs-directory", "directory", MOUNT_POINT)}${option("p-fs-type", "fstype", "xfs")}</instance_attributes>
      <operations>
        <op id="p-fs-monitor" name="monitor" interval="20" timeout="120"/>
        <op id="p-fs-start" name="start" interval="0" timeout="180"/><op id="p-fs-stop" name="stop" interval="0" timeout="180"/>
      </operations>
    </primitive>
  </resources>
  <constraints>
    <rsc_colocation id="fs-with-r0" rsc="p-fs" with-rsc="ms-r0" with-rsc-role="Promoted" score="INFINITY"/>
    <rsc_order id="r0-then-fs" first="ms-r0" first-action="promote" then="p-fs" then-action="start"/>
    <rsc_location id="on-alpha" rsc="p-fs" node="alpha" score="20000"/>
  </constraints>
</configuration>`;

export async function setMaintenance(lab: Lab, on: boolean): Promise<void> {
  await lab.run("alpha", `crm_attribute --type crm_config --name maintenance-mode --update ${String(on)}`);
}

/** Pacemaker has made it Primary and mounted it there. */
export async function mountedOn(lab: Lab, name: MachineName): Promise<void> {
  const now = await eventually(() => mountedAt(lab, name, MOUNT_POINT), "/dev/drbd1 xfs", 300);
  if (now !== "/dev/drbd1 xfs") throw new Error(`Pacemaker mounts nothing on ${name}:\n${await clusterState(lab)}`);
}

/** What `crm_mon` tells of the resources, and of what failed. */
export async function clusterState(lab: Lab): Promise<string> {
  return (await lab.run("alpha", "crm_mon --one-shot --include=none,resources,failures")).stdout;
}

export interface PacemakersPair {
  /** The text of the resource's file. */
  readonly resource: string;
  /** sha256sum of a file on it. */
  readonly sum: string;
}

/** In sync, Primary on alpha and mounted there, by Pacemaker alone. Protocol A comes from `common`. */
export async function makePacemakersPair(lab: Lab): Promise<PacemakersPair> {
  const side = (name: MachineName) =>
    `on ${name} { device /dev/drbd1; disk /dev/vdb; address ${lab.address(name)}:7789; meta-disk internal; }`;
  const resource = `resource r0 { ${MACHINES.map(side).join(" ")} }\n`;
  const onBoth = (script: string) => Promise.all(MACHINES.map((name) => lab.run(name, script, { timeout: 300 })));
  await onBoth(`set -e; tar -C / -xzf /var/lib/lab/cluster.tar.gz; systemctl daemon-reload
    printf '%s' '${corosyncConf(lab)}' >/etc/corosync/corosync.conf
    printf '%s' 'global { usage-count no; } common { net { protocol A; } }' >/etc/drbd.d/global_common.conf
    printf '%s' '${resource}' >/etc/drbd.d/r0.res
    mkdir -p ${MOUNT_POINT}; systemctl enable corosync pacemaker; systemctl start corosync pacemaker
    modprobe drbd; drbdadm create-md r0 </dev/null; drbdadm up r0`);
  // Meanwhile the cluster chooses who leads it.
  const made = await lab.run(
    "alpha",
    `set -e; until drbdadm cstate r0 | grep -q Connected; do sleep 0.2; done
     drbdadm -- --clear-bitmap new-current-uuid r0; drbdadm primary r0; mkfs.xfs -q /dev/drbd1; mount /dev/drbd1 ${MOUNT_POINT}
     head -c 2000000 /dev/urandom >${MOUNT_POINT}/file; sync; sha256sum ${MOUNT_POINT}/file; umount ${MOUNT_POINT}; drbdadm secondary r0`,
    { timeout: 300 },
  );
  await onBoth("drbdadm down r0");
  const online = async () => (await lab.run("alpha", "crm_mon --one-shot", { check: false })).stdout;
  const both = await eventually(online, /Online: \[ alpha bravo \]/, 300);
  if (!both.includes("Online: [ alpha bravo ]")) throw new Error(`the cluster does not come together:\n${both}`);
  await lab.run("alpha", `cibadmin --modify --allow-create --xml-text '${configuration}'`, { timeout: 120 });
  await mountedOn(lab, "alpha");
  const inSync = await eventually(() => drbdState(lab, "alpha"), /UpToDate\/UpToDate/, 120);
  if (!inSync.includes("UpToDate/UpToDate")) throw new Error(`r0 does not come in sync: ${inSync}`);
  return { resource, sum: made.stdout };
}
