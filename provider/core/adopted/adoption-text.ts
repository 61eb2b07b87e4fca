/** What `adopt` says: what stays outside, what a person should know, and what the preview will show. */
import { stepsOf, type Plan, type Step } from "../steps/plan";
import { formatPlan } from "../told/plan-text";
import { shownText } from "../told/shown-text";
import type { AdoptedResource, Adoption, LeftOut } from "./adopted-inputs";

const byHost = (value: unknown): string =>
  typeof value === "object" && value !== null
    ? Object.entries(value as Record<string, unknown>)
        .map(([host, one]) => `${String(one)} on ${host}`)
        .join(", ")
    : String(value);

/** `r0: minor 1, port 7789, protocol A; Primary on alpha, which mounts /srv/vm`. */
export function describedText({ resources, secrets }: Adoption): string[] {
  return resources.map((resource) => {
    const { name, port, protocol, syncSource } = resource;
    const secret = secrets.has(name) ? "; its shared secret as a secret" : "";
    return `${name}: ${volumesText(resource)}, port ${byHost(port)}, protocol ${protocol}; syncSource ${syncSource}${secret}`;
  });
}

function volumesText({ minor, disks, volumes, filesystem }: AdoptedResource): string {
  const all = volumes ?? [{ volume: 0, minor: minor ?? 0, disks: disks ?? {}, filesystem }];
  return all
    .map((one) => {
      const paths = [...new Set(Object.values(one.disks))];
      const disk = paths.length === 1 ? (paths[0] ?? "") : byHost(one.disks);
      const mounted = one.filesystem?.mountPoint;
      const at = mounted === undefined ? "" : ` (${one.filesystem?.type ?? "xfs"} at ${mounted})`;
      return `${volumes === undefined ? "" : `volume ${one.volume}: `}minor ${byHost(one.minor)}, ${disk}${at}`;
    })
    .join("; ");
}

export function leftOutText(all: readonly LeftOut[]): string[] {
  return all.map(({ subject, line, why, way }) =>
    shownText(`${subject}: ${line === undefined ? "" : `\`${line}\`: `}${why}. ${way}`, 2000),
  );
}

/** Files and what systemd reads of them: what runs is not touched. */
const isOnFiles = ({ argv: [command = "", verb] }: Step): boolean =>
  ["write", "ln"].includes(command) || (command === "systemctl" && verb !== "stop");

export function plansText(plans: readonly Plan[]): string[] {
  const steps = plans.flatMap(stepsOf);
  const others = steps.filter((step) => !isOnFiles(step));
  const refused = plans.filter(({ refusals }) => refusals.length > 0);
  const verdict =
    refused.length > 0
      ? `It refuses ${refused.map(({ subject }) => subject).join(", ")} until that is done; nothing is changed before.`
      : steps.length === 0
        ? "There is nothing to do on the hosts."
        : others.length === 0
          ? "Only files are written, and units enabled: what runs is not touched."
          : `Beside files, these run: ${[...new Set(others.map(({ node, argv }) => `\`${argv.join(" ")}\` on ${node}`))].join(", ")}.`;
  return [...plans.map(formatPlan), shownText(verdict, 2000)];
}
