/** Ways in which drbd.conf may lead to other files, and the files that drbdadm reads then (drbd-utils 9.22.0, both grammars). */

export interface Layout {
  readonly what: string;
  /** Path from the root on → text. */
  readonly files: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
  /** The files that drbdadm reads after drbd.conf, in its order. */
  readonly reads: readonly string[];
  /** What drbdadm fails on. */
  readonly fails?: readonly string[];
  /** DRBD 9's passes over that. */
  readonly isPassedOver?: boolean;
}

let last = 10;

/** A definition that any drbdadm takes, of the host alpha. */
function resource(name: string): string {
  const at = ++last;
  const on = (host: string, address: string) =>
    `on ${host} { device /dev/drbd${at}; disk /dev/vd${at}; meta-disk internal; address 10.0.0.${address}:77${at}; }`;
  return `resource ${name} { ${on("alpha", "1")} ${on("bravo", "2")} }\n`;
}

const files = {
  "etc/drbd.d/a.res": resource("a"),
  "etc/drbd.d/b.res": resource("b"),
  "etc/drbd.d/.h.res": resource("h"),
  "etc/drbd.d/[x].res": resource("x"),
  "etc/drbd.d/pairs/p.res": resource("p"),
  "etc/drbd.d/pairs/all.conf": 'include "p.res"; include "../b.res";\n',
  "etc/drbd.d/with space/s.res": resource("s"),
  "etc/drbd.conf.d/10-c.conf": resource("c"),
  "srv/drbd/e.res": resource("e"),
  "etc/e.res": resource("wrong"),
};
const [A, B, H, X] = ["a", "b", ".h", "[x]"].map((name) => `/etc/drbd.d/${name}.res`) as [
  string,
  string,
  string,
  string,
];
const [P, S, C, E, ALL] = [
  "/etc/drbd.d/pairs/p.res",
  "/etc/drbd.d/with space/s.res",
  "/etc/drbd.conf.d/10-c.conf",
  "/srv/drbd/e.res",
  "/etc/drbd.d/pairs/all.conf",
] as const;

const layout = (
  what: string,
  top: string,
  reads: readonly string[],
  more: Partial<Pick<Layout, "files" | "links" | "fails" | "isPassedOver">> = {},
): Layout => ({
  what,
  ...more,
  files: { ...files, "etc/drbd.conf": `global { disable-ip-verification; }\n${top}\n`, ...more.files },
  reads,
});

export const layouts: readonly Layout[] = [
  layout("the usual pattern, in C's order, without what begins with a dot", 'include "drbd.d/*.res";', [X, A, B]),
  layout("from the root on", 'include "/etc/drbd.conf.d/*.conf";', [C]),
  layout("a subfolder", 'include "drbd.d/pairs/*.res";', [P]),
  layout("folders by a pattern", 'include "drbd.d/*/*.res";', [P, S]),
  layout("two patterns", 'include "drbd.d/pairs/*.res"; include "/srv/drbd/*";', [P, E]),
  layout("a name with a blank", 'include "drbd.d/with space/s.res";', [S]),
  layout("without quotes", "include drbd.d/a.res;", [A]),
  layout("one of some letters", 'include "drbd.d/[ac].res";', [A]),
  layout("a range of letters", 'include "drbd.d/[b-z].res";', [B]),
  layout("none of some letters", 'include "drbd.d/[!b].res";', [A]),
  layout("none of some letters, the other way", 'include "drbd.d/[^b].res";', [A]),
  layout("a class of letters", 'include "drbd.d/[[:alpha:]].res";', [A, B]),
  layout("a bracket among letters", 'include "drbd.d/[[]x].res";', [X]),
  layout("a closing bracket among letters", 'include "drbd.d/[[]x[]].res";', [X]),
  layout("a bracket without an end", 'include "drbd.d/[x.res";', []),
  layout("a backslash that drbdadm takes away", String.raw`include "drbd.d/\[x\].res";`, []),
  layout("a backslash for the pattern", String.raw`include "drbd.d/\\[x\\].res";`, [X]),
  layout("one letter", 'include "drbd.d/?.res";', [A, B]),
  layout("a dot is matched by a dot", 'include "drbd.d/.?.res";', [H]),
  layout("no match of a pattern", 'include "drbd.d/q*.res"; include "drbd.d/a.res";', [A]),
  layout("braces mean nothing", 'include "drbd.d/{a,b}*.res";', []),
  layout("a file that is not there", 'include "drbd.d/a.res"; include "drbd.d/q.res";', [A], {
    fails: ["/etc/drbd.d/q.res"],
  }),
  layout("a home means nothing", 'include "~/a.res";', [], { fails: ["/etc/~/a.res"] }),
  layout("a file in a subfolder that includes", 'include "drbd.d/pairs/all.conf"; include "drbd.d/a.res";', [
    ALL,
    P,
    B,
    A,
  ]),
  layout("twice, by several names", 'include "drbd.d/*.res"; include "drbd.d/a.res"; include "./drbd.d//a.res";', [
    X,
    A,
    B,
  ]),
  layout(
    "round a circle",
    'include "drbd.conf"; include "one.conf"; include "drbd.d/b.res";',
    ["/etc/one.conf", A, B],
    {
      files: { "etc/one.conf": 'include "drbd.conf"; include "one.conf"; include "drbd.d/a.res";\n' },
    },
  ),
  layout("comments", '# include "drbd.d/b.res";\ninclude # one\n "drbd.d/a.res" # two ;\n ;', [A]),
  layout("what is skipped", 'skip { include "drbd.d/b.res"; }\ninclude "drbd.d/a.res";', [A]),
  layout("between sections", 'common { net { protocol C; } } include "drbd.d/a.res";', [A]),
  layout(
    "a quoted text with braces",
    'common { handlers { split-brain "} include \\"x\\"; {"; } } include "drbd.d/a.res";',
    [A],
  ),
  layout("a link to a file", 'include "by.res";', ["/etc/by.res"], { links: { "etc/by.res": "drbd.d/a.res" } }),
  layout("a link to a file that is read already", 'include "drbd.d/a.res"; include "by.res";', [A], {
    links: { "etc/by.res": "drbd.d/a.res" },
  }),
  layout(
    "a file by a link to it includes from the link's folder",
    'include "all.conf";',
    ["/etc/all.conf", "/etc/e.res"],
    {
      files: { "srv/drbd/all.conf": 'include "e.res";\n' },
      links: { "etc/all.conf": "/srv/drbd/all.conf" },
    },
  ),
  layout("a link to a folder", 'include "by/*.res";', [E], { links: { "etc/by": "/srv/drbd" } }),
  layout("a link to nothing", 'include "broken/*.res";', [], {
    links: { "etc/broken/q.res": "nowhere" },
    fails: ["/etc/broken/q.res"],
    isPassedOver: true,
  }),
  layout("a folder", 'include "drbd.d/*";', [X, A, B], { fails: ["/etc/drbd.d/pairs", "/etc/drbd.d/with space"] }),
];
