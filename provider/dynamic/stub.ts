import type {
  CheckResult,
  CreateResult,
  DiffResult,
  ReadResult,
  ResourceProvider,
  UpdateResult,
} from "@pulumi/pulumi/dynamic";

/**
 * The only code that enters Pulumi's state: Pulumi stores a dynamic provider as source text, with all that it reaches.
 * So this reaches nothing, and finds the real code from the program's folder when it is called. Then refresh and
 * destroy run today's code, and an upgrade of the library is no diff.
 */
function providerStub(kind: "node" | "resource"): ResourceProvider {
  /* eslint-disable */
  const call = (method: string, args: unknown[]): any =>
    require("node:module")
      .createRequire(process.cwd() + "/")("pulumi-drbd/runtime")
      [kind][method](...args);
  return {
    check: (olds: any, news: any): Promise<CheckResult> => call("check", [olds, news]),
    diff: (id: any, olds: any, news: any): Promise<DiffResult> => call("diff", [id, olds, news]),
    create: (news: any): Promise<CreateResult> => call("create", [news]),
    update: (id: any, olds: any, news: any): Promise<UpdateResult> => call("update", [id, olds, news]),
    read: (id: any, props: any): Promise<ReadResult> => call("read", [id, props]),
    delete: (id: any, props: any): Promise<void> => call("delete", [id, props]),
  };
  /* eslint-enable */
}

/** One object for all resources of a kind: Pulumi makes its source text once for each object, which takes a while. */
export const nodeProvider = providerStub("node");
export const resourceProvider = providerStub("resource");
