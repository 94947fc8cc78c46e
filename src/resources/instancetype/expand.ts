/** A VM as it is with its instancetype and preference: what its instance is made from, and what is validated. */
import { klona } from "klona/json";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { Cause } from "../cause.ts";
import type { ClusterDefaults } from "../cluster_defaults.ts";
import { type DefaultsContext, defaultSpec } from "../virtual_machine_instance/defaults.ts";
import { podInterface } from "../virtual_machine_instance/defaults_devices.ts";
import { missingDisks } from "../virtual_machine_instance/defaults_storage.ts";
import { applyInstancetype } from "./apply.ts";
import { applyPreference } from "./preference.ts";
import { attachInput, preferAutoattach } from "./preference_devices.ts";
import type { Draft, Size } from "./size.ts";

/** A template of a VM without matchers; or all that stands in the way. */
export type Expansion = Draft | { causes: Cause[] };

/**
 * What there is by default is made first, so that a preference can choose its bus and model; all other defaults come after,
 * when the instance is created. The VM has a template with a spec.
 */
export function expandTemplate(
  { spec: { template } }: VirtualMachine,
  size: Size,
  cluster: ClusterDefaults,
): Expansion {
  const draft: Draft = {
    spec: klona(template.spec ?? { domain: { devices: {} } }),
    annotations: { ...template.metadata?.annotations },
  };
  if (size.preference !== undefined) preferAutoattach(draft, size.preference);
  attachInput(draft, size.preference?.devices?.preferredInputType);
  podInterface(draft.spec, { cluster });
  missingDisks(draft.spec);
  const causes = applyInstancetype(draft, size);
  if (causes.length > 0) return { causes };
  applyPreference(draft, size.preference);
  return draft;
}

/** The VM that says all by itself: with defaults and without matchers. */
export function expandVirtualMachine(
  vm: VirtualMachine,
  size: Size,
  context: DefaultsContext,
): { vm: VirtualMachine } | { causes: Cause[] } {
  const expansion = expandTemplate(vm, size, context.cluster);
  if ("causes" in expansion) return expansion;
  const { instancetype: _, preference: __, ...spec } = vm.spec;
  const { template } = vm.spec;
  const { annotations } = expansion;
  return {
    vm: {
      ...vm,
      spec: {
        ...spec,
        template: {
          ...template,
          ...(Object.keys(annotations).length > 0 && {
            metadata: { ...template.metadata, annotations },
          }),
          spec: defaultSpec(expansion.spec, context),
        },
      },
    },
  };
}
