import { groupsOf } from "../wanted/address";

/**
 * A pattern, for `grep -E`, of the local addresses in /proc/net/tcp and tcp6 on which a listener takes a port away from
 * one who wants this address: every address, or this one. The kernel writes 32 bits at a time, as they lie in memory.
 */
export function listenersOn(address: string | undefined): string {
  if (address === undefined) return "[0-9A-F]+";
  const words = wordsOf(address);
  const turned = words.map((word) => (word.match(/../g) ?? []).reverse().join(""));
  // An IPv4 address may be taken by a socket of IPv6's, too, with zeros and FFFF before it.
  const before = words.length === 1 ? "[0F]*" : "";
  return `(0+|${before}(${turned.join("")}|${words.join("")}))`;
}

/** 8 hexadecimal digits each: one of IPv4, four of IPv6. */
function wordsOf(address: string): string[] {
  const hex = (number: number, digits: number) => number.toString(16).toUpperCase().padStart(digits, "0");
  if (!address.includes(":"))
    return [
      address
        .split(".")
        .map((part) => hex(Number(part), 2))
        .join(""),
    ];
  const groups = groupsOf(address.split("%")[0] ?? "") ?? [];
  return [0, 2, 4, 6].map((at) => hex(groups[at] ?? 0, 4) + hex(groups[at + 1] ?? 0, 4));
}
