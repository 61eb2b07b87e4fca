/** DRBD 9's node ids: those that a pair has are found, whatever tells them, and kept. */
import { resourceOf } from "../one-volume";
import { type OneVolume } from "../one-volume";
import fc from "fast-check";
import { parseResFile } from "../../../provider/core/config/found-resource";
import { renderResource } from "../../../provider/core/config/render-configuration";
import { nodeIdRefusals, nodeIdsOf } from "../../../provider/core/installed/node-ids";
import { type NodeIds } from "../../../provider/core/config/default-node-ids";
import type { ObservedNode } from "../../../provider/core/seen/observed";
import { resourcePath } from "../../../provider/core/config/paths";
import { stepsOf } from "../../../provider/core/steps/plan";
import { parseProbe } from "../../../provider/core/seen/parse-probe";
import { Pair } from "../../../provider/lifecycle/pair";
import { captured9, probe9 } from "../fixtures-9";
import {
  blankNode,
  downNode,
  drbdSignature,
  kernelDevice,
  planOf,
  r0,
  usedGi,
  withFile,
  withKernel,
  withLook,
} from "../observed-builder";

const path = resourcePath("r0");

type Two = readonly [ObservedNode, ObservedNode];

/** A pair of the captures: its hosts have other addresses than those of observed-builder.ts. */
const wanted: OneVolume = {
  ...r0,
  sides: [
    { ...r0.sides[0], address: "10.0.99.1" },
    { ...r0.sides[1], address: "10.0.99.2" },
  ],
};

const seen = (state: string): Two => {
  const node = (host: string) => {
    const status = captured9(`${state}.${host}`, "drbdsetup status --verbose --statistics");
    const probe = probe9(`${state}.${host}`, "close");
    // The captures are older than the question.
    const asked = probe.replace(/^@N volume r0 0\n/m, `@N status\n${status}\n@N exit 0\n$&`);
    return parseProbe("N", asked);
  };
  return [node("alpha"), node("bravo")];
};

const module9 = (node: ObservedNode): ObservedNode => ({ ...node, module: { version: "9.2.16", loaded: true } });
const blankPair9: Two = [module9(blankNode("alpha")), module9(blankNode("bravo"))];

const running = (node: ObservedNode, peerNodeId: number | undefined): ObservedNode =>
  withKernel(node, { connection: "Connected", peerNodeId, devices: [kernelDevice("UpToDate")] });
const writtenBy = (node: ObservedNode, nodeIds: NodeIds): ObservedNode =>
  withFile(node, path, renderResource(resourceOf(r0), "9", { nodeIds }).replace(/^#.*\n/, ""));
const superblock = (node: ObservedNode, nodeId: number): ObservedNode =>
  withLook(node, {
    disk: drbdSignature,
    metadata: { kind: "present", version: "v09", gi: `${usedGi}:0:0:0:0:0`, nodeId },
  });
/** What drbdadm would run for a file without ids, of a resource that is down. */
const implying = (node: ObservedNode, own: number, peer: number): ObservedNode => ({
  ...withFile(node, path, renderResource(resourceOf(r0), "9").replaceAll(/^ *node-id.*\n/gm, "")),
  adjust: {
    exit: 0,
    output:
      `drbdsetup new-resource r0 ${own}\ndrbdsetup new-minor r0 1 0\n` +
      `drbdsetup new-peer r0 ${peer} --_name=peer --protocol=C\ndrbdsetup connect r0 ${peer}\n`,
  },
});

const idsOf = (text: string): unknown =>
  Object.fromEntries(parseResFile(text)[0]!.nodeIds.map(({ host, nodeId }) => [host, nodeId]));

describe("the ids that exist are known", () => {
  test("from the kernels of a pair that was made by hand", () => {
    const [alpha, bravo] = seen("new-pair-before-first-promotion-handmade-mesh");
    const known = { kind: "known", ids: [1, 0] };
    expect(nodeIdsOf(resourceOf(wanted), [alpha, bravo])).toEqual(known);
    expect(nodeIdsOf(resourceOf(wanted), [withFile(alpha, path, undefined), withFile(bravo, path, undefined)])).toEqual(
      known,
    );
  });

  test("from the kernels of a pair without ids in its file", () => {
    expect(nodeIdsOf(resourceOf(wanted), seen("adopted-implicit-ok"))).toEqual({ kind: "known", ids: [0, 1] });
  });

  test("from the kernels, where the files say something else and the two do not connect", () => {
    expect(nodeIdsOf(resourceOf(wanted), seen("adopted-node-ids-swapped"))).toEqual({ kind: "known", ids: [1, 0] });
    expect(nodeIdsOf(resourceOf(wanted), seen("adopted-implicit-ids-swapped"))).toEqual({ kind: "known", ids: [1, 0] });
  });

  const pairs = fc
    .tuple(fc.integer({ min: 0, max: 31 }), fc.integer({ min: 0, max: 31 }))
    .filter(([one, other]) => one !== other);
  const [alpha, bravo] = blankPair9;
  const sources: readonly ((ids: NodeIds) => Two)[] = [
    ([a, b]) => [running(alpha, b), running(bravo, a)],
    ([a, b]) => [superblock(alpha, a), superblock(bravo, b)],
    ([a, b]) => [running(alpha, b), superblock(bravo, b)].map((node) => writtenBy(node, [a, b])) as unknown as Two,
    (ids) => [writtenBy(alpha, ids), writtenBy(bravo, ids)],
    (ids) => [writtenBy(superblock(alpha, ids[0]), ids), bravo],
    ([a, b]) => [implying(alpha, a, b), implying(bravo, b, a)],
    ([a, b]) => [implying(superblock(alpha, a), a, b), bravo],
    // What is in use counts before what a file says.
    ([a, b]) => [writtenBy(running(alpha, b), [b, a]), writtenBy(running(bravo, a), [b, a])],
    // A disk that a person lets go says nothing.
    ([a, b]) => [writtenBy(running(alpha, b), [a, b]), superblock(bravo, 31 - b)],
  ];

  test.each(sources.map((make, index) => [index, make] as const))("any two, from source %i", (index, make) => {
    const isLetGo = index === sources.length - 1;
    const desired = isLetGo ? { ...r0, discard: { bravo: [`drbd:29ff20370300d6d2`] } } : r0;
    fc.assert(
      fc.property(pairs, (ids) => {
        expect(nodeIdsOf(resourceOf(desired), make(ids))).toEqual({ kind: "known", ids });
        expect(nodeIdRefusals(resourceOf(desired), make(ids))).toEqual([]);
      }),
    );
  });

  test("from the state, where no host tells", () => {
    const kept = renderResource(resourceOf(r0), "9", { nodeIds: [5, 3] });
    expect(nodeIdsOf(resourceOf(r0), blankPair9, kept)).toEqual({ kind: "known", ids: [5, 3] });
  });
});

describe("DRBD tells no generation identifiers, since the kernel has not the peer that the file names", () => {
  const way = (nodes: Two): string => {
    const { refusals } = planOf(nodes, { desired: wanted });
    expect(refusals.map(({ node }) => node)).toEqual(["alpha", "bravo"]);
    return refusals.map((one) => `${one.node ?? ""}: ${one.found}. ${one.way}`).join("\n");
  };

  test("none: after a del-peer, drbdadm adjust makes it again", () => {
    const said = way(seen("adopted-node-ids-swapped"));
    expect(said).toMatch(
      /alpha: the generation identifiers of r0 could not be read: DRBD has its disk, and no peer for it. `drbdadm adjust r0` there/,
    );
  });

  test("another node id: the file's must be the kernel's", () => {
    expect(way(seen("adopted-implicit-ids-swapped"))).toMatch(
      /bravo: .* the node ids in its file must be those that `drbdsetup show r0` tells/,
    );
  });
});

describe("any will do", () => {
  test.each([
    ["on blank disks", blankPair9],
    ["on metadata that was never attached", blankPair9.map((node) => superblock(node, -1))],
    ["on metadata of 8.4, under module 9", [module9(downNode("alpha", usedGi)), module9(downNode("bravo", usedGi))]],
    [
      "where files that were never used disagree",
      [writtenBy(blankPair9[0], [0, 1]), writtenBy(superblock(blankPair9[1], -1), [1, 0])],
    ],
    ["where one side's is the one that we would give it", [superblock(blankPair9[0], 0), blankPair9[1]]],
  ] as unknown as [string, Two][])("%s", (_, nodes) => {
    expect(nodeIdsOf(resourceOf(r0), nodes)).toEqual({ kind: "free" });
  });
});

describe("what is not clear is refused, with every source", () => {
  const [alpha, bravo] = blankPair9;

  test.each([
    [
      "a kernel and a superblock disagree",
      [writtenBy(running(alpha, 1), [0, 1]), superblock(bravo, 2)],
      ["bravo has 1 (the kernel of alpha)", "bravo has 2 (the metadata on bravo:/dev/vdb)"],
    ],
    [
      "both sides have the same",
      [superblock(alpha, 1), superblock(bravo, 1)],
      ["alpha has 1 (the metadata on alpha:/dev/vdb)", "bravo has 1 (the metadata on bravo:/dev/vdb)"],
    ],
    [
      "one superblock and the only file disagree",
      [superblock(alpha, 1), writtenBy(bravo, [0, 1])],
      ["alpha has 1 (the metadata on alpha:/dev/vdb)", "alpha has 0 (/etc/drbd.d/r0.res on bravo)"],
    ],
    ["only one side's is known", [superblock(alpha, 3), bravo], ["alpha has 3 (the metadata on alpha:/dev/vdb)"]],
    [
      "the files of disks that cannot be read disagree",
      [
        withLook(writtenBy(alpha, [0, 1]), { metadata: { kind: "busy", said: "busy" } }),
        withLook(writtenBy(bravo, [1, 0]), { metadata: { kind: "busy", said: "busy" } }),
      ],
      ["alpha has 0 (/etc/drbd.d/r0.res on alpha)", "alpha has 1 (/etc/drbd.d/r0.res on bravo)"],
    ],
  ] as unknown as [string, Two, string[]][])("%s", (_, nodes, told) => {
    const [refusal] = nodeIdRefusals(resourceOf(r0), nodes);
    told.forEach((one) => {
      expect(refusal?.found).toContain(one);
    });
  });
});

describe("a pair's plan", () => {
  const connection = { host: "127.0.0.1", user: "root" } as never;
  const pairOf = (olds = {}) => new Pair(resourceOf(wanted), [connection, connection], { inputs: {}, olds });

  test("writes the ids of a pair that was made by hand, and none of the commands that would remove its peer", () => {
    const nodes = seen("new-pair-before-first-promotion-handmade-mesh");
    const configured = stepsOf(pairOf().plan(nodes)).flatMap(({ does = [] }) =>
      does.flatMap((action) => (action.kind === "configure" ? [idsOf(action.text)] : [])),
    );
    expect(configured).toEqual([
      { alpha: 1, bravo: 0 },
      { alpha: 1, bravo: 0 },
    ]);
  });

  test("is refused before the first write where the ids are not clear", () => {
    const [alpha, bravo] = seen("new-pair-before-first-promotion-handmade-mesh");
    const plan = pairOf().plan([withKernel(alpha, { peerNodeId: 1 }), bravo]);
    expect(stepsOf(plan)).toEqual([]);
    expect(plan.refusals.map(({ found }) => found).join()).toMatch(/node ids of r0 are not clear/);
  });
});
