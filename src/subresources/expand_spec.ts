/**
 * GET virtualmachines/{name}/expand-spec and PUT expand-vm-spec: a VM as it is with its instancetype and preference, without
 * the references to them. Nothing is stored. Who asks must be allowed to read what is applied.
 */
import type { SizeLookup } from "../admission/size_lookup.ts";
import { parseObject } from "../admission/parse_object.ts";
import { VIRTUAL_MACHINES } from "../api/registry.ts";
import { VirtualMachine } from "../api/virtual_machine.ts";
import type { KubeClient } from "../kube/client.ts";
import { CONTROLLER_REVISIONS } from "../kube/core_resources.ts";
import type { ObjectKey } from "../kube/object.ts";
import type { TlsResponse } from "../runtime/mutual_tls_server.ts";
import type { Cause } from "../resources/cause.ts";
import type { ClusterDefaults } from "../resources/cluster_defaults.ts";
import { expandVirtualMachine } from "../resources/instancetype/expand.ts";
import { sizeOf } from "../resources/instancetype/found.ts";
import { matchedResource, MATCHER_FIELDS } from "../resources/instancetype/matcher.ts";
import { resourceReview, type ReviewedResource, whyForbidden } from "./authorization.ts";
import type { UserIdentity } from "./front_proxy.ts";
import { parseBody } from "./options.ts";
import {
  badRequest,
  conflict,
  type Denial,
  denialResponse,
  jsonResponse,
  notFound,
} from "./status_response.ts";
import { vmName } from "./verb.ts";

export interface ExpandDependencies {
  client: KubeClient;
  sizes: SizeLookup;
  /** The cluster's settings as they are now. */
  cluster: () => ClusterDefaults;
}

export interface ExpandCall {
  identity: UserIdentity;
  signal: AbortSignal;
}

/** Of a VM that is stored. */
export async function expandSpec(
  call: ExpandCall & { key: ObjectKey },
  dependencies: ExpandDependencies,
): Promise<TlsResponse> {
  const { key, signal } = call;
  const vm = await dependencies.client.get<VirtualMachine>(VIRTUAL_MACHINES, key, { signal });
  if (vm === undefined) {
    return denialResponse(notFound({ name: key.name, kind: VIRTUAL_MACHINES.singular }));
  }
  return await expand(vm, call, { dependencies, deny: (why) => conflict(vmName(vm), why) });
}

/** Of a VM that is not: in the namespace of the path, whatever it says itself. */
export async function expandVmSpec(
  call: ExpandCall & { namespace: string; body: Uint8Array },
  dependencies: ExpandDependencies,
): Promise<TlsResponse> {
  const body = parseBody(call.body);
  if ("denied" in body) return denialResponse(body.denied);
  const parsed = parseObject(body.value as Record<string, unknown>, VirtualMachine);
  if ("causes" in parsed) {
    const why = messageOf(parsed.causes);
    return denialResponse(badRequest(`Object is not a valid VirtualMachine: ${why}`));
  }
  const { metadata } = parsed.object;
  const vm = { ...parsed.object, metadata: { ...metadata, namespace: call.namespace } };
  return await expand(vm, call, { dependencies, deny: badRequest });
}

async function expand(
  vm: VirtualMachine,
  { identity, signal }: ExpandCall,
  { dependencies, deny }: { dependencies: ExpandDependencies; deny: (why: string) => Denial },
): Promise<TlsResponse> {
  const { client, cluster, sizes } = dependencies;
  for (const resource of referredTo(vm)) {
    const why = await whyForbidden(client, resourceReview(identity, resource), signal);
    if (why === undefined) continue;
    return denialResponse({ code: 403, reason: "Forbidden", message: forbidden(resource, why) });
  }
  const found = await sizes.find(vm);
  for (const field of MATCHER_FIELDS) {
    const one = found[field];
    if (one?.from === "nowhere") return denialResponse(deny(`spec.${field}: ${one.why}`));
  }
  // An identity is given at creation; this one is not kept.
  const context = { cluster: cluster(), now: "", uuid: "" };
  const expanded = expandVirtualMachine(vm, sizeOf(found), context);
  if ("causes" in expanded) return denialResponse(deny(messageOf(expanded.causes)));
  return jsonResponse(200, withoutEmptyUuid(expanded.vm));
}

/** What is read on behalf of the user. */
function referredTo({ spec, metadata: { namespace } }: VirtualMachine): ReviewedResource[] {
  return MATCHER_FIELDS.flatMap((field) => {
    const matcher = spec[field];
    const resource = matcher && matchedResource(field, matcher);
    if (!resource) return [];
    const { group, version, plural, namespaced } = matcher.revisionName
      ? CONTROLLER_REVISIONS
      : resource;
    const name = matcher.revisionName || matcher.name || "";
    const where = namespaced && namespace !== undefined ? { namespace } : {};
    return [{ group, version, resource: plural, name, verb: "get", ...where }];
  });
}

function forbidden({ resource, group, name }: ReviewedResource, why: string): string {
  return `${resource}.${group} ${JSON.stringify(name)} is forbidden: ${why}`;
}

function withoutEmptyUuid(vm: VirtualMachine): VirtualMachine {
  const firmware = vm.spec.template.spec?.domain.firmware;
  if (firmware?.uuid === "") delete firmware.uuid;
  return vm;
}

function messageOf(causes: readonly Cause[]): string {
  return causes.map(({ message }) => message).join(", ");
}
