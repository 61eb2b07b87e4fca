import type { Plan, Refusal, Step } from "../steps/plan";
import { stepsOf } from "../steps/plan";
import { commandLine } from "../seen/shell-words";
import { shownText } from "./shown-text";

/** The plan as text: one line a step, the same words that the apply logs and an error quotes. */
export function formatPlan(plan: Plan): string {
  const lines: string[] = [];
  if (plan.refusals.length > 0) lines.push(formatRefusals(plan));
  else {
    lines.push(headline(plan));
    const rows = plan.stages.flatMap(mergeNodes);
    const nodeWidth = Math.max(0, ...rows.map((row) => row.nodes.length));
    const commandWidth = Math.min(60, Math.max(0, ...rows.map((row) => row.command.length)));
    for (const { nodes, command, because } of rows) {
      lines.push(`  ${nodes.padEnd(nodeWidth)}  ${command.padEnd(commandWidth)}  ${because}`.trimEnd());
    }
    lines.push(...(plan.notes ?? []).map((text) => `  ${text}`));
    lines.push(...plan.afterwards.map((text) => `  then: ${text}`));
  }
  lines.push(...plan.warnings.map((text) => `  warning: ${text}`));
  return lines.map((line) => shownText(line)).join("\n");
}

/** `ran`: the steps of the same run that came before. What they left is what was found. */
export function formatRefusals(plan: Plan, ran: readonly Step[] = []): string {
  const count = plan.refusals.length;
  const refused = `${plan.subject}: refused${count > 1 ? `, for ${count} reasons` : ""}`;
  return [
    ran.length === 0
      ? `${refused}; nothing was changed`
      : `${refused}, after ${whatRan(ran)}. Found then, and nothing more was changed:`,
    ...plan.refusals.map((refusal) => `  ${formatRefusal(refusal)}`),
  ].join("\n");
}

/** ``3 steps on alpha (the last: `drbdadm up r0`) and 1 step on bravo (`drbdadm up r0`)`` */
function whatRan(ran: readonly Step[]): string {
  const hosts = [...new Set(ran.map(({ node }) => node))];
  return hosts
    .map((host) => {
      const own = ran.filter(({ node }) => node === host);
      const last = shownText(commandLine(own.at(-1)?.argv ?? []));
      return own.length === 1
        ? `1 step on ${host} (\`${last}\`)`
        : `${own.length} steps on ${host} (the last: \`${last}\`)`;
    })
    .join(" and ");
}

export function formatRefusal(refusal: Refusal): string {
  const found = shownText(refusal.found, 1000);
  return `${refusal.node === undefined ? "" : `${refusal.node}: `}${found}. ${shownText(refusal.way, 2000)}`;
}

/** One step in a line, for progress and errors. */
export function formatStep(step: Step): string {
  return shownText(`${step.node}: ${commandLine(step.argv)} (${step.because})`);
}

function headline(plan: Plan): string {
  const steps = stepsOf(plan);
  if (steps.length === 0) return `${plan.subject}: nothing to do${plan.waits === true ? " but to wait" : ""}`;
  const destroyed = steps.flatMap((step) => (step.destroys === undefined ? [] : [step.destroys]));
  const count = `${steps.length} step${steps.length === 1 ? "" : "s"}`;
  return `${plan.subject}: ${count}; ${destroyed.length === 0 ? "nothing that holds data is touched" : `DESTROYS ${destroyed.join(", ")}`}`;
}

interface Row {
  readonly command: string;
  readonly because: string;
}

function rowOf(step: Step): Row {
  const because = step.destroys === undefined ? step.because : `${step.because}. DESTROYS ${step.destroys}`;
  return { command: commandLine(step.argv), because };
}

/** Steps of a stage that are the same on several nodes become one row. Each node's steps stay in their order. */
function mergeNodes(stage: readonly Step[]): (Row & { readonly nodes: string })[] {
  const nodes = [...new Set(stage.map((step) => step.node))];
  const queues = nodes.map((node) => ({ node, rows: stage.filter((step) => step.node === node).map(rowOf) }));
  const merged: (Row & { readonly nodes: string })[] = [];
  for (;;) {
    const waiting = queues.filter(({ rows }) => rows.length > 0);
    // A row that another node has further down waits until that node has come to it.
    const next = waiting.find(({ rows: [head] }) => waiting.every(({ rows }) => place(rows, head) <= 0)) ?? waiting[0];
    const [row] = next?.rows ?? [];
    if (row === undefined) return merged;
    const together = waiting.filter(({ rows }) => place(rows, row) === 0);
    together.forEach(({ rows }) => rows.shift());
    merged.push({ ...row, nodes: together.map(({ node }) => node).join(", ") });
  }
}

function place(rows: readonly Row[], row: Row | undefined): number {
  return rows.findIndex(({ command, because }) => command === row?.command && because === row.because);
}
