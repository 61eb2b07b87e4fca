/** A host that cannot be reached when something is to be taken back, or looked at: perhaps for good. */
import { HostError, UnreachableError } from "../shell/error-classes";
import type { Host } from "../shell/host";
import { justTheTables } from "../core/seen/probe";
import { operation } from "../shell/operation";

/** Tells the way out where the host that something is about is gone for good. */
export async function wayOut<T>(urn: string | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isGone(error)) throw error;
    throw new HostError(error.host, error.what, { ...error.details, advice: adviceFor(error, urn) });
  }
}

/**
 * Takes something back where its hosts can be reached. Where one cannot, it fails in the end all the same, and says what is
 * left there.
 */
export async function inTurnOfReachable(
  hosts: readonly Host[],
  work: (reached: readonly Host[]) => Promise<void>,
  { what, urn }: { readonly what: string; readonly urn: string | undefined },
): Promise<void> {
  const answers = await Promise.allSettled(hosts.map((host) => host.observe(justTheTables)));
  const failed = answers.filter((answer) => answer.status === "rejected");
  const other = failed.find(({ reason }) => !isGone(reason));
  if (other !== undefined) throw other.reason;
  const reached = hosts.filter((_host, index) => answers[index]?.status === "fulfilled");
  if (reached.length > 0) await work(reached);
  const gone: unknown = failed[0]?.reason;
  if (!isGone(gone)) return;
  const done =
    reached.length === 0 ? "" : `; ${what} was taken down on ${reached.map(({ name }) => name).join(" and ")}`;
  throw new HostError(gone.host, `${gone.what}${done}, and what there is of ${what} on ${gone.host} is left as it is`, {
    ...gone.details,
    advice: adviceFor(gone, urn),
  });
}

export function isGone(error: unknown): error is UnreachableError {
  return error instanceof UnreachableError && error.network;
}

function adviceFor({ host, details }: HostError, urn: string | undefined): string {
  const word = urn === undefined ? "URN" : `'${urn}'`;
  const ways =
    operation.command === "pulumi refresh"
      ? `leave it out: \`pulumi refresh --exclude ${word}\`. \`pulumi up\` needs no refresh before it`
      : `have Pulumi forget what stands there: \`pulumi state delete ${word}\`, and \`${operation.command ?? "pulumi up"}\` again`;
  return `${details.advice ?? "check that the host is up"}. Where ${host} is gone for good, ${ways}`;
}
