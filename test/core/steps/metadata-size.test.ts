import * as fc from "fast-check";
import { metadataBytes, usableBytes } from "../../../provider/core/steps/metadata-size";

/** drbd-reference.md, section 2: sizes that matched every dump, in sectors, for one peer. */
test.each([
  [1024 ** 3, 136 * 512],
  [1024 ** 4, 65608 * 512],
  [320 * 1024 ** 2, 36864 + 12288],
  [4096, 36864 + 4096],
  [0, 36864],
])("the metadata of %d bytes takes %d", (device, expected) => {
  expect(metadataBytes(device)).toBe(expected);
  expect(usableBytes(device)).toBe(device - expected);
});

test("a bigger device never leaves less, and its bitmap has a bit for every block", () => {
  const bytes = fc.integer({ min: 65536, max: 2 ** 45 });
  fc.assert(
    fc.property(bytes, fc.integer({ min: 0, max: 2 ** 30 }), (device, more) => {
      expect(usableBytes(device + more)).toBeGreaterThanOrEqual(usableBytes(device) - 4096);
      expect((metadataBytes(device) - 36864) * 8).toBeGreaterThanOrEqual(Math.ceil(device / 4096));
      expect(metadataBytes(device) % 4096).toBe(0);
    }),
  );
});
