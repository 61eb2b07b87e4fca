/** A program in TypeScript that describes the pair. Secrets come from the stack's config. */
import type { AdoptedConnection, Adoption } from "./adopted-inputs";

/** The stack's config keys of the secrets that the program asks for. */
export const secretKey = (resource: string): string => `${resource}-sharedSecret`;
export const privateKeyKey = "sshPrivateKey";

export function programText({ nodes, resources, secrets }: Adoption, comment: string): string {
  const hasKey = nodes.some(({ connection }) => connection.privateKeyFile !== undefined);
  const asksConfig = secrets.size > 0 || hasKey;
  const site = {
    nodes: nodes.map((node) => ({ ...node, connection: connectionOf(node.connection) })),
    resources: resources.map((resource) =>
      secrets.has(resource.name) ? { ...resource, sharedSecret: secretOf(secretKey(resource.name)) } : resource,
    ),
  };
  return [
    `// ${comment}`,
    ...(asksConfig ? ['import * as pulumi from "@pulumi/pulumi";', ""] : []),
    'import { DrbdPair } from "pulumi-drbd";',
    "",
    ...(asksConfig ? ["const config = new pulumi.Config();", ""] : []),
    `const pair = new DrbdPair("pair", ${rendered(site, "")});`,
    "",
    "export const devices = Object.fromEntries(",
    "  Object.entries(pair.resources).map(([name, resource]) => [name, resource.devicePath]),",
    ");",
    "",
  ].join("\n");
}

/** TypeScript's own text, beside data. */
class Code {
  constructor(readonly text: string) {}
}

const secretOf = (key: string): Code => new Code(`config.requireSecret(${JSON.stringify(key)})`);

/** A key's file is a site's input alone: a program gives the key's text. */
function connectionOf({ privateKeyFile, ...connection }: AdoptedConnection): Record<string, unknown> {
  return privateKeyFile === undefined ? connection : { ...connection, privateKey: secretOf(privateKeyKey) };
}

const widest = 118;

function rendered(value: unknown, indent: string): string {
  if (value instanceof Code) return value.text;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  const parts = Array.isArray(value)
    ? value.map((item: unknown) => rendered(item, inner))
    : Object.entries(value).map(([key, item]: [string, unknown]) => `${nameOf(key)}: ${rendered(item, inner)}`);
  const [open, close, blank] = Array.isArray(value) ? ["[", "]", ""] : ["{", "}", " "];
  const inline = `${open}${blank}${parts.join(", ")}${blank}${close}`;
  if (!inline.includes("\n") && indent.length + inline.length <= widest) return inline;
  return `${open}\n${parts.map((part) => `${inner}${part},\n`).join("")}${indent}${close}`;
}

const nameOf = (key: string): string => (/^[A-Za-z_$][A-Za-z0-9_$]*$/.test(key) ? key : JSON.stringify(key));
