import assert from "node:assert/strict";
import { hostListeners, parseListeners } from "./host_listeners.ts";

Deno.test("parseListeners() reads addresses and ports, and leaves out what is of IPv6 alone", () => {
  const text = `udp   UNCONN 0      0          127.0.0.53%lo:53        0.0.0.0:*
udp   UNCONN 0      0                   [::1]:323          [::]:*
tcp   LISTEN 0      128               0.0.0.0:22         0.0.0.0:*
tcp   LISTEN 0      4096                    *:9090             *:*
tcp   LISTEN 0      4096   [::ffff:127.0.0.1]:8080             *:*
tcp   LISTEN 0      128                  [::]:22            [::]:*
something else

`;
  assert.deepEqual(parseListeners(text), [
    { protocol: "UDP", address: "127.0.0.53", port: 53 },
    { protocol: "TCP", address: "*", port: 22 },
    { protocol: "TCP", address: "*", port: 9090 },
    { protocol: "TCP", address: "127.0.0.1", port: 8080 },
  ]);
});

Deno.test("hostListeners() sees a program that listens, and no more when it has ended", async () => {
  const { signal } = new AbortController();
  const program = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = program.addr as Deno.NetAddr;
  const isSeen = async () => (await hostListeners(signal)).some((each) => each.port === port);
  assert.ok(await isSeen());
  program.close();
  assert.equal(await isSeen(), false);
});
