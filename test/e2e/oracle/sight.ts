/** What is compared of a host: all that the provider decides on, and what of it is chance left out. */
import { probeLook } from "../../core/one-volume";
import { lookOf } from "../../core/one-volume";
import type { ObservedNode } from "../../../provider/core/seen/observed";
import type { ProbeRequest } from "../../../provider/core/seen/probe";
import { type Names, stateOf, verbsOf } from "../../simulation/comparable";
import type { Outcome, Program } from "../../simulation/pulumi";
import type { Event } from "../../simulation/events";

/** A pair of hosts, simulated or real, in which the same things happen. */
export interface Pair {
  happen(event: Event): Promise<void>;
  up(program: Program): Promise<Work>;
  destroy(): Promise<Work>;
  /** Both hosts, once nothing goes on by itself any more. */
  look(): Promise<readonly [Seen | "off", Seen | "off"]>;
}

/** What a run of the provider came to, and what it did on each host. */
export interface Work {
  readonly end: Outcome["kind"];
  readonly steps: Readonly<Record<"alpha" | "bravo", readonly string[]>>;
}

export interface Seen {
  readonly node: ObservedNode;
  /** As `get-gi` prints it; nothing where there is no metadata. */
  readonly gi: string | undefined;
  /** Which of the writes stands in each of the filesystem's places; nothing where it is not mounted. */
  readonly written: readonly (number | undefined)[] | undefined;
}

export const request: ProbeRequest = {
  looks: [probeLook({ name: "r0", minor: 1, port: 7789, disk: "/dev/vdb", metaDisk: "internal", filesystem: true })],
  candidates: [],
  depth: "close",
};

const compared = /^\/etc\/(drbd\.d|modules-load\.d)\/|^\/etc\/systemd\/|^\/var\/lib\/drbd\//;

export function sightOf(seen: Seen | "off", names: Names) {
  if (seen === "off") return seen;
  const { node, gi, written } = seen;
  const look = lookOf(node);
  const files = [...node.files.keys()].filter((path) => compared.test(path)).sort();
  return {
    module: node.module?.loaded,
    kernel: stateOf(node.kernelResources.get("r0")),
    adjust: verbsOf(node.adjust?.output ?? ""),
    gi: gi === undefined ? undefined : names.of(gi),
    disk: look === undefined ? undefined : contentsOf(look.disk),
    metadata: look?.metadata.kind,
    device: look?.device === undefined ? undefined : contentsOf(look.device),
    files,
    links: [...node.links].sort(),
    fstab: (node.files.get("/etc/fstab") ?? "").split("\n").filter((line) => line.includes("/dev/drbd")),
    mounted: node.mounts.filter(({ source }) => source === "/dev/drbd1").map(({ target, fstype }) => [target, fstype]),
    written,
  };
}

const contentsOf = (contents: { readonly kind: string; readonly type?: string }) =>
  contents.type === undefined ? contents.kind : `${contents.kind} ${contents.type}`;
