import assert from "node:assert/strict";
import { digestIn, digestOf, renderForwards, renderNoForwards } from "./render.ts";
import type { Endpoint, Forward } from "./world.ts";

const NETWORK = { bridge: `dvr${Deno.pid}` };
const [ONE, TWO]: [Endpoint, Endpoint] = [
  { address: "10.213.0.2", port: 8080 },
  { address: "10.213.0.3", port: 8081 },
];
const PLAIN: Forward = {
  place: { kind: "machine" },
  protocol: "TCP",
  port: 30_080,
  keepsClients: false,
  endpoints: [ONE, TWO],
};
const FORWARDS: Forward[] = [
  PLAIN,
  { ...PLAIN, place: { kind: "service", address: "10.213.16.2" }, port: 80 },
  {
    ...PLAIN,
    place: { kind: "address", address: "127.0.0.1" },
    protocol: "UDP",
    port: 53,
    keepsClients: true,
    sources: ["10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0"],
  },
];

Deno.test("renderForwards() shares the chains of ports with the same pods", () => {
  const rules = renderForwards(FORWARDS, NETWORK);
  assert.equal(rules.match(/goto pods_0$/gm)?.length, 2);
  assert.equal(rules.match(/goto pods_1$/gm)?.length, 3);
  assert.equal(rules.match(/dnat to 10\.213\.0\.2:8080/g)?.length, 2);
});

Deno.test("digestOf() tells rules apart, and is found in what nft lists", () => {
  const digest = digestOf(FORWARDS);
  assert.notEqual(digest, digestOf([PLAIN]));
  assert.equal(digestIn(renderForwards(FORWARDS, NETWORK)), digest);
  assert.equal(digestIn("table ip x {\n}\n"), undefined);
});

Deno.test({
  name: "renderForwards() renders what nft takes",
  ignore: Deno.uid() !== 0,
  async fn() {
    for (const rules of [renderForwards(FORWARDS, NETWORK), renderNoForwards(NETWORK)]) {
      const nft = new Deno.Command("nft", {
        args: ["--check", "--file", "-"],
        stdin: "piped",
        stdout: "null",
        stderr: "piped",
      }).spawn();
      const writer = nft.stdin.getWriter();
      await writer.write(new TextEncoder().encode(rules));
      await writer.close();
      const { success, stderr } = await nft.output();
      assert.ok(success, new TextDecoder().decode(stderr));
    }
  },
});
