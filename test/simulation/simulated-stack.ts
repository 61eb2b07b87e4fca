/** A stack whose hosts are the simulated pair. The world knows what its program says, for the laws to be held against. */
import { type Ground, type Outcome, type Program, Stack } from "./pulumi";
import { type Run, SimulatedRemote } from "./remote";
import type { World } from "./world";

export class SimulatedStack extends Stack {
  constructor(private readonly world: World) {
    super(groundOf(world));
    world.isRemembered = (volume) => this.remembers(volume);
  }

  override up(program: Program, run: Run): Promise<Outcome> {
    this.world.discards = program.discard;
    this.world.givenUp = program.giveUp ?? {};
    this.world.noteBeginning();
    return super.up(program, run);
  }
}

type Module = { SimulatedStack: typeof SimulatedStack };
let elsewhere: Module | undefined;

/** The same stack in a process of its own, as it is used by somebody else at the same time. */
export function anotherPerson(world: World, stack: SimulatedStack): SimulatedStack {
  if (elsewhere === undefined) {
    // What a provider's process knows is in its modules: another process has them anew.
    jest.isolateModules(() => {
      elsewhere = jest.requireActual<Module>("./simulated-stack");
    });
  }
  const other = new elsewhere!.SimulatedStack(world);
  other.recall(stack.remember());
  return other;
}

function groundOf(world: World): Ground {
  const [alpha, bravo] = world.machines.map(({ name, address }) => ({
    address,
    access: { connection: { host: name, port: 22, user: "root" }, insecureIgnoreHostKey: true },
  }));
  return {
    nodes: [alpha!, bravo!],
    reach: (run) => (name) => new SimulatedRemote(world, run, world.machine(name)),
    defect: (message) => {
      world.broken.push(message);
    },
  };
}
