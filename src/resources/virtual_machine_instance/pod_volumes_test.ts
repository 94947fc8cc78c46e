import assert from "node:assert/strict";
import { vmi, withSpec } from "../testing/builders.ts";
import { holderResources } from "./pod_resources.ts";
import { defaultPullPolicy, podStorage } from "./pod_volumes.ts";

const ENVELOPE = { image: "registry.example/envelope:1", pullPolicy: "IfNotPresent" };
const HOLDER = holderResources({});

const POLICIES: [image: string, policy: string][] = [
  ["debian", "Always"],
  ["debian:latest", "Always"],
  ["debian:12", "IfNotPresent"],
  ["registry.example:5000/debian", "Always"],
  ["registry.example:5000/debian:12", "IfNotPresent"],
  ["debian@sha256:0123", "IfNotPresent"],
];
for (const [image, policy] of POLICIES) {
  Deno.test(`defaultPullPolicy() of ${image} is ${policy}`, () => {
    assert.equal(defaultPullPolicy(image), policy);
  });
}

Deno.test("podStorage() needs no binary of ours where no image is held", () => {
  const storage = podStorage(vmi(), ENVELOPE, HOLDER);
  assert.deepEqual(storage.volumes.map(({ name }) => name), ["sockets", "ephemeral-disks"]);
  assert.deepEqual([storage.initContainers, storage.containers], [[], []]);
});

Deno.test("podStorage() names each pull secret once", () => {
  const image = (name: string, imagePullSecret: string) => ({
    name,
    containerDisk: { image: "i:1", imagePullSecret },
  });
  const instance = vmi(withSpec({ volumes: [image("a", "s"), image("b", "s"), image("c", "t")] }));
  assert.deepEqual(podStorage(instance, ENVELOPE, HOLDER).imagePullSecrets, [{ name: "s" }, {
    name: "t",
  }]);
});

Deno.test("podStorage() mounts both Secrets of one cloud-init volume in one place", () => {
  const secrets = { secretRef: { name: "user" }, networkDataSecretRef: { name: "net" } };
  const instance = vmi(withSpec({ volumes: [{ name: "init", cloudInitNoCloud: secrets }] }));
  const { volumes, computeMounts } = podStorage(instance, ENVELOPE, HOLDER);
  assert.deepEqual(volumes.at(-1), {
    name: "init-cloudinit",
    projected: { sources: [{ secret: { name: "user" } }, { secret: { name: "net" } }] },
  });
  assert.equal(computeMounts.at(-1)?.mountPath, "/var/run/kubevirt-private/secret/init");
});
