/** The finalizers that hold an instance until nothing of it runs any more. */
import {
  DEPRECATED_VIRTUAL_MACHINE_INSTANCE_FINALIZER,
  VIRTUAL_MACHINE_CONTROLLER_FINALIZER,
  VIRTUAL_MACHINE_INSTANCE_FINALIZER,
} from "../../api/labels.ts";

const FINALIZERS: readonly string[] = [
  VIRTUAL_MACHINE_INSTANCE_FINALIZER,
  DEPRECATED_VIRTUAL_MACHINE_INSTANCE_FINALIZER,
  // KubeVirt's VM controller puts its own on as well; ours does not need it, but must let go of it.
  VIRTUAL_MACHINE_CONTROLLER_FINALIZER,
];

export function isOurFinalizer(finalizer: string): boolean {
  return FINALIZERS.includes(finalizer);
}

/** What others have put on. */
export function withoutOurFinalizers(finalizers: readonly string[]): string[] {
  return finalizers.filter((finalizer) => !isOurFinalizer(finalizer));
}
