/** What a resource's plan says beside its steps: warnings, and what comes after them. */
import { missedEnd } from "../data/missed-end";
import { mountableWarnings } from "../data/mountable";
import { otherHost, type ResourceView } from "../data/resource-view";
import { drbdServiceWarnings, managerRefusals, managerWarnings } from "../hosts/manager-refusals";
import { recommendations, takeOverWarnings } from "../hosts/take-over-warnings";
import { devicePath } from "../../config/paths";
import { deviceOn } from "../../wanted/desired";
import { firstSyncRemarks } from "./first-sync-time";
import { leavingRemarks } from "./leaving-steps";
import type { Promotion } from "./promotion";
import type { ResourceStages } from "./resource-stages";
import { skippedSyncRemarks } from "./skipped-sync";
import { switchoverLater, switchoverRemarks } from "./switchover";

export function resourceWarnings(view: ResourceView, promotion: Promotion, files: ResourceStages): string[] {
  const { desired, home } = view;
  const taken = view.hosts.filter((host) => files.foreignPath(host) !== undefined);
  const found = [
    ...new Set(taken.flatMap((host) => takeOverWarnings(files.changedOptions(host)))),
    ...(taken.length === 0 ? [] : recommendations(desired)),
    ...view.hosts.flatMap((host) => {
      const { hostname } = host.host;
      const { name, ignoreManagers } = desired;
      const resource = {
        name,
        volumes: view.pairs.map((pair) => deviceOn(pair.desired, hostname)),
        ignoreManagers,
        isMounted: view.pairs.some((pair) => pair.desired.filesystem !== undefined),
      };
      return [
        // Of those that manage this resource, there is nothing to do here, or the plan is refused.
        ...managerRefusals(host.node, hostname, resource).map((one) => `${hostname}: ${one.found}`),
        ...managerWarnings(host.node, hostname, resource),
        ...drbdServiceWarnings(host.node, hostname, name, files.wantedFiles(host)),
      ];
    }),
    ...new Set(view.pairs.flatMap(mountableWarnings)),
    ...leavingRemarks(view),
  ];
  if (promotion.waitsForFill()) {
    const later = desired.waitForSync ? "" : ": not waited for (`waitForSync: false`), so run `pulumi up` again then";
    found.push(
      `${home.host.hostname} gets its data from ${otherHost(view, home).host.hostname} and is not made Primary before its disk is UpToDate${later}`,
    );
  }
  return [...found, ...switchoverRemarks(view)];
}

/** `moves`: whether the plan moves it to the host that `primary` names. */
export function afterwards(view: ResourceView, promotion: Promotion, moves: boolean): string[] {
  const { desired, pairs, home } = view;
  const found: string[] = [];
  if (pairs.some(({ sides }) => sides.some(({ progress }) => progress.kind === "unread"))) {
    found.push(`what the metadata on the disks says is read once drbd-utils is there`);
  }
  const filled = missedEnd(view);
  if (filled !== undefined) {
    const source = otherHost(view, filled).host.hostname;
    found.push(`whatever else there is to do is planned once ${source} knows that the sync is over`);
  }
  const { undecided } = promotion;
  for (const pair of undecided.filter(({ desired: { filesystem } }) => filesystem !== undefined)) {
    const device = devicePath(pair.sides[home.place].desired.minor);
    found.push(`what ${device} holds is looked at once it is Primary: a filesystem is mounted, never made anew`);
  }
  if (undecided.length > 0 && promotion.homeState() !== "ready") {
    found.push(`${home.host.hostname} is made Primary once its disk is UpToDate`);
  }
  found.push(...skippedSyncRemarks(view));
  if (promotion.isForced) found.push(...firstSyncRemarks(view));
  if (promotion.isForced && desired.waitForSync) {
    found.push(`wait for the initial sync, at most ${desired.waitForSyncSeconds} s`);
  }
  return [...found, ...(moves ? [] : switchoverLater(view))];
}
