import { createRequire } from "node:module";

import type { IEngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";

type Severity = "info" | "warning";

/** Loaded late: neither tests nor programs that only import the resource classes need it. */
const sdk = createRequire(__filename);

let client: IEngineClient | null | undefined;
let sent: Promise<unknown> = Promise.resolve();

/**
 * Says something on a resource's own row. `pulumi.log` in a provider's process loses the resource's name; the engine's
 * Log service, whose address is this process's first argument, takes a URN.
 */
export function tell(
  urn: string | undefined,
  message: string,
  options: { severity?: Severity; ephemeral?: boolean } = {},
): void {
  const engine = engineClient();
  if (engine === null) return;
  const { LogRequest, LogSeverity } = sdk(
    "@pulumi/pulumi/proto/engine_pb",
  ) as typeof import("@pulumi/pulumi/proto/engine_pb");
  const request = new LogRequest();
  request.setSeverity(options.severity === "warning" ? LogSeverity.WARNING : LogSeverity.INFO);
  request.setMessage(message);
  request.setUrn(urn ?? "");
  request.setEphemeral(options.ephemeral === true);
  // One after the other, or lines may arrive in another order than they were said.
  sent = sent.then(
    () =>
      new Promise<void>((resolve) => {
        engine.log(request, () => {
          resolve();
        });
      }),
  );
}

/** Waits until all that was said has arrived. */
export async function told(): Promise<void> {
  await sent;
}

function engineClient(): IEngineClient | null {
  if (client !== undefined) return client;
  const address = process.argv[2];
  if (address === undefined || !/^[\w.-]+:\d+$/.test(address)) return (client = null);
  const { EngineClient } = sdk(
    "@pulumi/pulumi/proto/engine_grpc_pb",
  ) as typeof import("@pulumi/pulumi/proto/engine_grpc_pb");
  // gRPC as the SDK itself resolves it: credentials of another copy would be refused.
  const grpc = createRequire(sdk.resolve("@pulumi/pulumi"))("@grpc/grpc-js") as typeof import("@grpc/grpc-js");
  client = new EngineClient(address, grpc.credentials.createInsecure());
  return client;
}
