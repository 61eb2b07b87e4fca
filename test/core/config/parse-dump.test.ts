import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseDump } from "../../../provider/core/config/parse-dump";
import type { ResourceMeaning } from "../../../provider/core/config/resource-meaning";

const folder = path.join(__dirname, "../../fixtures/drbdadm-dump");

const dump = (grammar: "8.4" | "9", name: string): string =>
  readFileSync(path.join(folder, grammar, `${name}.txt`), "utf8");

function resource(grammar: "8.4" | "9", name: string, called = "r0"): ResourceMeaning {
  const found = parseDump(dump(grammar, name)).find((one) => one.name === called);
  if (found === undefined) throw new Error(`${called} is not in the dump`);
  return found;
}

const allDumps = (["8.4", "9"] as const).flatMap((grammar) =>
  readdirSync(path.join(folder, grammar)).map((file) => ({ grammar, name: file.replace(/\.txt$/, "") })),
);

test.each(allDumps)("every statement of $grammar/$name has its place", ({ grammar, name }) => {
  const unsupported = ["proxy-in-host", "alternate-link-address"];
  for (const { hosts, connections, unknown } of parseDump(dump(grammar, name))) {
    const inHosts = unsupported.includes(name) ? [] : hosts.flatMap((host) => host.unknown);
    expect([...unknown, ...inHosts, ...connections.flatMap((one) => one.unknown)]).toEqual([]);
  }
});

test("a host has all its volumes, with what they inherit", () => {
  const { hosts } = resource("8.4", "volumes-two");
  expect(
    hosts.map(({ names, volumes }) => [names, volumes.map(({ number, minor, disk }) => [number, minor, disk])]),
  ).toEqual(
    ["alpha", "bravo"].map((host) => [
      [host],
      [
        [0, 1, "/dev/vdb"],
        [1, 2, "/dev/vdc"],
      ],
    ]),
  );
});

test("a device's own name, an index, and no disk", () => {
  const first = (name: string): unknown => resource("9", name).hosts[0]?.volumes[0];
  expect(first("device-own-name")).toMatchObject({ device: "/dev/drbd_data", minor: 1 });
  expect(first("meta-disk-indexed")).toMatchObject({ metaDisk: "/dev/vdc", metaIndex: 1 });
  expect(first("disk-none")).toMatchObject({ disk: "none" });
});

test("`common` and templates are in the resource", () => {
  const common = resource("8.4", "common-overridden");
  expect(Object.fromEntries(common.net)).toEqual({ protocol: "C", timeout: "90" });
  expect(common.handlers.get("split-brain")).toBe("/bin/true");
  const template = resource("9", "template-file");
  expect(Object.fromEntries(template.connections[0]?.net ?? [])).toMatchObject({
    protocol: "B",
    "max-buffers": "4096",
  });
  expect(template.unknown).toEqual([]);
});

test("DRBD 9's connections, paths and node ids", () => {
  const { connections, hosts } = resource("9", "path-two");
  expect(hosts.map(({ nodeId }) => nodeId)).toEqual([0, 1]);
  expect(connections).toHaveLength(1);
  expect(connections[0]?.paths.map((ends) => ends.map(({ host, endpoint }) => [host, endpoint?.address]))).toEqual([
    [
      ["alpha", "10.0.0.1"],
      ["bravo", "10.0.0.2"],
    ],
    [
      ["alpha", "10.1.0.1"],
      ["bravo", "10.1.0.2"],
    ],
  ]);
  expect(resource("9", "hosts-three-connections").connections).toHaveLength(3);
});

test("options of a connection's volumes", () => {
  const [connection] = resource("9", "connection-disk-options").connections;
  expect(Object.fromEntries(connection?.volumes.get(0) ?? [])).toEqual({ "c-max-rate": "20M", "c-min-rate": "1M" });
});

test("floating, stacked, proxy, several names, quotes", () => {
  expect(resource("8.4", "floating").hosts).toMatchObject([
    { names: [], isFloating: true, endpoint: { family: "ipv4", address: "10.0.0.1", port: 7788 } },
    { names: [], isFloating: true, endpoint: { address: "10.0.0.2" } },
  ]);
  expect(resource("9", "stacked").hosts.map(({ stackedOn }) => stackedOn)).toContain("lower");
  expect(resource("9", "proxy-via").connections[0]?.paths[0]?.[0]?.proxy).toContain("inside ipv4 127.0.0.1:7789;");
  expect(resource("8.4", "proxy-in-host").hosts[0]?.unknown[0]).toContain("proxy on alpha {");
  expect(resource("9", "host-several-names").hosts[0]?.names).toEqual(["alpha", "carol"]);
  expect(resource("9", "handlers-escapes").handlers.get("split-brain")).toBe(
    String.raw`sh -c "echo \"$DRBD_RESOURCE\" { ; }"`,
  );
});

test("where it is defined, and whether drbdadm uses it on this host", () => {
  expect(resource("9", "volumes-two").definedAt).toMatch(/drbd\.conf:[0-9]+$/);
  expect(resource("9", "host-names-long").isIgnored).toBe(false);
  expect(resource("8.4", "host-names-long").isIgnored).toBe(true);
});

test("an option that is there twice with two values is told, and not chosen from", () => {
  const text = "resource r0 {\n net { timeout 5; timeout 6; ping-int 7; ping-int 7; }\n odd thing;\n}";
  expect(parseDump(text)[0]?.unknown).toEqual(["odd thing;", "net { timeout 6; }"]);
  const secrets = parseDump('resource r0 { net { shared-secret "one"; shared-secret "two"; } }')[0];
  expect(secrets?.unknown).toEqual(["net { shared-secret (secret); }"]);
});
