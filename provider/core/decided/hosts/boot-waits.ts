/**
 * Lines of fstab that make a boot wait for a resource's DRBD device: it is there only once DRBD is up, and can be mounted
 * only where the resource is Primary. systemd requires such a mount of a boot, unless its options say otherwise.
 */
import { deviceOn, type VolumePair } from "../../wanted/desired";
import { isFilesystemType } from "../../wanted/filesystem-types";
import { isByContents, namesOf, pathOf } from "../../seen/disk-names";
import { deviceNames, fstabFields, ownLine } from "../../seen/parse-fstab";
import { volumeSeen, type ObservedNode } from "../../seen/observed";
import { devicePath, fstabPath } from "../../config/paths";

const waitsForNothing = ["noauto", "nofail", "x-systemd.automount", "comment=systemd.automount"];

export function makesBootWait(line: string): boolean {
  const [, , , options = ""] = line.trim().split(/\s+/);
  return !options.split(",").some((option) => waitsForNothing.includes(option));
}

/** For every plan, as a line may come late. A line that ours takes the place of is told by its step. */
export function bootWaitWarnings(desired: VolumePair, host: string, node: ObservedNode): string[] {
  const { name, filesystem } = desired;
  const here = deviceOn(desired, host);
  const device = devicePath(here.minor);
  const seen = namesOf(node, desired, "device", device, volumeSeen(node, desired)?.device);
  const names = new Set([...deviceNames(here), ...seen]);
  // Ours takes the place of each such line (fstab-words.ts).
  if (filesystem?.mountPoint !== undefined) return [];
  return fstabFields(node)
    .filter(([word = ""]) => names.has(pathOf(word)) && !isByContents(word))
    .map((fields) => ({ line: fields.join(" "), place: fields[1] ?? "", type: fields[2] ?? "" }))
    .filter(({ line }) => !ownLine.test(line) && makesBootWait(line))
    .map(({ line, place, type }) => {
      const end = /[\s,]_netdev\b/.test(line) ? "" : ", and ends in emergency mode where that does not come";
      const ours = isFilesystemType(type)
        ? `, or set \`filesystem: { ${type === "xfs" ? "" : `type: ${type}, `}mountPoint: ${place} }\`: \`pulumi up\` then puts a line in its place that no boot waits for`
        : "";
      return `${host}: a boot waits for ${device} because of \`${line}\` in ${fstabPath}${end}. DRBD brings the device later, and it can be used only where ${name} is Primary. Add \`nofail\` to the line's options${ours}`;
    });
}
