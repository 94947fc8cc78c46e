import { parse } from "yaml";

/** What an API server answered. */
export interface ApiAnswer {
  status: number;
  /** Parsed when it is JSON, else the text. */
  body: unknown;
}

interface Kubeconfig {
  clusters: [{ cluster: { server: string; "certificate-authority-data": string } }];
  users: [{ user: { "client-certificate-data": string; "client-key-data": string } }];
}

/** Plain requests to the API server as a kubeconfig's user, seen as a stranger's client would send them. */
export class ApiServer implements Disposable {
  readonly #server: string;
  readonly #client: Deno.HttpClient;

  private constructor(server: string, client: Deno.HttpClient) {
    this.#server = server;
    this.#client = client;
  }

  static async connect(kubeconfigPath: string): Promise<ApiServer> {
    const config = parse(await Deno.readTextFile(kubeconfigPath)) as Kubeconfig;
    const { cluster } = config.clusters[0];
    const { user } = config.users[0];
    const client = Deno.createHttpClient({
      caCerts: [atob(cluster["certificate-authority-data"])],
      cert: atob(user["client-certificate-data"]),
      key: atob(user["client-key-data"]),
    });
    return new ApiServer(cluster.server, client);
  }

  async request(method: string, path: string, body?: unknown): Promise<ApiAnswer> {
    const response = await fetch(`${this.#server}${path}`, {
      method,
      client: this.#client,
      ...(body === undefined ? {} : {
        body: JSON.stringify(body),
        headers: {
          "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json",
        },
      }),
    });
    const text = await response.text();
    return { status: response.status, body: parseBody(text) };
  }

  /** The object, or undefined where there is none. */
  async get<T>(path: string): Promise<T | undefined> {
    const { status, body } = await this.request("GET", path);
    if (status === 404) return undefined;
    if (status !== 200) throw new Error(`Cannot get ${path}: ${status}: ${JSON.stringify(body)}`);
    return body as T;
  }

  webSocket(path: string, protocol: string): WebSocket {
    const url = this.#server.replace(/^http/, "ws") + path;
    return new WebSocket(url, { protocols: [protocol], client: this.#client });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
