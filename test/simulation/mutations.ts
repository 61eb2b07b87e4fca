/** Faults in the planner and its steps, each with the law that meets it. */
import { volumePairs } from "../../provider/core/wanted/desired";
import { lookOf } from "../core/one-volume";
import { contentsIdentity } from "../../provider/core/seen/disk-identity";
import type {
  Contents,
  KernelDevice,
  ObservedNode,
  ObservedResource,
  ObservedVolume,
} from "../../provider/core/seen/observed";
import type { Plan, Step } from "../../provider/core/steps/plan";
import type { ResourceSituation } from "../../provider/core/decided/hosts/resource-situation";
import { managerFiles } from "../../provider/core/seen/managers";
import { formattingMark } from "../../provider/core/steps/own-folder";
import { createMetadata } from "../../provider/core/steps/metadata-steps";
import { resource } from "./machine";
import { eachStep, type Mutation, unguarded, without } from "./mutation";

/** Nobody asks whether what is cleared was read. */
const withoutProofOfRead = (step: Step): Step => ({
  ...step,
  guard: step.guard?.filter(([name]) => name !== "still_as_read"),
  does: step.does?.filter((action) => action.kind !== "check" || action.call[0] !== "still_as_read"),
});

/** What was seen of each host, changed. */
const nodesAs =
  (on: (node: ObservedNode) => ObservedNode) =>
  (situation: ResourceSituation): ResourceSituation => ({
    ...situation,
    nodes: [on(situation.nodes[0]), on(situation.nodes[1])],
  });

/** A host on which no other tool's file was seen. */
const withoutManagers = (node: ObservedNode): ObservedNode => ({
  ...node,
  files: new Map([...node.files].filter(([path]) => !managerFiles.includes(path))),
});

/** A resource's look at each host, changed. */
const looks = (change: (contents: Contents) => Contents) =>
  nodesAs((node) =>
    eachVolume(node, (look) => ({
      ...look,
      disk: change(look.disk),
      ...(look.device && { device: change(look.device) }),
    })),
  );

function eachVolume(node: ObservedNode, change: (look: ObservedVolume) => ObservedVolume): ObservedNode {
  const changed = ([name, look]: readonly [string, ObservedResource]): [string, ObservedResource] => {
    const volumes = new Map([...look.volumes].map(([number, volume]) => [number, change(volume)]));
    return [name, { ...look, volumes }];
  };
  return { ...node, resources: new Map([...node.resources].map(changed)) };
}

/** A resource as the kernel of each host runs it, changed. */
const running = (change: (device: KernelDevice) => KernelDevice) =>
  nodesAs((node) => ({
    ...node,
    kernelResources: new Map(
      [...node.kernelResources].map(([name, one]) => [name, { ...one, devices: one.devices.map(change) }]),
    ),
  }));

const blankInstead = (contents: Contents): Contents =>
  "real" in contents ? { kind: "blank", real: contents.real, size: contents.size ?? 0 } : contents;

const mark = formattingMark({ name: resource, volume: 0 });

/** The mark names whatever generation is there now. */
const marked = (situation: ResourceSituation, on: (node: ObservedNode) => boolean): ResourceSituation => {
  const named = (node: ObservedNode): ObservedNode => {
    const [generation = ""] = lookOf(node, resource)?.kernelGi?.split(":") ?? [];
    return on(node) ? { ...node, files: new Map([...node.files, [mark, generation]]) } : node;
  };
  return { ...situation, nodes: [named(situation.nodes[0]), named(situation.nodes[1])] };
};

const otherVersionsAsNone = nodesAs((node) =>
  eachVolume(node, (look) => {
    const isOther = look.metadata.kind === "present" && look.metadata.version === "v09";
    return isOther ? { ...look, disk: blankInstead(look.disk), metadata: { kind: "absent" } } : look;
  }),
);

/** As a reader would find it that asks for the slot of node 0 on every host: there stands what node 1 knows of its peer. */
const slotOfNodeZero = nodesAs((node) =>
  eachVolume(node, (look) => {
    const { metadata } = look;
    if (node.hostname !== "alpha" || metadata.kind !== "present" || metadata.version !== "v09") return look;
    const own = ({ gi }: { readonly gi: string }) => gi.replace(/:[0-9A-F]+/, `:${"0".repeat(16)}`);
    const slots = metadata.slots?.map((slot) => ({ ...slot, gi: own(slot) }));
    return { ...look, metadata: { ...metadata, gi: own(metadata), slots } };
  }),
);

/** As a reader would find it that knows the other version's metadata alone: where the disk ended once lies nothing. */
const grownDiskAsForeign = nodesAs((node) =>
  eachVolume(node, (look) => (look.metadata.kind === "moved" ? { ...look, metadata: { kind: "absent" } } : look)),
);

const all = /./;
const createsMetadata = /create-md/;
const formats = /^mkfs/;

export const mutations: Readonly<Record<string, Mutation>> = {
  "a disk counts as blank where data of no known kind stands": {
    law: /was lost/,
    situation: looks((contents) => (contents.kind === "data" ? blankInstead(contents) : contents)),
    plan: unguarded(createsMetadata),
  },
  "metadata is made without a look at the disk just before": {
    law: /was lost/,
    plan: unguarded(createsMetadata),
    meets: "races",
  },
  "metadata is made anew before every up": {
    law: /over the metadata of data that was in use/,
    plan: (plan, { desired }) =>
      eachStep((step) => {
        if (step.argv.join(" ") !== "drbdadm up r0") return [step];
        const place = { disk: "/dev/vdb", diskSize: 0, metaDisk: "internal", metaDiskSize: 0 };
        const made = createMetadata(step.node, volumePairs(desired)[0], place, "mutated");
        return [{ ...made, argv: ["drbdadm", "--", "--force", "create-md", "r0"], guard: undefined }, step];
      })(plan),
  },
  "metadata of a grown disk is made anew": {
    law: /over the metadata of data that was in use/,
    plan: eachStep((step) =>
      step.argv[1] === "check-resize"
        ? [{ ...step, argv: ["drbdadm", "create-md", "r0"], guard: undefined, does: undefined }]
        : [step],
    ),
  },
  "the gate before primary --force stands open": {
    law: /was lost/,
    plan: (plan) => without(/get-gi/)(unguarded(/primary --force|drbdadm up/)(plan)),
  },
  "all is done at once, and no side waits for the other": {
    law: /was lost|does not settle/,
    plan: (plan) => ({ ...plan, stages: plan.stages.length === 0 ? [] : [plan.stages.flat()] }),
  },
  "force always": {
    law: /was forced/,
    plan: eachStep((step) =>
      step.argv.join(" ") === "drbdadm primary r0"
        ? [{ ...step, argv: ["drbdadm", "primary", "--force", "r0"], guard: undefined }]
        : [step],
    ),
  },
  "the other side is forced": {
    law: /was lost/,
    plan: eachStep((step) => [
      step.argv.includes("--force") && step.argv.includes("primary")
        ? { ...step, node: step.node === "alpha" ? "bravo" : "alpha" }
        : step,
    ]),
  },
  "an unfinished sync counts as a new device": {
    law: /was lost|was forced/,
    situation: (situation) => ({
      ...situation,
      memory: new Map(),
      nodes: situation.nodes.map((node) =>
        eachVolume(node, (look) => {
          const isPartial = node.kernelResources.get("r0")?.devices[0]?.disk === "Inconsistent";
          const gi = `${"0".repeat(15)}4:${"0".repeat(16)}:${"0".repeat(16)}:${"0".repeat(16)}:0:0:0:0:0:0:0`;
          return isPartial ? { ...look, kernelGi: gi } : look;
        }),
      ) as unknown as ResourceSituation["nodes"],
    }),
    plan: (plan) => without(/get-gi/)(unguarded(all)(plan)),
  },
  "what is remembered is forgotten": {
    law: /was forced|was made/,
    situation: (situation) => ({ ...situation, memory: new Map() }),
  },
  "a device that looks blank is formatted, whoever used it": {
    law: /was lost/,
    situation: (situation) => marked(situation, () => true),
  },
  "a device is formatted though its mark is of another generation": {
    law: /was lost/,
    situation: (situation) => marked(situation, (node) => node.files.has(mark)),
    meets: "takeovers",
  },
  "data to keep waits for its peer before it has a generation": {
    law: /was lost: a sync/,
    plan: (plan) => {
      const forces = ({ argv }: Step) => argv.includes("primary");
      const all = plan.stages
        .flat()
        .map((step): Step => (forces(step) ? { ...step, guard: [["both_new", resource]] } : step));
      return { ...plan, stages: [all.filter((step) => !forces(step)), all.filter(forces)] };
    },
    meets: "keeping",
  },
  "what is on the device is not looked at before it is formatted": {
    law: /was lost/,
    situation: (situation) => looks((contents) => contents)(situation),
    plan: unguarded(formats),
  },
  "mkfs is forced, and its device counts as blank": {
    law: /was lost/,
    situation: (situation) => ({
      ...looks((contents) =>
        "real" in contents && contents.real === "/dev/drbd1" ? blankInstead(contents) : contents,
      )(situation),
      memory: new Map(),
    }),
    plan: eachStep((step) => [
      formats.test(step.argv[0]!)
        ? { ...step, guard: undefined, does: undefined, argv: ["mkfs.xfs", "-f", ...step.argv.slice(1)] }
        : step,
    ]),
    drops: /has no filesystem/,
  },
  "a side that stands alone is adjusted": {
    law: /stood alone/,
    plan: unguarded(/adjust/),
    drops: /StandAlone/,
  },
  "a disk that was changed under its metadata is brought up": {
    law: /was lost/,
    drops: /is another disk than the one that/,
    meets: "swaps",
  },
  "what was replicated counts as anybody's where another place for its metadata is named": {
    law: /was lost/,
    drops: /as the file of r0 there says/,
  },
  "a disk that is mounted by itself counts as free": {
    law: /it is mounted by itself/,
    situation: nodesAs((node) => ({ ...node, mounts: node.mounts.filter(({ source }) => source !== "/dev/vdb") })),
    meets: "mounts",
  },
  "a file that drbdadm cannot read stops nobody": {
    law: /does not settle/,
    situation: nodesAs((node) => ({ ...node, adjust: undefined })),
  },
  "metadata of another version counts as none": {
    law: /over the metadata of data that was in use/,
    situation: otherVersionsAsNone,
    plan: eachStep((step) => [
      createsMetadata.test(step.argv.join(" "))
        ? { ...step, guard: undefined, does: undefined, argv: ["drbdadm", "--", "--force", "create-md", "r0"] }
        : step,
    ]),
  },
  "node ids that are there already are given anew": {
    law: /was parted from its peer/,
    situation: (situation) => ({
      ...situation,
      configuration: situation.configuration.replace(/node-id \d+/, "node-id 0").replace(/node-id [^0]/, "node-id 1"),
    }),
    meets: "adoptions",
  },
  "the bitmap identifier of a side that is down is read in its own slot": {
    law: /the newest copy is gone|a dead end/,
    situation: slotOfNodeZero,
    meets: "obedience",
  },
  "metadata where a disk ended before it grew is not known": {
    law: /the newest copy is gone/,
    situation: grownDiskAsForeign,
    meets: "obedience",
  },
  "a side is made Primary while it is filled": {
    law: /made Primary with a disk/,
    situation: running((device) => ({ ...device, disk: device.disk === "Inconsistent" ? "UpToDate" : device.disk })),
    plan: unguarded(/drbdadm primary r0/),
  },
  "whatever stands on a disk may go": {
    law: /nobody had named/,
    situation: (situation) => ({
      ...situation,
      desired: {
        ...situation.desired,
        discard: Object.fromEntries(
          situation.nodes.map((node) => {
            const disk = lookOf(node)?.disk;
            const identity = disk && contentsIdentity(disk);
            return [node.hostname, identity === undefined ? [] : [identity]];
          }),
        ),
      },
    }),
  },
  "what is cleared is not looked at just before": {
    law: /nobody had named/,
    plan: unguarded(/wipefs/),
    meets: "races",
  },
  "metadata that somebody made over data counts as a blank disk's": {
    law: /was lost/,
    plan: eachStep((step) => [
      {
        ...step,
        guard: step.guard?.filter(([name]) => name !== "blank_before_metadata"),
        does: step.does?.filter((one) => one.kind !== "check" || one.call[0] !== "blank_before_metadata"),
      },
    ]),
  },
  "a destroy wipes the metadata": {
    law: /wipe-md/,
    teardown: (plan: Plan) =>
      eachStep((step) =>
        step.argv[1] === "down" ? [step, { ...step, argv: ["drbdadm", "--", "--force", "wipe-md", "r0"] }] : [step],
      )(plan),
  },
  "what is to be given back is taken down": {
    law: /what was given back is/,
    leaving: (node) => ({ ...node, givenBack: [] }),
    meets: "returns",
  },
  "old files come back although drbdadm would change something by them": {
    law: /it runs still/,
    leaving: (node) => ({
      ...node,
      givenBack: node.givenBack?.map((one) => ({ ...one, change: { exit: 0, output: "" } })),
    }),
    meets: "returns",
  },
  "what is given back is taken down by its units' stop commands": {
    law: /what was given back is/,
    teardown: eachStep((step) => [
      step.does?.[0]?.kind === "forget-units"
        ? { ...step, argv: ["systemctl", "stop", "drbd@r0.target"], does: undefined }
        : step,
    ]),
    meets: "returns",
  },
  "the other volume is formatted along with a new one": {
    law: /was lost: mkfs/,
    plan: eachStep((step) => {
      const other: Step = { ...step, guard: undefined, does: undefined, argv: ["mkfs.xfs", "-f", "/dev/drbd1"] };
      return formats.test(step.argv[0]!) && step.argv.at(-1) !== "/dev/drbd1" ? [step, other] : [step];
    }),
    meets: "volumes",
  },
  "a volume that comes with its data is taken for a new one": {
    law: /was lost|was forced|was made|over the metadata of data that was in use/,
    situation: nodesAs((node) =>
      eachVolume(node, (look) => ({
        ...look,
        disk: blankInstead(look.disk),
        ...(look.metadata.kind === "present" ? { metadata: { kind: "absent" } } : {}),
      })),
    ),
    plan: (plan) =>
      eachStep((step) => [
        createsMetadata.test(step.argv.join(" "))
          ? { ...step, does: undefined, argv: ["drbdadm", "--", "--force", "create-md", step.argv.at(-1)!] }
          : step,
      ])(unguarded(all)(plan)),
    meets: "volumes",
  },
  "the metadata of a volume that the program drops is wiped": {
    law: /wipe-md/,
    plan: eachStep((step) =>
      step.argv[1] === "del-minor"
        ? // Its reason begins with the volume.
          [step, { ...step, argv: ["drbdadm", "--", "--force", "wipe-md", step.because.split(" ")[0]!] }]
        : [step],
    ),
    meets: "volumes",
  },
  "a volume that the program drops loses its disk while it is mounted": {
    law: /was detached while in use/,
    plan: (plan) => unguarded(/^drbdsetup/)(without(/^umount|drbdadm secondary r0\//)(plan)),
    meets: "volumes",
  },
  "a volume that comes back stays Secondary": {
    law: /mounted on 0 machines/,
    plan: without(/drbdadm primary r0\//),
    meets: "volumes",
  },
  "the first sync is skipped though nobody has read the disks": {
    law: /the bitmap was cleared/,
    plan: eachStep((step) => (step.argv[0] === "cmp" ? [] : [withoutProofOfRead(step)])),
    meets: "skips",
  },
  "samples of the disks are taken for a read of them": {
    law: /the bitmap was cleared/,
    plan: eachStep((step) => [
      withoutProofOfRead({ ...step, does: step.does?.filter(({ kind }) => kind !== "read-zeros") }),
    ]),
    meets: "skips",
  },
  "the file of another tool is not looked at": {
    law: /done beside Pacemaker/,
    situation: nodesAs(withoutManagers),
    leaving: withoutManagers,
    meets: "managed",
  },
  "a step is missing: nobody mounts": {
    law: /mounted nowhere/,
    plan: without(/^mount/),
  },
  "a step is always there": {
    law: /does not settle/,
    plan: (plan, { desired }) =>
      plan.refusals.length > 0
        ? plan
        : {
            ...plan,
            stages: [
              ...plan.stages,
              [{ node: desired.syncSource, argv: ["systemctl", "daemon-reload"], because: "", timeoutSeconds: 1 }],
            ],
          },
  },
};
