import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type {
  ConnectionInputs,
  FilesystemInputs,
  LinkInputs,
  ProxyConnectionInputs,
  VirtualMachineInputs,
} from "../../../provider/core/wanted/inputs";
import { HMAC_DIGESTS } from "../../../provider/core/wanted/option-value";
import type {
  ConnectionProperties,
  EndpointProperties,
  NodeProperties,
  ResourceProperties,
} from "../../../provider/core/wanted/input-schema";
import { parseNode, parseResource } from "../../../provider/core/wanted/parse-inputs";
import type { DrbdNodeArgs } from "../../../provider/resources/drbd-node";
import type { DrbdResourceArgs } from "../../../provider/resources/drbd-resource";
import { goodNode, goodResource } from "../../hostile/inputs";
import { groups, renderSiteKeys } from "./render-site-keys";

const root = join(__dirname, "../../..");
const path = join(root, "examples/sites/README.md");

test("the page of a site's keys follows from the types", () => {
  const prettier = [join(root, "node_modules/prettier/bin/prettier.cjs"), "--stdin-filepath", path];
  const wanted = execFileSync(process.execPath, prettier, { input: renderSiteKeys(), encoding: "utf8" });
  if (process.env["UPDATE"] === "1") writeFileSync(path, wanted);
  expect(readFileSync(path, "utf8")).toBe(wanted);
});

/** What the schema says of a value that is never right, at the place of each key. */
const saidOf: Readonly<Record<string, (key: string) => unknown>> = {
  "pulumi-drbd:nodes[0]": (key) => parseNode({ ...goodNode, [key]: [] }),
  "pulumi-drbd:nodes[0].connection": (key) =>
    parseNode({ ...goodNode, connection: { ...goodNode.connection, [key]: [] } }),
  "pulumi-drbd:nodes[0].global": (key) => parseNode({ ...goodNode, global: { [key]: [] } }),
  "pulumi-drbd:resources[0]": (key) => parseResource({ ...goodResource, [key]: [] }),
  "pulumi-drbd:resources[0].filesystem": (key) => parseResource({ ...goodResource, filesystem: { [key]: [] } }),
  "pulumi-drbd:resources[0].link": (key) => parseResource({ ...goodResource, link: { [key]: [] } }),
  "pulumi-drbd:resources[0].virtualMachines[0]": (key) =>
    parseResource({ ...goodResource, virtualMachines: [{ name: "web", [key]: [] }] }),
  ...Object.fromEntries(
    ["net", "disk", "options", "startup", "handlers"].map((section) => [
      `pulumi-drbd:resources[0].${section}`,
      (key: string) => parseResource({ ...goodResource, [section]: { [key]: [] } }),
    ]),
  ),
};
/** Read from the site's file, and not by the schema. */
const ofTheFile = ["privateKeyFile", "disks", "metaDisks"];

test.each(groups)("$title: the schema knows each key, but for those of the file", ({ place, keys }) => {
  const isUnknown = (key: string) => /no such (property|option)/.test(JSON.stringify(saidOf[place]!(key)));
  expect(keys.map(({ name }) => name).filter((key) => isUnknown(key))).toEqual(
    keys.map(({ name }) => name).filter((key) => ofTheFile.includes(key)),
  );
  expect(isUnknown("no-such-key")).toBe(true);
});

/** And the other way round: what the schema knows stands in the types, by which `npm run lint` holds this. */
type Untold<Known, Told> = readonly Exclude<keyof Known, keyof Told>[];
const untold: readonly [
  Untold<NodeProperties, DrbdNodeArgs>,
  Untold<ResourceProperties, DrbdResourceArgs>,
  Untold<ConnectionProperties, ConnectionInputs>,
  Untold<EndpointProperties, ProxyConnectionInputs>,
  Untold<NonNullable<ResourceProperties["filesystem"]>, FilesystemInputs>,
  Untold<NonNullable<ResourceProperties["link"]>, LinkInputs>,
  Untold<NonNullable<NonNullable<ResourceProperties["virtualMachines"]>[number]>, VirtualMachineInputs>,
] = [[], [], [], [], [], [], []];
const nothing: readonly (readonly never[])[] = untold;

test("the page tells each digest that an authentication can have", () => {
  const told = groups.flatMap(({ keys }) => keys).find(({ name }) => name === "cramHmacAlg")?.about;
  expect(HMAC_DIGESTS.filter((digest) => told?.includes(digest) !== true)).toEqual(nothing.flat());
});

test("each key says what it is", () => {
  expect(groups.flatMap(({ keys }) => keys.filter(({ about }) => about === "").map(({ name }) => name))).toEqual([]);
});
