import type { sendUnaryData, ServerUnaryCall } from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogSeverity, type LogRequest } from "@pulumi/pulumi/proto/engine_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { grpc } from "./grpc";

/** A line that reached the engine, and the row it was meant for. */
export interface Said {
  readonly urn: string;
  readonly message: string;
  readonly severity: "info" | "warning" | "other";
  readonly ephemeral: boolean;
}

/** The one service of Pulumi's engine that providers speak to by themselves: what is said on a resource's row. */
export class FakeEngine {
  readonly said: Said[] = [];
  address = "";
  private readonly server = new grpc.Server();

  static async start(): Promise<FakeEngine> {
    const engine = new FakeEngine();
    engine.server.addService(EngineService, {
      log: (call: ServerUnaryCall<LogRequest, Empty>, answer: sendUnaryData<Empty>) => {
        engine.said.push(readLog(call.request));
        answer(null, new Empty());
      },
    });
    const port = await new Promise<number>((resolve, reject) => {
      engine.server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    engine.address = `127.0.0.1:${port}`;
    return engine;
  }

  stop(): void {
    this.server.forceShutdown();
  }
}

function readLog(request: LogRequest): Said {
  const severity = request.getSeverity();
  return {
    urn: request.getUrn(),
    message: request.getMessage(),
    severity: severity === LogSeverity.INFO ? "info" : severity === LogSeverity.WARNING ? "warning" : "other",
    ephemeral: request.getEphemeral(),
  };
}
