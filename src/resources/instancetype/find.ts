/** Reads what a VM's matchers lead to: the stored copy that it uses, else the object, from the caches where they have it. */
import type {
  VirtualMachineClusterInstancetype,
  VirtualMachineInstancetype,
} from "../../api/instancetype.ts";
import type {
  VirtualMachineClusterPreference,
  VirtualMachinePreference,
} from "../../api/preference.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { CustomResource } from "../../api/registry.ts";
import type { KubeClient } from "../../kube/client.ts";
import { CONTROLLER_REVISIONS } from "../../kube/core_resources.ts";
import type { Informer } from "../../runtime/informer.ts";
import type { ControllerRevision } from "../core_objects.ts";
import { type SpecOf, specOfRevision } from "./compatibility.ts";
import type { Found, FoundSize } from "./found.ts";
import { matchedResource, type Matcher, type MatcherField, unknownKindMessage } from "./matcher.ts";
import { knownRevisionKey, type KnownRevisions } from "./known_revisions.ts";
import { usedRevisionName } from "./reference.ts";
import { type SizeObject, sizeRevisionName } from "./revision.ts";

/** Of instancetypes and preferences. */
export interface SizeInformers {
  instancetypes: Informer<VirtualMachineInstancetype>;
  clusterInstancetypes: Informer<VirtualMachineClusterInstancetype>;
  preferences: Informer<VirtualMachinePreference>;
  clusterPreferences: Informer<VirtualMachineClusterPreference>;
}

export interface FindDependencies {
  client: KubeClient;
  informers: SizeInformers;
  /** @default none: every copy is read */
  knownRevisions?: KnownRevisions;
}

/** Throws when the API server cannot tell. */
export async function findSize(
  dependencies: FindDependencies,
  vm: VirtualMachine,
  signal: AbortSignal,
): Promise<FoundSize> {
  const { instancetype, preference } = vm.spec;
  const context = { dependencies, vm, signal };
  return {
    ...(instancetype && { instancetype: await find("instancetype", instancetype, context) }),
    ...(preference && { preference: await find("preference", preference, context) }),
  };
}

interface Context {
  dependencies: FindDependencies;
  vm: VirtualMachine;
  signal: AbortSignal;
}

async function find<Field extends MatcherField>(
  field: Field,
  matcher: Matcher,
  context: Context,
): Promise<Found<Field>> {
  const { vm } = context;
  const name = usedRevisionName(field, vm);
  if (name !== undefined) return await findRevision(field, name, context);
  const resource = matchedResource(field, matcher);
  if (resource === undefined) return { from: "nowhere", why: unknownKindMessage(field, matcher) };
  const object = await findObject<Field>(resource, matcher.name ?? "", context);
  if (object === undefined) {
    const where = `${resource.plural}.${resource.group}`;
    return { from: "nowhere", why: `${where} ${JSON.stringify(matcher.name)} not found` };
  }
  return knownCopy(field, object, context) ?? { from: "object", object };
}

/** The copy of this very object that was just made: the status that names it may not be written yet. */
function knownCopy<Field extends MatcherField>(
  field: Field,
  object: SizeObject,
  { dependencies: { knownRevisions }, vm }: Context,
): Found<Field> | undefined {
  const name = sizeRevisionName(vm, object);
  const known = knownRevisions?.get(knownRevisionKey(vm, name));
  const spec = known && specOfRevision(field, known);
  return spec && { from: "revision", name, spec };
}

async function findRevision<Field extends MatcherField>(
  field: Field,
  name: string,
  { dependencies: { client, knownRevisions }, vm, signal }: Context,
): Promise<Found<Field>> {
  const key = knownRevisionKey(vm, name);
  const { namespace } = vm.metadata;
  const revision = knownRevisions?.get(key) ?? await client.get<ControllerRevision>(
    CONTROLLER_REVISIONS,
    { name, ...(namespace !== undefined && { namespace }) },
    { signal },
  );
  if (revision === undefined) {
    return { from: "nowhere", why: `controllerrevisions.apps ${JSON.stringify(name)} not found` };
  }
  const spec = specOfRevision(field, revision);
  if (spec === undefined) {
    const why = `controllerrevisions.apps ${JSON.stringify(name)} holds no ${field}`;
    return { from: "nowhere", why };
  }
  knownRevisions?.set(key, revision);
  return { from: "revision", name, spec };
}

/** What no cache shows may have been made a moment ago. */
async function findObject<Field extends MatcherField>(
  resource: CustomResource,
  name: string,
  { dependencies: { client, informers }, vm, signal }: Context,
): Promise<SizeObject & { spec: SpecOf[Field] } | undefined> {
  const { namespace } = vm.metadata;
  const key = resource.namespaced && namespace !== undefined ? { namespace, name } : { name };
  const informer = Object.values(informers).find((each) =>
    each.resource.plural === resource.plural
  );
  const cached = informer?.get(key) as SizeObject & { spec: SpecOf[Field] } | undefined;
  return cached ?? await client.get(resource, key, { signal });
}
