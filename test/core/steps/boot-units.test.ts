import { events } from "../fixtures";
import {
  activeLink,
  bringUpUnits,
  generatedUnitPath,
  promotedOf,
  promotionOf,
  promotionUnits,
  targetOf,
} from "../../../provider/core/steps/boot-units";
import { escapeInstance, unescapeInstance } from "../../../provider/core/wanted/systemd-escape";
import { sh } from "../shell";

const text = (name: string) => [...promotionUnits, ...bringUpUnits].find(({ path }) => path.endsWith(`/${name}`))!.text;
const promotion = text("drbd-primary@.service");

// As systemd-escape(1) 252 says.
test.each([
  ["r0", "r0"],
  ["web-data", "web\\x2ddata"],
  ["a.b_c:d", "a.b_c:d"],
  [".hidden", "\\x2ehidden"],
  ["srv/data", "srv-data"],
  ["a b", "a\\x20b"],
  ["a@b", "a\\x40b"],
  ["café", "caf\\xc3\\xa9"],
  ["a\\b", "a\\x5cb"],
])("%s is written as %s", (name, escaped) => {
  expect(escapeInstance(name)).toBe(escaped);
  expect(unescapeInstance(escaped)).toBe(name);
});

test("units of a resource, of its mount, and the link of one that is active", () => {
  expect(targetOf("web-data")).toBe("drbd@web\\x2ddata.target");
  expect(promotionOf("r0")).toBe("drbd-primary@r0.service");
  expect(promotedOf("r0")).toBe("drbd-primary@r0.target");
  expect(activeLink(promotionOf("r0"))).toBe("/run/systemd/units/invocation:drbd-primary@r0.service");
  expect(generatedUnitPath("/srv/web-data/my db")).toBe("/run/systemd/generator/srv-web\\x2ddata-my\\x20db.mount");
});

test("the promotion never forces, is bounded, and comes after what brings the resource up", () => {
  expect(promotion).not.toContain("--force");
  expect(promotion).toMatch(/^TimeoutStartSec=\d+$/m);
  expect(promotion).toMatch(/^After=drbd@%i\.service drbd@%i\.target network\.target$/m);
  expect(promotion).toMatch(/^PartOf=drbd@%i\.target$/m);
  // It would bring up what somebody has taken down since, and connect what is StandAlone.
  expect(promotion).not.toMatch(/^(Requires|Wants|BindsTo)=/m);
});

test("the mount requires what is bound to the promotion: one that is skipped leaves the mount out", () => {
  expect(text("drbd-primary@.target")).toMatch(/^BindsTo=drbd-primary@%i\.service\nAfter=drbd-primary@%i\.service$/m);
});

test("our own units bring a resource up, and take it down at a shutdown, as drbd-utils' units do", () => {
  expect(text("drbd@.target")).toMatch(/^Requires=drbd@%i\.service$/m);
  expect(text("drbd@.target")).toMatch(/^WantedBy=multi-user\.target$/m);
  expect(text("drbd@.service")).toMatch(/^PartOf=drbd@%i\.target$/m);
  expect(text("drbd@.service")).toMatch(/^ExecStart=.*drbdadm adjust/m);
  expect(text("drbd@.service")).toMatch(/^ExecStopPost=.*drbdsetup down/m);
});

describe("what the promotion runs", () => {
  const command = (key: string) =>
    new RegExp(`^${key}=/bin/sh -c '([^']*)' %I$`, "m")
      .exec(promotion)![1]!
      .replaceAll("$$", "$")
      .replaceAll('"$0"', '"$1"');
  /** systemd skips the unit where the condition answers 1, and makes it active where the start answers 0. */
  const start = (said: string, primary = "true") => {
    const { exit, stdout } = sh(`drbdsetup() { [ "$*" = "events2 --now web-data" ] || exit 9; cat <<'SAID'
${said}
SAID
}
drbdadm() { echo "$@"; ${primary}; }
sleep() { echo sleep; }
set -- web-data
condition() { ${command("ExecCondition")}
}
start() { ${command("ExecStart")}
}
(condition web-data) || { [ $? = 1 ] || exit 9; echo skipped; exit 0; }
start web-data`);
    const lines = stdout.split("\n");
    const seconds = lines.filter((line) => line === "sleep").length;
    return { exit, seconds, did: lines.filter((line) => /^(primary |skipped)/.test(line)) };
  };
  const promoted = { exit: 0, seconds: 0, did: ["primary web-data"] };
  const skipped = { exit: 0, seconds: 0, did: ["skipped"] };
  const nothing = { exit: 0, seconds: 0, did: [] };
  const paired = (own: string, connection: string, replication: string, disk = "UpToDate") =>
    [
      `exists resource name:web-data role:${own} suspended:no write-ordering:flush`,
      `exists connection name:web-data peer-node-id:0 conn-name:peer connection:${connection} congested:no`,
      `exists device name:web-data volume:0 minor:1 disk:${disk} size:327632`,
      `exists peer-device name:web-data peer-node-id:0 volume:0 replication:${replication} peer-disk:UpToDate`,
      "exists -",
    ].join("\n");

  test.each(["Established", "SyncSource", "PausedSyncS", "VerifyS", "VerifyT", "Ahead"])(
    "both are Secondary, %s: made Primary, once",
    (replication) => {
      expect(start(paired("Secondary", "Connected role:Secondary", replication))).toEqual(promoted);
    },
  );

  test("the peer is Primary: skipped at once, as the captured pair says it", () => {
    expect(start(events("connected-uptodate.bravo"))).toEqual(skipped);
    expect(start(paired("Secondary", "Connected role:Primary", "SyncTarget", "Inconsistent"))).toEqual(skipped);
  });

  test("it is Primary here: nothing is asked, whatever became of the peer", () => {
    expect(start(events("connected-uptodate.alpha"))).toEqual(nothing);
    expect(start(paired("Primary", "StandAlone role:Unknown", "Off"))).toEqual(nothing);
  });

  test.each([
    ["the peer cannot be seen", "Connecting role:Unknown", "Off", "UpToDate"],
    ["in the handshake", "Connected role:Secondary", "Off", "UpToDate"],
    ["being filled", "Connected role:Secondary", "SyncTarget", "Inconsistent"],
    ["older than the peer", "Connected role:Secondary", "Established", "Outdated"],
  ])("%s: waited for, and given up after a minute", (_what, connection, replication, disk) => {
    expect(start(paired("Secondary", connection, replication, disk))).toEqual({ exit: 1, seconds: 60, did: [] });
  });

  test("one of several volumes is being filled: waited for, and given up after a minute", () => {
    const one = paired("Secondary", "Connected role:Secondary", "Established");
    const other = "exists device name:web-data volume:1 minor:2 disk:Inconsistent size:327632";
    for (const said of [
      one.replace("exists peer-device", `${other}\nexists peer-device`),
      one.replace("exists device", `${other}\nexists device`),
    ])
      expect(start(said)).toEqual({ exit: 1, seconds: 60, did: [] });
  });

  test.each([
    ["StandAlone", paired("Secondary", "StandAlone role:Unknown", "Off")],
    ["down", "exists -"],
  ])("%s: given up at once", (_what, said) => {
    expect(start(said)).toEqual({ exit: 1, seconds: 0, did: [] });
  });

  test("refused by the kernel: tried again for ten seconds", () => {
    const refused = start(paired("Secondary", "Connected role:Secondary", "Established"), "false");
    expect(refused).toEqual({ exit: 1, seconds: 10, did: Array<string>(10).fill("primary web-data") });
  });
});
