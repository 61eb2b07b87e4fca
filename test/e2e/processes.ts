import { readFile, readdir } from "node:fs/promises";

export interface Process {
  readonly pid: number;
  /** Its argv, joined with blanks. */
  readonly command: string;
}

/** The argv of every process on this machine, joined with blanks. */
export async function commandLines(): Promise<string[]> {
  const ids = (await readdir("/proc")).filter((name) => /^[0-9]+$/.test(name));
  const texts = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "")));
  return texts.map((text) => text.split("\0").join(" ").trim()).filter((text) => text !== "");
}

/** The processes that a process started, and theirs, on this machine. */
export async function childrenOf(pid: number): Promise<Process[]> {
  const ids = (await readdir("/proc")).filter((name) => /^[0-9]+$/.test(name)).map(Number);
  const parents = new Map<number, number>();
  for (const id of ids) {
    // "PID (NAME) STATE PARENT …", and the name may hold anything.
    const stat = await readFile(`/proc/${id}/stat`, "utf8").catch(() => "");
    const parent = /^[^]*\) \S (\d+) /.exec(stat)?.[1];
    if (parent !== undefined) parents.set(id, Number(parent));
  }
  const found = [pid];
  for (const ancestor of found) found.push(...ids.filter((id) => parents.get(id) === ancestor));
  return Promise.all(
    found.slice(1).map(async (id) => {
      const text = await readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "");
      return { pid: id, command: text.split("\0").join(" ").trim() };
    }),
  );
}
