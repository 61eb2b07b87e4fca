/** What drbdadm 9.22.0 itself prints of five files, with a `common` and without, in both grammars (test/fixtures). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describeChanges } from "../../../provider/core/config/compare-options";
import { changedResources } from "../../../provider/core/installed/changes-by-plan";

const dump = (name: string): string =>
  readFileSync(join(__dirname, "../../fixtures/drbdadm-9.22.0-dump", `${name}.txt`), "utf8");

describe.each(["8.4", "9"])("with the grammar of %s", (grammar) => {
  const [before, after] = [dump(`live-by-common.${grammar}`), dump(`without-common.${grammar}`)];

  test("one that lives by common changes by all that goes, handlers and startup too; one that says it itself does not", () => {
    expect(changedResources(before, after).map((one) => [one.resource, describeChanges(one.changes)])).toEqual([
      [
        "web",
        expect.stringMatching(
          /^(?=.*- protocol A)(?=.*- cram-hmac-alg sha1)(?=.*- shared-secret \(secret\))(?=.*- resync-rate 33M)(?=.*- wfc-timeout 30)(?=.*- fence-peer \/usr\/lib\/drbd\/crm-fence-peer.sh)/,
        ),
      ],
    ]);
    const [web] = changedResources(before, after);
    expect(describeChanges(web?.changes ?? []).split("; ")).toHaveLength(6);
    expect(changedResources(before, before)).toEqual([]);
  });

  test("one that would be defined no more, or whose disk would be another, is never the same", () => {
    expect(changedResources(before, "")).toEqual([
      { resource: "own", changes: [], isGone: true },
      { resource: "web", changes: [], isGone: true },
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
