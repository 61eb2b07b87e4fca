import type { Contents, ObservedNode } from "./observed";
import type { Refusal } from "./plan";

/** What rules a disk out, whatever stands on it. */
export function refuseDisk(host: string, path: string, contents: Contents, node: ObservedNode): Refusal[] {
  const refuse = (found: string, way: string): Refusal[] => [{ node: host, found, way }];
  if (contents.kind === "missing") {
    const disks = [...node.blocks.values()].filter((one) => one.type === "disk").map((one) => one.path);
    return refuse(`there is no ${path}`, `Name the disk to use; its disks are ${[...new Set(disks)].join(", ")}.`);
  }
  if (contents.kind === "not-block")
    return refuse(`${path} is no block device`, "Name a disk, a partition or a logical volume.");
  const held = descendants(node, contents.real);
  const family = [contents.real, node.blocks.get(contents.real)?.path, ...held];
  const mounted = node.mounts.find((one) => family.includes(one.source));
  if (mounted) {
    return refuse(
      `${mounted.source} is mounted at ${mounted.target}`,
      `A disk that is in use is never given to DRBD. Unmount it (\`umount ${mounted.target}\`), and take it out of /etc/fstab: what is on it is then asked about.`,
    );
  }
  const swap = node.swaps.find((one) => family.includes(one));
  if (swap !== undefined) return refuse(`${swap} is swap space in use`, "Name another disk.");
  if (held.length > 0) {
    return refuse(
      `${path} is held by ${held.join(", ")}`,
      "Name a disk that nothing stands on, or remove what stands on it yourself.",
    );
  }
  if (node.blocks.get(contents.real)?.readOnly === true)
    return refuse(`${path} is read-only`, "Name a disk that can be written.");
  const inFstab = (node.files.get("/etc/fstab") ?? "")
    .split("\n")
    .find((line) => [path, contents.real].includes(line.trim().split(/\s+/)[0] ?? ""));
  if (inFstab !== undefined) {
    return refuse(
      `/etc/fstab mounts ${path} itself: ${inFstab.trim()}`,
      "Remove that line: what is mounted is the DRBD device, never the disk behind it.",
    );
  }
  return [];
}

export function refuseUnreadable(host: string, path: string, contents: Contents): Refusal[] {
  if (contents.kind !== "unreadable") return [];
  return [
    {
      node: host,
      found: `${path} could not be read: ${contents.said}`,
      way: "Look at the disk: nothing is created on a disk that cannot be read.",
    },
  ];
}

function descendants(node: ObservedNode, path: string): string[] {
  const children = node.blocks.get(path)?.children ?? [];
  return children.flatMap((child) => [child, ...descendants(node, child)]);
}
