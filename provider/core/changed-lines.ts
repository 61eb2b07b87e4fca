/** What differs between two texts of configuration, in few words: `protocol C → protocol A`. Secrets must be out of both. */
export function describeChange(before: string, after: string): string {
  const [old, wanted] = [statements(before), statements(after)];
  const gone = old.filter((line) => !wanted.includes(line));
  const come = wanted.filter((line) => !old.includes(line));
  const keyOf = (line: string) => line.split(/\s+/)[0];
  const changed = come.map((line) => {
    // In their order: the first host's address becomes the first host's.
    const at = gone.findIndex((one) => keyOf(one) === keyOf(line));
    return at < 0 ? `+ ${line}` : `${gone.splice(at, 1).join("")} → ${line}`;
  });
  return [...changed, ...gone.map((line) => `- ${line}`)].join("; ");
}

function statements(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim().replace(/;$/, ""))
    .filter((line) => line !== "" && !line.startsWith("#") && !/[{}]$/.test(line));
}
