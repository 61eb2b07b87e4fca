/** What drbdadm 9.22.0 itself prints of five files, with a `common` and without, in both grammars (test/fixtures). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describeChanges } from "../../../provider/core/config/compare-options";
import { changedResources, dumpedResources } from "../../../provider/core/installed/dumped-resources";

const dump = (name: string): string =>
  readFileSync(join(__dirname, "../../fixtures/drbdadm-9.22.0-dump", `${name}.txt`), "utf8");

describe.each(["8.4", "9"])("with the grammar of %s", (grammar) => {
  const [before, after] = [dump(`live-by-common.${grammar}`), dump(`without-common.${grammar}`)];

  test("each resource is known with its file, and whether it is this host's", () => {
    expect(dumpedResources(before).map(({ resource, path, isHere }) => [resource, path, isHere])).toEqual([
      ["far", "/etc/drbd.d/far.res", false],
      ["own", "/etc/drbd.d/own.res", true],
      ["web", "/etc/drbd.d/pairs/web.res", true],
    ]);
  });

  test("one that lives by common changes by all that goes, handlers and startup too; one that says it itself does not", () => {
    expect(
      changedResources(before, after).map((one) => [one.resource, describeChanges(one.changes), one.isMore]),
    ).toEqual([
      [
        "web",
        expect.stringMatching(
          /^(?=.*- protocol A)(?=.*- cram-hmac-alg sha1)(?=.*- shared-secret \(secret\))(?=.*- resync-rate 33M)(?=.*- wfc-timeout 30)(?=.*- fence-peer \/usr\/lib\/drbd\/crm-fence-peer.sh)/,
        ),
        false,
      ],
    ]);
    const [web] = changedResources(before, after);
    expect(web?.changes).toHaveLength(6);
    expect(changedResources(before, before)).toEqual([]);
  });

  test("one that would be defined no more, or whose disk would be another, is never the same", () => {
    expect(changedResources(before, "")).toEqual([
      { resource: "own", changes: [], isMore: true },
      { resource: "web", changes: [], isMore: true },
    ]);
    const moved = before.replaceAll("/dev/vdc;", "/dev/vde;");
    const [web, ...others] = changedResources(before, moved);
    expect(others).toEqual([]);
    expect(web?.changes.map(({ from, to }) => [from, to])).toContainEqual(["/dev/vdc", "/dev/vde"]);
  });

  test("the order, the quotes and the layout mean nothing", () => {
    const other = before.replace(/^( *)protocol( +)A;/m, '$1protocol "A";').replaceAll(/ {2,}/g, " ");
    expect(other).not.toBe(before);
    expect(changedResources(before, other)).toEqual([]);
  });
});
