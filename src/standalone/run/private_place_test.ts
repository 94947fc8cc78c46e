import assert from "node:assert/strict";
import { formatRange } from "../ipv4_range.ts";
import { PrivatePlace } from "./private_place.ts";

Deno.test({
  name: "PrivatePlace.make() gives runs that start at once networks of their own",
  ignore: Deno.uid() !== 0,
  async fn() {
    const parent = await Deno.makeTempDir({ dir: "/var/tmp", prefix: "places-" });
    const { random } = Math;
    try {
      // All of them begin to look at the same one.
      Math.random = () => 0.5;
      await using places = new AsyncDisposableStack();
      const make = () => PrivatePlace.make({ parent, range: undefined });
      const made = await Promise.all([make(), make(), make()]);
      for (const place of made) places.use(place);
      const ranges = made.map(({ network }) => formatRange(network.range));
      assert.equal(new Set(ranges).size, made.length, ranges.join());
      const services = made.map(({ network }) => formatRange(network.serviceRange));
      assert.equal(new Set(services).size, made.length, services.join());
      // What one gives back is there for the next.
      const [first] = made;
      await first![Symbol.asyncDispose]();
      const next = places.use(await make());
      assert.equal(formatRange(next.network.range), ranges[0]);
    } finally {
      Math.random = random;
      await Deno.remove(parent, { recursive: true });
    }
  },
});
