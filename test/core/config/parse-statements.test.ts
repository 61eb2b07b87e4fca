import * as fc from "fast-check";
import { parseResFile } from "../../../provider/core/config/found-resource";
import { redactSecrets } from "../../../provider/core/config/shared-secret";
import { effectiveOptions } from "../../../provider/core/config/compare-options";

const secretOf = (text: string, resource = "r0") => effectiveOptions([text], resource).get("net shared-secret");

/** As a tutorial has it, by hand. */
const BY_HAND = String.raw`
# resource old { }
resource "r0" {   # the first
  protocol C;
  device    /dev/drbd0;
  meta-disk internal;
  disk { on-io-error detach; }
  net { cram-hmac-alg sha1; shared-secret "it's \"so\" secret; }"; }
  syncer { rate 10M; }
  on alpha { disk /dev/sda7; address 10.0.0.1:7788; }
  on bravo { disk "/dev/disk/by-id/x;y"; address ipv4 10.0.0.2 : 7788; meta-disk /dev/sdc1 [0]; device minor 5; }
}
`;

test("a file by hand", () => {
  expect(parseResFile(BY_HAND)).toEqual([
    {
      resource: "r0",
      volumes: [
        { host: "alpha", volume: 0, minor: 0, disk: "/dev/sda7", metaDisk: "internal" },
        { host: "bravo", volume: 0, minor: 5, disk: "/dev/disk/by-id/x;y", metaDisk: "/dev/sdc1[0]" },
      ],
      addresses: [
        { host: "alpha", address: "10.0.0.1", port: 7788 },
        { host: "bravo", address: "10.0.0.2", port: 7788 },
      ],
      hosts: ["alpha", "bravo"],
      paths: 0,
      proxies: [],
      nodeIds: [],
    },
  ]);
  expect(secretOf(BY_HAND)).toBe('it\'s "so" secret; }');
});

test("volumes, node ids, connections and IPv6, as DRBD 9 has them", () => {
  const text = `
    common { net { shared-secret common; } }
    skip resource not-this-one { on alpha { disk /dev/sdz; } }
    resource r1 {
      volume 0 { device drbd10; disk /dev/vg/a; meta-disk internal; }
      volume 1 { device /dev/drbd_data minor 11; disk none; meta-disk internal; }
      on alpha bravo-standby { node-id 0; address ipv6 [fd00::1%eth0]:7789; volume 1 { disk /dev/vg/b; } }
      on bravo { node-id 1; address 10.0.0.2:7789; }
      connection { host alpha port 7790; host bravo address 10.9.0.2:7790 via proxy on x { inside 1.1.1.1:1; }
        net { shared-secret mine; } }
    }
    resource r2 { floating 10.0.0.5:7000 { device minor 20; disk /dev/sdx; meta-disk internal; } }
    include "other/*.res";
  `;
  expect(parseResFile(text)).toEqual([
    {
      resource: "r1",
      volumes: [
        { host: "alpha", volume: 0, minor: 10, disk: "/dev/vg/a", metaDisk: "internal" },
        { host: "alpha", volume: 1, minor: 11, disk: "/dev/vg/b", metaDisk: "internal" },
        { host: "bravo-standby", volume: 0, minor: 10, disk: "/dev/vg/a", metaDisk: "internal" },
        { host: "bravo-standby", volume: 1, minor: 11, disk: "/dev/vg/b", metaDisk: "internal" },
        { host: "bravo", volume: 0, minor: 10, disk: "/dev/vg/a", metaDisk: "internal" },
        { host: "bravo", volume: 1, minor: 11, metaDisk: "internal" },
      ],
      addresses: [
        { host: "alpha", address: "fd00::1", port: 7789 },
        { host: "bravo-standby", address: "fd00::1", port: 7789 },
        { host: "bravo", address: "10.0.0.2", port: 7789 },
        { host: "alpha", address: "fd00::1", port: 7790 },
        { host: "bravo", address: "10.9.0.2", port: 7790 },
      ],
      hosts: ["alpha", "bravo-standby", "bravo"],
      paths: 1,
      proxies: [{ host: "x", address: "1.1.1.1", port: 1 }],
      nodeIds: [
        { host: "alpha", nodeId: 0 },
        { host: "bravo-standby", nodeId: 0 },
        { host: "bravo", nodeId: 1 },
      ],
    },
    {
      resource: "r2",
      volumes: [{ host: "10.0.0.5:7000", volume: 0, minor: 20, disk: "/dev/sdx", metaDisk: "internal" }],
      addresses: [{ host: "10.0.0.5:7000", address: "10.0.0.5", port: 7000 }],
      hosts: ["10.0.0.5:7000"],
      paths: 0,
      proxies: [],
      nodeIds: [],
    },
  ]);
  expect([secretOf(text, "r1"), secretOf(text, "r2")]).toEqual(["mine", "common"]);
});

test.each([
  ["nothing", "", 0],
  ["a comment", "# resource r0 { on a { disk /dev/x; } }", 0],
  ["a file cut off", "resource r0 {\n on alpha { disk /dev/vdb; address 10.0.0.1:1", 1],
  ["too many braces", "}}} resource r0 { on alpha { disk /dev/vdb; } }", 1],
  ["an open quote", 'resource r0 { on alpha { disk "/dev/vdb; } }', 1],
  ["another language", "<xml><resource name='r0'/></xml>", 0],
])("%s is read as far as it goes", (_what, text, count) => {
  expect(parseResFile(text)).toHaveLength(count);
});

test("a file cut off in the middle of an address still tells its disk", () => {
  expect(parseResFile("resource r0 {\n on alpha { disk /dev/vdb; address 10.0.0.1:1")[0]).toMatchObject({
    volumes: [{ host: "alpha", disk: "/dev/vdb" }],
  });
});

test("nothing makes the readers throw or hang", () => {
  const pieces = fc.constantFrom(
    "resource",
    "r0",
    "{",
    "}",
    ";",
    '"',
    "\\",
    "#",
    "\n",
    " ",
    "on",
    "alpha",
    "disk",
    "/dev/vdb",
    "address",
    "10.0.0.1:1",
    "shared-secret",
    "=",
    "[",
    "]",
    "skip",
    "'",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: "binary" }),
        fc.array(pieces, { maxLength: 200 }).map((parts) => parts.join("")),
      ),
      (text) => {
        parseResFile(text);
        secretOf(text);
        redactSecrets(text);
      },
    ),
    { numRuns: 500 },
  );
  const long = [
    "{".repeat(100_000),
    'shared-secret "'.repeat(20_000),
    "shared-secret ".repeat(20_000),
    `shared-secret ${"\\".repeat(100_001)}`,
    "shared-secret #\n".repeat(20_000),
  ];
  const start = performance.now();
  for (const text of long) {
    parseResFile(text);
    secretOf(text);
    redactSecrets(text);
  }
  expect(performance.now() - start).toBeLessThan(5000);
});

describe("redactSecrets", () => {
  test.each([
    ['shared-secret "hunter2";', 'shared-secret "(secret)";'],
    ["shared-secret hunter2;", 'shared-secret "(secret)";'],
    ["shared-secret\thunter2 ;", 'shared-secret\t"(secret)" ;'],
    ['shared-secret\n  # why\n  "hunter2";', 'shared-secret\n  # why\n  "(secret)";'],
    [String.raw`shared-secret "hun\"te;r2" ; verify-alg md5;`, 'shared-secret "(secret)" ; verify-alg md5;'],
    ['# shared-secret "hunter2";', '# shared-secret "(secret)";'],
    ['shared-secret "hunter2', 'shared-secret "(secret)"'],
    [
      "drbdsetup net-options r0 1 --shared-secret=hunter2 --timeout=60",
      'drbdsetup net-options r0 1 --shared-secret="(secret)" --timeout=60',
    ],
    [String.raw`--shared-secret=a\;b\ c --timeout=60`, '--shared-secret="(secret)" --timeout=60'],
    ["--shared-secret 'hun ter2' --timeout=60", '--shared-secret "(secret)" --timeout=60'],
    ["'--shared-secret=hun ter2' --timeout=60", "'--shared-secret=(secret)' --timeout=60"],
    ["nothing here", "nothing here"],
  ])("%j", (text, shown) => {
    expect(redactSecrets(text)).toBe(shown);
  });

  test("once is enough", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(..."shared-secret \"'\\;=#\nab".split(/(?:)/), "shared-secret") }),
        (text) => {
          const once = redactSecrets(text);
          expect(redactSecrets(once)).toBe(once);
        },
      ),
    );
  });
});
