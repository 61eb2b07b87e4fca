/** What users import. Light: the code that talks to hosts is loaded in the provider's own process only (stub.ts). */
import { refuseToBeTheProgram } from "./no-program";

export type { ConnectionArgs } from "./connection-args";
export type { ConnectionInputs, FilesystemInputs, SectionInputs } from "./core/inputs";
export type * from "./core/option-types";
export type { DiskIdentity } from "./core/disk-identity";
export { DrbdNode, type DrbdNodeArgs } from "./drbd-node";
export { DrbdPair, type DrbdPairArgs, type DrbdPairNodeArgs, type DrbdPairResourceArgs } from "./drbd-pair";
export { DrbdResource, type DrbdResourceArgs, type DrbdResourceNodeArgs } from "./drbd-resource";
export { siteConfig } from "./site-config";

// eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing else tells who asked for this file
refuseToBeTheProgram(module.parent?.filename);
