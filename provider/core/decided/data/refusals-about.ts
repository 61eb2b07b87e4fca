import type { VolumePair, DesiredSide } from "../../wanted/desired";
import type { Refusal } from "../../steps/plan";

/** The same refusals, with the input that they are about. */
export function about(property: string, refusals: readonly Refusal[]): Refusal[] {
  return refusals.map((refusal) => ({ ...refusal, property }));
}

/** The input behind one of what disksOf gives. */
export function diskProperty(desired: VolumePair, side: DesiredSide, place: number): string {
  return `nodes[${desired.sides.indexOf(side)}].${place === 0 ? "disk" : "metaDisk"}`;
}
