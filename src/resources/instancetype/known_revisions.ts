/** Stored copies that this process has made or read: their content never changes. */
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { ControllerRevision } from "../core_objects.ts";

/** By {@link knownRevisionKey}; it may forget. */
export interface KnownRevisions {
  get(key: string): ControllerRevision | undefined;
  set(key: string, revision: ControllerRevision): void;
}

/** A VM that is made anew under a name has copies of its own. */
export function knownRevisionKey({ metadata: { uid } }: VirtualMachine, name: string): string {
  return `${uid}/${name}`;
}
