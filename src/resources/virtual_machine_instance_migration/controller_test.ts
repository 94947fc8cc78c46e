import assert from "node:assert/strict";
import {
  VIRTUAL_MACHINE_INSTANCE_MIGRATIONS,
  VIRTUAL_MACHINE_INSTANCES,
} from "../../api/registry.ts";
import type { VirtualMachineInstanceMigration } from "../../api/migration.ts";
import { NAMESPACES, NODES } from "../../kube/core_resources.ts";
import { FakeClient } from "../../kube/fake/fake_client.ts";
import { SILENT_LOGGER } from "../../runtime/log.ts";
import { eventually } from "../../runtime/testing/eventually.ts";
import { createControllerInformers } from "../informers.ts";
import { vmi, withStatus } from "../testing/builders.ts";
import { createMigrationController } from "./controller.ts";

for (const late of ["nodes", "migrationPolicies"] as const) {
  Deno.test(`migration controller judges nothing before it knows the ${late}`, async () => {
    const client = new FakeClient({ withoutStatusSubresource: [VIRTUAL_MACHINE_INSTANCES] });
    await client.create(NAMESPACES, { metadata: { name: "shop" } });
    for (const name of ["node-1", "node-2"]) {
      await client.create(NODES, {
        metadata: { name, labels: { "kubevirt.io/schedulable": "true" } },
      });
    }
    const migratable = { type: "LiveMigratable", status: "True" };
    const guest = vmi(
      withStatus({ phase: "Running", nodeName: "node-1", conditions: [migratable] }),
    );
    const { resourceVersion: _, ...metadata } = guest.metadata;
    await client.create(VIRTUAL_MACHINE_INSTANCES, { ...guest, metadata }, { namespace: "shop" });
    await client.create(VIRTUAL_MACHINE_INSTANCE_MIGRATIONS, {
      metadata: { name: "move", namespace: "shop" },
      spec: { vmiName: metadata.name },
    });
    const informers = createControllerInformers({ client, logger: SILENT_LOGGER });
    const controller = createMigrationController({
      client,
      informers,
      events: { record: () => {} },
      logger: SILENT_LOGGER,
    });
    const stop = new AbortController();
    const { [late]: missing, ...others } = informers;
    const running: Promise<void>[] = [...Object.values(others), controller]
      .map((each) => each.run(stop.signal));
    const conditions = () =>
      (informers.migrations.get({ namespace: "shop", name: "move" }) as
        | VirtualMachineInstanceMigration
        | undefined)?.status?.conditions?.map(({ reason }) => reason);
    try {
      await Promise.all(Object.values(others).map((each) => each.waitForSync(stop.signal)));
      // It would not take so long to judge.
      const endMs = performance.now() + 100;
      await eventually(
        "it had time",
        () => performance.now() > endMs || conditions() !== undefined,
      );
      assert.equal(conditions(), undefined);
      running.push(missing.run(stop.signal));
      await eventually("it is judged", () => conditions() !== undefined);
      assert.deepEqual(conditions(), ["LiveMigrationNotSupported"]);
    } finally {
      stop.abort();
      await Promise.all(running);
    }
  });
}
