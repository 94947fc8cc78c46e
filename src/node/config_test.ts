import assert from "node:assert/strict";
import {
  type DoctorConfig,
  type NodeConfig,
  parseConfig,
  PROMPT_DEFAULT,
  runCommandLine,
  type RunConfig,
  type StandaloneConfig,
  type Subcommands,
} from "./config.ts";

const reject = () => Promise.reject(new Error("not asked for"));
const NOT_ASKED_FOR: Subcommands = {
  agent: reject,
  probe: reject,
  doctor: reject,
  standalone: reject,
  run: reject,
};

Deno.test("runCommandLine() runs the agent with defaults and the environment", async () => {
  let seen: NodeConfig | undefined;
  const env = {
    NODE_NAME: "n1",
    KUBERNETES_SERVICE_HOST: "10.0.0.1",
    KUBERNETES_SERVICE_PORT: "443",
  };
  await runCommandLine({ args: ["--port", "9000"], env }, {
    version: "1",
    ...NOT_ASKED_FOR,
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

Deno.test("runCommandLine() runs the doctor, who installs nothing unasked", async () => {
  const seen: DoctorConfig[] = [];
  const doctor = (config: DoctorConfig) => Promise.resolve(void seen.push(config));
  for (const args of [["doctor"], ["doctor", "--install", "-o", "json", "--data", "/srv/vms"]]) {
    await runCommandLine({ args, env: {} }, { ...NOT_ASKED_FOR, version: "1", doctor });
  }
  const runDirectory = "/run/denovirt";
  assert.deepEqual(seen, [
    { runDirectory, install: false, output: "table", dataDirectory: "/var/lib/denovirt" },
    { runDirectory, install: true, output: "json", dataDirectory: "/srv/vms" },
  ]);
});

Deno.test("runCommandLine() runs standalone, and names each flag that cannot be used", async () => {
  const seen: StandaloneConfig[] = [];
  const standalone = (config: StandaloneConfig) => Promise.resolve(void seen.push(config));
  const run = (args: string[]) =>
    runCommandLine({ args: ["standalone", ...args], env: {} }, {
      ...NOT_ASKED_FOR,
      version: "1",
      standalone,
    });
  await run(["--data", "/srv/vms", "--stop-guests", "--images", "/a", "/b"]);
  assert.deepEqual(seen, [{
    runDirectory: "/run/denovirt",
    dataDirectory: "/srv/vms",
    listen: "127.0.0.1:6443",
    nodeName: "localhost",
    bridge: "denovirt0",
    podNetwork: "10.213.0.0/20",
    serviceNetwork: "10.213.16.0/20",
    images: ["/a", "/b"],
    imageCacheGib: 50,
    stopGuests: true,
    logLevel: "info",
  }]);
  await assert.rejects(run(["--listen", "6443", "--data", "x"]), /dataDirectory.*listen must be/);
});

Deno.test("runCommandLine() runs a manifest, and names each flag that cannot be used", async () => {
  const seen: RunConfig[] = [];
  const run = (args: string[]) =>
    runCommandLine({ args: ["run", ...args], env: {} }, {
      ...NOT_ASKED_FOR,
      version: "1",
      run: (config) => Promise.resolve(void seen.push(config)),
    });
  await run(["--images", "/a", "--images", "/b", "vm.yaml", "--start-timeout", "30"]);
  assert.deepEqual(seen, [{
    manifest: "vm.yaml",
    temporaryDirectory: "/var/tmp",
    namespace: "default",
    images: ["/a", "/b"],
    prompt: PROMPT_DEFAULT,
    startTimeoutSeconds: 30,
    logLevel: "error",
  }]);
  await assert.rejects(
    run(["vm.yaml", "--prompt", "[", "--start-timeout", "0", "--namespace", "A"]),
    /Cannot use these flags: .*namespace.*prompt must be a regular.*startTimeoutSeconds/s,
  );
});
