/** A whole embedded API server on a store of its own, for tests. */
import { SqliteStore } from "../store/sqlite_store.ts";
import { ApiServer, type ApiServerOptions } from "../api_server.ts";

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
