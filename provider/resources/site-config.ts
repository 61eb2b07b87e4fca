import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import * as pulumi from "@pulumi/pulumi";

import type { LinkInputs } from "../core/wanted/inputs";
import { secretPaths } from "../core/wanted/secret-keys";
import { wrongDisks } from "../core/wanted/disks-by-host";
import { nearest } from "../core/wanted/nearest";
import { instead } from "../core/wanted/wrong-kind";
import { isConfigSecret, warnOfPlainConfig } from "./plain-config";
import type { DrbdPairArgs, DrbdPairNodeArgs, DrbdPairResourceArgs } from "./drbd-pair";

type Json = Record<string, unknown>;
type Fail = (key: string, reason: string) => never;

/**
 * Reads a site from its stack config (`Pulumi.<site>.yaml`): `nodes`, the two hosts, `resources`, what they replicate, and
 * `link`, what the line between them is. Its errors name the key in that file.
 */
export function siteConfig(config = new pulumi.Config()): DrbdPairArgs {
  const file = `Pulumi.${pulumi.getStack()}.yaml`;
  const fail: Fail = (key, reason) => {
    throw new pulumi.RunError(`${file}: ${config.name}:${key}: ${reason}`);
  };
  const nodes = list(config, "nodes", fail).map((node, index) => {
    const key = `nodes[${index}]`;
    if (typeof node["hostname"] !== "string")
      fail(`${key}.hostname`, instead(node["hostname"], "what `uname -n` says on the host"));
    if (!isRecord(node["connection"]))
      return fail(`${key}.connection`, instead(node["connection"], "a group of keys with at least `host`", "other"));
    const connection = connectionOf(node["connection"], `${key}.connection`, fail);
    return { ...node, connection, __source: `${file}: ${config.name}:${key}` } as unknown as DrbdPairNodeArgs;
  });
  const resources = list(config, "resources", fail).map((resource, index) => {
    const key = `resources[${index}]`;
    if (typeof resource["name"] !== "string")
      fail(`${key}.name`, instead(resource["name"], "DRBD's name for the resource, such as r0"));
    if (resource["volumes"] === undefined && !isRecord(resource["disks"]))
      fail(
        `${key}.disks`,
        instead(resource["disks"], "each host's backing disk, `{ alpha: /dev/vdb, bravo: /dev/vdb }`", "other"),
      );
    if (resource["metaDisks"] !== undefined && !isRecord(resource["metaDisks"]))
      fail(
        `${key}.metaDisks`,
        instead(resource["metaDisks"], "a host's disk for the metadata, `{ alpha: /dev/vdc }`", "other"),
      );
    return { ...resource, __source: `${file}: ${config.name}:${key}` } as unknown as DrbdPairResourceArgs;
  });
  const [first, second] = nodes;
  if (first === undefined || second === undefined || nodes.length > 2) {
    return fail("nodes", `a pair has two nodes, and here are ${nodes.length}`);
  }
  if (first.hostname === second.hostname) fail("nodes[1].hostname", `${second.hostname} is nodes[0] already`);
  for (const [index, { name, disks = {}, metaDisks = {}, volumes }] of resources.entries()) {
    const twin = resources.findIndex((other) => other.name === name);
    if (twin < index) fail(`resources[${index}].name`, `${name} is resources[${twin}] already`);
    // Those of a resource with several volumes are looked at with the volumes.
    const wrong =
      volumes === undefined ? wrongDisks([first.hostname, second.hostname], { disks, metaDisks }) : undefined;
    if (wrong !== undefined) fail(`resources[${index}].${wrong.key}`, wrong.reason);
  }
  const link = linkOf(config, fail);
  return { nodes: [first, second], resources, ...(link === undefined ? {} : { link }) };
}

/** What the line between the hosts is. A fault in what stands in it is told by the resources that get it. */
function linkOf(config: pulumi.Config, fail: Fail): LinkInputs | undefined {
  const text = config.get("link");
  if (text === undefined) return undefined;
  const value = parseJson(text);
  if (!isRecord(value)) return fail("link", instead(value, '`{ bandwidth: "24Mbit/s", roundTrip: "50ms" }`', "other"));
  return value as unknown as LinkInputs;
}

/** Where one value below a key is a secret, Pulumi treats all that is below the key as one. */
function warnOfPlainSecrets(config: pulumi.Config, key: string, value: unknown): void {
  const full = `${config.name}:${key}`;
  if (isConfigSecret(full)) return;
  for (const path of secretPaths(value, full)) warnOfPlainConfig(path, true);
}

function list(config: pulumi.Config, key: string, fail: Fail): Json[] {
  const value = parseJson(config.get(key) ?? "");
  if (!Array.isArray(value) || value.length === 0)
    return fail(key, `${instead(value, "a list", "other")}; examples/sites has a whole site to copy`);
  warnOfPlainSecrets(config, key, value);
  return value.map((item: unknown, index) =>
    isRecord(item) ? item : fail(`${key}[${index}]`, instead(item, "a group of keys", "other")),
  );
}

/** As Pulumi hands a list of the stack's config on. Its own `getObject` shows what it can't read, passwords and all. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A connection, in which a private key may be given by its file; a proxy's too. */
function connectionOf(given: Json, key: string, fail: Fail): Json {
  const { proxy } = given;
  const own = withKeyFile(given, key, fail);
  return isRecord(proxy) ? { ...own, proxy: withKeyFile(proxy, `${key}.proxy`, fail) } : own;
}

/** `privateKeyFile` is a path on the machine that runs `pulumi`; `~/` is the user's home. */
function withKeyFile({ privateKeyFile: file, ...endpoint }: Json, where: string, fail: Fail): Json {
  const key = `${where}.privateKeyFile`;
  // Whatever else is misspelled, the schema tells; of this key it knows nothing.
  const misspelled = Object.keys(endpoint).find((name) => nearest(name, ["privateKeyFile"]) !== undefined);
  if (misspelled !== undefined) fail(`${where}.${misspelled}`, "no such key; did you mean privateKeyFile?");
  if (file === undefined) return endpoint;
  if (typeof file !== "string") return fail(key, "must be the path of a private key");
  if (endpoint["privateKey"] !== undefined) fail(key, "give privateKey or privateKeyFile, not both");
  const path = file.startsWith("~/") ? join(homedir(), file.slice(2)) : file;
  try {
    return { ...endpoint, privateKey: readFileSync(path, "utf8") };
  } catch (error) {
    return fail(key, `cannot be read on this machine: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
