/** Credentials for guests: one kind, one source and one way into the guest each. */
import type { AccessCredential } from "../../../api/access_credential.ts";
import { type Cause, invalid } from "../../cause.ts";
import type { SpecRule, SpecSubject } from "../validate.ts";
import { countPresent } from "./names.ts";

export const ACCESS_CREDENTIAL_RULES: readonly SpecRule[] = [
  oneKind,
  sources,
  methods,
  agentUsers,
  cloudInitVolumes,
];

type CredentialRule = (credential: AccessCredential, field: string) => Cause[];

function each({ spec, field }: SpecSubject, rule: CredentialRule): Cause[] {
  return (spec.accessCredentials ?? []).flatMap((credential, index) =>
    rule(credential, `${field}.accessCredentials[${index}]`)
  );
}

const KINDS = ["sshPublicKey", "userPassword"] as const;

function oneKind(subject: SpecSubject): Cause[] {
  return each(subject, ({ sshPublicKey, userPassword }, field) => {
    if (countPresent(sshPublicKey, userPassword) === 1) return [];
    return [invalid(field, `${field} must have exactly one access credential type set`)];
  });
}

function sources(subject: SpecSubject): Cause[] {
  return each(
    subject,
    (credential, field) =>
      KINDS.filter((kind) => credential[kind] && credential[kind].source.secret === undefined)
        .map((kind) =>
          invalid(`${field}.${kind}.source`, `${field} must have exactly one source set`)
        ),
  );
}

function methods(subject: SpecSubject): Cause[] {
  return each(subject, (credential, field) =>
    KINDS.filter((kind) => {
      const method = credential[kind]?.propagationMethod;
      return method !== undefined && countPresent(...Object.values(method)) !== 1;
    }).map((kind) =>
      invalid(
        `${field}.${kind}.propagationMethod`,
        `${field} must have exactly one propagationMethod set`,
      )
    ));
}

function agentUsers(subject: SpecSubject): Cause[] {
  return each(subject, ({ sshPublicKey }, field) => {
    const users = sshPublicKey?.propagationMethod.qemuGuestAgent?.users;
    if (users === undefined || users.length > 0) return [];
    const where = `${field}.sshPublicKey.propagationMethod.qemuGuestAgent.users`;
    return [invalid(where, `${field} requires at least one user to be present in the users list`)];
  });
}

function cloudInitVolumes(subject: SpecSubject): Cause[] {
  const { volumes = [] } = subject.spec;
  const ways = [
    ["noCloud", volumes.some(({ cloudInitNoCloud }) => cloudInitNoCloud !== undefined)],
    ["configDrive", volumes.some(({ cloudInitConfigDrive }) => cloudInitConfigDrive !== undefined)],
  ] as const;
  return each(
    subject,
    ({ sshPublicKey }, field) =>
      ways.filter(([way, hasVolume]) => sshPublicKey?.propagationMethod[way] && !hasVolume)
        .map(([way]) =>
          invalid(
            `${field}.sshPublicKey.propagationMethod`,
            `${field} requires a ${way} volume to exist when the ${way} propagationMethod is in use.`,
          )
        ),
  );
}
