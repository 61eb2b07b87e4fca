import type { ObservedNode } from "./observed";

/** Whose packages a system has, under its own name or another. */
export type OsFamily = "debian" | "ubuntu" | "fedora" | "rhel" | "suse" | "other";

/** By os-release's ID and ID_LIKE. A system that names several is like the first of these. */
export function familyOf({ id, like }: ObservedNode["os"]): OsFamily {
  const names = [id, ...like];
  if (names.includes("ubuntu")) return "ubuntu";
  if (names.includes("debian")) return "debian";
  // Amazon's system says that it is like Fedora, and has packages of its own.
  if (id === "amzn") return "other";
  if (names.some((name) => ["rhel", "centos", "ol"].includes(name))) return "rhel";
  if (names.includes("fedora")) return "fedora";
  return names.some((name) => /suse|^sle/.test(name)) ? "suse" : "other";
}

/** Whether packages come by apt-get, the only tool that we install them with. */
export function hasApt(os: ObservedNode["os"]): boolean {
  return ["debian", "ubuntu"].includes(familyOf(os));
}

export const newEnough = "Debian 11, Ubuntu 22.04 and all later releases are new enough";
