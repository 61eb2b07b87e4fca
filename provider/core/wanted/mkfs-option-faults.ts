/** Options of mkfs.xfs(8) that take a value, and what may not stand in it. */
const WITH_VALUE: Readonly<Record<string, RegExp | undefined>> = {
  b: undefined,
  c: /^(?!options=\/usr\/share\/xfsprogs\/[A-Za-z0-9._/-]+$)|\.\./,
  d: /(^|,)(file|name=|size=)/,
  i: undefined,
  l: /(^|,)(file|name=|logdev=)/,
  m: undefined,
  n: undefined,
  s: undefined,
};
const WITHOUT_VALUE = new Set(["K", "q"]);

const REFUSED: Readonly<Record<string, string>> = {
  f: "-f would overwrite what is on the device",
  L: "the label is given in filesystem.label",
  N: "-N would make no filesystem at all",
  V: "-V would make no filesystem at all",
  p: "-p reads a list of files to copy in from the host, which nothing puts there: copy them once it is mounted",
  r: "-r would write to another device",
};

/** Why these words are not further arguments for `mkfs.xfs DEVICE`, by index; an empty list when they are. */
export function mkfsOptionFaults(words: readonly string[]): { readonly index: number; readonly reason: string }[] {
  const faults: { index: number; reason: string }[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    const letter = word.charAt(1);
    const report = (reason: string): void => void faults.push({ index, reason });
    if (!/^-[A-Za-z]/.test(word)) {
      report(
        "must be an option of mkfs.xfs such as -m, with its value as the next word; the device is added by itself",
      );
    } else if (Object.hasOwn(REFUSED, letter)) {
      report(REFUSED[letter] ?? "");
    } else if (WITHOUT_VALUE.has(letter)) {
      if (word.length > 2) report(`must stand alone: -${letter}`);
    } else if (Object.hasOwn(WITH_VALUE, letter)) {
      const value = word.length > 2 ? word.slice(2) : words[++index];
      if (value === undefined || !/^[A-Za-z0-9=,._:/@+-]{1,200}$/.test(value) || value.startsWith("-")) {
        report(`needs a value behind it, such as ["-m", "reflink=0"]`);
      } else if (WITH_VALUE[letter]?.test(value) === true) {
        if (letter === "c") {
          report(
            `-c ${value} must be \`options=\` and a file that xfsprogs brings along, such as options=/usr/share/xfsprogs/mkfs/lts_5.15.conf`,
          );
        } else report(`-${letter} ${value} would write somewhere else than on the device, or not to its end`);
      }
    } else {
      report(
        `is no option that can be used here; allowed are ${[...Object.keys(WITH_VALUE), ...WITHOUT_VALUE].map((one) => `-${one}`).join(" ")}`,
      );
    }
  }
  return faults;
}
