import { RunError } from "@pulumi/pulumi";

/**
 * In a folder that names no program of its own, Pulumi runs what the nearest package.json exports: below a clone of this
 * library, that is the library. It would declare nothing, and so have `pulumi up` delete everything in the stack.
 */
export function refuseToBeTheProgram(askedBy: string | undefined): void {
  if (!/@pulumi[\\/]pulumi[\\/]cmd[\\/]run[\\/]run\.js$/.test(askedBy ?? "")) return;
  throw new RunError(
    "there is no program in this folder, and Pulumi ran the library pulumi-drbd in its place, which declares nothing: " +
      "put `main: index.ts`, or whatever your program is called, into Pulumi.yaml",
  );
}
