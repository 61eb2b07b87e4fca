/** A host in the state of one of the captures, as far as the probe can see. */
import { probeLook } from "./one-volume";
import { lsblkColumns, type Look } from "../../provider/core/seen/probe";
import { type FakeHost } from "./fake-host";
import { adjustLines, captured, events, gi, procDrbd } from "./fixtures";

export const look: Look = probeLook({
  name: "r0",
  minor: 1,
  port: 7789,
  disk: "/dev/vdb",
  metaDisk: "internal",
  filesystem: true,
});

const bytes = 512 * 1024 * 1024;
const lsblk = {
  blockdevices: [
    { name: "vda", kname: "vda", path: "/dev/vda", type: "disk", size: 3221225472, ro: false, fstype: "ext4" },
    {
      name: "vdb",
      kname: "vdb",
      path: "/dev/vdb",
      type: "disk",
      size: bytes,
      ro: false,
      fstype: "drbd",
      serial: "0001",
    },
  ],
};

export const trie = (address: string): string => `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 10.1.1.0/24 2 0 2
        |-- 10.1.1.0
           /24 link UNICAST
        |-- ${address}
           /32 host LOCAL
        |-- 10.1.1.255
           /32 link BROADCAST
     +-- 127.0.0.0/8 2 0 2
        |-- 127.0.0.1
           /32 host LOCAL
Local:
        |-- ${address}
           /32 host LOCAL
`;

export const resourceFile = "# by hand\nresource r0 {\n}\n";

/** mountinfo of a host on which only the root is mounted. */
export const rootAlone = "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n";

export function capturedHost(capture: string): FakeHost {
  const host = capture.split(".")[1]!;
  const running = /^ 1: /m.test(procDrbd(capture));
  const attached = running && !/ds:Diskless/.test(procDrbd(capture));
  const primary = / ro:Primary/.test(procDrbd(capture));
  const drift = adjustLines(capture).replace(/^## rc=0\n/m, "");
  const signature = captured(capture, "blkid -p /dev/vdb")
    .split("\n", 1)[0]!
    .replace(/^.*?: /, "")
    .replaceAll(/"( |$)/g, "\n")
    .replaceAll('"', "");
  return {
    files: {
      "/proc/sys/kernel/hostname": `${host}\n`,
      "/proc/sys/kernel/osrelease": "6.1.0-44-amd64\n",
      "/proc/drbd": procDrbd(capture),
      "/proc/self/mountinfo": primary
        ? `${rootAlone}90 22 147:1 / /mnt/my\\040data rw - xfs /dev/drbd1 rw\n`
        : rootAlone,
      "/proc/swaps": "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n",
      "/proc/uptime": "100.50 90.00\n",
      "/proc/stat": "cpu 1 2 3\nbtime 1700000000\n",
      "/proc/net/fib_trie": trie(host === "alpha" ? "10.1.1.31" : "10.1.1.32"),
      "/proc/net/if_inet6": "00000000000000000000000000000001 01 80 10 80       lo\n",
      "/proc/net/tcp": "  sl  local_address rem_address   st\n   0: 00000000:0016 00000000:0000 0A 0\n",
      "/etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nID=debian\n',
      "/etc/fstab": "/dev/vda / ext4 defaults 0 1\n",
      "/etc/drbd.conf": 'include "drbd.d/global_common.conf";\ninclude "drbd.d/*.res";\n',
      "/etc/drbd.d/global_common.conf": "global {\n}\n",
      "/etc/drbd.d/r0.res": resourceFile,
      "/lib/modules-load.d/drbd.conf": "drbd\n",
      "/sys/module/drbd/version": "8.4.11\n",
      "/dev/vdb": "not blank",
      ...(running ? { "/dev/drbd1": "not blank" } : {}),
    },
    links: { "/etc/systemd/system/multi-user.target.wants/drbd@r0.target": "/lib/systemd/system/drbd@.target" },
    tools: {
      drbdadm: {
        "--version": { says: "DRBDADM_BUILDTAG=x\nDRBDADM_VERSION_CODE=0x091600\nDRBDADM_VERSION=9.22.0\n" },
        "-d adjust all": { says: drift },
        "-d adjust r0": { says: drift },
        "--verbose dump all": { says: `# resource r0 on ${host}: not ignored, not stacked\nresource r0 {\n}\n` },
        "get-gi r0/0": { says: `${gi(capture).split("\n", 1)[0]!}\n` },
      },
      drbdsetup: { "events2 --now --statistics": { says: events(capture) } },
      drbdmeta: {
        "1 v08 /dev/vdb internal get-gi": attached
          ? { exit: 20, says: "open(/dev/vdb) failed: Device or resource busy\n" }
          : { says: `${gi(capture).split("\n", 1)[0]!}\n` },
      },
      lsblk: {
        [`-Jbo ${lsblkColumns}`]: { says: JSON.stringify(lsblk) },
      },
      blkid: {
        "-p -o export /dev/vdb": { says: `DEVNAME=/dev/vdb\n${signature}` },
        "-p -o export /dev/drbd1": { says: "DEVNAME=/dev/drbd1\nUUID=1f0c\nTYPE=xfs\n" },
      },
    },
  };
}
