/**
 * Which files drbdadm reads, as the hosts' Perl follows its includes. What is expected was seen of drbdadm 9.22.0 itself, in
 * both grammars: test/e2e/take-over/includes.test.ts asks it again.
 */
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { globMatches } from "../../provider/core/config/glob";
import { looks } from "../../provider/host/text";
import { hasUsualIncludes, parseIncludes } from "../../provider/core/seen/parse-includes";
import type { Includes } from "../../provider/core/seen/observed";
import { quote } from "../../provider/core/seen/shell-words";
import { replaced, sh, temporaryFolder } from "../core/shell";
import { layouts, type Layout } from "./include-layouts";

const folder = temporaryFolder();
const lookFunctions = `newline='\n'\n${replaced(looks, "/etc/", `${folder}/etc/`)}`;

function lay({ files, links = {} }: Layout): void {
  rmSync(join(folder, "etc"), { recursive: true, force: true });
  rmSync(join(folder, "srv"), { recursive: true, force: true });
  mkdirSync(join(folder, "etc/drbd.d"), { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text.replaceAll('"/', `"${folder}/`));
  }
  for (const [path, to] of Object.entries(links)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    symlinkSync(to.startsWith("/") ? join(folder, to) : to, join(folder, path));
  }
}

const run = (call: string) => {
  const { exit, stdout, stderr } = sh(`${lookFunctions}\n${call}\n`);
  expect(stderr).toBe("");
  return { exit, text: stdout.replaceAll(folder, "") };
};

function told(): Includes & { readonly kept: string[] } {
  const { exit, text } = run("tell_includes");
  const kept = text.split("\n").flatMap((line) => /^kept (.*)$/.exec(line)?.[1] ?? []);
  return { ...parseIncludes({ name: "includes", words: [], text, exit: exit ?? -1 }), kept };
}

test.each(layouts.map((layout) => [layout.what, layout] as const))("%s", (_what, layout) => {
  lay(layout);
  const { files, unread, includes } = told();
  expect(files).toEqual(["/etc/drbd.conf", ...layout.reads]);
  expect(unread.map(({ path }) => path)).toEqual(layout.fails ?? []);
  // Core tells by the patterns whether a file would be read that is not there yet.
  if (layout.links === undefined) {
    const matched = Object.keys(layout.files).filter((path) =>
      includes.some(({ pattern }) => globMatches(pattern, `/${path}`)),
    );
    expect(matched.map((path) => `/${path}`).sort()).toEqual(
      [...files].filter((path) => path !== "/etc/drbd.conf" || matched.includes("etc/drbd.conf")).sort(),
    );
  }
  // The whole text, for drbdadm's standard input, has what the files have, in their order.
  const { text } = run("installed_but");
  const resources = (of: string) => [...of.matchAll(/^resource (\S+)/gm)].map(([, name]) => name);
  expect(resources(text)).toEqual(files.flatMap((path) => resources(readFileSync(join(folder, path), "utf8"))));
  expect(/^\s*include /m.test(text)).toBe((layout.fails ?? []).length > 0);
});

describe("what is told", () => {
  const usual = 'include "drbd.d/global_common.conf";\ninclude "drbd.d/*.res";\n';

  test("each include with the file that has it, as it is written, and from the root on", () => {
    lay({
      what: "",
      files: {
        "etc/drbd.conf": 'include "drbd.d/a [1].conf"; include drbd.d/all.conf;',
        "etc/drbd.d/all.conf": 'include "pairs/*.res" ; include "/srv/x/y.res";',
        "srv/x/y.res": "",
      },
      reads: [],
    });
    expect(told().includes).toEqual([
      { from: "/etc/drbd.conf", written: '"drbd.d/a [1].conf"', pattern: "/etc/drbd.d/a [1].conf" },
      { from: "/etc/drbd.conf", written: "drbd.d/all.conf", pattern: "/etc/drbd.d/all.conf" },
      { from: "/etc/drbd.d/all.conf", written: '"pairs/*.res"', pattern: "/etc/drbd.d/pairs/*.res" },
      { from: "/etc/drbd.d/all.conf", written: '"/srv/x/y.res"', pattern: "/srv/x/y.res" },
    ]);
  });

  test("a folder by its own path, and /etc/drbd.d by this name, whatever it is a link to", () => {
    lay({
      what: "",
      files: { "etc/drbd.conf": 'include "drbd.d/*.res"; include "by/*.res"; include "other/./x.res";' },
      links: { "etc/by": "/etc/drbd.d", "etc/other": "/srv/real" },
      reads: [],
    });
    rmSync(join(folder, "etc/drbd.d"), { recursive: true });
    mkdirSync(join(folder, "srv/real"), { recursive: true });
    mkdirSync(join(folder, "srv/drbd.d"));
    writeFileSync(join(folder, "srv/drbd.d/r0.res"), "");
    writeFileSync(join(folder, "srv/real/x.res"), "");
    symlinkSync(join(folder, "srv/drbd.d"), join(folder, "etc/drbd.d"));
    const { includes, files } = told();
    expect(includes.map(({ pattern }) => pattern)).toEqual([
      "/etc/drbd.d/*.res",
      "/etc/drbd.d/*.res",
      "/srv/real/x.res",
    ]);
    expect(files).toEqual(["/etc/drbd.conf", "/etc/drbd.d/r0.res", "/srv/real/x.res"]);
  });

  test("what is kept in the folders that includes lead to", () => {
    const kept = ["etc/drbd.d/pairs/r0.res.before-pulumi-drbd", "srv/a/web.conf.before-pulumi-drbd-2"];
    lay({
      what: "",
      files: {
        "etc/drbd.conf": `${usual}include "drbd.d/pairs/*.res"; include "/srv/*/*.conf";`,
        ...Object.fromEntries(kept.map((path) => [path, ""])),
        "srv/other.before-pulumi-drbd": "",
      },
      reads: [],
    });
    expect(told().kept).toEqual(kept.map((path) => `/${path}`));
  });

  test("too much is not read, and said", () => {
    const many = Object.fromEntries(Array.from({ length: 2010 }, (_, at) => [`srv/m/${1000 + at}.res`, ""]));
    lay({ what: "", files: { "etc/drbd.conf": 'include "/srv/m/*.res";', ...many }, reads: [] });
    const { files, unread } = told();
    expect(files).toHaveLength(2000);
    expect(unread).toHaveLength(11);
    expect(unread[0]).toEqual({ path: "/srv/m/2999.res", why: "there are more files than any configuration has" });
    lay({ what: "", files: { "etc/drbd.conf": 'include "/srv/l";', "srv/l": " ".repeat(4194305) }, reads: [] });
    expect(told().unread).toEqual([{ path: "/srv/l", why: "it is larger than any configuration" }]);
  });

  test("without Perl, and where it fails, nothing is taken for read", () => {
    lay({ what: "", files: { "etc/drbd.conf": usual }, reads: [] });
    const { exit, stdout } = sh(`${lookFunctions}\nperl() { echo "no perl here"; return 127; }\ntell_includes\n`);
    const { includes, files, unread } = parseIncludes({ name: "includes", words: [], text: stdout, exit: exit ?? -1 });
    expect({ includes, files, unread }).toEqual({
      includes: [],
      files: ["/etc/drbd.conf"],
      unread: [{ path: "/etc/drbd.conf", why: "no perl here" }],
    });
  });
});

describe("left out", () => {
  const resource = (name: string) => `resource ${name} { }\n`;

  test.each([
    ["by its name", [], "etc/drbd.d/r0.res", ["web"]],
    ["by a name through a link to its folder", [], "srv/by/r0.res", ["web"]],
    [
      "a file that has another name still is read by that one",
      [["etc/drbd.d/z.res", "r0.res"]],
      "etc/drbd.d/r0.res",
      ["web", "r0"],
    ],
  ] as const)("%s", (_what, links, left, expected) => {
    lay({
      what: "",
      files: {
        "etc/drbd.conf": 'include "drbd.d/*.res";',
        "etc/drbd.d/r0.res": resource("r0"),
        "etc/drbd.d/web.res": resource("web"),
      },
      links: { "srv/by": "/etc/drbd.d", ...Object.fromEntries(links) },
      reads: [],
    });
    const { text } = run(`installed_but ${quote(join(folder, left))}`);
    expect([...text.matchAll(/^resource (\S+)/gm)].map(([, name]) => name)).toEqual(expected);
  });
});

describe("the usual includes", () => {
  const usual = 'include "drbd.d/global_common.conf";\ninclude "drbd.d/*.res";\n';
  test.each([
    ["as drbd-utils installs them", `# You can find an example in  /usr/share/doc/drbd.../\n\n${usual}`, true],
    [
      "in the other order, and indented",
      '\tinclude "drbd.d/*.res";\n  include   "drbd.d/global_common.conf";  \n',
      true,
    ],
    ["without the last newline", usual.trimEnd(), true],
    ["one is missing", 'include "drbd.d/*.res";\n', false],
    ["the other one is missing", 'include "drbd.d/global_common.conf";\n', false],
    ["none", "# nothing\n", false],
    ["one more", `${usual}include "/srv/x.res";\n`, false],
    ["one more, without the last newline", `${usual}include "/srv/x.res";`, false],
    ["one more in a line", `${usual.trimEnd()} include "/srv/x.res";\n`, false],
    ["a section of its own", `${usual}global { }\n`, false],
    ["by its whole path", 'include "drbd.d/global_common.conf";\ninclude "/etc/drbd.d/*.res";\n', false],
  ])("%s", (_what, text, expected) => {
    lay({ what: "", files: {}, reads: [] });
    writeFileSync(join(folder, "etc/drbd.conf"), text);
    expect(sh(`${lookFunctions}\nhas_usual_includes && echo yes`).stdout.trim()).toBe(expected ? "yes" : "");
    expect(hasUsualIncludes(text)).toBe(expected);
  });
});
