/** Reading drbd.conf text that may be anybody's. Nothing here throws; what is not understood is passed over. */
import { remembered } from "./remembered";

/** A statement of drbd.conf: its words up to `;`, or up to `{` with what stands in the braces. */
export interface Statement {
  readonly words: readonly string[];
  readonly body?: readonly Statement[];
}

const TOKEN = /#[^\n]*|"((?:[^"\\\n]|\\[^\n])*)"?|([{};[\]])|[^\s{};"#[\]]+/g;

function tokens(text: string): { readonly text: string; readonly mark: boolean }[] {
  return [...text.matchAll(TOKEN)].flatMap((match) => {
    const [all, quoted, mark] = match;
    if (all.startsWith("#")) return [];
    if (quoted !== undefined) return [{ text: quoted.replaceAll(/\\(.)/g, "$1"), mark: false }];
    return [{ text: all, mark: mark !== undefined }];
  });
}

/** Deeper than any drbd.conf; what is deeper still is read as if it stood here. */
const DEEPEST = 16;

export const parseStatements = remembered((text: string): readonly Statement[] => {
  const top: Statement[] = [];
  const open: Statement[][] = [top];
  let words: string[] = [];
  for (const token of tokens(text)) {
    const current = open.at(-1) ?? top;
    if (!token.mark || token.text === "[" || token.text === "]") {
      words.push(token.text);
    } else if (token.text === "{") {
      const body: Statement[] = [];
      current.push({ words, body });
      if (open.length < DEEPEST) open.push(body);
      words = [];
    } else {
      if (words.length > 0) current.push({ words });
      words = [];
      if (token.text === "}" && open.length > 1) open.pop();
    }
  }
  if (words.length > 0) (open.at(-1) ?? top).push({ words });
  return top;
});

export function everyStatement(statements: readonly Statement[]): Statement[] {
  return statements.flatMap((statement) =>
    statement.words[0] === "skip" ? [] : [statement, ...everyStatement(statement.body ?? [])],
  );
}
