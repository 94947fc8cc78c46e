import assert from "node:assert/strict";
import { nativeParts, whyNoNativeParts } from "../../src/hypervisor/testing/native_parts.ts";
import { SKIP_NOTE, TEST_KUBECONFIG } from "../../src/kube/testing/real_server.ts";
import { leaksIn, SHORT } from "./limits.ts";
import { measureNodeLeaks } from "./node_leaks.ts";

/** `deno task test:leaks` runs hundreds. */
const LIVES = 12;

Deno.test({
  name: `a node is as it was after ${LIVES} guests started and ended${SKIP_NOTE}`,
  ignore: TEST_KUBECONFIG === undefined || whyNoNativeParts() !== undefined,
  async fn() {
    const measured = await measureNodeLeaks({
      lives: LIVES,
      kubeconfig: TEST_KUBECONFIG ?? "",
      nativeDirectory: nativeParts(),
    });
    assert.deepEqual(leaksIn(measured, SHORT), []);
  },
});
