import { isFilesystemType, isMade } from "../../wanted/filesystem-types";
import { wordFor } from "../../wanted/desired";
import { filesystemIn } from "../../seen/disk-identity";
import { commandLine } from "../../seen/shell-words";
import { mkfsOptionsOf } from "./mkfs-options";
import { mountableRefusals } from "./mountable";
import { folderRefusals } from "./mount-point";
import { mountUnitRefusals } from "../hosts/mount-units";
import type { PairView } from "./pair-view";
import { devicePath, fstabPath } from "../../config/paths";
import { isByContents, pathOf } from "../../seen/disk-names";
import { fstabFields } from "../../seen/parse-fstab";
import { deviceWords } from "../../installed/fstab-words";
import { mkfsCommand } from "../../steps/filesystem-steps";
import type { Refusal } from "../../steps/plan";
import { isPrimary, type Side } from "./side";

/** What stands on the DRBD device, and where it shall be mounted. */
export function filesystemRefusals(pair: PairView): Refusal[] {
  return [
    ...refuseFilesystem(pair),
    ...mountableRefusals(pair),
    ...pair.sides.flatMap((side) => [
      ...refuseMount(pair, side),
      ...mountUnitRefusals(pair.desired, side.node),
      ...folderRefusals(pair, side),
    ]),
  ];
}

/** Of a volume that nobody ever used, and that is not to keep what is on it: nothing would be there to mount. */
export function unmadeRefusals({ desired, neverUsed, isToKeep, source }: PairView): Refusal[] {
  const { filesystem } = desired;
  if (filesystem === undefined || isMade(filesystem) || !neverUsed || isToKeep) return [];
  const node = source.desired.hostname;
  const path = devicePath(source.desired.minor);
  return [
    {
      property: "filesystem.type",
      found: `${wordFor(desired)} is new, and ${filesystem.type} is mounted where it is there already, never made`,
      way: `Leave \`type\` out for an XFS. Or leave \`filesystem\` out, and make it yourself once the pair is up (\`drbdadm primary ${desired.name} && mkfs.${filesystem.type} ${path}\` on ${node}): with \`filesystem: { type: ${filesystem.type}, … }\` it is then mounted. What stands on the disk of ${node} already stays with \`existingData: "keep"\`.`,
    },
  ];
}

function refuseFilesystem(pair: PairView): Refusal[] {
  const { filesystem } = pair.desired;
  const primary = pair.sides.find(isPrimary);
  const device = primary?.observed?.device;
  if (filesystem === undefined || primary === undefined || device === undefined) return [];
  const node = primary.desired.hostname;
  const path = devicePath(primary.desired.minor);
  const known = pair.memory.filesystemUuid;
  // The kernel has found that it is one, whatever else its bytes look like.
  if (primary.node.mounts.some((one) => one.source === path && one.fstype === filesystem.type)) return [];
  switch (device.kind) {
    case "blank":
      if (known !== null) {
        return [
          {
            node,
            found: `${path} looks blank, but the filesystem ${known} was made on it`,
            way: "It is never formatted a second time. Find out what happened to it before anything else.",
          },
        ];
      }
      if (pair.isNewlyBegun(primary) && isMade(filesystem)) return [];
      return [
        {
          node,
          found: `${path} has no filesystem, and it is not known that pulumi-drbd made it Primary first: samples of it are zero, but it has been in use`,
          way: `If nothing on it counts, format it yourself (\`mkfs.${filesystem.type} ${path}\` on ${node}) and run \`pulumi up\` again.`,
        },
      ];
    case "signature": {
      if (isMade(filesystem) && device.type === "xfs" && device.xfs?.isUnfinished === true) {
        const [mkfs = "", ...words] = mkfsCommand(filesystem, mkfsOptionsOf(pair, filesystem).options, path);
        const command = commandLine([mkfs, "-f", ...words]);
        return [
          {
            node,
            found: `${path} holds an XFS that is not finished: what made it (mkfs.xfs, or a copy by xfs_copy) was cut off, as by a power cut: its superblock says "in progress". No kernel mounts it ("Structure needs cleaning"), so no file was ever written to it`,
            way: `If none of them runs on ${node} now, make it anew there (\`${command}\`) and run \`pulumi up\` again.`,
          },
        ];
      }
      if (device.type === filesystem.type) return [];
      const own = filesystemIn(device, filesystem.type);
      if (own !== undefined && own.uuid === known) return [];
      if (own !== undefined) {
        return [
          {
            node,
            found: `${path} holds signs of ${device.type.replaceAll("+", " and of ")}, and it is not known which of them it is`,
            way: `If it is the ${filesystem.type} ${own.uuid ?? ""} that you expect, mount it once yourself (\`mount -t ${filesystem.type} ${path} ${filesystem.mountPoint ?? "/mnt"}\` on ${node}), look at it, and run \`pulumi up\` again: what is mounted is taken for what it is.`,
          },
        ];
      }
      return [
        {
          node,
          found: `${path} holds ${device.type}, not ${filesystem.type}`,
          way: isFilesystemType(device.type)
            ? `\`filesystem: { type: ${device.type}, … }\` mounts it as it is. Or leave \`filesystem\` out to use the device as it is.`
            : "Leave `filesystem` out to use the device as it is.",
        },
      ];
    }
    default:
      return [
        {
          node,
          found: `${path} holds data (${device.kind === "data" ? `the first at byte ${device.offset}` : device.kind}) but no filesystem`,
          way:
            known !== null || primary.mountedAt.length > 0
              ? `It is in use, or was: nothing on it is to be cleared, and it is not formatted over. Find out what happened to it${known === null ? "" : ` (the filesystem ${known} was on it)`}.`
              : "It is not formatted over. Leave `filesystem` out to use the device as it is, or clear it yourself.",
        },
      ];
  }
}

/**
 * Where there is nothing left to do. Nobody is demoted by us, so that it cannot be mounted where it is wanted, and being
 * content with that would hide it.
 */
export function mountRefusals({ desired, sides }: PairView, home: string, why: string): Refusal[] {
  const mountPoint = desired.filesystem?.mountPoint;
  const primary = sides.find(isPrimary);
  const there = primary?.desired.hostname;
  if (mountPoint === undefined || there === undefined || there === home) return [];
  if (sides.some((side) => side.mountedAt.length > 0)) return [];
  return [
    {
      node: there,
      found: `${desired.name} is Primary there and ${mountPoint} is mounted nowhere. It belongs on ${home}: ${why}`,
      way: `To have it on ${home}: on ${there}, \`drbdadm secondary ${desired.name}\`, and run \`pulumi up\` again. To have it where it is: \`primary: ${there}\`.`,
    },
  ];
}

function refuseMount(pair: PairView, side: Side): Refusal[] {
  const mountPoint = pair.desired.filesystem?.mountPoint;
  if (mountPoint === undefined) return [];
  const node = side.desired.hostname;
  const device = devicePath(side.desired.minor);
  const there = side.node.mounts.findLast((one) => one.target === mountPoint);
  if (there !== undefined && there.source !== device) {
    return [
      {
        node,
        property: "filesystem.mountPoint",
        found: `${there.source} is mounted at ${mountPoint}`,
        way: "Choose another `filesystem.mountPoint`, or unmount it.",
      },
    ];
  }
  if (side.mountedAt.length > 0 && !side.mountedAt.includes(mountPoint)) {
    return [
      {
        node,
        property: "filesystem.mountPoint",
        found: `${device} is mounted at ${side.mountedAt.join(", ")}, and ${mountPoint} is wanted`,
        way: "Unmount it there; `pulumi up` then mounts it at the new place.",
      },
    ];
  }
  const words = deviceWords(
    pair.desired,
    side.node,
    pair.sides.map((one) => one.node),
    pair.memory,
  );
  const line = fstabFields(side.node).find(
    ([source = "", target = ""]) => pathOf(target) === mountPoint && !words.includes(source),
  );
  if (line !== undefined) {
    return [
      {
        node,
        property: "filesystem.mountPoint",
        found: `${fstabPath} mounts ${line[0] ?? ""} at ${mountPoint}`,
        way: `Remove that line, or choose another \`filesystem.mountPoint\`.${isByContents(line[0] ?? "") ? ` If it means the filesystem on ${device}, write ${device} there in its place: it is then kept as a comment, and \`pulumi destroy\` gives it back.` : ""}`,
      },
    ];
  }
  return [];
}
