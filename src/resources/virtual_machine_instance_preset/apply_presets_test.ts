import assert from "node:assert/strict";
import type { DomainSpec } from "../../api/domain.ts";
import type { VirtualMachineInstancePreset } from "../../api/preset.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import { mergePatch } from "../merge_patch.ts";
import { vmi, withDomain, withMetadata } from "../testing/builders.ts";
import { applyPresets } from "./apply_presets.ts";
import { validatePreset } from "./validate.ts";

function preset(name: string, domain: Partial<DomainSpec>): VirtualMachineInstancePreset {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstancePreset",
    metadata: { name, uid: name },
    spec: { domain: { devices: {}, ...domain }, selector: { matchLabels: { size: "small" } } },
  };
}

/** Devices are more than what the preset says of them. */
function merged(domain: Partial<DomainSpec>): Partial<DomainSpec> {
  if (domain.devices === undefined) return domain;
  return { devices: { autoattachGraphicsDevice: false, ...domain.devices } };
}

const SMALL = withMetadata<VirtualMachineInstance>({ labels: { size: "small" } });

function applied(
  presets: readonly VirtualMachineInstancePreset[],
  ...changes: Parameters<typeof vmi>
) {
  const outcome = applyPresets(vmi(SMALL, ...changes), presets);
  assert.ok("vmi" in outcome);
  return outcome;
}

/** What a preset says, and what the guest has afterwards that it did not have. */
const SETTINGS: readonly Partial<DomainSpec>[] = [
  { cpu: { cores: 4 } },
  { resources: { requests: { cpu: "2" } } },
  { firmware: { bootloader: { bios: {} } } },
  { features: { acpi: {} } },
  { clock: { timezone: "Europe/Berlin" } },
  { clock: { timer: { hpet: { present: false } } } },
  { devices: { watchdog: { name: "dog", i6300esb: { action: "reset" } } } },
  { ioThreadsPolicy: "auto" },
];
for (const domain of SETTINGS) {
  Deno.test(`applyPresets() gives a guest ${JSON.stringify(domain)}`, () => {
    const { vmi: after } = applied([preset("p", domain)]);
    assert.equal(
      mergePatch(after.spec.domain, { ...after.spec.domain, ...merged(domain) }),
      undefined,
    );
    assert.equal(
      after.metadata.annotations?.["virtualmachinepreset.kubevirt.io/p"],
      "kubevirt.io/v1",
    );
  });
}

Deno.test("applyPresets() leaves what the guest says itself, and tells it", () => {
  const { vmi: after, warnings } = applied(
    [preset("p", { cpu: { cores: 4 } })],
    withDomain({ cpu: { cores: 1 } }),
  );
  assert.equal(after.spec.domain.cpu?.cores, 1);
  assert.equal(after.metadata.annotations, undefined);
  assert.deepEqual(warnings.slice(1), [
    "preset p: spec.domain.cpu stays as the instance has it",
  ]);
});

Deno.test("applyPresets() warns that presets are deprecated, in upstream's words", () => {
  const { warnings } = applied([preset("p", { cpu: { cores: 4 } })]);
  assert.match(warnings[0] ?? "", /VirtualMachineInstancePresets is now deprecated/);
});

Deno.test("applyPresets() passes over other guests and those that are excluded", () => {
  const presets = [preset("p", { cpu: { cores: 4 } })];
  const annotations = { "virtualmachineinstancepresets.admission.kubevirt.io/exclude": "true" };
  for (const one of [vmi(), vmi(SMALL, withMetadata({ annotations, labels: { size: "small" } }))]) {
    assert.deepEqual(applyPresets(one, presets), { vmi: one, warnings: [] });
  }
});

Deno.test("applyPresets() refuses presets that contradict each other", () => {
  const presets = [preset("a", { cpu: { cores: 4 } }), preset("b", { cpu: { cores: 2 } })];
  const outcome = applyPresets(vmi(SMALL), presets);
  assert.ok("causes" in outcome);
  assert.deepEqual(outcome.causes.map(({ field }) => field), ["spec.domain.cpu"]);
  assert.match(outcome.causes[0]?.message ?? "", /presets 'b' and 'a' conflict/);
});

Deno.test("applyPresets() lets presets complete each other, in the order of their names", () => {
  const presets = [preset("b", { features: { acpi: {} } }), preset("a", { cpu: { cores: 2 } })];
  const { vmi: after } = applied(presets);
  assert.equal(after.spec.domain.cpu?.cores, 2);
  assert.deepEqual(Object.keys(after.metadata.annotations ?? {}), [
    "virtualmachinepreset.kubevirt.io/a",
    "virtualmachinepreset.kubevirt.io/b",
  ]);
});

Deno.test("validatePreset() refuses a preset that gives nothing or selects nonsense", () => {
  const { spec: _, ...empty } = preset("p", {});
  assert.deepEqual(validatePreset(empty).map(({ field }) => field), ["spec.domain"]);
  const bad = preset("p", {});
  const selector = { matchExpressions: [{ key: "a", operator: "Like" }] };
  const nonsense = { ...bad, spec: { domain: { devices: {} }, selector } };
  assert.deepEqual(validatePreset(nonsense).map(({ field }) => field), ["spec.selector"]);
  assert.deepEqual(validatePreset(bad), []);
});
