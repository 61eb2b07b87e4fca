import type { ObservedNode } from "../../seen/observed";
import { hasApt, newEnough } from "../../seen/os-family";
import type { Refusal } from "../../steps/plan";

/**
 * The oldest drbd-utils that pulumi-drbd was run with: Debian 11's. Older ones lack what the steps need, each from another
 * version on, and were never tried.
 */
const oldestUtils = "9.15.0";

/** The first releases that bring it along. */
const firstReleases: Readonly<Record<string, string>> = { debian: "11", raspbian: "11", ubuntu: "22.04" };

/** The releases before them, which others are made of under names and numbers of their own. */
const olderCodenames = ["jessie", "stretch", "buster", "trusty", "xenial", "bionic", "focal"];

/** A release, drbd-utils or module that is too old, by its name, before anything is touched. */
export function tooOldRefusals(host: string, node: ObservedNode): Refusal[] {
  const { os, utils, module } = node;
  const refuse = (found: string, to: string): Refusal[] => [{ node: host, found, way: to }];
  const upgrade = hasApt(os) ? `Upgrade the host: ${newEnough}.` : "";
  if (utils === null && hasApt(os) && isOldRelease(os)) {
    return refuse(`${os.name} is too old: its drbd-utils is older than ${oldestUtils}`, upgrade);
  }
  if (utils !== null && isOlder(utils, oldestUtils)) {
    return refuse(
      `drbd-utils ${utils} is too old: ${oldestUtils} is the oldest that pulumi-drbd was tried with`,
      `Install drbd-utils ${oldestUtils} or newer there. ${upgrade}`.trim(),
    );
  }
  if (module !== null && isOlder(module.version, "8.4")) {
    return refuse(
      `DRBD ${module.version} is too old: 8.4 is the oldest that pulumi-drbd works with`,
      `Boot a kernel with DRBD 8.4 or 9. ${upgrade}`.trim(),
    );
  }
  return [];
}

function isOldRelease({ id, version, codename }: ObservedNode["os"]): boolean {
  const first = firstReleases[id];
  const byNumber = first !== undefined && version !== undefined && isOlder(version, first);
  return byNumber || (codename !== undefined && olderCodenames.includes(codename));
}

/** Whether a version comes before another, number by number; one that begins with no number comes before none. */
function isOlder(version: string, other: string): boolean {
  if (!/^\d/.test(version)) return false;
  const [ours, theirs] = [version, other].map((text) => text.split(/[^0-9]+/).map(Number));
  for (const [index, wanted] of (theirs ?? []).entries()) {
    const given = ours?.[index] ?? 0;
    if (given !== wanted) return given < wanted;
  }
  return false;
}
