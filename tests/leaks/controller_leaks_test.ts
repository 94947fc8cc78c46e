import assert from "node:assert/strict";
import { SKIP_NOTE, TEST_KUBECONFIG } from "../../src/kube/testing/real_server.ts";
import { measureControllerLeaks } from "./controller_leaks.ts";
import { leaksIn, SHORT } from "./limits.ts";

/** `deno task test:leaks` runs hundreds. */
const ROUNDS = 6;
const LIVES_PER_ROUND = 10;

Deno.test({
  name: `the controller's memory is as it was after ${
    ROUNDS * LIVES_PER_ROUND
  } VMs lived${SKIP_NOTE}`,
  ignore: TEST_KUBECONFIG === undefined,
  async fn() {
    const measured = await measureControllerLeaks({
      rounds: ROUNDS,
      livesPerRound: LIVES_PER_ROUND,
      kubeconfig: TEST_KUBECONFIG ?? "",
    });
    assert.deepEqual(leaksIn(measured, SHORT), []);
  },
});
