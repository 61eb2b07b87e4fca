/** Which of DRBD 9's bitmap slots is the peer's: its bitmap identifier tells whether this host has newer data than the peer. */
import { parseResFile } from "../config/found-resource";
import { installedFile } from "./configuration-place";
import { volumeSeen, type MetadataFound, type ObservedNode, type PeerSlot, type VolumeName } from "../seen/observed";
import { sameHost } from "../wanted/names";

/** The node id that the peer has: by its own metadata, by this host's kernel, or by this host's file. */
function peerIds(volume: VolumeName, peer: ObservedNode, node: ObservedNode): (number | undefined)[] {
  const { name: resource } = volume;
  const metadata = volumeSeen(peer, volume)?.metadata;
  const written = parseResFile(installedFile(node, resource)?.text ?? "").find((one) => one.resource === resource);
  return [
    metadata?.kind === "present" || metadata?.kind === "moved" ? metadata.nodeId : undefined,
    node.kernelResources.get(resource)?.peerNodeId,
    written?.nodeIds.find(({ host }) => sameHost(host, peer.hostname))?.nodeId,
  ];
}

/** The slot of the right peer. Several, where nothing tells which of them it is. */
function slotsOf(slots: readonly PeerSlot[], ids: readonly (number | undefined)[]): readonly PeerSlot[] {
  if (slots.length < 2) return slots;
  const known = ids.flatMap((id) => slots.filter((slot) => slot.nodeId === id));
  return known.length > 0 ? known.slice(0, 1) : slots;
}

/** The metadata with the identifiers of the peer's slot, or the slots among which it could not be found. */
export function seenFromPeer<M extends MetadataFound>(
  volume: VolumeName,
  metadata: M,
  node: ObservedNode,
  peer: ObservedNode,
): M | readonly PeerSlot[] {
  if (metadata.slots === undefined) return metadata;
  const [slot, ...more] = slotsOf(metadata.slots, peerIds(volume, peer, node));
  if (slot === undefined) return metadata;
  return more.length > 0 ? [slot, ...more] : { ...metadata, gi: slot.gi };
}
