/** What a resource has from its hosts' `common`, where that does not go with what it says itself. */
import { effectiveOptions, type OptionsByKey } from "../../config/compare-options";
import type { Refusal } from "../../steps/plan";
import type { ResourceSituation } from "./resource-situation";

/** For each host what counts for the resource there, where its `common` is known. */
function optionsOnHosts({ desired, configuration, globalCommon = [] }: ResourceSituation): [string, OptionsByKey][] {
  return desired.hosts.flatMap(({ hostname }, index): [string, OptionsByKey][] => {
    const common = globalCommon[index];
    return common === undefined ? [] : [[hostname, effectiveOptions([common, configuration], desired.name)]];
  });
}

/** The kernel refuses the first two; two mounts of one XFS destroy it. What the resource sets itself, conflicts.ts refuses. */
export function inheritedRefusals(situation: ResourceSituation): Refusal[] {
  const { protocol, volumes, link } = situation.desired;
  const whenFull = link?.line.whenFull;
  return optionsOnHosts(situation).flatMap(([node, options]) => {
    const refuse = (name: string, why: string): Refusal => ({
      node,
      property: "net",
      found: `the node's \`common\` has ${name} ${options.get(`net ${name}`) ?? ""}, which ${why}`,
      way: `Set \`${name}\` in the resource's own \`net\`, or take it out of \`common\`.`,
    });
    const found: Refusal[] = [];
    if (options.get("net allow-two-primaries") === "yes") {
      if (protocol !== "C") found.push(refuse("allow-two-primaries", `needs protocol C, not ${protocol}`));
      else if (volumes.some(({ filesystem }) => filesystem !== undefined))
        found.push(
          refuse(
            "allow-two-primaries",
            "would let both hosts mount a filesystem that is made for one at a time, which destroys it",
          ),
        );
    }
    const onCongestion = options.get("net on-congestion");
    if (onCongestion === "pull-ahead" && protocol !== "A")
      found.push(refuse("on-congestion", `needs protocol A, not ${protocol}`));
    else if (whenFull !== undefined && onCongestion !== undefined && onCongestion !== whenFull)
      found.push(refuse("on-congestion", `is not what \`whenFull: ${whenFull}\` of \`link\` says`));
    return found;
  });
}

/** The handler may stand in `common`, which is why the inputs alone do not tell. */
export function fencingWarnings(situation: ResourceSituation): string[] {
  const hosts = optionsOnHosts(situation)
    .filter(([, all]) => all.get("net fencing") === "resource-and-stonith" && !all.has("handlers fence-peer"))
    .map(([host]) => host);
  if (hosts.length === 0) return [];
  return [
    `net: fencing resource-and-stonith without a fence-peer handler on ${hosts.join(" and ")}: whenever the peer is lost, all I/O stands still until it is back`,
  ];
}
