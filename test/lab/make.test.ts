import { DEFAULT_MAKE, describeMake, isSameMake, parseReleases, parseSectors } from "../../lab/make";

describe("what the machines are made of", () => {
  test("one release for both, or one for each", () => {
    expect(parseReleases("bullseye")).toEqual({ alpha: "bullseye", bravo: "bullseye" });
    expect(parseReleases("alpha=trixie,bravo=bookworm")).toEqual({ alpha: "trixie", bravo: "bookworm" });
    expect(parseReleases("bravo=bookworm,alpha=trixie")).toEqual({ alpha: "trixie", bravo: "bookworm" });
  });

  test.each([
    ["buster", "--release buster: buster is no release of the lab: trixie, bookworm, bullseye"],
    ["", "is no release of the lab"],
    ["alpha=trixie", "--release alpha=trixie: says nothing of bravo"],
    ["alpha=trixie,alpha=trixie", "give one word for both machines, or alpha=… and bravo=…"],
    ["alpha=trixie,charlie=trixie", "give one word for both machines, or alpha=… and bravo=…"],
    ["alpha=trixie=x,bravo=trixie", "give one word for both machines, or alpha=… and bravo=…"],
    ["alpha=toString,bravo=trixie", "toString is no release of the lab"],
  ])("a release that is not understood is told: %s", (text, message) => {
    expect(() => parseReleases(text)).toThrow(message);
  });

  test("sector sizes that a disk can have", () => {
    expect(parseSectors("4096")).toEqual({ alpha: 4096, bravo: 4096 });
    expect(parseSectors("alpha=512,bravo=4096")).toEqual({ alpha: 512, bravo: 4096 });
    expect(() => parseSectors("1024")).toThrow("1024 is no sector size of the lab: 512, 4096");
  });

  test("another release or another sector size is another lab", () => {
    const { releases, sectors } = DEFAULT_MAKE;
    expect(isSameMake(DEFAULT_MAKE, { releases: { ...releases }, sectors: { ...sectors } })).toBe(true);
    expect(isSameMake(DEFAULT_MAKE, { releases: { ...releases, bravo: "bookworm" }, sectors })).toBe(false);
    expect(isSameMake(DEFAULT_MAKE, { releases, sectors: { ...sectors, alpha: 4096 } })).toBe(false);
    expect(describeMake(DEFAULT_MAKE)).toBe(
      "alpha: Debian trixie, 512-byte sectors; bravo: Debian trixie, 512-byte sectors",
    );
  });
});
