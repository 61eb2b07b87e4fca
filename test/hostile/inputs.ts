/** Inputs with something in every place that takes a string. */
import { keyPair } from "../shell/fake-node";

const key = keyPair();
const endpoint = (host: string) => ({
  host,
  user: "root",
  password: "pass",
  privateKey: key.private,
  privateKeyPassword: "phrase",
  agentSocketPath: "/run/agent",
  hostKey: key.public,
});
const connection = (host: string) => ({ ...endpoint(host), proxy: endpoint(`proxy.${host}`) });

export const goodNode = {
  hostname: "alpha",
  address: "10.1.1.31",
  connection: connection("alpha.example"),
  global: {},
  common: { net: {}, disk: {}, options: {}, startup: {}, handlers: {} },
};

const side = (hostname: string, address: string) => ({
  hostname,
  address,
  connection: connection(`${hostname}.example`),
  disk: "/dev/vdb",
  metaDisk: "internal",
});

export const goodResource = {
  name: "r0",
  nodes: [side("alpha", "10.1.1.31"), side("bravo", "10.1.1.32")],
  minor: 1,
  port: 7789,
  protocol: "C",
  sharedSecret: "a-shared-secret",
  cramHmacAlg: "sha256",
  syncSource: "alpha",
  services: ["web.service"],
  virtualMachines: ["web", { name: "db", xml: "<domain><name>db</name></domain>", shutdownTimeout: 60 }],
  filesystem: {
    type: "xfs",
    label: "data",
    mkfsOptions: ["-m", "reflink=0"],
    mountPoint: "/srv/data",
    mountOptions: ["noatime"],
  },
  net: {},
  disk: {},
  options: {},
  startup: {},
  handlers: {},
};
