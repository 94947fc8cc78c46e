/**
 * The faults in their long form (DENOVIRT_FAULTS=all). Ends with one line: "N passed, N failed".
 *
 *   deno run --allow-all tests/faults/run.ts [FILE...]
 */
import { Cluster } from "../cluster/cluster.ts";
import { closingLines } from "../runner/outcome.ts";
import { runDenoTests } from "../runner/run_deno_tests.ts";
import { nativeDirectory } from "../toolchain/build_native.ts";
import { prepareMachine } from "../toolchain/prepare.ts";

/** Each life of a guest takes seconds, and there is one for each await. */
const TIMEOUT_MS = 4 * 60 * 60_000;

await prepareMachine();
const native = await nativeDirectory();
let failed: number;
{
  await using cluster = await Cluster.start({ nodes: 0 });
  const outcome = await runDenoTests({
    paths: Deno.args.length > 0 ? Deno.args : [new URL(".", import.meta.url).pathname],
    env: {
      DENOVIRT_FAULTS: "all",
      DENOVIRT_TEST_KUBECONFIG: cluster.kubeconfigPath,
      DENOVIRT_NATIVE_DIRECTORY: native,
    },
    timeoutMs: TIMEOUT_MS,
  });
  Deno.stdout.writeSync(new TextEncoder().encode(`${closingLines(outcome).join("\n")}\n`));
  failed = outcome.failed;
}
if (failed > 0) Deno.exit(1);
