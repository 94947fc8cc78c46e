import assert from "node:assert/strict";
import { findings, hasApt, isWell, wantedPackages } from "./findings.ts";
import type { MachineFacts } from "./machine_facts.ts";
import { renderFindings } from "./report.ts";

const WELL: MachineFacts = {
  os: { id: "debian", like: [], prettyName: "Debian GNU/Linux 12 (bookworm)" },
  uid: 0,
  architecture: "x86_64",
  programs: {
    "qemu-system-x86_64": "runs",
    "qemu-img": "runs",
    ip: "runs",
    nft: "runs",
    nsenter: "runs",
    genisoimage: "runs",
    xorriso: "missing",
    skopeo: "runs",
  },
  libraries: { libvirt: true, libvirtQemuDriver: true },
  firmware: true,
  devices: { "/dev/kvm": undefined, "/dev/net/tun": undefined, "/dev/vhost-net": undefined },
  filesystems: ["proc", "overlay"],
  cgroups: { version: 2, controllers: ["cpu", "memory", "pids", "io"] },
  memoryBytes: 2 ** 33,
  freeBytes: 2 ** 35,
  nativeParts: undefined,
};

/** What each lack makes of the machine: the finding's name, its state, and a part of the command that helps. */
const ROWS: [
  criterion: string,
  Partial<MachineFacts>,
  name: string,
  state: string,
  fix?: RegExp,
][] = [
  ["another user", { uid: 1000 }, "root", "missing", /sudo/],
  ["another architecture", { architecture: "aarch64" }, "system", "missing"],
  ["no QEMU", program("qemu-system-x86_64"), "qemu-system-x86_64", "missing", /qemu-system-x86$/],
  ["no skopeo", program("skopeo"), "skopeo", "missing", /skopeo$/],
  ["no tool for ISO images", program("genisoimage"), "genisoimage", "missing", /genisoimage$/],
  ["a program that fails", program("nft", "fails"), "nft", "missing", /--reinstall nftables/],
  [
    "xorriso instead of genisoimage",
    { programs: { ...WELL.programs, genisoimage: "missing", xorriso: "runs" } },
    "xorriso",
    "ok",
  ],
  [
    "no driver of libvirt",
    { libraries: { libvirt: true, libvirtQemuDriver: false } },
    "libvirt's QEMU driver",
    "missing",
    /libvirt-daemon-driver-qemu$/,
  ],
  ["no firmware", { firmware: false }, "UEFI firmware", "limited", /ovmf/],
  ["no KVM", device("/dev/kvm"), "/dev/kvm", "limited", /modprobe/],
  ["no tun", device("/dev/net/tun"), "/dev/net/tun", "missing", /modprobe tun/],
  ["no overlay", { filesystems: [] }, "overlay file system", "missing", /modprobe overlay/],
  [
    "no cgroups",
    { cgroups: { version: undefined, controllers: [] } },
    "cgroups",
    "missing",
    /mount/,
  ],
  ["a controller less", { cgroups: { version: 1, controllers: ["cpu"] } }, "cgroups", "limited"],
  ["little memory", { memoryBytes: 2 ** 28 }, "memory", "limited"],
  ["a full disk", { freeBytes: 2 ** 20 }, "disk", "limited"],
  ["no native parts", { nativeParts: "x is missing" }, "native parts", "missing", /native/],
];

for (const [criterion, change, name, state, fix] of ROWS) {
  Deno.test(`findings() of a machine with ${criterion}`, () => {
    const found = findings({ ...WELL, ...change });
    const finding = found.find((each) => each.name === name);
    assert.equal(finding?.state, state);
    if (fix === undefined) assert.equal(finding?.fix, undefined);
    else assert.match(finding?.fix ?? "", fix);
    assert.equal(isWell(found), state !== "missing");
    const others = found.filter((each) => each.state !== "ok" && each.name !== name);
    assert.deepEqual(others, []);
  });
}

Deno.test("findings() of a machine that has all finds nothing", () => {
  const found = findings(WELL);
  assert.deepEqual(found.filter(({ state }) => state !== "ok"), []);
  assert.match(renderFindings(found, { columns: 80, colour: false }), /Guests can run here\.\n$/);
});

Deno.test("wantedPackages() are those that bring what is missing", () => {
  const facts = { ...WELL, ...program("skopeo"), firmware: false };
  assert.deepEqual(wantedPackages(findings(facts)), ["skopeo", "ovmf"]);
});

Deno.test("hasApt() of Debian, Ubuntu and what is derived from them", () => {
  const os = (id: string, like: string[] = []) => hasApt({ os: { id, like, prettyName: id } });
  assert.deepEqual(
    [os("debian"), os("ubuntu"), os("linuxmint", ["ubuntu", "debian"]), os("fedora")],
    [true, true, true, false],
  );
});

Deno.test("renderFindings() fits the terminal and keeps commands whole", () => {
  const found = findings({ ...WELL, ...device("/dev/kvm"), ...program("skopeo") });
  const text = renderFindings(found, { columns: 50, colour: false });
  const commands = text.split("\n").filter((line) => line.includes("$ "));
  assert.ok(
    text.split("\n").filter((line) => /^(ok|limited|missing)/.test(line))
      .every((line) => line.length <= 50),
  );
  assert.match(commands.join("\n"), /apt-get install --no-install-recommends --yes skopeo$/m);
  assert.ok(!text.includes("\x1b"));
  assert.ok(renderFindings(found, { columns: 50, colour: true }).includes("\x1b[31mmissing"));
});

function program(name: keyof MachineFacts["programs"], state: "missing" | "fails" = "missing") {
  return { programs: { ...WELL.programs, [name]: state } };
}

function device(path: keyof MachineFacts["devices"]) {
  return { devices: { ...WELL.devices, [path]: "is not there" } };
}
