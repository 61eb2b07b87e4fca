/**
 * /dev/drbd/by-res/r0 is a link to the device, or a folder with a link for each volume: a folder where the file has
 * `volume 0 { … }`, or where `global` has udev-always-use-vnr, which is Debian's default (drbd-utils 9.22.0).
 */
import { parseStatements, type Statement } from "../config/parse-statements";
import { filesRead } from "./includes";
import type { ObservedNode } from "../seen/observed";

/** Whether a text of drbd.conf says that each link has the volume's number. */
export function hasVolumeLinks(text: string): boolean {
  return parseStatements(text).some(
    ({ words, body }) => words[0] === "global" && (body ?? []).some((one) => one.words[0] === "udev-always-use-vnr"),
  );
}

/**
 * Whether links with the volume's number are the default on a host: for new pairs yes; not where that would turn the link
 * of a resource that is there into a folder.
 */
export function usesVolumeLinks(node: ObservedNode): boolean {
  const texts = [...filesRead(node).values()];
  return texts.some(hasVolumeLinks) || !texts.some((text) => parseStatements(text).some(isWithoutVolumes));
}

function isWithoutVolumes({ words, body }: Statement): boolean {
  if (words[0] !== "resource" || body === undefined) return false;
  const places = [body, ...body.flatMap((one) => (one.words[0] === "on" ? [one.body ?? []] : []))];
  return !places.flat().some((one) => one.words[0] === "volume");
}
