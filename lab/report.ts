/** Where the lab says what it does. */
export type Report = (line: string) => void;

export const silent: Report = () => undefined;

/** Says what begins, and how long it took once it is done. */
export async function timed<T>(report: Report, what: string, work: () => Promise<T>): Promise<T> {
  const begun = performance.now();
  const result = await work();
  report(`${what}: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  return result;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
