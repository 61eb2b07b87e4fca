/**
 * Holds definitions against what a take-over makes of them, with the real drbdadm of both grammars as the judge: the
 * original is the running state, our file is the configuration, and `drbdadm -d adjust` says what it would change.
 */
import { compareMeanings, type Difference } from "../../../provider/core/config/compare-meanings";
import { describeMeaning, type Description, type KnownHost } from "../../../provider/core/adopted/meaning-as-inputs";
import { parseDump } from "../../../provider/core/config/parse-dump";
import { renderResource } from "../../../provider/core/config/render-configuration";
import type { ResourceMeaning } from "../../../provider/core/config/resource-meaning";
import type { Grammar } from "../../../provider/core/wanted/option-table";
import { parseResource } from "../../../provider/core/wanted/parse-inputs";
import { runningState } from "./running-state";

export const GRAMMARS = ["8.4", "9"] as const;

export interface Definition {
  readonly name: string;
  readonly about: string;
  /** Relative path → text; drbdadm begins with drbd.conf. */
  readonly files: ReadonlyMap<string, string>;
  readonly verdicts: ReadonlyMap<Grammar, readonly string[]>;
}

export const hosts: readonly [KnownHost, KnownHost] = [
  { hostname: "alpha", addresses: ["10.0.0.1"] },
  { hostname: "bravo", addresses: ["10.0.0.2"] },
];

/** Runs a POSIX shell script where drbd-utils are installed, and gives what it printed. */
export type Run = (script: string) => Promise<string>;

interface Question {
  readonly files: ReadonlyMap<string, string>;
  readonly grammar: Grammar;
  /** As which host drbdadm is to read it; a floating host goes by its address. */
  readonly node: string;
  readonly running: string;
  readonly resource: string;
}

interface Answer {
  readonly dump: string;
  readonly isRead: boolean;
  readonly adjust: string;
}

const overrides: Record<Grammar, string> = { "8.4": "8.4.11", "9": "9.2.14" };

const hex = (text: string): string => Buffer.from(text).toString("hex");

/** Perl, since on an emulated machine every process counts, and there are some thousand questions. */
function script(questions: readonly Question[]): string {
  const asked = questions.map(({ files, grammar, node, running, resource }) =>
    [overrides[grammar], node, resource, hex(running), ...[...files].flatMap(([name, text]) => [name, hex(text)])].join(
      "\t",
    ),
  );
  return `
top=$(mktemp -d) && cd "$top" || exit 1
trap 'rm -rf "$top"' EXIT
export PATH=$PATH:/usr/sbin
cat >ask.pl <<'.'
use strict;
sub unhex { return pack("H*", $_[0]) }
sub put {
  my ($name, $text) = @_;
  my $at = "";
  for my $part (split m{/}, $name =~ s{/?[^/]*$}{}r) { $at .= "$part/"; mkdir $at }
  open(my $file, ">", $name) or die "$name: $!"; print $file $text; close $file;
}
sub run {
  my $text = \`@_ </dev/null 2>said\`;
  my $exit = $? >> 8;
  # What it only warns of is no answer.
  if ($exit) { open(my $said, "<", "said"); local $/; $text .= <$said> }
  return (unpack("H*", $text) || "-", $exit);
}
put("drbdsetup", "#!/bin/sh\nexec cat '$ENV{PWD}/running'\n"); chmod 0755, "drbdsetup";
while (<STDIN>) {
  chomp;
  my ($version, $node, $resource, $running, %files) = split /\t/, $_, -1;
  @ENV{"DRBD_DRIVER_VERSION_OVERRIDE", "__DRBD_NODE__"} = ($version, $node);
  put($_, unhex($files{$_})) for keys %files;
  put("running", unhex($running));
  my ($dump, $exit) = run("drbdadm -c drbd.conf -v dump");
  my ($adjust) = run("drbdadm -c drbd.conf -s '$ENV{PWD}/drbdsetup' -d adjust '$resource'");
  print "@ $exit $dump $adjust\n";
  unlink keys %files;
}
.
perl ask.pl <<'.'
${asked.join("\n")}
.
`;
}

const decoded = (word: string): string => (word === "-" ? "" : Buffer.from(word, "hex").toString());

async function ask(run: Run, questions: readonly Question[]): Promise<Answer[]> {
  const output = await run(script(questions));
  const answers = [...output.matchAll(/^@ (\d+) (\S*) (\S*)$/gm)].map(([, exit, dump = "", adjust = ""]) => ({
    isRead: exit === "0",
    dump: decoded(dump),
    adjust: decoded(adjust),
  }));
  if (answers.length !== questions.length)
    throw new Error(`${answers.length} answers to ${questions.length} questions`);
  return answers;
}

/** What the plan would say, and what drbdadm says to it. */
export interface Held {
  readonly definition: Definition;
  readonly grammar: Grammar;
  readonly verdict: readonly string[];
  readonly meaning?: ResourceMeaning;
  readonly dump?: string;
}

interface Asked {
  readonly definition: Definition;
  readonly grammar: Grammar;
  readonly resource: string;
}

/** The resource that is taken over: r0, or the only one. */
function resourceOf({ files }: Definition): string {
  const names = [...[...files.values()].join("\n").matchAll(/^resource "?([^\s"]+)"? /gm)].map(([, name = ""]) => name);
  return names.includes("r0") ? "r0" : (names[0] ?? "r0");
}

const isFloating = ({ files }: Definition): boolean => [...files.values()].some((text) => /^\s*floating /m.test(text));

function questionsFor({ definition, grammar, resource }: Asked): Question[] {
  return hosts.map(({ hostname, addresses: [address = ""] }) => ({
    files: definition.files,
    grammar,
    node: isFloating(definition) ? address : hostname,
    running: "",
    resource,
  }));
}

/** Resources of the original that stay as they are. */
const othersIn = ({ files }: Definition, resource: string): string =>
  [...(files.get("drbd.conf") ?? "").matchAll(/^resource "?([^\s"]+)"? \{\n[^]*?^\}\n/gm)]
    .filter(([, name]) => name !== resource)
    .map(([text]) => text)
    .join("");

function placeOf({ host, volume }: Difference): string {
  return [...(host === undefined ? [] : [host]), ...(volume === undefined ? [] : [`volume ${volume}`])].join(" ");
}

const differs = (one: Difference): string =>
  `differs ${[placeOf(one), one.section, `${one.key}:`].filter((word) => word !== "").join(" ")} ${one.before ?? "nothing"} → ${one.after ?? "nothing"}`;

/** What drbdadm says of each definition that it reads, as alpha: for tests that have no drbdadm. */
export async function dumpsOf(
  run: Run,
  definitions: readonly Definition[],
  grammar: Grammar,
): Promise<Map<string, string>> {
  const questions = definitions.flatMap((definition) =>
    questionsFor({ definition, grammar, resource: resourceOf(definition) }).slice(0, 1),
  );
  const answers = await ask(run, questions);
  return new Map(
    answers.flatMap(({ isRead, dump }, index) => (isRead ? [[definitions[index]!.name, dump] as const] : [])),
  );
}

interface Taken extends Asked {
  readonly answers: readonly [Answer, Answer];
  readonly meaning?: ResourceMeaning;
  readonly description?: Description;
  readonly verdict: readonly string[];
  /** Our file, where there is one. */
  readonly text?: string;
}

function takeOver(asked: Asked, answers: readonly [Answer, Answer]): Taken {
  const { grammar, resource } = asked;
  if (!answers[0].isRead || !answers[1].isRead) return { ...asked, answers, verdict: ["unread"] };
  const [first, second] = answers.map(({ dump }) => parseDump(dump).find(({ name }) => name === resource));
  if (first === undefined || second === undefined) return { ...asked, answers, verdict: ["not there"] };
  const description = describeMeaning([first, second], hosts);
  const refused = description.refused.map(({ line }) => `refused ${line}`);
  const told = { ...asked, answers, meaning: first, description };
  if (description.inputs === undefined) return { ...told, verdict: [...new Set(refused)] };
  const { inputs } = description;
  const parsed = parseResource({
    ...inputs,
    nodes: inputs.nodes.map((node) => ({ ...node, connection: { host: node.hostname } })),
    syncSource: "alpha",
  });
  if (parsed.ok !== true) {
    return { ...told, verdict: parsed.failures.map(({ property }) => `inputs ${property}`) };
  }
  return {
    ...told,
    verdict: description.goes.map(({ line }) => `goes ${line}`),
    text: renderResource(
      parsed.desired,
      grammar,
      description.nodeIds === undefined ? {} : { nodeIds: description.nodeIds },
    ),
  };
}

/** Two remote commands, however many definitions: what the originals mean, and what ours change. */
export async function hold(run: Run, definitions: readonly Definition[]): Promise<Held[]> {
  const asked = definitions.flatMap((definition) =>
    GRAMMARS.map((grammar) => ({ definition, grammar, resource: resourceOf(definition) })),
  );
  const originals = await ask(run, asked.flatMap(questionsFor));
  const taken = asked.map((one, index) => takeOver(one, [originals[2 * index]!, originals[2 * index + 1]!]));
  const described = taken.filter(({ text }) => text !== undefined);
  const ours = await ask(
    run,
    described.flatMap(({ definition, grammar, resource, answers, text = "" }) =>
      hosts.map(({ hostname }, index) => ({
        files: new Map([["drbd.conf", `${preamble}${othersIn(definition, resource)}${text}`]]),
        grammar,
        node: hostname,
        running: runningState(resource, answers[index as 0 | 1].adjust, grammar),
        resource,
      })),
    ),
  );
  return taken.map((one): Held => {
    const { definition, grammar, meaning, resource, answers } = one;
    const at = described.indexOf(one);
    const shown = {
      definition,
      grammar,
      dump: answers[0].dump,
      ...(meaning === undefined ? {} : { meaning }),
    };
    if (at < 0 || meaning === undefined) return { ...shown, verdict: one.verdict };
    const after = ours.slice(2 * at, 2 * at + 2);
    const found = parseDump(after[0]?.dump ?? "").find(({ name }) => name === resource);
    const differences =
      found === undefined ? [`ours: ${after[0]?.dump ?? ""}`] : compareMeanings(meaning, found).map(differs);
    const adjusts = after.flatMap(({ adjust }, index) =>
      commandsIn(adjust).map((line) => `adjust ${hosts[index]?.hostname ?? ""} ${line}`),
    );
    const verdict = [...one.verdict, ...differences, ...adjusts];
    return { ...shown, verdict: verdict.length === 0 ? ["exact"] : verdict };
  });
}

export interface Change {
  readonly differences: readonly Difference[];
  readonly commands: readonly string[];
}

/** What drbdadm would run where one definition is the running state and the other one is installed. */
export async function changed(
  run: Run,
  grammar: Grammar,
  pairs: readonly { readonly name: string; readonly host: string; readonly texts: readonly [string, string] }[],
): Promise<Change[]> {
  const question = (text: string, node: string, resource: string, running: string): Question => ({
    files: new Map([["drbd.conf", `${preamble}${text}`]]),
    grammar,
    node,
    running,
    resource,
  });
  const before = await ask(
    run,
    pairs.map(({ name, host, texts }) => question(texts[0], host, name, "")),
  );
  const after = await ask(
    run,
    pairs.map(({ name, host, texts }, index) =>
      question(texts[1], host, name, runningState(name, before[index]!.adjust, grammar)),
    ),
  );
  return pairs.map(({ name }, index) => {
    const [old, wanted] = [before, after].map((answers) => {
      const found = parseDump(answers[index]!.dump).find((one) => one.name === name);
      if (found === undefined) throw new Error(answers[index]!.dump);
      return found;
    }) as [ResourceMeaning, ResourceMeaning];
    return { differences: compareMeanings(old, wanted), commands: commandsIn(after[index]!.adjust) };
  });
}

/** The addresses of a definition are none of the machine's. */
const preamble = "global { usage-count no; disable-ip-verification; }\n";

/** Without the path of the stand-in. */
const commandsIn = (adjust: string): string[] =>
  adjust
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => line.replace(/^\S*\/drbdsetup /, "").trim());
