/**
 * Commands on a machine of the lab that can be made to wait, so that a run is interrupted at exactly that point, and that
 * note how they ended, whatever became of the run that started them.
 */
import type { Lab } from "../../lab/lab";
import type { MachineName } from "../../lab/machines";

/** `before drbdadm up r0`: a moment, and how a command's line begins. */
export type Point = `${"before" | "after"} ${string}`;

const FOLDER = "/run/e2e";
/** Stands first on the PATH of whatever the provider runs there. */
const PLACE = "/usr/local/sbin";

const wrapper = (program: string): string => String.raw`#!/bin/sh
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
echo "$code $line" >>${FOLDER}/ran
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
}

/** The next command that comes to this point waits there, a minute and a half at most. */
export async function stopAt(lab: Lab, machine: MachineName, point: Point): Promise<void> {
  await lab.run(machine, `rm -f ${FOLDER}/reached ${FOLDER}/go && cat >${FOLDER}/stop-at`, { stdin: point });
}

/** Waits until a command has come to the point. */
export async function reached(lab: Lab, machine: MachineName): Promise<void> {
  await lab.run(machine, `until [ -e ${FOLDER}/reached ]; do sleep 0.1; done`, { timeout: 150 });
}

/** What waits goes on. */
export async function letGo(lab: Lab, machine: MachineName): Promise<void> {
  await lab.run(machine, `touch ${FOLDER}/go`);
}

/** The wrapped commands that have ended there, in their order, each behind its exit: `0 drbdadm up r0`. */
export async function ranOn(lab: Lab, machine: MachineName): Promise<string[]> {
  const { stdout } = await lab.run(machine, `cat ${FOLDER}/ran 2>/dev/null`, { check: false });
  return stdout.split("\n").filter((line) => line !== "");
}
