/** The table of what custom resources may not be: on our rules always, on a real API server where there is one. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { SKIP_NOTE, TEST_KUBECONFIG } from "../../../kube/testing/real_server.ts";
import { LocalEndpoint } from "../testing/local_endpoint.ts";
import { answersOfRealServer } from "../testing/real_endpoint.ts";
import { readScenarios, writeScenarios } from "../testing/scenarios.ts";
import { customResourceSchema } from "./custom_resource_schema.ts";
import type { Schema } from "./schema.ts";

const FILE = "validation.yaml";
const CHECKED = parse(
  Deno.readTextFileSync(new URL("../testdata/checked_schema.yaml", import.meta.url)),
) as Schema;

for (const { name, apiVersion, steps, answers } of readScenarios(FILE)) {
  Deno.test(`validateCustomResource(): ${name}`, () => {
    const schema = customResourceSchema(CHECKED);
    const endpoint = new LocalEndpoint({
      apiVersion,
      schema,
      statusSubresource: true,
      definition: CHECKED,
    });
    steps.forEach((step, index) => {
      assert.deepEqual(endpoint.write(step), answers?.[index], `step ${index}`);
    });
  });
}

Deno.test({
  name: `the answers of validation.yaml are a real server's${SKIP_NOTE}`,
  ignore: TEST_KUBECONFIG === undefined,
  async fn() {
    const scenarios = readScenarios(FILE);
    const answers = await answersOfRealServer(scenarios, { Checked: CHECKED });
    if (Deno.env.has("UPDATE_TESTDATA")) {
      writeScenarios(FILE, scenarios.map((each, index) => ({ ...each, answers: answers[index]! })));
    } else {
      assert.deepEqual(scenarios.map((each) => each.answers), answers);
    }
  },
});
