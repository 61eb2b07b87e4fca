/** What the stub in Pulumi's state calls: today's code, whatever version made the resource. */
import { endWithEngine } from "../shell/engine-gone";
import { closeHosts } from "../shell/host";

export { nodeLifecycle as node } from "./node";
export { resourceLifecycle as resource } from "./resource";

endWithEngine(process.argv[2], () => {
  const end = () => process.exit(1);
  setTimeout(end, 2_000);
  // Else the processes of the system's own `ssh` would listen on, and the hosts would go on.
  void closeHosts().finally(end);
});
