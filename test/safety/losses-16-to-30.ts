/** How data was lost with DRBD, or a cluster hung, and what stands before each: the other fifteen. */
import { adoptions, core, type Entry, lab, laws, met, noDrbd9InLab, obedience, races, upgrades } from "./entry";

export const otherLosses: readonly Entry[] = [
  {
    number: 16,
    text: "invalidate on a mounted Primary, invalidate-remote, detach of a Primary: the kernel takes each.",
    guard:
      "Never emitted, but for a volume that the program drops: unmounted, demoted, and only where nobody has it open. An adjust that would detach a running disk is refused.",
    row: [
      ...core(
        "steps/never-emitted",
        "invalidate, invalidate-remote",
        "detach: of one volume that leaves, and only where nobody has it open",
      ),
      ...core("decided/plans/plan-changes", "another disk"),
    ],
    law: [
      ...core("decided/plans/plan-laws", "no adjust while StandAlone, or where drbdadm would touch a running disk"),
      ...laws,
    ],
    lab: lab("change", "its disk"),
  },
  {
    number: 17,
    text: "The backing disk mounted by itself, beside DRBD.",
    guard:
      "Mounts, swap, holders, fstab and what gives disks to guests are looked at behind every link; such a disk is not attached.",
    row: [
      ...core(
        "decided/data/plan-disks",
        "mounted",
        "in fstab",
        "used as it is reached through a link",
        "a disk with data of ours is not attached while it is used otherwise",
      ),
      ...core("seen/given-disks", "the resource's own disk is not attached while a guest is given it"),
      ...core("decided/hosts/virtual-machines", "a disk %s"),
    ],
    law: met("a disk that is mounted by itself counts as free"),
    lab: lab("bad-input", "that are mounted, and that are swap space", "that fstab mounts by itself"),
  },
  {
    number: 18,
    text: "A disk that grew while it was down looks like a plain ext4 or XFS: its metadata is not at the end.",
    guard:
      "The remembered size, and drbdmeta's, say that it grew: check-resize, never create-md. Where nobody remembers, the metadata behind the filesystem does, and no `discard` is offered.",
    row: [
      ...core(
        "decided/data/plan-data",
        "grown, %s, known by our memory alone: the metadata moves, and nothing is made",
        "grown, known by the host's own record",
      ),
      ...core("seen/remote-functions-data", "before_growth: that device's metadata and no other's"),
      ...core(
        "decided/data/v09-metadata",
        "with the stack's state lost, and every message followed: it moves, and nothing of it goes",
        "no line is offered by which it goes, but what brings its metadata back; without metadata behind, there is one",
      ),
    ],
    law: [
      ...met("metadata of a grown disk is made anew", "metadata where a disk ended before it grew is not known"),
      ...obedience,
    ],
    lab: lab(
      "keeps-data/grown-disk",
      "%s: its metadata moves, with its generation identifiers",
      "and nothing of its metadata is where it ended: stopped, nothing is made",
    ),
  },
  {
    number: 19,
    text: "Module 8.4 gives way to 9, or back: get-gi for one version says that there is no metadata.",
    guard:
      "Both versions are asked for; 8.4's is converted where both sides are in sync, and else refused with the way on, as 9's is.",
    row: [
      ...core("seen/remote-functions", "gi and no_metadata"),
      ...core(
        "decided/data/metadata-conversion",
        "in sync: the file first, then the metadata is converted, and the pair comes up with its filesystem",
        "%s: nothing is converted, and the way back to a pair in sync is told",
        "where 8.4 is gone for good, the older side goes by name, and never the newer",
        "both hosts: refused, with the order that works",
      ),
    ],
    law: [...met("metadata of another version counts as none"), ...upgrades],
    lab: lab(
      "keeps-data/grown-disk",
      "metadata of DRBD 9 under a module of 8.4: refused, with the way to convert it, after which all is there",
    ),
  },
  {
    number: 20,
    text: "Failover to a side that is SyncTarget, Behind or Inconsistent.",
    guard: "up, and the unit for the boot, promote only a side that is connected and UpToDate.",
    row: [
      ...core("steps/boot-units", "%s: waited for, and given up after a minute"),
      ...core("seen/remote-functions-data", "wait_up_to_date"),
      ...core(
        "decided/data/plan-recovery",
        "the other side is newer: it fills the sync source first, which is not promoted before that",
      ),
      ...core(
        "decided/data/decision-table",
        "disks that are attached: every state, connection, role and generation, beside the states that matter of the peer",
      ),
    ],
    law: met("a side is made Primary while it is filled"),
    lab: [
      ...lab(
        "keeps-data/apart",
        "the sync source is out of date: the other side's newer data fills it, and only then is it Primary",
      ),
      ...lab(
        "keeps-data/replaced-disk",
        "the source's disk was replaced: filled from the target, promoted and mounted only then, formatted never",
      ),
    ],
  },
  {
    number: 21,
    text: "A boot that waits for the peer for ever (wfc-timeout 0).",
    guard:
      "drbd@.target, which waits for nobody; the wait for the peer is a unit of its own, on which no boot waits; noauto and nofail in fstab.",
    row: [
      ...core(
        "steps/boot-units",
        "the promotion never forces, is bounded, and comes after what brings the resource up",
        "%s: waited for, and given up after a minute",
      ),
      ...core(
        "steps/file-steps",
        "the line: noauto and nofail, so that no boot mounts it or hangs on it, and promoted before it is mounted",
      ),
    ],
    law: laws,
    lab: lab(
      "first-up",
      "leaves one line in each fstab: mounted where it is Primary, and never a boot that hangs",
      "comes back by itself when both machines lose power",
    ),
  },
  {
    number: 22,
    text: "drbd.service restarted: its stop unmounts everything and unloads the module, its start waits.",
    guard: "Never emitted, and not enabled: each resource has its own drbd@ target.",
    row: core(
      "decided/plans/plan-resource-teardown",
      "a healthy pair: the Primary first, unmounted, demoted, down, and what was written removed",
    ),
    law: core("steps/never-emitted", "drbd.service, started, stopped or restarted"),
    lab: lab("several", "one is taken away, and the others run on"),
  },
  {
    number: 23,
    text: "Disk, minor or name changed under a running resource; the disk changed under metadata that is on another one.",
    guard:
      "What drbdadm would do for it is read beforehand (adjust -d) and refused; so is a disk that is not the remembered one.",
    row: [
      ...core("decided/plans/plan-changes", "another disk", "another minor", "whatever we do not know"),
      ...core("decided/data/plan-disks", "where it runs as another minor"),
      ...core(
        "decided/data/decision-table",
        "disks whose metadata is on another one, in a pair that is remembered, beside every kind of the other side",
      ),
      ...core(
        "decided/data/plan-external-metadata",
        "%s: refused, since DRBD would take what is there for its own",
        "under another path without a serial number: refused",
        "%s: refused, whatever is named",
      ),
    ],
    law: [
      ...core("decided/plans/plan-laws", "no adjust while StandAlone, or where drbdadm would touch a running disk"),
      ...met(
        "a disk that was changed under its metadata is brought up",
        "what was replicated counts as anybody's where another place for its metadata is named",
      ),
    ],
    lab: [
      ...lab("change", "its minor", "its disk", "its name", "the pair is well"),
      ...lab(
        "keeps-data/external-metadata",
        "another disk beside the same metadata: refused, and filled from the other side at a person's word",
      ),
    ],
  },
  {
    number: 24,
    text: "`yes |` before create-md: old drbd-utils ask other questions.",
    guard: "Never emitted; standard input is closed, and what asks gets no answer.",
    row: core("steps/apply-script", "nothing waits for input"),
    law: [
      ...core("steps/never-emitted", "an answer to whatever is asked"),
      ...core("decided/plans/plan-laws", "no command is forced but that one"),
    ],
    lab: lab("keeps-data/questions", "over %s: it gets no answer, fails, and writes nothing"),
  },
  {
    number: 25,
    text: "Two Primaries with an XFS.",
    guard: "allow-two-primaries with a filesystem is refused; two that are Primary by somebody's hand too.",
    row: [
      ...core("wanted/conflicts", "two Primaries with XFS", "two Primaries everywhere"),
      ...core("decided/plans/plan-changes", "both hosts are Primary: nobody's filesystem is touched"),
    ],
    law: core(
      "decided/plans/plan-laws",
      "whoever is Primary stays so: nobody is demoted, unmounted, taken down or promoted beside",
    ),
    lab: lab("keeps-data/apart", "both are Primary by somebody's hand: refused, and neither is touched"),
  },
  {
    number: 26,
    text: "A resync that stops for good, with small max-buffers and sndbuf-size.",
    guard: "A warning in every plan where max-buffers is below DRBD's own and sndbuf-size holds less than it.",
    row: core(
      "wanted/option-warnings",
      "small max-buffers beside a small sndbuf-size",
      "small max-buffers, and the kernel tunes sndbuf-size",
    ),
    law: "An option that a person sets knowingly, and a matter of buffers, which the simulated pair does not have.",
    lab: "Not shown: it needs congestion that the lab's link does not have. The kernel's source names these settings; the bound is ours.",
  },
  {
    number: 27,
    text: "disk-flushes or md-flushes off, and no battery behind the cache.",
    guard: "On by default. Off is for a person to say: then every plan says what it costs without a battery.",
    row: core("wanted/option-warnings", "flushes off without a battery", "no order of writes at all", "flushes on"),
    law: "An option that a person sets knowingly; the simulated pair's disks have no cache.",
    lab: "Not shown: the lab's disks do not lose what they have acknowledged, power cut or not.",
  },
  {
    number: 28,
    text: "Node ids that change sides: DRBD 9 keeps them in its metadata.",
    guard: "Written out, by the hosts' names and not by their order; those that are there already are kept.",
    row: [
      ...core(
        "config/render-configuration",
        "node ids stay with their hosts when the inputs are turned round, and can be those that are there already",
      ),
      ...core(
        "installed/node-ids",
        "writes the ids of a pair that was made by hand, and none of the commands that would remove its peer",
        "is refused before the first write where the ids are not clear",
      ),
    ],
    law: [...adoptions, ...met("node ids that are there already are given anew")],
    lab: `${noDrbd9InLab} drbdadm's grammar of version 9 takes what is written (config-oracle).`,
  },
  {
    number: 29,
    text: "DRBD 9.3.3: disks that differ after a quorum was lost and the hosts met again.",
    guard:
      "Quorum is off by default. Where it is set, every plan says to compare the disks; blocks out of sync are told.",
    row: core(
      "wanted/option-warnings",
      "a quorum of two hosts",
      "though both disks are UpToDate: told with what copies them, and that it needs a Primary",
    ),
    law: "The simulated pair has no quorum: two hosts have none by default.",
    lab: noDrbd9InLab,
  },
  {
    number: 30,
    text: "A device initialised that is in use.",
    guard: "Holders, mounts and swap are looked at; what clears opens for itself alone, and create-md too.",
    row: [
      ...core("decided/data/plan-disks", "held", "swap", "with a mounted volume on its partition"),
      ...core("seen/remote-functions-data", "what cannot be opened alone is not touched"),
    ],
    law: [
      ...core(
        "decided/data/plan-data-laws",
        "what runs is never cleared, and nobody clears both copies, or the newer one",
      ),
      ...races,
    ],
    lab: [
      ...lab("keeps-data/discard", "a disk in use is not cleared, whatever is named"),
      ...lab(
        "bad-input",
        "that a resource runs on which no file describes, and that the system runs on",
        "that are read-only, and held by LVM",
      ),
    ],
  },
];
