import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  calledService,
  definitionFault,
  neededBy,
  uuidOf,
  virtualMachineNameFault,
  virtualMachineOf,
  virtualMachineUnit,
  withUuid,
} from "../../../provider/core/wanted/virtual-machine";
import { everyElement, readXml } from "../../../provider/core/wanted/xml";

const real = readFileSync(join(__dirname, "../../fixtures/libvirt-11.3.0/web.xml"), "utf8");
const domain = (inside: string) => `<domain type='kvm'><name>web</name>${inside}</domain>`;
const devices = (inside: string) => domain(`<devices>${inside}</devices>`);
const os = (inside: string, attributes = "") => domain(`<os${attributes}><type>hvm</type>${inside}</os>`);

test.each(["web", "my web", "web.example.org", "ä", "a-b_c", "7up", "a\\b", "50%"])(
  "the name %s, and back from its unit",
  (name) => {
    expect(virtualMachineNameFault(name)).toBeUndefined();
    expect(virtualMachineOf(virtualMachineUnit(name))).toBe(name);
    expect(calledService(virtualMachineUnit(name))).toBe(`virtual machine ${name}`);
  },
);

test.each<[string, RegExp]>([
  ["", /must be the name/],
  ["a/b", /without `\/`/],
  ["a\nb", /control characters/],
  ["a$b", /`\$`/],
  ["-web", /option/],
  ["17", /id of whatever runs/],
  [" web", /blank/],
  ["ä".repeat(60), /too long/],
])("the name %j is refused", (name, why) => {
  expect(virtualMachineNameFault(name)).toMatch(why);
});

test("a service that is no machine keeps its name", () => {
  expect(calledService("web.service")).toBe("web.service");
});

test("a definition as libvirt writes it", () => {
  expect(definitionFault(real, "web")).toBeUndefined();
  expect(uuidOf(real)).toBe("7393600d-6337-41ef-bc49-ddf8b4032522");
  expect(withUuid(real, "other")).toBe(real);
  expect(neededBy(real)).toEqual([{ what: "disk hda", path: "/var/lib/libvirt/images/web.img" }]);
});

test.each<[string, string, RegExp]>([
  ["no XML", "web", /one whole element/],
  ["a tag that is not closed", "<domain><name>web</name>", /one whole element/],
  ["two elements", `${domain("")}${domain("")}`, /one whole element/],
  [
    "a document type, which may name files",
    `<!DOCTYPE domain [<!ENTITY a SYSTEM "/etc/shadow">]>${domain("")}`,
    /one whole element/,
  ],
  ["another element", "<network><name>web</name></network>", /not a <network>/],
  ["no name", "<domain/>", /no <name>/],
  ["another name", "<domain><name>db</name></domain>", /names "db" in its <name>, not "web"/],
  ["a uuid that is none", domain("<uuid>1</uuid>"), /<uuid> that is none/],
  ["a password", devices("<graphics type='vnc' passwd='tell nobody'/>"), /holds a password/],
  ["a card without an address of its own", devices("<interface type='network'/>"), /<mac address='…'\/>/],
])("a definition with %s is refused, and not quoted", (_, xml, why) => {
  expect(definitionFault(xml, "web")).toMatch(why);
  expect(definitionFault(xml, "web")).not.toContain("tell nobody");
});

test("a uuid comes before the name; what stands in a comment is not read", () => {
  const xml = "<!-- <name>x</name> --><domain>\n  <name>web</name>\n</domain>";
  expect(withUuid(xml, "u")).toBe("<!-- <name>x</name> --><domain>\n  <uuid>u</uuid><name>web</name>\n</domain>");
  // Where it begins is counted in what JavaScript counts in.
  expect(withUuid("\ufeff<!-- ä😀 -->\r\n<domain><name>web</name></domain>", "u")).toContain(
    "<domain><uuid>u</uuid><name>web</name>",
  );
  expect(uuidOf(domain("<uuid>7393600D633741EFBC49DDF8B4032522</uuid>"))).toBe("7393600d-6337-41ef-bc49-ddf8b4032522");
});

test.each<[string, string, object[]]>([
  ["an empty drive", devices("<disk device='cdrom'><target dev='sda'/></disk>"), []],
  [
    "a file with odd characters",
    devices("<disk type='file'><source file='/srv/a &amp; b&#39;s.img'/><target dev='vda'/></disk>"),
    [{ what: "disk vda", path: "/srv/a & b's.img" }],
  ],
  [
    "an overlay, and what libvirt knows behind it",
    devices(
      `<disk type='file'><driver type="qcow2"/><source file="/a"/><backingStore type='file'><source file='/b'/><backingStore/></backingStore><target dev='vda'/></disk>`,
    ),
    [
      { what: "disk vda", path: "/a", isLayered: true },
      { what: "disk vda, behind its overlay", path: "/b" },
    ],
  ],
  [
    "a device",
    devices("<disk type='block' device='lun'><source dev='/dev/drbd1'/><target dev='sda'/></disk>"),
    [{ what: "lun sda", path: "/dev/drbd1" }],
  ],
  [
    "a volume of a pool",
    devices("<disk type='volume'><source pool='default' volume='web.img'/><target dev='vda'/></disk>"),
    [{ what: "disk vda", why: expect.stringContaining("the volume web.img of the pool default") as string }],
  ],
  [
    "a disk of the network",
    devices("<disk type='network'><source protocol='rbd' name='a'/><target dev='vda'/></disk>"),
    [{ what: "disk vda", why: "is none on this host (type='network')" }],
  ],
  [
    "a kernel and its initrd",
    os("<kernel>/boot/vmlinuz</kernel><initrd>/boot/initrd</initrd>"),
    [
      { what: "kernel", path: "/boot/vmlinuz" },
      { what: "initrd", path: "/boot/initrd" },
    ],
  ],
  ["nvram", os("<nvram template='/usr/t.fd'>/var/n.fd</nvram>"), [{ what: "nvram", path: "/var/n.fd" }]],
  [
    "nvram of its own form",
    os("<nvram type='file'><source file='/n.fd'/></nvram>"),
    [{ what: "nvram", path: "/n.fd" }],
  ],
  [
    "firmware that keeps variables",
    os("", " firmware='efi'"),
    [{ what: "nvram", why: expect.stringContaining("no path") as string }],
  ],
  ["a firmware that keeps nothing", os("<loader type='rom'>/usr/share/OVMF.fd</loader>"), []],
  [
    "firmware of which libvirt keeps the variables",
    os("<loader readonly='yes' type='pflash'>/usr/share/OVMF.fd</loader>"),
    [{ what: "nvram", why: expect.stringContaining("name a file of the resource's in <nvram>") as string }],
  ],
  ["firmware without a state", os("<loader type='pflash' stateless='yes'/>", " firmware='efi'"), []],
  [
    "nvram on a device",
    os("<nvram type='block'><source dev='/dev/drbd2'/></nvram>"),
    [{ what: "nvram", path: "/dev/drbd2" }],
  ],
  ["a store of variables", os("<varstore template='/t' path='/v.json'/>"), [{ what: "varstore", path: "/v.json" }]],
  ["a TPM", devices("<tpm model='tpm-crb'/>"), [{ what: "TPM", why: expect.stringContaining("a state") as string }]],
  [
    "a TPM whose state has a place",
    devices("<tpm><backend type='emulator'><source type='dir' path='/srv/data/tpm'/></backend></tpm>"),
    [{ what: "TPM", path: "/srv/data/tpm" }],
  ],
  [
    "a TPM of the host's",
    devices("<tpm><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm>"),
    [{ what: "TPM", why: expect.stringContaining("a state") as string }],
  ],
  [
    "memory that lasts",
    devices("<memory model='nvdimm'><source><path>/n</path></source></memory><memory model='dimm'/>"),
    [{ what: "nvdimm", path: "/n" }],
  ],
  [
    "a log of crashes",
    devices("<pstore backend='acpi-erst'><path>/p</path></pstore>"),
    [{ what: "pstore", path: "/p" }],
  ],
  [
    "a card of the host's",
    devices("<interface type='hostdev'/><interface type='bridge'/>"),
    [{ what: "host device (interface)", why: expect.stringContaining("one host") as string }],
  ],
  [
    "an image that is not looked into, and one behind an overlay that has more behind it",
    devices(
      "<disk><driver type='vmdk'/><source file='/a'/></disk><disk><driver type='qcow2'/><source file='/b'/><backingStore type='file'><format type='qcow2'/><source file='/c'/></backingStore></disk>",
    ),
    [
      { what: "disk", path: "/a" },
      { what: "disk", why: expect.stringContaining("has the format vmdk") as string },
      { what: "disk", path: "/b", isLayered: true },
      { what: "disk, behind its overlay", path: "/c", isLayered: true },
    ],
  ],
  [
    "a folder that a daemon of its own hands on",
    devices(
      "<filesystem type='mount'><driver type='virtiofs'/><source socket='/run/v.sock'/><target dir='t'/></filesystem>",
    ),
    [{ what: "filesystem t", why: "is no folder of the resource's" }],
  ],
  [
    "a device of the host's",
    devices("<hostdev mode='subsystem' type='pci'/>"),
    [{ what: "host device (pci)", why: expect.stringContaining("one host") as string }],
  ],
  [
    "a folder",
    devices("<filesystem><source dir='/srv/share'/><target dir='share'/></filesystem>"),
    [{ what: "filesystem share", path: "/srv/share" }],
  ],
])("what a machine needs: %s", (_, xml, needed) => {
  expect(neededBy(xml)).toEqual(needed);
});

test("XML in pieces: comments, instructions, CDATA, entities", () => {
  const element = readXml(`<?xml version="1.0"?><!-- < --><a b='1 &lt; 2'>x<![CDATA[<y>]]>&#x41;<c/><d/></a>\n`);
  expect(element).toMatchObject({ name: "a", attributes: { b: "1 < 2" }, text: "x<y>A" });
  expect(everyElement(element!).map(({ name }) => name)).toEqual(["a", "c", "d"]);
});

test.each(["<a>&unknown;</a>", "<a b=1/>", "<a b='1' b='2'/>", "<a><b></a></b>", "<a>\u0001</a>", "<a/>x"])(
  "%j is no XML",
  (text) => {
    expect(readXml(text)).toBeUndefined();
  },
);
