/**
 * The product on a real control plane with two real kubelets on this machine, with real guests. Ends with one line:
 * "N passed, N failed".
 *
 *   deno run --allow-all tests/cluster/run.ts [--filter TEXT] [--keep]
 *
 * --filter runs the test files whose name contains TEXT. --keep leaves the cluster until Enter is pressed.
 */
import { writeProductImages } from "../../deploy/images/product_images.ts";
import { closingLine, type Outcome } from "../runner/outcome.ts";
import { runDenoTests } from "../runner/run_deno_tests.ts";
import { debianGuestImage, kernelGuestImage } from "../toolchain/build_guest_images.ts";
import { nativeDirectory } from "../toolchain/build_native.ts";
import { testImages } from "../toolchain/build_test_images.ts";
import { prepareMachine } from "../toolchain/prepare.ts";
import { say, step } from "../toolchain/progress.ts";
import { Cluster } from "./cluster.ts";
import { install } from "./install.ts";

const HERE = new URL(".", import.meta.url).pathname;
const NODES = 2;
const TESTS_TIMEOUT_MS = 40 * 60_000;

async function images(directory: string): Promise<string[]> {
  const native = await nativeDirectory();
  const guests = [...await testImages(), await kernelGuestImage(), await debianGuestImage()];
  const product = await step(
    "writing the product's images",
    () => writeProductImages({ directory, nativeDirectory: native }),
  );
  return [...guests, ...product];
}

async function startCluster(): Promise<Cluster> {
  const directory = await Deno.makeTempDir({ prefix: "denovirt-images-" });
  try {
    return await Cluster.start({ nodes: NODES, images: await images(directory) });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function testFiles(filter: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(HERE)) {
    if (name.endsWith("_test.ts") && name.includes(filter)) names.push(`${HERE}${name}`);
  }
  return names.sort();
}

async function run(): Promise<Outcome> {
  const filter = Deno.args.includes("--filter")
    ? Deno.args[Deno.args.indexOf("--filter") + 1] ?? ""
    : "";
  await prepareMachine();
  await using cluster = await startCluster();
  await install(cluster);
  const paths = await testFiles(filter);
  const outcome = paths.length > 0
    ? await runDenoTests({
      paths,
      env: { DENOVIRT_TEST_CLUSTER: cluster.directory },
      timeoutMs: TESTS_TIMEOUT_MS,
    })
    : { passed: 0, failed: 0, skipped: [] };
  if (Deno.args.includes("--keep")) {
    say(`KUBECONFIG=${cluster.kubeconfigPath}\nPress Enter to stop the cluster`);
    await Deno.stdin.read(new Uint8Array(1));
  }
  return outcome;
}

const outcome = await run();
for (const name of outcome.skipped) say(`skipped: ${name}`);
Deno.stdout.writeSync(new TextEncoder().encode(`${closingLine(outcome)}\n`));
if (outcome.failed > 0) Deno.exit(1);
