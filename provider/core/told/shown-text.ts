/** What a terminal would act upon, or that would show words in another order than they stand in. Newline and tab stay. */

const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Text that a host gave, as it may be shown: no control characters, and the middle left out where it is very long. */
export function shownText(text: string, longest = 4000): string {
  const short =
    text.length <= longest
      ? text
      : `${text.slice(0, longest / 4)}${leftOut(text.length - longest)}${text.slice(-longest * 0.75)}`;
  return short.replaceAll(UNPRINTABLE, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, "0")}` : `\\u${code.padStart(4, "0")}`;
  });
}

const leftOut = (count: number): string => ` […${count} characters left out…] `;
