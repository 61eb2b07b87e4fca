import { SECRET_PLACEHOLDER } from "./shared-secret";
import type {
  DesiredNode,
  DesiredPlace,
  DesiredResource,
  DesiredVolume,
  SafeDefault,
  Sections,
} from "../wanted/desired";
import { nodeIdsByName } from "./default-node-ids";
import { type NodeIds } from "./default-node-ids";
import { ownMark } from "./own-mark";
import { type Grammar } from "../wanted/option-table";
import { optionLines, optionLine, quote, word } from "./render-options";

const HEADER = `# ${ownMark}: what is changed here by hand is overwritten by the next \`pulumi up\`.`;

const AS_FOUND = "# Left as they were found, since the program does not name them: ";

/** What our file of a resource says that was left as it was found. */
export function asFoundIn(text: string): readonly SafeDefault[] {
  const line = text.split("\n").find((one) => one.startsWith(AS_FOUND)) ?? "";
  const named = line.slice(AS_FOUND.length).split(", ");
  return (["fencing", "authentication"] as const).filter((one) => named.includes(one));
}

interface Block {
  readonly head: string;
  readonly lines: readonly (string | Block)[];
}

function renderBlock(block: Block, indent = ""): string {
  const inner = `${indent}    `;
  const lines = block.lines.map((line) => (typeof line === "string" ? `${inner}${line};\n` : renderBlock(line, inner)));
  return `${indent}${block.head} {\n${lines.join("")}${indent}}\n`;
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

function placeLines({ minor, disk, metaDisk, metaIndex }: DesiredPlace): string[] {
  const slot = metaIndex === undefined ? "" : `[${metaIndex}]`;
  return [
    `device /dev/drbd${minor} minor ${minor}`,
    `disk ${word(disk)}`,
    `meta-disk ${metaDisk === "internal" ? "internal" : word(metaDisk)}${slot}`,
  ];
}

/** Options of one volume's disk: in 8.4 they stand in the same section. */
function volumeOptions({ disk = {} }: DesiredVolume): Block[] {
  const lines = Object.entries(disk).flatMap(([name, value]) => optionLine("disk", name, value));
  return lines.length === 0 ? [] : [{ head: "disk", lines }];
}

/** A volume 0 that is the only one is written without a block of its own, as most people write it. */
function hostBlock({ hosts, volumes }: DesiredResource, index: 0 | 1, nodeId: number | undefined): Block {
  const host = hosts[index];
  const isPlain = volumes.length === 1 && volumes[0].number === 0 && volumes[0].disk === undefined;
  const places = volumes.map((volume) => ({
    number: volume.number,
    lines: [...placeLines(volume.places[index]), ...volumeOptions(volume)],
  }));
  return {
    head: `on ${word(host.hostname)}`,
    lines: [
      ...(nodeId === undefined ? [] : [`node-id ${nodeId}`]),
      ...places.flatMap(({ number, lines }): readonly (string | Block)[] =>
        isPlain ? lines : [{ head: `volume ${number}`, lines }],
      ),
      `address ${addressOf(host.address, host.port)}`,
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
    ...(auth === null || auth.algorithm === "" ? [] : [`cram-hmac-alg ${quote(auth.algorithm)}`]),
    ...(auth === null || auth.secret === "" ? [] : [`shared-secret ${quote(secret ?? SECRET_PLACEHOLDER)}`]),
  ];
  const block: Block = {
    head: `resource ${word(resource.name)}`,
    lines: [
      ...sectionBlocks(resource.sections, grammar, net),
      hostBlock(resource, 0, nodeIds?.[0]),
      hostBlock(resource, 1, nodeIds?.[1]),
    ],
  };
  const { asFound = [] } = resource;
  const left = asFound.length === 0 ? "" : `${AS_FOUND}${asFound.join(", ")}\n`;
  return `${HEADER}\n${left}${renderBlock(block)}`;
}
