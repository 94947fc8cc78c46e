import assert from "node:assert/strict";
import { decideNodeRequest, type NodeRequestWorld } from "./node_request_decision.ts";

const T = 1_000_000_000_000;
const DAY_MS = 24 * 3_600_000;

const RIGHT: NodeRequestWorld = {
  nowMs: T,
  namespace: "kubevirt",
  signerName: "denovirt.io/node-serving",
  username: "system:serviceaccount:kubevirt:denovirt-node",
  extra: { "authentication.kubernetes.io/node-name": ["node1"] },
  usages: ["digital signature", "server auth"],
  expirationSeconds: undefined,
  conditions: [],
  issued: false,
  request: {
    commonName: "system:denovirt-node:node1",
    organizations: [],
    names: { dns: [], ip: ["10.0.0.1"] },
    otherNames: [],
  },
  nodeAddresses: ["10.0.0.1", "node1"],
  authority: { notBeforeMs: T - DAY_MS, notAfterMs: T + 5 * DAY_MS },
};

type Request = NonNullable<NodeRequestWorld["request"]>;

function requesting(overrides: Partial<Request>): Partial<NodeRequestWorld> {
  return { request: { ...(RIGHT.request as Request), ...overrides } };
}

const ROWS: [string, Partial<NodeRequestWorld>, string[]][] = [
  ["right", {}, ["approve", "sign"]],
  ["the kubelet's own identity", { username: "system:node:node1", extra: {} }, ["approve", "sign"]],
  ["approved already", { conditions: ["Approved"] }, ["sign"]],
  ["issued", { conditions: ["Approved"], issued: true }, []],
  ["denied", { conditions: ["Denied"] }, []],
  ["failed", { conditions: ["Approved", "Failed"] }, []],
  ["another signer", { signerName: "kubernetes.io/kubelet-serving" }, []],
  ["unreadable", { request: undefined }, ["deny"]],
  ["another subject", requesting({ commonName: "system:node:node1" }), ["deny"]],
  ["no node in the subject", requesting({ commonName: "system:denovirt-node:" }), ["deny"]],
  ["the controller's name", requesting({ commonName: "kubevirt.io:virt-api" }), ["deny"]],
  ["an organization", requesting({ organizations: ["system:masters"] }), ["deny"]],
  ["another account", { username: "system:serviceaccount:default:denovirt-node" }, ["deny"]],
  ["another node's kubelet", { username: "system:node:node2" }, ["deny"]],
  ["a token bound to no node", { extra: {} }, ["deny"]],
  ["a token bound to another node", {
    extra: { "authentication.kubernetes.io/node-name": ["node2"] },
  }, ["deny"]],
  ["no such node", { nodeAddresses: undefined }, ["deny"]],
  ["no address", requesting({ names: { dns: [], ip: [] } }), ["deny"]],
  ["a foreign address", requesting({ names: { dns: [], ip: ["10.0.0.1", "10.0.0.2"] } }), ["deny"]],
  ["a DNS name", requesting({ names: { dns: ["virt-api.kubevirt.svc"], ip: ["10.0.0.1"] } }), [
    "deny",
  ]],
  ["a URI", requesting({ otherNames: ["url:spiffe://x"] }), ["deny"]],
  ["a client certificate", { usages: ["client auth", "server auth"] }, ["deny"]],
  ["no server usage", { usages: ["digital signature"] }, ["deny"]],
  ["wrong, but approved by somebody", { conditions: ["Approved"], nodeAddresses: undefined }, [
    "fail",
  ]],
];

Deno.test("decideNodeRequest() signs for the requesting node alone", () => {
  for (const [name, overrides, types] of ROWS) {
    const actions = decideNodeRequest({ ...RIGHT, ...overrides });
    assert.deepEqual(actions.map((action) => action.type), types, name);
  }
});

Deno.test("decideNodeRequest() bounds the life of a certificate", () => {
  const rows: [Partial<NodeRequestWorld>, number][] = [
    [{}, T + DAY_MS],
    [{ expirationSeconds: 3600 }, T + 3_600_000],
    [{ expirationSeconds: 1 }, T + 600_000],
    [{ expirationSeconds: 10 * 86_400 }, T + DAY_MS],
    [{ authority: { notBeforeMs: 0, notAfterMs: T + 1000 } }, T + 1000],
  ];
  for (const [overrides, notAfterMs] of rows) {
    const sign = decideNodeRequest({ ...RIGHT, ...overrides }).at(-1);
    assert.equal(sign?.type === "sign" && sign.validity.notAfter.getTime(), notAfterMs);
  }
});
