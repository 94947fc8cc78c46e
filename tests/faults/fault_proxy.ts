/**
 * Between the product and a real API server: passes requests on, and lets some of them meet a fault, by a schedule that
 * follows from a seed. It counts what is asked.
 */
import { CREATED_BY_LABEL } from "../../src/api/labels.ts";
import { createAuthority, issueLeaf, type KeyPairPem } from "../../src/certificates/x509.ts";
import type { Connection } from "../../src/kube/connection.ts";
import { LineDecoder } from "../../src/kube/line_decoder.ts";
import { type Asked, FaultSchedule, type RequestFault, type WatchFault } from "./fault_schedule.ts";
import { type FrontReply, type FrontRequest, HttpFront } from "./http_front.ts";

const ADDRESS = "127.0.0.1";
const VALIDITY_MS = 24 * 60 * 60_000;
const LINE_BYTES_MAX = 16 * 1024 * 1024;
/** /api/v1/..., /apis/<group>/<version>/..., with or without a namespace. */
const PATH = /^\/(?:api|apis\/[^/]+)\/[^/]+(?:\/namespaces\/[^/]+(?=\/))?\/([^/]+)(?:\/([^/]+))?/;
const VERBS: Readonly<Record<string, Asked["verb"]>> = {
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** Of one resource, asked by one program. */
export interface Count {
  requests: number;
  lists: number;
  watches: number;
  /** Faults that were met, delays among them. */
  faults: number;
  /** Those after which a list is due: it failed, or the watch's version was gone; the server's own 410s among them. */
  listsDue: number;
  /** When the last object was created, in milliseconds since the epoch. */
  createdAtMs: number;
}

/** To be held with `await using`. */
export class FaultProxy implements AsyncDisposable {
  /** What its certificate is signed by. */
  readonly authority: string;
  readonly #target: Connection;
  readonly #http: Deno.HttpClient;
  readonly #front: HttpFront;
  readonly #counts = new Map<string, Count>();
  /** Cut the open watches. */
  readonly #watches = new Set<() => void>();
  #schedule: FaultSchedule | undefined;

  static start(target: Connection): FaultProxy {
    const nowMs = Date.now();
    const validity = {
      notBefore: new Date(nowMs - VALIDITY_MS),
      notAfter: new Date(nowMs + VALIDITY_MS),
    };
    const authority = createAuthority("fault-proxy", validity);
    const names = { ip: [ADDRESS] };
    const leaf = issueLeaf(authority, {
      commonName: ADDRESS,
      usage: "server",
      names,
      validity,
    });
    return new FaultProxy(target, authority.certificate, leaf);
  }

  private constructor(
    target: Connection,
    authority: string,
    leaf: KeyPairPem,
  ) {
    this.authority = authority;
    this.#target = target;
    this.#http = Deno.createHttpClient({ caCerts: target.caCerts, http2: false });
    this.#front = new HttpFront({
      hostname: ADDRESS,
      cert: leaf.certificate,
      key: leaf.key,
      handler: (request, reply) => this.#handle(request, reply),
    });
  }

  get origin(): string {
    return `https://${ADDRESS}:${this.#front.port}`;
  }

  /** From now on faults, as this seed says. Open watches are cut, so that they are opened under it. */
  begin(seed: number): void {
    this.#schedule = new FaultSchedule(seed);
    for (const cut of [...this.#watches]) cut();
  }

  /** From now on none, but for those that open watches have before them. */
  calm(): void {
    this.#schedule = undefined;
  }

  /** What was asked since the last time, by program and resource: "denovirt-controller pods". */
  takeCounts(): Map<string, Count> {
    const counts = new Map(this.#counts);
    this.#counts.clear();
    return counts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#front[Symbol.asyncDispose]();
    this.#http.close();
  }

  async #handle(request: FrontRequest, reply: FrontReply): Promise<void> {
    const { asked, count } = this.#classify(request);
    count.requests++;
    if (asked.verb === "list") count.lists++;
    if (asked.verb === "watch") count.watches++;
    const fault = this.#schedule?.request(asked);
    if (fault !== undefined) {
      count.faults++;
      if (await this.#fail(request, reply, { asked, count, fault })) return;
    }
    if (asked.verb === "watch") await this.#watch(request, reply, { asked, count });
    else await this.#pass(request, reply, { asked, count });
  }

  /** Answers whether that was all. */
  async #fail(
    request: FrontRequest,
    reply: FrontReply,
    { asked, count, fault }: { asked: Asked; count: Count; fault: RequestFault },
  ): Promise<boolean> {
    if (fault.type === "delay") {
      await sleep(fault.ms);
      return false;
    }
    const isGone = fault.type === "refuse" && fault.code === 410;
    if (asked.verb === "list" || isGone) count.listsDue++;
    if (fault.type === "cut") {
      if (fault.carriedOut && asked.verb !== "watch") await (await this.#ask(request)).text();
      reply.cut();
      return true;
    }
    const { code, reason, retryAfterSeconds } = fault;
    const status = { kind: "Status", apiVersion: "v1", status: "Failure", code, reason };
    const retryAfter: Record<string, string> = retryAfterSeconds === undefined
      ? {}
      : { "retry-after": `${retryAfterSeconds}` };
    const headers = { "content-type": "application/json", ...retryAfter };
    const message = `${reason}, by the schedule`;
    await reply.answer(code, headers, JSON.stringify({ ...status, message }));
    return true;
  }

  async #pass(
    request: FrontRequest,
    reply: FrontReply,
    { asked, count }: { asked: Asked; count: Count },
  ): Promise<void> {
    const response = await this.#ask(request);
    if (asked.verb === "list" && !response.ok) count.listsDue++;
    if (asked.verb === "create" && response.ok) count.createdAtMs = Date.now();
    await reply.answer(response.status, headersOf(response), await response.text());
  }

  async #ask({ method, path, headers, body, gone }: FrontRequest): Promise<Response> {
    const own = new Headers(headers);
    for (const name of ["host", "connection", "content-length", "accept-encoding"]) {
      own.delete(name);
    }
    return await fetch(this.#target.server + path, {
      method,
      headers: own,
      client: this.#http,
      signal: gone,
      ...(body.length > 0 ? { body } : {}),
    });
  }

  async #watch(
    request: FrontRequest,
    reply: FrontReply,
    { asked, count }: { asked: Asked; count: Count },
  ): Promise<void> {
    const over = new AbortController();
    const leave = () => over.abort();
    request.gone.addEventListener("abort", leave);
    this.#watches.add(reply.cut);
    try {
      const response = await this.#ask({ ...request, gone: over.signal });
      if (response.status === 410) count.listsDue++;
      if (!response.ok) {
        return await reply.answer(response.status, headersOf(response), await response.text());
      }
      await reply.begin(200, { "content-type": "application/json" });
      const fault = this.#schedule?.watch(asked);
      const lines = linesOf(response);
      await this.#stream(lines, reply, { fault, count });
    } finally {
      request.gone.removeEventListener("abort", leave);
      this.#watches.delete(reply.cut);
      over.abort();
    }
  }

  async #stream(
    lines: AsyncGenerator<string>,
    reply: FrontReply,
    { fault, count }: { fault: WatchFault | undefined; count: Count },
  ): Promise<void> {
    const due = Promise.withResolvers<"due">();
    const timer = fault && setTimeout(() => due.resolve("due"), fault.afterMs);
    try {
      for (;;) {
        const next = lines.next();
        next.catch(() => {}); // Told by the race, if that still listens.
        const got = await Promise.race([next, due.promise]);
        if (got === "due") break;
        if (got.done) return await reply.end();
        if (isGoneLine(got.value)) count.listsDue++;
        await reply.chunk(`${got.value}\n`);
      }
    } finally {
      clearTimeout(timer);
    }
    count.faults++;
    if (fault?.type === "gone") {
      count.listsDue++;
      await reply.chunk(`${GONE_LINE}\n`);
      return await reply.end();
    }
    if (fault?.type === "stall") await sleep(fault.forMs);
    if (fault?.type === "cut" && fault.inLine) await reply.chunk(GONE_LINE.slice(0, 20));
    reply.cut();
  }

  #classify({ method, path, headers }: FrontRequest): { asked: Asked; count: Count } {
    const url = new URL(path, this.origin);
    const [, plural = url.pathname, name] = PATH.exec(url.pathname) ?? [];
    const isOne = name !== undefined || isLookAtInstance(url);
    const reading = url.searchParams.has("watch") ? "watch" : isOne ? "get" : "list";
    const verb = VERBS[method] ?? reading;
    const program = headers.get("user-agent")?.split("/")[0] ?? "somebody";
    const key = `${program} ${plural}`;
    const count = this.#counts.get(key) ??
      { requests: 0, lists: 0, watches: 0, faults: 0, listsDue: 0, createdAtMs: 0 };
    this.#counts.set(key, count);
    return { asked: { verb, kind: `${verb} ${plural} by ${program}` }, count };
  }
}

/** A controller asks for the pods of one instance where its cache lags behind, which faults bring about. */
function isLookAtInstance({ searchParams }: URL): boolean {
  return searchParams.get("labelSelector")?.startsWith(`${CREATED_BY_LABEL}=`) ?? false;
}

const GONE_LINE = JSON.stringify({
  type: "ERROR",
  object: { kind: "Status", apiVersion: "v1", status: "Failure", code: 410, reason: "Expired" },
});

function isGoneLine(line: string): boolean {
  return line.startsWith('{"type":"ERROR"') && line.includes('"code":410');
}

function headersOf(response: Response): Record<string, string> {
  const names = ["content-type", "retry-after"];
  return Object.fromEntries(names.flatMap((name) => {
    const value = response.headers.get(name);
    return value === null ? [] : [[name, value]];
  }));
}

async function* linesOf(response: Response): AsyncGenerator<string> {
  const decoder = new LineDecoder({ lineBytesMax: LINE_BYTES_MAX });
  for await (const chunk of response.body ?? []) yield* decoder.push(chunk);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
