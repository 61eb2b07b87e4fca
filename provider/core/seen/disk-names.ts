/**
 * A disk has many names: its path, the links that udev makes, and in fstab UUID=, LABEL= and others. Two names are
 * compared by the device that they lead to on the host.
 */
import { type Contents, type ObservedNode, realPathOf, type VolumeName } from "./observed";

/** All names of a disk as paths. `place` is which of a resource's devices it is. */
export function namesOf(
  node: ObservedNode,
  { name, volume }: VolumeName,
  place: "disk" | "metaDisk" | "device",
  path: string,
  contents?: Contents,
): ReadonlySet<string> {
  const links = node.names.get(name)?.get(volume)?.[place] ?? [];
  const real = realPathOf(contents);
  const known = [path, ...(real === undefined ? [] : [real]), ...links];
  const block = known.map((one) => node.blocks.get(one)).find((one) => one !== undefined);
  const byContents = (["uuid", "label", "partuuid", "partlabel"] as const).flatMap((key) => {
    const value = block?.[key];
    return value === undefined || value === "" ? [] : [byName(key, value)];
  });
  return new Set([...known, ...(block === undefined ? [] : [block.path]), ...byContents].map(normal));
}

/** The path that a word of fstab, crypttab or drbd.conf means: `UUID=…` is a link in /dev/disk for systemd too. */
export function pathOf(word: string): string {
  const text = unescaped(word);
  const [, key, value = ""] = /^(UUID|LABEL|PARTUUID|PARTLABEL|ID)=(.*)$/s.exec(text) ?? [];
  return normal(key === undefined ? text : byName(key.toLowerCase(), unquoted(value)));
}

/** Whether a word of fstab names what stands on a disk, and not the disk: it then leads wherever that is found first. */
export function isByContents(word: string): boolean {
  return /^\/dev\/disk\/by-(uuid|label)\//.test(pathOf(word));
}

/** As fstab writes blanks and others: octal. */
function unescaped(word: string): string {
  return unquoted(word).replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}

function unquoted(text: string): string {
  return /^(["']).*\1$/s.test(text) ? text.slice(1, -1) : text;
}

/** udev's link for it, with what may not stand in a file's name written as `\x20`. */
function byName(key: string, value: string): string {
  const encoded = value.replaceAll(
    /[^A-Za-z0-9#+.:=@_\u0080-\uffff-]/g,
    (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return `/dev/disk/by-${key}/${encoded}`;
}

/** Without `//`, `.` and `..`; UUIDs in small letters. */
function normal(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  const whole = `/${parts.join("/")}`;
  return /^\/dev\/disk\/by-(part)?uuid\//.test(whole) ? whole.toLowerCase() : whole;
}
