/** Virtual machines of libvirt on a host: the look at them, and what their unit and the steps run; a virsh of the test's own. */
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseVirtualMachines } from "../../provider/core/seen/parse-virtual-machines";
import { environment, probe, units, writers } from "../../provider/host/text";
import { sh, shCommand, temporaryFolder, withTools } from "../core/shell";

const folder = temporaryFolder();
const fixture = (name: string) => readFileSync(join(__dirname, "../fixtures/libvirt-11.3.0", name), "utf8");
const image = "/var/lib/libvirt/images/web.img";

interface Libvirt {
  /** What `domstate` says, one after the other; the last one stays. */
  readonly states?: readonly string[];
  readonly names?: readonly string[];
  readonly info?: string;
  readonly xml?: string;
  readonly withSecrets?: string;
  /** Of what fails: the call's first word. */
  readonly fails?: Readonly<Record<string, string>>;
  readonly isStopping?: boolean;
}

let runs = 0;

/** A host's tools, and what was called of them. */
function host({ states = ["running"], names = ["web"], fails = {}, isStopping = false, ...texts }: Libvirt) {
  runs += 1;
  const own = join(folder, `host${runs}`);
  mkdirSync(own);
  const path = (name: string) => join(own, name);
  const { info = fixture("dominfo.txt"), xml = fixture("web.xml"), withSecrets = xml } = texts;
  for (const [name, text] of Object.entries({ info, xml, secret: withSecrets, calls: "" }))
    writeFileSync(path(name), text);
  writeFileSync(path("states"), states.map((one) => `${one}\n`).join(""));
  const failures = Object.entries(fails).map(([call, said]) => `${call}) echo '${said}'; exit 1 ;;`);
  const virsh = `while :; do case "$1" in --quiet|--version) shift ;; --connect) [ "$2" = qemu:///system ] || exit 99; shift 2 ;; *) break ;; esac; done
[ "$LC_ALL" = C ] || exit 98
case "$1" in domstate|list|dominfo|dumpxml) ;; *) echo "virsh $*" >>${own}/calls ;; esac
case "$1" in
${failures.join("\n")}
list) printf '%s\\n' ${names.map((one) => `'${one}'`).join(" ")} '' ;;
dominfo) cat ${own}/info ;;
dumpxml) case "$*" in *--security-info*) cat ${own}/secret ;; *) cat ${own}/xml ;; esac ;;
domstate) head -n 1 ${own}/states; [ "$(wc -l <${own}/states)" -lt 2 ] || sed -i 1d ${own}/states ;;
define) cat "$3" >${own}/defined ;;
esac`;
  const note = (name: string) => `echo "${name} $*" >>${own}/calls`;
  const systemctl = `case "$1" in is-system-running) echo ${isStopping ? "stopping" : "running"} ;; *) ${note("systemctl")} ;; esac`;
  const tools = { virsh, systemctl, "systemd-run": note("systemd-run") };
  return {
    path,
    tools: (script: string, more: Record<string, string> = {}) => withTools(own, script, { ...tools, ...more }),
    calls: () => readFileSync(path("calls"), "utf8").split("\n").filter(Boolean),
  };
}

describe("the look", () => {
  function look(libvirt: Libvirt, machines: readonly string[], more: Record<string, string> = {}) {
    const script = `${environment}${probe}
say() { :; }
each_machine() { ${machines.map((one) => `"$@" ${one}`).join("; ")}; }
ask_machines`;
    const { stdout } = sh(host(libvirt).tools(script, more));
    return parseVirtualMachines({ name: "machines", words: [], text: stdout, exit: 0 }).virtualMachines!;
  }

  test("a machine as libvirt 11.3.0 tells it", () => {
    const { fault, machines } = look({}, ["web"]);
    expect(fault).toBeUndefined();
    expect(machines.get("web")).toMatchObject({
      isDefined: true,
      state: "shut off",
      isPersistent: true,
      startsItself: false,
      hasManagedSave: false,
      definition: fixture("web.xml").trimEnd(),
      hasSecrets: false,
      places: new Map([[image, image]]),
    });
    expect(machines.get("web")!.digest).toMatch(/^[0-9a-f]{64}$/);
  });

  test("what is otherwise: a saved memory, a start by libvirt, a password", () => {
    const info = fixture("dominfo-saved.txt").replace("Autostart:      disable", "Autostart:      enable");
    const secret = fixture("web.xml").replace("<audio", "<graphics type='vnc' passwd='tell nobody'/><audio");
    const { machines } = look({ info, withSecrets: secret }, ["web"]);
    expect(machines.get("web")).toMatchObject({ startsItself: true, hasManagedSave: true, hasSecrets: true });
    expect(JSON.stringify([...machines])).not.toContain("tell nobody");
  });

  test("several, with odd names; one that is not there has the places of its wanted definition", () => {
    const place = join(folder, "a b");
    symlinkSync("/etc/hostname", place);
    const { machines } = look({ names: ["web", "my web", "web2"] }, [
      "'my web'",
      `we '${place}' /srv/none/x /srv/none/x`,
    ]);
    expect([...machines.keys()]).toEqual(["my web", "we"]);
    expect(machines.get("my web")!.isDefined).toBe(true);
    expect(machines.get("we")).toMatchObject({ isDefined: false, definition: "" });
    expect([...machines.get("we")!.places]).toEqual([
      [place, "/etc/hostname"],
      ["/srv/none/x", "/srv/none/x"],
    ]);
  });

  describe("an image, as qemu-img 7.2.22 makes it", () => {
    const images = join(folder, "images");
    cpSync(join(__dirname, "../fixtures/qemu-7.2.22"), images, { recursive: true });
    for (const file of ["base.img", "data.raw"]) writeFileSync(join(images, file), "");
    const at = (name: string) => join(images, name);
    function lookAt(place: string) {
      const { behind, unread } = look({ xml: fixture("web.xml").replace(image, place) }, ["web"]).machines.get("web")!;
      return { behind: behind.get(place) ?? [], unread: unread.get(place) };
    }

    test.each<[string, string, readonly string[]]>([
      ["alone", "alone.qcow2", []],
      ["an overlay, of qcow2", "middle.qcow2", ["base.img"]],
      ["an overlay on an overlay", "top.qcow2", ["middle.qcow2", "base.img"]],
      ["of version 2", "old.qcow2", ["base.img"]],
      ["of qcow", "first.qcow", ["base.img"]],
      ["with a data file", "data-file.qcow2", ["data.raw"]],
      ["raw", "base.img", []],
      ["not there", "none.qcow2", []],
    ])("%s: all that is behind it", (_, name, behind) => {
      expect(lookAt(at(name))).toEqual({ behind: behind.map(at), unread: undefined });
    });

    test.each<[string, string, RegExp]>([
      ["stands on a vmdk", "on-vmdk.qcow2", /disk\.vmdk has the format vmdk, which is not looked into$/],
      ["is a vmdk", "disk.vmdk", /disk\.vmdk is an image of a format that is not looked into$/],
      ["stands on no file", "on-address.qcow2", /on-address\.qcow2 stands on json:\{.*\}, which is no path$/],
      ["stands on itself", "itself.qcow2", /itself\.qcow2 stands on itself$/],
    ])("one that %s: it is told", (_, name, why) => {
      expect(lookAt(at(name)).unread).toMatch(why);
    });

    const changed = (name: string, change: (bytes: Buffer) => Buffer) => {
      const bytes = change(readFileSync(at("middle.qcow2")));
      writeFileSync(at(name), bytes);
      return lookAt(at(name));
    };
    test.each<[string, (bytes: Buffer) => Buffer, RegExp]>([
      ["of a version to come", (bytes) => bytes.fill(4, 7, 8), /is of version 4 of qcow/],
      ["that is cut in its header", (bytes) => bytes.subarray(0, 200), /has a damaged header/],
      ["with a name that is too long", (bytes) => bytes.fill(1, 16, 17), /has a damaged header/],
      [
        "with a data file and no name of it",
        (bytes) => bytes.fill(4, 79, 80),
        /has a data file whose name it does not tell/,
      ],
    ])("one %s", (_, change, why) => {
      expect(changed("changed.qcow2", change).unread).toMatch(why);
    });

    test("a backing file by a link, and an overlay by one: as qemu goes", () => {
      const other = join(folder, "other");
      mkdirSync(other);
      symlinkSync(at("middle.qcow2"), join(other, "link.qcow2"));
      symlinkSync("/srv/elsewhere.img", join(other, "base.img"));
      expect(lookAt(join(other, "link.qcow2"))).toEqual({ behind: ["/srv/elsewhere.img"], unread: undefined });
    });
  });

  test("an answer that is none is not taken for one", () => {
    expect(() => look({ fails: { dominfo: "error: End of file while reading data" } }, ["web"])).toThrow(
      /virsh dominfo did not answer as expected: error: End of file/,
    );
  });

  test("libvirt that does not answer, or is not there", () => {
    const said = "error: Failed to connect socket";
    expect(look({ fails: { list: said } }, ["web"]).fault).toEqual({ kind: "silent", said });
    const script = `PATH=/nowhere; ${probe}\nsay() { :; }; ask_machines`;
    expect(parseVirtualMachines({ name: "machines", words: [], text: sh(script).stdout, exit: 0 })).toEqual({
      virtualMachines: { fault: { kind: "missing", said: "" }, machines: new Map() },
    });
  });
});

/** What is run with `/bin/sh -c`, by the key of the unit's line, as systemd hands it on. */
function ofUnit(key: string, libvirt: Libvirt, seconds = 1, { late = NaN, environment: more = "" } = {}) {
  const line = new RegExp(`^${key}=/bin/sh -c '([^']*)' %I`, "m").exec(units["drbd-vm@.service"])![1]!;
  const one = host(libvirt);
  const script = line.replaceAll("$$", "$").replaceAll("%%", "%").replaceAll("/run/pulumi-drbd", one.path("run"));
  const note = one.path("run/my web.late");
  if (!Number.isNaN(late)) {
    mkdirSync(one.path("run"));
    writeFileSync(note, `${uptime() + late}\n`);
  }
  const beginning = `LC_ALL=C; export LC_ALL; shutdown_timeout=${seconds}; ${more}PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin; `;
  const { exit, stdout } = shCommand(one.tools(`${beginning}${script}`), ["my web", "my\\x20web"]);
  return { exit, said: stdout.trim(), calls: one.calls(), waitsFor: secondsLeft(note) };
}

const uptime = () => Math.floor(Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]));
/** How long a late end of a machine is still waited for; none where there is no note. */
const secondsLeft = (note: string) => (existsSync(note) ? Number(readFileSync(note, "utf8")) - uptime() : undefined);
const halfAnHour = (seconds: number | undefined) => seconds !== undefined && seconds > 1700 && seconds <= 1800;

describe("the unit", () => {
  test.each<[string, Libvirt, string[]]>([
    ["one that is off is started", { states: ["shut off"] }, ["virsh start --domain my web"]],
    ["one that runs is followed as it is", { states: ["running"] }, []],
    [
      "one that is just going off is started then",
      { states: ["in shutdown", "shut off"] },
      ["virsh start --domain my web"],
    ],
    ["libvirt is not up yet", { states: ["error: no socket", "shut off"] }, ["virsh start --domain my web"]],
  ])("start: %s", (_, libvirt, calls) => {
    expect(ofUnit("ExecStartPre", libvirt)).toMatchObject({ exit: 0, calls });
  });

  test("start: a saved memory is not gone on with", () => {
    const { exit, said, calls } = ofUnit("ExecStartPre", { states: ["shut off"], info: fixture("dominfo-saved.txt") });
    expect([exit, calls]).toEqual([1, []]);
    expect(said).toContain("my web is not started: libvirt has saved its memory");
  });

  test("start: what libvirt refuses is told, and the unit fails", () => {
    expect(ofUnit("ExecStartPre", { states: ["shut off"], fails: { start: "error: no disk" } })).toMatchObject({
      exit: 1,
      said: "error: no disk",
    });
  });

  test("start: one that has crashed, and that libvirt keeps, is told", () => {
    const { exit, said, calls } = ofUnit("ExecStartPre", { states: ["crashed"] });
    expect([exit, calls]).toEqual([1, []]);
    expect(said).toContain("my web has crashed, and libvirt keeps what is left of it");
  });

  test("start: what was asked of it before its start counts no more", () => {
    const off = { states: ["shut off"] };
    expect(ofUnit("ExecStartPre", off, 1, { late: 1000 })).toMatchObject({ exit: 0, waitsFor: undefined });
  });

  const event = "virsh event --domain my web --event lifecycle --timeout 60";
  test.each<[string, Libvirt, number, string[]]>([
    ["until it is off", { states: ["running (booted)", "running (booted)", "shut off (shutdown)"] }, 0, [event, event]],
    ["until it is gone", { states: ["running (booted)", "error: failed to get domain"] }, 0, [event]],
    ["until it has crashed", { states: ["crashed (panicked)"] }, 1, []],
    ["over a pause", { states: ["paused (ioerror)", "pmsuspended (disk)", "shut off (destroyed)"] }, 0, [event, event]],
    ["over a restart of libvirt", { states: ["error: no socket", "shut off (unknown)"] }, 0, []],
  ])("it lasts %s", (_, libvirt, exit, calls) => {
    expect(ofUnit("ExecStart", libvirt)).toMatchObject({ exit, calls });
  });

  test.each<[string, string, number, number]>([
    ["shut down in time to be started again", "shut off (shutdown)", 60, 75],
    ["shut down too late for that", "shut off (shutdown)", -60, 0],
    ["switched off by a person meanwhile", "shut off (destroyed)", 60, 0],
    ["undefined meanwhile", "error: failed to get domain", 60, 0],
  ])("one whose end was given up: %s", (_, state, late, exit) => {
    expect(ofUnit("ExecStart", { states: ["running (booted)", state] }, 1, { late })).toMatchObject({ exit });
    expect(units["drbd-vm@.service"]).toContain("\nRestartForceExitStatus=75\nSuccessExitStatus=75\n");
  });

  test("stop: it is asked, and waited for", () => {
    expect(ofUnit("ExecStop", { states: ["running", "running", "shut off"] }, 20, { late: 60 })).toEqual({
      exit: 0,
      said: "",
      calls: ["virsh shutdown --domain my web"],
      waitsFor: undefined,
    });
    expect(ofUnit("ExecStop", { states: ["shut off"] })).toMatchObject({ exit: 0, said: "", calls: [] });
  });

  test("stop: of a unit that has ended by itself; what has been started since is left alone", () => {
    expect(ofUnit("ExecStop", { states: ["running"] }, 1, { environment: "EXIT_CODE=exited; " })).toMatchObject({
      exit: 0,
      calls: [],
    });
  });

  test("stop: one that has crashed, and that libvirt keeps, is let go by nobody but a person, or with the host", () => {
    const { exit, said, calls } = ofUnit("ExecStop", { states: ["crashed"] }, 20);
    expect([exit, calls]).toEqual([1, []]);
    expect(said).toContain("virsh destroy lets that go");
    const stopping = ofUnit("ExecStop", { states: ["crashed"], isStopping: true }, 20);
    expect([stopping.exit, stopping.calls]).toEqual([0, ["virsh destroy --domain my web"]]);
  });

  test("stop: one that does not end goes on, and its unit with it", () => {
    const { exit, said, calls, waitsFor } = ofUnit("ExecStop", {});
    expect(halfAnHour(waitsFor)).toBe(true);
    expect([exit, said]).toEqual([1, "my web did not shut down in 1 s (running), and goes on running."]);
    expect(calls).toEqual([
      "virsh shutdown --domain my web",
      "systemd-run --quiet --no-block --collect --on-active=2 systemctl start --job-mode=ignore-dependencies drbd-vm@my\\x20web.service",
    ]);
  });

  test("stop: only where the host shuts down, its power goes", () => {
    const { exit, said, calls } = ofUnit("ExecStop", { isStopping: true });
    expect(exit).toBe(0);
    expect(said).toContain(
      "my web did not shut down in 1 s (running), and is powered off, since this host shuts down.",
    );
    expect(calls).toEqual(["virsh shutdown --domain my web", "virsh destroy --domain my web"]);
  });
});

describe("those that a person starts", () => {
  /** The units as they stand, and what libvirt tells of its own accord. */
  function follow(states: Readonly<Record<string, string>>, told: string, active = "inactive") {
    const line = /^ExecStart=\/bin\/sh -c '([^']*)' %I$/m.exec(units["drbd-vm-starts@.service"])![1]!;
    const one = host({});
    const folders = one.path("system");
    const ofResource: Record<string, string> = {
      "drbd-vm@web.service.d": "r0",
      "drbd-vm@my\\x20web.service.d": "r0",
      "drbd-vm@other.service.d": "r1",
    };
    for (const [name, resource] of Object.entries(ofResource)) {
      mkdirSync(join(folders, name), { recursive: true });
      writeFileSync(join(folders, name, `pulumi-drbd-${resource}.conf`), "");
    }
    const script = line
      .replaceAll("$$", "$")
      .replaceAll("%%", "%")
      .replaceAll("/etc/systemd/system", folders)
      .replaceAll("sleep 10", "sleep 0.2");
    const answers = Object.entries(states).map(([name, state]) => `*' --domain ${name}') echo '${state}' ;;`);
    const tools = {
      virsh: `case "$*" in
"--quiet --connect qemu:///system event --event lifecycle --loop") ${told} ;;
${answers.join("\n")}
*) echo "error: failed to get domain" ;;
esac`,
      systemctl: `case "$1" in is-active) echo ${active} ;; *) echo "$*" >>${one.path("calls")} ;; esac`,
      timeout: 'shift; exec "$@"',
      "systemd-escape": 'shift 2; printf "%s\\n" "$1" | sed "s/.x20/ /g"',
    };
    const { stdout } = shCommand(one.tools(`PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin; ${script}`, tools), [
      "r0",
    ]);
    return { said: stdout, calls: one.calls() };
  }
  const started = (unit: string) => `start --no-block -- ${unit}`;
  const quiet = "sleep 0.5";

  test("what runs already is followed, as far as it is the resource's", () => {
    const { said, calls } = follow({ "my web": "running", other: "running", web: "shut off" }, quiet);
    expect(new Set(calls)).toEqual(new Set([started("drbd-vm@my\\x20web.service")]));
    expect(said).toContain("my web runs: drbd-vm@my\\x20web.service follows it");
  });

  test("a start that libvirt tells of has them looked at again, and nothing else does", () => {
    const tells = (what: string) => `sleep 0.5; echo "event 'lifecycle' for domain 'web': ${what}"`;
    expect(follow({ web: "paused" }, tells("Started Booted")).calls).toHaveLength(3);
    expect(follow({ web: "paused" }, tells("Suspended Paused")).calls).toHaveLength(2);
  });

  test.each(["active", "activating", "deactivating"])("a unit that is %s is left alone", (active) => {
    expect(follow({ web: "running" }, quiet, active).calls).toEqual([]);
  });
});

describe("the steps", () => {
  const run = (libvirt: Libvirt, call: string) => {
    const one = host(libvirt);
    const script = `${environment}${writers}`.replaceAll("/run/pulumi-drbd", one.path("run"));
    const { exit, stdout } = sh(one.tools(`${script}\n${call}`));
    return { exit, said: stdout, calls: one.calls(), path: one.path };
  };

  test("shut down: asked, and waited for; one that is gone is off", () => {
    expect(run({ states: ["running", "shut off"] }, "shut_down 'my web' 20")).toMatchObject({
      exit: 0,
      said: "",
      calls: ["virsh shutdown --domain my web"],
    });
    expect(run({ states: ["error: failed to get domain"] }, "shut_down web 20")).toMatchObject({ exit: 0, calls: [] });
  });

  test("shut down: one that does not end keeps its power, and what to do is said", () => {
    const { exit, said, calls, path } = run({ fails: { shutdown: "error: no agent" } }, "shut_down web 1");
    expect([exit, calls]).toEqual([1, ["virsh shutdown --domain web"]]);
    expect(halfAnHour(secondsLeft(path("run/web.late")))).toBe(true);
    expect(said).toContain("Where it shuts down after all in the next 30 minutes, it is started again here.");
    expect(said).toContain(
      "The virtual machine web did not shut down in 1 s, and goes on running here (virsh domstate: running).\nerror: no agent\n",
    );
    expect(said).toContain("`virsh destroy 'web'` pulls its plug");
  });

  test("shut down: one that ends in the last second is off, and is not started again", () => {
    const states = ["running", "running", "shut off"];
    const { exit, said, path } = run({ states }, "shut_down web 1");
    expect([exit, said, existsSync(path("run/web.late"))]).toEqual([0, "", false]);
  });

  test.each([
    ["paused", "`virsh resume 'web'` lets it go on"],
    ["pmsuspended", "`virsh dompmwakeup 'web'` wakes it"],
  ])("shut down: one that is %s hears nothing, and that is said", (state, said) => {
    const done = run({ states: [state] }, "shut_down web 1");
    expect(done).toMatchObject({ exit: 1, calls: ["virsh shutdown --domain web"] });
    expect(done.said).toContain(said);
  });

  test("shut down: one that has crashed, and that libvirt keeps, is not waited for, and not let go", () => {
    const { exit, said, calls } = run({ states: ["crashed"] }, "shut_down web 20");
    expect([exit, calls]).toEqual([1, []]);
    expect(said).toContain("`virsh destroy 'web'` lets it go");
  });

  test("define: the text as it is, and the digest of what libvirt made of it", () => {
    const text = "text() { printf '%s\\n' '<domain> & </domain>'; }; ";
    const kept = join(folder, "kept/web.machine");
    const { exit, path } = run({}, `${text}define_machine web ${kept}`);
    expect([exit, readFileSync(path("defined"), "utf8")]).toEqual([0, "<domain> & </domain>\n"]);
    expect(readFileSync(kept, "utf8")).toMatch(/^[0-9a-f]{64}\n<domain> & <\/domain>\n$/);
    const without = run({}, `${text}define_machine web ''`);
    expect([without.exit, readFileSync(without.path("defined"), "utf8")]).toEqual([0, "<domain> & </domain>\n"]);
  });

  test("define: what libvirt refuses leaves no note", () => {
    const kept = join(folder, "refused/web.machine");
    const { exit } = run(
      { fails: { define: "error: XML error" } },
      `text() { echo x; }; define_machine web ${kept}; code=$?; [ ! -e ${kept} ] && exit $code`,
    );
    expect(exit).toBe(1);
  });
});
