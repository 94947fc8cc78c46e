/** One term of one controller replica as leader, composed as in src/controller.ts: caches and controllers of its own. */
import { createControllerInformers, runInformers } from "../../src/resources/informers.ts";
import { createNodeController, createNodeReconciler } from "../../src/resources/node/controller.ts";
import {
  createVirtualMachineController,
  createVirtualMachineReconciler,
} from "../../src/resources/virtual_machine/controller.ts";
import {
  createVirtualMachineInstanceController,
  createVirtualMachineInstanceReconciler,
} from "../../src/resources/virtual_machine_instance/controller.ts";
import type { EventSink } from "../../src/runtime/controller.ts";
import type { Logger } from "../../src/runtime/log.ts";
import type { Mutation } from "./mutation.ts";
import type { ProcessClient } from "./process_client.ts";
import { METRICS } from "./silent_metrics.ts";
import type { SimulatedProcess } from "./simulated_process.ts";

export interface ControllerReplicaParts {
  process: SimulatedProcess;
  client: ProcessClient;
  logger: Logger;
  events: EventSink;
  mutation?: Mutation | undefined;
}

const ENVELOPE_IMAGE = "registry.example/envelope:1";

/** Runs until its process is killed. */
export async function runControllerReplica(parts: ControllerReplicaParts): Promise<void> {
  const { client, events, logger, mutation = {}, process: { clock, signal } } = parts;
  const informers = createControllerInformers({ client, logger, clock, metrics: METRICS });
  const dependencies = {
    client: mutation.controllerClient?.(client, Object.values(informers)) ?? client,
    events,
    logger,
    clock,
    informers,
    metrics: METRICS,
    envelopeImage: ENVELOPE_IMAGE,
  };
  const vms = createVirtualMachineReconciler(dependencies);
  const vmis = createVirtualMachineInstanceReconciler(dependencies);
  const nodes = createNodeReconciler(dependencies);
  await Promise.all([
    runInformers(informers, signal),
    createVirtualMachineController(dependencies, mutation.virtualMachine?.(vms)).run(signal),
    createVirtualMachineInstanceController(
      dependencies,
      mutation.virtualMachineInstance?.(vmis),
    ).run(signal),
    createNodeController(dependencies, mutation.node?.(nodes)).run(signal),
  ]);
}
