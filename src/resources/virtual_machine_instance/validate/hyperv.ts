/** Hyper-V enlightenments: those that others need, and the two ways to ask for them. */
import type { FeatureHyperv } from "../../../api/features.ts";
import { type Cause, invalid } from "../../cause.ts";
import { HYPERV_NEEDS } from "../defaults_features.ts";
import type { SpecRule, SpecSubject } from "../validate.ts";

export const HYPERV_RULES: readonly SpecRule[] = [
  oneMode,
  needs,
  vmxPolicy,
  vendor,
];

const VENDOR_LENGTH_MAX = 12;

function oneMode({ spec, field }: SpecSubject): Cause[] {
  const { hyperv, hypervPassthrough } = spec.domain.features ?? {};
  if (hyperv === undefined || hypervPassthrough === undefined) return [];
  const message =
    "Cannot explicitly set hyperV features if HypervPassthrough is being used. Please use either HyperV or HypervPassthrough.";
  return [invalid(`${field}.domain.features.hyperv`, message)];
}

/** Defaults switch on what is needed and was not mentioned. */
function needs({ spec, field }: SpecSubject): Cause[] {
  const { hyperv } = spec.domain.features ?? {};
  if (hyperv === undefined) return [];
  const at = `${field}.domain.features.hyperv`;
  return Object.entries(HYPERV_NEEDS).flatMap(([name, needed]) =>
    hyperv[name as keyof FeatureHyperv]?.enabled === true
      ? needed.filter((need) => hyperv[need]?.enabled !== true).map((need) =>
        invalid(`${at}.${name}`, `'${at}.${name}' requires '${at}.${need}', which was disabled.`)
      )
      : []
  );
}

/** Enlightened VMCS is a feature of nested virtualisation. */
function vmxPolicy({ spec, field }: SpecSubject): Cause[] {
  if (spec.domain.features?.hyperv?.evmcs?.enabled !== true) return [];
  return (spec.domain.cpu?.features ?? []).flatMap(({ name, policy }, index) => {
    if (name !== "vmx" || policy === "require") return [];
    const where = `${field}.domain.cpu.features[${index}].policy`;
    return [invalid(where, "vmx cpu feature has to be set to require policy")];
  });
}

function vendor({ spec, field }: SpecSubject): Cause[] {
  const name = spec.domain.features?.hyperv?.vendorid?.vendorid;
  if (!name || name.length <= VENDOR_LENGTH_MAX) return [];
  const where = `${field}.domain.features.hyperv.vendorid.vendorid`;
  return [invalid(where, `${where} must be at most ${VENDOR_LENGTH_MAX} characters: got ${name}`)];
}
