/**
 * Labels as data: each `testdata/*.yaml` holds what libvirt and QEMU said, and the labels that follow.
 * `UPDATE_TESTDATA=1 deno test …` rewrites the second documents; review the diff.
 */
import assert from "node:assert/strict";
import { parse, stringify } from "yaml";
import { effectiveConfiguration } from "../../resources/kubevirt/configuration.ts";
import { type CapabilitiesAnswer, parseCapabilities } from "./capabilities.ts";
import { labelChanges, nodeLabels } from "./node_labels.ts";

const SEPARATOR = "\n---\n";
const TESTDATA = new URL("testdata/", import.meta.url);
const { obsoleteCpuModels } = effectiveConfiguration(undefined);

for (const { name } of [...Deno.readDirSync(TESTDATA)].sort((a, b) => a.name < b.name ? -1 : 1)) {
  const url = new URL(name, TESTDATA);
  const [given = "", expected = ""] = Deno.readTextFileSync(url).split(SEPARATOR);
  const { why, answer } = parse(given) as { why: string; answer: CapabilitiesAnswer };
  Deno.test(`nodeLabels() ${name}: ${why}`, () => {
    const labels = Object.keys(nodeLabels(parseCapabilities(answer), obsoleteCpuModels)).sort();
    if (Deno.env.get("UPDATE_TESTDATA") === "1") {
      Deno.writeTextFileSync(url, given.trimEnd() + SEPARATOR + stringify(labels));
      return;
    }
    assert.deepEqual(labels, parse(expected));
  });
}

Deno.test("nodeLabels() leaves out what Kubernetes would not take as a label", () => {
  const labels = nodeLabels({ models: ["a b", "-x"], features: ["ok.1"], machines: [] }, new Set());
  assert.deepEqual(labels, { "cpu-feature.node.kubevirt.io/ok.1": "true" });
});

Deno.test("labelChanges() takes stale labels of ours away and leaves those of others", () => {
  const present = {
    "cpu-model.node.kubevirt.io/Gone": "true",
    "cpu-model.node.kubevirt.io/Kept": "true",
    "machine-type.node.kubevirt.io/q35": "edited",
    "hyperv.node.kubevirt.io/ipi": "true",
    "kubevirt.io/schedulable": "true",
  };
  const wanted = {
    "cpu-model.node.kubevirt.io/Kept": "true",
    "cpu-model.node.kubevirt.io/New": "true",
    "machine-type.node.kubevirt.io/q35": "true",
  };
  assert.deepEqual(labelChanges(present, wanted), {
    "cpu-model.node.kubevirt.io/Gone": null,
    "cpu-model.node.kubevirt.io/New": "true",
    "machine-type.node.kubevirt.io/q35": "true",
  });
  assert.equal(labelChanges(wanted, wanted), undefined);
});
