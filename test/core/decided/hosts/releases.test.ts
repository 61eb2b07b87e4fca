/** Releases by their own os-release: what the probe's parser and the plan make of each. */
import { parseProbe } from "../../../../provider/core/seen/parse-probe";
import { failureOf } from "../../probe-failure";
import { planNode } from "../../../../provider/core/decided/plans/plan-node";
import { lsblkColumns, theHostClosely } from "../../../../provider/core/seen/probe";
import { renderGlobalCommon } from "../../../../provider/core/config/render-configuration";
import { capturedHost } from "../../captured-host";
import { type Answer, type FakeHost, nonce, probed } from "../../fake-host";
import { allCommands, blankNode, desiredNode, refusalsOf } from "../../observed-builder";

const healthy = capturedHost("connected-uptodate.alpha");
const lsblk = healthy.tools!["lsblk"]![`-Jbo ${lsblkColumns}`]!;

function look(osRelease: string, blocks: Answer = lsblk, more: FakeHost["tools"] = {}, init?: "another") {
  const tools = { lsblk: { [`-Jbo ${lsblkColumns}`]: blocks }, ...more };
  const files = { ...healthy.files, "/etc/os-release": osRelease };
  return parseProbe(nonce, probed({ ...healthy, files, tools, init }, theHostClosely));
}

/** The plan of a host of the release that is otherwise well, and has this drbd-utils; null: none. */
function plan(osRelease: string, utils: string | null) {
  const desired = desiredNode("alpha");
  const { os } = look(osRelease);
  const node = { ...blankNode("alpha"), os, utils };
  return planNode({ desired, configuration: renderGlobalCommon(desired, "8.4"), node, described: new Set() });
}

const ubuntu = (name: string, version: string, codename: string) =>
  `NAME="Ubuntu"\nVERSION="${name}"\nID=ubuntu\nID_LIKE=debian\nPRETTY_NAME="Ubuntu ${name}"\nVERSION_ID="${version}"\nVERSION_CODENAME=${codename}\nUBUNTU_CODENAME=${codename}\n`;
const debian = (version: string, codename: string) =>
  `PRETTY_NAME="Debian GNU/Linux ${version} (${codename})"\nNAME="Debian GNU/Linux"\nVERSION_ID="${version}"\nVERSION_CODENAME=${codename}\nID=debian\n`;
const enterprise = (name: string, id: string, version: string, like: string) =>
  `NAME="${name}"\nVERSION="${version}"\nID="${id}"\nID_LIKE="${like}"\nVERSION_ID="${version}"\nPRETTY_NAME="${name} ${version}"\n`;

const mint20 = `NAME="Linux Mint"\nID=linuxmint\nID_LIKE=ubuntu\nPRETTY_NAME="Linux Mint 20.3"\nVERSION_ID="20.3"\nVERSION_CODENAME=una\nUBUNTU_CODENAME=focal\n`;
const mint21 = mint20.replaceAll("20.3", "21.3").replace("una", "virginia").replace("focal", "jammy");
const lmde4 = `NAME="LMDE"\nPRETTY_NAME="LMDE 4 (debbie)"\nID=linuxmint\nID_LIKE=debian\nVERSION_ID="4"\nVERSION_CODENAME=debbie\nDEBIAN_CODENAME=buster\n`;
const raspbian10 = `PRETTY_NAME="Raspbian GNU/Linux 10 (buster)"\nID=raspbian\nID_LIKE=debian\nVERSION_ID="10"\nVERSION_CODENAME=buster\n`;
const stretch = `PRETTY_NAME="Debian GNU/Linux 9 (stretch)"\nNAME="Debian GNU/Linux"\nVERSION_ID="9"\nVERSION="9 (stretch)"\nID=debian\n`;
const sid = `PRETTY_NAME="Debian GNU/Linux forky/sid"\nNAME="Debian GNU/Linux"\nVERSION_CODENAME=forky\nID=debian\n`;
const rocky9 = enterprise("Rocky Linux", "rocky", "9.4", "rhel centos fedora");
const rhel8 = enterprise("Red Hat Enterprise Linux", "rhel", "8.10", "fedora");
const fedora = `NAME="Fedora Linux"\nVERSION="42"\nID=fedora\nVERSION_ID=42\nPRETTY_NAME="Fedora Linux 42"\n`;
const leap = enterprise("openSUSE Leap", "opensuse-leap", "15.6", "suse opensuse");
const sles = enterprise("SUSE Linux Enterprise Server", "sles", "15.6", "suse");
const arch = `NAME='Arch Linux'\nPRETTY_NAME='Arch Linux'\nID='arch'\nBUILD_ID=rolling\n`;
const alpine = `NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.22.0\nPRETTY_NAME="Alpine Linux v3.22"\n`;
const amazon = `NAME="Amazon Linux"\nID="amzn"\nID_LIKE="fedora"\nVERSION_ID="2023"\nPRETTY_NAME="Amazon Linux 2023"\n`;

describe("without drbd-utils", () => {
  test.each([
    ["Debian 9", stretch],
    ["Debian 10", debian("10", "buster")],
    ["Ubuntu 18.04", ubuntu("18.04.6 LTS", "18.04", "bionic")],
    ["Ubuntu 20.04", ubuntu("20.04.6 LTS", "20.04", "focal")],
    ["Mint, made of Ubuntu 20.04", mint20],
    ["Mint, made of Debian 10", lmde4],
    ["Raspbian 10", raspbian10],
  ])("%s is too old, and is refused by its name", (_what, osRelease) => {
    const { name } = look(osRelease).os;
    const refused = plan(osRelease, null);
    expect(refusalsOf(refused)).toEqual([`alpha: ${name} is too old: its drbd-utils is older than 9.15.0`]);
    expect(refused.refusals[0]!.way).toContain("Debian 11, Ubuntu 22.04 and all later releases");
  });

  test.each([
    ["Debian 11", debian("11", "bullseye")],
    ["Debian 13", debian("13", "trixie")],
    ["Debian testing", sid],
    ["Ubuntu 22.04", ubuntu("22.04.5 LTS", "22.04", "jammy")],
    ["Ubuntu 24.04", ubuntu("24.04.1 LTS", "24.04", "noble")],
    ["Mint, made of Ubuntu 22.04", mint21],
  ])("%s gets it", (_what, osRelease) => {
    expect(refusalsOf(plan(osRelease, null))).toEqual([]);
    expect(allCommands(plan(osRelease, null))[0]).toBe("alpha: apt-get update");
  });

  test.each([
    ["Rocky 9", rocky9, /elrepo.*dnf install drbd9x-utils/],
    ["RHEL 8", rhel8, /elrepo.*dnf install drbd9x-utils/],
    ["Oracle 9", enterprise("Oracle Linux Server", "ol", "9.4", "fedora"), /elrepo.*dnf install drbd9x-utils/],
    ["Alma 9", enterprise("AlmaLinux", "almalinux", "9.4", "rhel centos fedora"), /elrepo.*dnf install drbd9x-utils/],
    ["Fedora", fedora, /^Install it there: `dnf install drbd-utils`/],
    ["openSUSE Leap", leap, /zypper install drbd-utils/],
    ["SLES", sles, /zypper install drbd-utils/],
    ["Arch", arch, /the system's own package manager/],
    ["Alpine", alpine, /the system's own package manager/],
    ["Amazon", amazon, /the system's own package manager/],
  ])("%s says what to install", (_what, osRelease, way) => {
    const refused = plan(osRelease, null);
    const { name } = look(osRelease).os;
    expect(name).not.toMatch(/['"]|unknown/);
    expect(refusalsOf(refused)).toEqual([`alpha: drbd-utils is not installed, and ${name} is no Debian or Ubuntu`]);
    expect(refused.refusals[0]!.way).toMatch(way);
  });
});

describe("what is installed decides, whatever the release", () => {
  test.each([
    ["Debian 9's", stretch, "8.9.10", true],
    ["Debian 10's", debian("10", "buster"), "9.5.0", true],
    ["Ubuntu 20.04's", ubuntu("20.04.6 LTS", "20.04", "focal"), "9.11.0", true],
    ["elrepo's for CentOS 7", enterprise("CentOS Linux", "centos", "7", "rhel fedora"), "9.6.0", true],
    ["Debian 11's", debian("11", "bullseye"), "9.15.0", false],
    ["Ubuntu 22.04's", ubuntu("22.04.5 LTS", "22.04", "jammy"), "9.15.0", false],
    ["LINBIT's on Ubuntu 20.04", ubuntu("20.04.6 LTS", "20.04", "focal"), "9.28.0", false],
    ["elrepo's for Rocky 9", rocky9, "9.27.0", false],
  ])("%s", (_what, osRelease, utils, isTooOld) => {
    const refused = plan(osRelease, utils);
    expect(refusalsOf(refused)).toEqual(
      isTooOld ? [`alpha: drbd-utils ${utils} is too old: 9.15.0 is the oldest that pulumi-drbd was tried with`] : [],
    );
    // Nobody makes a Debian of another system.
    const way = refused.refusals[0]?.way;
    if (way !== undefined && osRelease.includes("centos")) expect(way).not.toContain("Debian");
  });
});

describe("where a tool cannot answer, the error says what it said, and what is needed instead", () => {
  test.each([
    ["Ubuntu 18.04", "lsblk: unknown column: PATH,TYPE,SIZE\n", ubuntu("18.04.6 LTS", "18.04", "bionic")],
    ["CentOS 7", "lsblk: invalid option -- 'J'\n", enterprise("CentOS Linux", "centos", "7", "rhel fedora")],
    ["busybox", "lsblk: unrecognized option: J\nBusyBox v1.37.0\n", alpine],
  ])("lsblk of %s", (_what, says, osRelease) => {
    const error = failureOf(() => look(osRelease, { exit: 1, says }));
    const name = /PRETTY_NAME="(.*)"/.exec(osRelease)![1]!;
    expect(error.message).toContain(`${name} is too old, or its lsblk is not util-linux's`);
    expect(error.message).toContain(says.trim());
    expect(error.way).toContain("util-linux 2.33 or newer");
  });

  test("lsblk that is not there", () => {
    const error = failureOf(() => look(alpine, { exit: 127, says: "sh: lsblk: not found\n" }));
    expect(error.message).toContain("lsblk did not answer as expected (exit 127): sh: lsblk: not found");
  });
});
