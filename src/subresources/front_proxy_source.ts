/** The front proxy's settings as they are published now; followed by a watch. */
import type { KubeClient } from "../kube/client.ts";
import { CONFIG_MAPS } from "../kube/core_resources.ts";
import { Informer } from "../runtime/informer.ts";
import type { Logger } from "../runtime/log.ts";
import {
  FRONT_PROXY_CONFIG,
  type FrontProxy,
  type FrontProxyConfigMap,
  readFrontProxy,
} from "./front_proxy.ts";

const NOBODY: FrontProxy = readFrontProxy(undefined);

export class FrontProxySource {
  readonly #informer: Informer<FrontProxyConfigMap>;
  readonly #logger: Logger;
  #current = NOBODY;

  constructor(options: { client: KubeClient; logger: Logger; onChange: () => void }) {
    const { namespace, name } = FRONT_PROXY_CONFIG;
    this.#logger = options.logger;
    this.#informer = new Informer({
      client: options.client,
      logger: options.logger,
      resource: CONFIG_MAPS,
      namespace,
      fieldSelector: `metadata.name=${name}`,
    });
    this.#informer.addHandler((change) => {
      this.#current = this.#read(change.new);
      options.onChange();
    });
  }

  get current(): FrontProxy {
    return this.#current;
  }

  /** Resolves when the settings were read once. */
  async ready(signal: AbortSignal): Promise<void> {
    await this.#informer.waitForSync(signal);
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#informer.run(signal);
  }

  #read(configMap: FrontProxyConfigMap | undefined): FrontProxy {
    try {
      return readFrontProxy(configMap);
    } catch (error) {
      this.#logger.error("front proxy settings are unreadable: nobody is believed", { error });
      return NOBODY;
    }
  }
}
