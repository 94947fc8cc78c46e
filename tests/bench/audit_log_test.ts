import assert from "node:assert/strict";
import { countByKind, isWrite, parseAuditLog } from "./audit_log.ts";

const LOG = [
  {
    verb: "patch",
    userAgent: "denovirt-controller/0.1.0 (linux)",
    objectRef: { resource: "virtualmachines", subresource: "status", namespace: "bench" },
    responseStatus: { code: 409 },
  },
  { verb: "list", userAgent: "kubectl", objectRef: { resource: "pods" } },
].map((event) => `${JSON.stringify(event)}\n`).join("");

Deno.test("parseAuditLog() tells who asked for what", () => {
  const [patch, list] = parseAuditLog(LOG);
  assert.deepEqual(patch, {
    userAgent: "denovirt-controller",
    verb: "patch",
    resource: "virtualmachines/status",
    namespace: "bench",
    code: 409,
  });
  assert.equal(list?.userAgent, "kubectl");
});

Deno.test("parseAuditLog() leaves out a line that is not whole yet", () => {
  assert.equal(parseAuditLog(`${LOG}{"verb":"cre`).length, 2);
});

Deno.test("countByKind() counts refused writes too", () => {
  const writes = parseAuditLog(LOG).filter(isWrite);
  assert.deepEqual([...countByKind(writes)], [["patch virtualmachines/status", 1]]);
});
