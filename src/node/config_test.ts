import assert from "node:assert/strict";
import {
  type DoctorConfig,
  type NodeConfig,
  PROMPT_DEFAULT,
  runCommandLine,
  type RunConfig,
  type StandaloneConfig,
  type Subcommands,
  USAGE_ERROR,
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

Deno.test("runCommandLine() runs standalone", async () => {
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
});

Deno.test("runCommandLine() runs a manifest", async () => {
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
});

Deno.test("runCommandLine() refuses each flag that cannot be used, by its name", async (context) => {
  const refused: [args: string, name: string][] = [
    ["", "--node-name"],
    ["--node-name=n --port=x", "--port"],
    ["--node-name=n --port=65536", "--port"],
    ["--node-name=n --kubelet-root=rel", "--kubelet-root"],
    ["--node-name=n --namespace=", "--namespace"],
    ["--node-name=n --log-level=all", "--log-level"],
    ["--node-name=n --unverifiable-callers=trust", "--unverifiable-callers"],
    ["probe --native-directory=rel", "--native-directory"],
    ["doctor --output=yaml", "--output"],
    ["standalone --listen=6443", "--listen"],
    ["standalone --data=rel", "--data"],
    ["standalone --node-name=A", "--node-name"],
    ["standalone --bridge=0", "--bridge"],
    ["standalone --images /a rel", "--images"],
    ["standalone --image-cache-gib=0", "--image-cache-gib"],
    ["standalone --nothing", "--nothing"],
    ["run", "manifest"],
    ["run vm.yaml --prompt=[", "--prompt"],
    ["run vm.yaml --start-timeout=0", "--start-timeout"],
    ["run vm.yaml --namespace=A", "--namespace"],
    ["run vm.yaml --images=rel", "--images"],
    ["run vm.yaml --temporary=rel", "--temporary"],
  ];
  for (const [line, name] of refused) {
    await context.step(line, async () => {
      const args = line.split(" ").filter((each) => each !== "");
      const said: string[] = [];
      const options = { ...NOT_ASKED_FOR, version: "1", say: (text: string) => said.push(text) };
      assert.equal(await runCommandLine({ args, env: {} }, options), USAGE_ERROR);
      assert.match(said.join(""), new RegExp(`^error: .*'?${name}\\b.*\n$`));
    });
  }
});

Deno.test("runCommandLine() gives help, and is content", async () => {
  const written: string[] = [];
  const options = { ...NOT_ASKED_FOR, version: "1", write: (text: string) => written.push(text) };
  assert.equal(await runCommandLine({ args: ["run", "--help"], env: {} }, options), 0);
  assert.match(written.join(""), /--start-timeout <seconds> [^(]+\(default:\s+600\)/);
});
