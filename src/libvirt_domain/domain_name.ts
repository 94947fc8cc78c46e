/** The name of a VMI's domain: what `virsh list` and QEMU's process title show. */
export function domainName(metadata: { name: string; namespace?: string | undefined }): string {
  return `${metadata.namespace ?? "default"}_${metadata.name}`;
}
