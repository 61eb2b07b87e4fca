/** An address in its one canonical spelling (IPv6 as RFC 5952 has it, which is what `ip address` prints), or why not. */
export type Address =
  | { readonly ok: true; readonly value: string; readonly family: 4 | 6 }
  | { readonly ok: false; readonly reason: string };

const EXAMPLE = "for example 192.168.7.1 or fd00::1";
const no = (reason: string): Address => ({ ok: false, reason });

function parseIPv4(text: string): Address {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)) {
    return no(`is no IPv4 address: four numbers 0..255 with dots between them, ${EXAMPLE}`);
  }
  const first = Number(parts[0]);
  if (first === 0) return no(`is the unspecified network, which no host has; ${EXAMPLE}`);
  if (first >= 224) return no(`is a multicast, reserved or broadcast address; ${EXAMPLE}`);
  return { ok: true, value: text, family: 4 };
}

/** The eight groups of an IPv6 address, or undefined. */
export function groupsOf(text: string): number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const read = (half: string): string[] => (half === "" ? [] : half.split(":"));
  const head = read(halves[0] ?? "");
  const tail = read(halves[1] ?? "");
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const all = [...head, ...Array.from({ length: missing }, () => "0"), ...tail];
  return all.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group)) ? all.map((group) => parseInt(group, 16)) : undefined;
}

export function canonicalIPv6(numbers: readonly number[]): string {
  let best = { start: 0, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && numbers[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(":");
  if (best.length < 2) return text(numbers);
  return `${text(numbers.slice(0, best.start))}::${text(numbers.slice(best.start + best.length))}`;
}

function parseIPv6(given: string): Address {
  const [text = "", zone, ...more] = given.split("%");
  const numbers = groupsOf(text);
  if (numbers === undefined || more.length > 0) return no(`is no IPv6 address, ${EXAMPLE}; it stands without brackets`);
  const [first = 0] = numbers;
  const head = numbers.slice(0, 5).every((group) => group === 0);
  if (head && numbers[5] === 0xffff) return no("is an IPv4 address in IPv6 clothes: give the IPv4 address");
  if (numbers.every((group) => group === 0)) return no(`is the unspecified address, which no host has; ${EXAMPLE}`);
  if (first >= 0xff00) return no(`is a multicast address; ${EXAMPLE}`);
  const isLinkLocal = first >= 0xfe80 && first < 0xfec0;
  if (!isLinkLocal && zone !== undefined) return no(`stands without %interface, which a link-local address alone has`);
  if (isLinkLocal && !/^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/.test(zone ?? ""))
    return no(`is link-local: give its interface too, fe80::1%eth1, by a name that both hosts have`);
  return { ok: true, value: canonicalIPv6(numbers) + (isLinkLocal ? `%${zone ?? ""}` : ""), family: 6 };
}

/** Reads an address that a DRBD peer can be reached at. drbdadm itself accepts 192.168.77.999 without a word. */
export function parseAddress(text: string): Address {
  if (text.includes(":")) return parseIPv6(text);
  if (/^[0-9.]+$/.test(text)) return parseIPv4(text);
  return no(`is no address (a host name is not enough: DRBD does not look names up), ${EXAMPLE}`);
}

export const isLinkLocal = (address: string): boolean => address.includes("%");

/** Only what listens on the host itself is reached there: the end of a tunnel. */
export const isLoopback = (address: string): boolean => /^127\./.test(address) || address === "::1";

/** Whether a host that has these addresses has this one, too. They tell no interface, and of 127.0.0.0/8 one. */
export function isAmong(addresses: readonly string[], address: string): boolean {
  if (/^127\./.test(address) && addresses.includes("127.0.0.1")) return true;
  return addresses.includes(address.split("%")[0] ?? "");
}
