/** What memory that grows while the guest runs (`memory.maxGuest`) does not go with. */
import { type Cause, invalid } from "../cause.ts";
import { unitsOf } from "../quantity_comparison.ts";
import type { SpecSubject } from "../virtual_machine_instance/validate.ts";

const RULES: readonly ((subject: SpecSubject) => Cause[])[] = [
  fixedDevices,
  knownGuest,
  alignment,
  architecture,
];

const MIB = 1024n * 1024n;
/** QEMU adds memory in blocks of a transparent huge page. */
const BLOCK_BYTES = 2n * MIB;
/** Or in whole huge pages, where those are larger. */
const BLOCK_BYTES_1GI = 1024n * MIB;

/** All causes; none for a guest that cannot grow. */
export function validateLiveUpdate(subject: SpecSubject): Cause[] {
  if (subject.spec.domain.memory?.maxGuest === undefined) return [];
  return RULES.flatMap((rule) => rule(subject));
}

function fixedDevices({ spec, field }: SpecSubject): Cause[] {
  const { cpu, launchSecurity } = spec.domain;
  const asked = [
    ["cpu.realtime", cpu?.realtime, "realtime VMs"],
    [
      "cpu.numa.guestMappingPassthrough",
      cpu?.numa?.guestMappingPassthrough,
      "guest mapping passthrough",
    ],
    ["launchSecurity", launchSecurity, "encrypted VMs"],
  ] as const;
  return asked.filter(([, value]) => value !== undefined).map(([path, , title]) =>
    invalid(`${field}.domain.${path}`, `Memory hotplug is not compatible with ${title}`)
  );
}

function knownGuest({ spec, field }: SpecSubject): Cause[] {
  if (spec.domain.memory?.guest !== undefined) return [];
  const message = "Guest memory must be configured when memory hotplug is enabled";
  return [invalid(`${field}.domain.memory.guest`, message)];
}

function alignment({ spec, field }: SpecSubject): Cause[] {
  const { guest, maxGuest, hugepages } = spec.domain.memory ?? {};
  const [block, title] = hugepages?.pageSize === "1Gi"
    ? [BLOCK_BYTES_1GI, "1Gi"]
    : [BLOCK_BYTES, "2Mi"];
  const amounts = [["guest", "Guest memory", guest], ["maxGuest", "MaxGuest", maxGuest]] as const;
  return amounts.filter(([, , quantity]) => (unitsOf(quantity) ?? 0n) % block !== 0n)
    .map(([path, name]) =>
      invalid(`${field}.domain.memory.${path}`, `${name} must be ${title} aligned`)
    );
}

function architecture({ spec, field }: SpecSubject): Cause[] {
  if (spec.architecture === "amd64") return [];
  const message = "Memory hotplug is only available for x86_64 VMs";
  return [invalid(`${field}.architecture`, message)];
}
