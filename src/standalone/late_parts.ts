/**
 * The parts of the API server that most of the program is needed for: the schemas of our kinds, what admits their objects, and
 * the aggregated API. The server has them from the beginning, and they can be used once they are loaded.
 */
import {
  customResourceDefinition,
  type StructuralSchema,
} from "../api/custom_resource_definition.ts";
import { type CustomResource, SERVED_RESOURCES } from "../api/registry.ts";
import type { FetchClient } from "../kube/fetch_client.ts";
import type { CustomResourceDefinition } from "./apiserver/kinds/custom_kind.ts";
import type { Components } from "./components.ts";
import { InProcessAdmission } from "./control_plane/in_process_admission.ts";
import { InProcessSubresources } from "./control_plane/in_process_subresources.ts";
import type { StandaloneOptions } from "./standalone.ts";

export class LateParts {
  readonly admission = new InProcessAdmission();
  readonly subresources = new InProcessSubresources();
  readonly #loaded = Promise.withResolvers<void>();
  #schemaOf: ((resource: CustomResource) => StructuralSchema) | undefined;

  constructor() {
    // Who loads is told as well.
    this.#loaded.promise.catch(() => {});
  }

  get loaded(): Promise<void> {
    return this.#loaded.promise;
  }

  /** Of the kinds that something acts on. Their schemas throw before they are loaded. */
  definitions(): CustomResourceDefinition[] {
    return SERVED_RESOURCES.map((resource) =>
      customResourceDefinition(resource, () => {
        if (this.#schemaOf !== undefined) return this.#schemaOf(resource);
        throw new Error(`Cannot read the schema of ${resource.kind}: it is not loaded yet`);
      }) as unknown as CustomResourceDefinition
    );
  }

  /** They are not used before {@link open}. */
  async load(options: StandaloneOptions, client: FetchClient): Promise<Components> {
    try {
      const [{ Components }, { SCHEMAS }, { structuralSchema }] = await Promise.all([
        import("./components.ts"),
        import("../api/schemas.ts"),
        import("../api/crd.ts"),
      ]);
      const schemas = new Map(SCHEMAS);
      this.#schemaOf = (resource) => structuralSchema(schemas.get(resource)!);
      const components = new Components(options, client);
      this.admission.use(components.controlPlane.admission);
      this.subresources.use(components.controlPlane.subresources);
      return components;
    } catch (error) {
      this.#loaded.reject(error);
      throw error;
    }
  }

  /** What waits for them goes on. */
  open(): void {
    this.#loaded.resolve();
  }

  /** Nothing will be loaded any more. */
  [Symbol.dispose](): void {
    this.#loaded.reject(new Error("Cannot answer: the server stops"));
  }
}
