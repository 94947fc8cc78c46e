/**
 * Upstream's common instancetypes and preferences, each alone and every pair that the requirements allow: what comes out is
 * admitted and rendered, or says by path what is not served yet.
 */
import assert from "node:assert/strict";
import type { VirtualMachineInstancetypeSpec } from "../../src/api/instancetype.ts";
import type { VirtualMachinePreferenceSpec } from "../../src/api/preference.ts";
import type { VirtualMachine } from "../../src/api/virtual_machine.ts";
import type { DomainFacts } from "../../src/libvirt_domain/configurator.ts";
import { renderDomain } from "../../src/libvirt_domain/render_domain.ts";
import { BUILT_IN_DEFAULTS } from "../../src/resources/cluster_defaults.ts";
import { expandTemplate } from "../../src/resources/instancetype/expand.ts";
import { unmetRequirements } from "../../src/resources/instancetype/requirements.ts";
import type { Size } from "../../src/resources/instancetype/size.ts";
import {
  validateInstancetype,
  validatePreference,
} from "../../src/resources/instancetype/validate.ts";
import { effectiveConfiguration } from "../../src/resources/kubevirt/configuration.ts";
import { defaultSpec } from "../../src/resources/virtual_machine_instance/defaults.ts";
import { launcherPod } from "../../src/resources/virtual_machine_instance/pod.ts";
import { unservedFields } from "../../src/resources/virtual_machine_instance/unserved_fields.ts";
import { validateSpec } from "../../src/resources/virtual_machine_instance/validate.ts";
import { testAgainstUpstream, upstreamExamples } from "./upstream.ts";

const CLUSTER = { ...BUILT_IN_DEFAULTS, networkInterface: "masquerade" };
const CONFIGURATION = effectiveConfiguration(undefined);
const CONTEXT = {
  cluster: CLUSTER,
  now: "2026-01-01T00:00:00Z",
  uuid: "11111111-2222-4333-8444-555555555555",
};

/** A node with all firmware. */
const FACTS: DomainFacts = {
  emulated: false,
  disks: { root: { path: "@VMDIR@/disks/root", format: "qcow2" } },
  interfaces: { default: { tap: "tap0", macAddress: "02:00:00:00:00:01", mtu: 1500 } },
  efi: { code: "/firmware/code", variables: "/firmware/variables" },
  efiSecureBoot: { code: "/firmware/secure-code", variables: "/firmware/secure-variables" },
};

/** Of the 3,510 pairs, those that are large enough and need nothing that is not served. */
const STARTED_PAIRS = 738;

interface Named<Spec> {
  name: string;
  spec: Spec;
}

function common<Spec>(kind: string, file: string): () => Named<Spec>[] {
  let read: Named<Spec>[] | undefined;
  return () =>
    read ??= upstreamExamples(kind).filter((example) => example.file === file).map(({ object }) => {
      const { metadata, spec } = object as { metadata: { name: string }; spec: Spec };
      return { name: metadata.name, spec };
    });
}

const instancetypes = common<VirtualMachineInstancetypeSpec>(
  "VirtualMachineClusterInstancetype",
  "clusterinstancetypes.yaml",
);
const preferences = common<VirtualMachinePreferenceSpec>(
  "VirtualMachineClusterPreference",
  "clusterpreferences.yaml",
);

/** A VM as a wizard makes it: an image, and nothing said about the rest. */
function machine({ preference, instancetype }: Size): VirtualMachine {
  const architecture = preference?.preferredArchitecture ?? "amd64";
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name: "vm", namespace: "default", uid: CONTEXT.uuid },
    spec: {
      runStrategy: "Always",
      template: {
        spec: {
          architecture,
          domain: {
            devices: {},
            // Half of the preferences need more than a guest has by default.
            ...(instancetype === undefined && {
              cpu: { sockets: 8 },
              memory: { guest: "4Gi" },
            }),
          },
          volumes: [{ name: "root", containerDisk: { image: "images.example/linux:1" } }],
        },
      },
    },
  };
}

/** What its owner would read: why it is refused, or which fields are not served; neither for a guest that can be started. */
interface Outcome {
  refused: string[];
  unserved: string[];
}

function outcomeOf(size: Size): Outcome {
  const expansion = expandTemplate(machine(size), size, CLUSTER);
  if ("causes" in expansion) {
    return { refused: expansion.causes.map(({ message }) => message), unserved: [] };
  }
  const spec = defaultSpec(expansion.spec, CONTEXT);
  const causes = [
    ...unmetRequirements(spec, size),
    ...validateSpec({ spec, field: "spec", cluster: CLUSTER }),
  ];
  if (causes.length > 0) return { refused: causes.map(({ message }) => message), unserved: [] };
  const { annotations } = expansion;
  const vmi = {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: { name: "vm", namespace: "default", uid: CONTEXT.uuid, annotations },
    spec,
  };
  const unserved = unservedFields(spec);
  if (unserved.length > 0) return { refused: [], unserved };
  const pod = launcherPod({ vmi, configuration: CONFIGURATION, envelopeImage: "envelope" });
  assert.equal(pod.spec.containers[0]?.name, "compute");
  const domain = renderDomain({ vmi, facts: FACTS });
  return {
    refused: [],
    unserved: "xml" in domain ? [] : domain.refusals.map(({ field }) => field),
  };
}

const CPU_FIELD = "spec.domain.cpu";
const DEDICATED = [`${CPU_FIELD}.dedicatedCpuPlacement`, `${CPU_FIELD}.isolateEmulatorThread`];
const NUMA = `${CPU_FIELD}.numa`;
const HUGEPAGES = "spec.domain.memory.hugepages";

/** By series, the part of the name before the dot: what its guests would need of a node that is not served yet. */
const UNSERVED_SERIES: Readonly<Record<string, string[]>> = {
  cx1: [...DEDICATED, NUMA, HUGEPAGES],
  d1: DEDICATED,
  m1: [HUGEPAGES],
  n1: [...DEDICATED, HUGEPAGES],
  rt1: [...DEDICATED, NUMA, `${CPU_FIELD}.realtime`, HUGEPAGES],
};
/** Windows 11 and its servers want a TPM. */
const WANTS_TPM = /^windows\.(11|2k22|2k25)(\.virtio)?$/;

function unservedOfInstancetype(name: string): string[] {
  return UNSERVED_SERIES[name.split(".")[0] ?? ""] ?? [];
}

function unservedOfPreference(name: string): string[] {
  return WANTS_TPM.test(name) ? ["spec.domain.devices.tpm"] : [];
}

testAgainstUpstream("common instancetypes and preferences are admitted", {
  run() {
    assert.deepEqual([instancetypes().length, preferences().length], [65, 54]);
    for (const { name, spec } of instancetypes()) {
      assert.deepEqual(validateInstancetype(spec), [], name);
    }
    for (const { name, spec } of preferences()) {
      assert.deepEqual(validatePreference(spec), [], name);
    }
  },
});

testAgainstUpstream("a common instancetype gives a guest that starts, or says what is not served", {
  run() {
    for (const { name, spec: instancetype } of instancetypes()) {
      const expected = { refused: [], unserved: unservedOfInstancetype(name) };
      assert.deepEqual(outcomeOf({ instancetype }), expected, name);
    }
  },
});

testAgainstUpstream("a common preference gives a guest that starts, or says what is not served", {
  run() {
    for (const { name, spec: preference } of preferences()) {
      const expected = { refused: [], unserved: unservedOfPreference(name) };
      assert.deepEqual(outcomeOf({ preference }), expected, name);
    }
  },
});

/** The only reasons for which a pair is refused. */
const REFUSALS = /^failure checking preference requirements: insufficient|are not divisible by/;

testAgainstUpstream(
  "every pair of common instancetype and preference works as its parts do, or is refused for its size",
  {
    run() {
      let started = 0;
      for (const type of instancetypes()) {
        for (const preferred of preferences()) {
          const pair = `${type.name} with ${preferred.name}`;
          const outcome = outcomeOf({ instancetype: type.spec, preference: preferred.spec });
          for (const message of outcome.refused) assert.match(message, REFUSALS, pair);
          if (outcome.refused.length > 0) continue;
          const expected = [
            ...unservedOfInstancetype(type.name),
            ...unservedOfPreference(preferred.name),
          ];
          assert.deepEqual(outcome.unserved.toSorted(), expected.toSorted(), pair);
          if (expected.length === 0) started += 1;
        }
      }
      assert.equal(started, STARTED_PAIRS);
    },
  },
);
