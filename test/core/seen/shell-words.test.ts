import * as fc from "fast-check";
import { commandLine, printText, quote } from "../../../provider/core/seen/shell-words";
import { sh } from "../shell";

/** All that a shell might take for something else. */
const piece = fc.oneof(
  fc.constantFrom("'", '"', "\\", "`", "$(touch /tmp/x)", "$HOME", "${IFS}", "\n", "\r", "\t", " ", ";", "&", "|", "!"),
  fc.constantFrom(
    "-",
    "--force",
    "*",
    "?",
    "[a]",
    "~",
    "{a,b}",
    "#",
    "<",
    ">",
    "(",
    ")",
    "=",
    "''",
    "é",
    "日本",
    "\u{1f600}",
  ),
  fc.constantFrom(
    "END-OF-FILE-BY-PULUMI-DRBD",
    "\nEND-OF-FILE-BY-PULUMI-DRBD\n",
    "\nEOF\n",
    "\u0001",
    "\u007f",
    "\u2028",
  ),
  fc.string({ unit: "grapheme", maxLength: 8 }).filter((text) => !text.includes("\0")),
);
const hostile = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(""));

test("whatever a word holds, a real sh hands it on unchanged", () => {
  // Many words at once: a process for each would take minutes.
  fc.assert(
    fc.property(fc.array(hostile, { minLength: 1, maxLength: 200 }), (words) => {
      const { stdout, stderr } = sh(`printf '%s\\0' ${commandLine(words)}\n`);
      expect(stderr).toBe("");
      expect(stdout.split("\0").slice(0, -1)).toEqual(words);
    }),
    { numRuns: 25 },
  );
});

test.each([
  ["", "''"],
  ["drbdadm", "drbdadm"],
  ["/dev/disk/by-id/wwn-0x5000", "/dev/disk/by-id/wwn-0x5000"],
  ["--label=a,b", "--label=a,b"],
  ["a b", "'a b'"],
  ["it's", `'it'\\''s'`],
  ["$(id)", "'$(id)'"],
  ["~root", "'~root'"],
  ["a\n", "'a\n'"],
  ["é", "'é'"],
])("%j is written as %s", (word, quoted) => {
  expect(quote(word)).toBe(quoted);
});

test("whatever a text holds, it is printed byte for byte, and what follows it still runs", () => {
  fc.assert(
    fc.property(fc.array(hostile, { minLength: 1, maxLength: 60 }), (texts) => {
      const script = texts.map((text) => `${printText(text)} | cat\nprintf '\\0'`).join("\n");
      const { stdout, stderr } = sh(`${script}\n`);
      expect(stderr).toBe("");
      expect(stdout.split("\0").slice(0, -1)).toEqual(texts);
    }),
    { numRuns: 25 },
  );
});

test("a big text arrives whole", () => {
  const text = "'\"$(x)`\\ é\n".repeat(20_000);
  expect(sh(`${printText(text)} | cat\n`).stdout).toBe(text);
});
