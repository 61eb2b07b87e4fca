/**
 * The end of a teardown: our file and our line of fstab go, and what a user had in their place comes back. Not where it
 * means another disk or address than ours: at the next boot it would attach an old disk.
 */
import { makesBootWait } from "../hosts/boot-waits";
import {
  changedOptions,
  describeChanges,
  effectiveOptions,
  type OptionChange,
  type OptionsByKey,
} from "../../config/compare-options";
import { namesOf, pathOf } from "../../seen/disk-names";
import { withHostNames } from "../../config/floating-hosts";
import { deviceNames, keptLines, linesOf, wordOf } from "../../seen/parse-fstab";
import { keptDefinitions, type KeptFile } from "../../installed/kept-files";
import { deviceOn, volumePairs, type DesiredResource } from "../../wanted/desired";
import type { ObservedNode } from "../../seen/observed";
import { isOurs } from "../../config/own-mark";
import { fstabPath, resourcePath } from "../../config/paths";
import type { Step } from "../../steps/plan";
import * as stepsUnits from "../../steps/unit-steps";
import * as stepsFstab from "../../steps/fstab-steps";
import * as stepsFiles from "../../steps/file-steps";

export function giveBack(desired: DesiredResource, host: string, node: ObservedNode, configuration: string): Step[] {
  const found: Step[] = [];
  const { name: resource } = desired;
  const path = resourcePath(resource);
  const { back } = keptFile(node, desired, configuration);
  const names = namesOn(desired, host);
  const lines = back === undefined ? [] : keptLines(node, names);
  if (linesOf(node, names).own.length > 0 || lines.length > 0) {
    const because = ["ours goes", ...lines.map((line) => `\`${line.trim()}\` is a line again`)].join("; ");
    found.push(
      stepsFstab.removeFstabLine(host, [...new Set([...names, ...lines.map(wordOf)])], because, back !== undefined),
      stepsUnits.reloadSystemd(host, "reads fstab"),
    );
  }
  // Last, so that a run that was stopped finds it, and goes on.
  if (isOurs(node.files.get(path)) && back?.path !== path)
    found.push(stepsFiles.removeFile(host, path, "written by us"));
  if (back !== undefined) found.push(stepsFiles.giveBackFile(host, back, "your own file, in the place that it had"));
  return found;
}

/** By which a line of fstab may name one of the resource's devices. */
function namesOn(desired: DesiredResource, hostname: string): string[] {
  return volumePairs(desired).flatMap((volume) => deviceNames(deviceOn(volume, hostname)));
}

/** What stays beside, where it lies, and what the next boot makes of what was given back. */
export function keptWarnings(
  desired: DesiredResource,
  host: string,
  node: ObservedNode,
  configuration: string,
): string[] {
  const { back, beside, differs } = keptFile(node, desired, configuration);
  const names = namesOn(desired, host);
  const kept = beside.map(
    ({ kept, path }) =>
      `${host}: ${kept}, your own file from before, stays there and is not put back as ${path}: ${differs === "" ? "a newer one is" : `it differs from what ran here (${differs})`}`,
  );
  const lines = keptLines(node, names);
  if (back === undefined) {
    const stays = beside.length > 0 && lines.length > 0;
    return stays ? [...kept, `${host}: your line in ${fstabPath} stays a comment there: ${lines.join("; ")}`] : kept;
  }
  const waits = lines.filter(makesBootWait);
  return [
    ...kept,
    ...waits.map(
      (line) =>
        `${host}: \`${line.trim()}\` is given back as it was: a boot that does not bring ${desired.name} up and make it Primary waits for it, and ends in emergency mode; add \`nofail\` if nothing does that there`,
    ),
  ];
}

/** The newest of a user's own files, where it may come back, and those that stay beside. */
function keptFile(
  node: ObservedNode,
  desired: DesiredResource,
  configuration: string,
): { readonly back?: KeptFile; readonly beside: readonly KeptFile[]; readonly differs: string } {
  const kept = keptDefinitions(node, desired.name);
  const newest = kept.at(-1);
  if (newest === undefined) return { beside: [], differs: "" };
  const there = node.files.get(newest.path);
  const differs = describeChanges(placesChanged(newest.text, configuration, desired, node));
  // Somebody's by now: it is not written over.
  const isFree = there === undefined || isOurs(there);
  if (differs !== "" || !isFree) return { beside: kept, differs: isFree ? differs : `${newest.path} is there again` };
  return { back: newest, beside: kept.slice(0, -1), differs };
}

/** Disks, metadata, devices and addresses. A disk that is called by another of the host's names is no other. */
function placesChanged(before: string, after: string, desired: DesiredResource, node: ObservedNode): OptionChange[] {
  const isPlace = (key: string) => /^[^ ]+: (volume [0-9]+ )?(device|disk|meta-disk|address)$/.test(key);
  const places = (options: OptionsByKey) => new Map([...options].filter(([key]) => isPlace(key)));
  const { name } = desired;
  const wanted = effectiveOptions([after], name);
  const changes = changedOptions(places(withHostNames(effectiveOptions([before], name), wanted)), places(wanted));
  return changes.filter(({ key, from, to }) => {
    const [, host, number = "0", what] = /^(.*): (?:volume (\d+) )?(disk|meta-disk)$/.exec(key) ?? [];
    if (host !== node.hostname || from === undefined || to === undefined || to === "internal") return true;
    const place = what === "disk" ? "disk" : "metaDisk";
    return !namesOf(node, { name, volume: Number(number) }, place, to).has(pathOf(from));
  });
}
