/** Two volumes of a resource, each in every state, against the table that is written down in volumes-table.ts. */
import type { DesiredResource, DesiredVolume } from "../../../../provider/core/wanted/desired";
import type { Contents, Metadata, ObservedNode, ObservedVolume } from "../../../../provider/core/seen/observed";
import type { Memory } from "../../../../provider/core/seen/memory";
import { planResource } from "../../../../provider/core/decided/plans/plan-resource";
import { renderResource } from "../../../../provider/core/config/render-configuration";
import { type Plan, stepsOf } from "../../../../provider/core/steps/plan";
import type { DiskIdentity } from "../../../../provider/core/seen/disk-identity";
import { resourceOf } from "../../one-volume";
import {
  allCommands,
  commandsOf,
  diskBytes,
  divergedGi,
  downNode,
  MiB,
  newGi,
  olderGi,
  type Pair,
  r0,
  rememberedDisk,
  unrelatedGi,
  usedGi,
  withBlock,
  withFile,
} from "../../observed-builder";
import { refusalOf, type Together, type VolumeState, volumesTogether, volumeStates } from "./volumes-table";

const paths = ["/dev/vdb", "/dev/vdc"] as const;
const devices = ["/dev/drbd1", "/dev/drbd2"] as const;
const one = resourceOf(r0);
const [first] = one.volumes;
const second: DesiredVolume = {
  number: 1,
  places: [
    { minor: 2, disk: paths[1], metaDisk: "internal" },
    { minor: 2, disk: paths[1], metaDisk: "internal" },
  ],
  filesystem: { ...first.filesystem!, label: "logs", mountPoint: "/srv/logs" },
};
const desired: DesiredResource = { ...one, volumes: [first, second] };
const grammars = ["8.4", "9"] as const;
type Grammar = (typeof grammars)[number];

/** Of the metadata, as the module of the version reads it: DRBD 9 keeps what it knows of its peer in a slot. */
function present(gi: string, grammar: Grammar, host: 0 | 1): Metadata {
  if (grammar === "8.4") return { kind: "present", version: "v08", gi };
  const flags = gi.split(":").slice(4, 6);
  const gi9 = [...gi.split(":").slice(0, 4), ...flags, ...Array.from({ length: 10 }, () => "0")].join(":");
  return { kind: "present", version: "v09", gi: gi9, nodeId: host, slots: [{ nodeId: host === 0 ? 1 : 0, gi: gi9 }] };
}

function lookOf(state: VolumeState, host: 0 | 1, volume: 0 | 1, grammar: Grammar): ObservedVolume {
  const real = paths[volume];
  const on = (size: number): Contents => ({ kind: "signature", real, size, type: "drbd", uuid: "29ff20370300d6d2" });
  const isTarget = host === 1;
  const made = (gi: string): ObservedVolume => ({ disk: on(diskBytes), metadata: present(gi, grammar, host) });
  const blank: ObservedVolume = { disk: { kind: "blank", real, size: diskBytes }, metadata: { kind: "absent" } };
  const xfs = (size: number): ObservedVolume => ({
    disk: { kind: "signature", real, size, type: "xfs", uuid: "1f0c" },
    metadata: { kind: "absent" },
  });
  switch (state) {
    case "blank":
      return blank;
    case "made, never used":
      return made(newGi);
    case "in use":
      return made(usedGi);
    case "target replaced":
      return isTarget ? blank : made(usedGi);
    case "source behind":
      return made(isTarget ? usedGi : olderGi);
    case "grown":
      return isTarget ? xfs(diskBytes + 40 * MiB) : made(usedGi);
    case "split brain":
      return made(isTarget ? divergedGi : usedGi);
    case "unrelated":
      return made(isTarget ? unrelatedGi : usedGi);
    case "somebody's data":
      return isTarget ? xfs(diskBytes) : blank;
    case "shrunk":
      return isTarget ? xfs(diskBytes - 4 * MiB) : made(usedGi);
  }
}

const disk = (volume: 0 | 1, host: 0 | 1): Partial<DiskIdentity> => ({
  path: paths[volume],
  serial: `000${host + 1 + 2 * volume}`,
});
/** A size is known to have changed, and a disk to be another one, only where it is remembered. */
function memoryOf(state: VolumeState, volume: 0 | 1): Memory {
  const isKnown = state === "grown" || state === "shrunk";
  const disks = { alpha: rememberedDisk(disk(volume, 0)), bravo: rememberedDisk(disk(volume, 1)) };
  return { filesystemUuid: null, disks: isKnown ? disks : {} };
}

function nodeOf(host: 0 | 1, states: readonly [VolumeState, VolumeState], grammar: Grammar): ObservedNode {
  const node = downNode(host === 0 ? "alpha" : "bravo", usedGi);
  const seen = node.resources.get("r0")!;
  const volumes = new Map(([0, 1] as const).map((volume) => [volume, lookOf(states[volume], host, volume, grammar)]));
  const looked = {
    ...node,
    module: { version: grammar === "9" ? "9.2.16" : "8.4.11", loaded: true },
    resources: new Map([["r0", { ...seen, volumes }]]),
  };
  const blocks = withBlock(withBlock(looked, paths[0], disk(0, host)), paths[1], disk(1, host));
  return withFile(blocks, "/etc/drbd.d/r0.res", renderResource(desired, grammar));
}

function planFor(states: readonly [VolumeState, VolumeState], grammar: Grammar): Plan {
  const nodes: Pair = [nodeOf(0, states, grammar), nodeOf(1, states, grammar)];
  return planResource({
    desired,
    configuration: renderResource(desired, grammar),
    nodes,
    memory: new Map(([0, 1] as const).map((volume) => [volume, memoryOf(states[volume], volume)])),
    preview: false,
  });
}

const refusedVolumes: Readonly<Partial<Record<Together, readonly (0 | 1)[]>>> = {
  "refused: 0": [0],
  "refused: 1": [1],
  "refused: both": [0, 1],
};
const begun: Readonly<Partial<Record<Together, readonly (0 | 1)[]>>> = {
  "both begin": [0, 1],
  "0 begins": [0],
  "0 begins, 1 waits": [0],
  "1 begins": [1],
  "1 begins, 0 waits": [1],
};

/** Both volumes' own steps, and what one role for both makes of them. */
function expectTogether(plan: Plan, states: readonly [VolumeState, VolumeState], grammar: Grammar): void {
  const together = volumesTogether[states[0]][states[1]];
  const told = plan.refusals.map(({ found }) => found);
  const refused = refusedVolumes[together];
  if (refused !== undefined) {
    for (const volume of refused) expect(told.join("\n")).toMatch(new RegExp(refusalOf[states[volume]]!.source, "m"));
    expect(told.every((found) => refused.some((volume) => refusalOf[states[volume]]!.test(found)))).toBe(true);
    expect(commandsOf(plan)).toEqual([]);
    return;
  }
  expect(told).toEqual([]);
  const commands = allCommands(plan);
  const fresh = begun[together] ?? [];
  const others = ([0, 1] as const).filter((volume) => !fresh.includes(volume));
  const waits = together === "wait" || together.includes("waits");
  const forces = stepsOf(plan).filter(({ argv }) => argv.includes("primary") && argv.includes("--force"));
  const isOne = grammar === "9" || fresh.length === 2;
  expect(forces.map(({ argv }) => argv.at(-1))).toEqual(fresh.length === 0 ? [] : isOne ? ["r0"] : [`r0/${fresh[0]!}`]);
  for (const { guard, node } of forces) {
    expect(node).toBe("alpha");
    // Of DRBD 9 the others become Primary with it: what they hold must be whole there by then.
    expect(guard).toEqual([
      ...fresh.map((volume) => ["both_new", `r0/${volume}`]),
      ...(grammar === "9" && others.length > 0
        ? others.map((volume) => ["wait_up_to_date", `r0/${volume}`, "30"])
        : []),
    ]);
  }
  expect(commands.filter((command) => command.includes("mkfs"))).toEqual(
    fresh.map((volume) => expect.stringMatching(new RegExp(`^alpha: mkfs\\.xfs .* ${devices[volume]}$`)) as string),
  );
  const promoted = stepsOf(plan).filter(({ argv }) => argv.join(" ") === "drbdadm primary r0");
  expect(promoted).toHaveLength(others.length > 0 && !waits ? 1 : 0);
  for (const { guard } of promoted)
    expect(guard).toEqual(others.map((volume) => ["wait_up_to_date", `r0/${volume}`, "30"]));
  const made = commands.filter((command) => command.includes("create-md"));
  const empty = ([0, 1] as const).flatMap((volume) =>
    states[volume] === "blank"
      ? [`alpha: drbdadm create-md r0/${volume}`, `bravo: drbdadm create-md r0/${volume}`]
      : states[volume] === "target replaced"
        ? [`bravo: drbdadm create-md r0/${volume}`]
        : [],
  );
  expect(made.sort()).toEqual(empty.sort());
  expect(commands.filter((command) => /wipefs|bravo: drbdadm primary|-- --force|detach/.test(command))).toEqual([]);
}

describe.each(grammars)("DRBD %s", (grammar) => {
  test.each(volumeStates)("volume 0 is %s, beside every state of volume 1", (state) => {
    for (const other of volumeStates) {
      const plan = planFor([state, other], grammar);
      try {
        expectTogether(plan, [state, other], grammar);
      } catch (error) {
        const told = plan.refusals.map(({ found }) => found);
        throw new Error(`${state}; ${other}: ${String(error)}\n${[...told, ...allCommands(plan)].join("\n")}`);
      }
    }
  });
});
