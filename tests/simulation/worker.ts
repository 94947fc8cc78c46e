/** Simulates the schedules that it is sent, in an isolate of its own: see parallel.ts. */
import { simulateAll } from "./simulation.ts";

interface Port {
  onmessage: ((event: MessageEvent<readonly number[]>) => void) | null;
  postMessage(message: unknown): void;
}

const port = globalThis as unknown as Port;

port.onmessage = async ({ data: seeds }) => {
  port.postMessage(await simulateAll(seeds));
};
