import assert from "node:assert/strict";
import { inProcessFetch } from "./in_process_fetch.ts";

const USER = { username: "test", groups: [] };

for (const when of ["while the answer is made", "while it is read"]) {
  Deno.test(`inProcessFetch() ends an answer that goes on, aborted ${when}`, async () => {
    const stop = new AbortController();
    const reason = new Error("enough");
    const fetch = inProcessFetch(({ signal }) => {
      async function* lines() {
        if (!signal.aborted) {
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
        }
        yield* [];
      }
      if (when === "while the answer is made") stop.abort(reason);
      return Promise.resolve({ status: 200, headers: {}, body: lines() });
    }, USER);
    const response = await fetch("http://in-process/watch", { signal: stop.signal });
    const read = response.body!.getReader().read();
    stop.abort(reason);
    await assert.rejects(read, reason);
  });
}
