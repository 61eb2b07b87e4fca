/** Inputs that must be accepted, over the whole width of what is allowed. For laws, and for the real drbdadm. */
import * as fc from "fast-check";
import type { ResourceInputs } from "../../provider/core/wanted/inputs";
import {
  type Grammar,
  type NumberOption,
  type Option,
  type SectionName,
  OPTIONS,
} from "../../provider/core/wanted/option-table";
import { isBareIn84 } from "../../provider/core/wanted/names";
import { DIGESTS, HMAC_DIGESTS, numberOf, refusedByGrammar } from "../../provider/core/wanted/option-value";

const characters = (text: string): fc.Arbitrary<string> => fc.constantFrom(...text.split(/(?:)/));

const edges = (min: number, max: number): fc.Arbitrary<number> =>
  fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max));

function arbitraryNumber(option: NumberOption, grammar: Grammar): fc.Arbitrary<number | string> {
  const { min, max } = option.limits?.[grammar] ?? option;
  const plain = edges(min, max);
  const suffixed = ["K", "M", "G", "s"].flatMap((suffix) => {
    const scale = numberOf(option, `1${suffix}`);
    if (scale === undefined || Math.ceil(min / scale) > Math.floor(max / scale)) return [];
    const numbers = edges(Math.ceil(min / scale), Math.floor(max / scale));
    const spellings = suffix === "s" ? fc.constant("s") : fc.constantFrom(suffix, suffix.toLowerCase());
    return [fc.tuple(numbers, spellings).map((parts) => parts.join(""))];
  });
  return fc.oneof(plain, plain.map(String), ...suffixed);
}

const command = fc
  .string({ unit: characters(` !"#$%&'()*+,-./0189:;<=>?@AZ[\\]^_az{|}~`), minLength: 1, maxLength: 60 })
  .filter((text) => text.trim() !== "");

/** A value that is right for an option. */
export function arbitraryValue(option: Option, grammar: Grammar): fc.Arbitrary<string | number | boolean> {
  switch (option.type) {
    case "number":
      return arbitraryNumber(option, grammar);
    case "boolean":
    case "flag":
      return fc.constantFrom(true, false, "yes", "no", "true", "false");
    case "enum":
      return fc.constantFrom(...((grammar === "8.4" ? option.valuesOf84 : undefined) ?? option.values));
    case "number-or-symbol":
      return fc.oneof(fc.constantFrom(...option.symbols), edges(option.min, option.max));
    case "digest":
      return fc.constantFrom(...DIGESTS, "crc32c-intel", "crct10dif-pclmul", "sha3-256-generic", "");
    case "command":
      return command;
    case "transport":
      return fc.constantFrom("tcp", "rdma", "lb-tcp");
    case "cpu-mask":
      return fc.constantFrom("", "3", "ff,ffffffff", 7);
    case "resource":
      return fc.constantFrom("r1", "other", "web.data/1");
  }
}

type GivenOptions = Record<string, string | number | boolean | undefined>;

/** A section with some of its options, all known to the grammar. */
export function arbitrarySection(section: SectionName, grammar: Grammar): fc.Arbitrary<GivenOptions> {
  const options = Object.entries(OPTIONS[section]).filter(([, option]) => (option.only ?? grammar) === grammar);
  return fc.record(
    Object.fromEntries(
      options.map(([name, option]) => [name, fc.option(arbitraryValue(option, grammar), { freq: 2, nil: undefined })]),
    ),
    {
      requiredKeys: [],
    },
  );
}

const word = (first: string, more: string, longest: number): fc.Arbitrary<string> =>
  fc
    .tuple(characters(first), fc.string({ unit: characters(more), maxLength: longest - 1 }))
    .map(([head, tail]) => head + tail);

const LETTERS = "abcxyzABZ0189";
const hostname = fc
  .oneof(
    word("abcxyzABZ", LETTERS, 12),
    word("abc", `${LETTERS}-_`, 20),
    fc.constantFrom("disk", "proxy", "on", "net", "10web", "node1.example.com"),
  )
  .filter((name) => /[A-Za-z0-9]$/.test(name));
const resourceName = fc.oneof(
  word("rdw", `${LETTERS}._-`, 63),
  fc.constantFrom("r0", "web-data", "a", "r0.res", "0a", "101", "10M", "net"),
);
const disk = fc.constantFrom(
  "/dev/vdb",
  "/dev/sda7",
  "/dev/nvme0n1p3",
  "/dev/vg0/r0",
  "/dev/mapper/vg0-r0",
  "/dev/disk/by-id/virtio-0001",
  "/dev/disk/by-path/pci-0000:00:1f.2-ata-1",
  "/dev/disk/by-id/dm-uuid-LVM-a+b=c@d,e",
  `/dev/${"x".repeat(122)}`,
);
const ipv4 = fc
  .tuple(
    fc.integer({ min: 1, max: 223 }).filter((n) => n !== 127),
    fc.nat(255),
    fc.nat(255),
    fc.nat(255),
  )
  .map((parts) => parts.join("."));
const ipv6 = fc
  .tuple(
    fc.constantFrom("fd00", "fd12", "2001"),
    fc.array(fc.constantFrom("0", "1", "ABCD", "ffff", "0db8"), { minLength: 7, maxLength: 7 }),
  )
  .map(([head, tail]) => [head, ...tail].join(":"));
const port = edges(1, 65535);

const secret = fc
  .string({ unit: characters("abzABZ0189 !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"), minLength: 1, maxLength: 63 })
  .filter((text) => text !== "(secret)");

const filesystem = fc.record(
  {
    type: fc.constant("xfs" as const),
    label: word(LETTERS, `${LETTERS}._-`, 12),
    mkfsOptions: fc.constantFrom([], ["-m", "reflink=0"], ["-K", "-i", "size=512"], ["-lsize=64m"]),
    mountPoint: fc.constantFrom("/srv/data", "/data", "/var/lib/postgresql", "/usr/local/data", "/home/shared"),
  },
  { requiredKeys: [] },
);

/** Takes out what does not go together (conflicts.ts), so that the rest must be accepted. */
function reconcile(inputs: Record<string, unknown> & { net: GivenOptions }): unknown {
  const net = { ...inputs.net };
  const two = ["yes", "true"].includes(String(net["allow-two-primaries"]));
  const protocol = two ? "C" : net["on-congestion"] === "pull-ahead" ? "A" : inputs["protocol"];
  if (two && net["on-congestion"] === "pull-ahead") net["on-congestion"] = undefined;
  return { ...inputs, net, protocol, ...(two ? { filesystem: undefined } : {}) };
}

const differing = <T>(one: fc.Arbitrary<T>, differ: (a: T, b: T) => boolean): fc.Arbitrary<[T, T]> =>
  fc.tuple(one, one).filter(([a, b]) => differ(a, b));

/** What `DrbdResource` must accept, and a module of this kind can use. */
export function arbitraryResource(grammar: Grammar): fc.Arbitrary<ResourceInputs> {
  const short = (name: string): string => name.toLowerCase().split(".")[0]!;
  return fc
    .record({
      name: resourceName,
      hostnames: differing(hostname, (a, b) => short(a) !== short(b)),
      addresses: fc.oneof(
        differing(ipv4, (a, b) => a !== b),
        differing(
          ipv6,
          (a, b) => a.toLowerCase().replaceAll("0db8", "db8") !== b.toLowerCase().replaceAll("0db8", "db8"),
        ),
      ),
      disks: fc.tuple(disk, disk),
      metaDisks: fc.tuple(
        fc.constantFrom(undefined, "internal", "/dev/vdz", "/dev/vdz[0]", "/dev/vdz [3]"),
        fc.constantFrom(undefined, "/dev/meta/r0"),
      ),
      minor: edges(0, 1048575),
      port,
      protocol: fc.constantFrom("A", "B", "C", undefined),
      auth: fc.constantFrom(true, undefined),
      sharedSecret: fc.option(secret, { nil: undefined }),
      cramHmacAlg: fc.constantFrom(undefined, ...HMAC_DIGESTS, "sha1-ssse3"),
      net: arbitrarySection("net", grammar),
      disk: arbitrarySection("disk", grammar),
      options: arbitrarySection("options", grammar),
      startup: arbitrarySection("startup", grammar),
      handlers: arbitrarySection("handlers", grammar),
      filesystem: fc.option(filesystem, { nil: undefined }),
      source: fc.constantFrom(0, 1),
    })
    .map(({ hostnames, addresses, disks, metaDisks, source, ...rest }) => {
      const nodes = ([0, 1] as const).map((index) => ({
        hostname: hostnames[index],
        address: addresses[index],
        connection: { host: `host${index}` },
        disk: disks[index],
        metaDisk: metaDisks[index],
      }));
      return reconcile({ ...rest, nodes, syncSource: hostnames[source] }) as ResourceInputs;
    })
    .filter(
      (inputs) =>
        inputs.disk?.["resync-after"]?.split("/")[0] !== inputs.name &&
        (grammar === "9" || isBareIn84(inputs.name)) &&
        Object.entries(OPTIONS).every(([section, options]) =>
          Object.entries(options).every(([name, option]) => {
            const value = (inputs as unknown as Record<string, GivenOptions | undefined>)[section]?.[name];
            return value === undefined || refusedByGrammar(option, String(value), grammar) === undefined;
          }),
        ),
    );
}
