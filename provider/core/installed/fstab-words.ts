/**
 * By what words a host's fstab names a resource's device. Its path and udev's links are its own anywhere. What names the
 * filesystem (UUID=, LABEL=) is meant at its mount point alone: elsewhere it may have been written for the disk behind it.
 */
import { deviceOn, type VolumePair } from "../wanted/desired";
import { filesystemIn } from "../seen/disk-identity";
import { isByContents, namesOf, pathOf } from "../seen/disk-names";
import { deviceNames, fstabFields } from "../seen/parse-fstab";
import type { Memory } from "../seen/memory";
import { volumeSeen, type ObservedNode } from "../seen/observed";
import { devicePath } from "../config/paths";

/** As they stand there. `nodes` are both hosts: what stands on the device can be read on the Primary only. */
export function deviceWords(
  desired: VolumePair,
  node: ObservedNode,
  nodes: readonly ObservedNode[],
  memory: Memory,
): readonly string[] {
  const { filesystem } = desired;
  const known = deviceNames(deviceOn(desired, node.hostname));
  const links = deviceNamesOn(node, desired);
  const contents = contentsNames(desired, nodes, memory);
  const others = fstabFields(node).flatMap(([word = "", target = ""]) => {
    const path = pathOf(word);
    const isMeant = isByContents(word)
      ? pathOf(target) === filesystem?.mountPoint && contents.has(path) && !isAnotherDisks(node, desired, path)
      : links.has(path);
    return isMeant && !known.includes(word) ? [word] : [];
  });
  return [...known, ...new Set(others)];
}

function deviceNamesOn(node: ObservedNode, desired: VolumePair): ReadonlySet<string> {
  const path = devicePath(deviceOn(desired, node.hostname).minor);
  return namesOf(node, desired, "device", path, volumeSeen(node, desired)?.device);
}

/** The names of the filesystem: one for both hosts. */
function contentsNames(
  desired: VolumePair,
  nodes: readonly ObservedNode[],
  { filesystemUuid }: Memory,
): ReadonlySet<string> {
  const uuids = nodes.flatMap((node) => {
    const device = volumeSeen(node, desired)?.device;
    return (device && filesystemIn(device, desired.filesystem?.type ?? "")?.uuid) ?? [];
  });
  const all = [...uuids, ...(filesystemUuid === null ? [] : [filesystemUuid])].map((uuid) => pathOf(`UUID=${uuid}`));
  return new Set([...all, ...nodes.flatMap((node) => [...deviceNamesOn(node, desired)])]);
}

/** Two disks may have one label. */
function isAnotherDisks(node: ObservedNode, desired: VolumePair, path: string): boolean {
  const { sides } = desired;
  const side = sides.find(({ hostname }) => hostname === node.hostname);
  const looked = volumeSeen(node, desired);
  const own = new Set([
    ...deviceNamesOn(node, desired),
    ...(side === undefined ? [] : namesOf(node, desired, "disk", side.disk, looked?.disk)),
  ]);
  return [...node.blocks].some(
    ([key, { uuid, label, path: real }]) =>
      !own.has(key) &&
      !own.has(real) &&
      [uuid && pathOf(`UUID=${uuid}`), label && pathOf(`LABEL=${label}`)].includes(path),
  );
}
