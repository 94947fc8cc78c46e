/**
 * Controller and node agent reach a real API server through a proxy that refuses (409, 410, 429, 500, 503), delays, loses
 * answers, and cuts and stalls watches, by a schedule that follows from a seed. Machines live as they do without, and what is
 * asked of the server stays within bounds.
 *
 * Two seeds by default; more with DENOVIRT_FAULTS=all; one of them again with DENOVIRT_FAULTS_SEED=<seed>:
 *
 *   DENOVIRT_FAULTS_SEED=7 deno run --allow-all tests/integration/control_plane.ts \
 *     deno test --allow-all tests/faults/controller_api_faults_test.ts
 */
import assert from "node:assert/strict";
import { SKIP_NOTE, TEST_KUBECONFIG } from "../../src/kube/testing/real_server.ts";
import { say } from "../toolchain/progress.ts";
import type { ControlBed } from "./control_bed.ts";
import type { Count } from "./fault_proxy.ts";
import { ListBook } from "./list_book.ts";
import { openProxiedBed } from "./proxied_bed.ts";
import { type LifeRecord, liveOnce } from "./vm_life.ts";

const LIVES = 3;
const SEEDS = 2;
const SEEDS_ALL = 30;
/** For each fault: what failed again, and the passes of a watch that brings everything once more. */
const REQUESTS_PER_FAULT = 8;

function seeds(): number[] {
  const one = Deno.env.get("DENOVIRT_FAULTS_SEED");
  if (one !== undefined) return [Number(one)];
  const count = Deno.env.get("DENOVIRT_FAULTS") === "all" ? SEEDS_ALL : SEEDS;
  return Array.from({ length: count }, (_, i) => i + 1);
}

async function liveAll(
  bed: ControlBed,
  prefix: string,
  expected?: LifeRecord,
): Promise<LifeRecord> {
  const names = Array.from({ length: LIVES }, (_, i) => `${prefix}-${i}`);
  const records = await Promise.all(names.map((name) => liveOnce(bed, name, expected)));
  const [first] = records;
  assert.ok(first);
  return first;
}

function total(counts: ReadonlyMap<string, Count>, field: keyof Count): number {
  return [...counts.values()].reduce((sum, count) => sum + count[field], 0);
}

Deno.test({
  name: `controller: an API server that fails in every way changes nothing in the end${SKIP_NOTE}`,
  ignore: TEST_KUBECONFIG === undefined,
  fn: async (test) => {
    await using open = await openProxiedBed(TEST_KUBECONFIG ?? "", "faulted");
    const { bed, controller, proxy } = open;
    proxy.takeCounts();
    const record = await liveAll(bed, "calm");
    const calm = proxy.takeCounts();
    const book = new ListBook();
    book.settle(calm);
    say(`without faults: ${total(calm, "requests")} requests for ${LIVES} lives`);
    for (const seed of seeds()) {
      const passed = await test.step(`seed ${seed}`, async () => {
        proxy.begin(seed);
        try {
          await liveAll(bed, `seed-${seed}`, record);
        } finally {
          proxy.calm();
        }
        const counts = proxy.takeCounts();
        const [requests, faults] = [total(counts, "requests"), total(counts, "faults")];
        const lists = `${total(counts, "lists")} lists, ${total(counts, "listsDue")} due`;
        say(`seed ${seed}: ${requests} requests, ${faults} faults, ${lists}`);
        assert.ok(faults > 0, "no fault was met");
        book.settle(counts);
        assert.ok(requests <= total(calm, "requests") + REQUESTS_PER_FAULT * faults, `${requests}`);
        assert.ok(controller.isAlive, "the controller ended");
      });
      if (!passed) {
        say(`again: DENOVIRT_FAULTS_SEED=${seed}, see the top of ${import.meta.url}`);
        return;
      }
    }
  },
});
