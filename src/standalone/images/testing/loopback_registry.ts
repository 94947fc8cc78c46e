/** For tests: a registry that serves the pulling half of the OCI distribution protocol on loopback. */
import type { ImageBlobs } from "./image_blobs.ts";

const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";

export class LoopbackRegistry implements AsyncDisposable {
  /** "127.0.0.1:40000" */
  readonly host: string;
  /** "GET /v2/…" */
  readonly requests: string[] = [];
  readonly #images = new Map<string, ImageBlobs>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#server = Deno.serve(options, (request) => this.#answer(request));
    this.host = `127.0.0.1:${this.#server.addr.port}`;
  }

  /** Under "repository:tag", and by its digest. */
  put(repository: string, tag: string, image: ImageBlobs): void {
    this.#images.set(`${repository}:${tag}`, image);
    this.#images.set(`${repository}:${image.digest}`, image);
  }

  #answer(request: Request): Response {
    const { pathname } = new URL(request.url);
    this.requests.push(`${request.method} ${pathname}`);
    if (pathname === "/v2/") return new Response("{}");
    const match = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(pathname);
    const [, repository = "", kind, name = ""] = match ?? [];
    const images = [...this.#images].filter(([key]) => key.startsWith(`${repository}:`));
    const image = this.#images.get(`${repository}:${name}`);
    const body = kind === "manifests"
      ? image?.manifest
      : images.map(([, { blobs }]) => blobs.get(name)).find((blob) => blob !== undefined);
    if (body === undefined) {
      return Response.json({ errors: [{ code: "MANIFEST_UNKNOWN", message: "unknown" }] }, {
        status: 404,
      });
    }
    const headers: Record<string, string> = kind === "manifests"
      ? { "content-type": MANIFEST_TYPE, "docker-content-digest": image?.digest ?? "" }
      : { "content-type": "application/octet-stream" };
    headers["content-length"] = `${body.length}`;
    return new Response(request.method === "HEAD" ? null : body as BodyInit, { headers });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
