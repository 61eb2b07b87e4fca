import type { ObservedNode } from "./observed";

/** Where the running kernel of this release gets a drbd module from. */
export function moduleAdvice({ os, kernel }: ObservedNode): string {
  const ids = [os.id, ...os.like];
  const after =
    "`modinfo drbd` says whether it is there. Where a newer kernel was installed since the last boot, reboot.";
  if (os.id === "ubuntu") {
    // Since 25.10 Ubuntu has no such package: all modules are in linux-modules.
    const hasExtra = Number(os.version ?? NaN) < 25.1;
    return hasExtra
      ? `Install \`linux-modules-extra-${kernel}\`, which has it. ${after}`
      : `Boot Ubuntu's linux-image-generic, or install a module package for ${kernel} (LINBIT's drbd-dkms, for example). ${after}`;
  }
  if (ids.includes("debian")) {
    return `Boot a kernel that has one, such as linux-image-amd64 or linux-image-cloud-amd64. ${after}`;
  }
  if (ids.some((id) => ["rhel", "fedora", "centos"].includes(id))) {
    return `Install elrepo's kmod-drbd9x, or LINBIT's kmod-drbd, for ${kernel}. ${after}`;
  }
  if (ids.some((id) => /suse/.test(id))) return `Install \`drbd-kmp-default\`. ${after}`;
  return `Boot a kernel that has one, or install a module for ${kernel}. ${after}`;
}
