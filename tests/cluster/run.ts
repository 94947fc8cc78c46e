/**
 * The product on a real control plane with two real kubelets on this machine, with real guests. Ends with one line:
 * "N passed, N failed".
 *
 *   deno run --allow-all tests/cluster/run.ts [--filter TEXT] [--compiled] [--keep]
 *
 * --compiled installs images of the compiled programs, and leaves out what their runtime refuses to do. --filter runs
 * the test files whose name contains TEXT. --keep leaves the cluster until Enter is pressed.
 */
import { compilePrograms, type Programs } from "../../deploy/binaries/compile_programs.ts";
import { writeProductImages } from "../../deploy/images/product_images.ts";
import { closingLines, type Outcome } from "../runner/outcome.ts";
import { runDenoTests } from "../runner/run_deno_tests.ts";
import { debianGuestImage, kernelGuestImage } from "../toolchain/build_guest_images.ts";
import { compileRuntime } from "../toolchain/build_compile_runtime.ts";
import { nativeDirectory } from "../toolchain/build_native.ts";
import { testImages } from "../toolchain/build_test_images.ts";
import { prepareMachine } from "../toolchain/prepare.ts";
import { say, step } from "../toolchain/progress.ts";
import { Cluster } from "./cluster.ts";
import { install } from "./install.ts";

const HERE = new URL(".", import.meta.url).pathname;
const NODES = 2;
const TESTS_TIMEOUT_MS = 40 * 60_000;
const COMPILED = Deno.args.includes("--compiled");

/** Only of the compiled programs. */
const OF_COMPILED = "compiled_test.ts";
/** What an incomplete runtime cannot do, by what the tests that need it say. */
const NEEDS: readonly [what: string, where: RegExp][] = [
  ["consoles and verbs", /guest_console\.ts|\.verb\(|\/apis\/subresources/],
  ["devices and networks", /devices\.kubevirt\.io|k6t-|networks|interfaces/],
];

async function compiledPrograms(directory: string): Promise<Programs> {
  const [runtime, native] = [await compileRuntime(), await nativeDirectory()];
  const options = { directory, nativeDirectory: native, runtime };
  return await step("compiling the programs", () => compilePrograms(options));
}

async function images(directory: string, programs: Programs | undefined): Promise<string[]> {
  const native = await nativeDirectory();
  const guests = [...await testImages(), await kernelGuestImage(), await debianGuestImage()];
  const options = { directory, nativeDirectory: native, ...(programs ? { programs } : {}) };
  const product = await step(
    "writing the product's images",
    () => writeProductImages(options),
  );
  return [...guests, ...product];
}

interface StartedCluster {
  cluster: Cluster;
  complete: boolean;
}

async function startCluster(): Promise<StartedCluster> {
  const directory = await Deno.makeTempDir({ prefix: "denovirt-images-" });
  try {
    const programs = COMPILED ? await compiledPrograms(directory) : undefined;
    const cluster = await Cluster.start({
      nodes: NODES,
      images: await images(directory, programs),
    });
    return { cluster, complete: programs?.complete ?? true };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Paths of the test files, and the names of those that cannot run here with the reason. */
async function testFiles(
  filter: string,
  { complete }: StartedCluster,
): Promise<{ paths: string[]; skipped: string[] }> {
  const [paths, skipped]: [string[], string[]] = [[], []];
  for await (const { name } of Deno.readDir(HERE)) {
    if (!name.endsWith("_test.ts") || !name.includes(filter)) continue;
    if (name === OF_COMPILED && !COMPILED) continue;
    const path = `${HERE}${name}`;
    const text = await Deno.readTextFile(path);
    const lacking = complete || name === OF_COMPILED
      ? []
      : NEEDS.filter(([, where]) => where.test(text)).map(([what]) => what);
    if (lacking.length === 0) paths.push(path);
    else skipped.push(`${name}: the runtime of the compiled programs has no ${lacking.join(", ")}`);
  }
  return { paths: paths.sort(), skipped: skipped.sort() };
}

async function run(): Promise<Outcome> {
  const filter = Deno.args.includes("--filter")
    ? Deno.args[Deno.args.indexOf("--filter") + 1] ?? ""
    : "";
  await prepareMachine();
  const started = await startCluster();
  await using cluster = started.cluster;
  await install(cluster, started);
  const { paths, skipped } = await testFiles(filter, started);
  const outcome = paths.length > 0
    ? await runDenoTests({
      paths,
      env: {
        DENOVIRT_TEST_CLUSTER: cluster.directory,
        DENOVIRT_TEST_RUNTIME: started.complete ? "complete" : "incomplete",
      },
      timeoutMs: TESTS_TIMEOUT_MS,
    })
    : { passed: 0, failed: 0, skipped: [], failures: [] };
  if (Deno.args.includes("--keep")) {
    say(`KUBECONFIG=${cluster.kubeconfigPath}\nPress Enter to stop the cluster`);
    await Deno.stdin.read(new Uint8Array(1));
  }
  return { ...outcome, skipped: [...outcome.skipped, ...skipped] };
}

const outcome = await run();
Deno.stdout.writeSync(new TextEncoder().encode(`${closingLines(outcome).join("\n")}\n`));
if (outcome.failed > 0) Deno.exit(1);
