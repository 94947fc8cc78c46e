import { LineDecoder } from "../../../src/kube/line_decoder.ts";
import type { Connection } from "../../../src/kube/connection.ts";
import type { ApiAnswer, ApiCase, ApiRequest } from "./api_case.ts";
import { Normaliser } from "./normalised_answer.ts";

const REQUEST_TIMEOUT_MS = 30_000;
/** For what a server does in its own time: garbage collection, the end of a namespace. */
const EVENTUALLY_MS = 60_000;
const ASK_AGAIN_MS = 100;
const LINE_BYTES_MAX = 1024 * 1024;

/** A server that cases are run against. */
export interface ApiSubject {
  connection: Connection;
}

/** Runs cases against one server. Dispose of it: it holds connections. */
export class ApiCaseRunner implements Disposable {
  readonly #server: string;
  readonly #authorization: (() => Promise<string>) | undefined;
  readonly #admin: Deno.HttpClient;
  readonly #nobody: Deno.HttpClient;

  constructor({ connection }: ApiSubject) {
    const { server, caCerts, cert, key, authorization } = connection;
    this.#server = server;
    this.#authorization = authorization;
    const shared = { caCerts, http2: false };
    this.#admin = Deno.createHttpClient({
      ...shared,
      ...(cert !== undefined && key !== undefined ? { cert, key } : {}),
    });
    this.#nobody = Deno.createHttpClient(shared);
  }

  [Symbol.dispose](): void {
    this.#admin.close();
    this.#nobody.close();
  }

  /**
   * What the server answered, request by request, without what differs between any two runs. What a case made stays: the server
   * is to be one that is thrown away.
   */
  async run(apiCase: ApiCase): Promise<ApiAnswer[]> {
    const namespace = `suite-${crypto.randomUUID().slice(0, 8)}`;
    await this.#prepare(namespace);
    return await this.#steps(apiCase, namespace);
  }

  async #steps(apiCase: ApiCase, namespace: string): Promise<ApiAnswer[]> {
    const normaliser = new Normaliser(namespace);
    const answers: ApiAnswer[] = [];
    const comparable: ApiAnswer[] = [];
    for (const step of apiCase.steps) {
      const request = typeof step === "function" ? step(answers) : step;
      const answer = await this.#answer(request, namespace);
      if (answer.status !== request.status) {
        const got = JSON.stringify(answer.body).slice(0, 600);
        const what = `${request.method} ${request.path}`;
        throw new Error(
          `Cannot compare "${apiCase.name}": ${what} is to answer ${request.status}: got ${answer.status} ${got}`,
        );
      }
      answers.push(answer);
      comparable.push(
        request.statusOnly === undefined
          ? normaliser.answer(answer)
          : { status: answer.status, contentType: "", body: `not compared: ${request.statusOnly}` },
      );
    }
    return comparable;
  }

  /** A namespace with the ServiceAccount that pods name. */
  async #prepare(namespace: string): Promise<void> {
    const path = "/api/v1/namespaces";
    const made = await this.#send({
      status: 201,
      method: "POST",
      path,
      body: { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    }, namespace);
    if (made.status !== 201) {
      throw new Error(`Cannot make namespace ${namespace}: ${JSON.stringify(made.body)}`);
    }
    await this.#send({
      status: 201,
      method: "POST",
      path: `${path}/${namespace}/serviceaccounts`,
      body: { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } },
    }, namespace);
  }

  async #answer(request: ApiRequest, namespace: string): Promise<ApiAnswer> {
    const deadlineMs = performance.now() + EVENTUALLY_MS;
    for (;;) {
      const answer = await this.#send(request, namespace);
      if (!request.eventually || answer.status === request.status) return answer;
      if (performance.now() > deadlineMs) return answer;
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    }
  }

  async #send(request: ApiRequest, namespace: string): Promise<ApiAnswer> {
    const { method, path, as = "admin" } = request;
    const placed = (text: string) => text.replaceAll("{ns}", namespace);
    const { body, contentType } = bodyOf(request);
    const leave = new AbortController();
    const signal = AbortSignal.any([leave.signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]);
    const response = await fetch(`${this.#server}${placed(path)}`, {
      method,
      headers: {
        accept: request.accept ?? "application/json",
        "user-agent": "suite/1",
        ...(contentType === undefined ? {} : { "content-type": contentType }),
        ...await this.#identity(as),
        ...request.headers,
      },
      ...(body === undefined ? {} : { body: placed(body) }),
      client: as === "admin" ? this.#admin : this.#nobody,
      signal,
    });
    const type = (response.headers.get("content-type") ?? "").split(";")[0] ?? "";
    if (request.lines !== undefined && response.ok && response.body !== null) {
      const lines = await readLines(response.body, request.lines);
      leave.abort();
      return { status: response.status, contentType: type, body: lines };
    }
    const text = await response.text();
    return { status: response.status, contentType: type, body: parsed(text, type) };
  }

  async #identity(as: "admin" | "nobody" | "stranger"): Promise<Record<string, string>> {
    if (as === "stranger") return { authorization: "Bearer of-no-one" };
    if (as === "nobody" || this.#authorization === undefined) return {};
    return { authorization: await this.#authorization() };
  }
}

function bodyOf(request: ApiRequest): { body?: string; contentType?: string } {
  const { body, contentType } = request;
  if (body === undefined) return contentType === undefined ? {} : { contentType };
  return {
    body: typeof body === "string" ? body : JSON.stringify(body),
    contentType: contentType ?? "application/json",
  };
}

function parsed(text: string, type: string): unknown {
  return type === "application/json" ? JSON.parse(text) : text;
}

async function readLines(stream: ReadableStream<Uint8Array>, count: number): Promise<unknown[]> {
  const lines: unknown[] = [];
  const decoder = new LineDecoder({ lineBytesMax: LINE_BYTES_MAX });
  try {
    for await (const chunk of stream) {
      for (const line of decoder.push(chunk)) lines.push(JSON.parse(line));
      if (lines.length >= count) break;
    }
  } catch (error) {
    // Too few lines are what the comparison is to tell.
    if (!(error instanceof DOMException)) throw error;
  }
  return lines.slice(0, count);
}
