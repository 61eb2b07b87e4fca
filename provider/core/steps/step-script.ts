import type { Action, Replaced } from "./action";
import type { ShellStep } from "./apply-script";
import { installScript, updateScript } from "./apt-script";
import { keptPrefix, ownLine } from "../seen/fstab-lines";
import { fstabPath, updateOutputPath } from "../config/paths";
import { actionsOf, type Step } from "./plan";
import { commandLine, printText, quote } from "../seen/shell-words";

/** A step as shell, for a script that has remote-functions.ts in front of it. */
export function shellOf(step: Step): ShellStep {
  const body = actionsOf(step).map(actionScript).join(" || exit $?\n");
  return {
    guard: step.guard?.map(commandLine).join(" && "),
    body:
      step.holdersOf === undefined
        ? body
        : `(\n${body}\n) || { code=$?; ${step.holdersOf.map((one) => commandLine(["holders", ...one])).join("; ")}; exit $code; }`,
    tells: actionsOf(step).some(({ kind }) => kind === "update-lists" || kind === "install"),
  };
}

function actionScript(action: Action): string {
  switch (action.kind) {
    case "run":
      return `${commandLine(action.argv)} </dev/null`;
    case "update-lists":
      return updateScript(updateOutputPath);
    case "install":
      return installScript(action.packages, updateOutputPath);
    case "check":
      return commandLine(action.call);
    case "put":
      return `text() { ${printText(action.text)}; }\n${put(action.path, action.mode)}`;
    case "folder":
      return commandLine(["make_folder", action.path, action.note]);
    case "remove-folders":
      return commandLine(["remove_folders", action.note]);
    case "remove":
      return `[ ! -e ${quote(action.path)} ] || rm -f ${quote(action.path)}`;
    case "configure":
      return configure(action);
    case "fstab":
      return fstab(action);
    case "mount":
      return commandLine(["mount_device", action.device, action.mountPoint]);
    case "force":
      return commandLine(["force_primary", action.word, ...action.marks.flatMap(({ volume, mark }) => [volume, mark])]);
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
function configure({ path, text, mode, replaces, unread = [] }: Action & { kind: "configure" }): string {
  const left = [path, ...(replaces === undefined ? [] : [replaces.path]), ...unread];
  return [
    `text() { ${printText(text)}; }`,
    `{ ${commandLine(["installed_but", ...left])}; text; } | drbdadm -c - sh-nop || exit $?`,
    ...(replaces === undefined ? [`${put(path, mode)} || exit $?`] : replace(path, mode, replaces)),
    `text | cmp - ${quote(path)}`,
  ].join("\n");
}

/** Written whole first: then the two change places by two renames, since drbdadm takes neither where it finds both. */
function replace(path: string, mode: number, replaces: Replaced): string[] {
  const [staged, there, kept] = [`${path}.pulumi-drbd`, quote(replaces.path), quote(replaces.kept)];
  // What is kept under that name already is never written over; it is the same file where a run was stopped in between.
  const isFree = `{ [ ! -e ${kept} ] || cmp ${there} ${kept}; }`;
  if (replaces.path === path)
    return [`${isFree} && { [ ${there} -ef ${kept} ] || ln -f ${there} ${kept}; } && ${put(path, mode)} || exit $?`];
  return [
    `${isFree} && ${put(staged, mode)} || exit $?`,
    `mv -f ${there} ${kept} && mv -f ${quote(staged)} ${quote(path)} || exit $?`,
  ];
}

/**
 * All lines but our own of the device, then the new one. Somebody's line of the device becomes a comment when ours comes,
 * and that comment a line again when it is given back.
 */
function fstab({ names, line, givesBack }: Action & { kind: "fstab" }): string {
  const settings = [
    // awk reads escapes in what it is given by -v, and fstab writes a blank as \\040.
    ` -v names=${quote(` ${names.join(" ")} `.replaceAll("\\", "\\\\"))}`,
    ` -v comes=${line === undefined ? "" : "yes"}`,
    ` -v back=${givesBack === true ? "yes" : ""}`,
    ` -v own=${quote(ownLine.source)}`,
    ` -v kept=${quote(keptPrefix)}`,
  ];
  const program = [
    'function isOf(device) { return index(names, " " device " ") > 0 }',
    "index($0, kept) == 1 && back { rest = substr($0, length(kept) + 1); split(rest, word); if (isOf(word[1])) { print rest; next } }",
    "!isOf($1) { print; next }",
    "$0 ~ own { next }",
    '{ print (comes ? kept : "") $0 }',
  ];
  return [
    `others=$(awk${settings.join("")} ${quote(program.join("\n"))} ${fstabPath}) || exit 1`,
    `text() { [ -z "$others" ] || printf '%s\n' "$others"; ${line === undefined ? ":" : `printf '%s\n' ${quote(line)}`}; }`,
    put(fstabPath, 0o644),
  ].join("\n");
}
