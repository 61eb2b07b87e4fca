/** The folder where a filesystem shall be mounted: an empty one, by its own path. */
import { deviceOn } from "../../wanted/desired";
import { deviceNames, linesOf } from "../../seen/parse-fstab";
import type { PairView } from "./pair-view";
import type { Refusal } from "../../steps/plan";
import { mostNames } from "../../seen/probe";
import type { Side } from "./side";

export function folderRefusals(pair: PairView, side: Side): Refusal[] {
  const { desired } = pair;
  const mountPoint = desired.filesystem?.mountPoint;
  const folder = side.observed?.folder;
  if (mountPoint === undefined || folder === undefined || side.mountedAt.includes(mountPoint)) return [];
  const refuse = (found: string, way: string): Refusal[] => [
    { node: side.desired.hostname, property: "filesystem.mountPoint", found, way },
  ];
  if (folder.kind === "not-a-folder") {
    return refuse(
      `${folder.at} is there, and is no folder`,
      "Choose another `filesystem.mountPoint`, or move it away.",
    );
  }
  if (folder.at !== folder.real) {
    const path = `${folder.real}${mountPoint.slice(folder.at.length)}`;
    return refuse(
      `${folder.at} leads to ${folder.real} by a symbolic link, which systemd and mountinfo do not follow`,
      `Name the folder by its own path: \`mountPoint: ${path}\`.`,
    );
  }
  // Once the line is there, every boot mounts over what came since, and so does a person: then it stops nobody.
  const { own } = linesOf(side.node, deviceNames(deviceOn(desired, side.desired.hostname)));
  const isClaimed = own.some((line) => line.split(/\s+/)[1] === mountPoint.replaceAll(" ", "\\040"));
  const held = folder.holds.filter((name) => name !== "lost+found");
  if (folder.at !== mountPoint || held.length === 0 || (isClaimed && !pair.neverUsed)) return [];
  return refuse(
    `${mountPoint} holds ${held.map((name) => JSON.stringify(name)).join(", ")}${folder.holds.length > mostNames ? ", …" : ""}, which a mount would cover`,
    "Move it away, or choose another `filesystem.mountPoint`.",
  );
}
