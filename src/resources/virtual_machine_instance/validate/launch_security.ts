/** Encrypted guests: one kind, its feature gate, and what does not go with encryption. */
import type { LaunchSecurity } from "../../../api/launch_security.ts";
import { type Cause, forbidden, invalid } from "../../cause.ts";
import type { SpecRule, SpecSubject } from "../validate.ts";

export const LAUNCH_SECURITY_RULES: readonly SpecRule[] = [
  oneKind,
  featureGate,
  systemManagementMode,
  uefi,
  attestation,
  bootableInterfaces,
];

type Kind = "SEV" | "SNP" | "TDX";

const GATES: Readonly<Record<Kind, string>> = {
  SEV: "WorkloadEncryptionSEV",
  SNP: "WorkloadEncryptionSEV",
  TDX: "WorkloadEncryptionTDX",
};
/** Secure execution of s390x has no field of its own: an empty launchSecurity asks for it. */
const S390X = "s390x";

function kinds({ sev, snp, tdx }: LaunchSecurity): Kind[] {
  const chosen: Kind[] = [];
  if (sev !== undefined) chosen.push("SEV");
  if (snp !== undefined) chosen.push("SNP");
  if (tdx !== undefined) chosen.push("TDX");
  return chosen;
}

/** The one kind that was chosen; of none or several {@link oneKind} says enough. */
function kindOf({ spec }: SpecSubject): Kind | undefined {
  const chosen = kinds(spec.domain.launchSecurity ?? {});
  return chosen.length === 1 ? chosen[0] : undefined;
}

function at({ field }: SpecSubject): string {
  return `${field}.domain.launchSecurity`;
}

function oneKind(subject: SpecSubject): Cause[] {
  const { launchSecurity } = subject.spec.domain;
  if (launchSecurity === undefined || subject.spec.architecture === S390X) return [];
  if (kinds(launchSecurity).length === 1) return [];
  return [forbidden(at(subject), "One and only one launchSecurity type can be set")];
}

function featureGate(subject: SpecSubject): Cause[] {
  const kind = kindOf(subject);
  if (kind === undefined || subject.cluster.featureGates.includes(GATES[kind])) return [];
  return [invalid(at(subject), `${GATES[kind]} feature gate is not enabled in kubevirt-config`)];
}

function systemManagementMode(subject: SpecSubject): Cause[] {
  const smm = subject.spec.domain.features?.smm;
  if (kindOf(subject) !== "TDX" || smm === undefined || smm.enabled === false) return [];
  return [invalid(at(subject), "TDX does not work along with SMM")];
}

function uefi(subject: SpecSubject): Cause[] {
  const kind = kindOf(subject);
  if (kind === undefined) return [];
  const efi = subject.spec.domain.firmware?.bootloader?.efi;
  if (efi === undefined) return [invalid(at(subject), `${kind} requires OVMF (UEFI)`)];
  const causes: Cause[] = [];
  if (kind !== "TDX" && efi.secureBoot !== false) {
    causes.push(invalid(at(subject), `${kind} does not work along with SecureBoot`));
  }
  if (kind !== "SEV" && efi.persistent === true) {
    causes.push(invalid(at(subject), `${kind} does not work along with Persistent EFI variables`));
  }
  return causes;
}

function attestation(subject: SpecSubject): Cause[] {
  const { domain, startStrategy } = subject.spec;
  if (domain.launchSecurity?.sev?.attestation === undefined || startStrategy === "Paused") {
    return [];
  }
  return [invalid(at(subject), "SEV attestation requires VMI StartStrategy 'Paused'")];
}

function bootableInterfaces(subject: SpecSubject): Cause[] {
  const kind = kindOf(subject);
  if (kind === undefined) return [];
  return (subject.spec.domain.devices.interfaces ?? [])
    .filter(({ bootOrder }) => bootOrder !== undefined)
    .map(({ name }) => invalid(at(subject), `${kind} does not work with bootable NICs: ${name}`));
}
