/**
 * Which instancetype and preference a VM boots best with, as its volume's source says by labels. Followed are a claim, a
 * DataVolume (also one that is gone, by its claim's name), its template, and the claim or DataSource that either copies.
 */
import type { DataVolumeSpec } from "../../api/data_volume.ts";
import {
  DEFAULT_INSTANCETYPE_KIND_LABEL,
  DEFAULT_INSTANCETYPE_LABEL,
  DEFAULT_PREFERENCE_KIND_LABEL,
  DEFAULT_PREFERENCE_LABEL,
} from "../../api/labels.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import { type KubeClient, NotFoundError, type Resource } from "../../kube/client.ts";
import { DATA_SOURCES, DATA_VOLUMES, PERSISTENT_VOLUME_CLAIMS } from "../../kube/core_resources.ts";
import type { KubeObject } from "../../kube/object.ts";
import type { MatcherField } from "./matcher.ts";

/** What stands in the place of the matcher; or why nothing does. */
export type Inference =
  | { name: string; kind: string | undefined }
  /** `ignorable`: the source is there and says nothing, which a matcher may put up with. */
  | { why: string; ignorable: boolean };

/** `undefined`: the matcher infers nothing. */
export type Inferences = { [Field in MatcherField]?: Inference | undefined };

const LABELS: Readonly<Record<MatcherField, { name: string; kind: string }>> = {
  instancetype: { name: DEFAULT_INSTANCETYPE_LABEL, kind: DEFAULT_INSTANCETYPE_KIND_LABEL },
  preference: { name: DEFAULT_PREFERENCE_LABEL, kind: DEFAULT_PREFERENCE_KIND_LABEL },
};

interface DataVolume extends KubeObject {
  spec?: DataVolumeSpec;
}

interface DataSource extends KubeObject {
  spec?: { source?: { pvc?: { name: string; namespace: string } } };
}

/** Throws when the API server cannot tell. */
export async function inferMatchers(
  client: Pick<KubeClient, "get">,
  vm: VirtualMachine,
  signal: AbortSignal,
): Promise<Inferences> {
  const inferences: Inferences = {};
  for (const field of ["instancetype", "preference"] as const) {
    const volume = vm.spec[field]?.inferFromVolume;
    if (volume) inferences[field] = await new Inferrer({ client, vm, field, signal }).infer(volume);
  }
  return inferences;
}

class Inferrer {
  readonly #client: Pick<KubeClient, "get">;
  readonly #vm: VirtualMachine;
  readonly #field: MatcherField;
  readonly #signal: AbortSignal;

  constructor(
    { client, vm, field, signal }: {
      client: Pick<KubeClient, "get">;
      vm: VirtualMachine;
      field: MatcherField;
      signal: AbortSignal;
    },
  ) {
    this.#client = client;
    this.#vm = vm;
    this.#field = field;
    this.#signal = signal;
  }

  async infer(volumeName: string): Promise<Inference> {
    const volumes = this.#vm.spec.template.spec?.volumes ?? [];
    const volume = volumes.find(({ name }) => name === volumeName);
    const { namespace } = this.#vm.metadata;
    if (volume === undefined) return fatal(`unable to find volume ${volumeName} to infer defaults`);
    const claim = volume.persistentVolumeClaim;
    if (claim !== undefined) return await this.#ofClaim(claim.claimName, namespace);
    if (volume.dataVolume !== undefined) return await this.#ofDataVolume(volume.dataVolume.name);
    return ignorable(
      `unable to infer defaults from volume ${volumeName} as type is not supported`,
    );
  }

  async #ofClaim(name: string, namespace: string | undefined): Promise<Inference> {
    const claim = await this.#get(PERSISTENT_VOLUME_CLAIMS, name, namespace);
    if (claim === undefined) return fatal(`persistentvolumeclaims "${name}" not found`);
    return this.#ofLabels(claim);
  }

  async #ofDataVolume(name: string): Promise<Inference> {
    const { namespace } = this.#vm.metadata;
    const template = (this.#vm.spec.dataVolumeTemplates ?? [])
      .find((each) => each?.metadata?.name === name);
    if (template) return await this.#ofSource(template.spec);
    const dataVolume = await this.#get<DataVolume>(DATA_VOLUMES, name, namespace);
    if (dataVolume === undefined) return await this.#ofClaim(name, namespace);
    const own = this.#ofLabels(dataVolume);
    return "name" in own ? own : await this.#ofSource(dataVolume.spec);
  }

  async #ofSource(spec: DataVolumeSpec | undefined): Promise<Inference> {
    const claim = spec?.source?.pvc;
    if (claim !== undefined) return await this.#ofClaim(claim.name, claim.namespace);
    const reference = spec?.sourceRef;
    if (reference === undefined) {
      return ignorable(
        "unable to infer defaults from DataVolumeSpec as DataVolumeSource is not supported",
      );
    }
    if (reference.kind !== "DataSource") {
      const why = `as Kind ${reference.kind} is not supported`;
      return ignorable(`unable to infer defaults from DataVolumeSourceRef ${why}`);
    }
    const namespace = reference.namespace ?? this.#vm.metadata.namespace;
    return await this.#ofDataSource(reference.name, namespace);
  }

  async #ofDataSource(name: string, namespace: string | undefined): Promise<Inference> {
    const dataSource = await this.#get<DataSource>(DATA_SOURCES, name, namespace);
    if (dataSource === undefined) return fatal(`datasources.cdi.kubevirt.io "${name}" not found`);
    const own = this.#ofLabels(dataSource);
    if ("name" in own) return own;
    const claim = dataSource.spec?.source?.pvc;
    if (claim !== undefined) return await this.#ofClaim(claim.name, claim.namespace);
    const why = "that doesn't provide DataVolumeSourcePVC";
    return ignorable(`unable to infer defaults from DataSource ${why}`);
  }

  #ofLabels({ metadata: { labels = {} } }: KubeObject): Inference {
    const label = LABELS[this.#field];
    const name = labels[label.name];
    if (name) return { name, kind: labels[label.kind] };
    return ignorable(`unable to find required ${label.name} label on the volume`);
  }

  /** Without the importer's definitions there are none of its objects. */
  async #get<T extends KubeObject>(
    resource: Resource,
    name: string,
    namespace: string | undefined,
  ): Promise<T | undefined> {
    const key = namespace === undefined ? { name } : { namespace, name };
    try {
      return await this.#client.get<T>(resource, key, { signal: this.#signal });
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
  }
}

function ignorable(why: string): Inference {
  return { why, ignorable: true };
}

function fatal(why: string): Inference {
  return { why, ignorable: false };
}
