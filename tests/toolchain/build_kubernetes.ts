import { cachedBuild, isBuilt } from "./cached_build.ts";
import { buildGoProgram, goModuleVersion, kubernetesVersionVariables } from "./go_program.ts";
import { say } from "./progress.ts";

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
  const version = await goModuleVersion(SOURCE, "k8s.io/kubernetes");
  await Deno.mkdir(`${directory}/bin`);
  await buildGoProgram({
    source: SOURCE,
    package: "./hyperkube",
    // As the official release is built: no tracing in gRPC, no code for tests.
    tags: ["selinux", "notest", "grpcnotrace"],
    variables: kubernetesVersionVariables(version),
  }, `${directory}/bin/hyperkube`);
  for (const program of PROGRAMS) await Deno.symlink("hyperkube", `${directory}/bin/${program}`);
}

if (import.meta.main) say(await kubernetesDirectory());
