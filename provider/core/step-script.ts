import type { Action } from "./action";
import type { ShellStep } from "./apply-script";
import { fstabPath } from "./paths";
import { actionsOf, type Step } from "./plan";
import { commandLine, printText, quote } from "./shell-words";

/** A step as shell, for a script that has remote-functions.ts in front of it. */
export function shellOf(step: Step): ShellStep {
  return {
    guard: step.guard?.map(commandLine).join(" && "),
    body: actionsOf(step).map(actionScript).join(" || exit $?\n"),
    afterLook: step.afterLook,
  };
}

function actionScript(action: Action): string {
  switch (action.kind) {
    case "run":
      return `${commandLine(action.argv)} </dev/null`;
    case "check":
      return commandLine(action.call);
    case "put":
      return `text() { ${printText(action.text)}; }\n${put(action.path, action.mode)}`;
    case "folder":
      return `[ -d ${quote(action.path)} ] || mkdir -p ${quote(action.path)}`;
    case "remove":
      return `[ ! -e ${quote(action.path)} ] || rm -f ${quote(action.path)}`;
    case "configure":
      return configure(action.path, action.text, action.mode, action.replaces);
    case "fstab":
      return fstab(action.device, action.line);
    case "force":
      return commandLine(["force_primary", action.resource, action.mark]);
    case "clear":
      return commandLine(["clear_disk", action.disk]);
    case "move-metadata":
      return commandLine(["move_metadata", action.resource, String(action.minor), action.disk, String(action.bytes)]);
    case "keep":
      return keep(action.path, action.copy, action.unless);
  }
}

function put(path: string, mode: number): string {
  return `put ${quote(path)} 0${mode.toString(8)}`;
}

/** By a second name, since what comes next takes the first away and writes into no file that is there. */
function keep(path: string, copy: string, unless: string): string {
  return [
    `if [ -e ${quote(path)} ] && [ ! -e ${quote(copy)} ] && ! grep -qF ${quote(unless)} ${quote(path)}; then`,
    `ln ${quote(path)} ${quote(copy)}`,
    "fi",
  ].join("\n");
}

/**
 * Parsed by the host's own drbdadm together with all else that is installed before it replaces what is there, replaced
 * in one go, and read back, since a file that was cut off passes the parser.
 */
function configure(path: string, text: string, mode: number, replaces: string | undefined): string {
  const left = [path, ...(replaces === undefined ? [] : [replaces])];
  return [
    `text() { ${printText(text)}; }`,
    `{ ${commandLine(["installed_but", ...left])}; text; } | drbdadm -c - sh-nop || exit $?`,
    ...(replaces === undefined ? [`${put(path, mode)} || exit $?`] : replace(path, mode, replaces)),
    `text | cmp - ${quote(path)}`,
  ].join("\n");
}

/** Written whole first: then the two change places by two renames, since drbdadm takes neither where it finds both. */
function replace(path: string, mode: number, replaces: string): string[] {
  const [staged, kept] = [`${path}.pulumi-drbd`, `${replaces}.before-pulumi-drbd`];
  return [
    `${put(staged, mode)} || exit $?`,
    `mv -f ${quote(replaces)} ${quote(kept)} && mv -f ${quote(staged)} ${quote(path)} || exit $?`,
  ];
}

/** All lines but the device's own, then the new one. grep answers 1 when no line is left, and more when it could not read. */
function fstab(device: string, line: string | undefined): string {
  return [
    `others=$(grep -v '^${device}[[:space:]]' ${fstabPath})`,
    "[ $? -le 1 ] || exit 1",
    `text() { [ -z "$others" ] || printf '%s\n' "$others"; ${line === undefined ? ":" : `printf '%s\n' ${quote(line)}`}; }`,
    put(fstabPath, 0o644),
  ].join("\n");
}
