import type { Action } from "./action";
import type { ShellStep } from "./apply-script";
import { keptPrefix, ownLine } from "../seen/parse-fstab";
import { fstabPath, updateOutputPath } from "../config/paths";
import { actionsOf, type Step } from "./plan";
import { commandLine, printText, quote } from "../seen/shell-words";

/** Those that may take long, or wait for somebody. */
const telling: readonly Action["kind"][] = ["update-lists", "install", "read-zeros", "meet"];

/** A step as shell, for a script that has the functions of host/writers in front of it. */
export function shellOf(step: Step): ShellStep {
  const body = actionsOf(step).map(actionScript).join(" || exit $?\n");
  return {
    guard: step.guard?.map(commandLine).join(" && "),
    body:
      step.holdersOf === undefined
        ? body
        : `(\n${body}\n) || { code=$?; ${step.holdersOf.map((one) => commandLine(["holders", ...one])).join("; ")}; exit $code; }`,
    tells: actionsOf(step).some(({ kind }) => telling.includes(kind)),
  };
}

function actionScript(action: Action): string {
  switch (action.kind) {
    case "run":
      return `${commandLine(action.argv)} </dev/null`;
    case "update-lists":
      return commandLine(["update_lists", updateOutputPath]);
    case "install":
      return commandLine(["install_packages", updateOutputPath, ...action.packages]);
    case "check":
      return commandLine(action.call);
    case "meet":
      return commandLine(["meet", action.resource, String(action.seconds)]);
    case "put":
      return withText(action.text, ["put", action.path, octal(action.mode)]);
    case "folder":
      return commandLine(["make_folder", action.path, action.note]);
    case "remove-folder":
      return commandLine(["remove_folder", action.path, action.note]);
    case "remove-folders":
      return commandLine(["remove_folders", action.note]);
    case "forget-units":
      return commandLine(["forget_units", ...action.units]);
    case "start-service":
      return commandLine(["start_service", action.unit]);
    case "shut-down":
      return commandLine(["shut_down", action.name, String(action.seconds)]);
    case "define-machine":
      return withText(action.text, ["define_machine", action.name, action.keptIn ?? ""]);
    case "remove-drop-ins":
      return commandLine(["remove_drop_ins", ...action.paths]);
    case "remove":
      return `[ ! -e ${quote(action.path)} ] || rm -f ${quote(action.path)}`;
    case "configure": {
      const { path, text, mode, replaces, unread = [] } = action;
      return withText(text, ["configure", path, octal(mode), replaces?.path ?? "", replaces?.kept ?? "", ...unread]);
    }
    case "fstab": {
      const { names, line = "", givesBack } = action;
      const back = givesBack === true ? "yes" : "";
      return commandLine(["change_fstab", fstabPath, names.join(" "), line, back, ownLine.source, keptPrefix]);
    }
    case "mount":
      return commandLine(["mount_device", action.device, action.mountPoint, action.unit]);
    case "force":
      return commandLine(["force_primary", action.word, ...action.marks.flatMap(({ volume, mark }) => [volume, mark])]);
    case "skip-sync":
      return commandLine(["skip_sync", action.volume, ...(action.mark === undefined ? [] : [action.mark])]);
    case "read-zeros":
      return commandLine(["reads_as_zeros", action.disk, String(action.minor), action.resource]);
    case "zero":
      return commandLine(["zero_disk", action.disk]);
    case "clear":
      return commandLine(["clear_disk", action.disk]);
    case "copy-disk":
      return commandLine(["copy_disk", action.disk, action.place, String(action.bytes), action.note, action.line]);
    case "move-metadata":
      return commandLine(["move_metadata", action.resource, String(action.minor), action.disk, String(action.bytes)]);
    case "keep":
      return commandLine(["keep_copy", action.path, action.copy, action.unless]);
  }
}

/** A writer that takes a file's text from the function `text`: no argument, so that it can print part of it and fail. */
function withText(text: string, call: readonly string[]): string {
  return `text() { ${printText(text)}; }\n${commandLine(call)}`;
}

const octal = (mode: number): string => `0${mode.toString(8)}`;
