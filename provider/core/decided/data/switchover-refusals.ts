/** Why a resource is not moved to the host that `primary` names. */
import { diskStates } from "../../seen/kernel-states";
import { devicePath } from "../../config/paths";
import { furthestBehind } from "../../seen/sync-progress";
import type { Refusal } from "../../steps/plan";
import { isTogetherOn, type HostView, type ResourceView } from "./resource-view";
import { isAttached } from "./side-relation";

/** Whether the side is where DRBD can say that it is not UpToDate: up, with its disks, and connected. */
export function isMet(host: HostView): boolean {
  return isTogetherOn(host) && host.sides.every(isAttached);
}

/** Nobody gives up what is in use for a side that has not all of it, nor stops services for an unmount that cannot be. */
export function switchoverRefusals(
  { desired: { name, services }, switchover }: ResourceView,
  isWayBack: boolean,
): Refusal[] {
  if (switchover === undefined) return [];
  const { from, to } = switchover;
  const isWhole = to.sides.every(({ device }) => diskStates[device?.disk ?? ""] === "newest") && !isAhead(from);
  const [there, here] = [to.host.hostname, from.host.hostname];
  const users = usersOf(from);
  if (isWhole && isTogetherOn(to) && isTogetherOn(from))
    return users.length === 0 || services.length > 0 || isWayBack
      ? []
      : [
          {
            node: here,
            found: `${name} is to move from there to ${there} (\`primary: ${there}\`), and is in use: ${users.join("; ")}`,
            way: `Stop what uses it, and run \`pulumi up\` again. A unit of systemd that is listed in \`services\` is stopped by the move, and started on ${there}. With \`primary: ${here}\` it stays where it is.`,
          },
        ];
  const mounted = from.sides.flatMap(({ mountedAt }) => mountedAt);
  const use = mounted.length === 0 ? "" : `, mounted on ${mounted.join(" and ")}`;
  return [
    {
      node: there,
      found: `${name} is to move there from ${here} (\`primary: ${there}\`), and ${isAhead(from) ? `DRBD on ${here} is Ahead: ${there} lacks what was written since the line was full (on-congestion pull-ahead). ` : ""}DRBD says of it there: ${saysOf(to)}. It stays Primary on ${here}${use}${users.length === 0 ? "" : `, and is in use there: ${users.join("; ")}`}`,
      way: `${isTogetherOn(to) ? "Wait until it is UpToDate there" : `Find out why the two are not connected (\`drbdadm status ${name}\` and \`dmesg\` on both)`}, and run \`pulumi up\` again. With \`primary: ${here}\` it stays where it is.`,
    },
  ];
}

/** Its peer is behind, also where that one does not know of it yet: the word of it travels behind what is under way. */
function isAhead({ kernel }: HostView): boolean {
  return kernel?.peerDevices?.some(({ replication }) => replication === "Ahead") === true;
}

/** Who uses it, but for its own mounts one below the other, which are unmounted in their order. */
export function usersOf({ sides }: HostView): string[] {
  const own = sides.map(({ desired: { minor } }) => `${devicePath(minor)} is mounted below it, `);
  const users = sides.flatMap(({ observed }) => observed?.users ?? []);
  return users.filter((user) => !own.some((beginning) => user.startsWith(beginning)));
}

/** A service may end what uses it (an export, a container, a mount of its own): it is stopped first, and then it shows. */
export function usersWarnings({ desired: { name, services }, switchover }: ResourceView): string[] {
  const users = switchover === undefined ? [] : usersOf(switchover.from);
  if (switchover === undefined || services.length === 0 || users.length === 0) return [];
  const { hostname } = switchover.from.host;
  return [
    `${name} is in use on ${hostname} beside its services: ${users.join("; ")}. Where its services do not end that, the unmount fails, and ${hostname} serves it again`,
  ];
}

/** `connection Connected, disk Inconsistent, being filled (42.1 %, 0:01:10 left)` */
function saysOf({ kernel, node, sides }: HostView): string {
  if (kernel === undefined) return "it is down";
  const disks = [...new Set(sides.map(({ device }) => device?.disk ?? "Diskless"))].join(" and ");
  const progress = furthestBehind(
    node.sync,
    sides.map(({ desired }) => desired.minor),
  );
  const left = progress?.finish === undefined ? "" : `, ${progress.finish} left`;
  const sync = progress === undefined ? "" : `, being filled (${progress.percent} %${left})`;
  const isBehind = kernel.peerDevices?.some(({ replication }) => replication === "Behind") === true;
  return `connection ${kernel.connection ?? "none"}${isBehind ? ", Behind" : ""}, disk ${disks}${sync}`;
}
