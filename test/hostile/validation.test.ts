/** Every string that can be given, hostile: refused by the name of its property, and a secret never shown. */
import { formatPath } from "../../provider/core/wanted/failures";
import { parseNode, parseResource } from "../../provider/core/wanted/parse-inputs";
import { goodNode, goodResource } from "./inputs";
import { type Path, hostileFor, nodePaths, places, resourcePaths, trace, valueAt, withValue } from "./strings";

const SECRET = /(password|privateKey|privateKeyPassword|sharedSecret)$/;

/** What is refused is named, in words that a person can read, and no secret stands in them. */
function expectClear(parsed: ReturnType<typeof parseNode> | ReturnType<typeof parseResource>, path: Path): void {
  if (parsed.ok !== false) return;
  const name = formatPath(path);
  // A word may be wrong because of the one in front of it.
  const about = name.replace(/(Options)\[\d\]$/, "$1");
  const unclear = parsed.failures.find(({ reason }) => reason.length < 5 || reason.length > 1000 + name.length);
  const named = parsed.failures.some(({ property, reason }) => property.startsWith(about) || reason.startsWith(about));
  if (!named || unclear !== undefined) throw new Error(`${name}: ${JSON.stringify(parsed.failures).slice(0, 2000)}`);
  if (SECRET.test(name) && JSON.stringify(parsed).includes(trace)) throw new Error(`${name} is shown`);
}

describe.each([
  ["a node", nodePaths, goodNode, parseNode] as const,
  ["a resource", resourcePaths, goodResource, parseResource] as const,
])("%s", (_what, paths, good, parse) => {
  test("is accepted as it is", () => {
    expect(parse(good)).toMatchObject({ ok: true });
  });

  test.each(paths.map((path, index) => [formatPath(path), path, index] as const))("%s", (name, path, index) => {
    const right = valueAt(good, path);
    const all = hostileFor(typeof right === "string" ? right : "1");
    // drbd.conf's hundred options are of a dozen types: each gets a share of the strings, and all of them together all.
    const own = right === undefined ? all.filter((_, at) => (at + index) % 8 === 0) : all;
    for (const value of own) {
      // The sync source is one of the hosts, whatever that is called.
      const given = name === "nodes[0].hostname" ? withValue(good, ["syncSource"], value) : good;
      expectClear(parse(withValue(given, path, value)), path);
    }
  });
});

test.each([
  ["a node's", places.node, goodNode, parseNode] as const,
  ["a resource's", places.resource, goodResource, parseResource] as const,
])("%s names: each is refused by itself, and what was given by it is not shown", (_what, where, good, parse) => {
  for (const place of where) {
    for (const name of hostileFor("net").filter((one, at) => at % 5 === 0 && one !== "")) {
      const parsed = parse(withValue(good, [...place, name], `${trace}-value`));
      if (parsed.ok !== false) throw new Error(`${formatPath(place)} took ${JSON.stringify(name)}`);
      if (JSON.stringify(parsed).includes(`${trace}-value`)) throw new Error(`${formatPath(place)} shows a value`);
      expectClear(parsed, place);
    }
  }
});
