/** What Kubernetes makes of its own kinds: our rules always, a real API server where there is one. */
import assert from "node:assert/strict";
import { SKIP_NOTE, TEST_KUBECONFIG } from "../../../kube/testing/real_server.ts";
import { coreSchema } from "../schema/core_schemas.ts";
import { LocalEndpoint } from "../testing/local_endpoint.ts";
import { answersOfRealServer } from "../testing/real_endpoint.ts";
import { readScenarios, writeScenarios } from "../testing/scenarios.ts";
import { coreKind } from "./core_kinds.ts";

const FILE = "core.yaml";

for (const { name, apiVersion, kind, steps, answers } of readScenarios(FILE)) {
  Deno.test(`validateCore(): ${name}`, () => {
    const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
    const gvk = { group: group!, version: version!, kind };
    const schema = coreSchema(gvk)!;
    const statusSubresource = schema.properties?.status !== undefined;
    const core = coreKind(gvk);
    const endpoint = new LocalEndpoint({ apiVersion, schema, statusSubresource, core });
    steps.forEach((step, index) => {
      assert.deepEqual(endpoint.write(step), answers?.[index], `step ${index}`);
    });
  });
}

Deno.test({
  name: `the answers of core.yaml are a real server's${SKIP_NOTE}`,
  ignore: TEST_KUBECONFIG === undefined,
  async fn() {
    const scenarios = readScenarios(FILE);
    const answers = await answersOfRealServer(scenarios, {});
    if (Deno.env.has("UPDATE_TESTDATA")) {
      writeScenarios(FILE, scenarios.map((each, index) => ({ ...each, answers: answers[index]! })));
    } else {
      assert.deepEqual(scenarios.map((each) => each.answers), answers);
    }
  },
});
