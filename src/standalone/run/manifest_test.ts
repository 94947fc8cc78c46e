import assert from "node:assert/strict";
import { MANIFEST_CHARACTERS_MAX, ManifestError, parseManifest } from "./manifest.ts";

const VM = "apiVersion: kubevirt.io/v1\nkind: VirtualMachine\nmetadata: { name: a }\n";
const VMI = "apiVersion: kubevirt.io/v1\nkind: VirtualMachineInstance\nmetadata: { name: b }\n";
const SECRET = "apiVersion: v1\nkind: Secret\nmetadata: { name: s }\n";

Deno.test("parseManifest() takes the first guest, and all others in their order", () => {
  const empty = "# nothing\n";
  const { guest, others } = parseManifest([empty, SECRET, VMI, VM].join("---\n"), "vm.yaml");
  assert.deepEqual([guest.kind, guest.metadata.name], ["VirtualMachineInstance", "b"]);
  assert.deepEqual(others.map(({ kind }) => kind), ["Secret", "VirtualMachine"]);
});

Deno.test("parseManifest() takes JSON and the items of a List", () => {
  const items = [{ apiVersion: "v1", kind: "Secret", metadata: { name: "s" } }, {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { generateName: "a-" },
  }];
  const { guest, others } = parseManifest(
    JSON.stringify({ apiVersion: "v1", kind: "List", items }),
    "vm.json",
  );
  assert.deepEqual([guest, others], [items[1], [items[0]]]);
});

const REFUSED: [name: string, text: string, why: RegExp][] = [
  ["without a guest", SECRET, /must have a VirtualMachine or VirtualMachineInstance: got Secret$/],
  ["empty", "", /got no document$/],
  ["no YAML", "a: [", /vm\.yaml: .* at line 1/s],
  ["without a kind", "apiVersion: v1\n", /document 1: kind must be a string: got undefined$/],
  ["a list", `${SECRET}---\n- a\n`, /document 2: apiVersion must be a string/],
  ["without a name", VM.replace("name: a", "labels: {}"), /document 1: metadata\.name must be/],
  [
    "an item without a name",
    'apiVersion: v1\nkind: List\nitems: [{"apiVersion": "v1", "kind": "Secret"}]\n',
    /document 1: items\[0\]: metadata\.name must be/,
  ],
  ["of another group", VM.replace("kubevirt.io/v1", "example.com/v1"), /got VirtualMachine$/],
  ["too long", " ".repeat(MANIFEST_CHARACTERS_MAX + 1), /must be at most 16777216 characters/],
  ["a bomb of aliases", bomb(), /vm\.yaml: .*alias/is],
];

for (const [name, text, why] of REFUSED) {
  Deno.test(`parseManifest() refuses a manifest: ${name}`, () => {
    assert.throws(() => parseManifest(text, "vm.yaml"), (error) => {
      assert.ok(error instanceof ManifestError);
      assert.match(error.message, /^Cannot run vm\.yaml: /);
      assert.match(error.message, why);
      return true;
    });
  });
}

/** Ten times ten times ten, and so on. */
function bomb(): string {
  const levels = Array.from({ length: 8 }, (_, level) => {
    const before = level === 0 ? '"x"' : `*a${level - 1}`;
    return `a${level}: &a${level} [${Array.from({ length: 10 }, () => before).join(", ")}]`;
  });
  return `${VM}${levels.join("\n")}\n`;
}
