/** A virtual machine as large as they come: all disks that the schema takes, since those have the most rules, and annotations. */
import type { VirtualMachine } from "../../src/api/virtual_machine.ts";

const DISKS_MAX = 256;
const NOTE_CHARACTERS = 200;

/** At least so many bytes as JSON, and hardly more. */
export function largeVirtualMachine(bytes: number): VirtualMachine {
  const missing = bytes - JSON.stringify(machine({})).length;
  const notes = Array.from({ length: Math.ceil(missing / NOTE_CHARACTERS) }, (_, index) => index);
  return machine(
    Object.fromEntries(notes.map((index) => [`note-${index}`, "x".repeat(NOTE_CHARACTERS)])),
  );
}

function machine(annotations: Record<string, string>): VirtualMachine {
  const names = Array.from({ length: DISKS_MAX }, (_, index) => `disk-${index}`);
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name: "large", namespace: "default", uid: "11111111-2222-4333-8444-555555555555" },
    spec: {
      runStrategy: "Always",
      template: {
        metadata: { labels: { app: "large" }, annotations },
        spec: {
          domain: {
            cpu: { cores: 4, sockets: 1, threads: 1 },
            memory: { guest: "8Gi" },
            resources: { requests: { memory: "8Gi" } },
            devices: {
              disks: names.map((name, index) => ({
                name,
                bootOrder: index + 1,
                cache: "none",
                disk: { bus: "virtio" },
                serial: `serial-${index}`,
              })),
              interfaces: [{ name: "default", masquerade: {}, model: "virtio" }],
            },
          },
          networks: [{ name: "default", pod: {} }],
          volumes: names.map((name) => ({
            name,
            persistentVolumeClaim: { claimName: `claim-of-${name}` },
          })),
        },
      },
    },
  };
}
