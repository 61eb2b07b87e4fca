/** The file of values that the host's commands (host/commands) read: lines of a key and what it is, never run by a shell. */
import { type DesiredResource, sideOn, volumePairs } from "../wanted/desired";
import { ownMark } from "./own-mark";
import { devicePath } from "./paths";

/** Of the host at one place of the resource's. */
export function renderValues(desired: DesiredResource, place: 0 | 1): string {
  const { hostname } = desired.hosts[place];
  const peer = desired.hosts[place === 0 ? 1 : 0];
  const { reachedAt } = peer;
  const lines = [
    `# ${ownMark}: what drbd-where, drbd-takeover and drbd-handback know of ${desired.name}.`,
    `resource ${desired.name}`,
    `host ${hostname}`,
    `peer ${peer.hostname}`,
    `peer-address ${peer.address}`,
    ...(reachedAt === undefined
      ? []
      : [`peer-address ${reachedAt.host}${reachedAt.port === undefined ? "" : ` ${reachedAt.port}`}`]),
    ...volumePairs(desired).flatMap((pair) => {
      const mountPoint = pair.filesystem?.mountPoint;
      if (mountPoint === undefined) return [];
      return [`mount ${devicePath(sideOn(pair, hostname).minor)} ${mountPoint.replaceAll(" ", "\\040")}`];
    }),
    ...desired.services.map((service) => `service ${service}`),
  ];
  return lines.map((line) => `${line}\n`).join("");
}
