/** Figures of `denovirt-node standalone`, as rows. */
import { type CreationRate, creationRate } from "./creation_rate.ts";
import type { Row } from "./report.ts";
import { type StandaloneMemory, standaloneMemory } from "./standalone_memory.ts";
import { type StandaloneStartTimes, standaloneStartTimes } from "./standalone_start.ts";

const MIB = 1024 * 1024;
const GUESTS = 20;
const CREATING_SECONDS = 30;

export interface StandaloneFigures {
  starts: readonly StandaloneStartTimes[];
  rate: CreationRate;
  memory: StandaloneMemory;
}

export async function measureStandalone(
  nativeDirectory: string,
  scale: number,
): Promise<StandaloneFigures> {
  const guests = Math.max(2, Math.round(GUESTS * scale));
  return {
    starts: await standaloneStartTimes(nativeDirectory),
    rate: await creationRate(nativeDirectory, { seconds: CREATING_SECONDS * Math.min(1, scale) }),
    memory: await standaloneMemory(nativeDirectory, { guests, scale }),
  };
}

/** @param bareMs what an empty program takes */
export function standaloneRows(figures: StandaloneFigures, bareMs: number): Row[] {
  return [
    ...figures.starts.flatMap((start) => startRows(start, bareMs)),
    ...rateRows(figures.rate),
    ...memoryRows(figures.memory),
  ];
}

function startRows({ form, firstMs, laterMs }: StandaloneStartTimes, bareMs: number): Row[] {
  const row = (start: string, ours: number): Row => ({
    id: "P14",
    measure: `standalone, ${form}: exec -> API ready, ${start}`,
    unit: "ms",
    ours,
    reference: bareMs,
    against: "deno, an empty program",
    aim: { atMost: 300 },
  });
  return [row("first start", firstMs), row("later start", laterMs)];
}

function rateRows({ objects, perSecond, serverMs, clientMs, watches }: CreationRate): Row[] {
  const row = (measure: string, unit: string, ours: number, more: Partial<Row> = {}): Row => ({
    id: "API",
    measure: `standalone: ${measure}`,
    unit,
    ours,
    ...more,
  });
  return [
    row(`${objects} objects of 2 KB, seen in order by ${watches} watches`, "/s", perSecond, {
      aim: { atLeast: 1_000 },
    }),
    row("CPU for each of them, server", "ms", serverMs),
    row("CPU for each of them, clients and watches", "ms", clientMs),
  ];
}

function memoryRows({ guests, idle, loaded }: StandaloneMemory): Row[] {
  const row = (measure: string, bytes: number, more: Partial<Row> = {}): Row => ({
    id: "MEM",
    measure: `standalone's memory: ${measure}`,
    unit: "MiB",
    ours: bytes / MIB,
    ...more,
  });
  return [
    row("RSS, no VMs", idle.rss),
    row("private, no VMs", idle.private),
    row(`RSS, ${guests} VMs`, loaded.rss, { aim: { atMost: 120, where: `at ${GUESTS}` } }),
    row(`private, ${guests} VMs`, loaded.private),
  ];
}
