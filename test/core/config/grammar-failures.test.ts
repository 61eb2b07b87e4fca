/** What one version's drbdadm parses and cannot keep up, as tried on a real pair with drbd-utils 9.22.0. */
import { type OneVolume, resourceOf } from "../one-volume";
import { grammarFailures, nodeGrammarFailures } from "../../../provider/core/config/grammar-failures";
import { desiredNode, r0 } from "../observed-builder";

const found = (changes: Partial<OneVolume>, grammar: "8.4" | "9") =>
  grammarFailures(resourceOf({ ...r0, ...changes }), grammar).map(({ property, reason }) => `${property}: ${reason}`);

test.each(["101", "10M", "net", "timeout"])("a resource called %s: with DRBD 9 alone", (name) => {
  expect(found({ name }, "9")).toEqual([]);
  expect(found({ name }, "8.4")).toEqual([
    `name: drbdadm of DRBD 8.4 reads ${name} as a number or a word of its own where drbdsetup shows it, and would bring the running resource up anew with each \`drbdadm adjust\`: give another name, such as r-${name}`,
  ]);
});

test.each(["1k", "0x1", "1.5", "path", "r0"])("one called %s: with both", (name) => {
  expect([...found({ name }, "8.4"), ...found({ name }, "9")]).toEqual([]);
});

test("link-local addresses: with DRBD 9 alone", () => {
  const [first, second] = r0.sides;
  const sides = [
    { ...first, address: "fe80::1%eth1" },
    { ...second, address: "fe80::2%eth1" },
  ] as const;
  expect(found({ sides }, "9")).toEqual([]);
  expect(found({ sides }, "8.4")).toEqual([
    expect.stringMatching(
      /^nodes\[0\]\.address: fe80::1%eth1 is link-local, and drbdadm of DRBD 8.4 ends the connection/,
    ),
    expect.stringMatching(/^nodes\[1\]\.address: fe80::2%eth1 is link-local/),
  ]);
});

test("a protocol in common: with both", () => {
  const node = desiredNode("alpha");
  const desired = { ...node, common: { ...node.common, net: { protocol: "A" } } };
  expect([...nodeGrammarFailures(desired, "8.4"), ...nodeGrammarFailures(desired, "9")]).toEqual([]);
});

test("an option of one volume's disk that only one version has is told with the volume's number", () => {
  const [volume, ...more] = resourceOf(r0).volumes;
  const desired = { ...resourceOf(r0), volumes: [{ ...volume, disk: { "max-bio-bvecs": "8" } }, ...more] as const };
  expect(grammarFailures(desired, "8.4")).toEqual([]);
  expect(grammarFailures(desired, "9")).toEqual([
    { property: "volumes", reason: 'volume 0: disk["max-bio-bvecs"]: DRBD 9 has no such option' },
  ]);
});
