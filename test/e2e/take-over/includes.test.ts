/** Which files drbdadm reads by each layout of test/host/include-layouts.ts, as the real one of both grammars tells it. */
import { Lab } from "../../../lab/lab";
import { quote } from "../../../provider/core/seen/shell-words";
import { layouts, type Layout } from "../../host/include-layouts";
import { GRAMMARS } from "./held";

const lab = Lab.at();
const top = "/tmp/layout";
const versions = { "8.4": "8.4.11", "9": "9.2.14" } as const;

beforeAll(async () => {
  await lab.up();
  const there = await lab.run("alpha", "command -v drbdadm", { check: false });
  if (there.exit !== 0) await lab.reset("utils");
}, 1_800_000);

function script({ files, links = {} }: Layout, version: string): string {
  const at = (path: string) => quote(`${top}/${path}`);
  const folder = (path: string) => `mkdir -p ${at(path.replace(/\/[^/]*$/, ""))}`;
  return [
    `rm -rf ${top}; PATH=$PATH:/usr/sbin`,
    ...Object.entries(files).map(
      ([path, text]) => `${folder(path)}; printf %s ${quote(text.replaceAll('"/', `"${top}/`))} >${at(path)}`,
    ),
    ...Object.entries(links).map(
      ([path, to]) => `${folder(path)}; ln -s ${to.startsWith("/") ? at(to.slice(1)) : quote(to)} ${at(path)}`,
    ),
    `DRBD_DRIVER_VERSION_OVERRIDE=${version} __DRBD_NODE__=alpha drbdadm -c ${top}/etc/drbd.conf -v dump 2>/dev/null </dev/null`,
    "echo exit $?",
  ].join("\n");
}

test.each(layouts.map((layout) => [layout.what, layout] as const))(
  "%s",
  async (_what, layout) => {
    for (const grammar of GRAMMARS) {
      const { stdout } = await lab.run("alpha", "sh -s", { stdin: script(layout, versions[grammar]), timeout: 60 });
      const fails = (layout.fails ?? []).length > 0 && !(grammar === "9" && layout.isPassedOver === true);
      expect(/^exit (\d+)$/m.exec(stdout)?.[1] === "0").toBe(!fails);
      if (fails) continue;
      const defined = [...stdout.matchAll(/^# defined at (.*):\d+$/gm)].map(([, path = ""]) => path.slice(top.length));
      // Of the others drbdadm tells nothing: they define no resource.
      expect(defined).toEqual(layout.reads.filter((path) => /\.res$|-c\.conf$/.test(path)));
    }
  },
  300_000,
);
