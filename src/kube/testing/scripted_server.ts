/** A real HTTP server on loopback whose answers a test writes, among them those that no well server gives. */

/** What the server saw of a stream's other end. */
export interface ScriptedStream {
  response: Response;
  /** Sends text, or bytes that need not be whole characters. */
  send(data: string | Uint8Array): void;
  /** Ends the body as it should end. */
  end(): void;
  /** Breaks the connection in the middle. */
  cut(): void;
  /** Resolves when the client hung up. */
  readonly cancelled: Promise<void>;
}

/** What is left of a request after its answer. */
export interface SeenRequest {
  method: string;
  url: string;
  headers: Headers;
}

/** Answers each request with the handler; to be held with `await using`. */
export class ScriptedServer implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #stop = new AbortController();
  readonly requests: SeenRequest[] = [];

  constructor(handler: (request: Request, url: URL) => Response | Promise<Response>) {
    const { signal } = this.#stop;
    const options = { hostname: "127.0.0.1", port: 0, signal, onListen() {}, onError: broken };
    this.#server = Deno.serve(options, (request) => {
      const { method, url, headers } = request;
      this.requests.push({ method, url, headers: new Headers(headers) });
      return handler(request, new URL(request.url));
    });
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(); // Not shutdown(): some handlers never answer.
    await this.#server.finished;
  }
}

/** A body that the test feeds. */
export function scriptedStream(): ScriptedStream {
  const cancelled = Promise.withResolvers<void>();
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (own) => void (controller = own),
    cancel: () => cancelled.resolve(),
  });
  const encoder = new TextEncoder();
  return {
    response: new Response(body, { headers: { "content-type": "application/json" } }),
    send: (data) => controller?.enqueue(typeof data === "string" ? encoder.encode(data) : data),
    end: () => controller?.close(),
    cut: () => controller?.error(new Error("cut by the test")),
    cancelled: cancelled.promise,
  };
}

/** An answer in JSON. */
export function jsonResponse(body: unknown, init?: ResponseInit): Response {
  return Response.json(body, init);
}

/** metav1.Status as an answer. */
export function statusResponse(code: number, reason: string, headers: HeadersInit = {}): Response {
  const status = { kind: "Status", apiVersion: "v1", status: "Failure", code, reason };
  return Response.json({ ...status, message: `${reason} by the test` }, { status: code, headers });
}

function broken(): Response {
  return new Response("the test's handler failed", { status: 500 });
}
