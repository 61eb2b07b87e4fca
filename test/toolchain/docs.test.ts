/** That a reader of README.md finds each page of docs/, that each link leads somewhere, and that a task's page begins with what to type. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const root = resolve(__dirname, "../..");
const pages = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
/** Pages to read. All others are of a task. */
const background = ["how-it-works.md", "limits.md", "rules.md"];

const textOf = (path: string) => readFileSync(path, "utf8");

/** As GitHub names the headings of a page. */
const anchorsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

test.each(["README.md", "examples/sites/README.md", ...pages.map((name) => `docs/${name}`)])(
  "each link of %s leads to a file, and to a heading there",
  (page) => {
    const path = join(root, page);
    const links = [...textOf(path).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
    const broken = links.filter((link) => {
      if (/^[a-z]+:/.test(link)) return false;
      const [file = "", anchor] = link.split("#");
      const target = file === "" ? path : join(dirname(path), file);
      if (!existsSync(target)) return true;
      return anchor !== undefined && !anchorsOf(textOf(target)).includes(anchor);
    });
    expect(broken).toEqual([]);
  },
);

test("README.md leads to each page", () => {
  const readme = textOf(join(root, "README.md"));
  expect(pages.filter((name) => !readme.includes(`](docs/${name})`))).toEqual([]);
});

test.each(pages.filter((name) => !background.includes(name)))("%s begins with what to type", (name) => {
  const [, first = ""] = /^# .+\n\n((?:.+\n)+)/.exec(textOf(join(root, "docs", name))) ?? [];
  const second = textOf(join(root, "docs", name)).split("\n\n")[2] ?? "";
  // A line may say where it is to be typed.
  expect(first.startsWith("    ") || (/:\n?$/.test(first) && second.startsWith("    "))).toBe(true);
});
