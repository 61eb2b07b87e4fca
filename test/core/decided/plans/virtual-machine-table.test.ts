/**
 * A virtual machine in each state that libvirt has, with its unit active or not, on the side that serves and on the other one:
 * what an `up` does that leaves the resource where it is, and what a move does.
 */
import { allCommands, planOf, remembered } from "../../observed-builder";
import { machinePair, machineStates, type MachineState, machineUnit, withMachine } from "../../machine-builder";

/** Whether its disks are open: then it is shut down before anything is taken from it. */
const isOpen: Readonly<Record<MachineState, boolean>> = {
  undefined: false,
  "shut off": false,
  running: true,
  idle: true,
  "no state": true,
  paused: true,
  pmsuspended: true,
  "in shutdown": true,
  crashed: true,
};

const activity = ["active", "activating", "deactivating", "inactive", "failed"] as const;
/** Whether the unit counts as one that runs it. */
const runs: Readonly<Record<(typeof activity)[number], boolean>> = {
  active: true,
  activating: true,
  deactivating: false,
  inactive: false,
  failed: false,
};

const ofHere = machineStates.flatMap((here) => activity.map((active) => [here, active] as const));

test.each(ofHere)("%s, with its unit %s, where it stays: started once, or followed", (here, active) => {
  const defined = here === "undefined" ? ["alpha: virsh define web"] : [];
  const started = runs[active] ? [] : [`alpha: systemctl start ${machineUnit}`];
  const plan = planOf(machinePair(here, active), { desired: withMachine() });
  expect(plan.refusals).toEqual([]);
  expect(allCommands(plan)).toEqual([...defined, ...started]);
});

test.each(ofHere)(
  "%s, with its unit %s, where it leaves: shut down before all else, and started there",
  (here, active) => {
    const desired = withMachine("bravo");
    const nodes = machinePair(here, active, "shut off", desired);
    const plan = planOf(nodes, { desired, switchTo: "bravo", memory: remembered });
    expect(plan.refusals).toEqual([]);
    const commands = allCommands(plan).filter((one) => one !== "alpha: virsh define web");
    const isShutDown = isOpen[here] || runs[active];
    expect(commands.slice(0, isShutDown ? 3 : 2)).toEqual([
      ...(isShutDown ? ["alpha: virsh shutdown web"] : []),
      "alpha: umount /srv/data",
      "alpha: drbdadm secondary r0",
    ]);
    expect(commands).toContain(`bravo: systemctl start ${machineUnit}`);
    expect(commands.filter((one) => one.includes("virsh"))).toHaveLength(isShutDown ? 1 : 0);
  },
);

test.each(machineStates)(
  "%s where it is not served: refused where its disks are open, and nothing is touched",
  (there) => {
    const plan = planOf(machinePair("running", "active", there), { desired: withMachine() });
    expect(plan.refusals.map(({ node, property }) => [node, property])).toEqual(
      isOpen[there] ? [["bravo", "virtualMachines"]] : [],
    );
    expect(allCommands(plan)).toEqual(there === "undefined" ? ["bravo: virsh define web"] : []);
  },
);
