import { cachedBuild, isBuilt } from "./cached_build.ts";
import { say } from "./progress.ts";
import { runCommand } from "./run_command.ts";

const SOURCE = new URL("./kubernetes", import.meta.url).pathname;
const PROGRAMS = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-proxy",
  "kube-scheduler",
  "kubelet",
  "kubectl",
];
/** The packages that `kubectl version`, `/version` and a node's nodeInfo read their answer from. */
const VERSION_PACKAGES = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"];
const RECIPE = {
  name: "kubernetes",
  what: "building Kubernetes and etcd from Go modules",
  paths: [`${SOURCE}/go.mod`, `${SOURCE}/go.sum`, `${SOURCE}/hyperkube`],
  build,
};

/**
 * The directory with etcd, kubectl and Kubernetes' own programs: one binary that goes by seven names.
 * Built from the Go module proxy; about 15 minutes on two cores the first time.
 */
export async function kubernetesDirectory(): Promise<string> {
  return `${await cachedBuild(RECIPE)}/bin`;
}

/** Whether {@link kubernetesDirectory} has only to look it up. */
export async function kubernetesIsBuilt(): Promise<boolean> {
  return await isBuilt(RECIPE);
}

async function build(directory: string): Promise<void> {
  const env = { CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off", GOTOOLCHAIN: "local" };
  const go = (...args: string[]) => runCommand(["go", ...args], { cwd: SOURCE, env });
  const version = (await go("list", "-m", "-f", "{{.Version}}", "k8s.io/kubernetes")).trim();
  const [major, minor] = version.slice(1).split(".");
  const settings = VERSION_PACKAGES.flatMap((name) => [
    `-X ${name}.gitVersion=${version}`,
    `-X ${name}.gitMajor=${major}`,
    `-X ${name}.gitMinor=${minor}`,
    `-X ${name}.gitTreeState=clean`,
    `-X ${name}.buildDate=1970-01-01T00:00:00Z`,
  ]);
  await Deno.mkdir(`${directory}/bin`);
  await go(
    "build",
    "-trimpath",
    "-buildvcs=false",
    // As the official release is built: no tracing in gRPC, no code for tests.
    "-tags=selinux,notest,grpcnotrace",
    `-ldflags=-s -w ${settings.join(" ")}`,
    `-o=${directory}/bin/hyperkube`,
    "./hyperkube",
  );
  for (const program of PROGRAMS) await Deno.symlink("hyperkube", `${directory}/bin/${program}`);
}

if (import.meta.main) say(await kubernetesDirectory());
