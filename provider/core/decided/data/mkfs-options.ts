/** With which options a filesystem is made: the user's own, and those without which one of the hosts could not mount it. */
import { realPathOf } from "../../seen/observed";
import { configurationGiven, FEATURES, given, type Host, isOlder, sectorGiven, versionIn } from "../../seen/xfs";
import type { Side } from "./side";
import type { PairView } from "./pair-view";
import type { DesiredFilesystem } from "../../wanted/desired";

/** Further arguments of mkfs.xfs, so that both hosts can mount what it makes, each with the reason. */
export function optionsForBoth(
  words: readonly string[],
  mkfs: string | undefined,
  hosts: readonly Host[],
): { readonly options: readonly string[]; readonly because: readonly string[] } {
  const options: string[] = [];
  const because: string[] = [];
  const sectors = hosts.flatMap(({ sector }) => sector ?? []);
  const largest = Math.max(0, ...sectors);
  if (sectors.some((one) => one < largest) && sectorGiven(words) === undefined) {
    const host = hosts.find(({ sector }) => sector === largest)?.hostname ?? "";
    options.push("-s", `size=${largest}`);
    because.push(`with sectors of ${largest} bytes, as the disk of ${host} has them`);
  }
  const version = versionIn(mkfs ?? "");
  // Such a file sets all features, and mkfs.xfs takes none twice.
  if (version === undefined || configurationGiven(words) !== undefined) return { options, because };
  const left = FEATURES.filter(
    ({ name, letter, byDefault, stable }) =>
      byDefault !== undefined &&
      !isOlder(version, byDefault) &&
      given(words, letter, [name]) === undefined &&
      hosts.some(({ kernel }) => isOlder(versionIn(kernel) ?? stable, stable)),
  );
  for (const letter of new Set(left.map((one) => one.letter))) {
    options.push(
      `-${letter}`,
      left
        .filter((one) => one.letter === letter)
        .map(({ name }) => `${name}=0`)
        .join(","),
    );
  }
  const oldest = [...hosts].sort((a, b) =>
    isOlder(versionIn(a.kernel) ?? [0, 0], versionIn(b.kernel) ?? [0, 0]) ? -1 : 1,
  )[0];
  if (left.length > 0 && oldest !== undefined) {
    because.push(
      `without ${left.map(({ name }) => name).join(", ")}, which the kernel of ${oldest.hostname} (${oldest.kernel}) does not know or calls experimental`,
    );
  }
  return { options, because };
}

export function hostOf({ desired, node, observed }: Side): Host {
  const real = realPathOf(observed?.disk) ?? desired.disk;
  return { hostname: desired.hostname, kernel: node.kernel, sector: node.blocks.get(real)?.sector };
}

/** Further arguments of mkfs.xfs on the sync source, and why. */
export function mkfsOptionsOf(pair: PairView, filesystem: DesiredFilesystem): ReturnType<typeof optionsForBoth> {
  return optionsForBoth(filesystem.mkfsOptions, pair.source.node.mkfs?.version, pair.sides.map(hostOf));
}
