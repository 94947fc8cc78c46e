/** PKCS #10 signing requests. What others send is read by a library that is large and slow to load, so this is apart from x509.ts. */
import "reflect-metadata"; // tsyringe, beneath @peculiar/x509, refuses to load without it
import {
  PemConverter,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
} from "@peculiar/x509";
import {
  type KeyPairPem,
  type LeafRequest,
  signLeaf,
  type SubjectAlternativeNames,
} from "./x509.ts";

const KEY_ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNING_ALGORITHM = { name: "ECDSA", hash: "SHA-256" } as const;

/** What a PEM signing request says. {@link readSigningRequest} has checked its signature. */
export interface SigningRequestFacts {
  commonName: string;
  organizations: readonly string[];
  names: Required<SubjectAlternativeNames>;
  /** Names of any other kind (URI, e-mail) that were asked for. */
  otherNames: readonly string[];
}

/** A fresh P-256 key pair that may be exported. */
export async function generateKeyPair(): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey(KEY_ALGORITHM, true, ["sign", "verify"]);
}

/** The private key as PKCS #8 PEM. */
export async function privateKeyPem(key: CryptoKey): Promise<string> {
  return PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");
}

/** Makes a signing request for a key. */
export async function createSigningRequest(
  keys: CryptoKeyPair,
  options: { commonName: string; names: SubjectAlternativeNames },
): Promise<string> {
  const request = await Pkcs10CertificateRequestGenerator.create({
    // As structured data, so that a comma or "=" in a name cannot add a field.
    name: [{ CN: [options.commonName] }],
    keys,
    signingAlgorithm: SIGNING_ALGORITHM,
    extensions: [new SubjectAlternativeNameExtension(generalNames(options.names))],
  });
  return request.toString("pem");
}

/** Reads a signing request. Throws a TypeError when the text is not one or is not signed by its own key. */
export async function readSigningRequest(pem: string): Promise<SigningRequestFacts> {
  const request = parseSigningRequest(pem);
  if (!await request.verify()) {
    throw new TypeError("Cannot read signing request: its signature is not by its own key");
  }
  const { names, otherNames } = splitNames(
    request.extensions.find((it) => it instanceof SubjectAlternativeNameExtension),
  );
  return {
    commonName: request.subjectName.getField("CN")[0] ?? "",
    organizations: request.subjectName.getField("O"),
    names,
    otherNames,
  };
}

/** Signs the key of a request. What goes into the certificate is what the caller says, not what the request asked for. */
export function signSigningRequest(
  authority: KeyPairPem,
  options: LeafRequest & { signingRequest: string },
): string {
  const { publicKey } = parseSigningRequest(options.signingRequest);
  return signLeaf(authority, { ...options, publicKeyDer: new Uint8Array(publicKey.rawData) });
}

function parseSigningRequest(pem: string): Pkcs10CertificateRequest {
  try {
    return new Pkcs10CertificateRequest(pem);
  } catch (cause) {
    throw new TypeError("Cannot read signing request: the text is no PEM request", { cause });
  }
}

function generalNames(names: SubjectAlternativeNames): { type: "dns" | "ip"; value: string }[] {
  return [
    ...(names.dns ?? []).map((value) => ({ type: "dns" as const, value })),
    ...(names.ip ?? []).map((value) => ({ type: "ip" as const, value })),
  ];
}

function splitNames(
  extension: SubjectAlternativeNameExtension | null | undefined,
): { names: Required<SubjectAlternativeNames>; otherNames: string[] } {
  const dns: string[] = [];
  const ip: string[] = [];
  const otherNames: string[] = [];
  for (const name of extension?.names.items ?? []) {
    if (name.type === "dns") dns.push(name.value);
    else if (name.type === "ip") ip.push(name.value);
    else otherNames.push(`${name.type}:${name.value}`);
  }
  return { names: { dns, ip }, otherNames };
}
