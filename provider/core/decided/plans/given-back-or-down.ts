/**
 * What a destroy does with a resource: taken down, or, where it was taken over, given back, to run on by the user's own files.
 * Only where drbdadm on both hosts says that it runs exactly as these files have it. Else it is taken down, and they stay
 * beside: an old file must not attach an old disk at the next boot.
 */
import { makesBootWait } from "../hosts/boot-waits";
import { redactSecrets, secretsIn } from "../../config/shared-secret";
import { isOurs } from "../../config/own-mark";
import { fstabPath, resourcePath, topPath, valuesPath } from "../../config/paths";
import { parseResFile } from "../../config/found-resource";
import {
  changeIfGivenBack,
  commonNow,
  definitionOf,
  isAlone,
  runsBy,
  type Definition,
} from "../../installed/definition";
import { includesOfOne, includeText, isIncluded } from "../../installed/includes";
import { volumesOn } from "../../installed/file-hosts";
import { commonBefore, type KeptFile } from "../../installed/kept-files";
import type { ObservedNode } from "../../seen/observed";
import { keptLines } from "../../seen/parse-fstab";
import { describeAdjustment, parseAdjustment } from "../../steps/adjust-lines";
import {
  bringUpOf,
  dropInPathsOn,
  isActive,
  promotedOf,
  promotionOf,
  roleOf,
  startsOf,
  servedOf,
  targetOf,
  unitsThere,
} from "../../steps/boot-units";
import { removeValues } from "../../steps/command-steps";
import * as stepsFiles from "../../steps/file-steps";
import { restoreGlobalCommon } from "../../steps/node-steps";
import { bootNote } from "../../steps/own-folder";
import type { Step } from "../../steps/plan";
import * as stepsUnits from "../../steps/unit-steps";
import { sideOn, volumePairs, wordFor, type DesiredResource } from "../../wanted/desired";
import { metadataPlaceFrom, metaDiskText } from "../../wanted/metadata-place";
import { linesGo, namesOn } from "./fstab-line";

/** A host that a resource is taken from. */
export interface LeavingHost {
  readonly host: string;
  readonly node: ObservedNode;
  /** Its DrbdNode is still in the program, and so its global_common.conf stays as we wrote it. */
  readonly keepsNode: boolean;
}

/** What becomes of the resource on one host. */
export type Fate =
  | { readonly kind: "given back"; readonly file: KeptFile; readonly older: readonly KeptFile[] }
  /** It runs by somebody else's file already. */
  | { readonly kind: "left alone" }
  | {
      readonly kind: "taken down";
      readonly beside: readonly KeptFile[];
      /** Somebody else's file that drbdadm reads there, and that is not ours to move. */
      readonly read?: string;
      readonly why: string;
    };

const orNone = "it is given back on both or on neither";

/** In the order of `hosts`: those that are reached. A resource has two. */
export function fatesOf(desired: DesiredResource, hosts: readonly LeavingHost[]): Fate[] {
  const all = hosts.map((one) => ({ ...one, definition: definitionOf(one.node, desired.name) }));
  const hindrances = all.map((one) => hindrance(desired, one));
  const isBoth = hosts.length === 2 && hindrances.every((one) => one === undefined);
  return all.map(({ definition }, place): Fate => {
    if (definition.kind === "theirs") {
      const why = hindrances[place];
      return why === undefined
        ? { kind: "left alone" }
        : { kind: "taken down", beside: [], read: definition.path, why };
    }
    if (definition.kind !== "replaced") return { kind: "taken down", beside: [], why: "" };
    const { file, older } = definition;
    if (isBoth) return { kind: "given back", file, older };
    const other = all[place === 0 ? 1 : 0];
    const why =
      hindrances[place] ??
      (other === undefined
        ? `the other host is not at hand, and ${orNone}`
        : `on ${other.host} ${hindrances[place === 0 ? 1 : 0] ?? ""}, and ${orNone}`);
    return { kind: "taken down", beside: [...older, file], why };
  });
}

/** Why a host would not run on as it does by the user's files; undefined where it would. */
function hindrance(
  desired: DesiredResource,
  { host, node, keepsNode, definition }: LeavingHost & { readonly definition: Definition },
): string | undefined {
  const { name: resource } = desired;
  if (definition.kind === "ours") return "there are no files from before";
  if (definition.kind === "replaced") {
    const { path, text } = definition.file;
    if (node.files.has(path) && !isOurs(node.files.get(path))) return `${path} is there again`;
    if (!isIncluded(node, path)) return `${topPath} does not include ${path} any more`;
    const moved = otherSlot(desired, host, node, text);
    if (moved !== undefined) return moved;
  }
  const globalCommon = commonComing(node, keepsNode);
  if (runsBy(node, resource, globalCommon)) return undefined;
  if (!node.kernelResources.has(resource)) return `${resource} is down`;
  const change = changeIfGivenBack(node, resource, globalCommon);
  if (change === undefined) return "drbdadm is not there to be asked";
  const secrets = [...node.files.values()].flatMap(secretsIn);
  if (change.exit !== 0) return `drbdadm would not take it: ${redactSecrets(change.output.trim(), secrets)}`;
  const adjustment = parseAdjustment(change.output);
  const all = [...adjustment.options, ...adjustment.parting, ...adjustment.dangerous];
  const moves = adjustment.moves.map(({ from, to }) => `; the connection moves from ${from} to ${to}`).join("");
  const beside = keepsNode && commonBefore(node) !== undefined ? " beside the DrbdNode's global_common.conf" : "";
  const commands = redactSecrets(`${describeAdjustment({ ...adjustment, options: all })}${moves}`, secrets);
  return `\`drbdadm adjust\` with it${beside} would change what runs: ${commands}`;
}

/**
 * Where the user's file has a volume's metadata in another slot of its disk. `drbdadm adjust` (9.22.0, both grammars)
 * compares the disk alone, and a boot by that file would attach the data with the metadata of somebody else, or of long ago.
 */
function otherSlot(desired: DesiredResource, host: string, node: ObservedNode, text: string): string | undefined {
  const theirs = parseResFile(text)
    .filter((found) => found.resource === desired.name)
    .flatMap((found) => volumesOn(found, host, node));
  for (const pair of volumePairs(desired)) {
    const before = theirs.find(({ volume }) => volume === pair.volume)?.metaDisk;
    const side = sideOn(pair, host);
    if (before !== undefined && metadataPlaceFrom(before).metaIndex !== side.metaIndex)
      return `the metadata of ${wordFor(pair)} is on ${before} by it, and on ${metaDiskText(side)} now, which \`drbdadm adjust\` does not tell apart`;
  }
  return undefined;
}

/** The global_common.conf by which a resource lives that was given back. */
function commonComing(node: ObservedNode, keepsNode: boolean): string {
  return keepsNode ? commonNow(node) : (commonBefore(node)?.text ?? commonNow(node));
}

/**
 * The resource is not touched. What brought it up at boot before us does so again: that was noted when it was taken over.
 * Its file comes last, so that a run that was stopped finds what is left to do.
 */
export function giveBackSteps(
  desired: DesiredResource,
  { host, node, keepsNode }: LeavingHost,
  { file }: Fate & { kind: "given back" },
  /** By which our own notes go. */
  marks: readonly Step[] = [],
): Step[] {
  const { name: resource } = desired;
  const noted = (node.files.get(bootNote(resource)) ?? "").split("\n");
  const isEnabled = node.links.some((link) => link.endsWith(`/${targetOf(resource)}`));
  const broughtUp = isActive(node, bringUpOf(resource)) && !noted.includes("active");
  const found = [
    ...(isEnabled && !noted.includes("enabled")
      ? [stepsUnits.disableAtBoot(host, resource, "we enabled it: what brought it up before us does so again")]
      : []),
    ...leaveSteps(desired, host, node, broughtUp ? [targetOf(resource), bringUpOf(resource)] : []),
    ...marks,
  ];
  if (node.files.has(bootNote(resource))) found.push(stepsFiles.removeFile(host, bootNote(resource), "written by us"));
  found.push(...valuesGo(node, host, resource));
  const common = commonBefore(node);
  if (common !== undefined && !keepsNode && isAlone(node, resource))
    found.push(restoreGlobalCommon(host, common.kept, `${resource} lived by it`));
  if (file.path !== resourcePath(resource) && isOurs(node.files.get(resourcePath(resource))))
    found.push(ownFileGoes(host, node, resource));
  const because = `your own file; \`drbdadm adjust\` with it changes nothing, and ${resource} runs on`;
  return [...found, stepsFiles.giveBackFile(host, file, because)];
}

/** A file that a line names alone must stay: drbdadm fails for every resource where it is missing. So nothing is in it. */
function ownFileGoes(host: string, node: ObservedNode, resource: string): Step {
  const path = resourcePath(resource);
  const [alone] = includesOfOne(node, path);
  return alone === undefined
    ? stepsFiles.removeFile(host, path, "written by us")
    : stepsFiles.emptyConfiguration(host, path, `written by us; ${includeText(alone)} needs a file of that name`);
}

/** What there is of ours beside a file of somebody else's. */
export function leaveAloneSteps(desired: DesiredResource, { host, node }: LeavingHost): Step[] {
  const path = resourcePath(desired.name);
  const own = isOurs(node.files.get(path)) ? [ownFileGoes(host, node, desired.name)] : [];
  return [...leaveSteps(desired, host, node, []), ...valuesGo(node, host, desired.name), ...own];
}

/** The commands on the host know less of it then, and work all the same. */
function valuesGo(node: ObservedNode, host: string, resource: string): Step[] {
  return isOurs(node.files.get(valuesPath(resource))) ? [removeValues(host, resource, "written by us")] : [];
}

/** Our line of fstab and our units, without a touch of what is mounted. systemd forgets the mount's need of them first. */
function leaveSteps(desired: DesiredResource, host: string, node: ObservedNode, more: readonly string[]): Step[] {
  const { name: resource } = desired;
  const found = [...linesGo(desired, host, node, true), ...dropInsGo(resource, host, node)];
  const active = [roleOf(resource), startsOf(resource), promotionOf(resource)].filter((unit) => isActive(node, unit));
  const isPromoted = active.includes(promotionOf(resource));
  const own = unitsThere(node, [...(isPromoted ? [servedOf(resource), promotedOf(resource)] : []), ...active]);
  const units = [...own, ...more];
  if (units.length > 0)
    found.push(stepsUnits.forgetUnits(host, units, `without what they would do: ${resource} stays up, and mounted`));
  else if (found.length > 0) found.push(stepsUnits.reloadSystemd(host, "reads fstab and the units"));
  return found;
}

function dropInsGo(resource: string, host: string, node: ObservedNode): Step[] {
  const paths = dropInPathsOn(node, resource);
  return paths.length === 0 ? [] : [stepsUnits.removeDropIns(host, paths, "written by us")];
}

/** The end of a resource that was taken down: our file and our line of fstab go. */
export function removeSteps(desired: DesiredResource, host: string, node: ObservedNode): Step[] {
  const path = resourcePath(desired.name);
  const read = [...linesGo(desired, host, node, false), ...dropInsGo(desired.name, host, node)];
  return [
    ...read,
    ...(read.length > 0 ? [stepsUnits.reloadSystemd(host, "reads fstab and the units")] : []),
    ...(node.files.has(bootNote(desired.name))
      ? [stepsFiles.removeFile(host, bootNote(desired.name), "written by us")]
      : []),
    ...valuesGo(node, host, desired.name),
    ...(isOurs(node.files.get(path)) ? [ownFileGoes(host, node, desired.name)] : []),
  ];
}

/** What stays beside, where it lies, and what the next boot makes of what was given back. */
export function fateWarnings(desired: DesiredResource, { host, node }: LeavingHost, fate: Fate): string[] {
  const lines = keptLines(node, namesOn(desired, host));
  switch (fate.kind) {
    case "left alone":
      return [`${host}: ${desired.name} runs there by a file that pulumi-drbd did not write, and is left as it is`];
    case "given back":
      return [
        ...fate.older.map(
          ({ kept, path }) =>
            `${host}: ${kept}, your own file from before, stays there and is not put back as ${path}: a newer one is`,
        ),
        ...lines
          .filter(makesBootWait)
          .map(
            (line) =>
              `${host}: \`${line.trim()}\` is given back as it was: a boot that does not bring ${desired.name} up and make it Primary waits for it, and ends in emergency mode; add \`nofail\` if nothing does that there`,
          ),
      ];
    case "taken down": {
      const { beside, read, why } = fate;
      if (read !== undefined) {
        const disks = volumePairs(desired).map((pair) => sideOn(pair, host).disk);
        return [
          `${host}: ${read}, which pulumi-drbd did not write, stays there, and drbdadm reads it: ${why}. What starts ${desired.name} at the next boot (drbd-utils' unit for all resources, say) does so by that file: see that it names the disk that has the data, ${disks.join(" and ")}, or move it away`,
        ];
      }
      const kept = beside.map(
        ({ kept, path }) =>
          `${host}: ${kept}, your own file from before, stays there and is not put back as ${path}: ${why}`,
      );
      return beside.length > 0 && lines.length > 0
        ? [...kept, `${host}: your line in ${fstabPath} stays a comment there: ${lines.join("; ")}`]
        : kept;
    }
  }
}
