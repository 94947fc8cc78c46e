import assert from "node:assert/strict";
import { parseAllDocuments } from "yaml";
import { MUTATING_RULES, VALIDATING_RULES } from "./in_process_admission.ts";

interface Configuration {
  kind: string;
  webhooks: {
    name: string;
    clientConfig: { service: { path: string } };
    rules: { apiGroups: string[]; operations: string[]; resources: string[] }[];
  }[];
}

Deno.test("in-process admission asks what the webhooks of a cluster are asked", async () => {
  const url = new URL("../../../deploy/webhooks.yaml", import.meta.url);
  const configurations = parseAllDocuments(await Deno.readTextFile(url))
    .map((document) => document.toJS() as Configuration);
  for (
    const [kind, rules] of [
      ["MutatingWebhookConfiguration", MUTATING_RULES],
      ["ValidatingWebhookConfiguration", VALIDATING_RULES],
    ] as const
  ) {
    const webhooks = configurations.filter((each) => each.kind === kind)
      .flatMap((each) => each.webhooks);
    const served = webhooks.map(({ name, clientConfig, rules: [rule] }) => ({
      name,
      group: rule?.apiGroups[0],
      resources: rule?.resources,
      operations: rule?.operations,
      path: clientConfig.service.path,
    }));
    assert.deepEqual(rules, served);
  }
});
