/** What `systemd-escape` makes of a string: an instance name that %I turns back into it. */
export function escapeInstance(name: string): string {
  return [...new TextEncoder().encode(name)]
    .map((byte, index) => {
      const character = String.fromCharCode(byte);
      if (character === "/") return "-";
      if (/[A-Za-z0-9:_]/.test(character) || (character === "." && index > 0)) return character;
      return `\\x${byte.toString(16).padStart(2, "0")}`;
    })
    .join("");
}

/** The way back, as %I goes. */
export function unescapeInstance(instance: string): string {
  const bytes = instance
    .split(/(\\x[0-9a-f]{2})/)
    .flatMap((part) =>
      /^\\x[0-9a-f]{2}$/.test(part)
        ? [parseInt(part.slice(2), 16)]
        : [...new TextEncoder().encode(part.replaceAll("-", "/"))],
    );
  return new TextDecoder().decode(new Uint8Array(bytes));
}
