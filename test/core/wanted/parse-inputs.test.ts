import * as fc from "fast-check";
import { runtime } from "@pulumi/pulumi";
import type { NodeInputs, ResourceInputs } from "../../../provider/core/wanted/inputs";
import { parseNode, parseResource } from "../../../provider/core/wanted/parse-inputs";
import { UNKNOWN } from "../../../provider/core/wanted/unknowns";
import { arbitraryResource } from "../arbitrary-inputs";

const resource = {
  name: "r0",
  minor: 1,
  port: 7789,
  syncSource: "alpha",
  nodes: [
    { hostname: "alpha", address: "192.168.77.1", connection: { host: "10.1.0.1" }, disk: "/dev/vdb" },
    { hostname: "bravo", address: "192.168.77.2", connection: { host: "10.1.0.2" }, disk: "/dev/vdb" },
  ],
} satisfies ResourceInputs;
const node = { hostname: "alpha", address: "192.168.77.1", connection: { host: "10.1.0.1" } } satisfies NodeInputs;

type Json = Record<string, unknown>;

/** The inputs with some of them changed: `{ "nodes.0.disk": "x" }`; undefined takes one out. */
function change(inputs: object, changes: Json): Json {
  const copy = structuredClone(inputs) as Json;
  for (const [path, value] of Object.entries(changes)) {
    const keys = path.split(".");
    let at = copy;
    for (const key of keys.slice(0, -1)) at = (at[key] ??= {}) as Json;
    at[keys.at(-1)!] = value;
  }
  return copy;
}

/** `property: reason` for each failure. */
function failures(parsed: ReturnType<typeof parseNode | typeof parseResource>): string[] {
  return parsed.ok === false ? parsed.failures.map(({ property, reason }) => `${property}: ${reason}`) : [];
}

test("a resource gets its defaults", () => {
  expect(parseResource(resource)).toEqual({
    ok: true,
    desired: {
      name: "r0",
      protocol: "C",
      hosts: [
        { hostname: "alpha", address: "192.168.77.1", port: 7789, reachedAt: { host: "10.1.0.1" } },
        { hostname: "bravo", address: "192.168.77.2", port: 7789, reachedAt: { host: "10.1.0.2" } },
      ],
      volumes: [
        {
          number: 0,
          places: [
            { minor: 1, disk: "/dev/vdb", metaDisk: "internal" },
            { minor: 1, disk: "/dev/vdb", metaDisk: "internal" },
          ],
        },
      ],
      sections: { net: { fencing: "resource-only" }, disk: {}, options: {}, startup: {}, handlers: {} },
      discard: {},
      auth: { algorithm: "sha256" },
      unnamed: ["fencing", "authentication"],
      syncSource: "alpha",
      waitForSync: true,
      waitForSyncSeconds: 3600,
      services: [],
    },
    connections: ["10.1.0.1", "10.1.0.2"].map((host) => ({
      host,
      perDialTimeout: 15,
      insecureIgnoreHostKey: false,
    })),
  });
});

test("mount options of systemd's that go with ours are taken: units to wait for, and a time limit", () => {
  const mountOptions = ["noatime", "x-systemd.after=vpn.service", "x-systemd.mount-timeout=5min"];
  const parsed = parseResource({ ...resource, filesystem: { mountPoint: "/srv", mountOptions } });
  expect(parsed).toMatchObject({ ok: true, desired: { volumes: [{ filesystem: { mountOptions } }] } });
});

test("a node gets its defaults", () => {
  expect(parseNode(node)).toEqual({
    ok: true,
    desired: {
      hostname: "alpha",
      address: "192.168.77.1",
      global: { "udev-always-use-vnr": "yes", "usage-count": "no" },
      common: { net: {}, disk: {}, options: {}, startup: {}, handlers: {} },
    },
    connection: {
      host: "10.1.0.1",
      perDialTimeout: 15,
      insecureIgnoreHostKey: false,
    },
  });
});

test("everything that can be given arrives", () => {
  const connection = {
    host: "fd00::9",
    port: 2222,
    user: "admin",
    password: "pass word",
    privateKey: "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\n",
    privateKeyPassword: "ü",
    agentSocketPath: "/run/agent.sock",
    dialErrorLimit: -1,
    perDialTimeout: 0,
    hostKey: `ssh-ed25519 AAAA${"C".repeat(64)}`,
  };
  const proxy = { host: "jump.example.com", user: "hop" };
  const parsed = parseResource({
    ...resource,
    nodes: [
      {
        ...resource.nodes[0]!,
        connection: { ...connection, proxy },
        insecureIgnoreHostKey: true,
        metaDisk: "/dev/vdc",
      },
      resource.nodes[1]!,
    ],
    protocol: "A",
    net: { fencing: "dont-care", "on-congestion": "pull-ahead" },
    sharedSecret: "s3cr3t",
    cramHmacAlg: "sha512",
    filesystem: { label: "data", mkfsOptions: ["-K"], mountPoint: "/srv/data", mountOptions: ["noatime"] },
    waitForSync: false,
    waitForSyncSeconds: 60,
  } satisfies ResourceInputs);
  expect(parsed).toMatchObject({
    ok: true,
    desired: {
      protocol: "A",
      auth: { algorithm: "sha512", secret: "s3cr3t" },
      sections: { net: { fencing: "dont-care", "on-congestion": "pull-ahead" } },
      volumes: [
        {
          filesystem: {
            type: "xfs",
            label: "data",
            mkfsOptions: ["-K"],
            mountPoint: "/srv/data",
            mountOptions: ["noatime"],
          },
        },
      ],
      waitForSync: false,
      waitForSyncSeconds: 60,
    },
    connections: [
      {
        ...connection,
        insecureIgnoreHostKey: true,
        proxy: { ...proxy, perDialTimeout: 15 },
      },
      {},
    ],
  });
});

test("numbers and booleans may be strings, as Pulumi's config gives them; nulls and Pulumi's own keys count for nothing", () => {
  const given = {
    ...resource,
    minor: "1",
    port: "7789",
    waitForSync: "true",
    filesystem: null,
    sharedSecret: undefined,
    __provider: "…",
  };
  expect(parseResource(given)).toEqual(parseResource(resource));
});

test("the result is plain data for Pulumi's state: no undefined anywhere", () => {
  for (const parsed of [parseResource(resource), parseResource({ ...resource, filesystem: {} }), parseNode(node)]) {
    expect(JSON.parse(JSON.stringify(parsed))).toStrictEqual(parsed);
  }
});

test.each<[string, Json, string]>([
  ["no name", { name: undefined }, "name: is missing"],
  ["a name that drbd.conf reserves", { name: "all" }, 'name: "all" is a word that drbdadm reads as something else'],
  ["a name that climbs", { name: "../../etc/passwd" }, 'name: "../../etc/passwd" must be a letter or digit'],
  ["one node", { nodes: [resource.nodes[0]] }, ": nodes: must be exactly two nodes, not 1"],
  ["three nodes", { "nodes.2": resource.nodes[0] }, ": nodes: must be exactly two nodes, not 3"],
  ["nodes that are none", { nodes: "alpha" }, ": nodes: must be an array of two nodes"],
  ["a node that is none", { "nodes.1": 5 }, ": nodes[1]: must be an object"],
  [
    "an address out of range",
    { "nodes.0.address": "192.168.77.999" },
    'nodes[0].address: "192.168.77.999" is no IPv4 address',
  ],
  [
    "a host name as an address",
    { "nodes.0.address": "alpha" },
    'nodes[0].address: "alpha" is no address (a host name is not enough',
  ],
  ["an address in a file's spelling", { "nodes.0.address": "ipv4 10.0.0.1:7789" }, "nodes[0].address: "],
  ["a number as an address", { "nodes.0.address": 5 }, "nodes[0].address: is a number here: put it in quotes"],
  ["a number as a hostname", { "nodes.0.hostname": 101 }, "nodes[0].hostname: is a number here: put it in quotes"],
  [
    "a number as a host",
    { "nodes.0.connection.host": 101 },
    "nodes[0].connection.host: is a number here: put it in quotes",
  ],
  [
    "a number as a password",
    { "nodes.0.connection.password": 1234 },
    ": nodes[0].connection.password: is a number here: put it in quotes",
  ],
  ["a number as the sync source", { syncSource: 101 }, "syncSource: is a number here: put it in quotes"],
  ["a number as a secret", { sharedSecret: 12345678 }, ": sharedSecret: is a number here: put it in quotes"],
  [
    "a word of YAML as a label",
    { filesystem: { label: true } },
    "filesystem.label: is true or false here: put it in quotes",
  ],
  ["a list as the sync source", { syncSource: [] }, "syncSource: is an empty list here: give the hostname of one of"],
  ["a group as a disk", { "nodes.1.disk": {} }, "nodes[1].disk: is a group of keys here: give a string"],
  ["no disk", { "nodes.1.disk": undefined }, "nodes[1].disk: is missing"],
  ["a relative disk", { "nodes.1.disk": "vdb" }, 'nodes[1].disk: "vdb" must be an absolute path'],
  ["a disk with a command", { "nodes.1.disk": "/dev/vdb; reboot" }, "nodes[1].disk: "],
  ["a DRBD device as a disk", { "nodes.1.disk": "/dev/drbd0" }, 'nodes[1].disk: "/dev/drbd0" is a DRBD device itself'],
  [
    "metadata in a slot that is none",
    { "nodes.1.metaDisk": "/dev/vdc[256]" },
    'nodes[1].metaDisk: "/dev/vdc[256]" has a slot from 0 to 255',
  ],
  [
    "metadata in a slot of no disk",
    { "nodes.1.metaDisk": "internal[0]" },
    'nodes[1].metaDisk: "internal[0]" must be an absolute path',
  ],
  [
    "metadata in a slot of the data disk",
    { "nodes.1.metaDisk": "/dev/vdb[0]" },
    "nodes[1].metaDisk: is the data disk itself",
  ],
  [
    "a disk to discard whose metadata is in a slot",
    { "nodes.1.metaDisk": "/dev/vdc [0]", discard: { bravo: "xfs:1f0c7a52-6d5b-4d5f-9c0f-0d7f3c1e9a10" } },
    "discard.bravo: is for disks that get new metadata, and none is made in a slot",
  ],
  ["metadata in a file", { "nodes.1.metaDisk": "external" }, 'nodes[1].metaDisk: "external" must be an absolute path'],
  [
    "a host name that is none",
    { "nodes.0.hostname": "alpha;" },
    'nodes[0].hostname: "alpha;" must be a host name as `uname -n` prints it',
  ],
  ["no connection", { "nodes.0.connection": undefined }, ": nodes[0].connection: is missing"],
  ["a connection without a host", { "nodes.0.connection": { port: 22 } }, "nodes[0].connection.host: is missing"],
  [
    "a connection's port",
    { "nodes.0.connection.port": 0 },
    "nodes[0].connection.port: must be a whole number 1..65535, the SSH port",
  ],
  [
    "a host with a user",
    { "nodes.0.connection.host": "root@alpha" },
    'nodes[0].connection.host: "root@alpha" must be a host name or an address',
  ],
  ["a host that is an option", { "nodes.0.connection.host": "-oProxyCommand=reboot" }, "nodes[0].connection.host: "],
  [
    "a proxy's field",
    { "nodes.0.connection.proxy": { host: "x", user: "a b" } },
    'nodes[0].connection.proxy.user: "a b" is no user name',
  ],
  [
    "a proxy behind a proxy",
    { "nodes.0.connection.proxy": { host: "x", proxy: { host: "y" } } },
    ": nodes[0].connection.proxy.proxy: no such property",
  ],
  [
    "a private key's path",
    { "nodes.0.connection.privateKey": "/root/.ssh/id_ed25519" },
    ": nodes[0].connection.privateKey: must be the text of a private key, not its path and not a public key",
  ],
  ["a host key that is none", { "nodes.0.connection.hostKey": "SHA256:abc" }, "nodes[0].connection.hostKey: "],
  [
    "an opt-out of another type",
    { "nodes.0.insecureIgnoreHostKey": "sure" },
    "nodes[0].insecureIgnoreHostKey: must be true or false",
  ],
  [
    "the opt-out inside the connection",
    { "nodes.0.connection.insecureIgnoreHostKey": true },
    ": nodes[0].connection.insecureIgnoreHostKey: no such property",
  ],
  ["a minor too large", { minor: 1048576 }, "minor: must be a whole number 0..1048575: 1 is /dev/drbd1"],
  ["a minor that is no number", { minor: 1.5 }, "minor: must be a whole number"],
  ["port 0", { port: 0 }, "port: must be a whole number 1..65535, a TCP port"],
  ["port 70000", { port: 70000 }, "port: must be a whole number 1..65535"],
  ["protocol D", { protocol: "D" }, "protocol: must be one of A, B, C"],
  ["a small protocol", { protocol: "c" }, "protocol: must be one of A, B, C"],
  ["an unknown hmac", { cramHmacAlg: "sha257" }, "cramHmacAlg: must be one of md5, sha1, sha224, sha256"],
  ["a checksum as hmac", { cramHmacAlg: "crc32c" }, "cramHmacAlg: must be one of md5, sha1"],
  [
    "a secret that is too long",
    { sharedSecret: "x".repeat(64) },
    ": sharedSecret: must be 1..63 characters long, not 64",
  ],
  ["a filesystem for many hosts", { filesystem: { type: "ocfs2" } }, "filesystem.type: must be one of xfs, ext4"],
  [
    "a label too long",
    { filesystem: { label: "averylonglabel" } },
    'filesystem.label: "averylonglabel" must be at most 12 characters',
  ],
  [
    "a forcing mkfs",
    { filesystem: { mkfsOptions: ["-K", "-f"] } },
    'filesystem.mkfsOptions[1]: "-f" -f would overwrite what is on the device',
  ],
  [
    "mkfs options in one string",
    { filesystem: { mkfsOptions: "-K" } },
    "filesystem.mkfsOptions: must be an array of strings",
  ],
  ["the root as mount point", { filesystem: { mountPoint: "/" } }, 'filesystem.mountPoint: "/" belongs to the system'],
  [
    "a mount option of ours",
    { filesystem: { mountPoint: "/srv", mountOptions: ["auto"] } },
    'filesystem.mountOptions[0]: "auto" is for the provider to set',
  ],
  [
    "systemd would format",
    { filesystem: { mountPoint: "/srv", mountOptions: ["x-systemd.makefs"] } },
    'filesystem.mountOptions[0]: "x-systemd.makefs" is for the provider to set',
  ],
  [
    "systemd would mount at the first access",
    { filesystem: { mountPoint: "/srv", mountOptions: ["noatime", "x-systemd.automount"] } },
    'filesystem.mountOptions[1]: "x-systemd.automount" is for the provider to set',
  ],
  [
    "mount options in one string",
    { filesystem: { mountPoint: "/srv", mountOptions: ["noatime,ro"] } },
    'filesystem.mountOptions[0]: "noatime,ro" must be one mount option',
  ],
  ["a wait too short", { waitForSyncSeconds: 0 }, "waitForSyncSeconds: must be a whole number 1..604800 seconds"],
  ["a service in a string", { services: "web.service" }, "services: must be a list of units of systemd"],
  ["a service that is no unit", { services: ["web"] }, 'services[0]: "web" must be the name of a systemd unit'],
  ["a mount", { services: ["srv-data.mount"] }, 'services[0]: "srv-data.mount" must be the name of a systemd unit'],
  ["a service with a blank", { services: ["a b.service"] }, 'services[0]: "a b.service" must be the name'],
  [
    "a template",
    { services: ["web@.service"] },
    'services[0]: "web@.service" is a template: name an instance of it, such as web@1.service',
  ],
  [
    "DRBD's own unit",
    { services: ["drbd-primary@r0.service"] },
    'services[0]: "drbd-primary@r0.service" is a unit of DRBD',
  ],
  ["virtual machines in a string", { virtualMachines: "web" }, "virtualMachines: must be a list of virtual machines"],
  ["a machine without a name", { virtualMachines: [{}] }, "virtualMachines[0].name: is missing"],
  ["a machine with a slash", { virtualMachines: ["a/b"] }, 'virtualMachines[0].name: "a/b" must be without `/`'],
  [
    "a machine's other name",
    { virtualMachines: [{ name: "web", xml: "<domain><name>db</name></domain>" }] },
    'virtualMachines[0].xml: names "db" in its <name>, not "web"',
  ],
  [
    "no time to shut down",
    { virtualMachines: [{ name: "web", shutdownTimeout: 0 }] },
    "virtualMachines[0].shutdownTimeout: must be a whole number 1..86400 seconds; the default is 120",
  ],
  ["a machine twice", { virtualMachines: ["web", { name: "web" }] }, 'virtualMachines[1]: "web" stands there twice'],
  [
    "a machine's unit among the services",
    { services: ["drbd-vm@web.service"] },
    'services[0]: "drbd-vm@web.service" is a unit of DRBD',
  ],
  [
    "machines beside two Primaries",
    { virtualMachines: ["web"], filesystem: undefined, net: { "allow-two-primaries": "yes" } },
    "virtualMachines: run on the one host that is Primary, and allow-two-primaries lets both be",
  ],
  ["a service twice", { services: ["a.service", "a.service"] }, 'services[1]: "a.service" stands there twice'],
  ["a Primary that is neither host", { primary: "carol" }, "primary: must be one of the two nodes, alpha or bravo"],
  [
    "one Primary, and two",
    { primary: "bravo", net: { "allow-two-primaries": true } },
    "primary: names the one host that is Primary, and allow-two-primaries lets both be",
  ],
  [
    "what is given up of neither host",
    { giveUp: { carol: "6D58B9C5F1E0A2B4" } },
    "giveUp.carol: is none of the two nodes, alpha and bravo",
  ],
  [
    "both sides given up",
    { giveUp: { alpha: "6D58B9C5F1E0A2B4", bravo: "718431164AB65DE2" } },
    "giveUp: names alpha and bravo: one side's changes stay",
  ],
  [
    "the word that a host is off, without a place to go",
    { peerIsOff: { alpha: "3f9c2ab81d04e756" } },
    "peerIsOff: is for a resource that moves away from a dead host: give `primary`, too",
  ],
  [
    "the word that the host is off that it is to run on",
    { primary: "bravo", peerIsOff: { bravo: "3f9c2ab81d04e756" } },
    "peerIsOff.bravo: names bravo, where `primary` has the resource run",
  ],
  [
    "the word that a stranger is off",
    { primary: "bravo", peerIsOff: { carol: "3f9c2ab81d04e756" } },
    "peerIsOff.carol: is none of the two nodes, alpha and bravo",
  ],
  [
    "a generation for a token",
    { primary: "bravo", peerIsOff: { alpha: "6D58B9C5F1E0A2B4" } },
    'peerIsOff.alpha: "6D58B9C5F1E0A2B4" is no token such as',
  ],
  [
    "a word without a token",
    { primary: "bravo", peerIsOff: "alpha" },
    "peerIsOff: must give for the host that is off the token that the refusal tells",
  ],
  [
    "a first sync that is skipped, of what is kept",
    { initialSync: "skip", existingData: "keep", filesystem: undefined },
    "initialSync: skip is for two disks that hold nothing, and what `existingData` keeps has to be sent: leave out one",
  ],
  ["another first sync", { initialSync: "seeded" }, "initialSync: must be "],
  ["no generation", { giveUp: { alpha: "all" } }, 'giveUp.alpha: "all" is no generation of a volume'],
  [
    "more generations than volumes",
    { giveUp: { alpha: ["6D58B9C5F1E0A2B4", "718431164AB65DE2"] } },
    "giveUp.alpha: must name one generation for each volume, which are 1 here",
  ],
  ["a copy nowhere", { keep: [] }, 'keep: must name a place, or be "none"'],
  ["a copy in a relative place", { keep: "before" }, 'keep[0]: "before" must be the absolute path'],
  ["two copies of one volume", { keep: ["/dev/vg/a", "/dev/vg/b"] }, "keep: must name one place for each volume"],
  ["a misspelt property", { protocl: "A" }, ": protocl: no such property; did you mean protocol?"],
  [
    "a property in another style",
    { sync_source: "alpha" },
    ": sync_source: no such property; did you mean syncSource?",
  ],
  ["a property nobody knows", { colour: "red" }, ": colour: no such property"],
  [
    "a node's misspelt property",
    { "nodes.0.meta_disk": "internal" },
    ": nodes[0].meta_disk: no such property; did you mean metaDisk?",
  ],
  [
    "a misspelt option",
    { net: { "max-bufers": 8000 } },
    'net["max-bufers"]: max-bufers: no such option; did you mean max-buffers?',
  ],
  [
    "an option in another style",
    { net: { maxBuffers: 8000 } },
    "net.maxBuffers: maxBuffers: no such option; did you mean max-buffers?",
  ],
  ["an option nobody knows", { net: { colour: "red" } }, "net.colour: no such option in net; it has after-sb-0pri, "],
  [
    "an option of another section",
    { net: { "al-extents": 1237 } },
    'net["al-extents"]: al-extents belongs under disk, not under net',
  ],
  [
    "fencing under disk, as 8.4 has it",
    { disk: { fencing: "resource-only" } },
    "disk.fencing: fencing is given under net",
  ],
  [
    "protocol among the options",
    { net: { protocol: "A" } },
    "net.protocol: protocol: the protocol is set on the resource itself",
  ],
  [
    "the hmac among the options",
    { net: { "cram-hmac-alg": "sha1" } },
    'net["cram-hmac-alg"]: cram-hmac-alg: peer authentication is set on the resource itself: auth, cramHmacAlg',
  ],
  [
    "the secret among the options",
    { net: { "shared-secret": "hidden-hidden" } },
    ': net["shared-secret"]: shared-secret: the secret is set on the resource itself: sharedSecret',
  ],
  ["a size", { disk: { size: "10G" } }, "disk.size: size: the device takes its size from the smaller disk"],
  [
    "a Primary at boot",
    { startup: { "become-primary-on": "both" } },
    'startup["become-primary-on"]: become-primary-on: who becomes Primary is syncSource',
  ],
  ["an old name", { disk: { rate: "10M" } }, "disk.rate: rate: the old name of resync-rate"],
  ["an option's prototype", { net: { toString: 1 } }, "net.toString: no such option in net"],
  [
    "a wrong unit",
    { net: { "sndbuf-size": "10MB" } },
    'net["sndbuf-size"]: "10MB": the unit is wrong; must be a whole number 0..10485760 bytes',
  ],
  [
    "al-extents out of range, which drbdadm takes",
    { disk: { "al-extents": 70000 } },
    'disk["al-extents"]: 70000 is too large; must be a whole number 67..65534',
  ],
  [
    "a bad enum value, which drbdadm-84 takes",
    { disk: { "on-io-error": "explode" } },
    'disk["on-io-error"]: must be one of pass_on, call-local-io-error, detach',
  ],
  [
    "an unknown digest, which drbdadm takes",
    { net: { "verify-alg": "crc32d" } },
    'net["verify-alg"]: must be one of md5, ',
  ],
  [
    "options that are a list",
    { net: ["timeout"] },
    'net: must be an object of options, for example { "after-sb-0pri": … }',
  ],
])("a resource with %s is refused", (_what, changes, reason) => {
  const found = failures(parseResource(change(resource, changes)));
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(reason);
  expect(found[0]!.indexOf(reason)).toBe(0);
});

test.each<[string, Json, string]>([
  ["no host name", { hostname: undefined }, "hostname: is missing"],
  [
    "the shared secret",
    { common: { net: { "shared-secret": "hidden-hidden" } } },
    ': common.net["shared-secret"]: shared-secret: the secret is set',
  ],
  ["a misspelt section", { common: { nets: {} } }, ": common.nets: no such property; did you mean net?"],
  [
    "an option out of range",
    { common: { disk: { "c-plan-ahead": 301 } } },
    'common.disk["c-plan-ahead"]: 301 is too large',
  ],
  ["a global option out of range", { global: { "minor-count": 0 } }, 'global["minor-count"]: 0 is too small'],
  ["a wrong usage count", { global: { "usage-count": "never" } }, 'global["usage-count"]: must be one of yes, no, ask'],
  ["a resource's property", { minor: 5 }, ": minor: no such property"],
])("a node with %s is refused", (_what, changes, reason) => {
  const found = failures(parseNode(change(node, changes)));
  expect(found).toHaveLength(1);
  expect(found[0]!.indexOf(reason)).toBe(0);
});

test("all that is wrong is said at once, and what is right is looked at together all the same", () => {
  const found = failures(
    parseResource(
      change(resource, {
        name: "",
        "nodes.0.disk": "x",
        colour: 1,
        net: { timeout: "5s", tcpcork: 1, "ping-int": 0 },
        syncSource: "charlie",
      }),
    ),
  ).map((text) => text.split(":")[0]);
  expect(found).toEqual(["", "name", "nodes[0].disk", "net.timeout", "net.tcpcork", 'net["ping-int"]', "syncSource"]);
});

test("anything at all is answered, never thrown", () => {
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: true }), (given) => {
      expect(parseResource(given).ok).toBe(false);
      expect(parseNode(given).ok).toBe(false);
    }),
  );
});

describe("what is not known yet in a preview", () => {
  test("is what Pulumi says it is", () => {
    expect(UNKNOWN).toBe(runtime.unknownValue);
  });

  test.each([
    [{ "nodes.0.address": UNKNOWN }, ["nodes[0].address"]],
    [{ "nodes.0.connection": UNKNOWN, port: UNKNOWN }, ["nodes[0].connection", "port"]],
    [{ nodes: UNKNOWN }, ["nodes"]],
    [{ net: { "max-buffers": UNKNOWN } }, ['net["max-buffers"]']],
    [
      { filesystem: { mountOptions: [UNKNOWN], mountPoint: UNKNOWN } },
      ["filesystem.mountOptions[0]", "filesystem.mountPoint"],
    ],
    [{ "nodes.0.hostname": UNKNOWN, syncSource: "charlie" }, ["nodes[0].hostname"]],
    [{ syncSource: UNKNOWN }, ["syncSource"]],
  ] as [Json, string[]][])("%j is passed over", (changes, unknown) => {
    const parsed = parseResource(change(resource, changes));
    expect(parsed).toMatchObject({ ok: "unknown", failures: [] });
    expect([...(parsed.ok === "unknown" ? parsed.unknown : [])].sort()).toEqual(unknown);
  });

  test("does not hide what is wrong with the rest", () => {
    const given = change(resource, { port: UNKNOWN, "nodes.0.disk": UNKNOWN, minor: -1, syncSource: "charlie" });
    const parsed = parseResource(given);
    expect(failures(parsed)).toEqual([
      "minor: must be a whole number 0..1048575: 1 is /dev/drbd1",
      "syncSource: must be one of the two nodes, alpha or bravo",
    ]);
    expect(parsed).toMatchObject({ unknown: ["port", "nodes[0].disk"] });
  });

  test("leaves the whole wanted resource when it is the secret alone", () => {
    const parsed = parseResource({ ...resource, sharedSecret: UNKNOWN });
    const known = parseResource(resource);
    expect(parsed).toEqual({
      ok: "unknown",
      unknown: ["sharedSecret"],
      failures: [],
      desired: known.ok === true && known.desired,
      connections: known.ok === true && known.connections,
    });
  });

  test("may be any property of any good inputs", () => {
    const places = (value: unknown, path: string[] = []): string[][] => [
      ...(path.length > 0 ? [path] : []),
      ...(typeof value === "object" && value !== null
        ? Object.entries(value).flatMap(([key, inner]) => (inner === undefined ? [] : places(inner, [...path, key])))
        : []),
    ];
    fc.assert(
      fc.property(arbitraryResource("9"), fc.nat(), (given, pick) => {
        const all = places(given);
        const place = all[pick % all.length]!;
        const parsed = parseResource(change(given, { [place.join(".")]: UNKNOWN }));
        expect(parsed).toMatchObject({ ok: "unknown", failures: [] });
      }),
    );
  });
});

describe("secrets", () => {
  const SECRET = "hunter2-hunter2";
  const hiding: Json[] = [
    { sharedSecret: `${SECRET}é` },
    { sharedSecret: [SECRET] },
    { sharedSecrt: SECRET },
    { auth: false, cramHmacAlg: "sha1", sharedSecret: SECRET },
    { net: { "shared-secret": SECRET } },
    { net: { sharedSecret: SECRET } },
    { "nodes.0.connection.password": [SECRET] },
    { "nodes.0.connection.privateKey": { key: SECRET } },
    { "nodes.0.connection.privatekey": SECRET },
    { "nodes.0.connection.privateKeyPassword": `${SECRET}${"x".repeat(2000)}` },
    { "nodes.0.connection.proxy": SECRET },
    { "nodes.0.connection": SECRET },
    { "nodes.0": SECRET },
    { nodes: [SECRET] },
    { nodes: SECRET },
    { "nodes.0.connection": { password: SECRET, host: "x", colour: SECRET } },
    { [SECRET.slice(0, 0) + "password"]: SECRET },
  ];

  test.each(hiding)("%#: no reason quotes one, and no failing property is one or holds one", (changes) => {
    const inputs = change(resource, changes);
    const parsed = parseResource(inputs);
    expect(parsed.ok).toBe(false);
    expect(JSON.stringify(parsed)).not.toContain(SECRET);
    if (parsed.ok !== false) return;
    for (const { property } of parsed.failures) {
      // Pulumi prints inputs[property]; what a nested path would lead to must be no secret either.
      if (property === "") continue;
      let at: unknown = inputs;
      for (const key of property.match(/[A-Za-z0-9_-]+/g)!) at = (at as Json)[key];
      expect(JSON.stringify([at])).not.toContain(SECRET);
    }
  });

  test("of a node neither", () => {
    const parsed = parseNode(
      change(node, { "connection.password": 5, "connection.passwrd": SECRET, connection: { password: [SECRET] } }),
    );
    expect(parsed.ok).toBe(false);
    expect(JSON.stringify(parsed)).not.toContain(SECRET);
  });
});
