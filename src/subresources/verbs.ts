/** Reads what a verb is decided on, asks its pure decision, carries the effects out. */
import { CREATED_BY_LABEL } from "../api/labels.ts";
import {
  VIRTUAL_MACHINE_INSTANCE_MIGRATIONS,
  VIRTUAL_MACHINE_INSTANCES,
  VIRTUAL_MACHINES,
} from "../api/registry.ts";
import type { VirtualMachine } from "../api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../api/virtual_machine_instance.ts";
import { ConflictError, InvalidError, type KubeClient, KubeError } from "../kube/client.ts";
import { PODS } from "../kube/core_resources.ts";
import type { KubeObject, ObjectKey } from "../kube/object.ts";
import type { TlsResponse } from "../runtime/mutual_tls_server.ts";
import type { Agents } from "./agent_client.ts";
import { decideMigrate } from "./migrate.ts";
import {
  isDryRun,
  MigrateBody,
  parseOptions,
  PauseBody,
  RestartBody,
  StartBody,
  StopBody,
} from "./options.ts";
import { denyPause, denyUnpause } from "./pause.ts";
import { decideRestart } from "./restart.ts";
import type { VerbName } from "./served_subresources.ts";
import { decideStart } from "./start.ts";
import { conflict, denialResponse, notFound, statusResponse } from "./status_response.ts";
import { decideStop } from "./stop.ts";
import {
  type VerbDecision,
  type VirtualMachineEffect,
  type VirtualMachineSubject,
  vmiName,
  vmName,
} from "./verb.ts";

export interface VerbDependencies {
  client: KubeClient;
  agents: Pick<Agents, "put">;
}

export interface VerbCall {
  key: ObjectKey;
  body: Uint8Array;
  signal: AbortSignal;
}

type Verb = (call: VerbCall, dependencies: VerbDependencies) => Promise<TlsResponse>;

/**
 * As soon as can be, but the pod's object stays until the kubelet has ended what runs in it. With 0 it would go at once, and
 * another guest could be started while this one still writes to its disks.
 */
const KILL_GRACE_SECONDS = 1;
const ACCEPTED: TlsResponse = { status: 202 };
const DONE: TlsResponse = { status: 200 };
const JSON_TYPE = "application/json";

/** By "resource/subresource". All are PUT. */
export const VERBS: Readonly<Record<VerbName, Verb>> & Readonly<Record<string, Verb>> = {
  "virtualmachines/start": start,
  "virtualmachines/stop": stop,
  "virtualmachines/restart": restart,
  "virtualmachines/migrate": migrate,
  "virtualmachineinstances/pause": pause,
  "virtualmachineinstances/unpause": unpause,
};

async function start(call: VerbCall, dependencies: VerbDependencies): Promise<TlsResponse> {
  const parsed = parseOptions(call.body, StartBody);
  if ("denied" in parsed) return denialResponse(parsed.denied);
  const { options } = parsed;
  const decide = (subject: VirtualMachineSubject) =>
    decideStart(subject, { paused: options.paused ?? undefined });
  return await onVirtualMachine(call, dependencies, { decide, dryRun: isDryRun(options) });
}

async function stop(call: VerbCall, dependencies: VerbDependencies): Promise<TlsResponse> {
  const parsed = parseOptions(call.body, StopBody);
  if ("denied" in parsed) return denialResponse(parsed.denied);
  const { options } = parsed;
  const decide = (subject: VirtualMachineSubject) =>
    decideStop(subject, { gracePeriod: options.gracePeriod ?? undefined });
  return await onVirtualMachine(call, dependencies, { decide, dryRun: isDryRun(options) });
}

async function restart(call: VerbCall, dependencies: VerbDependencies): Promise<TlsResponse> {
  const parsed = parseOptions(call.body, RestartBody);
  if ("denied" in parsed) return denialResponse(parsed.denied);
  const { options } = parsed;
  const decide = (subject: VirtualMachineSubject) =>
    decideRestart(subject, { gracePeriodSeconds: options.gracePeriodSeconds ?? undefined });
  return await onVirtualMachine(call, dependencies, { decide, dryRun: isDryRun(options) });
}

async function migrate(call: VerbCall, dependencies: VerbDependencies): Promise<TlsResponse> {
  const parsed = parseOptions(call.body, MigrateBody);
  if ("denied" in parsed) return denialResponse(parsed.denied);
  const { options } = parsed;
  const decide = (subject: VirtualMachineSubject) =>
    decideMigrate(subject, { addedNodeSelector: options.addedNodeSelector ?? undefined });
  return await onVirtualMachine(call, dependencies, { decide, dryRun: isDryRun(options) });
}

async function pause(call: VerbCall, dependencies: VerbDependencies): Promise<TlsResponse> {
  const parsed = parseOptions(call.body, PauseBody);
  if ("denied" in parsed) return denialResponse(parsed.denied);
  const vmi = await findInstance(call, dependencies);
  if (vmi === undefined) return noInstance(call.key);
  const denied = denyPause(vmi);
  if (denied !== undefined) return denialResponse(denied);
  return await onAgent(vmi, "pause", { call, dependencies, dryRun: isDryRun(parsed.options) });
}

async function unpause(call: VerbCall, dependencies: VerbDependencies): Promise<TlsResponse> {
  const parsed = parseOptions(call.body, PauseBody);
  if ("denied" in parsed) return denialResponse(parsed.denied);
  const vmi = await findInstance(call, dependencies);
  if (vmi === undefined) return noInstance(call.key);
  const { client } = dependencies;
  const owner = vmi.metadata.ownerReferences?.find(({ kind }) => kind === VIRTUAL_MACHINES.kind);
  const vm = owner === undefined
    ? undefined
    : await client.get<VirtualMachine>(VIRTUAL_MACHINES, call.key, { signal: call.signal });
  const denied = denyUnpause(vmi, vm);
  if (denied !== undefined) return denialResponse(denied);
  return await onAgent(vmi, "unpause", { call, dependencies, dryRun: isDryRun(parsed.options) });
}

async function onVirtualMachine(
  call: VerbCall,
  dependencies: VerbDependencies,
  verb: { decide: (subject: VirtualMachineSubject) => VerbDecision; dryRun: boolean },
): Promise<TlsResponse> {
  const { key, signal } = call;
  const { client } = dependencies;
  const [vm, vmi] = await Promise.all([
    client.get<VirtualMachine>(VIRTUAL_MACHINES, key, { signal }),
    findInstance(call, dependencies),
  ]);
  if (vm === undefined) {
    return denialResponse(notFound({ name: key.name, kind: VIRTUAL_MACHINES.singular }));
  }
  const decision = verb.decide({ vm, vmi });
  if ("denied" in decision) return denialResponse(decision.denied);
  try {
    for (const effect of decision.effects) {
      await carryOut(effect, { call, client, dryRun: verb.dryRun });
    }
    return ACCEPTED;
  } catch (error) {
    // A failed "test" operation: it changed since it was read.
    if (error instanceof ConflictError || isFailedTest(error)) {
      return denialResponse(conflict(vmName(vm), error.message));
    }
    if (error instanceof KubeError && error.code < 500) return passOn(error);
    throw error;
  }
}

async function carryOut(
  effect: VirtualMachineEffect,
  options: { call: VerbCall; client: KubeClient; dryRun: boolean },
): Promise<void> {
  const { call: { key, signal }, client, dryRun } = options;
  const how = { type: "json" as const, signal, dryRun };
  switch (effect.type) {
    case "patch_spec":
      await client.patch(VIRTUAL_MACHINES, key, effect.operations, how);
      return;
    case "patch_status":
      await client.patch(VIRTUAL_MACHINES, key, effect.operations, {
        ...how,
        subresource: "status",
      });
      return;
    case "patch_instance":
      await client.patch(VIRTUAL_MACHINE_INSTANCES, key, effect.operations, how);
      return;
    case "create_migration": {
      const place = key.namespace === undefined ? {} : { namespace: key.namespace };
      const options = { ...place, signal, dryRun };
      await client.create(VIRTUAL_MACHINE_INSTANCE_MIGRATIONS, effect.migration, options);
      return;
    }
    case "kill_pods":
      if (!dryRun) await killPods(client, { key, instanceUid: effect.instanceUid, signal });
  }
}

async function killPods(
  client: KubeClient,
  options: { key: ObjectKey; instanceUid: string; signal: AbortSignal },
): Promise<void> {
  const { key: { namespace }, instanceUid, signal } = options;
  const pods = await client.list<KubeObject>(PODS, {
    ...(namespace === undefined ? {} : { namespace }),
    labelSelector: `${CREATED_BY_LABEL}=${instanceUid}`,
    signal,
  });
  for (const { metadata: { name } } of pods.items) {
    const key = namespace === undefined ? { name } : { namespace, name };
    await client.delete(PODS, key, { gracePeriodSeconds: KILL_GRACE_SECONDS, signal });
  }
}

async function onAgent(
  vmi: VirtualMachineInstance,
  verb: "pause" | "unpause",
  options: { call: VerbCall; dependencies: VerbDependencies; dryRun: boolean },
): Promise<TlsResponse> {
  const { call: { key, signal }, dependencies: { agents }, dryRun } = options;
  const nodeName = vmi.status?.nodeName;
  if (nodeName === undefined) return denialResponse(conflict(vmiName(vmi), "VM is not running"));
  if (dryRun) return DONE;
  const answer = await agents.put({ nodeName, key, verb }, signal);
  return answer.status < 300 ? DONE : answer;
}

/** The instance of that name. */
export async function findInstance(
  call: Pick<VerbCall, "key" | "signal">,
  { client }: Pick<VerbDependencies, "client">,
): Promise<VirtualMachineInstance | undefined> {
  return await client.get<VirtualMachineInstance>(VIRTUAL_MACHINE_INSTANCES, call.key, {
    signal: call.signal,
  });
}

/** 404 for an instance. */
export function noInstance(key: ObjectKey): TlsResponse {
  return denialResponse(notFound({ name: key.name, kind: VIRTUAL_MACHINE_INSTANCES.singular }));
}

function isFailedTest(error: unknown): error is InvalidError {
  return error instanceof InvalidError && error.message.includes("testing");
}

/** What the API server refused, in its own words. */
function passOn(error: KubeError): TlsResponse {
  const { code, reason, message } = error;
  const body = error.status.kind === "Status" ? JSON.stringify(error.status) : undefined;
  if (body === undefined) return statusResponse(code, { reason, message });
  return { status: code, headers: { "content-type": JSON_TYPE }, body };
}
