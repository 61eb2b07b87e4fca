import type { Action, Replaced } from "./action";
import { ownMark } from "../config/own-mark";
import { resourcePath } from "../config/paths";
import type { Step } from "./plan";
import { type Beside, writeConfiguration } from "./configuration-steps";
import { bootNote, foldersNote, lastPrimaryNote } from "./own-folder";
import { quick } from "./time-limits";

/** A file of ours that anybody may read. */
export function writeFile(node: string, path: string, text: string, because: string): Step {
  const does: Action[] = [{ kind: "put", path, text, mode: 0o644 }];
  return { node, argv: ["write", path], because, does, timeoutSeconds: quick };
}

export function writeResourceFile(
  node: string,
  resource: string,
  text: string,
  because: string,
  beside: Beside = {},
): Step {
  return writeConfiguration(node, resourcePath(resource), text, 0o600, because, beside);
}

/** What a host did with the resource at boot before we took it over. */
export function noteBoot(node: string, resource: string, lines: readonly string[], because: string): Step {
  return writeFile(node, bootNote(resource), lines.map((line) => `${line}\n`).join(""), because);
}

/** Who is Primary, as drbd-role@.service notes it. */
export function noteLastPrimary(node: string, resource: string, primary: string, because: string): Step {
  return writeFile(node, lastPrimaryNote(resource), `${primary}\n`, because);
}

export function removeFile(node: string, path: string, because: string): Step {
  return { node, argv: ["rm", "-f", path], because, timeoutSeconds: quick };
}

/** A file of ours that goes on being there, with nothing in it. */
export function emptyConfiguration(node: string, path: string, because: string): Step {
  return writeFile(node, path, `# ${ownMark}: empty since its resource is gone.\n`, `empty: ${because}`);
}

/** Puts a user's own file back in its place, over ours where it has the same name. */
export function giveBackFile(node: string, { kept, path }: Replaced, because: string): Step {
  return { node, argv: ["mv", "-f", kept, path], because, timeoutSeconds: quick };
}

export function removeFiles(node: string, paths: readonly string[], because: string): Step {
  return { node, argv: ["rm", "-f", ...paths], because, timeoutSeconds: quick };
}

/** One that we made, where nobody has put anything into it. */
export function removeFolder(node: string, resource: string, folder: string, because: string): Step {
  const does: Action[] = [{ kind: "remove-folder", path: folder, note: foldersNote(resource) }];
  return { node, argv: ["rmdir", folder], because, does, timeoutSeconds: quick };
}

/** Those that we made, where nobody has put anything into them. */
export function removeFolders(node: string, resource: string, folders: readonly string[], because: string): Step {
  return {
    node,
    argv: ["rmdir", ...folders],
    because,
    does: [{ kind: "remove-folders", note: foldersNote(resource) }],
    timeoutSeconds: quick,
  };
}
