/** Lets a `FetchClient` speak to an {@link ApiHandler} of the same process: the same requests and answers, without a network. */
import type { ApiRequest, ApiResponse } from "./http/api_request.ts";
import type { UserInfo } from "./objects/write_request.ts";

/** What a `FetchClient` sends with. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** As `server` of the connection; it is not looked up. */
export const IN_PROCESS_SERVER = "http://in-process";

/** Asks as this user. */
export function inProcessFetch(
  handle: (request: ApiRequest) => Promise<ApiResponse>,
  user: UserInfo,
): Fetch {
  return async (url, init) => {
    const { pathname, searchParams } = new URL(url);
    const headers = new Headers(init.headers);
    const leave = new AbortController();
    const signal = init.signal ? AbortSignal.any([init.signal, leave.signal]) : leave.signal;
    init.signal?.throwIfAborted();
    const answer = await handle({
      method: init.method ?? "GET",
      path: pathname,
      query: searchParams,
      header: (name) => headers.get(name) ?? undefined,
      body: () => Promise.resolve(new TextEncoder().encode(String(init.body ?? ""))),
      user,
      signal,
    });
    return responseOf(answer, { leave, signal: init.signal ?? undefined });
  };
}

function responseOf(
  { status, headers, body, warnings = [] }: ApiResponse,
  caller: { leave: AbortController; signal: AbortSignal | undefined },
): Response {
  const shown = new Headers(headers);
  for (const text of warnings) shown.append("warning", `299 - ${JSON.stringify(text)}`);
  if (typeof body === "string") return new Response(body, { status, headers: shown });
  if (body instanceof Uint8Array) {
    return new Response(Uint8Array.from(body), { status, headers: shown });
  }
  return new Response(streamOf(body, caller), { status, headers: shown });
}

/** Pulled by its reader: nothing is buffered. An abort ends it with the abort's reason. */
function streamOf(
  lines: AsyncIterable<Uint8Array>,
  { leave, signal }: { leave: AbortController; signal: AbortSignal | undefined },
): ReadableStream<Uint8Array> {
  const iterator = lines[Symbol.asyncIterator]();
  let abort = () => {};
  return new ReadableStream<Uint8Array>({
    start(controller) {
      abort = () => {
        controller.error(signal?.reason);
        void iterator.return?.();
      };
      // It may have been aborted while the answer was made: then nobody calls a listener any more.
      if (signal?.aborted) abort();
      else signal?.addEventListener("abort", abort, { once: true });
    },
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (signal?.aborted) return;
      if (!done) return controller.enqueue(value);
      signal?.removeEventListener("abort", abort);
      controller.close();
    },
    async cancel() {
      signal?.removeEventListener("abort", abort);
      leave.abort();
      await iterator.return?.();
    },
  }, { highWaterMark: 0 });
}
