/** The commands for a person on the host (host/commands), and the file that tells them of a resource. */
import { commandDigests, commands } from "../../host/text";
import { ownMark } from "../config/own-mark";
import { valuesFolder, valuesPath } from "../config/paths";
import type { ObservedNode } from "../seen/observed";
import { writeFile } from "./file-steps";
import type { Step } from "./plan";
import { quick } from "./time-limits";

export interface Command {
  readonly path: string;
  readonly text: string;
  /** sha256 of the text: what a look tells of the one that is installed. */
  readonly digest: string;
}

type Name = keyof typeof commands;

export const ownCommands: readonly Command[] = (Object.keys(commands) as Name[]).map((name) => ({
  path: commandPath(name),
  text: commands[name],
  digest: commandDigests[name],
}));

function commandPath(name: string): string {
  return `/usr/local/sbin/${name}`;
}

/** Where somebody else's command of that name is kept while ours stands in its place. */
export const keptCommand = ({ path }: Command): string => `${path}.before-pulumi-drbd`;

/** Those that are not there, or not as they should be. A host that was not asked about them has none to do. */
export function missingCommands({ commands: installed }: ObservedNode): readonly Command[] {
  return installed === undefined
    ? []
    : ownCommands.filter(({ path, digest }) => installed.get(path)?.digest !== digest);
}

export function writeCommands(node: string, missing: readonly Command[], because: string): Step {
  return {
    node,
    argv: ["write", ...missing.map(({ path }) => path)],
    because,
    does: missing.flatMap((command) => [
      { kind: "keep", path: command.path, copy: keptCommand(command), unless: ownMark },
      { kind: "put", path: command.path, text: command.text, mode: 0o755 },
    ]),
    timeoutSeconds: quick,
  };
}

/** Somebody else's command comes back where ours took its place. */
export function removeCommands(
  node: string,
  commandsThere: readonly Command[],
  seen: ObservedNode,
  because: string,
): Step {
  const kept = commandsThere.filter((command) => seen.commands?.has(keptCommand(command)) === true);
  return {
    node,
    argv: ["rm", "-f", ...commandsThere.map(({ path }) => path)],
    because,
    does: [
      { kind: "run", argv: ["rm", "-f", ...commandsThere.map(({ path }) => path)] },
      ...kept.map((command) => ({ kind: "run" as const, argv: ["mv", keptCommand(command), command.path] })),
    ],
    timeoutSeconds: quick,
  };
}

export function writeValues(node: string, resource: string, text: string, because: string): Step {
  return writeFile(node, valuesPath(resource), text, because);
}

export function removeValues(node: string, resource: string, because: string): Step {
  const argv = ["rm", "-f", valuesPath(resource)];
  return {
    node,
    argv,
    because,
    does: [
      { kind: "run", argv },
      { kind: "run", argv: ["rmdir", "--ignore-fail-on-non-empty", valuesFolder] },
    ],
    timeoutSeconds: quick,
  };
}
