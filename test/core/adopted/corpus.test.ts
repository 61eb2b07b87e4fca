/** Every definition of the corpus that can be taken over: what `adopt` writes, read again, is what the definition means. */
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import * as ts from "typescript";
import { siteConfig, type DrbdPairArgs } from "../../../provider";
import { adopt } from "../../../provider/core/adopted/adopt";
import type { Adoption } from "../../../provider/core/adopted/adopted-inputs";
import { programText } from "../../../provider/core/adopted/program-text";
import { siteText } from "../../../provider/core/adopted/site-text";
import { describeMeaning } from "../../../provider/core/adopted/meaning-as-inputs";
import { parseDump } from "../../../provider/core/config/parse-dump";
import type { ObservedNode } from "../../../provider/core/seen/observed";
import type { Grammar } from "../../../provider/core/wanted/option-table";
import { parseNode, parseResource, type ParsedResource } from "../../../provider/core/wanted/parse-inputs";
import { GRAMMARS, hosts } from "../../e2e/take-over/held";
import { mockEngine } from "../../program/mock-engine";
import { blankNode } from "../observed-builder";
import { corpusDumps, takeable, updateCorpusDumps } from "./corpus-dumps";

type Json = Record<string, unknown>;

beforeAll(async () => {
  if (process.env["UPDATE"] === undefined) return;
  for (const grammar of GRAMMARS) await updateCorpusDumps(grammar);
}, 600_000);

const cases = GRAMMARS.flatMap((grammar) => takeable(grammar).map(({ name }) => ({ grammar, name })));

function nodeOf(hostname: string, grammar: Grammar, dump: string): ObservedNode {
  const { addresses } = hosts.find((one) => one.hostname === hostname)!;
  const node = blankNode(hostname);
  return {
    ...node,
    addresses,
    module: { version: grammar === "9" ? "9.2.14" : "8.4.11", loaded: true },
    files: new Map([["/etc/drbd.conf", 'include "drbd.d/*.res";\n']]),
    dump: { exit: 0, output: dump },
  };
}

function dumpOf(grammar: Grammar, name: string): string {
  const dump = corpusDumps(grammar).get(name);
  if (dump === undefined)
    throw new Error(`test/fixtures/corpus-dump has no ${name}: UPDATE=1 asks this machine's drbdadm`);
  return dump;
}

function adopted(grammar: Grammar, name: string): Adoption {
  const dump = dumpOf(grammar, name);
  const both = ["alpha", "bravo"].map((hostname) => ({
    connection: { host: hostname },
    node: nodeOf(hostname, grammar, dump),
  }));
  const adoption = adopt([both[0]!, both[1]!]);
  if (!("nodes" in adoption)) throw new Error(JSON.stringify(adoption.leftOut));
  return adoption;
}

/** As Pulumi hands the stack's config on, with the secrets that `pulumi config set --secret` has put into it. */
function readBack(text: string, { resources, secrets }: Adoption): DrbdPairArgs {
  const { config } = jest.requireActual<{ load: (text: string) => { config: Json } }>("js-yaml").load(text);
  const withSecrets = (config["pulumi-drbd:resources"] as Json[]).map((resource, index) => {
    const secret = secrets.get(resources[index]!.name);
    return secret === undefined ? resource : { ...resource, sharedSecret: secret };
  });
  mockEngine();
  pulumi.runtime.setAllConfig({
    "pulumi-drbd:nodes": JSON.stringify(config["pulumi-drbd:nodes"]),
    "pulumi-drbd:resources": JSON.stringify(withSecrets),
  });
  jest.spyOn(pulumi.log, "warn").mockResolvedValue(undefined);
  return siteConfig();
}

/** As DrbdPair hands a resource on. */
function parsedFrom({ nodes, resources }: DrbdPairArgs, name: string): ParsedResource {
  const { disks, metaDisks, ...resource } = resources.find((one) => one.name === name) as unknown as Json & {
    readonly disks?: Record<string, string>;
    readonly metaDisks?: Record<string, string>;
  };
  const sides = (nodes as unknown as { hostname: string; address: string; connection: unknown }[]).map(
    ({ hostname, address, connection }) => ({
      hostname,
      address,
      connection,
      disk: disks?.[hostname],
      metaDisk: metaDisks?.[hostname],
    }),
  );
  return parseResource({ ...resource, nodes: sides });
}

test("there are as many as the corpus has", () => {
  expect(cases.length).toBeGreaterThan(100);
});

test.each(cases)("$grammar $name: the site's config is read as what the definition means", ({ grammar, name }) => {
  const adoption = adopted(grammar, name);
  const made = siteText(adoption, { project: "pulumi-drbd", comment: "As found." });
  const text = made.ok ? made.text : "";
  for (const secret of adoption.secrets.values()) expect(text).not.toContain(secret);
  const site = readBack(text, adoption);
  for (const node of site.nodes) expect(parseNode(node)).toMatchObject({ ok: true });
  const meanings = parseDump(dumpOf(grammar, name));
  expect(adoption.resources.length).toBeGreaterThan(0);
  for (const { name: resource, syncSource } of adoption.resources) {
    const meaning = meanings.find((one) => one.name === resource)!;
    const { inputs } = describeMeaning([meaning, meaning], hosts);
    const expected = parseResource({
      ...inputs,
      nodes: inputs!.nodes.map((node) => ({ ...node, connection: { host: node.hostname } })),
      syncSource,
    });
    expect(expected.ok).toBe(true);
    expect(parsedFrom(site, resource)).toEqual(expected);
  }
});

test("every program type-checks", () => {
  const texts = new Map(
    cases.map(({ grammar, name }) => [
      path.join(__dirname, `program-${grammar}-${name}.ts`),
      programText(adopted(grammar, name), "As found."),
    ]),
  );
  // One that must be found wrong.
  const [some = ""] = texts.values();
  texts.set(path.join(__dirname, "program-wrong.ts"), some.replace('protocol: "', 'protocol: "X'));
  const root = path.join(__dirname, "../../..");
  const options: ts.CompilerOptions = {
    ...ts.parseJsonConfigFileContent(
      ts.readConfigFile(path.join(root, "tsconfig.json"), (file) => ts.sys.readFile(file)).config,
      ts.sys,
      root,
    ).options,
    noEmit: true,
    types: ["node"],
    paths: { "pulumi-drbd": [path.join(root, "provider/index.ts")] },
  };
  const host = ts.createCompilerHost(options);
  const [exists, read] = [host.fileExists.bind(host), host.readFile.bind(host)];
  host.fileExists = (file) => texts.has(file) || exists(file);
  host.readFile = (file) => texts.get(file) ?? read(file);
  const program = ts.createProgram([...texts.keys()], options, host);
  const wrong = [...texts.keys()].flatMap((file) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(file))
      .map(({ messageText }) => `${path.basename(file)}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`),
  );
  expect(wrong).toEqual([expect.stringMatching(/^program-wrong\.ts: .*"X/s)]);
}, 120_000);
