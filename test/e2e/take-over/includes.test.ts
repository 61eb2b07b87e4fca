/** Which files drbdadm reads by each layout of test/host/include-layouts.ts, as the real one of both grammars tells it. */
import { Lab } from "../../../lab/lab";
import { quote } from "../../../provider/core/seen/shell-words";
import { layouts, type Layout } from "../../host/include-layouts";
import { GRAMMARS } from "./held";

const lab = Lab.at();
const top = "/tmp/layout";
const versions = { "8.4": "8.4.11", "9": "9.2.14" } as const;

/** All at once: on an emulated machine each call takes seconds. */
const asked = layouts.flatMap((layout) => GRAMMARS.map((grammar) => ({ what: layout.what, grammar, layout })));
const answers: string[] = [];

beforeAll(async () => {
  await lab.up();
  const there = await lab.run("alpha", "command -v drbdadm", { check: false });
  if (there.exit !== 0) await lab.reset("utils");
  const all = asked.map(({ layout, grammar }) => script(layout, versions[grammar])).join("\n");
  const { stdout } = await lab.run("alpha", "sh -s", { stdin: all, timeout: 900 });
  answers.push(...stdout.split(/(?<=^exit \d+\n)/m));
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

test.each(asked.map((one, place) => ({ ...one, place })))("$grammar: $what", ({ layout, grammar, place }) => {
  const answer = answers[place] ?? "";
  const exit = /^exit (\d+)$/m.exec(answer)?.[1];
  const fails = (layout.fails ?? []).length > 0 && !(grammar === "9" && layout.isPassedOver === true);
  if (fails) expect(exit).toMatch(/^[1-9]/);
  else {
    expect(exit).toBe("0");
    const defined = [...answer.matchAll(/^# defined at (.*):\d+$/gm)].map(([, path = ""]) => path.slice(top.length));
    // Of the others drbdadm tells nothing: they define no resource.
    expect(defined).toEqual(layout.reads.filter((path) => /\.res$|-c\.conf$/.test(path)));
  }
});

test("each was answered", () => {
  expect(answers.filter((one) => /^exit \d+$/m.test(one))).toHaveLength(asked.length);
});
