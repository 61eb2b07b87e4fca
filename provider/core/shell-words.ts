/** One argument, quoted so that a POSIX shell hands it on unchanged. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** A command as a careful person would type it. */
export function commandLine(argv: readonly string[]): string {
  return argv.map(quote).join(" ");
}
