import { formatSync } from "../../../provider/core/told/sync";
import { parseModuleVersion, parseSyncProgress } from "../../../provider/core/seen/parse-proc-drbd";
import { captures, procDrbd } from "../fixtures";

const running: Record<string, object> = {
  "resync-running.alpha": { percent: 1.6, finish: "0:04:19", speed: 1880 },
  "resync-running.bravo": { percent: 4, finish: "0:02:56", speed: 2828 },
};

test.each(captures)("%s", (capture) => {
  const text = procDrbd(capture);
  expect(parseModuleVersion(text)).toBe("8.4.11");
  const expected = running[capture];
  expect(parseSyncProgress(text)).toEqual(new Map(expected === undefined ? [] : [[1, expected]]));
});

test("both captures of a running resync are there", () => {
  expect(captures).toEqual(expect.arrayContaining(Object.keys(running)));
});

const several = `version: 8.4.11 (api:1/proto:86-101)
GIT-hash: 66145a308421e9c124ec391a7848ac20203bb03c build by x@y, 2020-04-05 02:58:18
 0: cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----
    ns:8 nr:0 dw:8 dr:0 al:1 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:0

 7: cs:SyncSource ro:Primary/Secondary ds:UpToDate/Inconsistent C r-----
    ns:1 nr:0 dw:0 dr:1 al:8 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:12
	[===================>] sync'ed:100.0% (12/5242)M
	finish: 12:34:56 speed: 1,234,567 (100) K/sec
10: cs:SyncTarget ro:Secondary/Primary ds:Inconsistent/UpToDate C r-----
    ns:0 nr:1 dw:1 dr:0 al:0 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:99
	[>....................] sync'ed:  0.3% (99/100)K (stalled)
11: cs:Unconfigured
`;

test("each resync belongs to the device above it", () => {
  expect(parseSyncProgress(several)).toEqual(
    new Map([
      [7, { percent: 100, finish: "12:34:56", speed: 1234567 }],
      [10, { percent: 0.3 }],
    ]),
  );
});

test.each([
  [{ percent: 80.4, speed: 12345, finish: "0:01:20" }, "initial sync 80.4 %, 12,345 KiB/s, 0:01:20 left"],
  [{ percent: 0.3 }, "initial sync 0.3 %"],
])("shown as %j", (progress, shown) => {
  expect(formatSync("initial sync", progress)).toBe(shown);
});

test.each([
  ["", undefined],
  ["version: 9.2.14 (api:2/proto:118-122)\nTransports (api:21): tcp", "9.2.14"],
  ["sh: cat: not found", undefined],
])("the version in %j", (text, version) => {
  expect(parseModuleVersion(text)).toBe(version);
});
