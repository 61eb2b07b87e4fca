import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { RELEASES, type Release } from "./releases";

/**
 * The host's apt sources of one Debian release, in deb822 form, for mmdebstrap. The lab names no mirror of its own:
 * who has set up apt has already said where packages come from.
 */
export function selectSources(text: string, release: Release): string[] {
  return text.includes("URIs:") ? selectStanzas(text, release) : selectLines(text, release);
}

function ofRelease(suite: string, release: Release): boolean {
  if (suite === `${release}-security`) return RELEASES[release].security;
  return suite === release || suite === `${release}-updates`;
}

function selectStanzas(text: string, release: Release): string[] {
  const stanzas: string[] = [];
  for (const block of text.split(/\n\s*\n/)) {
    const lines = block.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"));
    const value = (key: string) => {
      const line = lines.find((each) => each.toLowerCase().startsWith(`${key}:`));
      return line?.slice(key.length + 1).trim() ?? "";
    };
    const suites = value("suites").split(/\s+/);
    const kept = suites.filter((suite) => ofRelease(suite, release));
    if (value("enabled") === "no" || !value("types").split(/\s+/).includes("deb") || kept.length === 0) continue;
    if (!value("components").split(/\s+/).includes("main")) continue;
    const rest = lines.filter((line) => !/^(types|suites|components):/i.test(line));
    stanzas.push(["Types: deb", `Suites: ${kept.join(" ")}`, "Components: main", ...rest].join("\n"));
  }
  return stanzas;
}

function selectLines(text: string, release: Release): string[] {
  const stanzas: string[] = [];
  for (const line of text.split("\n")) {
    const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.*)$/.exec(line.trim());
    if (!match) continue;
    const [, options = "", uri = "", suite = "", components = ""] = match;
    if (!ofRelease(suite, release) || !components.split(/\s+/).includes("main")) continue;
    const stanza = ["Types: deb", `URIs: ${uri}`, `Suites: ${suite}`, "Components: main"];
    const key = /(?:^|\s)signed-by=(\S+)/.exec(options)?.[1];
    if (key) stanza.push(`Signed-By: ${key}`);
    stanzas.push(stanza.join("\n"));
  }
  return stanzas;
}

/** Empty where the host is not a Debian of that release: mmdebstrap then takes its own default. */
export async function hostSources(release: Release, etcApt = "/etc/apt"): Promise<string> {
  const folder = join(etcApt, "sources.list.d");
  const listed = await readdir(folder).catch(() => []);
  const files = [join(etcApt, "sources.list"), ...listed.filter(isSourceFile).map((name) => join(folder, name))];
  const stanzas: string[] = [];
  for (const file of files) stanzas.push(...selectSources(await readFile(file, "utf8").catch(() => ""), release));
  return stanzas.length ? `${stanzas.join("\n\n")}\n` : "";
}

/**
 * The lines of `apt-config dump` that say how packages are fetched (a proxy, say). mmdebstrap's apt does not read the
 * host's configuration by itself.
 */
export function selectFetchOptions(dump: string): string {
  const wanted = /^Acquire::(https?::|Check-Valid-Until |Check-Date )[^"]*"[^"]+";$/;
  return dump
    .split("\n")
    .filter((line) => wanted.test(line))
    .map((line) => `${line}\n`)
    .join("");
}

function isSourceFile(name: string): boolean {
  return name.endsWith(".list") || name.endsWith(".sources");
}
