/**
 * What drbdadm says of the definitions of test/corpus that can be taken over, kept in test/fixtures/corpus-dump. With
 * UPDATE=1 the machine's own drbdadm is asked, which then must be 9.22.0.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { corpus } from "../../e2e/take-over/corpus";
import { dumpsOf, type Definition } from "../../e2e/take-over/held";
import type { Grammar } from "../../../provider/core/wanted/option-table";

const fileOf = (grammar: Grammar) => path.join(__dirname, "../../fixtures/corpus-dump", `${grammar}.txt`);

/** Those that our file can describe, whatever it then changes. */
export const takeable = (grammar: Grammar): readonly Definition[] =>
  corpus.filter(({ verdicts }) => !/^(refused|unread|inputs|not there)\b/.test(verdicts.get(grammar)?.[0] ?? "unread"));

/** Definition → dump. */
export function corpusDumps(grammar: Grammar): ReadonlyMap<string, string> {
  const parts = readFileSync(fileOf(grammar), "utf8").split(/^@@ (.+)\n/m);
  const names = parts.filter((_, index) => index % 2 === 1);
  return new Map(names.map((name, index) => [name, parts[2 * index + 2] ?? ""]));
}

export async function updateCorpusDumps(grammar: Grammar): Promise<void> {
  const run = (script: string): Promise<string> => {
    const ran = spawnSync("sh", ["-s"], { input: script, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
    return Promise.resolve(ran.stdout);
  };
  const dumps = await dumpsOf(run, takeable(grammar), grammar);
  writeFileSync(fileOf(grammar), [...dumps].map(([name, text]) => `@@ ${name}\n${text}`).join(""));
}
