/**
 * Volumes that the program describes no more are taken out of a resource that goes on: unmounted, demoted, and let go by
 * the kernel, before a file without them is installed. `drbdadm adjust` with such a file would take their disks from under
 * whatever uses them. Nothing here writes to a disk.
 */
import { devicePath } from "../../config/paths";
import { leavingOn, type LeavingVolume } from "../../installed/leaving-volumes";
import { grammarOf } from "../../seen/observed";
import { describeDisk } from "../../seen/disk-identity";
import { foldersNote, formattingMark } from "../../steps/own-folder";
import type { Stage, Step } from "../../steps/plan";
import * as stepsFiles from "../../steps/file-steps";
import * as stepsFilesystem from "../../steps/filesystem-steps";
import * as stepsPromotion from "../../steps/promotion-steps";
import * as stepsVolume from "../../steps/volume-steps";
import type { HostView, ResourceView } from "../data/resource-view";
import { ownMountPoints } from "../hosts/leaving-refusals";
import { leavingLineGoes } from "./fstab-line";

export function leavingStages({ desired, hosts }: ResourceView): Stage[] {
  const leaving = hosts.map((host) => ({ host, volumes: leavingOn(desired, host.node, host.host.hostname) }));
  // Where the resource is Primary comes last, or else the sync source: its copy is the newest once the other has let go.
  const isPrimary = ({ host }: (typeof leaving)[number]): boolean => host.kernel?.role === "Primary";
  const last = leaving.find(isPrimary) ?? leaving.find(({ host }) => host.host.hostname === desired.syncSource);
  const inOrder = [...leaving.filter((one) => one !== last), ...(last === undefined ? [] : [last])];
  return [
    // Before anything else: where somebody has it open, all stays as it is on both hosts.
    leaving.flatMap(({ host, volumes }) => volumes.flatMap((volume) => outOfUse(host, volume))),
    leaving.flatMap(({ host, volumes }) => volumes.flatMap((volume) => forgotten(host, volume))),
    ...inOrder.map(({ host, volumes }) => volumes.flatMap((volume) => outOfKernel(host, volume))),
  ];
}

function outOfUse({ host: { hostname }, node, kernel }: HostView, volume: LeavingVolume): Step[] {
  const device = devicePath(volume.minor);
  const word = wordOf(volume);
  const because = `the program does not describe ${word} any more`;
  const found: Step[] = [];
  for (const { target } of node.mounts.filter(({ source }) => source === device))
    found.push(stepsFilesystem.unmount(hostname, device, target, `${because}; its data stays on the disk`));
  if (volume.device === undefined) return found;
  // DRBD 9 has one role for all volumes, which is Secondary, and lets that be read.
  if (grammarOf(node) === "9")
    found.push(stepsPromotion.checkNotHeld(hostname, volume.minor, `${because}; fails while something still uses it`));
  else if ((volume.device.role ?? kernel?.role) === "Primary")
    found.push(stepsPromotion.secondary(hostname, word, [device], "fails while something still uses it"));
  return found;
}

/** What the host's next boot, and the next failover, would need. */
function forgotten({ host: { hostname }, node }: HostView, volume: LeavingVolume): Step[] {
  const found = leavingLineGoes(hostname, node, volume);
  const folders = ownMountPoints(node, volume);
  const noted = (node.files.get(foldersNote(volume.name)) ?? "").split("\n");
  for (const folder of folders.filter((one) => noted.includes(one)))
    found.push(
      stepsFiles.removeFolder(hostname, volume.name, folder, "made by us to mount on; stays if it is not empty"),
    );
  const mark = formattingMark(volume);
  if (node.files.has(mark)) found.push(stepsFiles.removeFile(hostname, mark, "written by us"));
  return found;
}

function outOfKernel({ host: { hostname }, node }: HostView, volume: LeavingVolume): Step[] {
  const { device, minor, disk, metaDisk } = volume;
  if (device === undefined) return [];
  const meta = metaDisk === "internal" ? "" : `, whose metadata is on ${metaDisk}`;
  const because = `data and metadata stay on ${describeDisk(disk, undefined, node)} (${device.disk})${meta}`;
  return [
    ...(device.disk === "Diskless" ? [] : [stepsVolume.detachVolume(hostname, minor, because)]),
    stepsVolume.deleteMinor(hostname, minor, `${wordOf(volume)} is not in the program`),
  ];
}

/** Where the data of each such volume stays. */
export function leavingRemarks({ desired, hosts }: ResourceView): string[] {
  const leaving = hosts.flatMap(({ node, host: { hostname } }) =>
    leavingOn(desired, node, hostname).map((volume) => ({ hostname, ...volume })),
  );
  return [...new Set(leaving.map(({ volume }) => volume))].map((number) => {
    const sides = leaving.filter(({ volume }) => volume === number);
    const places = sides.map(({ hostname, disk, metaDisk, device }) => {
      const meta = metaDisk === "internal" ? "" : ` with its metadata on ${metaDisk}`;
      return `${hostname}:${disk}${meta}${device === undefined || device.disk === "UpToDate" ? "" : ` (${device.disk})`}`;
    });
    return `${desired.name}/${number} is taken out of use. Its data and metadata stay on ${places.join(" and ")}: described in \`volumes\` again, it goes on with them`;
  });
}

const wordOf = ({ name, volume }: LeavingVolume): string => `${name}/${volume}`;
