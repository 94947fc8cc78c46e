/**
 * Revisions of a pool: its template under a name that follows from it, so that whether a machine has the template is read from
 * the machine's label, and undoing a change leads back to the revision that was.
 *
 *   <pool>-<hash of the instance's part><hash of all of it>
 */
import { VIRTUAL_MACHINE_POOL_REVISION_LABEL } from "../../api/labels.ts";
import type { VirtualMachinePool } from "../../api/pool.ts";
import { canonicalJson } from "../canonical_json.ts";
import type { ControllerRevision, NewObject } from "../core_objects.ts";
import { controllerReference } from "../owner_reference.ts";
import { sha1Hex } from "../sha1.ts";

/** Label of a pool's ControllerRevisions. denovirt's own. */
export const POOL_REVISION_OF_LABEL = "denovirt.io/vm-pool-uid";
/** Hexadecimal digits of each of the two hashes. */
const HASH_LENGTH = 8;
/** The name is also a label's value. */
const NAME_LENGTH_MAX = 63;
const POOL_NAME_LENGTH_MAX = NAME_LENGTH_MAX - 1 - 2 * HASH_LENGTH;

export function revisionNameOf({ metadata, spec }: VirtualMachinePool): string {
  const { virtualMachineTemplate: template, nameGeneration = {} } = spec;
  const guest = hash({ pool: metadata.uid, guest: template.spec?.template, nameGeneration });
  const all = hash({ pool: metadata.uid, template, nameGeneration });
  return `${metadata.name.slice(0, POOL_NAME_LENGTH_MAX)}-${guest}${all}`;
}

/** Whether instances of the two revisions are alike: what differs is the machine's. */
export function haveSameGuest(revision: string, other: string): boolean {
  return revision.slice(0, -HASH_LENGTH) === other.slice(0, -HASH_LENGTH);
}

/** The revision that a machine or an instance was made from. */
export function revisionOf(
  { metadata }: { metadata: { labels?: Readonly<Record<string, string>> | undefined } },
): string | undefined {
  return metadata.labels?.[VIRTUAL_MACHINE_POOL_REVISION_LABEL];
}

/** The revision that the pool asks for. */
export function newRevision(pool: VirtualMachinePool): NewObject<ControllerRevision> {
  const { metadata: { namespace, uid, generation = 1 }, spec } = pool;
  const { virtualMachineTemplate, nameGeneration } = spec;
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: revisionNameOf(pool),
      ...(namespace !== undefined && { namespace }),
      labels: { [POOL_REVISION_OF_LABEL]: uid },
      ownerReferences: [controllerReference(pool)],
    },
    revision: generation,
    data: {
      spec: { virtualMachineTemplate, ...(nameGeneration !== undefined && { nameGeneration }) },
    },
  };
}

function hash(value: unknown): string {
  return sha1Hex(canonicalJson(value)).slice(0, HASH_LENGTH);
}
