/**
 * Commands on a machine of the lab that can be made to wait, so that a run is interrupted at exactly that point, and that
 * note how they ended, whatever became of the run that started them or of the machine.
 */
import { readFile } from "node:fs/promises";
import type { Lab } from "../../lab/lab";
import { machineFiles, type MachineName } from "../../lab/machines";
import type { Running, Stack } from "./stack";

/** `before drbdadm up r0`: a moment, and how a command's line begins. */
export type Point = `${"before" | "after"} ${string}`;

const FOLDER = "/run/e2e";
/** Stands first on the PATH of whatever the provider runs there. */
const PLACE = "/usr/local/sbin";

// What ran is noted on the console: a file there could be lost with the power, or save others from it by its sync.
const wrapper = (program: string): string => String.raw`#!/bin/sh
# Looks ask for a version: that is no step.
[ "$*" != -V ] || exec \
REAL "$@"
line="${program} $*"
wait_at() {
  case "$1 $line" in "$(cat ${FOLDER}/stop-at 2>/dev/null || echo nowhere)"*) ;; *) return ;; esac
  /usr/bin/mv ${FOLDER}/stop-at ${FOLDER}/reached || return
  turns=900
  while [ ! -e ${FOLDER}/go ] && [ $turns -gt 0 ]; do sleep 0.1; turns=$((turns - 1)); done
}
wait_at before
REAL "$@"
code=$?
printf '\ne2e: ran %s\n' "$code $line" >/dev/ttyS0
wait_at after
exit $code
`;

/** Puts the wrappers in place of programs that are installed there. Gone with the next reset of the lab. */
export async function wrap(lab: Lab, machine: MachineName, programs: readonly string[]): Promise<void> {
  const place = programs.map((program) => {
    const text = Buffer.from(wrapper(program)).toString("base64");
    return `real=$(command -v ${program}) && echo ${text} | base64 -d | sed "s,^REAL,$real," >${PLACE}/${program} && chmod +x ${PLACE}/${program} || exit`;
  });
  await lab.run(machine, `PATH=/usr/sbin:/usr/bin:/sbin:/bin; mkdir -p ${FOLDER} || exit; ${place.join("\n")}`);
  await beginRecord(lab, machine);
}

/** What ran before is forgotten. */
export async function beginRecord(lab: Lab, machine: MachineName): Promise<void> {
  await lab.run(machine, String.raw`printf '\ne2e: begin\n' >/dev/ttyS0`);
}

/** The next command that comes to this point waits there, a minute and a half at most. */
async function stopAt(lab: Lab, machine: MachineName, point: Point): Promise<void> {
  await lab.run(machine, `rm -f ${FOLDER}/reached ${FOLDER}/go && cat >${FOLDER}/stop-at`, { stdin: point });
}

/** An `up`, which waits at the point. */
export async function upTo(lab: Lab, stack: Stack, machine: MachineName, point: Point): Promise<Running> {
  await stopAt(lab, machine, point);
  const running = stack.startUp();
  const early = running.ended.then((run) => {
    throw new Error(`the run ended with ${String(run.code)}, and never came to the point:\n${run.output}`);
  });
  const reached = lab.run(machine, `until [ -e ${FOLDER}/reached ]; do sleep 0.1; done`, { timeout: 300 });
  await Promise.race([reached, early]);
  early.catch(() => undefined);
  return running;
}

/** What waits goes on. */
export async function letGo(lab: Lab, machine: MachineName): Promise<void> {
  await lab.run(machine, `touch ${FOLDER}/go`);
}

/**
 * The wrapped commands that have ended there, in their order, each behind its exit: `0 drbdadm up r0`. Since the record
 * was begun, or since the machine's power came.
 */
export async function ranOn(lab: Lab, machine: MachineName): Promise<string[]> {
  const text = await readFile(machineFiles(lab.folder, machine).console, "latin1");
  const lines = text.split(/\r?\n/);
  const ran = lines.slice(lines.lastIndexOf("e2e: begin") + 1);
  return ran.filter((line) => line.startsWith("e2e: ran ")).map((line) => line.slice("e2e: ran ".length));
}
