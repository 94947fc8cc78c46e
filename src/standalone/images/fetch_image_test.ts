import assert from "node:assert/strict";
import { eventually } from "../../runtime/testing/eventually.ts";
import { fetchImage } from "./fetch_image.ts";

const hasSkopeo = await new Deno.Command("skopeo", { args: ["--version"], stdout: "null" })
  .output().then(({ success }) => success, () => false);

Deno.test({
  name: "fetchImage() goes on when one look at how much has come fails",
  ignore: !hasSkopeo,
  async fn() {
    const parent = await Deno.makeTempDir();
    const directory = `${parent}/blobs`;
    await Deno.mkdir(directory);
    const abort = new AbortController();
    let isAsked = false;
    const { promise: over, resolve } = Promise.withResolvers<void>();
    await using registry = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      async () => {
        isAsked = true;
        await over;
        return new Response("{}", { status: 404 });
      },
    );
    try {
      let looked = 0;
      const fetching = fetchImage(`docker://127.0.0.1:${registry.addr.port}/a:1`, {
        directory,
        bytesMax: 1 << 20,
        signal: abort.signal,
        onProgress: () => looked++,
        progressIntervalMs: 5,
      });
      const refused = assert.rejects(fetching, /enough/);
      await eventually("the registry is asked", () => isAsked);
      await Deno.rename(directory, `${parent}/away`);
      await Deno.writeTextFile(directory, "cannot be listed");
      // Long enough for several looks.
      const endMs = performance.now() + 100;
      await eventually("it was looked at", () => performance.now() > endMs);
      await Deno.remove(directory);
      await Deno.rename(`${parent}/away`, directory);
      const before = looked;
      await eventually("it is looked at again", () => looked > before);
      abort.abort(new Error("enough"));
      await refused;
    } finally {
      resolve();
      await Deno.remove(parent, { recursive: true });
    }
  },
});
