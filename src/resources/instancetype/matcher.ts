/** What a matcher names: one of two kinds, spelled in several ways. */
import {
  type CustomResource,
  VIRTUAL_MACHINE_CLUSTER_INSTANCETYPES,
  VIRTUAL_MACHINE_CLUSTER_PREFERENCES,
  VIRTUAL_MACHINE_INSTANCETYPES,
  VIRTUAL_MACHINE_PREFERENCES,
} from "../../api/registry.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { InstancetypeMatcher, PreferenceMatcher } from "../../api/instancetype_matcher.ts";

/** Either of the two fields of a VM. */
export type MatcherField = "instancetype" | "preference";
/** Both, in the order in which they are looked at. */
export const MATCHER_FIELDS: readonly MatcherField[] = ["instancetype", "preference"];
/** Both matchers have the same fields. */
export type Matcher = InstancetypeMatcher & PreferenceMatcher;

/** The cluster's kind first: it is meant where none is named. */
const RESOURCES: Readonly<Record<MatcherField, readonly CustomResource[]>> = {
  instancetype: [VIRTUAL_MACHINE_CLUSTER_INSTANCETYPES, VIRTUAL_MACHINE_INSTANCETYPES],
  preference: [VIRTUAL_MACHINE_CLUSTER_PREFERENCES, VIRTUAL_MACHINE_PREFERENCES],
};

/** The kind that is meant: by kind, singular or plural, in any case. `undefined`: there is no such kind. */
export function matchedResource(field: MatcherField, matcher: Matcher): CustomResource | undefined {
  const kind = (matcher.kind ?? "").toLowerCase();
  const resources = RESOURCES[field];
  if (kind === "") return resources[0];
  return resources.find(({ singular, plural }) => kind === singular || kind === plural);
}

/** The kind of matchers that name none, as admission writes it. */
export function defaultMatcherKind(field: MatcherField): string {
  return RESOURCES[field][0]?.singular ?? "";
}

/** Says what there would have been to name. */
export function unknownKindMessage(field: MatcherField, matcher: Matcher): string {
  const kinds = RESOURCES[field].map(({ kind }) => kind).join(" or ");
  return `got unexpected kind in ${field} matcher: ${matcher.kind}: must be ${kinds}`;
}

export function hasMatchers({ spec }: VirtualMachine): boolean {
  return MATCHER_FIELDS.some((field) => spec[field] !== undefined);
}
