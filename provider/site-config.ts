import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import * as pulumi from "@pulumi/pulumi";

import type { ConnectionInputs } from "./core/inputs";
import type { DrbdPairArgs, DrbdPairNodeArgs, DrbdPairResourceArgs } from "./drbd-pair";

/** A connection as a site's stack config spells it. */
interface SiteConnection extends ConnectionInputs {
  /** Path of a private key on the machine that runs `pulumi`; `~/` is the user's home. Instead of `privateKey`. */
  readonly privateKeyFile?: string;
}

/**
 * Reads a site from its stack config (`Pulumi.<site>.yaml`): `nodes`, the two hosts, and `resources`, what they
 * replicate. Its errors name the key in that file.
 */
export function siteConfig(config = new pulumi.Config()): DrbdPairArgs {
  const file = `Pulumi.${pulumi.getStack()}.yaml`;
  const fail = (key: string, reason: string): never => {
    throw new pulumi.RunError(`${file}: ${config.name}:${key}: ${reason}`);
  };
  const nodes = list(config, "nodes", fail).map((node, index) => {
    const key = `nodes[${index}]`;
    if (typeof node["hostname"] !== "string")
      fail(`${key}.hostname`, "is missing: it is what `uname -n` says on the host");
    if (!isRecord(node["connection"])) fail(`${key}.connection`, "is missing: give at least `host`");
    const connection = withKeyFile(node["connection"] as SiteConnection, `${key}.connection.privateKeyFile`, fail);
    return { ...node, connection, __source: `${file}: ${config.name}:${key}` } as unknown as DrbdPairNodeArgs;
  });
  const resources = list(config, "resources", fail).map((resource, index) => {
    const key = `resources[${index}]`;
    if (typeof resource["name"] !== "string")
      fail(`${key}.name`, "is missing: it is DRBD's name for the resource, such as r0");
    if (!isRecord(resource["disks"]))
      fail(`${key}.disks`, "is missing: give each host's backing disk, `alpha: /dev/vdb`");
    return { ...resource, __source: `${file}: ${config.name}:${key}` } as unknown as DrbdPairResourceArgs;
  });
  const [first, second] = nodes;
  if (first === undefined || second === undefined || nodes.length > 2) {
    return fail("nodes", `a pair has two nodes, and here are ${nodes.length}`);
  }
  if (first.hostname === second.hostname) fail("nodes[1].hostname", `${second.hostname} is nodes[0] already`);
  for (const [index, { name, disks }] of resources.entries()) {
    const twin = resources.findIndex((other) => other.name === name);
    if (twin < index) fail(`resources[${index}].name`, `${name} is resources[${twin}] already`);
    for (const { hostname } of [first, second]) {
      if (disks[hostname] === undefined)
        fail(`resources[${index}].disks.${hostname}`, "is missing: give that host's backing disk");
    }
    const stranger = Object.keys(disks).find((hostname) => hostname !== first.hostname && hostname !== second.hostname);
    if (stranger !== undefined)
      fail(`resources[${index}].disks.${stranger}`, `no node of this pair is called ${stranger}`);
  }
  return { nodes: [first, second], resources };
}

function list(
  config: pulumi.Config,
  key: string,
  fail: (key: string, reason: string) => never,
): Record<string, unknown>[] {
  const value = config.getObject<unknown>(key);
  if (!Array.isArray(value) || value.length === 0)
    return fail(key, "is missing or no list; examples/sites has a whole site to copy");
  return value.map((item: unknown, index) => (isRecord(item) ? item : fail(`${key}[${index}]`, "is no group of keys")));
}

function withKeyFile(
  { privateKeyFile, ...connection }: SiteConnection,
  key: string,
  fail: (key: string, reason: string) => never,
): ConnectionInputs {
  if (privateKeyFile === undefined) return connection;
  if (connection.privateKey !== undefined) fail(key, "give privateKey or privateKeyFile, not both");
  const path = privateKeyFile.startsWith("~/") ? join(homedir(), privateKeyFile.slice(2)) : privateKeyFile;
  try {
    return { ...connection, privateKey: readFileSync(path, "utf8") };
  } catch (error) {
    return fail(key, error instanceof Error ? error.message : String(error));
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
