import assert from "node:assert/strict";
import { parse } from "yaml";
import { generateCrds, KUSTOMIZATION } from "../../api/generate_crds.ts";
import { KUBEVIRTS, VIRTUAL_MACHINE_INSTANCE_PRESETS } from "../../api/registry.ts";
import { NAMESPACES } from "../../kube/core_resources.ts";
import { vmi } from "../../resources/testing/builders.ts";
import { SILENT_LOGGER } from "../../runtime/log.ts";
import { MetricsRegistry } from "../../runtime/metrics.ts";
import type { CustomResourceDefinition } from "../apiserver/kinds/custom_kind.ts";
import { openServerBed } from "../apiserver/testing/server_bed.ts";
import { ControlPlane, INSTALLATION } from "./control_plane.ts";

const nobody = () => Promise.reject(new Error("there is no node"));

Deno.test("ControlPlane.informed() resolves when admission knows settings and presets of before", async () => {
  const definitions = [...generateCrds()].filter(([file]) => file !== KUSTOMIZATION)
    .map(([, text]) => parse(text) as CustomResourceDefinition);
  await using bed = await openServerBed({ definitions });
  using client = bed.server.client();
  const namespace = "shop";
  for (const name of [namespace, INSTALLATION]) {
    await client.create(NAMESPACES, { metadata: { name } });
  }
  const labels = { size: "small" };
  await client.create(VIRTUAL_MACHINE_INSTANCE_PRESETS, {
    apiVersion: "kubevirt.io/v1alpha3",
    kind: "VirtualMachineInstancePreset",
    metadata: { name: "small" },
    spec: { selector: { matchLabels: labels }, domain: { devices: {}, memory: { guest: "77Mi" } } },
  }, { namespace });
  await client.create(KUBEVIRTS, {
    apiVersion: "kubevirt.io/v1",
    kind: "KubeVirt",
    metadata: { name: INSTALLATION },
    spec: { configuration: { cpuModel: "Nehalem" } },
  }, { namespace: INSTALLATION });
  const controlPlane = new ControlPlane({
    client,
    agents: { put: nobody, openConsole: nobody },
    instance: "test",
    version: "0",
    logger: SILENT_LOGGER,
    metrics: new MetricsRegistry(),
  });
  const stop = new AbortController();
  const informing = controlPlane.inform(stop.signal);
  try {
    await controlPlane.informed(stop.signal);
    const { apiVersion, kind, spec: { domain: { memory: _, ...domain }, ...spec } } = vmi();
    const object = {
      apiVersion,
      kind,
      metadata: { name: "new", namespace, labels },
      spec: { ...spec, domain },
    };
    const verdict = await controlPlane.admission.review("/virtualmachineinstances-mutate", {
      uid: "1",
      operation: "CREATE",
      name: "new",
      namespace,
      userInfo: { username: "jane" },
      object,
      oldObject: null,
    });
    assert.ok(verdict.allowed);
    const patch = JSON.stringify(verdict.patch);
    assert.match(patch, /77Mi/);
    assert.match(patch, /Nehalem/);
  } finally {
    stop.abort();
    await informing;
  }
});
