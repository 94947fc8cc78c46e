/**
 * Makes a bare Debian 12 machine able to run all tests: says what it installs and builds, then does so. What is there
 * already costs nothing; heavy builds are kept below the cache directory, by content hash.
 */
import { debianGuestImage, kernelGuestImage } from "./build_guest_images.ts";
import { kubernetesDirectory } from "./build_kubernetes.ts";
import { nativeDirectory } from "./build_native.ts";
import { testImages } from "./build_test_images.ts";
import { cacheDirectory } from "./cache_directory.ts";
import { compilerProblems } from "./compilers.ts";
import { installMissingPackages } from "./debian_packages.ts";
import { say } from "./progress.ts";

/** What can be built: "go" builds Kubernetes, "cargo" the native parts. */
const COMPILERS = ["go", "cargo"];

/** Installs packages and checks compilers; builds nothing. @param compilers @default all of them */
export async function prepareMachine(compilers: readonly string[] = COMPILERS): Promise<void> {
  if (Deno.uid() !== 0) {
    throw new Error(`Cannot prepare this machine: root is needed: got uid ${Deno.uid()}`);
  }
  await installMissingPackages();
  const problems = await compilerProblems(compilers);
  if (problems.length > 0) throw new Error(`Cannot build here: ${problems.join("; ")}`);
}

/** Everything that the cluster tests need. */
export async function prepareAll(): Promise<void> {
  await prepareMachine();
  say(`builds are kept in ${cacheDirectory()}`);
  await nativeDirectory();
  await kubernetesDirectory();
  await testImages();
  await kernelGuestImage();
  await debianGuestImage();
}

if (import.meta.main) await prepareAll();
