/** The manifest of `denovirt-node run`: one guest, and what it needs. Pure. */
import { parseAllDocuments } from "yaml";
import { KUBEVIRT_GROUP } from "../../api/registry.ts";

/** As much as kube-apiserver takes of one object, for each of a few. */
export const MANIFEST_CHARACTERS_MAX = 16 * 1024 * 1024;
const DOCUMENTS_MAX = 1_000;
const GUEST_KINDS = ["VirtualMachine", "VirtualMachineInstance"];

/** An object of a manifest as it was written. */
export interface ManifestObject {
  apiVersion: string;
  kind: string;
  metadata: { name?: string; generateName?: string; namespace?: string };
}

export interface Manifest {
  /** The first VirtualMachine or VirtualMachineInstance. */
  guest: ManifestObject;
  /** All others, in their order: they are there before the guest. */
  others: ManifestObject[];
}

/** The manifest cannot be run; the message is for who wrote it. */
export class ManifestError extends Error {
  override name = "ManifestError";
}

/** @throws ManifestError naming the document, counted from 1, and the field. */
export function parseManifest(text: string, path: string): Manifest {
  const fail = (why: string) => new ManifestError(`Cannot run ${path}: ${why}`);
  if (text.length > MANIFEST_CHARACTERS_MAX) {
    throw fail(`must be at most ${MANIFEST_CHARACTERS_MAX} characters: got ${text.length}`);
  }
  const documents = parseAllDocuments(text);
  if (documents.length > DOCUMENTS_MAX) {
    throw fail(`must have at most ${DOCUMENTS_MAX} documents: got ${documents.length}`);
  }
  const objects = documents.flatMap((document, index) => {
    const [mistake] = document.errors;
    if (mistake !== undefined) throw fail(mistake.message);
    const value = plain(() => document.toJS(), fail);
    return value === null ? [] : objectsOf(value, { at: `document ${index + 1}`, fail });
  });
  const guest = objects.find(isGuest);
  if (guest === undefined) {
    const kinds = objects.map(({ kind }) => kind).join(", ");
    throw fail(`must have a ${GUEST_KINDS.join(" or ")}: got ${kinds || "no document"}`);
  }
  return { guest, others: objects.filter((each) => each !== guest) };
}

/** Aliases that would grow without end are refused by the parser. */
function plain(read: () => unknown, fail: (why: string) => ManifestError): unknown {
  try {
    return read();
  } catch (error) {
    throw fail(error instanceof Error ? error.message : String(error));
  }
}

/** One, or those of a List. */
function objectsOf(
  value: unknown,
  { at, fail }: { at: string; fail: (why: string) => ManifestError },
): ManifestObject[] {
  const { apiVersion, kind, metadata, items } = section(value) ?? {};
  for (const [field, seen] of [["apiVersion", apiVersion], ["kind", kind]] as const) {
    if (typeof seen !== "string" || seen === "") {
      throw fail(`${at}: ${field} must be a string: got ${JSON.stringify(seen)}`);
    }
  }
  if (kind === "List" && Array.isArray(items)) {
    return items.flatMap((item, index) => objectsOf(item, { at: `${at}: items[${index}]`, fail }));
  }
  const { name, generateName } = section(metadata) ?? {};
  if (typeof name !== "string" && typeof generateName !== "string") {
    throw fail(`${at}: metadata.name must be a string: got ${JSON.stringify(name)}`);
  }
  return [value as ManifestObject];
}

function isGuest({ apiVersion, kind }: ManifestObject): boolean {
  return apiVersion.split("/")[0] === KUBEVIRT_GROUP && GUEST_KINDS.includes(kind);
}

function section(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown>
    : undefined;
}
