import assert from "node:assert/strict";
import { FakeHypervisor } from "../hypervisor/fake/fake_hypervisor.ts";
import { formatKey } from "../kube/object.ts";
import { SYSTEM_CLOCK } from "../runtime/clock.ts";
import { SILENT_LOGGER } from "../runtime/log.ts";
import type { TlsRequest } from "../runtime/mutual_tls_server.ts";
import { ConsoleSessions } from "./console_sessions.ts";
import { NodeServer } from "./server.ts";
import { vmi, VMI_UID } from "./testing/vmi.ts";

const BASE = "/v1/namespaces/default/virtualmachineinstances/small";

Deno.test("NodeServer pauses, unpauses, and does neither twice", async () => {
  const { server, hypervisor, enqueued } = await running();
  for (const [verb, state] of [["pause", "paused"], ["pause", "paused"], ["unpause", "running"]]) {
    const { status } = await server.handle(request("PUT", `${BASE}/${verb}`));
    assert.equal(status, 200);
    const domain = await hypervisor.inspect(VMI_UID);
    assert.equal(domain.kind === "present" && domain.state, state);
  }
  assert.equal(enqueued.length, 3);
});

const REFUSED: [method: string, path: string, status: number][] = [
  ["GET", `${BASE}/pause`, 405],
  ["PUT", `${BASE}/format`, 404],
  ["PUT", "/v1/namespaces/default/virtualmachineinstances/other/pause", 404],
  ["PUT", "/v1/namespaces/default/virtualmachineinstances/small/../x/pause", 404],
  ["GET", "/metrics", 404],
];

for (const [method, path, status] of REFUSED) {
  Deno.test(`NodeServer answers ${method} ${path} with ${status}`, async () => {
    const { server } = await running();
    assert.equal((await server.handle(request(method, path))).status, status);
  });
}

Deno.test("NodeServer pauses no guest that has ended", async () => {
  const { server, hypervisor } = await running();
  hypervisor.end(VMI_UID, "shutdown");
  assert.equal((await server.handle(request("PUT", `${BASE}/pause`))).status, 409);
});

Deno.test("NodeServer does not deny an instance before it knows those of its node", async () => {
  const { server } = await running({}, { isInformed: false });
  const other = "/v1/namespaces/default/virtualmachineinstances/other";
  assert.equal((await server.handle(request("PUT", `${other}/pause`))).status, 503);
  const decision = server.upgrade(request("GET", `${other}/console`, "plain.kubevirt.io"));
  assert.equal("refuse" in decision && decision.refuse.status, 503);
});

Deno.test("NodeServer is healthy without a certificate", async () => {
  const { server } = await running();
  assert.equal((await server.handle(request("GET", "/healthz"))).status, 200);
});

Deno.test("NodeServer opens a console with the protocol that was offered among others", async () => {
  const { server } = await running();
  const offered = "base64url.bearer.authorization.k8s.io.abc, plain.kubevirt.io";
  const decision = server.upgrade(request("GET", `${BASE}/console`, offered));
  assert.equal("protocol" in decision && decision.protocol, "plain.kubevirt.io");
});

Deno.test("NodeServer refuses a console where there is none", async () => {
  const { server } = await running({ autoattachSerialConsole: false });
  const decision = server.upgrade(request("GET", `${BASE}/console`, "plain.kubevirt.io"));
  assert.equal("refuse" in decision && decision.refuse.status, 400);
});

async function running(
  devices: { autoattachSerialConsole?: boolean } = {},
  { isInformed } = { isInformed: true },
) {
  const hypervisor = new FakeHypervisor();
  const guest = vmi({ domain: { devices }, status: { phase: "Running" } });
  await hypervisor.launch({
    uid: VMI_UID,
    xml: "<domain/>",
    envelopePid: 2,
    mounts: [],
    overlays: [],
    dhcp: [],
    paused: false,
  });
  const enqueued: string[] = [];
  const server = new NodeServer({
    isInformed: () => isInformed,
    hypervisor,
    consoles: new ConsoleSessions({
      open: (uid) => hypervisor.openConsole(uid),
      clock: SYSTEM_CLOCK,
    }),
    find: (key) => formatKey(key) === "default/small" ? guest : undefined,
    enqueue: (key) => void enqueued.push(formatKey(key)),
    log: SILENT_LOGGER,
  });
  return { server, hypervisor, enqueued };
}

function request(method: string, path: string, protocols?: string): TlsRequest {
  return {
    method,
    path,
    query: new URLSearchParams(),
    headers: new Map(protocols === undefined ? [] : [["sec-websocket-protocol", [protocols]]]),
    body: new Uint8Array(),
    peer: { commonName: "kubevirt.io:virt-api" },
    signal: new AbortController().signal,
  };
}
