/**
 * The real drbdadm as the judge of what we accept, render and refuse: both of its languages, on a machine of the lab,
 * some hundreds of files in one remote command.
 */
import { metaDiskText } from "../../provider/core/wanted/metadata-place";
import { oneVolumeOf } from "../core/one-volume";
import * as fc from "fast-check";
import { Lab } from "../../lab/lab";
import { parseResFile } from "../../provider/core/config/found-resource";
import { renderGlobalCommon, renderResource } from "../../provider/core/config/render-configuration";
import { effectiveOptions } from "../../provider/core/config/compare-options";
import type { DesiredResource, Sections } from "../../provider/core/wanted/desired";
import {
  type Grammar,
  type Option,
  type SectionName,
  OPTIONS,
  OPTION_NAMES,
  findOption,
} from "../../provider/core/wanted/option-table";
import { parseNode, parseResource } from "../../provider/core/wanted/parse-inputs";
import { arbitraryResource, arbitrarySection } from "../core/arbitrary-inputs";
import { accepted } from "../hostile/accepted";
import { goodResource } from "../hostile/inputs";
import { canary, resourcePaths } from "../hostile/strings";
import { goodInputs, mistakes } from "./bad-configurations";
import { type Answer, type Question, oracleScript, parseAnswers } from "./config-oracle";

/** How many arbitrary resources each language gets. */
const SAMPLES = 50;
/** How many resources with hostile strings in every place that takes one. */
const HOSTILE = 50;
const SECTIONS = ["net", "disk", "options", "startup", "handlers"] as const;
const GRAMMARS = ["8.4", "9"] as const;
/** The addresses are no addresses of the machine, which drbdadm would complain of. */
const PREAMBLE = "global { disable-ip-verification; }\n";

const lab = Lab.at();

async function ask(questions: readonly Question[]): Promise<Answer[]> {
  const answers = parseAnswers(
    (await lab.run("alpha", "sh -s", { stdin: oracleScript(questions), timeout: 300 })).stdout,
  );
  expect(answers).toHaveLength(questions.length);
  return answers;
}

function wanted(inputs: unknown): DesiredResource {
  const parsed = parseResource(inputs);
  if (parsed.ok !== true) throw new Error(JSON.stringify(parsed));
  return parsed.desired;
}

const question = (desired: DesiredResource, grammar: Grammar): Question => ({
  grammar,
  hostname: desired.hosts[0].hostname,
  text: PREAMBLE + renderResource(desired, grammar),
});

/** section → option → value, out of what `drbdadm dump` prints. */
function optionsOf(dump: string): Map<string, string> {
  const found = new Map<string, string>();
  let section = "";
  for (const line of dump.split("\n")) {
    section = /^ {4}(\w+) \{$/.exec(line)?.[1] ?? section;
    const [, name, value] = /^ {8}([a-z0-9-]+) +(.*);$/.exec(line) ?? [];
    if (name !== undefined)
      found.set(`${section} ${name}`, value!.replace(/^"(.*)"$/, "$1").replaceAll(/\\(.)/g, "$1"));
  }
  return found;
}

function wantedOptions(sections: Sections, grammar: Grammar): [string, string][] {
  return (Object.keys(sections) as (keyof Sections)[]).flatMap((section) =>
    Object.entries(sections[section])
      // drbdadm drops the name of a resource that is in no file, with a warning.
      .filter(([name]) => name !== "resync-after")
      .map(([name, value]): [string, string] => {
        const home = grammar === "8.4" ? (findOption(section, name)?.sectionOf84 ?? section) : section;
        return [`${home} ${name}`, value];
      }),
  );
}

async function expectReadAsMeant(resources: readonly DesiredResource[], grammar: Grammar): Promise<void> {
  const answers = await ask(resources.map((resource) => question(resource, grammar)));
  for (const [index, { exit, output }] of answers.entries()) {
    const resource = resources[index]!;
    if (exit !== 0) throw new Error(`exit ${exit}\n${output}\n${renderResource(resource, grammar)}`);
    const found = optionsOf(output);
    for (const [name, value] of wantedOptions(resource.sections, grammar)) {
      expect([name, found.get(name)]).toEqual([name, value]);
    }
    expect(found.get("net protocol")).toBe(resource.protocol);
    expect(found.get("net cram-hmac-alg")).toBe(resource.auth?.algorithm);
    expect(effectiveOptions([output], resource.name).get("net shared-secret")).toBe(
      resource.auth?.secret ?? "(secret)",
    );
    const { sides, minor, port } = oneVolumeOf(resource);
    const [ours] = parseResFile(renderResource(resource, grammar));
    expect(parseResFile(output)).toEqual([ours]);
    expect(ours).toMatchObject({
      volumes: sides.map(({ hostname: host, disk, ...place }) => ({
        host,
        minor,
        disk,
        metaDisk: metaDiskText(place),
      })),
      addresses: sides.map(({ hostname: host, address }) => ({ host, address, port })),
    });
  }
}

beforeAll(async () => {
  await lab.up();
  const there = await lab.run("alpha", "command -v drbdadm", { check: false });
  if (there.exit !== 0) await lab.reset("utils");
}, 300_000);

test.each(GRAMMARS)(
  "what we accept, drbdadm accepts, and reads as it was meant: %s",
  async (grammar) => {
    const resources = fc.sample(arbitraryResource(grammar), SAMPLES).map(wanted);
    await expectReadAsMeant(resources, grammar);
  },
  300_000,
);

test.each(GRAMMARS)(
  "so is what we accept of strings that mean something to a shell or to drbd.conf: %s",
  async (grammar) => {
    const known = resourcePaths.filter(([section, name]) => {
      const home = SECTIONS.find((one) => one === section);
      return home === undefined || (findOption(home, String(name))?.only ?? grammar) === grammar;
    });
    const resources = accepted(HOSTILE, known, goodResource, parseResource);
    const dangerous = resources.filter(({ sections }) => JSON.stringify(sections.handlers).includes(canary));
    expect(dangerous.length).toBeGreaterThan(HOSTILE / 2);
    await expectReadAsMeant(resources, grammar);
  },
  300_000,
);

test("what a node has in common, too", async () => {
  const nodes = GRAMMARS.flatMap((grammar) => {
    const common = fc.record(Object.fromEntries(SECTIONS.map((name) => [name, arbitrarySection(name, grammar)])));
    return fc.sample(fc.tuple(common, arbitrarySection("global", grammar)), 25).flatMap(([given, global]) => {
      const parsed = parseNode({
        hostname: "alpha",
        address: "192.168.77.1",
        connection: { host: "unused" },
        // The test's own addresses are no addresses of the machine.
        global: { ...global, "disable-ip-verification": true },
        common: given,
      });
      // What goes with one protocol alone, among others, is refused in common.
      return parsed.ok === true ? [{ grammar, desired: parsed.desired }] : [];
    });
  });
  expect(new Set(nodes.map(({ grammar }) => grammar)).size).toBe(2);
  const resource = wanted(goodInputs);
  const answers = await ask(
    nodes.map(({ grammar, desired }) => ({
      grammar,
      hostname: "alpha",
      text: renderGlobalCommon(desired, grammar) + renderResource(resource, grammar),
    })),
  );
  for (const [index, { exit, output }] of answers.entries()) {
    const { grammar, desired } = nodes[index]!;
    if (exit !== 0) throw new Error(`exit ${exit}\n${output}\n${renderGlobalCommon(desired, grammar)}`);
    const common = optionsOf(/^common \{\n[^]*?^\}/m.exec(output)?.[0] ?? "");
    for (const [name, value] of wantedOptions(desired.common, grammar)) {
      expect([name, common.get(name)]).toEqual([name, value]);
    }
  }
}, 300_000);

/** A line for an option, with a value that the language takes if it knows the option. */
function optionLine(name: string, option: Option, grammar: Grammar): string {
  switch (option.type) {
    case "number":
      return `${name} ${option.limits?.[grammar].max ?? option.max};`;
    case "enum":
      return `${name} ${option.values[0]};`;
    case "number-or-symbol":
      return `${name} all;`;
    case "boolean":
    case "flag":
      return `${name} no;`;
    default:
      return `${name} r9;`;
  }
}

test("each option is known to the languages that we say know it, in that section, and to no other", async () => {
  const asked = GRAMMARS.flatMap((grammar) => {
    const lines = (Object.keys(OPTIONS) as SectionName[]).flatMap((section) =>
      Object.entries(section === "global" ? {} : OPTIONS[section]).map(([name, option]) => ({
        section: grammar === "8.4" ? (option.sectionOf84 ?? section) : section,
        known: (option.only ?? grammar) === grammar,
        line: optionLine(name, option, grammar),
      })),
    );
    const file = (some: typeof lines): string =>
      `${PREAMBLE}resource r0 {\n${some.map(({ section, line }) => `${section} { ${line} }\n`).join("")}${hosts(grammar)}}\n`;
    const together = SECTIONS.map((section) => ({
      section,
      line: lines.flatMap((one) => (one.known && one.section === section ? [one.line] : [])).join(" "),
      known: true,
    }));
    const alone = lines.filter(({ known }) => !known);
    return [together, ...alone.map((one) => [one])].map((some) => ({
      some,
      grammar,
      hostname: "alpha",
      text: file(some),
    }));
  });
  const answers = await ask(asked);
  const wrong = asked.filter(({ some }, index) => (answers[index]!.exit === 0) !== some[0]!.known);
  expect(
    wrong.map(
      ({ some, grammar }) =>
        `${grammar}: ${some[0]!.line} ${answers[asked.findIndex((one) => one.some === some)]!.output}`,
    ),
  ).toEqual([]);
}, 300_000);

const hosts = (grammar: Grammar): string =>
  ["alpha", "bravo"]
    .map((name, index) => {
      const id = grammar === "9" ? `node-id ${index}; ` : "";
      return `on ${name} { ${id}device minor 5; disk /dev/vdb; meta-disk internal; address 192.168.77.${index + 1}:7789; }\n`;
    })
    .join("");

test("hosts may be called as they like, keywords of drbd.conf included", async () => {
  const names = [
    ...OPTION_NAMES,
    "on",
    "disk",
    "net",
    "proxy",
    "sdp",
    "ipv6",
    "volume",
    "none",
    "yes",
    "10web",
    "10K",
    "1e5",
  ].filter((name) => /^[a-z0-9-]+$/.test(name));
  const resources = names.map((hostname, index) =>
    wanted({
      ...goodInputs,
      name: `r${index}`,
      minor: index,
      port: 7000 + index,
      nodes: [
        { ...goodInputs.nodes[0], hostname },
        { ...goodInputs.nodes[1], hostname: "other", disk: `/dev/vd${index}` },
      ],
      syncSource: hostname,
    }),
  );
  const answers = await ask(
    GRAMMARS.map((grammar) => {
      const files = resources.map((resource) => renderResource(resource, grammar));
      return { grammar, hostname: "other", text: PREAMBLE + files.join("") };
    }),
  );
  for (const { exit, output } of answers) {
    if (exit !== 0) throw new Error(`exit ${exit}\n${output}`);
    expect(parseResFile(output).map(({ volumes }) => volumes[0]!.host)).toEqual(names);
  }
}, 300_000);

describe("what we refuse", () => {
  let answers: Answer[];
  beforeAll(async () => {
    const questions = mistakes.flatMap(({ text: [from, to] }) =>
      GRAMMARS.map((grammar): Question => {
        const good = question(wanted(goodInputs), grammar);
        return { ...good, text: good.text.replace(from, () => to) };
      }),
    );
    answers = await ask(questions);
  }, 300_000);

  test.each(mistakes.map((mistake, index) => ({ ...mistake, index })))(
    "$what: refused by drbdadm $refusedBy, and by us",
    ({ inputs, text: [from, to], refusedBy, index }) => {
      const good = renderResource(wanted(goodInputs), "9");
      expect(good.replace(from, () => to)).not.toBe(good);
      expect(GRAMMARS.filter((_, at) => answers[2 * index + at]!.exit !== 0)).toEqual(refusedBy);
      const bad = structuredClone(goodInputs) as Record<string, unknown>;
      for (const [path, value] of Object.entries(inputs)) {
        const keys = path.split(".");
        const at = keys.slice(0, -1).reduce((object, key) => object[key] as Record<string, unknown>, bad);
        at[keys.at(-1)!] = value;
      }
      expect(parseResource(bad).ok).toBe(false);
    },
  );
});
