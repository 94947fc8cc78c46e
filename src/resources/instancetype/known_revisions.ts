/** Stored copies that this process has made or read: their content never changes. */
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { ControllerRevision } from "../core_objects.ts";

/** Of about 2 KB each. One that is forgotten is read once more. */
export const KNOWN_REVISIONS_MAX = 4_000;

/** By {@link knownRevisionKey}; it may forget. For all of a process, whoever leads: its VM's UID is in the key. */
export interface KnownRevisions {
  get(key: string): ControllerRevision | undefined;
  set(key: string, revision: ControllerRevision): void;
}

/** A VM that is made anew under a name has copies of its own. */
export function knownRevisionKey({ metadata: { uid } }: VirtualMachine, name: string): string {
  return `${uid}/${name}`;
}
