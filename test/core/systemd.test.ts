import { escapeInstance, promotionOf, promotionUnit, targetOf, unescapeInstance } from "../../provider/core/systemd";
import { sh } from "./shell";

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

test("units of a resource", () => {
  expect(targetOf("web-data")).toBe("drbd@web\\x2ddata.target");
  expect(promotionOf("r0")).toBe("drbd-primary@r0.service");
});

test("the promotion never forces, is bounded, and comes after what brings the resource up", () => {
  expect(promotionUnit).not.toContain("--force");
  expect(promotionUnit).toMatch(/^TimeoutStartSec=\d+$/m);
  expect(promotionUnit).toMatch(/^After=drbd@%i\.target network\.target$/m);
  expect(promotionUnit).toMatch(/^PartOf=drbd@%i\.target$/m);
  // It would bring up what somebody has taken down since, and connect what is StandAlone.
  expect(promotionUnit).not.toMatch(/^(Requires|Wants|BindsTo)=/m);
  expect(promotionUnit.endsWith("\n")).toBe(true);
});

describe("what the promotion runs", () => {
  const [, script = ""] = /^ExecStart=\/bin\/sh -c '([^']*)' %I$/m.exec(promotionUnit) ?? [];
  const start = (
    cstate: string,
    { dstate = "UpToDate/UpToDate", primary = "true", role = "Secondary/Secondary" } = {},
  ) =>
    sh(`drbdadm() { case $1 in role) echo ${role} ;; cstate) echo ${cstate} ;; dstate) echo ${dstate} ;; primary) echo "$@"; ${primary} ;; esac; }
sleep() { :; }
set -- web-data
run() { ${script.replaceAll("$$", "$").replaceAll('"$0"', '"$1"')}
}
run web-data`);

  test.each(["Connected", "Established", "SyncSource", "PausedSyncS", "VerifyS", "VerifyT", "Ahead"])(
    "%s: made Primary, once",
    (cstate) => {
      expect(start(cstate)).toEqual({ exit: 0, stdout: "primary web-data\n", stderr: "" });
    },
  );

  test.each(["StandAlone", "WFConnection", "Connecting", "Unconnected", "''"])("%s: given up in the end", (cstate) => {
    expect(start(cstate)).toEqual({ exit: 1, stdout: "", stderr: "" });
  });

  test.each([
    ["SyncTarget", "Inconsistent/UpToDate"],
    ["Behind", "Inconsistent/UpToDate"],
    ["Connected", "Inconsistent/Inconsistent"],
    ["Connected", "Outdated/UpToDate"],
    ["Connected", "Diskless/UpToDate"],
    ["Connected", "''"],
  ])("%s with the disks %s: a side that lacks data is not made Primary by a boot", (cstate, dstate) => {
    expect(start(cstate, { dstate })).toEqual({ exit: 1, stdout: "", stderr: "" });
  });

  // The first is 8.4's spelling, the second 9's.
  test.each(["Primary/Unknown", "Primary", "Primary/Secondary"])(
    "%s already: nothing is asked of it and nothing is waited for",
    (role) => {
      const alone = { role, dstate: "UpToDate/Outdated", primary: "false" };
      expect(start("Connecting", alone)).toEqual({ exit: 0, stdout: "", stderr: "" });
    },
  );

  test.each(["Secondary/Primary", "Secondary", "Unknown", "''"])("%s is not Primary", (role) => {
    expect(start("Connected", { role })).toMatchObject({ exit: 0, stdout: "primary web-data\n" });
  });

  // A DRBD 9 module tells its own disk alone when it has no peer.
  test.each(["UpToDate", "Consistent"])("%s without a peer: given up in the end", (dstate) => {
    expect(start("'r0: No such connection'", { dstate })).toEqual({ exit: 1, stdout: "", stderr: "" });
  });

  test("refused by the kernel: tried again, and given up in the end", () => {
    const { exit, stdout } = start("Connected", { primary: "false" });
    expect(exit).toBe(1);
    expect(stdout).toBe("primary web-data\n".repeat(60));
  });
});
