/** By it the template that an instance was made from is told from the one that the VM has now. */
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import { canonicalJson } from "../canonical_json.ts";
import { sha1Hex } from "../sha1.ts";

/** Annotation of a VMI: {@link templateHash} of the VM it was made from. denovirt's own. */
export const TEMPLATE_HASH_ANNOTATION = "denovirt.io/template-hash";

/** Of the instance's part of the template, but for what a VM is given after its start without a change for the guest. */
export function templateHash({ spec: { template } }: VirtualMachine): string {
  const spec = { ...template.spec };
  const { firmware, ...domain } = { ...template.spec?.domain };
  const { uuid: _, ...identity } = { ...firmware };
  const hashed = { ...spec, domain: { ...domain, firmware: identity } };
  return sha1Hex(canonicalJson(hashed));
}
