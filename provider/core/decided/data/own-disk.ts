/** A resource's own disk that something else took: the way on releases it, and never clears anything on it. */
import { parseResFile } from "../../config/found-resource";
import type { VolumePair, DesiredSide } from "../../wanted/desired";
import { isSameDisk, metadataUuid, wholeUuid } from "../../seen/disk-identity";
import { volumesOn } from "../../installed/file-hosts";
import { describeUser, removal, type DiskUser } from "../hosts/disk-users";
import { namesOf, pathOf } from "../../seen/disk-names";
import type { Memory } from "../../seen/memory";
import type { Mount, ObservedNode, ObservedVolume } from "../../seen/observed";
import { resourcePath } from "../../config/paths";
import type { Refusal } from "../../steps/plan";

/** Whether a side's disks are the resource's already: by what is remembered, or by the file there and the metadata. */
export function isOwnDisk(
  desired: VolumePair,
  side: DesiredSide,
  node: ObservedNode,
  observed: ObservedVolume,
  memory: Memory,
): boolean {
  const { name, volume: number } = desired;
  const known = memory.disks[side.hostname];
  const { disk, metaDisk, metadata } = observed;
  if (known !== undefined && known.bytes > 0) {
    const same = isSameDisk(known, node, disk);
    if (same === false) return false;
    const now = metadataUuid(side.metaDisk === "internal" ? disk : metaDisk, metadata);
    if (known.metadataUuid !== "" && now !== "") return wholeUuid(known.metadataUuid) === now;
    return same === true || known.path === side.disk;
  }
  if (metadata.kind === "absent" || metadata.kind === "unknown") return false;
  const names = namesOf(node, desired, "disk", side.disk, disk);
  const installed = parseResFile(node.files.get(resourcePath(name)) ?? "");
  return installed.some(
    (found) =>
      found.resource === name &&
      volumesOn(found, side.hostname, node).some(
        ({ volume, disk: path }) => volume === number && names.has(pathOf(path ?? "none")),
      ),
  );
}

interface Taken {
  readonly node: ObservedNode;
  readonly name: string;
  readonly device: string;
  readonly path: string;
  readonly mounted: Mount | undefined;
  readonly swap: string | undefined;
  readonly held: readonly string[];
  readonly user: DiskUser | undefined;
}

/** What took it, how to release it, what takes it again at the next boot, and what is not on the peer. */
export function releaseOf({ node, name, device, path, mounted, swap, held, user }: Taken): Refusal | undefined {
  const holders = held.filter((one) => node.blocks.get(one)?.type !== "part");
  const [taken, release, boot] =
    mounted !== undefined
      ? [
          `${mounted.source === path ? "it" : mounted.source} is mounted at ${mounted.target}`,
          `\`umount ${mounted.target}\``,
          "",
        ]
      : swap !== undefined
        ? [`${swap} is swap space in use, which overwrites what is on it`, `\`swapoff ${swap}\``, ""]
        : holders.length > 0
          ? [`it is held by ${holders.join(", ")}`, ...releaseOfHolder(node, path, holders)]
          : [];
  if (taken === undefined || release === undefined) return undefined;
  const again =
    user !== undefined
      ? ` At the next boot it would be taken again (${describeUser(user, path)}): ${removal(user, device)}.`
      : boot === "" || boot === undefined
        ? " See that it is not taken again at the next boot: nothing in /etc/fstab, in /etc/crypttab or among systemd's units may name it."
        : ` So that it is not taken again at the next boot: ${boot}.`;
  return {
    node: node.hostname,
    found: `${path} is ${name}'s own disk, and ${taken}, past DRBD`,
    way:
      `It holds ${name}'s data: clear nothing on it. What was written to it past DRBD is on this host alone, and DRBD does not know of it: ` +
      `copy elsewhere what counts of that. Then release it: ${release}.${again} Then run \`pulumi up\`: ` +
      "DRBD's online verify (with net.verify-alg) then tells how much differs from the peer.",
  };
}

/** The commands that let go of a disk, and what keeps the holder off it for good. */
function releaseOfHolder(node: ObservedNode, path: string, holders: readonly string[]): [string, string] {
  const types = new Set(holders.map((one) => node.blocks.get(one)?.type ?? ""));
  const last = holders.at(-1) ?? "";
  if (types.has("mpath")) {
    return [
      `\`multipath -f ${mapOf(holders, node, "mpath")}\``,
      `take ${path} out of multipath (blacklist in /etc/multipath.conf), or name the map as the disk`,
    ];
  }
  if (types.has("crypt")) {
    return [`\`cryptsetup close ${mapOf(holders, node, "crypt")}\``, "take it out of /etc/crypttab"];
  }
  if ([...types].some((type) => /^(raid|linear|md)/.test(type)))
    return [`\`mdadm --stop ${last}\``, `leave ${path} out of mdadm (a line DEVICE in mdadm.conf)`];
  if (types.has("lvm")) {
    const groups = [...new Set(holders.filter((one) => node.blocks.get(one)?.type === "lvm").map(groupOf))];
    return [
      groups.map((group) => `\`vgchange -an ${group}\``).join(", "),
      `keep LVM off it (global_filter = [ "r|^${path}$|" ] in /etc/lvm/lvm.conf, and \`update-initramfs -u\` or \`dracut -f\`): what LVM finds on it belongs to what uses ${path} through DRBD`,
    ];
  }
  return [`stop what uses ${holders.join(" and ")}, without changing what is on it`, ""];
}

function mapOf(holders: readonly string[], node: ObservedNode, type: string): string {
  const found = holders.find((one) => node.blocks.get(one)?.type === type) ?? "";
  return found.split("/").at(-1) ?? "";
}

/** `/dev/mapper/my--vg-lv` is lv of my-vg. */
function groupOf(path: string): string {
  const [, group = ""] = /\/((?:[^-/]|--)+)-(?:[^-/]|--)+$/.exec(path) ?? [];
  return group.replaceAll("--", "-");
}
