import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { ServiceError } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { grpc } from "./grpc";

type Json = Record<string, unknown>;
type Answer<T> = (error: ServiceError | null, response: T) => void;

/** A failed call, as the engine gets it. */
export class ProviderError extends Error {
  override readonly name = "ProviderError";
}

/** The SDK's own process for dynamic providers, started as the CLI starts it: plain node in the program's folder. */
export class ProviderProcess {
  private text = "";
  private client!: ResourceProviderClient;

  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    child.stderr.setEncoding("utf8").on("data", (text: string) => (this.text += text));
    child.stdout.setEncoding("utf8").on("data", (text: string) => (this.text += text));
  }

  static async start(cwd: string, engine: string): Promise<ProviderProcess> {
    const script = createRequire(join(cwd, "program.js")).resolve("@pulumi/pulumi/cmd/dynamic-provider");
    const { PATH = "", HOME = "/" } = process.env;
    const child = spawn(process.execPath, [script, engine], { cwd, env: { PATH, HOME }, stdio: "pipe" });
    const provider = new ProviderProcess(child);
    const port = await provider.port();
    provider.client = new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
    const request = new proto.ConfigureRequest();
    request.setArgs(Struct.fromJavaScript({}));
    await call<proto.ConfigureResponse>((answer) => provider.client.configure(request, answer));
    return provider;
  }

  /** All that it printed. */
  get printed(): string {
    return this.text;
  }

  /** The first thing that it prints. */
  private port(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.child.stdout.on("data", () => {
        const line = /^(\d+)\n/m.exec(this.text)?.[1];
        if (line !== undefined) resolve(line);
      });
      this.child.on("error", reject).on("exit", (code) => {
        reject(new Error(`the provider process ended with ${code ?? "a signal"}: ${this.text}`));
      });
    });
  }

  async check(urn: string, olds: Json, news: Json): Promise<{ inputs: Json; failures: Json[] }> {
    const request = new proto.CheckRequest();
    request.setUrn(urn);
    request.setOlds(struct(olds));
    request.setNews(struct(news));
    const response = await call<proto.CheckResponse>((answer) => this.client.check(request, answer));
    return {
      inputs: json(response.getInputs()),
      failures: response
        .getFailuresList()
        .map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() })),
    };
  }

  /** Whether something changes. */
  async diff(id: string, olds: Json, news: Json): Promise<boolean> {
    const request = new proto.DiffRequest();
    request.setId(id);
    request.setOlds(struct(olds));
    request.setNews(struct(news));
    const response = await call<proto.DiffResponse>((answer) => this.client.diff(request, answer));
    const { DIFF_SOME, DIFF_NONE } = proto.DiffResponse.DiffChanges;
    if (response.getChanges() === DIFF_SOME) return true;
    if (response.getChanges() === DIFF_NONE) return false;
    throw new Error("diff has to say yes or no: else the engine compares the provider's own text too");
  }

  async create(props: Json): Promise<{ id: string; outs: Json }> {
    const request = new proto.CreateRequest();
    request.setProperties(struct(props));
    const response = await call<proto.CreateResponse>((answer) => this.client.create(request, answer));
    return { id: response.getId(), outs: json(response.getProperties()) };
  }

  async update(id: string, olds: Json, news: Json): Promise<{ outs: Json }> {
    const request = new proto.UpdateRequest();
    request.setId(id);
    request.setOlds(struct(olds));
    request.setNews(struct(news));
    const response = await call<proto.UpdateResponse>((answer) => this.client.update(request, answer));
    return { outs: json(response.getProperties()) };
  }

  /** An empty id means that it is gone. */
  async read(id: string, props: Json): Promise<{ id: string; props: Json; inputs: Json }> {
    const request = new proto.ReadRequest();
    request.setId(id);
    request.setProperties(struct(props));
    const response = await call<proto.ReadResponse>((answer) => this.client.read(request, answer));
    return { id: response.getId(), props: json(response.getProperties()), inputs: json(response.getInputs()) };
  }

  async delete(id: string, props: Json): Promise<void> {
    const request = new proto.DeleteRequest();
    request.setId(id);
    request.setProperties(struct(props));
    await call((answer) => this.client.delete(request, answer));
  }

  async stop(): Promise<void> {
    this.client.close();
    await new Promise((resolve) => {
      this.child.once("exit", resolve);
      this.child.kill();
    });
  }
}

/** As the engine hands values on: what is not set is not there. */
function struct(value: Json): Struct {
  return Struct.fromJavaScript(JSON.parse(JSON.stringify(value)) as Parameters<typeof Struct.fromJavaScript>[0]);
}

function json(value: Struct | undefined): Json {
  return value?.toJavaScript() ?? {};
}

function call<T>(begin: (answer: Answer<T>) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    begin((error, response) => {
      if (error === null) resolve(response);
      else reject(new ProviderError(error.details));
    });
  });
}
