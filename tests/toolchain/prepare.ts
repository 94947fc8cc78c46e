/**
 * Makes a bare Debian 12 machine able to run all tests: says what it installs and builds, then does so. What is there
 * already costs nothing; heavy builds are kept below the cache directory, by content hash.
 */
import { debianGuestImage, kernelGuestImage } from "./build_guest_images.ts";
import { kubernetesDirectory } from "./build_kubernetes.ts";
import { nativeDirectory } from "./build_native.ts";
import { testImages } from "./build_test_images.ts";
import { cacheDirectory } from "./cache_directory.ts";
import { compilerPackages, compilerProblems } from "./compilers.ts";
import { installPackages, missingPackages, type Purpose } from "./debian_packages.ts";
import { say } from "./progress.ts";

/** What can be built: "go" builds Kubernetes, "cargo" the native parts. */
const COMPILERS = ["go", "cargo"];

export interface Preparation {
  /** @default all of them */
  purposes?: readonly Purpose[];
  /** @default all of them */
  compilers?: readonly string[];
}

/** Installs packages and checks compilers; builds nothing. */
export async function prepareMachine(
  { purposes, compilers = COMPILERS }: Preparation = {},
): Promise<void> {
  if (Deno.uid() !== 0) {
    throw new Error(`Cannot prepare this machine: root is needed: got uid ${Deno.uid()}`);
  }
  await installPackages([
    ...await missingPackages(purposes),
    ...await compilerPackages(compilers),
  ]);
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
