/** The name server of this machine's guests, from what the API has. */
import type { Pod } from "../../../resources/core_objects.ts";
import type { Informer } from "../../../runtime/informer.ts";
import type { Logger } from "../../../runtime/log.ts";
import { gatewayOf } from "../../ipv4_range.ts";
import { nft } from "../network/apply_machine_network.ts";
import { type MachineNetwork, NAME_PORT, renderNamesFallback } from "../network/machine_network.ts";
import { resolvConfForPods, resolvConfOfMachine } from "../resolv_conf.ts";
import type { LocalService } from "../services/world.ts";
import { NameServer } from "./name_server.ts";
import { Zone } from "./zone.ts";

export interface GuestNamesOptions {
  network: MachineNetwork;
  services: Informer<LocalService>;
  pods: Informer<Pod>;
  logger: Logger;
}

/**
 * Answers guests for as long as it is held. Guests go on without this process: then the machine's own name server answers in
 * its place, as long as it has one that guests reach.
 */
export class GuestNames implements AsyncDisposable {
  readonly #options: GuestNamesOptions;
  readonly #server: NameServer | undefined;

  private constructor(options: GuestNamesOptions, server: NameServer | undefined) {
    this.#options = options;
    this.#server = server;
  }

  /** On the machine's address of the guests' network, which must be there. */
  static async open(options: GuestNamesOptions): Promise<GuestNames> {
    const { logger, network } = options;
    const address = gatewayOf(network.range);
    const zones = zonesOf(options);
    try {
      const server = await NameServer.listen({
        listen: { address, port: NAME_PORT },
        zone: zones,
        upstream: async () => {
          const { nameservers } = await resolvConfOfMachine();
          return nameservers.filter((each) => each !== address)
            .map((each) => ({ address: each, port: NAME_PORT }));
        },
      });
      return new GuestNames(options, server);
    } catch (error) {
      const fields = { address: `${address}:${NAME_PORT}`, error };
      logger.warn("guests have no names of Services: the port is needed", fields);
      return new GuestNames(options, undefined);
    }
  }

  /** For /etc/resolv.conf; `undefined`: somebody else has the port, and guests have the machine's own name servers. */
  get address(): string | undefined {
    return this.#server && gatewayOf(this.#options.network.range);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server === undefined) return;
    await this.#server[Symbol.asyncDispose]();
    const { logger, network } = this.#options;
    const [reachable] = (await resolvConfForPods()).nameservers;
    if (reachable === undefined) return;
    await nft(renderNamesFallback(network, reachable))
      .catch((error) => logger.warn("guests have no name server meanwhile", { error }));
  }
}

/** Made anew when it is asked for and something has changed; `undefined` until everything is known. */
function zonesOf({ network, pods, services }: GuestNamesOptions): () => Zone | undefined {
  let zone: Zone | undefined;
  for (const informer of [pods, services]) informer.addHandler(() => zone = undefined);
  return () => {
    if (!pods.hasSynced || !services.hasSynced) return undefined;
    return zone ??= new Zone({
      services: services.list(),
      pods: pods.list(),
      podRange: network.range,
      serviceRange: network.serviceRange,
    });
  };
}
