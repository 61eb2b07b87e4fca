/** What the stub in Pulumi's state calls: today's code, whatever version made the resource. */
export { nodeLifecycle as node } from "./lifecycle-node";
export { resourceLifecycle as resource } from "./lifecycle-resource";
