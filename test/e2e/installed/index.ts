/** A user's own program, as the README shows it. installed.test.ts runs it with the package from its tarball. */
import * as pulumi from "@pulumi/pulumi";
import { DrbdNode, DrbdResource } from "pulumi-drbd";

interface Host {
  hostname: string;
  address: string;
  connection: { host: string; port: number; user: string; hostKey: string };
}

const config = new pulumi.Config();
const privateKey = config.requireSecret("key");
const node = ({ hostname, address, connection }: Host) =>
  new DrbdNode(hostname, { hostname, address, connection: { ...connection, privateKey } });

const r0 = new DrbdResource("r0", {
  nodes: [
    { node: node(config.requireObject<Host>("first")), disk: "/dev/vdb" },
    { node: node(config.requireObject<Host>("second")), disk: "/dev/vdb" },
  ],
  minor: 1,
  port: 7789,
  net: { "max-buffers": 8000 },
  syncSource: "alpha",
  filesystem: { label: "data", mountPoint: "/srv/data" },
});

export const device = r0.devicePath;
export const state = r0.diskStates;
