/** Where the next page of a list begins. The form is etcd3's in kube-apiserver: base64url of JSON. Pure. */
import { isObject } from "../../../kube/json.ts";
import { badRequest } from "../status_error.ts";

export interface Position {
  /** Revision of the whole list. */
  revision: number;
  /** The last key of the page before, without the collection's prefix. */
  after: string;
}

const VERSION = "meta.k8s.io/v1";
/** Sorts first among strings: the key after another one is that one and this. */
const NUL = "\0";

export function encodeContinue({ revision, after }: Position): string {
  const json = JSON.stringify({ v: VERSION, rv: revision, start: after + NUL });
  const bytes = new TextEncoder().encode(json);
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Throws a 400 for what is no token. */
export function decodeContinue(token: string): Position {
  const fail = (why: string) =>
    badRequest(`invalid continue token: continue key is not valid: ${why}`);
  let value: unknown;
  try {
    const bytes = Uint8Array.fromBase64(token, { alphabet: "base64url" });
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw fail("invalid character 'i' looking for beginning of value");
  }
  if (!isObject(value) || value.v !== VERSION) {
    throw fail("server does not recognize this encoded version");
  }
  const { rv, start } = value;
  if (typeof rv !== "number" || !Number.isSafeInteger(rv) || rv < 1) {
    throw fail("incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  }
  if (typeof start !== "string" || start === "") {
    throw fail("encoded start key empty (version meta.k8s.io/v1)");
  }
  return { revision: rv, after: start.endsWith(NUL) ? start.slice(0, -1) : start };
}
