/** What this node offers to launcher pods as resources `devices.kubevirt.io/*`. */
import { type Clock, sleep } from "../../runtime/clock.ts";
import type { Logger } from "../../runtime/log.ts";
import { DevicePlugin } from "./device_plugin.ts";
import type { NodeDevice } from "./node_device.ts";

export interface DevicePluginsOptions {
  devices: readonly NodeDevice[];
  /** The kubelet's directory of device plugins. */
  directory: string;
  clock: Clock;
  log: Logger;
}

/** Before the directory is watched again, when watching it has failed. */
const WATCH_RETRY_MS = 5_000;

/** Offers the devices until the signal aborts. Never rejects. */
export async function runDevicePlugins(
  { devices, directory, clock, log }: DevicePluginsOptions,
  signal: AbortSignal,
): Promise<void> {
  const plugins = devices.map((device) => new DevicePlugin({ device, directory, clock, log }));
  const wake = () => plugins.forEach((plugin) => plugin.wake());
  await Promise.all([
    ...plugins.map((plugin) => plugin.run(signal)),
    watch({ directory, clock, log, wake }, signal),
  ]);
}

interface WatchOptions extends Omit<DevicePluginsOptions, "devices"> {
  wake: () => void;
}

/** Only to be quick: the plugins look for themselves from time to time. */
async function watch(
  { directory, clock, log, wake }: WatchOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await followChanges(directory, wake, signal);
    } catch (error) {
      log.debug("watching the directory of device plugins failed", { directory, error });
    }
    await sleep(clock, WATCH_RETRY_MS, signal);
  }
}

async function followChanges(
  directory: string,
  wake: () => void,
  signal: AbortSignal,
): Promise<void> {
  using watcher = Deno.watchFs(directory, { recursive: false });
  const stop = () => watcher.close();
  signal.addEventListener("abort", stop, { once: true });
  try {
    for await (const { kind } of watcher) {
      if (kind === "create" || kind === "remove" || kind === "rename") wake();
    }
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
