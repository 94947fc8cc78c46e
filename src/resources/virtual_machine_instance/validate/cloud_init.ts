/** Cloud-init sources: one of each kind of data, and not more inline than fits. */
import type { CloudInitNoCloudSource } from "../../../api/cloud_init.ts";
import { type Cause, invalid } from "../../cause.ts";
import { countPresent } from "./names.ts";

/** As upstream: objects are kept in etcd, and a Secret is the place for more. */
export const INLINE_BYTES_MAX = 2048;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

interface DataKind {
  /** "userdata", as in messages. */
  name: string;
  plain: [field: string, value: string | undefined];
  base64: [field: string, value: string | undefined];
  secretRef: unknown;
  secretRefName: string;
}

/** NoCloud and ConfigDrive have the same fields. */
export function validateCloudInit(
  source: CloudInitNoCloudSource | undefined,
  field: string,
): Cause[] {
  if (source === undefined) return [];
  const user: DataKind = {
    name: "userdata",
    plain: [`${field}.userData`, source.userData || undefined],
    base64: [`${field}.userDataBase64`, source.userDataBase64 || undefined],
    secretRef: source.secretRef,
    secretRefName: "UserDataSecretRef",
  };
  const network: DataKind = {
    name: "networkdata",
    plain: [`${field}.networkData`, source.networkData || undefined],
    base64: [`${field}.networkDataBase64`, source.networkDataBase64 || undefined],
    secretRef: source.networkDataSecretRef,
    secretRefName: "NetworkDataSecretRef",
  };
  const missing = sourceCount(user) + sourceCount(network) === 0
    ? [
      invalid(
        field,
        `${field} must have at least one userdatasource or one networkdatasource set.`,
      ),
    ]
    : [];
  return [...missing, ...dataCauses(user, field), ...dataCauses(network, field)];
}

function sourceCount(kind: DataKind): number {
  return countPresent(kind.plain[1], kind.base64[1], kind.secretRef);
}

function dataCauses(kind: DataKind, field: string): Cause[] {
  const causes: Cause[] = [];
  if (sourceCount(kind) > 1) {
    causes.push(invalid(field, `${field} must have only one ${kind.name} source set.`));
  }
  const [plainField, plain] = kind.plain;
  if (plain !== undefined && new TextEncoder().encode(plain).length > INLINE_BYTES_MAX) {
    causes.push(tooLong(plainField, kind));
  }
  const [base64Field, base64] = kind.base64;
  if (base64 === undefined) return causes;
  if (!BASE64.test(base64)) {
    causes.push(invalid(base64Field, `${base64Field} is not a valid base64 value.`));
  } else if (decodedLength(base64) > INLINE_BYTES_MAX) causes.push(tooLong(base64Field, kind));
  return causes;
}

function tooLong(field: string, kind: DataKind): Cause {
  const message = `${field} ${kind.name} exceeds ${INLINE_BYTES_MAX} byte limit. ` +
    `Should use ${kind.secretRefName} for larger data.`;
  return invalid(field, message);
}

function decodedLength(base64: string): number {
  return base64.length / 4 * 3 - (base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0);
}
