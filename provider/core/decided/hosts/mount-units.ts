/** A unit of a user's own for the folder to mount on. systemd takes it before the unit that it makes of the line in fstab. */
import { deviceNames, linesOf } from "../../seen/parse-fstab";
import { pathOf } from "../../seen/disk-names";
import { deviceOn, type VolumePair } from "../../wanted/desired";
import type { ObservedNode } from "../../seen/observed";
import type { Refusal } from "../../steps/plan";

interface MountUnit {
  readonly path: string;
  readonly what: string;
}

function mountUnitAt(node: ObservedNode, mountPoint: string): MountUnit | undefined {
  const valueOf = (key: string, text: string) =>
    new RegExp(`^\\s*${key}\\s*=\\s*(.+?)\\s*$`, "m").exec(text)?.[1] ?? "";
  const found = [...node.files].find(
    ([path, text]) =>
      /^\/etc\/systemd\/system\/[^/]+\.mount$/.test(path) && pathOf(valueOf("Where", text)) === mountPoint,
  );
  return found === undefined ? undefined : { path: found[0], what: valueOf("What", found[1]) };
}

function describe({ name }: VolumePair, mountPoint: string, { path, what }: MountUnit): string {
  return `${path} mounts ${what} at ${mountPoint}, and systemd takes it before the line in fstab, which has ${name} promoted first`;
}

function wayWithout(node: ObservedNode, { path }: MountUnit): string {
  const unit = path.split("/").at(-1) ?? "";
  return `on ${node.hostname}, \`systemctl disable ${unit} && mv ${path} /root/ && systemctl daemon-reload\`: what is mounted stays mounted`;
}

const hasOwnLine = (desired: VolumePair, node: ObservedNode): boolean =>
  linesOf(node, deviceNames(deviceOn(desired, node.hostname))).own.length > 0;

/** Before our line is written. */
export function mountUnitRefusals(desired: VolumePair, node: ObservedNode): Refusal[] {
  const mountPoint = desired.filesystem?.mountPoint;
  const unit = mountPoint === undefined ? undefined : mountUnitAt(node, mountPoint);
  if (mountPoint === undefined || unit === undefined || hasOwnLine(desired, node)) return [];
  const found = describe(desired, mountPoint, unit);
  const way = wayWithout(node, unit);
  return [{ node: node.hostname, property: "filesystem.mountPoint", found, way: `${way.replace(/^on/, "On")}.` }];
}

/** One that came later stops nobody. */
export function mountUnitWarnings(desired: VolumePair, node: ObservedNode): string[] {
  const mountPoint = desired.filesystem?.mountPoint;
  const unit = mountPoint === undefined ? undefined : mountUnitAt(node, mountPoint);
  if (mountPoint === undefined || unit === undefined || !hasOwnLine(desired, node)) return [];
  return [`${node.hostname}: ${describe(desired, mountPoint, unit)}: ${wayWithout(node, unit)}`];
}
