/** Objects without what differs from one run to the next: identities, versions, times, names. */

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
/** Of the template, which names the VM's firmware. */
const HASH = /\b[0-9a-f]{40}\b/g;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
/** Of the fields' keepers, and of how often something was tried. */
const DROPPED: ReadonlySet<string> = new Set([
  "managedFields",
  "resourceVersion",
  "uid",
  "generateName",
  // An instance has one for each write of its status.
  "generation",
  "phaseTransitionTimestamps",
  // Of the hand-over to a node: grows with the cluster's writes.
  "denovirt.io/epoch",
  "namespace",
]);
/** A pod's name ends in five characters that follow from its instance's UID. */
const POD_SUFFIX = /\b(virt-launcher-[a-z0-9-]+)-[a-z0-9]{5}\b/g;

/** `name`: of the VM that all is about. */
export function normalised(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return value.map((each) => normalised(each, name));
  if (typeof value === "string") return normalisedText(value, name);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value)
    .filter(([key]) => !DROPPED.has(key))
    .map(([key, each]) => [normalisedText(key, name), normalised(each, name)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => a < b ? -1 : 1));
}

function normalisedText(text: string, name: string): string {
  if (TIME.test(text)) return "TIME";
  return text.replaceAll(UUID, "UUID").replaceAll(HASH, "HASH").replaceAll(POD_SUFFIX, "$1-POD")
    .replaceAll(name, "NAME");
}
