import { type Clock, sleep } from "../../runtime/clock.ts";
import type { Logger } from "../../runtime/log.ts";
import { type NodeDevice, NodeDeviceProbe } from "./node_device.ts";
import { PluginServer } from "./plugin_server.ts";
import { API_VERSION, KUBELET_SOCKET } from "./protocol.ts";
import { registerPlugin } from "./registration.ts";

export interface DevicePluginOptions {
  device: NodeDevice;
  /** The kubelet's directory of device plugins. */
  directory: string;
  clock: Clock;
  log: Logger;
}

/** Slots of a device: as many as nobody runs guests on one node. */
const SLOTS = 1_000;
/** How often the device, the sockets and the kubelet's attention are looked at, whatever was heard of them. */
export const CHECK_INTERVAL_MS = 5_000;

/**
 * Keeps one device on offer. Each check compares what is with what ought to be and does what is missing:
 *
 *   device never seen usable                     -> nothing: the node does not have the resource
 *   not serving, or the socket was removed       -> serve anew
 *   another kubelet.sock than at the last time,
 *   or nobody has followed the list since then   -> register
 *   device came or went                          -> the slots are healthy or not
 */
export class DevicePlugin {
  readonly #options: DevicePluginOptions;
  readonly #name: string;
  readonly #probe: NodeDeviceProbe;
  readonly #log: Logger;
  #server: PluginServer | undefined;
  /** The kubelet that was registered with, by its socket. */
  #kubelet = "";
  #registeredAtMs = 0;
  #why: string | undefined = "";
  #hasFailed = false;
  #woken = new AbortController();

  constructor(options: DevicePluginOptions) {
    this.#options = options;
    this.#name = options.device.resource.replace(/^.*\//, "");
    this.#probe = new NodeDeviceProbe(options.device);
    this.#log = options.log.with({ resource: options.device.resource });
  }

  /** Something has changed in the directory: have a look now. */
  wake(): void {
    this.#woken.abort();
  }

  /** Until the signal aborts; then the slots go. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      this.#woken = new AbortController();
      const sleeping = AbortSignal.any([signal, this.#woken.signal]);
      try {
        await this.check();
        this.#hasFailed = false;
      } catch (error) {
        // Told once: a kubelet that is down leaves its socket behind.
        if (!this.#hasFailed) this.#log.warn("offering a device failed", { error });
        this.#hasFailed = true;
      }
      await sleep(clock, CHECK_INTERVAL_MS, sleeping);
    }
    await this.stop();
  }

  /** One look, and what follows from it. */
  async check(): Promise<void> {
    const why = await this.#probe.look();
    this.#tell(why);
    if (this.#server === undefined && why !== undefined) return;
    this.#server?.setHealthy(why === undefined);
    await this.#serve(why === undefined);
    await this.#register();
  }

  async stop(): Promise<void> {
    try {
      await this.#server?.[Symbol.asyncDispose]();
    } catch (error) {
      this.#log.warn("withdrawing a device failed", { error });
    }
    this.#server = undefined;
    this.#kubelet = "";
  }

  async #serve(healthy: boolean): Promise<void> {
    if (await this.#server?.isReachable()) return;
    await this.stop();
    const { device, directory } = this.#options;
    // Without the directory there is no kubelet that could be told.
    if (!await exists(directory)) return;
    this.#server = await PluginServer.start({
      socket: `${directory}/${this.#endpoint}`,
      device: device.path,
      ids: Array.from({ length: SLOTS }, (_, slot) => `${this.#name}${slot}`),
      healthy,
    });
  }

  async #register(): Promise<void> {
    const { clock, device: { resource }, directory } = this.#options;
    if (this.#server === undefined) return;
    const socket = `${directory}/${KUBELET_SOCKET}`;
    const kubelet = await identityOf(socket);
    if (kubelet === "") return;
    const waitedMs = clock.monotonicMs() - this.#registeredAtMs;
    const isHeard = this.#server.followers > 0 || waitedMs < CHECK_INTERVAL_MS;
    if (kubelet === this.#kubelet && isHeard) return;
    this.#kubelet = "";
    const endpoint = this.#endpoint;
    await registerPlugin(socket, { version: API_VERSION, endpoint, resource_name: resource });
    this.#kubelet = kubelet;
    this.#registeredAtMs = clock.monotonicMs();
    this.#log.info("registered a device with the kubelet");
  }

  get #endpoint(): string {
    return `denovirt-${this.#name}.sock`;
  }

  #tell(why: string | undefined): void {
    if (why === this.#why) return;
    this.#why = why;
    if (why === undefined) this.#log.info("device is usable");
    else this.#log.warn("device is not usable", { why });
  }
}

/** Changes when the kubelet makes its socket anew; empty without one. */
async function identityOf(path: string): Promise<string> {
  try {
    const { ino, ctime } = await Deno.lstat(path);
    return `${ino}/${ctime?.getTime()}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return await identityOf(path) !== "";
}
