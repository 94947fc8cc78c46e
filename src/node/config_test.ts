import assert from "node:assert/strict";
import { type NodeConfig, parseConfig, runCommandLine } from "./config.ts";

Deno.test("runCommandLine() runs the agent with defaults and the environment", async () => {
  let seen: NodeConfig | undefined;
  const env = {
    NODE_NAME: "n1",
    KUBERNETES_SERVICE_HOST: "10.0.0.1",
    KUBERNETES_SERVICE_PORT: "443",
  };
  await runCommandLine({ args: ["--port", "9000"], env }, {
    version: "1",
    probe: () => Promise.reject(new Error("not asked for")),
    agent: (config) => {
      seen = config;
      return Promise.resolve();
    },
  });
  assert.deepEqual(seen, {
    nodeName: "n1",
    port: 9000,
    kubeletRoot: "/var/lib/kubelet",
    runDirectory: "/run/denovirt",
    namespace: "kubevirt",
    logLevel: "info",
    unverifiableCallers: "stop",
    apiServer: { host: "10.0.0.1", port: "443" },
  });
});

Deno.test("parseConfig() names each flag that cannot be used", () => {
  const flags = {
    port: "x",
    kubeletRoot: "rel",
    runDirectory: "/r",
    namespace: "n",
    logLevel: "info",
    unverifiableCallers: "stop",
  };
  assert.throws(() => parseConfig(flags, {}), /nodeName is needed.*port .*kubeletRoot/);
});
