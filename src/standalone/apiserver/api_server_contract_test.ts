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
import type { ApiServer } from "./api_server.ts";
import { FetchClient } from "../../kube/fetch_client.ts";
import { listenForTests, openServerBed } from "./testing/server_bed.ts";

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

const openInProcess = () => openSubject((server) => Promise.resolve(server.client()));

const openHttps = () =>
  openSubject(async (server) => {
    const { admin } = await listenForTests(server);
    return new FetchClient({ connection: admin, userAgent: "contract/0" });
  });

async function openSubject(
  connect: (server: ApiServer) => Promise<FetchClient>,
): Promise<ContractSubject> {
  const bed = await openServerBed({ definitions: DEFINITIONS });
  const client = await connect(bed.server);
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

testClientContract({
  name: "FetchClient in the process of the embedded server",
  open: openInProcess,
});
testClientContract({ name: "FetchClient over HTTPS to the embedded server", open: openHttps });
