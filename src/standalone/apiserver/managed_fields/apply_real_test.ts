/** The table of applies: on our rules always, on a real API server, the judge, where there is one. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { SKIP_NOTE, TEST_KUBECONFIG } from "../../../kube/testing/real_server.ts";
import { coreKind } from "../core/core_kinds.ts";
import { LocalEndpoint } from "../testing/local_endpoint.ts";
import { answersOfRealServer } from "../testing/real_endpoint.ts";
import { readScenarios, type Scenario, writeScenarios } from "../testing/scenarios.ts";
import { coreSchema } from "../schema/core_schemas.ts";
import { customResourceSchema } from "../schema/custom_resource_schema.ts";
import type { Schema } from "../schema/schema.ts";

const FILE = "apply.yaml";
const GADGET = parse(
  Deno.readTextFileSync(new URL("../testdata/gadget_schema.yaml", import.meta.url)),
) as Schema;

function schemaOf({ kind, apiVersion }: Scenario): Schema {
  return coreSchema({ group: "", version: apiVersion, kind }) ?? customResourceSchema(GADGET);
}

for (const scenario of readScenarios(FILE)) {
  Deno.test(`serverSideApply(), trackUpdate(): ${scenario.name}`, () => {
    const { apiVersion } = scenario;
    const schema = schemaOf(scenario);
    const statusSubresource = schema.properties?.status !== undefined;
    const core = coreKind({ group: "", version: apiVersion, kind: scenario.kind });
    const endpoint = new LocalEndpoint({ apiVersion, schema, statusSubresource, core });
    scenario.steps.forEach((step, index) => {
      const what = `step ${index}: ${step.verb} by ${step.manager}`;
      assert.deepEqual(endpoint.write(step), scenario.answers?.[index], what);
    });
  });
}

Deno.test({
  name: `the answers of apply.yaml are a real server's${SKIP_NOTE}`,
  ignore: TEST_KUBECONFIG === undefined,
  async fn() {
    const scenarios = readScenarios(FILE);
    const answers = await answersOfRealServer(scenarios, { Gadget: GADGET });
    if (Deno.env.has("UPDATE_TESTDATA")) {
      writeScenarios(FILE, scenarios.map((each, index) => ({ ...each, answers: answers[index]! })));
    } else {
      assert.deepEqual(scenarios.map((each) => each.answers), answers);
    }
  },
});
