import assert from "node:assert/strict";
import type { Container, Pod } from "../../../resources/core_objects.ts";
import { PodSpecError, sandboxSpec } from "./sandbox_spec.ts";

function pod(change: Partial<Container>): Pod {
  const container: Container = {
    name: "compute",
    image: "i:1",
    command: ["/envelope"],
    resources: {},
    securityContext: { runAsUser: 107, runAsGroup: 107 },
    volumeMounts: [],
    ...change,
  };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "default", uid: "pod-uid" },
    spec: { containers: [container] },
  };
}

const PARTS = {
  directory: "/d",
  record: "/r",
  networkNamespace: "/n",
  cgroups: [],
  images: new Map([["i:1", "/images/0a"]]),
  volumes: new Map(),
};

const REFUSED: [criterion: string, change: Partial<Container>, message: string][] = [
  ["an image that is not here", { image: "i:2" }, "container compute: image i:2 is not here"],
  ["no command", { command: [] }, "container compute: it must name its command"],
  [
    "a user that is root",
    { securityContext: { runAsUser: 0, runAsGroup: 107 } },
    "container compute: securityContext.runAsUser must be a user that is not root: got 0",
  ],
  [
    "a volume that there is not",
    { volumeMounts: [{ name: "v", mountPath: "/v" }] },
    "container compute: no volume is named v",
  ],
  [
    "a probe that nobody would ask",
    { livenessProbe: { exec: { command: ["true"] } } },
    "container compute: livenessProbe: only tcpSocket and httpGet are asked here",
  ],
];

for (const [criterion, change, message] of REFUSED) {
  Deno.test(`sandboxSpec() refuses ${criterion}`, () => {
    assert.throws(() => sandboxSpec(pod(change), PARTS), new PodSpecError(message));
  });
}

Deno.test("sandboxSpec() takes probes that are asked from outside", () => {
  const readinessProbe = { tcpSocket: { port: 22 } };
  const { containers } = sandboxSpec(pod({ readinessProbe }), PARTS);
  assert.deepEqual(containers.map(({ name, image }) => [name, image]), [["compute", "/images/0a"]]);
});
