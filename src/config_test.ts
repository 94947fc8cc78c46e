import assert from "node:assert/strict";
import { parseControllerCommand } from "./config.ts";

function parse(args: string[], env: Record<string, string> = {}) {
  return parseControllerCommand({ args, env, version: "1.2.3", hostname: "host" });
}

Deno.test("parseControllerCommand() runs by default, with the pod's name as identity", () => {
  assert.deepEqual(parse(["--envelope-image=i", "--port", "9443"], { POD_NAME: "pod-1" }), {
    type: "run",
    config: {
      namespace: "kubevirt",
      envelopeImage: "i",
      port: 9443,
      hostname: "0.0.0.0",
      logLevel: "info",
      unverifiableCallers: "stop",
      identity: "pod-1",
    },
  });
});

Deno.test("parseControllerCommand() takes the namespace and image from the environment", () => {
  const command = parse(["run"], { POD_NAMESPACE: "n", ENVELOPE_IMAGE: "e" });
  assert.ok(command.type === "run");
  assert.equal(command.config.namespace, "n");
  assert.equal(command.config.envelopeImage, "e");
  assert.equal(command.config.identity, "host");
});

Deno.test("parseControllerCommand() refuses a wrong command line", () => {
  assert.deepEqual(parse(["--port=many", "--envelope-image=i"]), { type: "exit", code: 2 });
  assert.deepEqual(parse([]), { type: "exit", code: 2 });
  assert.equal(parse(["--no-such-flag"]).type, "exit");
});

Deno.test("parseControllerCommand() takes explain with its object and format", () => {
  assert.deepEqual(parse(["explain", "vm", "shop/web", "-o", "json"], { KUBECONFIG: "k" }), {
    type: "explain",
    config: {
      kind: "vm",
      object: "shop/web",
      namespace: "kubevirt",
      envelopeImage: "",
      kubeconfig: "k",
      output: "json",
    },
  });
  for (const args of [["vm"], ["vm", "a/b/c"], ["vm", "web", "-o", "yaml"]]) {
    assert.equal(parse(["explain", ...args]).type, "exit", args.join(" "));
  }
});
