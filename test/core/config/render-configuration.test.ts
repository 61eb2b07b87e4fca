import { metaDiskText } from "../../../provider/core/wanted/metadata-place";
import { oneVolumeOf } from "../one-volume";
import { resourceOf } from "../one-volume";
import { type OneVolume } from "../one-volume";
import * as fc from "fast-check";
import { parseResFile } from "../../../provider/core/config/found-resource";
import { redactSecrets } from "../../../provider/core/config/shared-secret";
import { renderGlobalCommon, renderResource } from "../../../provider/core/config/render-configuration";
import { grammarFailures, nodeGrammarFailures } from "../../../provider/core/config/grammar-failures";
import { changedOptions, describeChanges, effectiveOptions } from "../../../provider/core/config/compare-options";
import type { DesiredNode } from "../../../provider/core/wanted/desired";
import type { Grammar } from "../../../provider/core/wanted/option-table";
import { optionWarnings } from "../../../provider/core/wanted/option-warnings";
import { parseNode, parseResource } from "../../../provider/core/wanted/parse-inputs";
import { arbitraryResource } from "../arbitrary-inputs";

const connection = { host: "unused" };
const inputs = {
  name: "r0",
  minor: 1,
  port: 7789,
  syncSource: "alpha",
  sharedSecret: "s3cr3t;}#",
  nodes: [
    { hostname: "bravo", address: "FD00:0::2", connection: { host: "b" }, disk: "/dev/disk/by-path/pci-0:1" },
    { hostname: "alpha", address: "fd00::1", connection: { host: "a" }, disk: "/dev/vdb", metaDisk: "/dev/vdc" },
  ],
  net: { "max-buffers": "36k", "verify-alg": "crc32c", "tcp-cork": true },
  disk: { "c-max-rate": "100M", "resync-after": "disk/1" },
  options: { "cpu-mask": 3 },
  startup: { "wfc-timeout": 60 },
  handlers: { "split-brain": String.raw`/bin/echo "a\b" # no; comment }` },
};

function wanted(given: object = inputs): OneVolume {
  const parsed = parseResource(given);
  if (parsed.ok !== true) throw new Error(JSON.stringify(parsed, null, 2));
  return oneVolumeOf(parsed.desired);
}

function wantedNode(given: object): DesiredNode {
  const parsed = parseNode({ hostname: "alpha", address: "10.0.0.1", connection, ...given });
  if (parsed.ok !== true) throw new Error(JSON.stringify(parsed, null, 2));
  return parsed.desired;
}

test("a resource, for DRBD 9", () => {
  expect(renderResource(resourceOf(wanted()), "9")).toBe(
    String.raw`# Managed by pulumi-drbd: what is changed here by hand is overwritten by the next ${"`pulumi up`"}.
resource r0 {
    net {
        protocol C;
        cram-hmac-alg "sha256";
        shared-secret "s3cr3t;}#";
        fencing resource-only;
        max-buffers 36K;
        tcp-cork yes;
        verify-alg "crc32c";
    }
    disk {
        c-max-rate 100M;
        resync-after disk/1;
    }
    options {
        cpu-mask "3";
    }
    startup {
        wfc-timeout 60;
    }
    handlers {
        split-brain "/bin/echo \"a\\b\" # no; comment }";
    }
    on bravo {
        node-id 1;
        device /dev/drbd1 minor 1;
        disk "/dev/disk/by-path/pci-0:1";
        meta-disk internal;
        address ipv6 [fd00::2]:7789;
    }
    on alpha {
        node-id 0;
        device /dev/drbd1 minor 1;
        disk /dev/vdb;
        meta-disk /dev/vdc;
        address ipv6 [fd00::1]:7789;
    }
}
`,
  );
});

test("for DRBD 8.4 fencing stands under disk, and there are no node ids", () => {
  const text = renderResource(resourceOf(wanted()), "8.4");
  expect(text).toMatch(/disk \{\n {8}c-max-rate 100M;\n {8}fencing resource-only;\n/);
  expect(text.match(/fencing/g)).toHaveLength(1);
  expect(text).not.toContain("node-id");
});

test("node ids stay with their hosts when the inputs are turned round, and can be those that are there already", () => {
  const ids = (text: string): unknown =>
    Object.fromEntries(parseResFile(text)[0]!.nodeIds.map(({ host, nodeId }) => [host, nodeId]));
  const turned = { ...inputs, nodes: [...inputs.nodes].reverse() };
  expect(ids(renderResource(resourceOf(wanted()), "9"))).toEqual({ alpha: 0, bravo: 1 });
  expect(ids(renderResource(resourceOf(wanted(turned)), "9"))).toEqual({ alpha: 0, bravo: 1 });
  expect(ids(renderResource(resourceOf(wanted()), "9", { nodeIds: [0, 1] }))).toEqual({ bravo: 0, alpha: 1 });
});

test("hosts that are called like a keyword or begin with a digit are quoted where they must be", () => {
  const nodes = [
    { ...inputs.nodes[0], hostname: "disk" },
    { ...inputs.nodes[1], hostname: "10web" },
  ];
  const text = renderResource(resourceOf(wanted({ ...inputs, nodes, syncSource: "disk" })), "8.4");
  expect(text).toContain('on "disk" {');
  expect(text).toContain("on 10web {");
});

test("without authentication there is no algorithm and no secret", () => {
  const text = renderResource(resourceOf(wanted({ ...inputs, auth: false, sharedSecret: undefined })), "9");
  expect(text).not.toMatch(/cram-hmac|shared-secret/);
});

test("global_common.conf of a node that sets nothing is Debian's, without its comments", () => {
  expect(renderGlobalCommon(wantedNode({})))
    .toBe(`# Managed by pulumi-drbd: what is changed here by hand is overwritten by the next \`pulumi up\`.
global {
    udev-always-use-vnr;
    usage-count no;
}
common {
}
`);
});

test("global_common.conf with everything", () => {
  const node = wantedNode({
    global: {
      "usage-count": true,
      "udev-always-use-vnr": false,
      "cmd-timeout-short": 7,
      "disable-ip-verification": "yes",
    },
    common: {
      net: { "ping-int": 20 },
      disk: { "on-io-error": "detach" },
      handlers: { "out-of-sync": "/bin/true" },
    },
  });
  expect(renderGlobalCommon(node, "8.4"))
    .toBe(`# Managed by pulumi-drbd: what is changed here by hand is overwritten by the next \`pulumi up\`.
global {
    cmd-timeout-short 7;
    disable-ip-verification;
    usage-count yes;
}
common {
    net {
        ping-int 20;
    }
    disk {
        on-io-error detach;
    }
    handlers {
        out-of-sync "/bin/true";
    }
}
`);
});

test("what only one of the grammars has is named for the other", () => {
  const resource = wanted({
    ...inputs,
    net: { "rr-conflict": "retry-connect", "unplug-watermark": 128 },
    disk: { "c-max-rate": 100, "resync-rate": 8388608 },
    options: { quorum: "majority" },
  });
  expect(grammarFailures(resourceOf(resource), "8.4").map(({ property }) => property)).toEqual([
    'net["rr-conflict"]',
    'disk["c-max-rate"]',
    'disk["resync-rate"]',
    "options.quorum",
  ]);
  expect(grammarFailures(resourceOf(resource), "9")).toEqual([
    { property: 'net["unplug-watermark"]', reason: "DRBD 9 has no such option" },
  ]);
  const node = wantedNode({ common: { handlers: { "quorum-lost": "/bin/true" } } });
  expect(nodeGrammarFailures(node, "8.4")).toEqual([
    { property: 'common.handlers["quorum-lost"]', reason: "DRBD 8.4 has no such option" },
  ]);
  expect(nodeGrammarFailures(node, "9")).toEqual([]);
});

test.each([
  [{ algorithm: "sha1", secret: "" }, 'cram-hmac-alg "sha1";', "shared-secret"],
  [{ algorithm: "", secret: "s3cr3t-s3cr3t" }, 'shared-secret "(secret)";', "cram-hmac-alg"],
])("an algorithm alone, or a secret alone, is written alone: %j", (auth, line, other) => {
  const text = renderResource(resourceOf({ ...wanted(inputs), auth }), "8.4", { redact: true });
  expect(text).toContain(line);
  expect(text).not.toContain(other);
});

describe.each(["8.4", "9"] as const)("laws, grammar %s", (grammar: Grammar) => {
  const resources = arbitraryResource(grammar).map((given) => wanted(given));

  test("what is accepted becomes plain ASCII lines that both readers understand", () => {
    fc.assert(
      fc.property(resources, (resource) => {
        const text = renderResource(resourceOf(resource), grammar);
        expect(text).toMatch(/^[\x20-\x7e\n]*$/);
        expect(grammarFailures(resourceOf(resource), grammar)).toEqual([]);
        expect(effectiveOptions([text], resource.name).get("net shared-secret")).toBe(
          resource.auth === null ? undefined : (resource.auth.secret ?? "(secret)"),
        );
        const { sides, minor, port } = resource;
        const [found, ...more] = parseResFile(text);
        expect(more).toEqual([]);
        expect(found).toMatchObject({
          resource: resource.name,
          volumes: sides.map(({ hostname: host, disk, ...place }) => {
            return { host, volume: 0, minor, disk, metaDisk: metaDiskText(place) };
          }),
          addresses: sides.map(({ hostname: host, address }) => ({ host, address, port })),
        });
        expect(new Set(found!.nodeIds.map(({ nodeId }) => nodeId)).size).toBe(grammar === "9" ? 2 : 0);
      }),
    );
  });

  test("what overrules who is newer is written only where it was given, and a plan then warns of it", () => {
    let given = 0;
    fc.assert(
      fc.property(resources, (resource) => {
        const { net } = resource.sections;
        const overruling = /^ *(after-sb-[0-2]pri|rr-conflict|always-asbp)\b/gm;
        const written = [...renderResource(resourceOf(resource), grammar).matchAll(overruling)].map(
          ([, name]) => name ?? "",
        );
        for (const name of written) expect(Object.keys(net)).toContain(name);
        const gives = written.filter((name) => !["disconnect", "retry-connect", "no"].includes(String(net[name])));
        const warned = optionWarnings(resource.sections).join("\n");
        for (const name of gives) expect(warned).toContain(`net: ${name} ${String(net[name])}`);
        given += gives.length;
      }),
      { numRuns: 500 },
    );
    expect(given).toBeGreaterThan(20);
  });

  test("the same inputs give the same bytes, in whatever order their options were written", () => {
    fc.assert(
      fc.property(arbitraryResource(grammar), (given) => {
        const turned = Object.fromEntries(
          Object.entries(given as unknown as Record<string, unknown>)
            .reverse()
            .map(([key, value]) => [
              key,
              typeof value === "object" && value !== null && !Array.isArray(value)
                ? Object.fromEntries(Object.entries(value).reverse())
                : value,
            ]),
        );
        expect(renderResource(resourceOf(wanted(turned)), grammar)).toBe(
          renderResource(resourceOf(wanted(given)), grammar),
        );
      }),
    );
  });

  test("two resources with the same text want the same of DRBD", () => {
    const ofDrbd = ({ name, minor, port, protocol, sides, sections, auth }: OneVolume): unknown => ({
      name,
      minor,
      port,
      protocol,
      sides,
      sections,
      auth,
    });
    fc.assert(
      fc.property(
        resources,
        resources,
        fc.constantFrom("name", "minor", "port", "protocol", "sides", "sections", "auth"),
        (one, other, key) => {
          const mixed = { ...one, [key]: other[key as keyof OneVolume] };
          const same = renderResource(resourceOf(mixed), grammar) === renderResource(resourceOf(one), grammar);
          const wantsTheSame = JSON.stringify(ofDrbd(mixed)) === JSON.stringify(ofDrbd(one));
          expect(same).toBe(wantsTheSame);
        },
      ),
    );
  });

  test("a redacted text holds no secret, and is the text with its secret taken out", () => {
    fc.assert(
      fc.property(resources, (resource) => {
        const text = renderResource(resourceOf(resource), grammar);
        const shown = renderResource(resourceOf(resource), grammar, { redact: true });
        expect(redactSecrets(text)).toBe(shown);
        const secret = resource.auth?.secret;
        if (secret !== undefined && secret.length > 8) expect(shown).not.toContain(secret);
      }),
    );
  });
});

test("options of one volume's disk stand in that volume, on both hosts", () => {
  const disks = { alpha: "/dev/vdb", bravo: "/dev/vdb" };
  const parsed = parseResource({
    name: "r0",
    port: 7789,
    syncSource: "alpha",
    nodes: ["alpha", "bravo"].map((hostname, index) => ({
      hostname,
      address: `10.0.0.${index + 1}`,
      connection: { host: hostname },
    })),
    disk: { "on-io-error": "detach" },
    volumes: [
      { volume: 0, minor: 1, disks, disk: { "disk-flushes": false, "md-flushes": false } },
      { volume: 1, minor: 2, disks: { alpha: "/dev/vdc", bravo: "/dev/vdc" } },
    ],
  });
  if (parsed.ok !== true) throw new Error(JSON.stringify(parsed));
  const text = renderResource(parsed.desired, "8.4");
  const block = `        volume 0 {
            device /dev/drbd1 minor 1;
            disk /dev/vdb;
            meta-disk internal;
            disk {
                disk-flushes no;
                md-flushes no;
            }
        }
`;
  expect(text.split(block)).toHaveLength(3);
  expect(text.match(/on-io-error detach;/g)).toHaveLength(1);
  const before = effectiveOptions([text.replaceAll("disk-flushes no;", "")], "r0");
  expect(describeChanges(changedOptions(before, effectiveOptions([text], "r0")))).toBe("+ disk-flushes no");
});
