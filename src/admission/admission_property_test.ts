/**
 * Admission against what nobody thought of: objects with random changes. It never throws, and what it accepts can be made
 * into a pod and a domain, or is refused with the path of a field.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { VirtualMachineInstance } from "../api/virtual_machine_instance.ts";
import type { VirtualMachineInstanceSpec } from "../api/virtual_machine_instance_spec.ts";
import { renderDomain } from "../libvirt_domain/render_domain.ts";
import { BUILT_IN_DEFAULTS } from "../resources/cluster_defaults.ts";
import { effectiveConfiguration } from "../resources/kubevirt/configuration.ts";
import { pool, replicaSet, vm, vmi } from "../resources/testing/builders.ts";
import { launcherPod } from "../resources/virtual_machine_instance/pod.ts";
import { unservedFields } from "../resources/virtual_machine_instance/unserved_fields.ts";
import { applyJsonPatch } from "../standalone/apiserver/patch/json_patch.ts";
import { EDIT, edited } from "./testing/edit.ts";
import { EMPTY_WORLD } from "./testing/empty_world.ts";
import { GUEST } from "./testing/guest.ts";
import { type AdmissionContext, WEBHOOKS } from "./webhooks.ts";

type Json = Record<string, unknown>;

/** The gate tries the same changes each time; `DENOVIRT_PROPERTY_RUNS=5000` tries that many others, and prints the seed of a failure. */
const LONG_RUNS = Deno.env.get("DENOVIRT_PROPERTY_RUNS");
const RUNS = LONG_RUNS === undefined ? { numRuns: 150, seed: 1 } : { numRuns: Number(LONG_RUNS) };

const CONTEXT: AdmissionContext = {
  cluster: BUILT_IN_DEFAULTS,
  now: "2026-01-01T00:00:00Z",
  uuid: "11111111-2222-4333-8444-555555555555",
  serial: "66666666-7777-4888-9999-000000000000",
  installationUsers: [],
  ...EMPTY_WORLD,
};

/** Where admission is asked, and what it is asked about. */
const STARTS: [path: string, object: Json, guestOf: (object: Json) => unknown][] = [
  [
    "virtualmachineinstances",
    { ...vmi(), spec: GUEST },
    ({ spec }) => spec,
  ],
  [
    "virtualmachines",
    vm((object) => ({ ...object, spec: { ...object.spec, template: { spec: GUEST } } })),
    (object) => at(object, ["spec", "template", "spec"]),
  ],
  [
    "virtualmachineinstancereplicasets",
    replicaSet({ template: { metadata: { labels: { app: "web" } }, spec: GUEST } }),
    (object) => at(object, ["spec", "template", "spec"]),
  ],
  [
    "virtualmachinepools",
    pool({
      virtualMachineTemplate: {
        metadata: { labels: { app: "web" } },
        spec: { runStrategy: "Halted", template: { spec: GUEST } },
      },
    }),
    (object) => at(object, ["spec", "virtualMachineTemplate", "spec", "template", "spec"]),
  ],
];

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce((found, key) => (found as Json | undefined)?.[key], value);
}

/** As the API server does: defaults, then the verdict. `undefined`: refused. */
async function admitted(path: string, object: Json): Promise<Json | undefined> {
  const userInfo = { username: "jane" };
  const request = { uid: "1", operation: "CREATE" as const, userInfo, object };
  const changed = await WEBHOOKS[`/${path}-mutate`]?.(request, CONTEXT);
  const patch = changed?.allowed === true ? changed.patch ?? [] : [];
  const patched = patch.length === 0 ? object : applyJsonPatch(object as never, patch) as Json;
  // An API server keeps no nulls of a custom object.
  const defaulted = withoutNulls(patched) as Json;
  const verdict = await WEBHOOKS[`/${path}-validate`]?.(
    { ...request, object: defaulted },
    CONTEXT,
  );
  assert.ok(verdict !== undefined, path);
  if (verdict.allowed) return defaulted;
  assert.notEqual(verdict.causes.length, 0, "a refusal names a cause");
  for (const { message } of verdict.causes) assert.notEqual(message, "");
  return undefined;
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutNulls(item)]));
}

/** Makes what the controllers would make of an admitted guest. */
async function render(spec: VirtualMachineInstanceSpec): Promise<void> {
  const instance = { ...vmi(), spec };
  const made = await admitted("virtualmachineinstances", instance as unknown as Json);
  if (made === undefined) return;
  const guest = made as unknown as VirtualMachineInstance;
  if (unservedFields(guest.spec).length > 0) return;
  const configuration = effectiveConfiguration(undefined);
  const pod = launcherPod({ vmi: guest, configuration, envelopeImage: "registry/envelope:1" });
  for (const { resources } of pod.spec.containers) {
    for (const amount of Object.values({ ...resources?.requests, ...resources?.limits })) {
      assert.match(String(amount), /^\d/, "an amount is a number that is not negative");
    }
  }
  const disks = Object.fromEntries(
    (guest.spec.volumes ?? []).map(({ name }) => [
      name,
      { path: `@VMDIR@/${name}`, format: "raw" as const },
    ]),
  );
  const interfaces = Object.fromEntries(
    (guest.spec.domain.devices.interfaces ?? []).map(({ name }) => [
      name,
      { tap: "tap0", macAddress: "02:00:00:00:00:01", mtu: 1500 },
    ]),
  );
  const rendered = renderDomain({ vmi: guest, facts: { emulated: true, disks, interfaces } });
  if ("xml" in rendered) return;
  for (const { field } of rendered.refusals) assert.match(field, /^spec\./);
}

for (const [path, object, guestOf] of STARTS) {
  Deno.test(`admission of ${path} accepts a good object, which can be rendered`, async () => {
    const plain = JSON.parse(JSON.stringify(object));
    const made = await admitted(path, plain);
    assert.ok(made !== undefined, "refused");
    await render(guestOf(made) as VirtualMachineInstanceSpec);
  });

  Deno.test(`admission of ${path} never throws, and what it accepts can be rendered`, async () => {
    const plain = JSON.parse(JSON.stringify(object));
    await fc.assert(
      fc.asyncProperty(fc.array(EDIT, { minLength: 1, maxLength: 4 }), async (edits) => {
        const changed = edits.reduce<unknown>(
          (value, edit) => ({ ...value as Json, spec: edited((value as Json).spec, edit) }),
          plain,
        );
        const made = await admitted(path, changed as Json);
        const spec = made === undefined ? undefined : guestOf(made);
        if (spec !== undefined) await render(spec as VirtualMachineInstanceSpec);
      }),
      RUNS,
    );
  });
}
