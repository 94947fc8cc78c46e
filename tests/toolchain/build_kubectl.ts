import { cachedBuild } from "./cached_build.ts";
import { buildGoProgram, goModuleVersion, kubernetesVersionVariables } from "./go_program.ts";
import { say } from "./progress.ts";

const SOURCE = new URL("./kubectl", import.meta.url).pathname;

/**
 * A kubectl two minors older than the Kubernetes of the tests: people have one for long. About two and a half minutes on two
 * cores the first time.
 */
export async function olderKubectl(): Promise<string> {
  const directory = await cachedBuild({
    name: "kubectl",
    what: "building kubectl 1.32 from Go modules",
    paths: [SOURCE],
    build,
  });
  return `${directory}/kubectl`;
}

async function build(directory: string): Promise<void> {
  const module = await goModuleVersion(SOURCE, "k8s.io/kubectl");
  const variables = kubernetesVersionVariables(module.replace("v0.", "v1."));
  await buildGoProgram({ source: SOURCE, variables }, `${directory}/kubectl`);
}

if (import.meta.main) say(await olderKubectl());
