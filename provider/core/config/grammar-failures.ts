import type { OptionValues, Sections, DesiredResource, DesiredNode } from "../wanted/desired";
import { type Path, type Failure, failureAt } from "../wanted/failures";
import { type SectionName, type Grammar, findOption } from "../wanted/option-table";
import { refusedByGrammar } from "../wanted/option-value";

function sectionFailures(section: SectionName, values: OptionValues, grammar: Grammar, path: Path): Failure[] {
  return Object.entries(values).flatMap(([name, value]) => {
    const option = findOption(section, name);
    const reason = option === undefined ? "no such option" : refusedByGrammar(option, value, grammar);
    return reason === undefined ? [] : [failureAt([...path, section, name], reason)];
  });
}

const everySection = (sections: Sections, grammar: Grammar, path: Path): Failure[] =>
  (Object.keys(sections) as (keyof Sections)[]).flatMap((name) => sectionFailures(name, sections[name], grammar, path));

/** Options and values that were accepted because one of the grammars has them, but not this one. */
export const grammarFailures = (resource: DesiredResource, grammar: Grammar): Failure[] =>
  everySection(resource.sections, grammar, []);

/** Where nobody knows which grammar a host reads: one that has all the options that are set. */
export const fittingGrammar = (failuresIn: (grammar: Grammar) => readonly Failure[]): Grammar =>
  failuresIn("8.4").length === 0 ? "8.4" : "9";

export const nodeGrammarFailures = (node: DesiredNode, grammar: Grammar): Failure[] => [
  ...sectionFailures("global", node.global, grammar, []),
  ...everySection(node.common, grammar, ["common"]),
];
