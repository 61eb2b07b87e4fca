/** The line of `discard` that a refusal offers for a side's disks. */
import { discardLine, discardLineOfAll } from "../../seen/disk-identity";
import type { Contents } from "../../seen/observed";
import { disksOf } from "../../seen/side-disks";
import type { Side } from "./side";

/** Lets what stands on one disk go. No metadata is made in a slot of a disk that others use, so nothing is cleared for it. */
export function discardOffer({ desired }: Side, contents: Contents | undefined): string | undefined {
  if (contents === undefined || desired.metaIndex !== undefined) return undefined;
  return discardLine(desired.hostname, contents);
}

/** Lets all go that stands on its disks. */
export function discardOfferOfAll({ desired, observed }: Side): string | undefined {
  if (observed === undefined || desired.metaIndex !== undefined) return undefined;
  const all = disksOf(desired, observed).map(({ contents }) => contents);
  return discardLineOfAll(desired.hostname, all);
}
