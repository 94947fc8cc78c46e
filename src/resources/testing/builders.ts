/** Objects for tests: small, valid, and changed by the functions that a test names. */
import type { VirtualMachineInstanceReplicaSet } from "../../api/replica_set.ts";
import type { VirtualMachinePool } from "../../api/pool.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { VirtualMachineInstanceSpec } from "../../api/virtual_machine_instance_spec.ts";
import type { VirtualMachineInstanceStatus } from "../../api/virtual_machine_instance_status.ts";

export type Change<T> = (object: T) => T;

/** A VMI of one vCPU and 512Mi without disks and graphics. */
export function vmi(...changes: Change<VirtualMachineInstance>[]): VirtualMachineInstance {
  const made: VirtualMachineInstance = {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: {
      name: "web",
      namespace: "shop",
      uid: "22222222-2222-4222-8222-222222222222",
      resourceVersion: "200",
    },
    spec: { domain: { devices: { autoattachGraphicsDevice: false }, memory: { guest: "512Mi" } } },
  };
  return changes.reduce((object, change) => change(object), made);
}

/** Served by no scheduler, so that a test can be one. */
export const SCHEDULED_BY_TEST = "played-by-the-test";

export function withSpec(
  spec: Partial<VirtualMachineInstanceSpec>,
): Change<VirtualMachineInstance> {
  return (object) => ({ ...object, spec: { ...object.spec, ...spec } });
}

export function withDomain(
  domain: Partial<VirtualMachineInstanceSpec["domain"]>,
): Change<VirtualMachineInstance> {
  return (object) => withSpec({ domain: { ...object.spec.domain, ...domain } })(object);
}

export function withStatus(
  status: VirtualMachineInstanceStatus,
): Change<VirtualMachineInstance> {
  return (object) => ({ ...object, status: { ...object.status, ...status } });
}

export function withMetadata<T extends VirtualMachineInstance | VirtualMachine>(
  metadata: Partial<T["metadata"]>,
): Change<T> {
  return (object) => ({ ...object, metadata: { ...object.metadata, ...metadata } });
}

/** A VM that is to run, with the smallest template. */
export function vm(...changes: Change<VirtualMachine>[]): VirtualMachine {
  const made: VirtualMachine = {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: {
      name: "web",
      namespace: "shop",
      uid: "11111111-1111-4111-8111-111111111111",
      generation: 3,
      resourceVersion: "100",
      finalizers: ["kubevirt.io/virtualMachineControllerFinalize"],
    },
    spec: {
      runStrategy: "Always",
      template: { spec: { domain: { devices: {}, memory: { guest: "512Mi" } } } },
    },
  };
  return changes.reduce((object, change) => change(object), made);
}

/** A set of two guests with the smallest template. */
export function replicaSet(
  spec: Partial<VirtualMachineInstanceReplicaSet["spec"]>,
): VirtualMachineInstanceReplicaSet {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstanceReplicaSet",
    metadata: {
      name: "web",
      namespace: "shop",
      uid: "33333333-3333-4333-8333-333333333333",
      resourceVersion: "300",
    },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: {
          domain: { devices: { autoattachGraphicsDevice: false }, memory: { guest: "512Mi" } },
        },
      },
      ...spec,
    },
  };
}

/** A pool of two halted machines with the smallest template. */
export function pool(spec: Partial<VirtualMachinePool["spec"]>): VirtualMachinePool {
  const labels = { app: "web" };
  return {
    apiVersion: "pool.kubevirt.io/v1beta1",
    kind: "VirtualMachinePool",
    metadata: {
      name: "web",
      namespace: "shop",
      uid: "44444444-4444-4444-8444-444444444444",
      resourceVersion: "400",
    },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      virtualMachineTemplate: {
        metadata: { labels },
        spec: {
          runStrategy: "Halted",
          template: {
            metadata: { labels },
            spec: {
              domain: { devices: { autoattachGraphicsDevice: false }, memory: { guest: "512Mi" } },
            },
          },
        },
      },
      ...spec,
    },
  };
}
