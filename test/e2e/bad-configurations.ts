/**
 * Mistakes, each as inputs and as the text that would come of them, with the languages in which drbdadm itself refuses
 * that text. Where it refuses in neither, our own check is the only one there is before the kernel or a lost night.
 */
import type { ResourceInputs } from "../../provider/core/wanted/inputs";
import type { Grammar } from "../../provider/core/wanted/option-table";

/** The good one that each mistake is made in. */
export const goodInputs = {
  name: "r0",
  minor: 5,
  port: 7789,
  protocol: "C",
  syncSource: "alpha",
  sharedSecret: "s3cr3t",
  nodes: [
    { hostname: "alpha", address: "192.168.77.1", connection: { host: "10.1.0.1" }, disk: "/dev/vdb" },
    { hostname: "bravo", address: "192.168.77.2", connection: { host: "10.1.0.2" }, disk: "/dev/vdc" },
  ],
  net: { "max-buffers": 8000, "tcp-cork": true },
  disk: { "al-extents": 1237 },
  handlers: { "split-brain": "/bin/true" },
} satisfies ResourceInputs;

export interface Mistake {
  readonly what: string;
  /** `{ "nodes.0.disk": "vdb" }` */
  readonly inputs: object;
  /** What is found in the good text, and what stands there instead. */
  readonly text: readonly [string | RegExp, string];
  readonly refusedBy: readonly Grammar[];
}

const BOTH = ["8.4", "9"] as const;
const net = (more: object): object => ({ net: { ...goodInputs.net, ...more } });
const inNet = (line: string): readonly [string, string] => ["tcp-cork yes;", `tcp-cork yes; ${line};`];

export const mistakes: readonly Mistake[] = [
  { what: "one host twice", inputs: { "nodes.1.hostname": "alpha" }, text: ["on bravo", "on alpha"], refusedBy: BOTH },
  { what: "one address twice", inputs: { "nodes.1.address": "192.168.77.1" }, text: ["77.2", "77.1"], refusedBy: BOTH },
  { what: "protocol D", inputs: { protocol: "D" }, text: ["protocol C", "protocol D"], refusedBy: BOTH },
  { what: "port 0", inputs: { port: 0 }, text: [/:7789/g, ":0"], refusedBy: BOTH },
  { what: "port 70000", inputs: { port: 70000 }, text: [/:7789/g, ":70000"], refusedBy: BOTH },
  {
    what: "a host name as address",
    inputs: { "nodes.0.address": "alpha" },
    text: ["192.168.77.1:", "alpha:"],
    refusedBy: BOTH,
  },
  {
    what: "an address out of range",
    inputs: { "nodes.0.address": "192.168.77.999" },
    text: ["77.1", "77.999"],
    refusedBy: [],
  },
  {
    what: "an IPv6 address cut short",
    inputs: { "nodes.0.address": "fd00:1" },
    text: ["192.168.77.1:", "ipv6 [fd00:1]:"],
    refusedBy: BOTH,
  },
  {
    what: "a link-local address without its interface",
    inputs: { "nodes.0.address": "fe80::1" },
    text: ["192.168.77.1:", "ipv6 [fe80::1]:"],
    refusedBy: [],
  },
  {
    what: "a minor too large",
    inputs: { minor: 1048576 },
    text: [/drbd5 minor 5/g, "drbd1048576 minor 1048576"],
    refusedBy: [],
  },
  {
    what: "a disk that is no path",
    inputs: { "nodes.0.disk": "vdb" },
    text: ["disk /dev/vdb", "disk vdb"],
    refusedBy: [],
  },
  {
    what: "a DRBD device as disk",
    inputs: { "nodes.0.disk": "/dev/drbd1" },
    text: ["disk /dev/vdb", "disk /dev/drbd1"],
    refusedBy: [],
  },
  {
    what: "metadata on the data disk",
    inputs: { "nodes.0.metaDisk": "/dev/vdb" },
    text: ["meta-disk internal", "meta-disk /dev/vdb"],
    refusedBy: [],
  },
  { what: "a name with a blank", inputs: { name: "r 0" }, text: ["resource r0", 'resource "r 0"'], refusedBy: [] },
  {
    what: "a name that stands for every resource",
    inputs: { name: "all" },
    text: ["resource r0", "resource all"],
    refusedBy: [],
  },
  { what: "an unknown option", inputs: net({ "max-bufers": 1 }), text: ["max-buffers", "max-bufers"], refusedBy: BOTH },
  {
    what: "an option of another section",
    inputs: net({ "al-updates": true }),
    text: inNet("al-updates yes"),
    refusedBy: BOTH,
  },
  { what: "a number too small", inputs: net({ "max-buffers": 31 }), text: ["8000", "31"], refusedBy: BOTH },
  { what: "a number too large", inputs: net({ timeout: 601 }), text: inNet("timeout 601"), refusedBy: BOTH },
  { what: "a wrong unit", inputs: net({ "sndbuf-size": "10MB" }), text: inNet("sndbuf-size 10MB"), refusedBy: BOTH },
  { what: "a fraction", inputs: net({ "ping-int": 9.5 }), text: inNet("ping-int 9.5"), refusedBy: BOTH },
  {
    what: "al-extents out of range",
    inputs: { disk: { "al-extents": 70000 } },
    text: ["1237", "70000"],
    refusedBy: [],
  },
  {
    what: "a bad enum value",
    inputs: { disk: { "on-io-error": "explode" } },
    text: ["al-extents 1237", "on-io-error explode"],
    refusedBy: ["9"],
  },
  { what: "a bad boolean", inputs: net({ "tcp-cork": "on" }), text: ["tcp-cork yes", "tcp-cork on"], refusedBy: BOTH },
  { what: "an unknown digest", inputs: net({ "verify-alg": "crc33" }), text: inNet("verify-alg crc33"), refusedBy: [] },
  { what: "an unknown hmac", inputs: { cramHmacAlg: "sha257" }, text: ["sha256", "sha257"], refusedBy: [] },
  {
    what: "two Primaries with A",
    inputs: { protocol: "A", ...net({ "allow-two-primaries": true }) },
    text: ["protocol C;", "protocol A; allow-two-primaries yes;"],
    refusedBy: [],
  },
  {
    what: "pull-ahead with C",
    inputs: net({ "on-congestion": "pull-ahead" }),
    text: inNet("on-congestion pull-ahead"),
    refusedBy: [],
  },
  {
    what: "a secret of 64 characters",
    inputs: { sharedSecret: "x".repeat(64) },
    text: ["s3cr3t", "x".repeat(64)],
    refusedBy: ["9"],
  },
  { what: "a secret with a line break", inputs: { sharedSecret: "a\nb" }, text: ["s3cr3t", "a\nb"], refusedBy: BOTH },
  {
    what: "a handler that is too long",
    inputs: { handlers: { "split-brain": "x".repeat(256) } },
    text: ["/bin/true", "x".repeat(256)],
    refusedBy: BOTH,
  },
  {
    what: "the secret given twice",
    inputs: net({ "shared-secret": "other" }),
    text: inNet('shared-secret "other"'),
    refusedBy: ["9"],
  },
];
