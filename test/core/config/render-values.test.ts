import { renderValues } from "../../../provider/core/config/render-values";
import { resourceOf } from "../one-volume";
import { r0, xfs } from "../observed-builder";

const desired = resourceOf({ ...r0, filesystem: { ...xfs, mountPoint: "/srv/my data" } });
const [alpha, bravo] = desired.hosts;
const lines = (...given: Parameters<typeof renderValues>) => renderValues(...given).split("\n");

test("each host is told of its peer, of the mounts as fstab has them, and of the services", () => {
  expect(lines({ ...desired, services: ["web.service", "db.service"] }, 1)).toEqual([
    "# Managed by pulumi-drbd: what drbd-where, drbd-takeover and drbd-handback know of r0.",
    "resource r0",
    "host bravo",
    "peer alpha",
    "peer-address 10.1.1.31",
    "mount /dev/drbd1 /srv/my\\040data",
    "service web.service",
    "service db.service",
    "",
  ]);
});

test("the address over which Pulumi reaches the peer is one more by which it can be seen to be alive", () => {
  const reached = {
    ...desired,
    hosts: [alpha, { ...bravo, reachedAt: { host: "bravo.example", port: 2222 } }] as const,
  };
  expect(lines(reached, 0)).toContain("peer-address bravo.example 2222");
  expect(lines(reached, 1).join()).not.toContain("bravo.example");
});

test("several volumes with other minors on each host; one that is not mounted is left out", () => {
  const [first] = desired.volumes;
  const [here, there] = first.places;
  const second = {
    ...first,
    number: 1,
    places: [
      { ...here, minor: 2 },
      { ...there, minor: 7 },
    ] as const,
    filesystem: { ...xfs, mountPoint: "/srv/logs" },
  };
  const third = { ...first, number: 2, filesystem: { ...xfs, mountPoint: undefined } };
  const several = { ...desired, volumes: [first, second, third] as const };
  expect(lines(several, 1).filter((line) => line.startsWith("mount"))).toEqual([
    "mount /dev/drbd1 /srv/my\\040data",
    "mount /dev/drbd7 /srv/logs",
  ]);
});
