/** All keys of a site's stack config, from the doc comments of the types that a program uses. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as ts from "typescript";

const root = join(__dirname, "../../..");

export interface Key {
  readonly name: string;
  readonly required: boolean;
  readonly about: string;
}

/** The properties of an interface, as they are written there. */
function keysOf(file: string, name: string, more: { readonly without?: readonly string[] } = {}): Key[] {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), "utf8"), ts.ScriptTarget.Latest, true);
  const found = source.statements.find(
    (one): one is ts.InterfaceDeclaration => ts.isInterfaceDeclaration(one) && one.name.text === name,
  );
  if (found === undefined) throw new Error(`${file} has no interface ${name}`);
  return found.members.filter(ts.isPropertySignature).flatMap((member) => {
    const key = ts.isStringLiteral(member.name) ? member.name.text : member.name.getText(source);
    if (more.without?.includes(key) === true) return [];
    return [{ name: key, required: member.questionToken === undefined, about: aboutOf(member) }];
  });
}

function aboutOf(member: ts.PropertySignature): string {
  const [comment] = ts.getJSDocCommentsAndTags(member);
  const text = comment !== undefined && ts.isJSDoc(comment) ? ts.getTextOfJSDocComment(comment.comment) : undefined;
  return (text ?? "").replace(/\s+/g, " ").trim();
}

const OPTIONS = "provider/core/wanted/option-types.ts";
const keyFile: Key = {
  name: "privateKeyFile",
  required: false,
  about:
    "The path of a private key on the machine that runs `pulumi`, in the place of `privateKey`; `~/` is your home.",
};
const proxy: Key = { name: "proxy", required: false, about: "One hop in between, with the same keys." };

/** Which keys stand below which. */
export const groups: readonly { readonly title: string; readonly place: string; readonly keys: readonly Key[] }[] = [
  {
    title: "A host",
    place: "pulumi-drbd:nodes[0]",
    keys: keysOf("provider/resources/drbd-node.ts", "DrbdNodeArgs"),
  },
  {
    title: "How it is reached",
    place: "pulumi-drbd:nodes[0].connection",
    keys: [...keysOf("provider/core/wanted/inputs.ts", "ProxyConnectionInputs"), keyFile, proxy],
  },
  {
    title: "A resource",
    place: "pulumi-drbd:resources[0]",
    keys: [
      ...keysOf("provider/resources/drbd-pair.ts", "DrbdPairResourceArgs"),
      ...keysOf("provider/resources/drbd-resource.ts", "DrbdResourceArgs", { without: ["name", "nodes"] }),
    ],
  },
  {
    title: "Its filesystem",
    place: "pulumi-drbd:resources[0].filesystem",
    keys: keysOf("provider/core/wanted/inputs.ts", "FilesystemInputs"),
  },
  {
    title: "The line between the hosts",
    place: "pulumi-drbd:resources[0].link",
    keys: keysOf("provider/core/wanted/inputs.ts", "LinkInputs"),
  },
  {
    title: "A virtual machine",
    place: "pulumi-drbd:resources[0].virtualMachines[0]",
    keys: keysOf("provider/core/wanted/inputs.ts", "VirtualMachineInputs"),
  },
  ...(
    [
      ["net", "NetOptions"],
      ["disk", "DiskOptions"],
      ["options", "ResourceOptions"],
      ["startup", "StartupOptions"],
      ["handlers", "HandlersOptions"],
    ] as const
  ).map(([section, name]) => ({
    title: `DRBD's options: ${section}`,
    place: `pulumi-drbd:resources[0].${section}`,
    keys: keysOf(OPTIONS, name),
  })),
  {
    title: "DRBD's options: global",
    place: "pulumi-drbd:nodes[0].global",
    keys: keysOf(OPTIONS, "GlobalOptions"),
  },
];

export function renderSiteKeys(): string {
  const parts = groups.map(({ title, place, keys }) => {
    const lines = keys.map(({ name, required, about }) => `- \`${name}\`${required ? " (required)" : ""}: ${about}`);
    return `## ${title}\n\n\`${place}\`\n\n${lines.join("\n")}\n`;
  });
  return `<!-- Made from the types: \`UPDATE=1 npx jest test/core/wanted/site-keys --selectProjects unit\` writes this file. -->

# The keys of a site

What may stand in a \`Pulumi.<site>.yaml\`; [Pulumi.oslo.yaml](Pulumi.oslo.yaml) is one to copy. A site has two hosts and any number of resources on them. A node's \`common\` takes \`protocol\`, \`net\`, \`disk\`, \`options\`, \`startup\` and \`handlers\`, as a resource does, for all resources that do not say otherwise; both nodes must say the same there. A site may have a \`link\` beside them, \`pulumi-drbd:link\`, for all resources that have none of their own.

${parts.join("\n")}`;
}
