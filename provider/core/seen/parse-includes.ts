/** What drbdadm reads on a host, as tell_includes of host/looks prints it. */
import { globalCommonPath, topPath } from "../config/paths";
import type { Include, Includes } from "./observed";
import { ProbeError } from "./probe-error";
import type { Section } from "./probe-sections";

const usualIncludes = ['include "drbd.d/*.res";', 'include "drbd.d/global_common.conf";'];

const reasons: Readonly<Record<string, string>> = {
  missing: "it is not there",
  dangling: "it is a link to nothing",
  strange: "it is no plain file, or its name has a newline",
  large: "it is larger than any configuration",
  many: "there are more files than any configuration has",
  closed: "it cannot be opened",
};

export function parseIncludes(section: Section): Includes {
  // Without Perl, for example: that it is missing is told elsewhere.
  if (section.exit !== 0) {
    const why = section.text.trim().slice(0, 300);
    return { includes: [], files: [topPath], unread: [{ path: topPath, why }] };
  }
  const lines = section.text.split("\n").filter(Boolean).map(keyword);
  const valuesOf = (wanted: string) => lines.flatMap(([word, value]) => (word === wanted ? [value] : []));
  const [written, patterns] = [valuesOf("as"), valuesOf("pattern")];
  const includes = valuesOf("include").map((from, place): Include => {
    const [as, pattern] = [written[place], patterns[place]];
    if (as === undefined || pattern === undefined)
      throw new ProbeError("the answer has an include without its pattern");
    return { from, written: as, pattern };
  });
  const unread = valuesOf("unread").map((value) => {
    const [why, path] = keyword(value);
    return { path, why: reasons[why] ?? why, ...(why === "dangling" ? { isPassedOver: true } : {}) };
  });
  return { includes, files: valuesOf("file"), unread };
}

function keyword(line: string): [string, string] {
  const at = line.indexOf(" ");
  return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1)];
}

/** As has_usual_includes of host/looks has it. */
export function hasUsualIncludes(top: string): boolean {
  const lines = top
    .split("\n")
    .map((line) => line.trim().replace(/^include\s+/, "include "))
    .filter((line) => line !== "" && !line.startsWith("#"));
  return [...new Set(lines)].sort().join("\n") === usualIncludes.join("\n");
}

/** Files that may define a resource: where there is one, drbdadm is asked what it would change. */
export function mayDefine(files: ReadonlyMap<string, string>, includes: Includes | undefined): boolean {
  return (
    [...files.keys()].some((path) => /^\/etc\/drbd\.d\/[^/]*\.res$/.test(path)) ||
    (includes?.files ?? []).some((path) => files.has(path) && path !== topPath && path !== globalCommonPath)
  );
}
