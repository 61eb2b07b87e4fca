/** How data was lost with DRBD, or a cluster hung, and what stands before each: the first fifteen. */
import { core, type Entry, lab, laws, met } from "./entry";

export const firstLosses: readonly Entry[] = [
  {
    number: 1,
    text: "create-md over a disk whose head was zeroed: it looks at 68 kB only.",
    guard: "The first and last MiB and 256 samples over the whole disk must be zero.",
    row: [
      ...core("seen/remote-functions", "wherever data longer than the gap between two samples begins, it is met"),
      ...core("decided/data/plan-disks", "with data of no known kind"),
    ],
    law: met("a disk counts as blank where data of no known kind stands"),
    lab: lab("bad-input", "with a filesystem, and with data behind a zeroed beginning"),
  },
  {
    number: 2,
    text: "The tutorials' dd over the first 128 MiB, to make create-md stop asking.",
    guard: "Never emitted. What is cleared is named by its identity first, and looked at once more.",
    row: core("decided/data/plan-data", "the sync source's: cleared, and formatted"),
    law: [
      ...core(
        "steps/never-emitted",
        "dd: reads a disk that is given up, or that is to be zero, and writes to what is blank or not there yet",
      ),
      ...core(
        "decided/data/plan-data-laws",
        "only what is named for that host is cleared, by a guard that looks again, and shown as destroyed",
      ),
      ...met("what is cleared is not looked at just before"),
    ],
    lab: lab(
      "keeps-data/discard",
      "the target's: refused with the line, destroyed by it, and not when the disk was changed for another",
    ),
  },
  {
    number: 3,
    text: "create-md on the node that holds the data: it becomes the target of a full sync.",
    guard:
      "A side with data gets metadata beside it only by existingData: keep, with an empty other side, which it meets only once its data has a generation.",
    row: [
      ...core(
        "decided/data/plan-existing-data",
        "the data is on the target instead: refused, with what both hold",
        "both hold data, of whatever kind",
        "the data has a generation of its own before its peer can be met, whoever that is",
      ),
      ...core(
        "decided/data/plan-recovery",
        "on the sync source, with nothing remembered: who may be overwritten is not for us to say",
      ),
    ],
    law: [
      ...core("decided/plans/plan-laws", "create-md: never on both sides where one holds data"),
      ...met("metadata that somebody made over data counts as a blank disk's", "metadata is made anew before every up"),
    ],
    lab: lab("keeps-data/existing-data", "on the sync target instead: refused, with what both sides hold"),
  },
  {
    number: 4,
    text: "primary --force once more, or on stale data: the kernel takes it.",
    guard: "Both sides new by their own generation identifiers, connected, Inconsistent/Inconsistent.",
    row: [
      ...core("seen/remote-functions", "stays shut with %j"),
      ...core(
        "decided/data/plan-recovery",
        "one side new and the other used, in whatever state: never both made the same by force",
      ),
    ],
    law: [
      ...core(
        "decided/plans/plan-laws",
        "primary --force: only where both sides are blank or new, on the sync source, once, never where a filesystem is remembered",
      ),
      ...met(
        "force always",
        "an unfinished sync counts as a new device",
        "the gate before primary --force stands open",
      ),
    ],
    lab: [
      ...lab(
        "keeps-data/changed-disk",
        "the source's disk is gone, and what is left is out of date: refused, and the disk that was is named",
      ),
      ...lab("interrupted", "the provider is killed, and the next up goes on"),
    ],
  },
  {
    number: 5,
    text: "Promotion while the peer cannot be reached: so split brain begins.",
    guard: "fencing resource-only by default; promoted only when connected, at boot too; both hosts answer over SSH.",
    row: [
      ...core("wanted/parse-inputs", "a resource gets its defaults"),
      ...core("seen/remote-functions-data", "wait_up_to_date"),
      ...core("steps/boot-units", "%s: waited for, and given up after a minute"),
    ],
    law: laws,
    lab: lab("keeps-data/apart", "the sync source is out of date, and cannot reach the other side: not made Primary"),
  },
  {
    number: 6,
    text: "after-sb policies by which DRBD gives up a side's changes by itself.",
    guard: "DRBD's disconnect unless one is set by its name; then every plan warns of it.",
    row: core(
      "wanted/option-warnings",
      "after-sb policies that give up a side's changes",
      "more that overrules who is newer",
    ),
    law: core(
      "config/render-configuration",
      "what overrules who is newer is written only where it was given, and a plan then warns of it",
    ),
    lab: "With the default only, as loss 7; that a set policy discards is DRBD's doing, and not tried.",
  },
  {
    number: 7,
    text: "discard-my-data on a victim that was guessed.",
    guard:
      "Only by `giveUp`, which names the side by the generation of each of its volumes; checked again on the host, where it must be Secondary. Else a refusal that shows both sides.",
    row: [
      ...core(
        "decided/data/plan-recovery",
        "%s: refused, with both names and what to type",
        "the other way round, when bravo is the sync source",
      ),
      ...core(
        "decided/data/giving-up",
        "another generation than is there by now",
        "with it: what stays is checked, and only then is the other side given up",
      ),
    ],
    law: core(
      "steps/never-emitted",
      "a victim of a split brain: named by the program alone, by what it holds, while it is Secondary",
    ),
    lab: [
      ...lab(
        "keeps-data/apart",
        "split brain: refused with both sides' identifiers, nothing is given up, and the way that is told works",
      ),
      ...lab("split-brain", "the line of last time gives nothing up; the other side is given up, without a copy"),
    ],
  },
  {
    number: 8,
    text: "A mounted Primary shrunk by resize --size: it answered 0.",
    guard: "No resize is emitted; an adjust that would is refused; a disk that shrank is refused.",
    row: [...core("decided/plans/plan-changes", "another size"), ...core("decided/data/plan-data", "shrunk: refused")],
    law: [
      ...core("steps/never-emitted", "resize to a size"),
      ...core("decided/plans/plan-laws", "no adjust while StandAlone, or where drbdadm would touch a running disk"),
    ],
    lab: lab("keeps-data/grown-disk", "shrunk: refused until it has its size back"),
  },
  {
    number: 9,
    text: "drbdmeta's record of the last size (.lkbd) is stale or lost: a grown disk reads as one without metadata.",
    guard: "Our own memory of the size, and a look where the metadata lay; the record is written anew from it.",
    row: [
      ...core(
        "decided/data/plan-data",
        "grown, %s, known by our memory alone: the metadata moves, and nothing is made",
      ),
      ...core(
        "seen/remote-functions-data",
        "move_metadata tells drbdmeta the old size, and looks whether it is there then",
      ),
    ],
    law: met("metadata of a grown disk is made anew"),
    lab: lab(
      "keeps-data/grown-disk",
      "and drbdmeta's record of its size is lost",
      "and drbdmeta's record of its size is old",
    ),
  },
  {
    number: 10,
    text: "The files of the two hosts differ: at the next reconnect both stand alone.",
    guard: "Both files first, read back, then one host after the other.",
    row: core(
      "decided/plans/plan-changes",
      "another protocol: both files first, then one host after the other",
      "stopped after the files, or after the first host: the rest",
    ),
    law: [
      ...core(
        "decided/plans/plan-laws",
        "where files change, every one is there before anything is adjusted or brought up on its host",
      ),
      ...laws,
    ],
    lab: lab("change", "up changes it while connected and mounted, both files first"),
  },
  {
    number: 11,
    text: "One broken file in /etc/drbd.d: drbdadm reads no resource, handlers fail, resyncs drop.",
    guard: "drbdadm is asked about all that is installed before the first write; the file is named.",
    row: core(
      "decided/data/plan-data",
      "another resource's file that drbdadm cannot read: refused by its name, before anything is written",
    ),
    law: met("a file that drbdadm cannot read stops nobody"),
    lab: lab(
      "keeps-data/files",
      "another resource's file that drbdadm cannot read: refused by its name, nothing written",
    ),
  },
  {
    number: 12,
    text: "A file that was cut short passes sh-nop.",
    guard: "Written beside the old one, synced, renamed, read back and compared.",
    row: core(
      "steps/file-steps",
      "that did not arrive whole is told",
      "on a disk that is full: the old file stays, and the step fails",
    ),
    law: "In the simulated pair a file is there whole or not at all, as a rename leaves it.",
    lab: lab("keeps-data/files", "a full disk", "a read-only one"),
  },
  {
    number: 13,
    text: "A pair stands alone and nobody notices, until the other half is needed.",
    guard: "StandAlone is a refusal in every preview and up, never reconnected by us; other states are warned of.",
    row: core("decided/plans/plan-changes", "is never connected again by an adjust", "on one side only"),
    law: met("a side that stands alone is adjusted"),
    lab: lab("keeps-data/apart", "disconnected by hand: refused, not reconnected"),
  },
  {
    number: 14,
    text: "Repairing what a verify found, with no Primary: it repairs nothing.",
    guard: "Never emitted. Blocks out of sync with both disks UpToDate are warned of, with what copies them.",
    row: core(
      "wanted/option-warnings",
      "though both disks are UpToDate: told with what copies them, and that it needs a Primary",
    ),
    law: core("steps/never-emitted", "a verify taken for a repair"),
    lab: lab("keeps-data/verify", "told in every plan, and not touched; and what is told copies it from the Primary"),
  },
  {
    number: 15,
    text: "new-current-uuid --clear-bitmap while StandAlone: bits that matter are gone.",
    guard:
      "Only by `initialSync: skip`, of two disks that were read as zeros from end to end, while both are connected and just created.",
    row: core("decided/plans/skipped-sync", "two blank disks: both are read, and only then is the bitmap cleared"),
    law: [
      ...core(
        "steps/never-emitted",
        "clear-bitmap: by the program alone, of two that are connected and were just created",
      ),
      ...met(
        "the first sync is skipped though nobody has read the disks",
        "samples of the disks are taken for a read of them",
      ),
    ],
    lab: lab(
      "initial-sync",
      "one byte in the middle of a disk: refused with its place, and it stays",
      "two blank disks: both UpToDate at once, and nothing was sent",
    ),
  },
];
