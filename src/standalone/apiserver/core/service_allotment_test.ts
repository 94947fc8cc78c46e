import assert from "node:assert/strict";
import type { JsonObject } from "../../../kube/json.ts";
import { parseIpv4Range } from "../../ipv4_range.ts";
import { allotService, NODE_PORTS } from "./service_allotment.ts";

/** Five hosts: the machine's own address is the first. */
const range = parseIpv4Range("10.213.16.0/29")!;

function allot(spec: JsonObject, others: JsonObject[] = [], random = 0): JsonObject {
  const allotted = allotService({ spec }, undefined, {
    others: others.map((each) => ({ spec: each })),
    random: () => random,
    range,
  });
  return "errors" in allotted
    ? { refused: allotted.errors.map(({ field, detail }) => `${field}: ${detail}`) }
    : allotted.object.spec as JsonObject;
}

Deno.test("allotService() gives each Service another address, until there is none", () => {
  const others: JsonObject[] = [];
  for (let count = 0; count < 5; count++) others.push(allot({ type: "ClusterIP" }, others, 0.5));
  assert.equal(new Set(others.map(({ clusterIP }) => clusterIP)).size, 5);
  assert.deepEqual(allot({ type: "ClusterIP" }, others), {
    refused: ["spec.clusterIPs: failed to allocate IP : range is full"],
  });
});

Deno.test("allotService() chooses ports beyond those that people name, while there are any", () => {
  const spec = { type: "NodePort", ports: [{ port: 80 }] };
  const portOf = ({ ports }: JsonObject) => (ports as JsonObject[])[0]?.nodePort;
  assert.equal(portOf(allot(spec)), 30_086);
  assert.equal(portOf(allot(spec, [], 0.9999)), NODE_PORTS.last);
  const taken = (from: number, to: number): JsonObject => ({
    type: "NodePort",
    clusterIP: "None",
    ports: Array.from({ length: to - from + 1 }, (_, index) => ({ nodePort: from + index })),
  });
  assert.equal(portOf(allot(spec, [taken(30_086, NODE_PORTS.last)], 0.5)), 30_043);
  assert.deepEqual(allot(spec, [taken(NODE_PORTS.first, NODE_PORTS.last)]), {
    refused: ["spec.ports[0].nodePort: failed to allocate a nodePort: range is full"],
  });
});

Deno.test("allotService() takes ports of Services whose type has none for free", () => {
  const named = { type: "NodePort", ports: [{ port: 80, nodePort: 30_001 }] };
  const external = { type: "ExternalName", ports: [{ port: 80, nodePort: 30_001 }] };
  assert.deepEqual((allot(named, [external]).ports as JsonObject[])[0]?.nodePort, 30_001);
  assert.deepEqual(allot(named, [named]), {
    refused: ["spec.ports[0].nodePort: provided port is already allocated"],
  });
});
