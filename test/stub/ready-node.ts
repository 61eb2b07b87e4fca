import { probed, realShellOr, type Answer } from "../shell/fake-node";

/** Looks at a Debian machine with DRBD 8.4 loaded. Whose turn it is there is kept in a folder of its own. */
export function readyNode({ hostname, address, files }: Machine): Answer {
  const all = {
    "/proc/sys/kernel/hostname": `${hostname}\n`,
    "/proc/sys/kernel/osrelease": "6.1.0-30-amd64\n",
    "/proc/drbd": "version: 8.4.11 (api:1/proto:86-101)\n",
    "/proc/net/fib_trie": `Local:\n  +-- 0.0.0.0/0 3 0 5\n     |-- ${address}\n        /32 host LOCAL\n`,
    "/etc/os-release": 'ID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
    "/etc/modules-load.d/drbd.conf": "drbd\n",
    "/etc/drbd.conf": 'include "drbd.d/global_common.conf";\ninclude "drbd.d/*.res";\n',
    "/sys/module/drbd/version": "8.4.11\n",
    "/proc/self/mountinfo": "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n",
    ...files,
    "/proc/uptime": "100.00 190.00\n",
  };
  const lines = Object.entries(all).flatMap(([path, text]) =>
    text
      .replace(/\n$/, "")
      .split("\n")
      .map((line) => `${path}\0${line}`),
  );
  const looks = probed((nonce) =>
    [
      "format 1",
      `files\n${lines.join("\n")}`,
      "exit 0",
      "boottime\n1700000000",
      "exit 0",
      'blocks\n{"blockdevices": []}',
      "exit 0",
      "events\nexists -",
      "exit 0",
      "links",
      "exit 0",
      "names",
      "exit 0",
      "utils",
      "exit 0",
      "version\nDRBDADM_VERSION=9.22.0",
      "exit 0",
      "end",
    ]
      .map((section) => `\n@${nonce} ${section}\n`)
      .join(""),
  );
  return realShellOr(looks);
}

interface Machine {
  readonly hostname: string;
  readonly address: string;
  readonly files: Readonly<Record<string, string>>;
}
