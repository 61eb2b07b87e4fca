import { describeMeaning } from "../../../provider/core/adopted/meaning-as-inputs";
import { resourceInputs } from "../../../provider/core/adopted/site-inputs";
import { parseDump } from "../../../provider/core/config/parse-dump";
import { corpusDumps } from "./corpus-dumps";

test("options of one volume's disk stand in that volume, as a site has them", () => {
  const [r0] = parseDump(corpusDumps("8.4").get("volumes-disk-options") ?? "");
  if (r0 === undefined) throw new Error("the corpus has no such definition");
  const { inputs } = describeMeaning(
    [r0, r0],
    [
      { hostname: "alpha", addresses: [] },
      { hostname: "bravo", addresses: [] },
    ],
  );
  if (inputs === undefined) throw new Error("it cannot be described");
  const site = resourceInputs(inputs, {}, { syncSource: "alpha", filesystems: new Map(), ignoreManagers: [] });
  expect(site.volumes).toEqual([
    { volume: 0, minor: 1, disks: { alpha: "/dev/vdb", bravo: "/dev/vdb" } },
    {
      volume: 1,
      minor: 2,
      disks: { alpha: "/dev/vdc", bravo: "/dev/vdc" },
      disk: { "al-extents": 6007, "disk-flushes": false, "md-flushes": false },
    },
  ]);
});
