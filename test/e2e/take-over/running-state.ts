/**
 * The state that the kernel would have, out of the commands that the real drbdadm would run to get there: what
 * `drbdadm -d adjust` prints for a resource that is not running, turned into what `drbdsetup show` would print then.
 * Nothing of the provider's own reading of drbd.conf is in it.
 */
import type { Grammar } from "../../../provider/core/wanted/option-table";

/** A line as drbdadm prints it, with backslashes before what means something to a shell. */
function wordsOf(line: string): string[] {
  const words = [...line.matchAll(/(?:\\.|[^\s\\])+/g)];
  return words.map(([word]) => word.replaceAll(/\\(.)/g, "$1"));
}

type Options = readonly (readonly [name: string, value: string])[];

function optionsOf(words: readonly string[]): Options {
  return words.flatMap((word) => {
    const [, name, value] = /^--([a-z0-9_-]+)(?:=(.*))?$/s.exec(word) ?? [];
    return name === undefined || name === "set-defaults" ? [] : [[name, value ?? "yes"] as const];
  });
}

const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, "\\$&")}"`;

const plain = (value: string): string => (/^[A-Za-z0-9.-]+$/.test(value) ? value : quoted(value));

function section(name: string, options: Options): string {
  if (options.length === 0) return "";
  return `${name} { ${options.map(([key, value]) => `${key} ${plain(value)};`).join(" ")} }\n`;
}

/** `ipv4:10.0.0.1:7788` as drbd.conf has it. */
const endpoint = (word: string): string => word.replace(":", " ");

interface Volume {
  readonly minor: string;
  attach?: readonly string[];
}

interface Peer {
  net: Options;
  readonly paths: (readonly [string, string])[];
  readonly volumes: Map<string, Options>;
}

/** Empty where drbdadm would run nothing, as on a host that the resource does not know. */
export function runningState(resource: string, commands: string, grammar: Grammar): string {
  let own: { readonly nodeId: string; readonly options: Options } | undefined;
  const volumes = new Map<string, Volume>();
  const peers = new Map<string, Peer>();
  let connect: { readonly mine: string; readonly theirs: string; readonly net: Options } | undefined;
  const peerOf = (id: string): Peer => {
    const peer = peers.get(id) ?? { net: [], paths: [], volumes: new Map<string, Options>() };
    peers.set(id, peer);
    return peer;
  };
  for (const line of commands.split("\n")) {
    const [, command = "", ...rest] = wordsOf(line);
    const [first = "", second = "", third = ""] = rest;
    if (command === "attach") {
      const volume = [...volumes.values()].find(({ minor }) => minor === first);
      if (volume === undefined) throw new Error(`attach of an unknown minor: ${line}`);
      volume.attach = rest.slice(1);
    } else if (first !== resource) continue;
    else if (command === "new-resource") own = { nodeId: second, options: optionsOf(rest) };
    else if (command === "new-minor") volumes.set(third, { minor: second });
    else if (command === "new-peer") peerOf(second).net = optionsOf(rest);
    else if (command === "new-path") peerOf(second).paths.push([third, rest[3] ?? ""]);
    else if (command === "peer-device-options") peerOf(second).volumes.set(third, optionsOf(rest));
    else if (command === "connect" && grammar === "8.4")
      connect = { mine: second, theirs: third, net: optionsOf(rest) };
  }
  if (own === undefined) return "";
  const volumeTexts = [...volumes].map(([number, { minor, attach }]) => {
    if (attach === undefined) return `volume ${number} { device minor ${minor}; }\n`;
    const [disk = "", meta = "", index = ""] = attach;
    const place = index === "internal" ? "internal" : `${quoted(meta)}${index === "flexible" ? "" : ` [ ${index} ]`}`;
    return `volume ${number} { device minor ${minor}; disk ${quoted(disk)}; meta-disk ${place};\n${section("disk", optionsOf(attach))} }\n`;
  });
  const options = section("options", own.options);
  if (grammar === "8.4") {
    const [net, mine, theirs] =
      connect === undefined
        ? ["", "", ""]
        : [section("net", connect.net), `address ${endpoint(connect.mine)};\n`, endpoint(connect.theirs)];
    const remote = theirs === "" ? "" : `_remote_host { address ${theirs}; }\n`;
    return `resource ${quoted(resource)} {\n${options}${net}${remote}_this_host {\n${mine}${volumeTexts.join("")}}\n}\n`;
  }
  const connections = [...peers].map(([id, { net, paths, volumes: byVolume }]) => {
    const ways = paths.map(
      ([mine, theirs]) => `path { _this_host ${endpoint(mine)}; _remote_host ${endpoint(theirs)}; }\n`,
    );
    const inVolumes = [...byVolume].map(([number, some]) => `volume ${number} { ${section("disk", some)} }\n`);
    return `connection {\n_peer_node_id ${id};\n${ways.join("")}${section("net", net)}${inVolumes.join("")}}\n`;
  });
  return `resource ${quoted(resource)} {\n${options}_this_host {\nnode-id ${own.nodeId};\n${volumeTexts.join("")}}\n${connections.join("")}}\n`;
}
