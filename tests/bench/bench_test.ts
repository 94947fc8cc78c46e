import assert from "node:assert/strict";
import { nativeParts, whyNoNativeParts } from "../../src/hypervisor/testing/native_parts.ts";
import { SKIP_NOTE, TEST_KUBECONFIG } from "../../src/kube/testing/real_server.ts";
import { runCommand } from "../toolchain/run_command.ts";
import type { Row } from "./report.ts";

const PROGRAM = new URL("./run.ts", import.meta.url).pathname;
const SCALE = "0.05";
const TIMEOUT_MS = 10 * 60_000;

/**
 * Far beyond what any machine shows: a figure outside of it was not measured. By measure of the goals, in the row's unit.
 * Growth is below zero when memory was given back meanwhile, by a lot when it is shared out among a few guests.
 */
const SANE: Readonly<Record<string, [least: number, most: number]>> = {
  ADM: [0.01, 60_000],
  API: [0.01, 100_000],
  MEM: [1, 10_000],
  P1: [0, 60],
  P2: [0, 10_000],
  P3: [-50_000, 50_000],
  P4: [0, 120_000],
  P6: [-50_000, 50_000],
  P7: [0.01, 2_000],
  P9: [1, 120_000],
  P14: [1, 60_000],
  S1: [1, 600_000],
};

Deno.test({
  name: `deno task bench measures every row, in a small form${SKIP_NOTE}`,
  // It starts a control plane of its own; the variable says that this machine can.
  ignore: TEST_KUBECONFIG === undefined || whyNoNativeParts() !== undefined,
  async fn() {
    const text = await runCommand(
      [
        Deno.execPath(),
        "run",
        "--no-check",
        "--allow-all",
        PROGRAM,
        "-o",
        "json",
        "--scale",
        SCALE,
      ],
      {
        env: { DENOVIRT_NATIVE_DIRECTORY: nativeParts() },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      },
    );
    const { rows } = JSON.parse(text) as { rows: (Row & { met?: boolean })[] };
    assert.deepEqual([...new Set(rows.map(({ id }) => id))].sort(), Object.keys(SANE).sort());
    for (const { id, measure, ours, reference, aim, met } of rows) {
      const [least, most] = SANE[id] ?? [0, 0];
      for (const value of reference === undefined ? [ours] : [ours, reference]) {
        assert.ok(value >= least && value <= most, `${id} ${measure}: got ${value}`);
      }
      assert.equal(met === undefined, aim === undefined, `${id} ${measure}: met`);
    }
  },
});
