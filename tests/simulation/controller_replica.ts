/** One term of one controller replica as leader, composed as in src/controller.ts: caches and controllers of its own. */
import { createControllerInformers, runInformers } from "../../src/resources/informers.ts";
import { createNodeController } from "../../src/resources/node/controller.ts";
import { createVirtualMachineController } from "../../src/resources/virtual_machine/controller.ts";
import { createVirtualMachineInstanceController } from "../../src/resources/virtual_machine_instance/controller.ts";
import type { EventSink } from "../../src/runtime/controller.ts";
import type { Logger } from "../../src/runtime/log.ts";
import type { ProcessClient } from "./process_client.ts";
import { METRICS } from "./silent_metrics.ts";
import type { SimulatedProcess } from "./simulated_process.ts";

export interface ControllerReplicaParts {
  process: SimulatedProcess;
  client: ProcessClient;
  logger: Logger;
  events: EventSink;
}

/** Runs until its process is killed. */
export async function runControllerReplica(parts: ControllerReplicaParts): Promise<void> {
  const { client, events, logger, process: { clock, signal } } = parts;
  const informers = createControllerInformers({ client, logger, clock, metrics: METRICS });
  const dependencies = { client, events, logger, clock, informers, metrics: METRICS };
  const envelopeImage = "registry.example/envelope:1";
  await Promise.all([
    runInformers(informers, signal),
    createVirtualMachineController(dependencies).run(signal),
    createVirtualMachineInstanceController({ ...dependencies, envelopeImage }).run(signal),
    createNodeController(dependencies).run(signal),
  ]);
}
