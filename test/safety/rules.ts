/** The ten rules that keep data (docs/rules.md), and what shows that each holds. */
import { core, type Entry, lab, laws, met, obedience, races } from "./entry";

export const rules: readonly Entry[] = [
  {
    number: 1,
    text: "create-md runs only on a disk that was found blank, and is forced only behind a filesystem that stays.",
    guard: "The whole disk is looked at by samples, and again in the same remote command; never on metadata.",
    row: [
      ...core("decided/data/decision-table", "%s: every metadata on every disk, beside every kind of the other side"),
      ...core("decided/plans/plan-first-up", "create-md: the disk blank and of the size that was seen"),
      ...core("seen/remote-functions", "wherever data longer than the gap between two samples begins, it is met"),
    ],
    law: [
      ...core("decided/plans/plan-laws", "create-md: only on a side that is blank, once, and behind its guard"),
      ...met(
        "metadata is made without a look at the disk just before",
        "metadata is made anew before every up",
        "metadata of a grown disk is made anew",
      ),
      ...races,
    ],
    lab: [
      ...lab("bad-input", "with a filesystem, and with data behind a zeroed beginning"),
      ...lab(
        "keeps-data/existing-data",
        "XFS with room behind it: internal metadata, no mkfs, mounted, the same on the other host",
      ),
    ],
  },
  {
    number: 2,
    text: "Absent means that a tool said so in so many words; any other answer is something that is there.",
    guard: "blkid, drbdmeta and the samples must each say it; errors, old answers and cut ones count as data.",
    row: [
      ...core("seen/remote-functions", "what blkid says when it fails is never taken for none"),
      ...core(
        "decided/data/plan-disks",
        "of all contents and answers about metadata, only what is blank or ours is taken",
      ),
      ...core("decided/data/plan-data", "states that nobody thought of are refused, not guessed at"),
      ...core("seen/parse-probe", "cut at any byte before its end"),
    ],
    law: [
      { file: "hostile/probe-output.test.ts", title: "one thing wrong with the answer: $name" },
      ...met("a disk counts as blank where data of no known kind stands"),
    ],
    lab: lab(
      "keeps-data/grown-disk",
      "metadata that is unclean after a power cut: taken as it is, and the data is whole",
      "metadata of DRBD 9 under a module of 8.4: refused, with the way to convert it, after which all is there",
    ),
  },
  {
    number: 3,
    text: "primary --force once in a pair's life: on the sync source, both sides connected and never used.",
    guard: "The gate both_new on the host, after each side showed its own generation identifiers.",
    row: [
      ...core("seen/remote-functions", "opens for two connected new sides", "stays shut with %j"),
      ...core(
        "decided/data/plan-recovery",
        "one side new and the other used, in whatever state: never both made the same by force",
      ),
      ...core(
        "decided/data/decision-table",
        "disks that are attached: every state, connection, role and generation, beside the states that matter of the peer",
      ),
    ],
    law: [
      ...core(
        "decided/plans/plan-laws",
        "primary --force: only where both sides are blank or new, on the sync source, once, never where a filesystem is remembered",
        "primary --force: only after a barrier behind the making, or the check, of both sides",
      ),
      ...met("force always", "the other side is forced", "the gate before primary --force stands open"),
    ],
    lab: [
      ...lab("first-up", "installs, formats and mounts, each dangerous command once, over one connection a host"),
      ...lab(
        "keeps-data/replaced-disk",
        "the source's disk was replaced: filled from the target, promoted and mounted only then, formatted never",
      ),
    ],
  },
  {
    number: 4,
    text: "mkfs only on the sync source's DRBD device, only while it is blank and was never formatted, never forced.",
    guard:
      "A mark from the force until the mkfs, which names the generation that the force began, the filesystem's UUID in the state, a look just before.",
    row: [
      ...core("decided/plans/plan-first-up", "%s and blank: formatted by nobody"),
      ...core(
        "decided/data/plan-recovery",
        "the device is blank, and a filesystem is remembered: not formatted, whoever forced it",
      ),
      ...core("steps/file-steps", "stays when mkfs fails or is not run"),
    ],
    law: [
      ...core(
        "decided/plans/plan-laws",
        "mkfs: only on the sync source, once, on a device that is blank, and where none is remembered",
      ),
      ...met(
        "mkfs is forced, and its device counts as blank",
        "what is on the device is not looked at before it is formatted",
        "a device that looks blank is formatted, whoever used it",
        "a device is formatted though its mark is of another generation",
        "what is remembered is forgotten",
      ),
    ],
    lab: [
      ...lab("keeps-data/replaced-disk", "both disks are empty: refused, not formatted"),
      ...lab(
        "faults/first-up",
        "the power goes between the force and the note of whose it was: refused, and formatted by a person, up goes on",
      ),
      ...lab("interrupted", "while mkfs runs, which is still running when the next up comes to it"),
    ],
  },
  {
    number: 5,
    text: "A disk with a signature or data, mounted, held, in fstab or another resource's is refused; or kept, or let go by its identity.",
    guard: "Each refusal names what stands there, and the line that keeps it or lets it go, bound to its identity.",
    row: [
      ...core(
        "decided/data/plan-disks",
        "with a filesystem",
        "held",
        "in fstab",
        "where another's file claims the disk",
      ),
      ...core(
        "decided/data/plan-existing-data",
        "a filesystem that ends before the metadata: made behind it, and nothing is formatted",
      ),
      ...core("decided/data/plan-data", "another identity, another host: refused, and what is there now is told"),
    ],
    law: [
      ...core(
        "decided/data/plan-data-laws",
        "only what is named for that host is cleared, by a guard that looks again, and shown as destroyed",
        "what runs is never cleared, and nobody clears both copies, or the newer one",
        "data to keep: never formatted, never cleared, and create-md is forced there alone, behind its three guards",
      ),
      ...met("whatever stands on a disk may go", "what is cleared is not looked at just before"),
      ...met("the bitmap identifier of a side that is down is read in its own slot"),
      ...obedience,
    ],
    lab: [
      ...lab(
        "keeps-data/discard",
        "the target's: refused with the line, destroyed by it, and not when the disk was changed for another",
        "a disk in use is not cleared, whatever is named",
      ),
      ...lab(
        "keeps-data/existing-data",
        "XFS that fills the disk: external metadata is asked for, and then the disk itself is not written to",
      ),
      ...lab("several", "a disk of one of them is refused to another, whatever path it is called by"),
    ],
  },
  {
    number: 6,
    text: "Configuration is parsed by the host's own drbdadm before it replaces what is there, at once, and read back.",
    guard: "Parsed with all else that is installed; a new file beside the old one, synced, renamed, compared.",
    row: core(
      "steps/file-steps",
      "is parsed together with all else that is installed, but for its own old text, and replaces that",
      "that drbdadm does not take is not installed, and its complaint is told",
      "on a disk that is full: the old file stays, and the step fails",
      "that did not arrive whole is told",
    ),
    law: [
      ...core(
        "decided/plans/plan-laws",
        "where files change, every one is there before anything is adjusted or brought up on its host",
      ),
    ],
    lab: [
      ...lab("keeps-data/files", "%s on one host: the old file is whole, the pair runs on, and the next up goes on"),
      ...lab("config-oracle", "what we accept, drbdadm accepts, and reads as it was meant: %s"),
    ],
  },
  {
    number: 7,
    text: "All is looked at on both hosts before the first write on either.",
    guard: "One refusal anywhere leaves no step anywhere; what is wrong on both hosts is told of both.",
    row: [
      ...core(
        "decided/data/plan-disks",
        "what is wrong on both hosts is told of both",
        "another name",
        "without the address",
      ),
      ...core("decided/data/decision-table", "module and configuration, beside every kind of disk"),
      ...core(
        "decided/plans/virtual-machine-table",
        "%s where it is not served: refused where its disks are open, and nothing is touched",
      ),
    ],
    law: core("decided/plans/plan-laws", "refusals leave no steps, and each says where to go"),
    lab: [
      ...lab(
        "bad-input",
        "after all of that the hosts are as they were",
        "refuses without a preview too, and the disks keep what they hold",
      ),
      ...lab("keeps-data/apart", "a host that cannot be reached over SSH: nothing is done on the other"),
      ...lab("virtual-machines", "a disk elsewhere, and a saved memory, are refused as libvirt has them"),
    ],
  },
  {
    number: 8,
    text: "destroy unmounts, demotes, takes the resource down and removes what we wrote; data and metadata stay. A pair that was taken over is given back, and runs on; an old file that would change anything stays beside.",
    guard:
      "No step of it writes to a disk; the Primary goes first. `drbdadm -d adjust` with the old files is empty on both hosts.",
    row: [
      ...core(
        "decided/plans/plan-resource-teardown",
        "a healthy pair: the Primary first, unmounted, demoted, down, and what was written removed",
      ),
      ...core("decided/plans/given-back-or-down", "gets them back, and nothing that runs is touched", "%s"),
      ...core(
        "decided/plans/virtual-machines",
        "destroy: it is shut down first, and our files go; nothing undefines it or pulls its plug",
      ),
    ],
    law: [
      ...core(
        "decided/plans/plan-resource-teardown",
        "from no state does it write to a disk, force anything, or leave the Primary for last",
      ),
      ...core(
        "steps/never-emitted",
        "virsh destroy: by a guest's unit alone, where its host shuts down and the guest outlasts its time",
      ),
      ...met(
        "a destroy wipes the metadata",
        "what is to be given back is taken down",
        "old files come back although drbdadm would change something by them",
        "what is given back is taken down by its units' stop commands",
      ),
    ],
    lab: [
      ...lab(
        "first-up",
        "destroy unmounts, takes the device down, removes what we wrote and leaves the data",
        "an up after that finds the file, and makes nothing anew",
      ),
      ...lab(
        "take-over/given-back",
        "it stays up and mounted under a writer, by the old files, byte for byte; a boot brings it up as it did before",
        "whoever has changed it since finds it down, with the old files beside, and no boot attaches a disk by them",
      ),
      ...lab("virtual-machines", "destroy shuts them down, and they stay defined"),
    ],
  },
  {
    number: 9,
    text: "Split brain is resolved by a person's word alone: `giveUp` names one side by what it holds. DRBD does so itself only where an after-sb option that is set says it; that is warned of. A host that cannot be reached counts as off by such a word alone, for the time that the two are apart.",
    guard:
      "A refusal with both sides' generation identifiers, a line for each side, and what to type for whichever victim a person picks.",
    row: [
      ...core(
        "decided/data/plan-recovery",
        "%s: refused, with both names and what to type",
        "running apart, StandAlone: the split brain is told, and not that they are to be connected",
      ),
      ...core("decided/data/giving-up", "without a line: refused, with one for each side and how much differs"),
      ...core("wanted/option-warnings", "after-sb policies that give up a side's changes"),
      ...core("seen/generation-identifiers", "neither side is newer where neither knows the other's present"),
      ...core(
        "decided/plans/takeover",
        "the host that is left is %s: refused, without a line",
        "with the token of another time: refused, with the new line",
      ),
    ],
    law: [
      { file: "simulation/switchover.test.ts", title: "a line of another time of being apart does nothing" },
      ...core(
        "steps/never-emitted",
        "a victim of a split brain: named by the program alone, by what it holds, while it is Secondary",
      ),
      ...met("a side that stands alone is adjusted"),
    ],
    lab: [
      ...lab(
        "keeps-data/apart",
        "split brain: refused with both sides' identifiers, nothing is given up, and the way that is told works",
        "split brain, and then both taken down: refused too, and that way works too",
      ),
      ...lab(
        "takeover",
        "by the program: refused with a line; the line counts for that time alone; with it, every acknowledged write is there",
      ),
    ],
  },
  {
    number: 10,
    text: "Whatever stops a run half-way, the next up goes on from what is there.",
    guard: "There is no create and no update: every plan follows from what is found.",
    row: [
      ...core(
        "decided/plans/plan-first-up",
        "stopped with alpha at %s and bravo at %s",
        "rebooted between primary --force and mkfs: promoted, then looked at, then formatted",
      ),
      ...core(
        "seen/turn",
        "one run at a time has it, and the other is told whose it is",
        "a step that outlives the shell of its run keeps the others away until it ends",
        "steps run in the turn alone, and keep it",
      ),
    ],
    law: [...laws, ...met("a step is missing: nobody mounts", "all is done at once, and no side waits for the other")],
    lab: [
      ...lab("faults/first-up", "the steps of a first up are those that faults are made for"),
      ...lab(
        "faults/living-pair",
        "the Primary loses its power: the other is not promoted in its place, and all is there when it is back",
        "both lose their power at once",
      ),
      ...lab(
        "interrupted",
        "the provider is killed, and the next up goes on",
        "^C twice, and the next up goes on",
        "the provider ends before the next step; pulumi cancel, and up at once goes on",
        "is taken back by destroy: every file, unit and line, and no disk",
      ),
    ],
  },
];
