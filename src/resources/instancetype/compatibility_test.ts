import assert from "node:assert/strict";
import { vm } from "../testing/builders.ts";
import { specOfRevision } from "./compatibility.ts";
import { sizeRevisionName, sizeRevisionOf } from "./revision.ts";

const SPEC = { cpu: { guest: 2 }, memory: { guest: "1Gi" } };
const OBJECT = {
  apiVersion: "instancetype.kubevirt.io/v1beta1",
  kind: "VirtualMachineClusterInstancetype",
  metadata: { name: "small", uid: "33333333-3333-4333-8333-333333333333", generation: 4 },
  spec: SPEC,
};

function revision(data: unknown) {
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: { name: "r", uid: "u" },
    revision: 1,
    data,
  };
}

/** What is stored, and whether it is an instancetype. */
const ROWS: readonly [string, unknown, boolean][] = [
  ["an object of this version", OBJECT, true],
  ["one of an older version", { ...OBJECT, apiVersion: "instancetype.kubevirt.io/v1alpha2" }, true],
  ["one with nulls", { ...OBJECT, spec: { ...SPEC, gpus: null } }, true],
  ["a spec alone, as bytes", { apiVersion: "", spec: btoa(JSON.stringify(SPEC)) }, true],
  ["a preference", { ...OBJECT, kind: "VirtualMachinePreference", spec: {} }, false],
  ["a spec without its required fields", { ...OBJECT, spec: { cpu: {} } }, false],
  ["no JSON", { spec: "?" }, false],
  ["nothing", undefined, false],
];

for (const [what, data, isInstancetype] of ROWS) {
  Deno.test(`specOfRevision() of ${what}`, () => {
    const spec = specOfRevision("instancetype", revision(data));
    assert.deepEqual(spec, isInstancetype ? SPEC : undefined);
  });
}

Deno.test("sizeRevisionOf() holds what specOfRevision() reads, under KubeVirt's name and labels", () => {
  const owner = vm();
  const made = sizeRevisionOf(owner, OBJECT);
  const { name, labels, ownerReferences } = made.metadata;
  assert.equal(name, "web-small-v1beta1-33333333-3333-4333-8333-333333333333-4");
  assert.deepEqual(labels, {
    "instancetype.kubevirt.io/object-generation": "4",
    "instancetype.kubevirt.io/object-kind": "VirtualMachineClusterInstancetype",
    "instancetype.kubevirt.io/object-name": "small",
    "instancetype.kubevirt.io/object-uid": "33333333-3333-4333-8333-333333333333",
    "instancetype.kubevirt.io/object-version": "v1beta1",
  });
  assert.equal(ownerReferences?.[0]?.uid, owner.metadata.uid);
  assert.deepEqual(specOfRevision("instancetype", revision(made.data)), SPEC);
});

Deno.test("sizeRevisionName() fits however long the names are", () => {
  const long = { ...OBJECT, metadata: { ...OBJECT.metadata, name: "x".repeat(250) } };
  const name = sizeRevisionName(vm(), long);
  assert.ok(name.length <= 253);
  assert.match(name, /-v1beta1-33333333-3333-4333-8333-333333333333-4$/);
  assert.equal(
    sizeRevisionOf(vm(), long).metadata.labels?.["instancetype.kubevirt.io/object-name"],
    undefined,
  );
});
