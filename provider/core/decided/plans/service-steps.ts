/** The services of a resource: started where it is mounted, or Primary where it has no mount point. */
import { isRunning } from "../../seen/observed";
import type { Step } from "../../steps/plan";
import { isActive, mountUnitsOf, promotionOf } from "../../steps/boot-units";
import * as stepsUnits from "../../steps/unit-steps";
import type { HostView, ResourceView } from "../data/resource-view";
import { isPrimary } from "../data/side";
import { inOrder } from "./boot-steps";

/** After `before`, the plan's steps that promote and mount. */
export function serviceSteps(view: ResourceView, before: readonly Step[]): Step[] {
  const { name, services } = view.desired;
  // Where it moves, they are started on the other side.
  if (services.length === 0 || (view.switchover !== undefined && !view.isMovedLater)) return [];
  const host = view.hosts.find((one) => isServing(view, one, before));
  if (host === undefined) return [];
  const { hostname } = host.host;
  // What ends by itself is started by a boot or a switch, and by the `up` that mounts.
  const isNew = before.some(({ node, argv }) => node === hostname && ["mount", "drbdadm"].includes(argv[0] ?? ""));
  const due = services.filter((service) => {
    const seen = host.node.services?.get(service);
    return seen === undefined || (!isRunning(seen) && (isNew || !seen.ends));
  });
  if (due.length === 0) return [];
  const isMounted = mountUnitsOf(view.desired).length > 0;
  const promoted = [
    ...before.map(({ argv }) => argv.at(-1)),
    ...(isActive(host.node, promotionOf(name)) ? [promotionOf(name)] : []),
  ];
  const because = isMounted ? `runs where ${name} is mounted` : `runs where ${name} is Primary`;
  return [
    // Such a service asks for the promotion's unit, where it has no mount to ask for.
    ...(isMounted || promoted.includes(promotionOf(name))
      ? []
      : [stepsUnits.startPromotionUnit(hostname, name, inOrder)]),
    ...due.map((service) => stepsUnits.startService(hostname, name, service, because)),
  ];
}

/** All of it is mounted there, or Primary, or is to be by these steps. */
function isServing(view: ResourceView, { host: { hostname }, place }: HostView, before: readonly Step[]): boolean {
  const own = before.filter(({ node }) => node === hostname);
  const promotes = own.some(({ argv }) => argv[0] === "drbdadm" && argv[1] === "primary");
  return view.pairs.every(({ sides, desired: { filesystem } }) => {
    const side = sides[place];
    const mountPoint = filesystem?.mountPoint;
    if (mountPoint === undefined) return promotes || isPrimary(side);
    return side.mountedAt.includes(mountPoint) || own.some(({ argv }) => argv[0] === "mount" && argv[1] === mountPoint);
  });
}
