/** The probe in a real sh, on a host that is a folder: its files, and tools that answer what the test tells. */
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { neededTools } from "../../provider/core/seen/needed-tools";
import { type ProbeRequest, observeScript } from "../../provider/core/seen/probe";
import { quote } from "../../provider/core/seen/shell-words";
import { filesAsDisks, replaced, sh, withTools } from "./shell";

export const nonce = "0123456789abcdef01";

export interface Answer {
  readonly exit?: number;
  readonly says?: string;
}

export interface FakeHost {
  readonly files?: Readonly<Record<string, string>>;
  /** Link → where it leads. */
  readonly links?: Readonly<Record<string, string>>;
  /** By tool, then by its arguments; anything else is exit 64 and a line that no parser takes for an answer. */
  readonly tools?: Readonly<Record<string, Readonly<Record<string, Answer>>>>;
  /** What runs the host: systemd, where nothing is said. */
  readonly init?: "another";
}

const toolBody = (answers: Readonly<Record<string, Answer>>, root: string): string => {
  const cases = Object.entries(answers).map(
    ([call, { exit = 0, says = "" }]) => `${quote(call)}) printf %s ${quote(says)}; exit ${exit} ;;`,
  );
  // A candidate comes on standard input, and must not be left unread.
  return `[ "$1" != -c ] || cat >/dev/null
case $(printf %s "$*" | sed 's|${root}||g') in ${cases.join("\n")} *) echo "@not expected: $0 $*"; exit 64 ;; esac`;
};

/** The script on a host whose files stand below a folder. */
export const rooted = (root: string, script: string): string =>
  script.replaceAll(
    /(?<![\w/])\/(?=(?:etc|proc|sys|lib\/modules-load\.d|usr\/lib\/modules-load\.d|lib\/systemd|usr\/lib\/systemd|run\/systemd|var\/lib|dev|srv)\/)(?!dev\/null)/g,
    `${root}/`,
  );

/** All files below a folder with what they hold. */
const everything = (root: string): string =>
  JSON.stringify(
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.parentPath.endsWith("/bin"))
      .map(({ parentPath, name }) => [parentPath, name, readFileSync(join(parentPath, name), "latin1")])
      .sort(),
  );

/** What the probe prints there. It must change nothing. */
export function probed(host: FakeHost, request: ProbeRequest): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "pulumi-drbd-host-")));
  try {
    for (const [path, text] of Object.entries(host.files ?? {})) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      // The script's own paths are below the folder too, and so are those that it compares with them.
      writeFileSync(
        join(root, path),
        path === "/proc/self/mountinfo" ? text.replaceAll(/ \/(?=dev\/|srv\/)/g, ` ${root}/`) : text,
        // A disk is bytes.
        path.startsWith("/dev/") ? "latin1" : "utf8",
      );
    }
    for (const [path, target] of Object.entries(host.links ?? {})) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      symlinkSync(join(root, target), join(root, path));
    }
    if (host.init === undefined) mkdirSync(join(root, "run/systemd/system"), { recursive: true });
    const own = rooted(root, observeScript(nonce, request));
    const tools = Object.entries(host.tools ?? {}).map(([name, answers]) => [name, toolBody(answers, root)] as const);
    // drbd-utils of the machine that runs the tests are not the fake host's.
    const missing = ["drbdadm", "drbdmeta", "drbdsetup", "modinfo", "lsblk"].map((name) => [name, "exit 127"] as const);
    // They are only looked for.
    const others = neededTools.filter((name) =>
      /^(mkfs|systemd|systemctl|modprobe|u?mount|flock|wipefs|blockdev)/.test(name),
    );
    const script = withTools(
      root,
      filesAsDisks(own),
      Object.fromEntries([...others.map((name) => [name, "exit 127"] as const), ...missing, ...tools]),
    );
    const found = "command -v drbdadm >/dev/null";
    const asked = host.tools?.["drbdadm"] === undefined ? replaced(script, found, "false") : script;
    const before = everything(root);
    const { exit, stdout, stderr } = sh(asked);
    if (everything(root) !== before) throw new Error("the probe changed something");
    if (exit !== 0 || stderr !== "") throw new Error(`the probe failed (${exit ?? "killed"}): ${stderr}`);
    return stdout.replaceAll(root, "");
  } finally {
    rmSync(root, { recursive: true });
  }
}
