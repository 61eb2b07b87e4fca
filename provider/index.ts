/** What users import. Light: the code that talks to hosts is loaded in the provider's own process only (stub.ts). */
import { refuseToBeTheProgram } from "./resources/no-program";

export type { ConnectionArgs } from "./resources/connection-args";
export type { ConnectionInputs, FilesystemInputs, SectionInputs, VirtualMachineInputs } from "./core/wanted/inputs";
export type * from "./core/wanted/option-types";
export type { DiskIdentity } from "./core/seen/disk-identity";
export { DrbdNode, type DrbdNodeArgs } from "./resources/drbd-node";
export { DrbdPair, type DrbdPairArgs, type DrbdPairNodeArgs, type DrbdPairResourceArgs } from "./resources/drbd-pair";
export { DrbdResource, type DrbdResourceArgs, type DrbdResourceNodeArgs } from "./resources/drbd-resource";
export { siteConfig } from "./resources/site-config";

// eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing else tells who asked for this file
refuseToBeTheProgram(module.parent?.filename);
