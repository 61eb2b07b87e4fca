/** What the next boot of one side needs: brought up, promoted and mounted, without anything that a boot waits for for ever. */
import { deviceNames, linesOf } from "./fstab";
import type { PairView } from "./pair-view";
import type { Step } from "./plan";
import type { Side } from "./side";
import * as steps from "./steps-resource";
import { promotionUnit, promotionUnitPath, targetOf } from "./systemd";

export function bootSteps(pair: PairView, side: Side): Step[] {
  return [...mountedAtBoot(pair, side), ...enabled(pair, side)];
}

/** Of no effect without a resource that is up. */
export function mountedAtBoot(pair: PairView, side: Side): Step[] {
  const { desired } = pair;
  const host = side.desired.hostname;
  const { filesystem } = desired;
  const mountPoint = filesystem?.mountPoint;
  if (filesystem === undefined || mountPoint === undefined) return [];
  const found: Step[] = [];
  if (side.node.files.get(promotionUnitPath) !== promotionUnit) {
    found.push(steps.writePromotionUnit(host, "promotes it for its mount after a reboot, once the peer is connected"));
  }
  const line = steps.fstabLine(desired, filesystem, mountPoint, side === pair.source);
  const { own, foreign } = linesOf(side.node, deviceNames(desired.name, desired.minor));
  if (own.length !== 1 || own[0] !== line || foreign.length > 0) {
    const place =
      side === pair.source ? "mounted at boot; nofail, so that a boot never hangs on it" : "noauto: for a failover";
    const kept = foreign
      .map((one) => `; takes the place of \`${one.trim()}\`, which stays there as a comment`)
      .join("");
    found.push(steps.writeFstabLine(host, desired, line, mountPoint, `${mountPoint} ${place}${kept}`));
  }
  return found;
}

/** Brings the resource up, without a look at what stands on its disk. */
export function enabled({ desired }: PairView, side: Side): Step[] {
  if (side.node.links.some((link) => link.endsWith(`/${targetOf(desired.name)}`))) return [];
  const because = "brings the resource up after a reboot, without waiting for the peer";
  return [steps.enableAtBoot(side.desired.hostname, desired.name, because)];
}
