/**
 * The suite of API behaviour on the real kube-apiserver and on the embedded one: answers are compared field by field. What
 * may differ is listed here, each with its reason; anything else is a mistake of the embedded server.
 */
import assert from "node:assert/strict";
import { kubeconfigConnection } from "../../src/kube/connection.ts";
import { FetchClient } from "../../src/kube/fetch_client.ts";
import { SKIP_NOTE, TEST_KUBECONFIG } from "../../src/kube/testing/real_server.ts";
import { Cluster } from "../cluster/cluster.ts";
import { API_CASES } from "./api_suite.ts";
import type { ApiCase } from "./api_suite/api_case.ts";
import { openEmbedded } from "./api_suite/embedded_subject.ts";
import { ApiCaseRunner } from "./api_suite/run_api_case.ts";
import { installAllCrds } from "./install_crds.ts";

/** Cases at the same time: both servers wait for disks most of it. */
const AT_ONCE = 4;

/** Done on the real server, its collector knows our kinds. */
const COLLECTED = "garbage collection: what is owned goes after its owner";

/** Paths into the answers of a case, or of all, that may differ. */
interface Allowance {
  reason: string;
  /** Absent: of every case. */
  cases?: RegExp;
  paths: RegExp;
}

const ALLOWED: readonly Allowance[] = [
  {
    reason: "reviews are answered and forgotten: nobody owns their fields",
    cases: /^access: an administrator may$/,
    paths: /managedFields/,
  },
  {
    reason: "the real server lists conflicts in the order of a Go map",
    cases: /^apply: all conflicts are told$/,
    paths: /details\/causes/,
  },
  {
    reason: "how many families of addresses there are is the cluster's; here there is IPv4",
    paths: /spec\/(ipFamilies|ipFamilyPolicy)/,
  },
  {
    reason:
      "claims are not protected by a finalizer: the volume of a pod in use stays with its pod",
    cases: /^claim: /,
    paths: /metadata\/finalizers/,
  },
  {
    reason: "the real server adds a diff of Go structures to the text",
    cases: /^(claim|pod): its spec stays$/,
    paths: /\/(message)$/,
  },
  {
    reason: "the real server lists kinds of a group in the order of a Go map",
    cases: /^discovery: resources of a group version$/,
    paths: /body\/resources/,
  },
  {
    reason: "the collector of the real server has often not looked yet",
    cases: /^garbage collection: in the foreground the owner waits/,
    paths: /metadata\/(generation|deletionTimestamp|deletionGracePeriodSeconds)/,
  },
  {
    reason: "columns of core kinds are not described: kubectl does not show it",
    cases: /^(get|service): /,
    paths: /columnDefinitions\/\d+\/description/,
  },
  {
    reason: "the real server records a scale without its time; here it is an update like any other",
    cases: /scale/,
    paths: /metadata\/managedFields/,
  },
  {
    reason: "the refused document is quoted in another order of its members",
    cases: /^merge patch: unknown fields are refused when asked$/,
    paths: /\/message$/,
  },
  {
    reason: "who writes a pod's podIP writes its podIPs too",
    cases: /^pod: status is written beside it$/,
    paths: /podIPs/,
  },
  {
    reason: "the text names the oldest version that the server still has",
    cases: /^watch: a version that is long gone$/,
    paths: /object\/message/,
  },
];

Deno.test({
  name: `api suite: the embedded server answers as the real one does${SKIP_NOTE}`,
  ignore: TEST_KUBECONFIG === undefined,
  async fn() {
    // Of its own: what cases leave would be work for the controllers of other tests.
    await using cluster = await Cluster.start({ nodes: 0 });
    const connection = await kubeconfigConnection(cluster.kubeconfigPath);
    using client = new FetchClient({ connection, userAgent: "suite/1" });
    await installAllCrds(client);
    await using subject = await openEmbedded();
    using real = new ApiCaseRunner({ connection });
    using embedded = new ApiCaseRunner(subject);
    // A garbage collector learns of new kinds twice a minute, and until then takes orphans for left behind.
    for (const each of API_CASES.filter(({ name }) => name === COLLECTED)) await real.run(each);
    const mistakes: string[] = [];
    const queue = [...API_CASES];
    const work = async () => {
      for (let each = queue.shift(); each !== undefined; each = queue.shift()) {
        mistakes.push(...await compare(each, { real, embedded }));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    assert.deepEqual(mistakes, []);
  },
});

async function compare(
  apiCase: ApiCase,
  { real, embedded }: { real: ApiCaseRunner; embedded: ApiCaseRunner },
): Promise<string[]> {
  const [theirs, ours] = await Promise.allSettled([real.run(apiCase), embedded.run(apiCase)]);
  if (theirs.status === "rejected") throw theirs.reason;
  if (ours.status === "rejected") return [`${apiCase.name}: ${ours.reason}`];
  return differences(theirs.value, ours.value, "")
    .filter(({ path }) => !isAllowed(apiCase.name, path))
    .map(({ path, text }) => `${apiCase.name}: ${path}: ${text}`);
}

function isAllowed(name: string, path: string): boolean {
  return ALLOWED.some(({ cases, paths }) => (cases?.test(name) ?? true) && paths.test(path));
}

interface Difference {
  path: string;
  text: string;
}

function differences(real: unknown, embedded: unknown, path: string): Difference[] {
  if (real === embedded) return [];
  if (!areAlike(real, embedded)) {
    const shown = (value: unknown) => String(JSON.stringify(value)).slice(0, 200);
    return [{ path, text: `the real server says ${shown(real)}, the embedded ${shown(embedded)}` }];
  }
  const names = new Set([...Object.keys(real), ...Object.keys(embedded as object)]);
  return [...names].flatMap((name) =>
    differences(real[name], (embedded as Record<string, unknown>)[name], `${path}/${name}`)
  );
}

function areAlike(
  a: unknown,
  b: unknown,
): a is Record<string, unknown> {
  const objects = typeof a === "object" && a !== null && typeof b === "object" && b !== null;
  return objects && Array.isArray(a) === Array.isArray(b);
}
