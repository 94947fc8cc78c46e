import type { Connection } from "../../src/kube/connection.ts";
import type { FetchClient } from "../../src/kube/fetch_client.ts";

const NAMESPACE = "kubevirt";

export interface AccountOptions {
  /** Any connection to the server: says where it is. */
  connection: Connection;
  account: string;
  /** The token says so, and ends with this Node object. */
  boundNode?: { name: string; uid: string } | undefined;
}

/** How one of the installation's service accounts reaches the API server, with a token of an hour. */
export async function accountConnection(
  admin: FetchClient,
  options: AccountOptions,
): Promise<Connection> {
  const { account, boundNode } = options;
  const bound = boundNode === undefined ? {} : {
    boundObjectRef: { apiVersion: "v1", kind: "Node", name: boundNode.name, uid: boundNode.uid },
  };
  const path = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/${account}/token`;
  const body = {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { expirationSeconds: 3600, ...bound },
  };
  const answer = await admin.raw("POST", path, { body }) as { status: { token: string } };
  const { server, caCerts } = options.connection;
  return {
    server,
    caCerts,
    authorization: () => Promise.resolve(`Bearer ${answer.status.token}`),
  };
}
