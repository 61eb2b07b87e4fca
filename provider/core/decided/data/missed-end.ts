/** A sync that is over, and whose source has not noticed: it stands at 100 % until it is told (DRBD 8.4; kernel-steps.ts). */
import { peerDeviceOf } from "../../seen/observed";
import type { PairView } from "./pair-view";
import { isTogetherOn, otherHost, type HostView, type ResourceView } from "./resource-view";

/** The side that was filled and knows it. Not while any volume is still being filled, in whichever direction. */
export function missedEnd(view: ResourceView): HostView | undefined {
  return view.hosts.find((filled) => {
    const source = otherHost(view, filled);
    if (!isTogetherOn(filled) || !isTogetherOn(source)) return false;
    if (!view.pairs.every((pair) => isOver(pair, filled))) return false;
    const missed = view.pairs.filter((pair) => !isOver(pair, source));
    return missed.length > 0 && missed.every((pair) => hasNothingToSend(pair, source));
  });
}

function isOver({ desired, sides }: PairView, { place, node }: HostView): boolean {
  const peer = peerDeviceOf(node, desired);
  return (
    sides[place].device?.disk === "UpToDate" && peer?.peerDisk === "UpToDate" && peer.replication === "Established"
  );
}

function hasNothingToSend({ desired, sides }: PairView, { place, node }: HostView): boolean {
  const peer = peerDeviceOf(node, desired);
  return sides[place].device?.disk === "UpToDate" && peer?.replication === "SyncSource" && peer.outOfSync === 0;
}
