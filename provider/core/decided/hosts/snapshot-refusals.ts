/** What hinders drbd-utils' handlers from making a snapshot of each disk before a resync, and what is left of one. */
import { setForAll } from "../../config/set-for-all";
import { resourcePath } from "../../config/paths";
import { mebibytes } from "../../seen/disk-identity";
import { grammarOf, peerDeviceOf, realPathOf, volumeSeen, type ObservedNode } from "../../seen/observed";
import type { Refusal } from "../../steps/plan";
import { sideOn, volumePairs, wordFor, type DesiredResource, type VolumePair } from "../../wanted/desired";
import { otherHandlers, snapshotHandlers, snapshotName, snapshotSettingsPath } from "../../wanted/snapshot-handlers";
import type { ResourceSituation } from "./resource-situation";
import { bytesOf, snapshotsOn } from "./snapshot-room";

type Problem = Omit<Refusal, "node" | "property">;

/** Before the handlers stand in the file there. Later on they stop nothing: snapshotWarnings has them. */
export function snapshotRefusals(situation: ResourceSituation): Refusal[] {
  return problems(situation, false);
}

export function snapshotWarnings(situation: ResourceSituation): string[] {
  const found = problems(situation, true);
  return [
    ...found.map((one) => `${one.node ?? ""}: ${one.found}: a resync begins without a snapshot. ${one.way}`),
    ...leftOver(situation),
  ];
}

function problems({ desired, nodes, globalCommon = [] }: ResourceSituation, isInstalled: boolean): Refusal[] {
  if (desired.snapshotBeforeResync !== true) return [];
  return desired.hosts.flatMap(({ hostname }, index): Refusal[] => {
    const node = nodes[index === 0 ? 0 : 1];
    if (hasHandlers(desired, node) !== isInstalled) return [];
    const common = globalCommon[index];
    return [
      ...(common === undefined ? [] : inCommon(common)),
      ...ofHost(desired.name, node),
      ...ofVolumes(desired, hostname, node),
    ].map((one) => ({ node: hostname, property: "snapshotBeforeResync", ...one }));
  });
}

function hasHandlers({ name }: DesiredResource, node: ObservedNode): boolean {
  const text = node.files.get(resourcePath(name)) ?? "";
  return Object.values(snapshotHandlers).every((script) => text.includes(script));
}

/** The resource's own handlers count before those. */
function inCommon(text: string): Problem[] {
  return otherHandlers(setForAll([text]).handlers).map((name) => ({
    found: `the node's \`common\` has a handler ${name}, which would not be called any more`,
    way: "Take it out of `common`, or leave out `snapshotBeforeResync`.",
  }));
}

function ofHost(name: string, node: ObservedNode): Problem[] {
  if (node.module !== null && grammarOf(node) === "9") {
    return [
      {
        found: `DRBD ${node.module.version} runs there, and drbd-utils' handlers see only on DRBD 8.4 how much a resync will overwrite: their snapshot would be full before it is over`,
        way: "Leave out `snapshotBeforeResync`.",
      },
    ];
  }
  const { missing, hasSettings } = node.resources.get(name)?.snapshots ?? { missing: [], hasSettings: false };
  // drbd-utils come before the resource, and bring the scripts along.
  const gone = missing.filter((tool) => node.utils !== null || !tool.startsWith("/"));
  return [
    ...(gone.length === 0
      ? []
      : [
          {
            found: `${gone.join(", ")}: not there, and a snapshot before a resync needs ${gone.length === 1 ? "it" : "them"}`,
            way: "Install lvm2, and drbd-utils with its handlers (on Debian, `apt-get install lvm2 drbd-utils`).",
          },
        ]),
    ...(hasSettings
      ? [
          {
            found: `${snapshotSettingsPath} gives the snapshots another size, or another name`,
            way: `Take its lines out: ${snapshotName("NAME")} is where \`drbd-where\` looks for them.`,
          },
        ]
      : []),
  ];
}

function ofVolumes(desired: DesiredResource, hostname: string, node: ObservedNode): Problem[] {
  const found = volumePairs(desired).flatMap((volume) => ofVolume(volume, hostname, node));
  return found.length > 0 ? found : tooFull(desired, hostname, node);
}

function ofVolume(volume: VolumePair, hostname: string, node: ObservedNode): Problem[] {
  const logical = volumeSeen(node, volume)?.logical;
  const { disk } = sideOn(volume, hostname);
  const otherwise = "Leave out `snapshotBeforeResync`, or name an LVM volume as the disk.";
  if (logical === undefined) return [];
  if (logical.kind === "none") {
    const block = node.blocks.get(disk) ?? node.blocks.get(realPathOf(volumeSeen(node, volume)?.disk) ?? "");
    if (block?.type === "lvm")
      return [
        {
          found: `${disk} leads to an LVM volume, and drbd-utils' handlers do not know it by that name`,
          way: `Name the disk /dev/GROUP/NAME, or ${block.path}: it is the same one.`,
        },
      ];
    const said = logical.said === "" ? "" : ` (lvs says: ${logical.said.replace(/\s+/g, " ").slice(0, 300)})`;
    return [{ found: `${disk} is no LVM volume, and no snapshot can be made of it${said}`, way: otherwise }];
  }
  if (/^s/i.test(logical.attributes))
    return [{ found: `${disk} is a snapshot itself, and LVM makes no snapshot of one`, way: otherwise }];
  const { group, name, snapshot } = logical;
  if (snapshot === undefined || snapshot.origin === name) return [];
  const taken = `${group}/${snapshotName(name)}`;
  return [
    {
      found: `${taken} is there, and is no snapshot of ${group}/${name}: drbd-utils' handlers would remove it after a resync`,
      way: `Give it another name (\`lvrename ${taken} …\`).`,
    },
  ];
}

function tooFull(desired: DesiredResource, hostname: string, node: ObservedNode): Problem[] {
  return [...snapshotsOn(desired, hostname, node)].flatMap(([group, all]) => {
    const [free, needed] = [all[0]?.logical.free ?? 0, bytesOf(all)];
    if (needed <= free) return [];
    const of = all.map(({ volume }) => wordFor(volume)).join(" and ");
    return [
      {
        found: `the volume group ${group} has ${mebibytes(free)} free, and a snapshot of ${of} before a resync takes ${mebibytes(needed)}: what differs, 10 MiB and 10 % of the disk, in whole extents`,
        way: `Add a disk to ${group} (\`vgextend\`), make one of its volumes smaller, or leave out \`snapshotBeforeResync\`.`,
      },
    ];
  });
}

/** One that nobody has removed: no other one is made beside it. */
function leftOver({ desired, nodes }: ResourceSituation): string[] {
  if (desired.snapshotBeforeResync !== true) return [];
  return desired.hosts.flatMap(({ hostname }, index) => {
    const node = nodes[index === 0 ? 0 : 1];
    return volumePairs(desired).flatMap((volume) => {
      const logical = volumeSeen(node, volume)?.logical;
      const isSettled = peerDeviceOf(node, volume)?.replication === "Established";
      if (logical?.kind !== "logical" || logical.snapshot === undefined || !isSettled) return [];
      return [
        `${hostname}: the snapshot ${logical.group}/${snapshotName(logical.name)} is still there, though no resync runs: the next one makes no other, and \`drbd-where ${desired.name}\` there says what it holds`,
      ];
    });
  });
}
