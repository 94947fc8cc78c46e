/** The contract of every `KubeClient`, on the embedded server: in the process, and over HTTPS. */
import {
  type ContractSubject,
  GADGETS,
  testClientContract,
  WIDGETS,
} from "../../kube/client_contract.ts";
import type { Resource } from "../../kube/client.ts";
import { NAMESPACES } from "../../kube/core_resources.ts";
import type { CustomResourceDefinition } from "./kinds/custom_kind.ts";
import { openServerBed } from "./testing/server_bed.ts";

function definition(
  { group, version, plural, kind }: Resource,
  subresources: { status?: object },
): CustomResourceDefinition {
  const open = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const schema = { openAPIV3Schema: { ...open, properties: { spec: open, status: open } } };
  return {
    spec: {
      group,
      scope: "Namespaced",
      names: { plural, kind },
      versions: [{ name: version, served: true, storage: true, schema, subresources }],
    },
  };
}

const DEFINITIONS = [definition(WIDGETS, { status: {} }), definition(GADGETS, {})];

async function openInProcess(): Promise<ContractSubject> {
  const bed = await openServerBed({ definitions: DEFINITIONS });
  const client = bed.server.client();
  const namespace = "contract";
  await client.create(NAMESPACES, { metadata: { name: namespace } });
  return {
    client,
    namespace,
    expiredVersion() {
      const version = String(bed.store.revision - 1);
      bed.store.compact(bed.store.revision);
      return Promise.resolve(version);
    },
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await bed[Symbol.asyncDispose]();
    },
  };
}

testClientContract({ name: "FetchClient in the process of the embedded server", open: openInProcess });
