import * as fc from "fast-check";
import { isIP } from "node:net";
import { isAmong, parseAddress } from "../../../provider/core/wanted/address";

const parse = (text: string): string => {
  const parsed = parseAddress(text);
  return parsed.ok ? parsed.value : `refused: ${parsed.reason}`;
};

test.each([
  ["192.168.77.1", "192.168.77.1"],
  ["10.0.0.255", "10.0.0.255"],
  ["FD00::0001", "fd00::1"],
  ["fd00:0:0:1:0:0:0:1", "fd00:0:0:1::1"],
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["2001:0:0:1:0:0:1:1", "2001::1:0:0:1:1"],
  ["fd00:1:2:3:4:5:6:7", "fd00:1:2:3:4:5:6:7"],
  ["fd00:1:2:3:4:5:6::", "fd00:1:2:3:4:5:6:0"],
  ["127.0.0.1", "127.0.0.1"],
  ["127.0.1.7", "127.0.1.7"],
  ["::1", "::1"],
  ["FE80::0001%eth1", "fe80::1%eth1"],
  ["fe80::5054:ff:fedb:101%enp3s0f1.200", "fe80::5054:ff:fedb:101%enp3s0f1.200"],
])("%s is %s", (given, wanted) => {
  expect(parse(given)).toBe(wanted);
});

test.each([
  ["192.168.77.999", "is no IPv4 address"],
  ["192.168.77", "is no IPv4 address"],
  ["192.168.077.1", "is no IPv4 address"],
  ["1.2.3.4.5", "is no IPv4 address"],
  ["alpha", "is no address (a host name is not enough"],
  ["alpha.example.com", "is no address (a host name is not enough"],
  ["192.168.7.1:7789", "is no IPv6 address"],
  ["192.168.7.1/24", "is no address"],
  ["", "is no address"],
  [" 192.168.7.1", "is no address"],
  ["192.168.7.1\n", "is no address"],
  ["0.0.0.0", "is the unspecified network"],
  ["224.0.0.1", "is a multicast, reserved or broadcast address"],
  ["255.255.255.255", "is a multicast, reserved or broadcast address"],
  ["::", "is the unspecified address"],
  ["::ffff:192.168.7.1", "is no IPv6 address"],
  ["::ffff:c0a8:701", "is an IPv4 address in IPv6 clothes"],
  ["fe80::1", "is link-local: give its interface too, fe80::1%eth1, by a name that both hosts have"],
  ["fe80::1%", "is link-local: give its interface"],
  ["fe80::1%eth0]:1;", "is link-local: give its interface"],
  ["fe80::1%a-name-of-16-xxx", "is link-local: give its interface"],
  ["fe80::1%eth0%eth1", "is no IPv6 address"],
  ["fd00::1%eth0", "stands without %interface"],
  ["[fd00::1]", "is no IPv6 address"],
  ["ff02::1", "is a multicast address"],
  ["fd00::1::2", "is no IPv6 address"],
  ["fd00:1:2:3:4:5:6:7:8", "is no IPv6 address"],
  ["fd00:1:2:3:4:5:6", "is no IPv6 address"],
  ["fd00::12345", "is no IPv6 address"],
])("%j %s", (given, reason) => {
  expect(parse(given)).toContain(`refused: ${reason}`);
});

test("what is accepted is an address for Node too, and its canonical form stays the same", () => {
  const group = fc.integer({ min: 0, max: 0xffff }).map((number) => number.toString(16));
  const candidates = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc
      .array(fc.oneof(group, fc.constant("0"), fc.constant("")), { minLength: 6, maxLength: 9 })
      .map((parts) => parts.join(":")),
    fc.string({ maxLength: 20 }),
  );
  fc.assert(
    fc.property(candidates, (text) => {
      const parsed = parseAddress(text);
      if (!parsed.ok) return;
      expect(isIP(text)).toBe(parsed.family);
      expect(parseAddress(parsed.value)).toEqual(parsed);
      if (parsed.family === 6) {
        const asUrl = new URL(`http://[${text}]/`).hostname;
        expect(`[${parsed.value}]`).toBe(asUrl);
      }
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ["10.0.0.1", true],
  ["10.0.0.2", false],
  ["127.0.0.1", true],
  ["127.0.1.7", true],
  ["fe80::1%eth1", true],
  ["fe80::2%eth1", false],
  ["::1", false],
])("a host with 127.0.0.1, 10.0.0.1 and fe80::1 has %s: %s", (address, expected) => {
  expect(isAmong(["127.0.0.1", "10.0.0.1", "fe80::1"], address)).toBe(expected);
});
