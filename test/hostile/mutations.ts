/** What may become of a probe's output: sections lost, repeated and out of order, answers cut short, other languages. */

/** `@NONCE name …` with its text, up to the next one; its exit is the last line, where it has one. */
function sectionsOf(output: string, nonce: string): string[] {
  return output.split(new RegExp(`(?=^@${nonce} (?!exit ))`, "m"));
}

/** What tools say that failed, in no language that anybody expects. */
export const otherWords: readonly string[] = [
  "",
  "none",
  "none\nnone",
  "no",
  "0",
  "null",
  "{}",
  "exists -",
  "Zugriff verweigert",
  "blkid: Fehler: /dev/vdb: Eingabe-/Ausgabefehler",
  "sh: 1: コマンドが見つかりません",
  "нет метаданных",
  "\u0000\u0001\u001b[31m\ufffd\u2028",
  "x".repeat(100_000),
  "\n".repeat(10_000),
];

export interface Mutation {
  readonly what: string;
  readonly output: string;
}

/** One thing wrong with the whole, each in turn. */
export function* eachMutation(output: string, nonce: string): Generator<Mutation> {
  const sections = sectionsOf(output, nonce);
  const joined = (what: string, all: readonly string[]): Mutation => ({ what, output: all.join("") });
  for (const [index, section] of sections.entries()) {
    const [head = "", ...rest] = section.split("\n");
    const name = head.slice(0, 60);
    const at = rest.findIndex((line) => line.startsWith(`@${nonce} exit`));
    const text = at < 0 ? rest : rest.slice(0, at);
    const exit = at < 0 ? [] : rest.slice(at);
    const replaced = (what: string, lines: readonly string[]) =>
      joined(`${name}: ${what}`, sections.with(index, [head, ...lines].join("\n")));
    yield joined(`${name}: lost`, sections.toSpliced(index, 1));
    yield joined(`${name}: twice`, sections.toSpliced(index, 0, section));
    yield joined(`${name}: first`, [section, ...sections.toSpliced(index, 1)]);
    yield joined(`${name}: last`, [...sections.toSpliced(index, 1), section]);
    for (let other = index + 1; other < sections.length; other++) {
      yield joined(
        `${name}: in the place of the one ${other - index} further`,
        sections.with(index, sections[other]!).with(other, section),
      );
    }
    yield replaced("its exit lost", [...text, ""]);
    if (exit.length > 0) {
      for (const code of ["1", "2", "127", "137", "", "x", "-1"])
        yield replaced(`exit ${code}`, [...text, `@${nonce} exit ${code}`, ""]);
    }
    for (let length = 0; length < text.length; length++)
      yield replaced(`only ${length} lines`, [...text.slice(0, length), ...exit]);
    for (const words of otherWords) yield replaced(`says ${JSON.stringify(words.slice(0, 40))}`, [words, ...exit]);
  }
  const lines = output.split("\n");
  for (const [index, line] of lines.entries()) {
    // A file may hold any line or lack it, and only its reader knows.
    if (line.includes("\0")) continue;
    yield { what: `line ${index} lost: ${line}`, output: lines.toSpliced(index, 1).join("\n") };
    yield { what: `line ${index} twice: ${line}`, output: lines.toSpliced(index, 0, line).join("\n") };
    yield { what: `line ${index} cut: ${line}`, output: lines.with(index, line.slice(0, line.length / 2)).join("\n") };
  }
}
