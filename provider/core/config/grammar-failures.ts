import type { OptionValues, Sections, DesiredResource, DesiredNode } from "../wanted/desired";
import { type Path, type Failure, failureAt } from "../wanted/failures";
import { type SectionName, type Grammar, findOption } from "../wanted/option-table";
import { refusedByGrammar } from "../wanted/option-value";
import { isLinkLocal } from "../wanted/address";
import { isBareIn84 } from "../wanted/names";

function sectionFailures(section: SectionName, values: OptionValues, grammar: Grammar, path: Path): Failure[] {
  return Object.entries(values).flatMap(([name, value]) => {
    const option = findOption(section, name);
    if (option === undefined && section === "net" && name === "protocol") return [];
    const reason = option === undefined ? "no such option" : refusedByGrammar(option, value, grammar);
    return reason === undefined ? [] : [failureAt([...path, section, name], reason)];
  });
}

const everySection = (sections: Sections, grammar: Grammar, path: Path): Failure[] =>
  (Object.keys(sections) as (keyof Sections)[]).flatMap((name) => sectionFailures(name, sections[name], grammar, path));

/** What drbdadm-84 parses and cannot keep up: its `adjust` of a running resource is never empty (seen with drbd-utils 9.22.0). */
function failuresOf84({ name, hosts }: DesiredResource): Failure[] {
  const readsName = isBareIn84(name)
    ? []
    : [
        failureAt(
          ["name"],
          `drbdadm of DRBD 8.4 reads ${name} as a number or a word of its own where drbdsetup shows it, and would bring the running resource up anew with each \`drbdadm adjust\`: give another name, such as r-${name}`,
        ),
      ];
  return [
    ...readsName,
    ...hosts.flatMap(({ address }, index) =>
      isLinkLocal(address)
        ? [
            failureAt(
              ["nodes", index, "address"],
              `${address} is link-local, and drbdadm of DRBD 8.4 ends the connection over such addresses and makes it anew with each \`drbdadm adjust\`: give the hosts addresses of fd00::/8`,
            ),
          ]
        : [],
    ),
  ];
}

/** What was accepted because one of the grammars has it, but not this one. */
export const grammarFailures = (resource: DesiredResource, grammar: Grammar): Failure[] => [
  ...everySection(resource.sections, grammar, []),
  ...resource.volumes.flatMap(({ number, disk = {} }) =>
    sectionFailures("disk", disk, grammar, []).map(({ property, reason }) =>
      failureAt(["volumes"], `volume ${number}: ${property}: ${reason}`),
    ),
  ),
  ...(grammar === "8.4" ? failuresOf84(resource) : []),
];

/** Where nobody knows which grammar a host reads: one that has all the options that are set. */
export const fittingGrammar = (failuresIn: (grammar: Grammar) => readonly Failure[]): Grammar =>
  failuresIn("8.4").length === 0 ? "8.4" : "9";

export const nodeGrammarFailures = (node: DesiredNode, grammar: Grammar): Failure[] => [
  ...sectionFailures("global", node.global, grammar, []),
  ...everySection(node.common, grammar, ["common"]),
];
