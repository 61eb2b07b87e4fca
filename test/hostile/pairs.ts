/** Pairs of hosts on the way to a replicated device, and pairs that must be refused: what a probe prints on each. */
import type { ObservedNode } from "../../provider/core/seen/observed";
import { parseProbe } from "../../provider/core/seen/parse-probe";
import { lsblkColumns } from "../../provider/core/seen/probe";
import { type Plan, stepsOf } from "../../provider/core/steps/plan";
import { planResource } from "../../provider/core/decided/plans/plan-resource";
import { capturedHost, look, rootAlone } from "../core/captured-host";
import { type FakeHost, nonce, probed } from "../core/fake-host";
import { captures } from "../core/fixtures";
import { configurationOf, newGi, r0, usedGi, situation } from "../core/observed-builder";

type Files = Readonly<Record<string, string | undefined>>;

/** The same host with other files and tools; a file that is undefined is not there. */
export function altered(host: FakeHost, files: Files, tools: FakeHost["tools"] = {}): FakeHost {
  const all = Object.entries({ ...host.files, ...files });
  return {
    ...host,
    files: Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== undefined)),
    tools: { ...host.tools, ...tools },
  };
}

const nothingRuns = { drbdsetup: { "events2 --now --statistics": { says: "exists -\n" } } };
const noMetadata = {
  drbdmeta: {
    "1 v08 /dev/vdb internal get-gi": { exit: 1 },
    "--node-id 0 1 v09 /dev/vdb internal get-gi": { exit: 1 },
  },
};
const blkid = (answer: object) => ({ blkid: { "-p -o export /dev/vdb": answer } });
const drbdadm = (more: object) => ({ drbdadm: { ...capturedHost("both-down.alpha").tools?.["drbdadm"], ...more } });
const lsblk = (device: object) => ({
  lsblk: {
    [`-Jbo ${lsblkColumns}`]: {
      says: JSON.stringify({
        blockdevices: [
          { name: "vda", kname: "vda", path: "/dev/vda", type: "disk", size: 3221225472, ro: false, fstype: "ext4" },
          { name: "vdb", kname: "vdb", path: "/dev/vdb", type: "disk", size: bytes, ro: false, ...device },
        ],
      }),
    },
  },
});

const bytes = 400 * 1024 * 1024;
/** A file of the disk's size would be read at each look: what reads it is told to have found what it would find. */
const zeros = (text: string): string => text.replaceAll(/^zero \d+$/gm, `zero ${bytes}`);

const down = (name: string) => capturedHost(`both-down.${name}`);
const blank = (name: string) =>
  altered(
    down(name),
    { "/etc/drbd.d/r0.res": undefined, "/dev/vdb": "\0".repeat(4096) },
    { ...nothingRuns, ...blkid({ exit: 2 }), ...lsblk({}), ...noMetadata },
  );
const made = (name: string) =>
  altered(
    down(name),
    {},
    {
      ...lsblk({ fstype: "drbd" }),
      drbdmeta: { "1 v08 /dev/vdb internal get-gi": { says: `${newGi}\n` } },
    },
  );
/** Made Primary by force a moment ago, and not formatted. */
const promoted = altered(
  capturedHost("standalone-after-link-loss.alpha"),
  { "/dev/drbd1": "\0".repeat(4096), "/proc/self/mountinfo": rootAlone },
  {
    blkid: { ...down("alpha").tools?.["blkid"], "-p -o export /dev/drbd1": { exit: 2 } },
    drbdadm: { ...capturedHost("resync-running.alpha").tools?.["drbdadm"], "get-gi r0": { says: `${usedGi}\n` } },
  },
);
const marked = altered(promoted, { "/var/lib/pulumi-drbd/r0.new": `${usedGi.split(":")[0]!}\n` });
const listening = "   0: 00000000:1E6D 00000000:0000 0A 0\n";

/** As captured, but mounted where it is wanted. */
function mountedThere(name: string): FakeHost {
  const host = capturedHost(name);
  const mounts = host.files?.["/proc/self/mountinfo"] ?? "";
  return altered(host, { "/proc/self/mountinfo": mounts.replace("/mnt/my\\040data", "/srv/data") });
}

const everyCapture = [...new Set(captures.map((name) => name.replace(/\.\w+$/, "")))].map(
  (name): [string, readonly [FakeHost, FakeHost]] => [
    name,
    [mountedThere(`${name}.alpha`), mountedThere(`${name}.bravo`)],
  ],
);

const hosts: readonly [string, readonly [FakeHost, FakeHost]][] = [
  ["two blank disks", [blank("alpha"), blank("bravo")]],
  ["metadata made on both", [made("alpha"), made("bravo")]],
  ["metadata made on one", [made("alpha"), blank("bravo")]],
  ["forced, to be formatted", [marked, capturedHost("resync-running.bravo")]],
  ["blank, and not forced by us", [promoted, capturedHost("resync-running.bravo")]],
  ["a port in use", [altered(blank("alpha"), { "/proc/net/tcp": listening }), blank("bravo")]],
  ["XFS on the target", [blank("alpha"), altered(blank("bravo"), {}, blkid({ says: "UUID=1f0c\nTYPE=xfs\n" }))]],
  ["data of no known kind", [altered(blank("alpha"), { "/dev/vdb": "\0\0\0x" }), blank("bravo")]],
  ["a disk that cannot be read", [altered(blank("alpha"), {}, blkid({ exit: 1 })), blank("bravo")]],
  ["a held disk", [altered(blank("alpha"), {}, lsblk({ children: [held()] })), blank("bravo")]],
  [
    "a mounted disk",
    [
      altered(blank("alpha"), { "/proc/self/mountinfo": `${rootAlone}23 1 254:16 / /mnt rw - xfs /dev/vdb rw\n` }),
      blank("bravo"),
    ],
  ],
  [
    "swap on the disk",
    [
      altered(blank("alpha"), { "/proc/swaps": "Filename Type Size Used Priority\n/dev/vdb partition 1 0 -2\n" }),
      blank("bravo"),
    ],
  ],
  [
    "a disk in fstab",
    [
      altered(blank("alpha"), { "/etc/fstab": "/dev/vda / ext4 defaults 0 1\n/dev/vdb /mnt xfs noauto 0 0\n" }),
      blank("bravo"),
    ],
  ],
  [
    "another's file that drbdadm cannot read",
    [
      altered(
        blank("alpha"),
        { "/etc/drbd.d/other.res": "resource other {\n", "/etc/drbd.d/r0.res": configurationOf(r0) },
        drbdadm({
          "-d adjust all": { exit: 10, says: "other.res:1: Parse error\n" },
          "-d adjust r0": { exit: 10, says: "other.res:1: Parse error\n" },
        }),
      ),
      blank("bravo"),
    ],
  ],
  [
    "a disk of another resource",
    [
      altered(blank("alpha"), {
        "/etc/drbd.d/other.res":
          "resource other {\n on alpha {\n device minor 7; disk /dev/vdb; meta-disk internal; address 10.1.1.31:7000;\n }\n}\n",
      }),
      blank("bravo"),
    ],
  ],
  ["a read-only disk", [altered(blank("alpha"), {}, lsblk({ ro: true })), blank("bravo")]],
  ...everyCapture,
];

function held(): object {
  return { name: "x", kname: "dm-0", path: "/dev/mapper/x", type: "crypt", size: bytes, ro: false };
}

export interface ProbedPair {
  readonly name: string;
  /** What the probe prints on alpha and on bravo. */
  readonly outputs: readonly [string, string];
  readonly nodes: readonly [ObservedNode, ObservedNode];
  readonly plan: Plan;
}

export const planFor = (nodes: readonly [ObservedNode, ObservedNode]): Plan => planResource(situation(nodes));

/** Each host is asked once: the rest is text. */
export const pairs: readonly ProbedPair[] = hosts.map(([name, [alpha, bravo]]) => {
  const ask = (host: FakeHost): string => zeros(probed(host, { looks: [look], candidates: [], depth: "close" }));
  const outputs = [ask(alpha), ask(bravo)] as const;
  const nodes = [parseProbe(nonce, outputs[0]), parseProbe(nonce, outputs[1])] as const;
  return { name, outputs, nodes, plan: planFor(nodes) };
});

/** What overwrites something, or decides whose data counts. */
export const dangerousOf = (plan: Plan): string[] =>
  stepsOf(plan)
    .filter(({ argv }) =>
      /create-md|drbdadm primary|mkfs|wipe|invalidate|new-current-uuid|discard/.test(argv.join(" ")),
    )
    .map(({ node, argv }) => `${node}: ${argv.join(" ")}`);
