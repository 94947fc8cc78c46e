/** A guest to change at random. */
import type { VirtualMachineInstanceSpec } from "../../api/virtual_machine_instance_spec.ts";

/** A guest that uses much of what there is, so that there is much to change. */
export const GUEST: VirtualMachineInstanceSpec = {
  domain: {
    cpu: { cores: 2, sockets: 1, threads: 1, model: "host-model", features: [{ name: "avx" }] },
    memory: { guest: "256Mi", maxGuest: "512Mi" },
    resources: { requests: { cpu: "1", memory: "256Mi" }, limits: { cpu: "2", memory: "512Mi" } },
    machine: { type: "q35" },
    clock: { utc: {}, timer: { hpet: { present: false }, pit: { tickPolicy: "delay" } } },
    features: { acpi: {}, apic: {}, hyperv: { relaxed: {}, spinlocks: { spinlocks: 8191 } } },
    firmware: { uuid: "5d307ca9-b3ef-428c-8861-06e72d69f223", serial: "abc" },
    devices: {
      disks: [
        { name: "root", bootOrder: 1, disk: { bus: "virtio" }, cache: "none", serial: "r" },
        { name: "seed", cdrom: { bus: "sata" } },
        { name: "scratch", disk: { bus: "sata" } },
      ],
      interfaces: [{
        name: "default",
        masquerade: {},
        model: "virtio",
        macAddress: "02:00:00:00:00:01",
        ports: [{ name: "ssh", port: 22, protocol: "TCP" }],
      }],
      inputs: [{ name: "tablet", type: "tablet", bus: "usb" }],
      rng: {},
      watchdog: { name: "dog", i6300esb: { action: "reset" } },
    },
  },
  hostname: "web",
  networks: [{ name: "default", pod: {} }],
  nodeSelector: { zone: "a" },
  tolerations: [{ key: "k", operator: "Exists", effect: "NoSchedule" }],
  terminationGracePeriodSeconds: 30,
  readinessProbe: { tcpSocket: { port: 22 }, periodSeconds: 5 },
  volumes: [
    { name: "root", containerDisk: { image: "registry/disk:1", path: "/disk/root.img" } },
    { name: "seed", cloudInitNoCloud: { userData: "#cloud-config\n" } },
    { name: "scratch", emptyDisk: { capacity: "1Gi" } },
  ],
};
