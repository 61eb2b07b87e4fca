/** test/safety.md: the rules and the losses, and what shows that each is met. */
import { type Entry, type Proof, type Shown, ways } from "./entry";
import { firstLosses } from "./losses-1-to-15";
import { otherLosses } from "./losses-16-to-30";
import { rules } from "./rules";

export { rules };
export const losses: readonly Entry[] = [...firstLosses, ...otherLosses];

const names = { row: "rows", law: "laws", lab: "the lab" } as const;

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");

/** A title as one reads it: what differs from row to row of a table is left open. */
const shownTitle = (title: string): string => `“${cell(title.replaceAll(/%[sdj]|\$name/g, "…"))}”`;

/** The tests of one file in a line. */
function links(proof: readonly Shown[]): string {
  const files = [...new Set(proof.map(({ file }) => file))];
  return files
    .map((file) => {
      const name = file.slice(file.indexOf("/") + 1).replace(/(\.test)?\.ts$/, "");
      const titles = proof.filter((one) => one.file === file).map(({ title }) => shownTitle(title));
      return `[${name}](${file}): ${titles.join(", ")}`;
    })
    .join("<br>");
}

const proofCell = (proof: Proof): string => (typeof proof === "string" ? `_None._ ${cell(proof)}` : links(proof));

function table(head: string, entries: readonly Entry[]): string {
  const rows = entries.map(
    ({ number, text, guard, ...shown }) =>
      `| ${number} | ${cell(text)} | ${cell(guard)} | ${ways.map((way) => proofCell(shown[way])).join(" | ")} |`,
  );
  return `<!-- prettier-ignore -->\n| | ${head} | What stands before it | Rows | Laws | Lab |\n|---|---|---|---|---|---|\n${rows.join("\n")}\n`;
}

/** What is not shown in all three ways, said before anything else. */
function lacking(kind: string, entries: readonly Entry[]): string[] {
  return entries.flatMap((entry) => {
    const missing = ways.filter((way) => typeof entry[way] === "string").map((way) => names[way]);
    return missing.length === 0 ? [] : [`- ${kind} ${entry.number}: not in ${missing.join(" and ")}`];
  });
}

export function renderPage(): string {
  const gaps = [...lacking("rule", rules), ...lacking("loss", losses)];
  const all = rules.length + losses.length;
  return `# What shows that it keeps data

Written by \`npm run safety\` from [safety](safety); a unit test holds it against the tests that it names.

Each of the ${rules.length} rules that keep data, and of the ${losses.length} ways in which data was lost with DRBD or a cluster hung, is shown in up to three ways:

- **Rows** of the decision table, and of the tables beside it for what a step, a guard or a check of the inputs does by itself.
- **Laws**: of every plan (plan-laws, plan-data-laws, never-emitted: whatever is found on two hosts; config: whatever is asked for; probe-output: whatever is wrong with what they answer), and over a simulated pair that lives through thousands of random histories with faults at every point, of DRBD 8.4 and of DRBD 9 (simulation). A title under mutations is a fault that is put into the planner, and that a law must meet. A command that the simulated pair does not know fails its test, so that none can slip in.
- **Lab**: two virtual machines with real DRBD 8.4.

${all - gaps.length} of the ${all} are shown in all three. The others, with the reason in the table:

${gaps.join("\n")}

## The rules

${table("Rule", rules)}
## The losses

${table("How it came", losses)}`;
}
