/** One argument, quoted so that a POSIX shell hands it on unchanged. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/**
 * Prints a text byte for byte. Not a here-document: dash (0.5.12) drops bytes after a beginning of its last line, and a
 * text that holds that line would be run. printf is built in, so that nothing of the text shows in a process list.
 */
export function printText(text: string): string {
  return `printf %s ${quote(text)}`;
}

/** A command as a careful person would type it. */
export function commandLine(argv: readonly string[]): string {
  return argv.map(quote).join(" ");
}
