/**
 * DRBD 9's node ids. A disk's superblock holds the host's own id and a bitmap for each peer's, and a pair that runs cannot
 * change them: drbdadm would remove the peer, and the kernel would refuse to add it again. So ids that exist are kept.
 */
import { parseResFile } from "../config/found-resource";
import { installedFile } from "./configuration-place";
import { NodeIds, nodeIdsByName } from "../config/default-node-ids";
import { volumePairs, type DesiredResource, type DesiredSide, type VolumePair } from "../wanted/desired";
import { contentsIdentity } from "../seen/disk-identity";
import { sameHost } from "../wanted/names";
import { grammarOf, volumeSeen, type ObservedNode } from "../seen/observed";
import { resourcePath } from "../config/paths";
import type { Refusal } from "../steps/plan";
import { disksOf } from "../seen/side-disks";

type Nodes = readonly [ObservedNode, ObservedNode];

export type KnownNodeIds =
  /** There are none that must be kept. */
  | { readonly kind: "free" }
  | { readonly kind: "known"; readonly ids: NodeIds }
  /** The sources disagree, or tell of one side only. */
  | { readonly kind: "unclear"; readonly claims: readonly Claim[] };

/** What one source says of one side's id. */
interface Claim {
  readonly side: 0 | 1;
  readonly id: number;
  readonly source: string;
}

/**
 * What runs and what stands in the metadata counts before what is written in a file, and that before what drbdadm makes of
 * a file without ids, and that before `remembered`, the configuration that is kept in the state.
 */
export function nodeIdsOf(desired: DesiredResource, nodes: Nodes, remembered = ""): KnownNodeIds {
  if (nodes.every((node) => grammarOf(node) === "8.4")) return { kind: "free" };
  const used = both((place) => usedIds(desired, nodes, place)).flat();
  const told = [
    both((place) => writtenIds(desired, installedFile(nodes[place], desired.name), nodes[place].hostname)).flat(),
    both((place) => impliedIds(desired.name, nodes[place], place)).flat(),
    writtenIds(desired, { path: "the configuration in the stack's state", text: remembered }),
  ];
  const claims = [...used, ...told.flat()];
  const unclear = { kind: "unclear", claims } as const;
  const [first, second] = both((place) => new Set(used.filter(({ side }) => side === place).map(({ id }) => id)));
  if (first.size > 1 || second.size > 1) return unclear;
  const isUsed = (ids: NodeIds) => used.every(({ side, id }) => ids[side] === id);
  if (first.size === 1 && second.size === 1) {
    const ids: NodeIds = [[...first][0] ?? 0, [...second][0] ?? 0];
    return ids[0] === ids[1] ? unclear : { kind: "known", ids };
  }
  for (const rank of told) {
    const found = pairsIn(rank);
    const [ids] = found;
    if (ids === undefined) continue;
    if (found.every((one) => one[0] === ids[0] && one[1] === ids[1]) && isUsed(ids)) return { kind: "known", ids };
    if (used.length === 0 && both((place) => hasNone(desired, nodes[place], place)).every(Boolean))
      return { kind: "free" };
    return unclear;
  }
  // Nothing but one side's own id: that the other one's was the one that we would give it is all that is known.
  return used.length === 0 || isUsed(nodeIdsByName(desired)) ? { kind: "free" } : unclear;
}

/** The ids that a text of drbd.conf gives to both sides. */
export function writtenNodeIds(desired: DesiredResource, text: string): NodeIds | undefined {
  return pairsIn(writtenIds(desired, { path: "", text }))[0];
}

/** The grammar of a resource's file that we wrote: only DRBD 9's has node ids. */
export function writtenGrammar(desired: DesiredResource, text: string): "8.4" | "9" | undefined {
  if (text === "") return undefined;
  return writtenNodeIds(desired, text) === undefined ? "8.4" : "9";
}

/** Before the first write: a file with other ids would tear the pair apart. */
export function nodeIdRefusals(desired: DesiredResource, nodes: Nodes): Refusal[] {
  const known = nodeIdsOf(desired, nodes);
  if (known.kind !== "unclear") return [];
  const { name, hosts } = desired;
  const said = known.claims.map(({ side, id, source }) => `${hosts[side].hostname} has ${id} (${source})`);
  const lines = hosts.map(({ hostname }) => `\`node-id N;\` in \`on ${hostname}\``);
  return [
    {
      found: `the node ids of ${name} are not clear: ${[...new Set(said)].join(", ")}. With other ids than those that DRBD has in use, the two would not connect any more`,
      way:
        `\`drbdsetup show ${name}\` (its node-id and _peer_node_id), or \`drbdmeta MINOR v09 DISK internal dump-md\` where it is down, tells what is in use on each host. ` +
        `Write ${lines.join(" and ")} into the file of ${name} on both hosts, check that \`drbdadm -d adjust ${name}\` there has no \`del-peer\`, and run \`pulumi up\` again: it keeps them.`,
    },
  ];
}

/** From the peer's kernel, from its own, and from its own metadata. */
function usedIds(desired: DesiredResource, nodes: Nodes, side: 0 | 1): Claim[] {
  const { name } = desired;
  const peer = side === 0 ? 1 : 0;
  const [own, other] = [nodes[side], nodes[peer]];
  const look = own.resources.get(name);
  const claim = (id: number | undefined, source: string): Claim[] =>
    id === undefined || id < 0 ? [] : [{ side, id, source }];
  return [
    ...(grammarOf(other) === "8.4"
      ? []
      : claim(other.kernelResources.get(name)?.peerNodeId, `the kernel of ${other.hostname}`)),
    ...claim(look?.nodeId, `the kernel of ${own.hostname}`),
    ...volumePairs(desired).flatMap((volume) =>
      isLetGo(volume, volume.sides[side], own)
        ? []
        : claim(superblockId(own, volume), `the metadata on ${own.hostname}:${volume.sides[side].disk}`),
    ),
  ];
}

function superblockId(node: ObservedNode, volume: VolumePair): number | undefined {
  const metadata = volumeSeen(node, volume)?.metadata;
  return metadata?.kind === "present" || metadata?.kind === "moved" ? metadata.nodeId : undefined;
}

/** Metadata that a person named in `discard`, and so another pair's, perhaps. */
function isLetGo(volume: VolumePair, side: DesiredSide, node: ObservedNode): boolean {
  const look = volumeSeen(node, volume);
  const holder = look && disksOf(side, look).at(-1);
  const named = volume.discard?.[side.hostname] ?? [];
  return holder !== undefined && named.includes(contentsIdentity(holder.contents) ?? "");
}

/** No metadata of DRBD 9's on its disks, or such as was never attached: any id will do. */
function hasNone(desired: DesiredResource, node: ObservedNode, place: 0 | 1): boolean {
  return volumePairs(desired).every((volume) => {
    const metadata = volumeSeen(node, volume)?.metadata;
    if (isLetGo(volume, volume.sides[place], node)) return true;
    if (metadata?.kind === "present") return metadata.version === "v08" || metadata.nodeId === -1;
    return metadata?.kind === "absent";
  });
}

function writtenIds(
  desired: DesiredResource,
  file: { readonly path: string; readonly text: string } | undefined,
  host?: string,
): Claim[] {
  if (file === undefined) return [];
  const source = host === undefined ? file.path : `${file.path} on ${host}`;
  return parseResFile(file.text)
    .filter(({ resource }) => resource === desired.name)
    .flatMap(({ nodeIds, addresses }) =>
      nodeIds.flatMap(({ host: named, nodeId }) =>
        both((side) => {
          const { hostname, address } = desired.hosts[side];
          const isIt =
            sameHost(named, hostname) || addresses.some((one) => one.host === named && one.address === address);
          return isIt ? [{ side, id: nodeId, source }] : [];
        }).flat(),
      ),
    );
}

/** What drbdadm would bring a resource up with that is down: its file may leave the ids to drbdadm. */
function impliedIds(name: string, { adjust, hostname }: ObservedNode, own: 0 | 1): Claim[] {
  if (adjust?.exit !== 0) return [];
  const id = (verb: string): number | undefined => {
    const line = adjust.output.split("\n").find((one) => one.includes(` ${verb} ${name} `));
    const found = / (\d{1,2})(?: |$)/.exec(line?.split(` ${verb} ${name}`)[1] ?? "")?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const [mine, peers] = [id("new-resource"), id("new-peer")];
  if (mine === undefined || peers === undefined) return [];
  const source = `drbdadm on ${hostname}, for ${resourcePath(name)} there`;
  return [
    { side: own, id: mine, source },
    { side: own === 0 ? 1 : 0, id: peers, source },
  ];
}

/** The ids that each source gives to both sides. */
function pairsIn(claims: readonly Claim[]): NodeIds[] {
  return [...new Set(claims.map(({ source }) => source))].flatMap((source) => {
    const [first, second] = both((place) => claims.find((one) => one.source === source && one.side === place)?.id);
    return first === undefined || second === undefined ? [] : [[first, second] as const];
  });
}

function both<T>(make: (place: 0 | 1) => T): [T, T] {
  return [make(0), make(1)];
}
