import { keyByHost, wrongDisks } from "../../../provider/core/wanted/disks-by-host";

const hosts = ["alpha", "bravo"];

test.each<[string, Parameters<typeof wrongDisks>[1], string | undefined]>([
  ["a disk on each host", { disks: { alpha: "/dev/a", bravo: "/dev/b" } }, undefined],
  ["a host without a disk", { disks: { alpha: "/dev/a" } }, "disks.bravo"],
  ["a stranger's disk", { disks: { alpha: "/dev/a", bravo: "/dev/b", carol: "/dev/c" } }, "disks.carol"],
  ["metadata on one host", { disks: { alpha: "/dev/a", bravo: "/dev/b" }, metaDisks: { alpha: "/dev/m" } }, undefined],
  [
    "a stranger's metadata",
    { disks: { alpha: "/dev/a", bravo: "/dev/b" }, metaDisks: { carol: "/dev/m" } },
    "metaDisks.carol",
  ],
  [
    "a name that every object has",
    { disks: { alpha: "/dev/a", bravo: "/dev/b", toString: "/dev/c" } },
    "disks.toString",
  ],
])("%s", (_what, given, key) => {
  expect(wrongDisks(hosts, given)?.key).toBe(key);
});

test.each([
  ["nodes[0].disk", "disks.alpha"],
  ["nodes[1].metaDisk", "metaDisks.bravo"],
  ["nodes[2].disk", "nodes[2].disk"],
  ["nodes[0].address", "nodes[0].address"],
  ["syncSource", "syncSource"],
  ["", ""],
])("%s stands in a site's file as %s", (property, key) => {
  expect(keyByHost(property, hosts)).toBe(key);
});
