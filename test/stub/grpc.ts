import { createRequire } from "node:module";

/** gRPC as the SDK itself resolves it: credentials and servers of another copy would not fit its services. */
export const grpc = createRequire(require.resolve("@pulumi/pulumi"))("@grpc/grpc-js") as typeof import("@grpc/grpc-js");
