import { say } from "../toolchain/progress.ts";
import { ApiServer } from "./api_server.ts";
import { Cluster } from "./cluster.ts";
import { diagnostics } from "./diagnostics.ts";

/** Set by run.ts: the directory of the cluster that all files share. */
const CLUSTER_VARIABLE = "DENOVIRT_TEST_CLUSTER";

/** What a test over the cluster works with. */
export interface TestBed {
  cluster: Cluster;
  api: ApiServer;
  /** A named part of the test. The test ends with the first that fails. */
  step(name: string, work: () => Promise<void>): Promise<void>;
}

/**
 * A test over the shared cluster. When it fails, the state of the cluster is told. Ignored outside of `run.ts`, which
 * starts the cluster.
 */
export function clusterTest(name: string, run: (bed: TestBed) => Promise<void>): void {
  const directory = Deno.env.get(CLUSTER_VARIABLE);
  Deno.test({
    name,
    ignore: directory === undefined,
    fn: async (context) => {
      const cluster = await Cluster.attach(directory ?? "");
      using api = await ApiServer.connect(cluster.kubeconfigPath);
      const step = async (what: string, work: () => Promise<void>) => {
        if (!(await context.step(what, work))) throw new Error(`Step failed: ${what}`);
      };
      try {
        await run({ cluster, api, step });
      } catch (cause) {
        say(await diagnostics(cluster));
        throw cause;
      }
    },
  });
}
