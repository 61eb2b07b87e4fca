/** What is told in every plan though it stops nothing: options that cost data on the wrong hardware, disks that differ. */
import { resourceOf } from "../one-volume";
import { planNode } from "../../../provider/core/decided/plans/plan-node";
import { isEmpty } from "../../../provider/core/steps/plan";
import type { KernelResource } from "../../../provider/core/seen/observed";
import {
  commonOptionWarnings,
  optionWarnings,
  resourceWarnings,
  volumeOptionWarnings,
} from "../../../provider/core/wanted/option-warnings";
import { parseEvents } from "../../../provider/core/seen/parse-events";
import { warn } from "../../../provider/core/decided/hosts/warnings";
import { events9 } from "../fixtures-9";
import {
  blankNode,
  desiredNode,
  healthyPair,
  kernelDevice,
  planOf,
  r0,
  sections,
  situation,
  withKernel,
} from "../observed-builder";

test.each<[string, Partial<typeof sections>, RegExp[]]>([
  ["nothing set", {}, []],
  [
    "after-sb policies that give up a side's changes",
    {
      net: {
        fencing: "resource-only",
        "after-sb-0pri": "discard-zero-changes",
        "after-sb-1pri": "discard-secondary",
      } as never,
    },
    [
      /^net: after-sb-0pri discard-zero-changes lets DRBD give up one side's changes after a split brain/,
      /^net: after-sb-1pri discard-secondary lets DRBD/,
    ],
  ],
  [
    "after-sb policies that give up nothing",
    {
      net: {
        "after-sb-0pri": "disconnect",
        "after-sb-1pri": "disconnect",
        "after-sb-2pri": "disconnect",
        "always-asbp": "no",
        "rr-conflict": "retry-connect",
      } as never,
    },
    [],
  ],
  [
    "more that overrules who is newer",
    { net: { "after-sb-2pri": "violently-as0p", "rr-conflict": "violently", "always-asbp": "yes" } as never },
    [/after-sb-2pri violently-as0p/, /rr-conflict violently/, /always-asbp yes/],
  ],
  [
    "flushes off without a battery",
    { disk: { "disk-flushes": "no", "md-flushes": "no" } },
    [
      /^disk: disk-flushes no loses acknowledged writes in a power cut, unless the write caches .* have a battery/,
      /^disk: md-flushes no loses/,
    ],
  ],
  ["no order of writes at all", { disk: { "disk-drain": "no" } }, [/^disk: disk-drain no .* in another order/]],
  [
    "flushes on",
    { disk: { "disk-flushes": "yes", "md-flushes": "yes", "disk-drain": "yes", "disk-barrier": "no" } },
    [],
  ],
  [
    "small max-buffers beside a small sndbuf-size",
    { net: { "max-buffers": "1000", "sndbuf-size": "128K" } as never },
    [/^net: max-buffers 1000 \(4096000 bytes\) with a sndbuf-size of 131072 bytes may stop a resync for good/],
  ],
  [
    "small max-buffers, and the kernel tunes sndbuf-size",
    { net: { "max-buffers": "1000", "sndbuf-size": "0" } as never },
    [],
  ],
  ["small max-buffers alone", { net: { "max-buffers": "1000" } as never }, []],
  ["a sndbuf-size that holds all of max-buffers", { net: { "max-buffers": "1000", "sndbuf-size": "4M" } as never }, []],
  [
    "a small sndbuf-size beside max-buffers of DRBD's own",
    { net: { "max-buffers": "2048", "sndbuf-size": "128K" } as never },
    [],
  ],
  ["timeout just below ping-int", { net: { timeout: "99" } as never }, []],
  [
    "timeout as long as ping-int and connect-int",
    { net: { timeout: "100" } as never },
    [/^net: timeout 100 \(10 s\) is not below ping-int 10 s and connect-int 10 s, .*writes wait for that long$/],
  ],
  [
    "ping-int not above the default timeout",
    { net: { "ping-int": "6" } as never },
    [/^net: timeout 60 \(6 s\) is not below ping-int 6 s, /],
  ],
  ["all of them raised", { net: { timeout: "600", "ping-int": "61", "connect-int": "61" } as never }, []],
  [
    "a handler that never runs",
    { net: { fencing: "dont-care" }, handlers: { "fence-peer": "/bin/x" } },
    [/^handlers: fence-peer never runs with net.fencing dont-care$/],
  ],
  ["a handler that runs", { handlers: { "fence-peer": "/bin/x" } }, []],
  ["a quorum of two hosts", { options: { quorum: "majority" } }, [/^options: quorum majority .*`drbdadm verify`/]],
  ["no quorum", { options: { quorum: "off" } }, []],
])("%s", (_what, changes, expected) => {
  const found = optionWarnings({ ...sections, net: {}, ...changes });
  expect(found).toHaveLength(expected.length);
  expected.forEach((words, index) => {
    expect(found[index]).toMatch(words);
  });
});

test("they are told of a pair with nothing to do as well, and of what a host's resources have in common", () => {
  const desired = { ...r0, sections: { ...sections, disk: { "disk-flushes": "no" } } };
  const plan = planOf(healthyPair(desired), { desired });
  expect(isEmpty(plan)).toBe(true);
  expect(plan.warnings).toEqual([expect.stringContaining("disk-flushes no")]);
  const node = desiredNode("alpha");
  const common = { ...node.common, net: { "after-sb-1pri": "discard-secondary" } };
  expect(
    planNode({ desired: { ...node, common }, configuration: "x", node: blankNode("alpha"), described: new Set() })
      .warnings,
  ).toEqual([expect.stringContaining("after-sb-1pri discard-secondary")]);
});

test.each<[string, Partial<typeof r0>, RegExp[]]>([
  ["nothing of it", {}, []],
  [
    "link-local addresses",
    { sides: r0.sides.map((side) => ({ ...side, address: "fe80::1%eth1" })) as never },
    [/^address fe80::1%eth1: both hosts must have an interface of that name/],
  ],
  [
    "a tunnel",
    { sides: r0.sides.map((side, index) => ({ ...side, address: `127.0.0.${index + 1}` })) as never },
    [/^address 127.0.0.1 is a loopback address: only a tunnel leads from there/],
  ],
  [
    "an algorithm without a secret",
    { auth: { algorithm: "sha1", secret: "" } },
    [/^cramHmacAlg sha1 without a secret/],
  ],
  ["a secret without an algorithm", { auth: { algorithm: "", secret: "x" } }, [/^sharedSecret without an algorithm/]],
])("a resource with %s", (_what, changes, expected) => {
  const found = resourceWarnings(resourceOf({ ...r0, ...changes }));
  expect(found).toHaveLength(expected.length);
  expected.forEach((words, index) => {
    expect(found[index]).toMatch(words);
  });
});

test("what a node's common says of each DrbdResource's own options counts for others alone", () => {
  expect(commonOptionWarnings({ ...sections, net: { protocol: "A", fencing: "dont-care" } })).toEqual([
    "common: protocol A counts for resources that this program does not describe: each DrbdResource has its own, C where it says nothing",
    "common: fencing dont-care counts for resources that this program does not describe: each DrbdResource has its own, resource-only where it says nothing",
  ]);
});

describe("blocks that are out of sync", () => {
  const [alpha, bravo] = healthyPair();
  const warned = (change: Parameters<typeof withKernel>[1]) => planOf([alpha, withKernel(bravo, change)]).warnings;

  test("though both disks are UpToDate: told with what copies them, and that it needs a Primary", () => {
    expect(warned({ outOfSync: 12 })).toEqual([
      expect.stringMatching(
        /^12 KiB of r0 are out of sync though both disks are UpToDate .*`drbdadm disconnect r0` and `drbdadm connect r0` .*without a Primary that does nothing/,
      ),
    ]);
  });

  describe("with a DRBD 9 module, where a reconnect forgets which blocks differ", () => {
    const kernelOf = (capture: string) => parseEvents(events9(capture)).get("r0")!;
    const of9 = (node: typeof alpha) => ({ ...node, module: { version: "9.2.16", loaded: true } });
    const warned9 = (first: Partial<KernelResource>, second: Partial<KernelResource>) =>
      warn(situation([withKernel(of9(alpha), first), withKernel(of9(bravo), second)])).filter((one) =>
        one.includes("out of sync"),
      );
    const found = [kernelOf("verify-found-4k.alpha"), kernelOf("verify-found-4k.bravo")] as const;

    test("the Secondary is named, and what copies them there from the Primary", () => {
      const [told, ...more] = warned9(...found);
      expect(more).toEqual([]);
      expect(told).toMatch(/^4 KiB of r0 are out of sync though both disks are UpToDate/);
      expect(told).toContain(
        "`drbdadm invalidate --reset-bitmap=no r0` on bravo copies them from alpha, which is Primary",
      );
      expect(told).not.toContain("`drbdadm disconnect");
      const turned = warned9({ ...found[0], role: "Secondary" }, { ...found[1], role: "Primary" });
      expect(turned.join()).toContain("on alpha copies them from bravo, which is Primary");
    });

    test("with no Primary, or with two, no host is named whose data would go", () => {
      for (const role of ["Primary", "Secondary"]) {
        const [told] = warned9({ ...found[0], role }, { ...found[1], role });
        expect(told).toContain("once one host alone is Primary");
        expect(told).not.toMatch(/on (alpha|bravo)/);
      }
    });
  });

  test("while they are copied or compared, or none are: nothing is told", () => {
    for (const change of [
      { outOfSync: 0 },
      { outOfSync: 12, replication: "VerifyT" },
      { outOfSync: 12, replication: "SyncTarget", devices: [kernelDevice("Inconsistent")] },
    ]) {
      expect(warned(change).filter((one) => one.includes("out of sync"))).toEqual([]);
    }
  });
});

test("an option of one volume's disk is warned of with the volume's number, in its plan", () => {
  const desired = resourceOf(r0);
  const [volume] = desired.volumes;
  const risky = { ...volume, number: 3, disk: { "disk-flushes": "no", "al-extents": "1237" } };
  expect(volumeOptionWarnings(risky)).toEqual([
    expect.stringMatching(/^volume 3: disk: disk-flushes no loses acknowledged writes in a power cut/),
  ]);
  const told = (volumes: typeof desired.volumes) =>
    warn({ ...situation(healthyPair()), desired: { ...desired, volumes } }).filter((one) => /^volume /.test(one));
  expect(told(desired.volumes)).toEqual([]);
  expect(told([{ ...volume, disk: risky.disk }])).toHaveLength(1);
});
