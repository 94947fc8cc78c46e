/** Random changes of an object. */
import fc from "fast-check";

type Json = Record<string, unknown>;

/** One change, whose place is found in whatever object it is made to. */
export interface Edit {
  path: readonly number[];
  action: "replace" | "remove" | "add";
  key: string;
  value: unknown;
}

/** Values that are near to good ones: pure noise is refused by the schema and tells nothing of the rules. */
const VALUE = fc.oneof(
  fc.constantFrom<unknown>(
    ...[
      "",
      "0",
      "1",
      "-1",
      "1.5",
      "64Mi",
      "1e3",
      "9Ei",
      "root",
      "x".repeat(300),
      "@VMDIR@",
      "a\u0000",
    ],
    ...["virtio", "sata", "scsi", "none", "arm64", "s390x", "host-passthrough", "Paused", "None"],
    ...[0, -1, 1, 3, 4096, 65536, 2 ** 31, 2 ** 53, 0.5, true, false, null],
    ...[{}, [], { enabled: true }, { enabled: false }, { name: "root" }],
  ),
  fc.string(),
  fc.integer(),
  fc.jsonValue({ maxDepth: 2 }),
);
const KEYS = [
  ...["maxGuest", "hugepages", "dedicatedCpuPlacement", "realtime", "numa", "launchSecurity"],
  ...["efi", "bootloader", "kernelBoot", "lun", "cdrom", "disk", "shareable", "blockSize"],
  ...["affinity", "dnsConfig", "dnsPolicy", "livenessProbe", "accessCredentials", "video", "sound"],
  ...["hostDisk", "persistentVolumeClaim", "cloudInitNoCloud", "emptyDisk", "architecture"],
  ...["reservedOverhead", "addedOverhead", "overcommitGuestOverhead", "ephemeral-storage"],
];
export const EDIT: fc.Arbitrary<Edit> = fc.record({
  path: fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 9 }),
  action: fc.constantFrom("replace", "replace", "remove", "add"),
  key: fc.oneof(fc.constantFrom(...KEYS), fc.string()),
  value: VALUE,
});

/** The value after the change; the given one stays as it is. */
export function edited(value: unknown, { path, ...edit }: Edit): unknown {
  const [step = 0, ...rest] = path;
  if (typeof value !== "object" || value === null) return edit.value;
  const entries = Object.entries(value);
  const [key, child] = entries[step % Math.max(1, entries.length)] ?? [edit.key, undefined];
  const copy = Array.isArray(value) ? [...value] as unknown as Json : { ...value } as Json;
  if (rest.length > 0 && child !== undefined) copy[key] = edited(child, { ...edit, path: rest });
  else if (edit.action === "add") copy[Array.isArray(value) ? value.length : edit.key] = edit.value;
  else if (edit.action === "remove" && !Array.isArray(value)) delete copy[key];
  else copy[key] = edit.value;
  return copy;
}
