/** What is to be undone if the work under way ends early, the last begun first. */
const pending: (() => Promise<void>)[] = [];

/** Does the work; where it fails, or the process is told to end meanwhile (see `cleanUp`), `undo` runs. */
export async function undoneOnFailure<T>(undo: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  pending.push(undo);
  try {
    return await work();
  } catch (error) {
    await undo();
    throw error;
  } finally {
    pending.splice(pending.indexOf(undo), 1);
  }
}

/** For a process that has been told to end. */
export async function cleanUp(): Promise<void> {
  for (const undo of [...pending].reverse()) await undo().catch(() => undefined);
}
