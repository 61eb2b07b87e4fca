import { SECRET_PLACEHOLDER } from "./config-file";
import type { DesiredNode, DesiredResource, DesiredSide, OptionValues, Sections } from "./desired";
import { type Failure, type Path, failureAt } from "./failures";
import { isBareWord } from "./names";
import { nodeIdsByName, type NodeIds } from "./node-ids";
import { ownMark } from "./own-mark";
import { type Grammar, type SectionName, findOption } from "./option-table";
import { refusedByGrammar } from "./option-value";

export { SECRET_PLACEHOLDER, parseResFile, redactSecrets } from "./config-file";

const HEADER = `# ${ownMark}: what is changed here by hand is overwritten by the next \`pulumi up\`.`;

/** A string as drbd.conf quotes it: backslash stands only before itself and before a quote. */
const quote = (text: string): string => `"${text.replaceAll(/["\\]/g, "\\$&")}"`;

const word = (text: string): string => (isBareWord(text) ? text : quote(text));

interface Block {
  readonly head: string;
  readonly lines: readonly (string | Block)[];
}

function renderBlock(block: Block, indent = ""): string {
  const inner = `${indent}    `;
  const lines = block.lines.map((line) => (typeof line === "string" ? `${inner}${line};\n` : renderBlock(line, inner)));
  return `${indent}${block.head} {\n${lines.join("")}${indent}}\n`;
}

function optionLine(section: SectionName, name: string, value: string): string[] {
  const type = findOption(section, name)?.type;
  if (type === "flag") return value === "yes" ? [name] : [];
  const quoted = type === "command" || type === "digest" || type === "cpu-mask";
  const text = quoted ? quote(value) : type === "resource" ? word(value) : value;
  return [`${name} ${text}`];
}

/** The options of one section of the file, sorted by name; for 8.4, those that stand in another section there moved. */
function optionLines(sections: Sections, section: keyof Sections, grammar: Grammar): string[] {
  const home = (from: keyof Sections, name: string): string =>
    grammar === "8.4" ? (findOption(from, name)?.sectionOf84 ?? from) : from;
  return (Object.keys(sections) as (keyof Sections)[])
    .flatMap((from) => Object.entries(sections[from]).map(([name, value]) => ({ from, name, value })))
    .filter(({ from, name }) => home(from, name) === section)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ from, name, value }) => optionLine(from, name, value));
}

function sectionBlocks(sections: Sections, grammar: Grammar, netFirst: readonly string[]): Block[] {
  return (["net", "disk", "options", "startup", "handlers"] as const)
    .map((head) => ({ head, lines: [...(head === "net" ? netFirst : []), ...optionLines(sections, head, grammar)] }))
    .filter(({ lines }) => lines.length > 0);
}

/**
 * /etc/drbd.d/global_common.conf of a node. Without a grammar it is 9's; the two differ only where `common` sets an
 * option that stands elsewhere in 8.4 (fencing).
 */
export function renderGlobalCommon(node: DesiredNode, grammar: Grammar = "9"): string {
  const lines = Object.entries(node.global).flatMap(([name, value]) => optionLine("global", name, value));
  const global: Block = { head: "global", lines };
  const common: Block = { head: "common", lines: sectionBlocks(node.common, grammar, []) };
  return `${HEADER}\n${renderBlock(global)}${renderBlock(common)}`;
}

const addressOf = (address: string, port: number): string =>
  address.includes(":") ? `ipv6 [${address}]:${port}` : `${address}:${port}`;

function sideBlock(side: DesiredSide, resource: DesiredResource, nodeId: number | undefined): Block {
  return {
    head: `on ${word(side.hostname)}`,
    lines: [
      ...(nodeId === undefined ? [] : [`node-id ${nodeId}`]),
      `device /dev/drbd${resource.minor} minor ${resource.minor}`,
      `disk ${word(side.disk)}`,
      `meta-disk ${side.metaDisk === "internal" ? "internal" : word(side.metaDisk)}`,
      `address ${addressOf(side.address, resource.port)}`,
    ],
  };
}

export interface RenderOptions {
  /** The placeholder instead of the shared secret: for previews, the state and logs. */
  readonly redact?: boolean;
  /** The node ids that the pair has already (node-ids.ts), in DRBD 9's grammar. */
  readonly nodeIds?: NodeIds;
}

/**
 * /etc/drbd.d/NAME.res, the same on both nodes, in the language of the module that is loaded there. With no secret yet
 * the placeholder stands in its place, `redact` or not: such a text must not be written to a node.
 *
 * An option that the grammar does not know is written all the same, since dropping it in silence would be worse:
 * `grammarFailures` says so beforehand.
 */
export function renderResource(resource: DesiredResource, grammar: Grammar, options: RenderOptions = {}): string {
  const { auth } = resource;
  const secret = options.redact === true ? undefined : auth?.secret;
  const nodeIds = grammar === "9" ? (options.nodeIds ?? nodeIdsByName(resource)) : undefined;
  const net = [
    `protocol ${resource.protocol}`,
    ...(auth === null
      ? []
      : [`cram-hmac-alg ${quote(auth.algorithm)}`, `shared-secret ${quote(secret ?? SECRET_PLACEHOLDER)}`]),
  ];
  const block: Block = {
    head: `resource ${word(resource.name)}`,
    lines: [
      ...sectionBlocks(resource.sections, grammar, net),
      ...resource.sides.map((side, index) => sideBlock(side, resource, nodeIds?.[index])),
    ],
  };
  return `${HEADER}\n${renderBlock(block)}`;
}

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
