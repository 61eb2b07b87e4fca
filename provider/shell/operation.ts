/** The command that this process works for, as a person would type it again. Pulumi does not tell its own. */
export const operation = {
  /** A program is checked for `up` alone; what comes without a check before it, tells what it is. */
  command: undefined as "pulumi up" | "pulumi destroy" | "pulumi refresh" | "pulumi-drbd adopt" | undefined,
};

export function runAgain(): string {
  return `run \`${operation.command ?? "pulumi up"}\` again: it goes on from what is there`;
}
