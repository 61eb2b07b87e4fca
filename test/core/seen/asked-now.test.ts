import { probeLook } from "../one-volume";
import { askedNow, lookTools } from "../../../provider/core/seen/asked-now";
import { observeScript } from "../../../provider/core/seen/probe";
import { probe } from "../../../provider/host/text";
import { remoteFunctions } from "../../../provider/core/seen/remote-functions";

const nonce = "0123456789abcdef01";
const look = probeLook({
  name: "r0",
  minor: 1,
  port: 7789,
  disk: "/dev/vdb",
  metaDisk: "internal",
  filesystem: true,
});
const candidate = { name: "r0", resource: "resource r0 {}\n", globalCommon: "", isForeign: true };
const script = observeScript(nonce, { looks: [look], candidates: [candidate], depth: "close" });

test("what a host is at follows from the last of its markers", () => {
  const at = (...sections: string[]) => askedNow(nonce, sections.map((one) => `\n@${nonce} ${one}\n`).join(""));
  expect(at("format 1", "files").what).toBe("grep of /proc and /etc");
  expect(at("format 1", "blocks").what).toBe("lsblk");
  expect(at("format 1", "disk /dev/vdb").what).toBe("blkid and reading samples of /dev/vdb");
  expect(at("format 1", "blocks", "exit 0").what).toBe("the look goes on");
  expect(askedNow(nonce, "Welcome!\n")).toEqual({ what: "the shell that is to look", said: "Welcome!\n" });
  expect(askedNow(nonce, `\n@${nonce} blocks\nhalf an answer`).said).toBe("half an answer");
});

test("each command of a look that may hang is told by its own name: its marker comes before it", () => {
  expect(script).not.toMatch(/drbdsetup events2[^\n]*; say events/);
  expect(script).not.toMatch(/drbdadm -d adjust all[^\n]*; say adjust/);
  const sections = [...probe.replaceAll(/^ *#.*$/gm, "").matchAll(/\b(?:say|run|inspect) ([a-z]+)\b/g)].map(
    ([, name]) => name!,
  );
  const told = sections.filter(
    (name) =>
      !["format", "exit", "end", "utils", "tables", "resource", "volume", "candidate", "boottime"].includes(name),
  );
  expect(told).toEqual(expect.arrayContaining(["blocks", "names", "metadisk", "kernelgi"]));
  for (const name of told) expect([name, askedNow(nonce, `\n@${nonce} ${name} x\n`).what]).not.toEqual([name, name]);
});

test("the tools that an error names are those that a look uses", () => {
  const own = script.slice(script.indexOf(probe.slice(0, 100)));
  const used = own + remoteFunctions;
  for (const tool of lookTools)
    expect([tool, new RegExp(`(^|[\\s(|;])${tool} `, "m").test(used)]).toEqual([tool, true]);
  for (const other of ["ip", "findmnt", "python3", "dd", "od", "xxd", "stat", "file"]) {
    const isCommand = new RegExp(`(^\\s*|\\$\\(|[|;] ?|run [a-z]+ )${other} `, "m").test(own);
    expect([other, isCommand]).toEqual([other, false]);
  }
});
