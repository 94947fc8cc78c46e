/** A whole embedded API server on a store of its own, for tests. */
import { createAuthority, issueLeaf } from "../../../certificates/x509.ts";
import type { Connection } from "../../../kube/connection.ts";
import { ADMIN_GROUP, Authenticator, READ_ONLY_GROUP } from "../access/identity.ts";
import { SqliteStore } from "../store/sqlite_store.ts";
import { ApiServer, type ApiServerOptions } from "../api_server.ts";

/** 10.96.0.0/16: what control planes of the tests have too. */
const TEST_SERVICE_RANGE = { first: 0x0a_60_00_00, prefixLength: 16 };

export interface ServerBed extends AsyncDisposable {
  server: ApiServer;
  store: SqliteStore;
  /** What went wrong where nobody was told. */
  errors: string[];
}

export async function openServerBed(options: Partial<ApiServerOptions> = {}): Promise<ServerBed> {
  const directory = Deno.makeTempDirSync({ prefix: "apiserver-" });
  const store = new SqliteStore({ path: `${directory}/objects.db` });
  const errors: string[] = [];
  const server = await ApiServer.start({
    store,
    definitions: [],
    serviceRange: TEST_SERVICE_RANGE,
    gitVersion: "v1.34.4",
    onError: (message, error) => errors.push(`${message}: ${(error as Error)?.stack ?? error}`),
    ...options,
  });
  return {
    server,
    store,
    errors,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      store[Symbol.dispose]();
      Deno.removeSync(directory, { recursive: true });
    },
  };
}

/** Tokens of {@link listenForTests}. */
export const TEST_TOKENS = { admin: "token-of-the-admin", viewer: "token-of-the-viewer" };

const VALIDITY_MS = 60 * 60_000;

/** Serves HTTPS on a free port of loopback, with a certificate of its own. */
export async function listenForTests(
  server: ApiServer,
): Promise<
  { admin: Connection; viewer: Connection; authority: { certificate: string; key: string } }
> {
  const now = Date.now();
  const validity = { notBefore: new Date(now - 60_000), notAfter: new Date(now + VALIDITY_MS) };
  const authority = createAuthority("test", validity);
  const serving = issueLeaf(authority, {
    commonName: "127.0.0.1",
    usage: "server",
    names: { ip: ["127.0.0.1"] },
    validity,
  });
  const listener = await server.listen({
    authenticator: new Authenticator([
      { token: TEST_TOKENS.admin, user: { username: "admin", groups: [ADMIN_GROUP] } },
      { token: TEST_TOKENS.viewer, user: { username: "viewer", groups: [READ_ONLY_GROUP] } },
    ]),
    tls: { certificate: serving.certificate, key: serving.key, clientCas: [authority.certificate] },
    hostname: "127.0.0.1",
    port: 0,
  });
  const as = (token: string): Connection => ({
    server: `https://127.0.0.1:${listener.port}`,
    caCerts: [authority.certificate],
    authorization: () => Promise.resolve(`Bearer ${token}`),
  });
  return { admin: as(TEST_TOKENS.admin), viewer: as(TEST_TOKENS.viewer), authority };
}
