/** Names of launcher pods, and the values that are made from a VMI's name. */
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import { sha1, sha1Hex } from "../sha1.ts";

/** A label's value, and a host name, can be this long. */
const LABEL_LENGTH_MAX = 63;
/** What Kubernetes leaves of a prefix when it generates a name, so that pod names can be host names. */
const PREFIX_LENGTH_MAX = 58;
const SUFFIX_LENGTH = 5;
/** Kubernetes' alphabet for generated names: no vowels, so no words. */
const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/** `virt-launcher-<vmi>-`, as KubeVirt's generateName. */
export function launcherPodPrefix(vmi: VirtualMachineInstance): string {
  return `virt-launcher-${vmi.metadata.name}-`;
}

/**
 * Looks like a generated name, but follows from the VMI's UID: creating the pod a second time finds the first. An instance
 * never has two launcher pods but while it migrates.
 */
export function launcherPodName(vmi: VirtualMachineInstance): string {
  const digest = sha1(new TextEncoder().encode(vmi.metadata.uid));
  const suffix = [...digest.subarray(0, SUFFIX_LENGTH)]
    .map((byte) => ALPHABET[byte % ALPHABET.length])
    .join("");
  return launcherPodPrefix(vmi).slice(0, PREFIX_LENGTH_MAX) + suffix;
}

/** The guest's host name: what the user says, else the VMI's name up to its first dot. */
export function hostName(vmi: VirtualMachineInstance): string {
  const name = vmi.spec.hostname || (vmi.metadata.name.split(".")[0] ?? "");
  return name.slice(0, LABEL_LENGTH_MAX).replace(/-+$/, "");
}

/** The VMI's name as a label value: shortened and made distinct again where it is too long. */
export function instanceId(vmi: VirtualMachineInstance): string {
  const { name } = vmi.metadata;
  if (name.length <= LABEL_LENGTH_MAX) return name;
  const hash = sha1Hex(name).slice(0, 8);
  return `${name.slice(0, LABEL_LENGTH_MAX - hash.length - 1)}-${hash}`;
}
