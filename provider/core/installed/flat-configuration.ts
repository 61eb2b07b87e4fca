/**
 * Configuration that stands where our files cannot go beside it: in /etc/drbd.conf itself, as DRBD's old guides have it,
 * or resources in global_common.conf. One refusal says all there is to do.
 */
import { commandLine } from "../seen/shell-words";
import { parseStatements } from "../config/parse-statements";
import { grammarOf, type ObservedNode } from "../seen/observed";
import { filesRead, includesOfOne, includeText, missingIncludes } from "./includes";
import { isOurs } from "../config/own-mark";
import { globalCommonPath, otherTopPaths, topPath as top } from "../config/paths";
import type { Refusal } from "../steps/plan";

const includes = '`include "drbd.d/global_common.conf";` and `include "drbd.d/*.res";`';

/** `resources`: those that are described, which must have files of their own. */
export function flatRefusals(node: ObservedNode, host: string, resources: ReadonlySet<string>): Refusal[] {
  const missing = [...anotherTop(node, host), ...missingTop(node, host)];
  if (missing.length > 0) return missing;
  const flat = [...flatTop(node, host, resources), ...sharedElsewhere(node, host)];
  return flat.length > 0 ? flat : inGlobalCommon(node, host);
}

/** drbdadm takes the first that is there. */
function anotherTop(node: ObservedNode, host: string): Refusal[] {
  const [path] = otherTopPaths.slice(grammarOf(node) === "9" ? 0 : 1).filter((one) => node.files.has(one));
  if (path === undefined) return [];
  return [
    {
      node: host,
      found: `drbdadm there begins with ${path}, and never comes to ${top}, which pulumi-drbd goes by`,
      way: `Let it have the usual name: \`mv ${path} ${top}\`, in the place of what stands there. What runs is not touched by it. \`drbdadm dump all\` then shows what it showed before.`,
    },
  ];
}

/** drbdadm does nothing without it. */
function missingTop(node: ObservedNode, host: string): Refusal[] {
  if (node.utils === null || node.files.has(top)) return [];
  return [
    {
      node: host,
      found: `drbd-utils is installed there, and ${top} is missing: drbdadm would read nothing`,
      way: `Write ${top} with two lines, ${includes}.`,
    },
  ];
}

function flatTop(node: ObservedNode, host: string, resources: ReadonlySet<string>): Refusal[] {
  const statements = parseStatements(node.files.get(top) ?? "").filter(({ body }) => body !== undefined);
  const shared = [...new Set(statements.flatMap(({ words: [word = ""] }) => (isShared(word) ? [word] : [])))];
  const own = statements.flatMap(({ words: [word, name = ""] }) =>
    word === "resource" && resources.has(name) ? [name] : [],
  );
  if (shared.length + own.length === 0) return [];
  const blocks = [...shared, ...own.map((name) => `resource ${name}`)];
  const moves = [
    ...own.map((name) => `\`resource ${name} { … }\` to /etc/drbd.d/${name}.res`),
    ...(shared.length === 0
      ? []
      : [
          `${shared.map((word) => `\`${word} { … }\``).join(" and ")} to ${globalCommonPath}, in the place of whatever stands there`,
        ]),
  ];
  const empty = shared.length === 0 ? `; where there is no ${globalCommonPath}, an empty one` : "";
  return [
    {
      node: host,
      found: `${top} holds ${blocks.map((block) => `\`${block} { … }\``).join(", ")} itself, and pulumi-drbd writes into /etc/drbd.d`,
      way: `Move ${moves.join("; ")}; and let ${top} begin with ${includes}${empty}. Nothing else is to be done, and what runs is not touched by it. \`drbdadm dump all\` then shows what it showed before. Your files are kept beside ours.`,
    },
  ];
}

const isShared = (word: string): boolean => word === "global" || word === "common";

/** drbdadm takes one `global` and one `common`, and ours stand in global_common.conf. */
function sharedElsewhere(node: ObservedNode, host: string): Refusal[] {
  return [...filesRead(node)].flatMap(([path, text]) => {
    if (path === top || path === globalCommonPath) return [];
    const statements = parseStatements(text);
    const shared = statements.filter(({ words: [word = ""], body }) => isShared(word) && body !== undefined);
    if (shared.length === 0) return [];
    const blocks = shared.map(({ words: [word = ""] }) => `\`${word} { … }\``).join(" and ");
    const isAlone = shared.length === statements.length;
    const lines = isAlone ? includesOfOne(node, path).map(includeText) : [];
    return [
      {
        node: host,
        found: `${path} holds ${blocks}, and drbdadm takes none beside those that pulumi-drbd writes into ${globalCommonPath}`,
        way: [
          `${isAlone ? `Move that file: \`${commandLine(["mv", path, globalCommonPath])}\`` : `Move ${blocks} to ${globalCommonPath}`}, in the place of whatever stands there.`,
          ...(lines.length === 0 ? [] : [`Take ${lines.join(" and ")} away.`]),
          missingIncludes(node),
          "What runs is not touched by it. `drbdadm dump all` then shows what it showed before. Your file is kept beside ours.",
        ]
          .filter(Boolean)
          .join(" "),
      },
    ];
  });
}

/** Ours would take the place of the file, and what it includes or defines beside `global` and `common` would be gone. */
function inGlobalCommon(node: ObservedNode, host: string): Refusal[] {
  const text = node.files.get(globalCommonPath);
  if (text === undefined || isOurs(text)) return [];
  const others = parseStatements(text).filter(({ words: [word = ""] }) => !isShared(word) && word !== "skip");
  if (others.length === 0) return [];
  const moves = others.map(({ words: [word = "", name = ""] }) =>
    word === "resource"
      ? `\`resource ${name} { … }\` to /etc/drbd.d/${name}.res`
      : `\`${word} ${name}\` to ${top}`.replace(" `", "`"),
  );
  return [
    {
      node: host,
      found: `${globalCommonPath} holds more than \`global\` and \`common\`, and ours would take its place`,
      way: `Move ${moves.join("; ")}. What runs is not touched by it.`,
    },
  ];
}
