/**
 * A virtual machine on a replicated disk: defined on both hosts, so that either can run it. It runs where the device is
 * Primary and mounted: `virsh start web`. Both hosts need libvirt-daemon-system and qemu-utils.
 *
 * In this folder, after `npm install` in the clone; elsewhere with `npm install`ed pulumi-drbd, @pulumi/command, typescript
 * and @types/node. scripts/env.sh keeps Pulumi from fetching plugins by itself, of which @pulumi/command is one:
 *
 *   pulumi plugin install resource command 1.2.1
 *   pulumi stack init web
 *   pulumi config set --secret privateKey <~/.ssh/id_ed25519
 *   pulumi preview
 */
import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { DrbdNode, DrbdResource } from "pulumi-drbd";

const privateKey = new pulumi.Config().requireSecret("privateKey");

// One connection serves both. DrbdNode finds the host's key in known_hosts, where `hostKey` does not give it;
// remote.Command and CopyToRemote check it only where `hostKey` gives it.
const alpha = { hostname: "alpha", connection: { host: "alpha.oslo.example", user: "root", privateKey } };
const bravo = { hostname: "bravo", connection: { host: "bravo.oslo.example", user: "root", privateKey } };

const storage = new DrbdResource("vm", {
  nodes: [
    { node: new DrbdNode("alpha", { ...alpha, address: "10.20.0.1" }), disk: "/dev/sda7" },
    { node: new DrbdNode("bravo", { ...bravo, address: "10.20.0.2" }), disk: "/dev/sda7" },
  ],
  minor: 1,
  port: 7789,
  syncSource: "alpha",
  filesystem: { label: "vm", mountPoint: "/srv/vm" },
});

// Where the filesystem is mounted. Never taken away again by Pulumi: it is data.
const image = new remote.Command(
  "web-image",
  {
    connection: alpha.connection,
    create: "test -e /srv/vm/web.qcow2 || qemu-img create -f qcow2 /srv/vm/web.qcow2 8G",
  },
  { dependsOn: storage },
);

const definition = new pulumi.asset.FileAsset("web.xml");
for (const { hostname, connection } of [alpha, bravo]) {
  const file = new remote.CopyToRemote(`web-xml-${hostname}`, {
    connection,
    source: definition,
    remotePath: "/root/web.xml",
  });
  new remote.Command(
    `web-${hostname}`,
    { connection, create: "virsh define /root/web.xml", delete: "virsh undefine web", triggers: [definition] },
    { dependsOn: [file, image] },
  );
}

export const device = storage.devicePath;
