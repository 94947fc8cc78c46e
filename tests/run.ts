/**
 * Runs all tests that this machine can run, and ends with one line: "N passed, N failed" (", N skipped").
 *
 *   deno run --allow-all tests/run.ts
 *
 * A control plane alone (real etcd and kube-apiserver) is started for the tests that ask for one.
 */
import { Cluster } from "./cluster/cluster.ts";
import { addOutcomes, closingLines, type Outcome } from "./runner/outcome.ts";
import { runCargoTests } from "./runner/run_cargo_tests.ts";
import { runDenoTests } from "./runner/run_deno_tests.ts";
import { nativeDirectory } from "./toolchain/build_native.ts";
import { prepareMachine } from "./toolchain/prepare.ts";
import { say } from "./toolchain/progress.ts";

const ROOT = new URL("..", import.meta.url).pathname;

async function runAll(): Promise<Outcome> {
  await prepareMachine();
  const native = await nativeDirectory();
  await using cluster = await Cluster.start({ nodes: 0 });
  const env = {
    DENOVIRT_TEST_KUBECONFIG: cluster.kubeconfigPath,
    DENOVIRT_NATIVE_DIRECTORY: native,
  };
  const outcomes: Outcome[] = [];
  say("\n== beside the sources");
  outcomes.push(await runDenoTests({ paths: [`${ROOT}src`], env }));
  say("\n== tests/");
  outcomes.push(
    await runDenoTests({
      paths: [`${ROOT}tests`, `${ROOT}deploy`],
      ignore: [`${ROOT}tests/cluster`],
      env,
    }),
  );
  say("\n== ffi/");
  outcomes.push(await runCargoTests(`${ROOT}ffi`));
  return addOutcomes(outcomes);
}

const outcome = await runAll();
say("");
say(
  "skipped: tests/cluster: real nodes and guests take minutes: `deno task test:cluster` runs them",
);
Deno.stdout.writeSync(new TextEncoder().encode(`${closingLines(outcome).join("\n")}\n`));
if (outcome.failed > 0) Deno.exit(1);
