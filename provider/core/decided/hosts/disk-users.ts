/** What a host's own files would do with a disk at its next boot, with a guest that starts, or at somebody's word. */
import { isByContents, namesOf, pathOf } from "../../seen/disk-names";
import { deviceOn, type VolumePair, type DesiredSide } from "../../wanted/desired";
import { fstabLines } from "../../seen/parse-fstab";
import { givenDisks } from "../../seen/given-disks";
import { deviceWords } from "../../installed/fstab-words";
import type { Memory } from "../../seen/memory";
import { volumeSeen, type Contents, type ObservedNode, type VolumeName } from "../../seen/observed";
import { devicePath, fstabPath } from "../../config/paths";

/** A line of a file that names a device. */
export interface DiskUser {
  readonly file: string;
  readonly line: string;
  /** As it stands there. */
  readonly word: string;
  /** A line among others; a unit of systemd's, which is removed whole; a disk that is given to a guest or the like. */
  readonly kind: "line" | "unit" | "given";
}

/** fstab, crypttab, systemd's own units, and what gives disks away. */
function diskUsers(node: ObservedNode): DiskUser[] {
  const lines = (file: string, texts: readonly string[], column: number): DiskUser[] =>
    texts
      .map((text) => text.trim())
      .filter((text) => text !== "" && !text.startsWith("#"))
      .flatMap((line) => {
        // A quoted LABEL= may hold blanks.
        const word = (line.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [])[column];
        return word === undefined ? [] : [{ file, line, word, kind: "line" as const }];
      });
  const crypttab = "/etc/crypttab";
  return [
    ...lines(fstabPath, fstabLines(node), 0),
    ...lines(crypttab, (node.files.get(crypttab) ?? "").split("\n"), 1),
    ...[...node.files]
      .filter(([path]) => /^\/etc\/systemd\/system\/[^/]+\.(mount|swap)$/.test(path))
      .flatMap(([file, text]) =>
        [...text.matchAll(/^\s*What\s*=\s*(.+?)\s*$/gm)].map(([line, word = ""]) => ({
          file,
          line: line.trim(),
          word,
          kind: "unit" as const,
        })),
      ),
    ...givenDisks(node.given ?? new Map()).map(({ file, line, path }) => ({
      file,
      line,
      word: path,
      kind: "given" as const,
    })),
  ];
}

/** The lines that name one of a resource's disks, by whatever name. */
export function usersOf(
  node: ObservedNode,
  volume: VolumeName,
  place: "disk" | "metaDisk",
  path: string,
  contents?: Contents,
): DiskUser[] {
  const names = namesOf(node, volume, place, path, contents);
  return diskUsers(node).filter(({ word }) => names.has(pathOf(word)));
}

/** `/etc/fstab mounts /dev/vdb itself: LINE`. */
export function describeUser({ file, line, word, kind }: DiskUser, path: string): string {
  const name = pathOf(word) === path ? " itself" : ` by the name ${word}`;
  const does = kind === "given" ? "uses" : file.endsWith("crypttab") ? "opens" : "mounts";
  return `${file} ${does} ${path}${name}: ${line}`;
}

/** `device` is the DRBD device on the disk. */
export function removal({ file, kind }: DiskUser, device: string): string {
  switch (kind) {
    case "unit":
      return `\`systemctl disable --now ${file.split("/").at(-1) ?? ""}\` and \`rm ${file}\``;
    case "given":
      return `stop what uses it, and have it use ${device} instead`;
    case "line":
      return "remove that line";
  }
}

/** For every plan: a line may come long after the first `up`. */
export function diskUserWarnings(
  desired: VolumePair,
  side: DesiredSide,
  node: ObservedNode,
  /** Both know the filesystem on a Secondary, which cannot be read there. */
  { memory, peer }: { readonly memory: Memory; readonly peer: ObservedNode },
): string[] {
  const { name, filesystem } = desired;
  const device = devicePath(side.minor);
  // Our own line takes the place of these.
  const words = filesystem?.mountPoint === undefined ? [] : deviceWords(desired, node, [node, peer], memory);
  const isReplaced = ({ file, word }: DiskUser): boolean => file === fstabPath && words.includes(word);
  const looked = volumeSeen(node, desired);
  const places = [
    ["disk", side.disk, looked?.disk] as const,
    ...(side.metaDisk === "internal" ? [] : [["metaDisk", side.metaDisk, looked?.metaDisk] as const]),
  ];
  const ofDisks = places.flatMap(([place, path, contents]) => {
    const user = usersOf(node, desired, place, path, contents).find((one) => !isReplaced(one));
    if (user === undefined) return [];
    const danger =
      place === "disk"
        ? "what is written there then is not replicated, and DRBD does not know of it"
        : "DRBD's metadata is on it";
    return [
      [
        user,
        `${node.hostname}: ${describeUser(user, path)}. ${user.kind === "given" ? `That may write to the disk of ${name} while DRBD has it, too` : `At the next boot that may take the disk of ${name} before DRBD does`}; ${danger}: ${removal(user, device)}`,
      ] as const,
    ];
  });
  const namesOn = (one: ObservedNode) =>
    namesOf(
      one,
      desired,
      "device",
      devicePath(deviceOn(desired, one.hostname).minor),
      volumeSeen(one, desired)?.device,
    );
  const names = new Set([...namesOn(node), ...namesOn(peer)]);
  const isFilesystem = (word: string): boolean =>
    isByContents(word) &&
    (names.has(pathOf(word)) || pathOf(word) === pathOf(`UUID=${memory.filesystemUuid ?? "none"}`));
  const ofFilesystem = diskUsers(node).filter(
    (user) =>
      isFilesystem(user.word) &&
      !isReplaced(user) &&
      !ofDisks.some(([one]) => one.file === user.file && one.line === user.line),
  );
  const way =
    filesystem?.mountPoint === undefined ? `write ${device} in its place, with \`nofail\`` : "remove that line";
  return [
    ...ofDisks.map(([, text]) => text),
    ...ofFilesystem.map(
      ({ file, line, word }) =>
        `${node.hostname}: ${file} names the filesystem of ${name} by ${word.replace(/=.*/s, "=")} and not by ${device}: ${line}. At the next boot that leads to the disk behind it, past DRBD, or to nothing, and the boot waits: ${way}`,
    ),
  ];
}
