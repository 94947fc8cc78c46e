/** ResourceQuota: kept, and read by the controllers. Nothing counts against it here. */
import { jsonEqual, type JsonObject } from "../../../kube/json.ts";
import type { Quantity } from "../../../api/quantity.ts";
import { thousandthsOf } from "../../../resources/quantity_comparison.ts";
import { type FieldError, invalidValue } from "../field_error.ts";
import type { CoreKind } from "./core_kind.ts";
import { entries, part } from "./members.ts";
import { dnsSubdomain, qualifiedName } from "./names.ts";

/** Counted in whole things. */
const COUNTED: readonly string[] = [
  "configmaps",
  "persistentvolumeclaims",
  "pods",
  "replicationcontrollers",
  "resourcequotas",
  "secrets",
  "services",
  "services.loadbalancers",
  "services.nodeports",
];
const MEASURED: readonly string[] = [
  "cpu",
  "ephemeral-storage",
  "limits.cpu",
  "limits.ephemeral-storage",
  "limits.memory",
  "memory",
  "requests.cpu",
  "requests.ephemeral-storage",
  "requests.memory",
  "requests.storage",
];
const HUGE_PAGES = /^(requests\.)?hugepages-/;

export const RESOURCE_QUOTA: CoreKind = {
  meta: { namespaced: true, name: dnsSubdomain },
  validate: (object, old) => {
    const spec = part(object, "spec");
    return [
      ...validateHard(spec),
      ...(old === undefined ? [] : validateScopesKept(spec, part(old, "spec"))),
    ];
  },
};

function validateHard({ hard }: JsonObject): FieldError[] {
  return entries(hard).flatMap(([name, quantity]) => {
    const field = `spec.hard[${name}]`;
    return [
      ...resourceName(name).map((detail) => invalidValue(field, name, detail)),
      ...amount(name, quantity as Quantity).map((each) =>
        invalidValue(field, String(quantity), each)
      ),
    ];
  });
}

function resourceName(name: string): string[] {
  const malformed = qualifiedName(name);
  if (name.includes("/") || isStandard(name)) return malformed;
  const unknown = "must be a standard resource type or fully qualified";
  return [
    ...(malformed.length > 0 ? malformed : [unknown]),
    "must be a standard resource for quota",
  ];
}

function isStandard(name: string): boolean {
  return COUNTED.includes(name) || MEASURED.includes(name) || HUGE_PAGES.test(name);
}

function amount(name: string, quantity: Quantity): string[] {
  const thousandths = thousandthsOf(quantity) ?? 0n;
  if (thousandths < 0n) return ["must be greater than or equal to 0"];
  return COUNTED.includes(name) && thousandths % 1000n !== 0n ? ["must be an integer"] : [];
}

function validateScopesKept(spec: JsonObject, old: JsonObject): FieldError[] {
  const sorted = ({ scopes }: JsonObject) => Array.isArray(scopes) ? scopes.map(String).sort() : [];
  if (jsonEqual(sorted(spec), sorted(old))) return [];
  return [invalidValue("spec.scopes", spec.scopes ?? null, "field is immutable")];
}
