import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostSources, selectFetchOptions, selectSources } from "../../lab/apt-sources";

describe("the host's apt sources for the machines' image", () => {
  test("stanzas of the release are kept, with their keys, cut down to packages of main", () => {
    const text = [
      "# a comment",
      "Types: deb deb-src",
      "URIs: http://mirror.example/debian",
      "Suites: bookworm bookworm-updates bookworm-backports",
      "Components: main contrib",
      "Signed-By: /usr/share/keyrings/debian.gpg",
      "",
      "Types: deb",
      "URIs: http://other.example/tools",
      "Suites: nodistro",
      "Components: main",
    ].join("\n");
    expect(selectSources(text, "bookworm")).toEqual([
      [
        "Types: deb",
        "Suites: bookworm bookworm-updates",
        "Components: main",
        "URIs: http://mirror.example/debian",
        "Signed-By: /usr/share/keyrings/debian.gpg",
      ].join("\n"),
    ]);
  });

  test("a stanza that is switched off, or without main, is left out", () => {
    const stanza = "Types: deb\nURIs: http://m.example/\nSuites: bookworm\nComponents: main\n";
    expect(selectSources(`${stanza}Enabled: no\n`, "bookworm")).toEqual([]);
    expect(selectSources(stanza.replace("main", "contrib"), "bookworm")).toEqual([]);
  });

  test("one-line entries do too", () => {
    const text = [
      "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main non-free",
      "deb-src http://mirror.example/debian bookworm main",
      "# deb http://old.example/debian bookworm main",
      "deb http://security.example/ bookworm-security main",
      "deb http://mirror.example/debian trixie main",
    ].join("\n");
    expect(selectSources(text, "bookworm")).toEqual([
      "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main\nSigned-By: /k.gpg",
      "Types: deb\nURIs: http://security.example/\nSuites: bookworm-security\nComponents: main",
    ]);
  });

  test("every file apt reads is read; without any of the release, nothing is said", async () => {
    const etc = await mkdtemp(join(tmpdir(), "lab-apt-"));
    try {
      expect(await hostSources("bookworm", etc)).toBe("");
      await mkdir(join(etc, "sources.list.d"));
      await writeFile(join(etc, "sources.list"), "deb http://a.example/ bookworm main\n");
      await writeFile(join(etc, "sources.list.d", "b.list"), "deb http://b.example/ bookworm main\n");
      await writeFile(join(etc, "sources.list.d", "c.list.off"), "deb http://c.example/ bookworm main\n");
      const text = await hostSources("bookworm", etc);
      expect(text).toContain("http://a.example/");
      expect(text).toContain("http://b.example/");
      expect(text).not.toContain("http://c.example/");
    } finally {
      await rm(etc, { recursive: true });
    }
  });
});

test("of the host's apt configuration, how packages are fetched is taken, and nothing else", () => {
  const dump = [
    'Acquire "";',
    'Acquire::http "";',
    'Acquire::http::Proxy "http://proxy.example:3142";',
    'Acquire::https::Verify-Peer "true";',
    'Acquire::Check-Date "false";',
    'Acquire::Languages:: "none";',
    'DPkg::Post-Invoke:: "rm -f /var/cache/apt/*.bin";',
  ].join("\n");
  expect(selectFetchOptions(dump)).toBe(
    'Acquire::http::Proxy "http://proxy.example:3142";\nAcquire::https::Verify-Peer "true";\nAcquire::Check-Date "false";\n',
  );
});
