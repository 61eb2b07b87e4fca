import type { ObservedNode } from "../../seen/observed";
import { familyOf } from "../../seen/os-family";

/** Where the running kernel of this release gets a drbd module from. */
export function moduleAdvice({ os, kernel }: ObservedNode): string {
  const after =
    "`modinfo drbd` says whether it is there. Where a newer kernel was installed since the last boot, reboot.";
  const anyKernel = `Boot a kernel that has one, or install a module for ${kernel}`;
  switch (familyOf(os)) {
    case "ubuntu": {
      // Since 25.10 Ubuntu has no such package: all modules are in linux-modules. A derivative counts otherwise.
      const hasExtra = os.id === "ubuntu" && Number(os.version ?? NaN) < 25.1;
      return hasExtra
        ? `Install \`linux-modules-extra-${kernel}\`, which has it. ${after}`
        : `Boot Ubuntu's linux-image-generic, or install a module package for ${kernel} (LINBIT's drbd-dkms, for example). ${after}`;
    }
    case "debian": {
      // The kernels of Proxmox and of the Raspberry Pi, which call themselves Debian's system too, end otherwise.
      const architecture = /-(amd64|arm64)$/.exec(kernel)?.[1];
      return architecture === undefined
        ? `${anyKernel}. ${after}`
        : `Boot a kernel that has one, such as linux-image-${architecture} or linux-image-cloud-${architecture}. ${after}`;
    }
    case "rhel":
      return `Install elrepo's kmod-drbd9x, or LINBIT's kmod-drbd, for ${kernel}. ${after}`;
    case "fedora":
      return `Install the package that has it for ${kernel} (\`dnf provides '*/drbd.ko*'\` names it). ${after}`;
    case "suse":
      return `Install \`drbd-kmp-default\`. ${after}`;
    case "other":
      return `${anyKernel}. ${after}`;
  }
}
