/** Every combination of what can be found, against the table that is written down in decision-table.ts. */
import { noMemory } from "../../../../provider/core/seen/memory";
import type { Contents, Metadata, ObservedNode } from "../../../../provider/core/seen/observed";
import { type Plan, stepsOf } from "../../../../provider/core/steps/plan";
import {
  type Connection,
  type DiskState,
  type DiskWord,
  type MetadataWord,
  type Outcome,
  type Verdict,
  attached,
  besideMetadata,
  connections,
  diskWords,
  metadataWords,
  remembering,
  together,
  verdictOf,
} from "./decision-table";
import {
  allCommands,
  blank,
  configurationOf,
  diskBytes,
  divergedGi,
  downNode,
  drbdSignature,
  filesystemUuid,
  kernelDevice,
  MiB,
  newGi,
  nodeAt,
  olderGi,
  planOf,
  r0,
  remembered,
  rememberedDisk,
  unrelatedGi,
  usedGi,
  withBlock,
  withFile,
  withKernel,
  withLook,
  withMount,
} from "../../observed-builder";

const memory = {
  ...remembered,
  disks: { alpha: rememberedDisk({ serial: "0001" }), bravo: rememberedDisk() },
};

// --- a side whose disk is not attached ---------------------------------------------------------------------------

const present = (gi: string, version: "v08" | "v09" = "v08"): Metadata => ({ kind: "present", version, gi });
const metadataOf: Readonly<Record<MetadataWord, Metadata>> = {
  absent: { kind: "absent" },
  "just created": present(newGi),
  "in use": present(usedGi),
  "in use, older": present(olderGi),
  "in use, diverged": present(divergedGi),
  "in use, unrelated": present(unrelatedGi),
  "of another version": present(usedGi, "v09"),
  "of another device": present(unrelatedGi),
  "where the disk ended": {
    kind: "moved",
    version: "v08",
    bytes: diskBytes,
    uuid: "29ff20370300d6d2",
    gi: usedGi.split(":").slice(0, 4).join(":"),
  },
  busy: { kind: "busy", said: "error 20 busy" },
  unreadable: { kind: "unreadable", said: "error 1 odd" },
  "not read": { kind: "unknown" },
};

const xfsOf = (size: number): Contents => ({ kind: "signature", real: "/dev/vdb", size, type: "xfs", uuid: "1f0c" });
const contentsOf = (disk: DiskWord, metadata: MetadataWord): Contents => {
  switch (disk) {
    case "filesystem":
    case "mounted":
      return xfsOf(diskBytes);
    case "data":
      return { kind: "data", real: "/dev/vdb", size: diskBytes, offset: 4096, hash: "0123456789abcdef" };
    case "DRBD's":
      return metadata === "of another device"
        ? ({ ...drbdSignature, uuid: "1111111111111111" } as Contents)
        : drbdSignature;
    case "grown":
      return xfsOf(diskBytes + 40 * MiB);
    case "shrunk":
      return xfsOf(diskBytes - 4 * MiB);
    case "unreadable":
      return { kind: "unreadable", real: "/dev/vdb", size: diskBytes, said: "error 8" };
    case "missing":
      return { kind: "missing" };
    case "no block device":
      return { kind: "not-block" };
    case "blank":
    case "another, blank":
    case "held":
    case "read-only":
    case "in fstab":
      return blank;
  }
};

function apartSide(host: string, metadata: MetadataWord, disk: DiskWord, diskless: boolean): ObservedNode {
  let node: ObservedNode = withLook(downNode(host, usedGi), {
    disk: contentsOf(disk, metadata),
    metadata: metadataOf[metadata],
  });
  if (metadata === "not read") node = { ...node, utils: null };
  if (disk === "another, blank") node = withBlock(node, "/dev/vdb", { serial: "0099" });
  if (disk === "held") node = withBlock(node, "/dev/vdb", { children: ["/dev/mapper/x"] });
  if (disk === "read-only") node = withBlock(node, "/dev/vdb", { readOnly: true });
  if (disk === "in fstab") node = withFile(node, "/etc/fstab", "/dev/vdb /old ext4 defaults 0 0\n");
  if (disk === "mounted") node = withMount(node, "/dev/vdb", "/mnt");
  if (!diskless) return node;
  return withKernel(node, {
    role: "Secondary",
    connection: "Connecting",
    devices: [kernelDevice("Diskless", { size: undefined })],
  });
}

interface Found {
  readonly name: string;
  readonly node: ObservedNode;
  readonly verdict: Verdict;
}

const apartSides = (host: string, remembers: boolean, diskless: boolean): Found[] =>
  metadataWords.flatMap((metadata) =>
    diskWords.map((disk) => ({
      name: `${host}: ${metadata}, ${disk}${diskless ? ", Diskless" : ""}`,
      node: apartSide(host, metadata, disk, diskless),
      verdict: verdictOf(metadata, disk, remembers),
    })),
  );

/** One of each kind, to meet all the others. */
function representatives(found: readonly Found[]): Found[] {
  const kinds = new Map(found.map((one) => [String(one.verdict), one]));
  return [...kinds.values()];
}

const toldBy = (plan: Plan): string[] => plan.refusals.map((one) => one.found);

/** Tens of thousands of plans are looked at: an expect for each would take minutes. */
function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

function expectRefused(plan: Plan, words: readonly RegExp[]): void {
  must(stepsOf(plan).length === 0, "refused, and nothing done");
  for (const { found, way } of plan.refusals) {
    must(
      words.some((one) => one.test(found)),
      `not expected: ${found}`,
    );
    must(way.length > 10, `no way on: ${found}`);
  }
  for (const one of words)
    must(
      toldBy(plan).some((found) => one.test(found)),
      `not refused with ${one.source}`,
    );
}

const emptied = (verdict: Verdict): boolean => verdict === "blank";
const isGrown = (verdict: Verdict): boolean => verdict === "grown" || verdict === "grown, unseen";

/** What the commands of an outcome are, by the two sides' verdicts. */
function expectOutcome(plan: Plan, outcome: Outcome, source: Found, target: Found): void {
  if (outcome instanceof RegExp) {
    expectRefused(plan, [outcome]);
    return;
  }
  must(plan.refusals.length === 0, "refused");
  const commands = allCommands(plan);
  const calledFor = (command: string, wanted: boolean) => {
    must(commands.includes(command) === wanted, `${command} is ${wanted ? "missing" : "not called for"}`);
  };
  for (const [host, { verdict, node }] of [
    ["alpha", source],
    ["bravo", target],
  ] as const) {
    calledFor(`${host}: drbdadm create-md r0`, emptied(verdict));
    calledFor(`${host}: drbdadm check-resize r0`, isGrown(verdict));
    calledFor(`${host}: drbdadm ${node.kernelResources.has("r0") ? "adjust" : "up"} r0`, true);
  }
  calledFor("alpha: drbdadm primary --force r0", outcome === "first sync");
  calledFor("alpha: mkfs.xfs -L data /dev/drbd1", outcome === "first sync");
  const sourceIsFilled = outcome === "filled" && (source.verdict === "blank" || source.verdict === "new");
  const behind = outcome === "meet, source behind" || sourceIsFilled;
  calledFor("alpha: drbdadm cstate r0", behind);
  calledFor("alpha: drbdadm primary r0", outcome !== "first sync" && !behind);
  must(!commands.some((one) => /wipefs|bravo: drbdadm primary|bravo: mkfs|-- --force/.test(one)), "nothing else");
}

function checkOutcome(source: Found, target: Found, remembers: boolean, desired = r0): void {
  const given = { desired, memory: remembers ? memory : noMemory, preview: true };
  const plan = planOf([source.node, target.node], given);
  const refused = [source, target].flatMap(({ verdict }) => (verdict instanceof RegExp ? [verdict] : []));
  try {
    if (refused.length > 0) expectRefused(plan, refused);
    else {
      const [one, other] = [source.verdict, target.verdict] as [Exclude<Verdict, RegExp>, Exclude<Verdict, RegExp>];
      expectOutcome(plan, remembers ? remembering(one, other) : together[one][other], source, target);
    }
  } catch (error) {
    throw new Error(`${source.name}; ${target.name}: ${String(error)}\n${toldBy(plan).join("\n")}`);
  }
}

describe.each([
  ["with nothing remembered", false],
  ["with the pair remembered", true],
])("disks that are not attached, %s", (_what, remembers) => {
  test.each([
    ["both down", false, false],
    ["the source Diskless", true, false],
    ["the target Diskless", false, true],
  ])("%s: every metadata on every disk, beside every kind of the other side", (_which, first, second) => {
    const sources = apartSides("alpha", remembers, first);
    const targets = apartSides("bravo", remembers, second);
    let count = 0;
    const check = (source: Found, target: Found) => {
      checkOutcome(source, target, remembers);
      count++;
    };
    for (const source of sources) for (const target of representatives(targets)) check(source, target);
    for (const target of targets) for (const source of representatives(sources)) check(source, target);
    expect(count).toBeGreaterThan(4000);
  });
});

test("disks whose metadata is on another one, in a pair that is remembered, beside every kind of the other side", () => {
  const [first, second] = r0.sides;
  const desired = { ...r0, sides: [first, { ...second, metaDisk: "/dev/vdc" }] as const };
  // Not those that are refused by themselves, or for themselves as well.
  const sources = representatives(apartSides("alpha", true, false)).filter(
    ({ verdict }) => !(verdict instanceof RegExp) && verdict !== "stranger",
  );
  let count = 0;
  for (const metadata of Object.keys(besideMetadata) as (keyof typeof besideMetadata)[]) {
    const isThere = metadata !== "absent" && metadata !== "not read";
    const metaDisk: Contents = isThere
      ? { kind: "data", real: "/dev/vdc", size: 4 * MiB, offset: 0, hash: "00000000000000aa" }
      : { kind: "blank", real: "/dev/vdc", size: 4 * MiB };
    for (const disk of diskWords) {
      const node = withFile(apartSide("bravo", metadata, disk, false), "/etc/drbd.d/r0.res", configurationOf(desired));
      const target = {
        name: `bravo: ${metadata}, ${disk}`,
        node: withLook(node, { metaDisk }),
        verdict: besideMetadata[metadata][disk],
      };
      for (const source of sources) {
        checkOutcome(source, target, true, desired);
        count++;
      }
    }
  }
  expect(count).toBeGreaterThan(1000);
});

// --- a side that DRBD has attached -------------------------------------------------------------------------------

const identifiers = { new: newGi, used: usedGi, older: olderGi, diverged: divergedGi } as const;
type Identifier = keyof typeof identifiers;

interface Running {
  readonly disk: DiskState;
  readonly connection: Connection;
  readonly role: "Primary" | "Secondary";
  readonly gi: Identifier;
}

function runningSide(host: string, { disk, connection, role, gi }: Running): ObservedNode {
  const device: Contents = {
    kind: "signature",
    real: "/dev/drbd1",
    size: 1,
    type: "xfs",
    uuid: remembered.filesystemUuid ?? "",
  };
  return withLook(
    {
      ...withKernel(nodeAt(host, "synced"), { role, connection, devices: [kernelDevice(disk)] }),
      mounts: [],
    },
    { kernelGi: identifiers[gi], device: role === "Primary" ? device : undefined },
  );
}

const keysOf = <K extends string>(table: Readonly<Record<K, unknown>>): K[] => Object.keys(table) as K[];

const runningSides = (host: string): { found: Running; node: ObservedNode }[] =>
  keysOf(attached).flatMap((disk) =>
    keysOf(connections).flatMap((connection) =>
      (["Primary", "Secondary"] as const).flatMap((role) =>
        keysOf(identifiers).map((gi) => {
          const found = { disk, connection, role, gi };
          return { found, node: runningSide(host, found) };
        }),
      ),
    ),
  );

/** A `drbdadm up` attached a new disk and failed then: nobody has decided or written anything there. */
const isHalfUp = ({ disk, connection, role, gi }: Running): boolean =>
  connections[connection] === "alone" && role === "Secondary" && gi === "new" && disk === "Inconsistent";

/** What is refused of a running side by itself. */
function refusedAlone(side: Running): RegExp[] {
  const meaning = attached[side.disk];
  if (meaning instanceof RegExp) return [meaning];
  return connections[side.connection] === "alone" && !isHalfUp(side) ? [/StandAlone/] : [];
}

/** Says more of two sides that stand alone than that they do. */
const partsAgain = /^split brain|data that has nothing in common/;

test("disks that are attached: every state, connection, role and generation, beside the states that matter of the peer", () => {
  const matters = ({ connection }: Running) => ["Connected", "Connecting", "StandAlone"].includes(connection);
  const peers = runningSides("bravo").filter(
    ({ found }) => ["UpToDate", "Inconsistent", "Outdated", "Failed"].includes(found.disk) && matters(found),
  );
  let count = 0;
  for (const source of runningSides("alpha")) {
    for (const target of peers) {
      // The connection states that mean the same are tried beside fewer peers.
      if (!matters(source.found) && target.found.gi !== "used") continue;
      const plan = planOf([source.node, target.node]);
      const commands = allCommands(plan);
      const [one, other] = [source.found, target.found];
      const told = [...refusedAlone(one), ...refusedAlone(other)];
      count++;
      const check = (holds: boolean, what: string) => {
        if (!holds) must(false, `${what}: ${JSON.stringify([one, other, commands, toldBy(plan)])}`);
      };
      // What is running is never made anew, cleared, demoted or taken down.
      const never = /create-md|wipefs|check-resize|secondary| down |disconnect/;
      const anew = [isHalfUp(one) ? "alpha: drbdadm down r0" : "", isHalfUp(other) ? "bravo: drbdadm down r0" : ""];
      check(!commands.some((each) => never.test(each) && !anew.includes(each)), "a running side is left as it is");
      check(plan.refusals.length === 0 || commands.length === 0, "refused, and nothing done");
      check(
        plan.refusals.every(({ way }) => way.length > 10),
        "each refusal has a way on",
      );
      // A state that nothing can be planned on is told before how the two are connected.
      const first = told.filter((each) => each.source !== "StandAlone");
      for (const words of first.length > 0 ? first : told)
        check(
          toldBy(plan).some((found) => words.test(found) || (words.source === "StandAlone" && partsAgain.test(found))),
          `refused with ${words.source}`,
        );
      const bothPrimary = one.role === "Primary" && other.role === "Primary";
      if (bothPrimary) check(plan.refusals.length > 0, "two Primaries are refused");
      const isNew = (side: Running) => side.gi === "new" && side.disk === "Inconsistent";
      const forced = commands.includes("alpha: drbdadm primary --force r0");
      if (forced) check(isNew(one) && isNew(other), "forced only where both are new");
      const promoted = commands.includes("alpha: drbdadm primary r0");
      if (promoted) {
        check(
          ["UpToDate", "Consistent"].includes(one.disk),
          "only a whole disk is promoted, never in the middle of a resync",
        );
        check(one.role === "Secondary" && other.role === "Secondary", "nobody is promoted beside a Primary");
      }
      const isIdle = [one, other].every(({ role }) => role === "Secondary");
      const isWell = one.disk === "UpToDate" && one.connection === "Connected";
      if (plan.refusals.length === 0 && isIdle && isWell)
        check(promoted || forced, "a pair that is well is put to use");
    }
  }
  expect(count).toBeGreaterThan(25_000);
});

/** Of a pair that is connected, as DRBD 8.4 and 9 tell it. Disk states say all that a decision needs of them. */
const replications = [
  ...["SyncSource", "SyncTarget", "PausedSyncS", "PausedSyncT", "VerifyS", "VerifyT", "Ahead", "Behind"],
  ...["StartingSyncS", "StartingSyncT", "WFBitMapS", "WFBitMapT", "WFSyncUUID"],
];

test("a resync either way, or a verify: what is called for does not depend on it", () => {
  const connected = (host: string) => runningSides(host).filter(({ found }) => found.connection === "Connected");
  let count = 0;
  for (const source of connected("alpha")) {
    for (const target of connected("bravo").filter(({ found }) => found.role === "Secondary")) {
      const replicating = (replication: string) =>
        planOf([withKernel(source.node, { replication }), withKernel(target.node, { replication })]);
      const { stages, refusals } = replicating("Established");
      const wanted = JSON.stringify([stages, refusals]);
      for (const replication of replications) {
        const plan = replicating(replication);
        const label = JSON.stringify([replication, source.found, target.found]);
        must(JSON.stringify([plan.stages, plan.refusals]) === wanted, label);
        count++;
      }
    }
  }
  expect(count).toBeGreaterThan(10_000);
});

test("a device that is in use: every state of it and of its peer, wherever it is mounted, whatever it seems to hold", () => {
  const holds = {
    "its filesystem": filesystemUuid,
    "another filesystem": "00000000-0000-4000-8000-000000000000",
    "nothing that is seen": undefined,
  };
  const places = [["/srv/data"], ["/mnt"], ["/srv/data", "/mnt"]];
  const peers = runningSides("bravo").filter(
    ({ found }) =>
      ["UpToDate", "Inconsistent", "Outdated"].includes(found.disk) &&
      ["Connected", "Connecting"].includes(found.connection),
  );
  let [count, left] = [0, 0];
  for (const { found, node } of runningSides("alpha").filter((one) => one.found.role === "Primary")) {
    for (const [what, uuid] of Object.entries(holds)) {
      const inside: Contents = { kind: "blank", real: "/dev/drbd1", size: diskBytes };
      const device: Contents = uuid === undefined ? inside : { ...inside, kind: "signature", type: "xfs", uuid };
      // As though an interrupted run had just made it Primary: so that nothing but its use keeps it from being formatted.
      const marked = withFile(
        withLook(node, { device }),
        "/var/lib/pulumi-drbd/r0.new",
        `${identifiers[found.gi].split(":")[0]!}\n`,
      );
      for (const place of places) {
        const used = place.reduce((host, target) => withMount(host, "/dev/drbd1", target), marked);
        for (const peer of peers) {
          const plan = planOf([used, peer.node]);
          const touches = allCommands(plan).filter((one) =>
            /mkfs|umount|secondary|down|--force|wipefs| mount /.test(one),
          );
          must(touches.length === 0, JSON.stringify([what, place, found, peer.found, touches]));
          count++;
          if (plan.refusals.length === 0) left++;
        }
      }
    }
  }
  expect(count).toBeGreaterThan(10_000);
  // Not because all of it is refused.
  expect(left).toBeGreaterThan(1000);
});

// --- the host itself ---------------------------------------------------------------------------------------------

test("module and configuration, beside every kind of disk", () => {
  const modules = {
    loaded: [(node: ObservedNode) => node, undefined],
    "not loaded": [(node: ObservedNode) => ({ ...node, module: { version: "8.4.11", loaded: false } }), undefined],
    missing: [(node: ObservedNode) => ({ ...node, module: null }), /has no drbd module/],
    "of version 9": [
      (node: ObservedNode) => ({ ...node, module: { version: "9.2.14", loaded: true } }),
      /which read different configuration grammars/,
    ],
  } as const;
  const own = "/etc/drbd.d/r0.res";
  const said = { exit: 10, output: "drbd.d/web.res:2: Parse error: expected\n" };
  const configurations = {
    ours: [(node: ObservedNode) => node, undefined, false],
    absent: [(node: ObservedNode) => withFile(node, own, undefined), undefined, true],
    another: [(node: ObservedNode) => withFile(node, own, "resource r0 { }\n"), undefined, true],
    "in another file": [
      (node: ObservedNode) => withFile(withFile(node, own, undefined), "/etc/drbd.d/web.res", "resource r0 { }"),
      undefined,
      true,
    ],
    "of ours, that cannot be read": [
      (node: ObservedNode) => ({
        ...withFile(node, own, "resource r0 {"),
        adjust: { exit: 10, output: "drbd.d/r0.res:1: Parse error" },
      }),
      undefined,
      true,
    ],
    "of another resource, that cannot be read": [
      (node: ObservedNode) => ({ ...withFile(node, "/etc/drbd.d/web.res", "resource web {"), adjust: said }),
      /cannot read \/etc\/drbd\.d\/web\.res/,
      false,
    ],
  } as const;
  const alpha = downNode("alpha", usedGi);
  for (const { node, verdict, name } of apartSides("bravo", false, false)) {
    for (const [moduleName, [withModule, noModule]] of Object.entries(modules)) {
      for (const [configurationName, [withConfiguration, noConfiguration, writes]] of Object.entries(configurations)) {
        const plan = planOf([alpha, withConfiguration(withModule(node))], { preview: true });
        // With two versions of DRBD, what drbdadm says of a file is no reason of its own.
        const early =
          moduleName === "of version 9"
            ? [modules[moduleName][1]]
            : [noModule, noConfiguration].flatMap((one) => one ?? []);
        const outcome = verdict instanceof RegExp ? verdict : together.used[verdict];
        const label = `${name}; module ${moduleName}; configuration ${configurationName}`;
        try {
          if (early.length > 0) expectRefused(plan, early);
          else if (outcome instanceof RegExp) expectRefused(plan, [outcome]);
          else {
            must(plan.refusals.length === 0, "refused");
            must(allCommands(plan).includes(`bravo: write ${own}`) === writes, "the file");
          }
        } catch (error) {
          throw new Error(`${label}: ${String(error)}\n${toldBy(plan).join("\n")}`);
        }
      }
    }
  }
});
