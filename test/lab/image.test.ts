import { cacheKey, mmdebstrapArgv } from "../../lab/image";
import type { Release } from "../../lab/releases";

describe("the name an image is cached under", () => {
  const inputs = { init: "#!/bin/sh\n", "customize.sh": "set -eu\n" };

  test("is the same for the same inputs, in any order", () => {
    expect(cacheKey(inputs)).toMatch(/^[0-9a-f]{16}$/);
    expect(cacheKey({ "customize.sh": inputs["customize.sh"], init: inputs.init })).toBe(cacheKey(inputs));
  });

  test("changes with a file's text, its name, and a text moved from one file to the next", () => {
    const changed: Record<string, string>[] = [
      inputs,
      { ...inputs, init: "#!/bin/bash\n" },
      { ...inputs, more: "" },
      { "customize.sh": inputs["customize.sh"], init2: inputs.init },
      { a: "x", b: "" },
      { a: "", b: "x" },
    ];
    expect(new Set(changed.map(cacheKey)).size).toBe(changed.length);
  });
});

describe("mmdebstrap's command line", () => {
  const how = { release: "trixie" as const, hook: "hook", aptOptions: "/work/fetch.conf", sources: true, root: true };

  test("takes sources from the host where it has some, and names no mirror", () => {
    const argv = mmdebstrapArgv(how);
    expect(argv.slice(-3)).toEqual(["trixie", "/dev/null", "-"]);
    expect(argv.join(" ")).not.toContain("://");
    expect(mmdebstrapArgv({ ...how, sources: false }).at(-1)).toBe("/dev/null");
  });

  test("leaves out a security archive that names what is no longer served", () => {
    const hooks = (release: Release) =>
      mmdebstrapArgv({ ...how, release }).filter((argument) => argument.startsWith("--setup-hook"));
    expect(hooks("bullseye")).toEqual([`--setup-hook=sed -i '/-security/d' "$1/etc/apt/sources.list"`]);
    expect(hooks("trixie")).toEqual([]);
  });

  test("needs no root", () => {
    expect(mmdebstrapArgv(how)).toContain("--mode=root");
    expect(mmdebstrapArgv({ ...how, root: false })).toContain("--mode=unshare");
  });

  test("leaves drbd-utils out of the image", () => {
    expect(mmdebstrapArgv(how).join(" ")).not.toContain("drbd");
  });
});
