/** X.509 on WebCrypto: keys, authorities, leaves and signing requests, all ECDSA P-256. */
import "reflect-metadata"; // tsyringe, beneath @peculiar/x509, refuses to load without it
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  type PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

const KEY_ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNING_ALGORITHM = { name: "ECDSA", hash: "SHA-256" } as const;
/** Clocks of two machines may differ by this much before a fresh certificate is refused. */
export const CLOCK_SKEW_MS = 5 * 60_000;
/** RFC 5280 allows 20 octets; 16 random ones never repeat. */
const SERIAL_NUMBER_BYTES = 16;

/** A certificate and its private key, as PEM. */
export interface KeyPairPem {
  certificate: string;
  key: string;
}

/** Names a certificate is valid for. */
export interface SubjectAlternativeNames {
  dns?: readonly string[];
  ip?: readonly string[];
}

/** When a certificate is valid. */
export interface Validity {
  notBefore: Date;
  notAfter: Date;
}

export interface LeafRequest {
  commonName: string;
  /** Kubernetes reads the groups of a client certificate here. */
  organization?: string;
  usage: "server" | "client";
  names?: SubjectAlternativeNames;
  validity: Validity;
}

/** What a PEM certificate says, without a judgement on who signed it. */
export interface CertificateFacts {
  commonName: string;
  subject: string;
  issuer: string;
  notBefore: Date;
  notAfter: Date;
  names: Required<SubjectAlternativeNames>;
}

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

/** Makes a self-signed authority. @param subject common name, or a whole distinguished name with "=" in it */
export async function createAuthority(
  subject: string,
  validity: Validity,
): Promise<KeyPairPem> {
  const keys = await generateKeyPair();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: randomSerialNumber(),
    name: subject.includes("=") ? subject : commonNameOnly(subject),
    keys,
    signingAlgorithm: SIGNING_ALGORITHM,
    notBefore: validity.notBefore,
    notAfter: validity.notAfter,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString("pem"), key: await privateKeyPem(keys.privateKey) };
}

/** Issues a leaf with a key of its own. */
export async function issueLeaf(
  authority: KeyPairPem,
  request: LeafRequest,
): Promise<KeyPairPem> {
  const keys = await generateKeyPair();
  return {
    certificate: await signLeaf(authority, { ...request, publicKey: keys.publicKey }),
    key: await privateKeyPem(keys.privateKey),
  };
}

/** Signs the key of a request. What goes into the certificate is what the caller says, not what the request asked for. */
export async function signSigningRequest(
  authority: KeyPairPem,
  options: LeafRequest & { signingRequest: string },
): Promise<string> {
  const request = new Pkcs10CertificateRequest(options.signingRequest);
  return await signLeaf(authority, { ...options, publicKey: request.publicKey });
}

/** Makes a signing request for a key. */
export async function createSigningRequest(
  keys: CryptoKeyPair,
  options: { commonName: string; names: SubjectAlternativeNames },
): Promise<string> {
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: commonNameOnly(options.commonName),
    keys,
    signingAlgorithm: SIGNING_ALGORITHM,
    extensions: [new SubjectAlternativeNameExtension(generalNames(options.names))],
  });
  return request.toString("pem");
}

/** Reads a certificate. Throws a TypeError when the text is not one. */
export function readCertificate(pem: string): CertificateFacts {
  const certificate = parseCertificate(pem);
  return {
    commonName: certificate.subjectName.getField("CN")[0] ?? "",
    subject: certificate.subject,
    issuer: certificate.issuer,
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    names: splitNames(certificate.getExtension(SubjectAlternativeNameExtension)).names,
  };
}

/** True when `pem` carries a signature by the key of the authority. Says nothing about time. */
export async function isSignedBy(pem: string, authorityPem: string): Promise<boolean> {
  return await parseCertificate(pem).verify({
    publicKey: parseCertificate(authorityPem),
    signatureOnly: true,
  });
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

/** The certificates of a bundle, one PEM each, in order. */
export function splitBundle(bundle: string): string[] {
  return bundle.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
}

async function signLeaf(
  authority: KeyPairPem,
  request: LeafRequest & { publicKey: CryptoKey | PublicKey },
): Promise<string> {
  const issuer = parseCertificate(authority.certificate);
  const names = generalNames(request.names ?? {});
  const usage = request.usage === "server"
    ? ExtendedKeyUsage.serverAuth
    : ExtendedKeyUsage.clientAuth;
  const certificate = await X509CertificateGenerator.create({
    serialNumber: randomSerialNumber(),
    subject: [
      ...(request.organization === undefined ? [] : [{ O: [request.organization] }]),
      { CN: [request.commonName] },
    ],
    issuer: issuer.subject,
    publicKey: request.publicKey,
    signingKey: await importPrivateKey(authority.key),
    signingAlgorithm: SIGNING_ALGORITHM,
    notBefore: request.validity.notBefore,
    notAfter: request.validity.notAfter,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([usage]),
      ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)]),
    ],
  });
  return certificate.toString("pem");
}

async function importPrivateKey(pem: string): Promise<CryptoKey> {
  const der = PemConverter.decodeFirst(pem);
  return await crypto.subtle.importKey("pkcs8", der, KEY_ALGORITHM, false, ["sign"]);
}

function parseCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new TypeError("Cannot read certificate: the text is no PEM certificate", { cause });
  }
}

function parseSigningRequest(pem: string): Pkcs10CertificateRequest {
  try {
    return new Pkcs10CertificateRequest(pem);
  } catch (cause) {
    throw new TypeError("Cannot read signing request: the text is no PEM request", { cause });
  }
}

/** As structured data, so that a comma or "=" in a name cannot add a field. */
function commonNameOnly(commonName: string): { CN: string[] }[] {
  return [{ CN: [commonName] }];
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

function randomSerialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(SERIAL_NUMBER_BYTES));
  bytes[0] = (bytes[0] ?? 0) & 0x7f | 0x40; // positive, and no leading zero octet
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
