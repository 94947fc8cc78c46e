import type { BareStart } from "./bare_qemu.ts";
import type { NodeFigures } from "./node_figures.ts";
import { percentile } from "./percentile.ts";
import type { Row } from "./report.ts";

const KIB = 1024;
const MIB = 1024 * 1024;

/** What a node costs, and a start on it. */
export function nodeRows(figures: NodeFigures): Row[] {
  return [...agentRows(figures), ...vmRows(figures), ...startRows(figures)];
}

function agentRows({ agent, guests }: NodeFigures): Row[] {
  const row = (measure: string, ours: number, more: Pick<Row, "unit" | "aim">): Row => ({
    id: "P6",
    measure: `node agent: ${measure}`,
    ours,
    ...more,
  });
  return [
    row("RSS, no guests", agent.idleBytes / MIB, { unit: "MiB" }),
    row(`RSS, ${guests} paused guests`, agent.loadedBytes / MIB, {
      unit: "MiB",
      aim: { atMost: 60, where: "at 200" },
    }),
    row("heap for each of them", agent.heapPerGuestBytes / KIB, {
      unit: "KiB",
      aim: { atMost: 50 },
    }),
  ];
}

function vmRows({ vm, bareQemuBytes, guests }: NodeFigures): Row[] {
  const row = (measure: string, bytes: number, more: Partial<Row> = {}): Row => ({
    id: "P7",
    measure: `memory of one VM of ${guests}, PSS: ${measure}`,
    unit: "MiB",
    ours: bytes / MIB,
    ...more,
  });
  const ours = vm.domainBytes + vm.envelopeBytes;
  const against = "QEMU alone with the same arguments";
  return [
    row("all but the guest's own", vm.qemuBytes + ours, {
      reference: bareQemuBytes / MIB,
      against,
      aim: { atMost: 40 },
    }),
    row("of it not QEMU", ours, { aim: { atMost: 8 } }),
    row("of that denovirt-domain with libvirt", vm.domainBytes),
    row("of that the envelopes", vm.envelopeBytes),
  ];
}

function startRows({ starts, bareStarts }: NodeFigures): Row[] {
  const row = (measure: string, pick: keyof BareStart, aim?: Row["aim"]): Row => ({
    id: "P9",
    measure: `agent accepts -> ${measure}, emulated: P50 of ${starts.length}`,
    unit: "ms",
    ours: percentile(starts.map((each) => each[pick]), 0.5),
    reference: percentile(bareStarts.map((each) => each[pick]), 0.5),
    against: "QEMU alone, from its spawn",
    ...(aim === undefined ? {} : { aim }),
  });
  return [
    row("guest's first instruction", "toFirstInstructionMs", { atMost: 1.3, times: "reference" }),
    row("guest's first byte, firmware included", "toFirstByteMs"),
  ];
}
