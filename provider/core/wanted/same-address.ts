/** Whether two sockets with one port are in each other's way, by the addresses that they are bound to. */
import { parseAddress } from "./address";

const wildcards = ["0.0.0.0", "::"];

/** An address that is not known may be any. */
export function shareAddress(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined) return true;
  return [one, other].some((address) => wildcards.includes(address)) || spelled(one) === spelled(other);
}

/** In one spelling, whatever DRBD would make of it. */
function spelled(address: string): string {
  const parsed = parseAddress(address.replace(/%.*/, ""));
  return parsed.ok ? parsed.value : address.toLowerCase();
}
