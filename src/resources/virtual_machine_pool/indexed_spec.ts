/** The template's spec for one machine: names that are each machine's own get its index appended. */
import type { VirtualMachinePoolSpec } from "../../api/pool.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { Volume } from "../../api/volume.ts";

type Named = { name?: string | undefined } | undefined;

/** A copy. Without an index, for a machine that was not named by the pool, names stay as they are. */
export function indexedSpec(
  { virtualMachineTemplate, nameGeneration = {} }: VirtualMachinePoolSpec,
  index: number | undefined,
): VirtualMachine["spec"] {
  const empty = { template: { spec: { domain: { devices: {} } } } };
  const spec = structuredClone<VirtualMachine["spec"]>(virtualMachineTemplate.spec ?? empty);
  if (index === undefined) return spec;
  const volumes = spec.template.spec?.volumes ?? [];
  const ownDisks = new Set<string>();
  for (const template of spec.dataVolumeTemplates ?? []) {
    const { metadata } = template ?? {};
    if (metadata?.name === undefined) continue;
    ownDisks.add(metadata.name);
    append(metadata, index);
  }
  for (const volume of volumes) {
    if (ownDisks.has(volume.dataVolume?.name ?? "")) append(volume.dataVolume, index);
    const { persistentVolumeClaim: claim } = volume;
    if (claim !== undefined && ownDisks.has(claim.claimName)) claim.claimName += `-${index}`;
    if (nameGeneration.appendIndexToConfigMapRefs === true) indexConfigMaps(volume, index);
    if (nameGeneration.appendIndexToSecretRefs === true) indexSecrets(volume, index);
  }
  return spec;
}

function indexConfigMaps(volume: Volume, index: number): void {
  append(volume.configMap, index);
  append(volume.sysprep?.configMap, index);
}

function indexSecrets(volume: Volume, index: number): void {
  const { secret } = volume;
  if (secret?.secretName) secret.secretName += `-${index}`;
  for (const cloudInit of [volume.cloudInitNoCloud, volume.cloudInitConfigDrive]) {
    append(cloudInit?.secretRef, index);
    append(cloudInit?.networkDataSecretRef, index);
  }
  append(volume.sysprep?.secret, index);
}

function append(reference: Named, index: number): void {
  if (reference?.name) reference.name += `-${index}`;
}
