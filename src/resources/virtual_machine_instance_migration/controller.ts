import type { VirtualMachineInstanceMigrationStatus } from "../../api/migration.ts";
import { keyOf } from "../../kube/object.ts";
import { SYSTEM_CLOCK } from "../../runtime/clock.ts";
import { Controller } from "../../runtime/controller.ts";
import type { Reconciler } from "../../runtime/reconciler.ts";
import type { ControllerDependencies } from "../controller.ts";
import { BY_VMI_NAME, vmiNameIn } from "../informers.ts";
import { actOnMigration, writeMigrationStatus } from "./act.ts";
import { decideMigration } from "./decide.ts";
import { observeMigration } from "./observe.ts";
import type { MigrationAction, MigrationWorld } from "./world.ts";

export type MigrationController = Controller<
  MigrationWorld,
  MigrationAction,
  VirtualMachineInstanceMigrationStatus
>;

/** Does nothing before `run(signal)`; the informers are run by the caller. */
export function createMigrationController(
  dependencies: ControllerDependencies,
): MigrationController {
  const { informers } = dependencies;
  const reconciler = createMigrationReconciler(dependencies);
  const controller = new Controller({ ...dependencies, reconciler });
  const { migrations } = informers;
  // One that ends makes room for another, and may be one too many.
  controller.watch(
    migrations,
    (migration) => migrations.byIndex(BY_VMI_NAME, vmiNameIn(migration)).map(keyOf),
  );
  controller.watch(
    informers.virtualMachineInstances,
    (vmi) =>
      migrations.byIndex(BY_VMI_NAME, `${vmi.metadata.namespace}/${vmi.metadata.name}`).map(keyOf),
  );
  // Waited for: as long as they are not known, there would be no node to move to, and no policy.
  controller.watch(informers.nodes, () => []);
  controller.watch(informers.migrationPolicies, () => []);
  return controller;
}

/** What the controller runs: also what `explain` asks. */
export function createMigrationReconciler(
  { client, informers, clock = SYSTEM_CLOCK }: ControllerDependencies,
): Reconciler<MigrationWorld, MigrationAction, VirtualMachineInstanceMigrationStatus> {
  return {
    name: "virtualmachineinstancemigration-controller",
    observe: (key, signal) => observeMigration({ client, informers, clock }, key, signal),
    decide: decideMigration,
    act: (action, world, signal) => actOnMigration(action, { client, world, signal }),
    writeStatus: (status, world, signal) => writeMigrationStatus(status, { client, world, signal }),
  };
}
