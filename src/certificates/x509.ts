/**
 * X.509 certificates as RFC 5280 has them: authorities and leaves, all ECDSA P-256. They are of two fixed forms, written here with
 * asn1js: the library that makes certificates of any form took 0.25 s of a first start, and smaller ones lack addresses or curves.
 */
import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
  X509Certificate,
} from "node:crypto";
import {
  type BaseBlock as Block,
  BitString,
  Boolean as Asn1Boolean,
  Constructed,
  fromBER,
  GeneralizedTime,
  Integer,
  ObjectIdentifier,
  OctetString,
  Primitive,
  Sequence,
  Set as Asn1Set,
  UTCTime,
  Utf8String,
} from "asn1js";
import { addressBytes } from "./address_bytes.ts";

const CURVE = "P-256";
/** Clocks of two machines may differ by this much before a fresh certificate is refused. */
export const CLOCK_SKEW_MS = 5 * 60_000;
/** RFC 5280 allows 20 octets; 16 random ones never repeat. */
const SERIAL_NUMBER_BYTES = 16;
/** From here on times are GeneralizedTime (RFC 5280, 4.1.2.5). */
const GENERALIZED_TIME_FROM_YEAR = 2050;
const CONTEXT_SPECIFIC = 3;
/** Of TBSCertificate: version 3. */
const VERSION_3 = 2;

const OID = {
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAlternativeName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  extendedKeyUsage: "2.5.29.37",
  server: "1.3.6.1.5.5.7.3.1",
  client: "1.3.6.1.5.5.7.3.2",
} as const;
/** Bits of KeyUsage from the left, and how many at the right are no part of it. */
const DIGITAL_SIGNATURE = { bits: 0b1000_0000, unused: 7 };
const CERTIFICATE_AND_CRL_SIGN = { bits: 0b0000_0110, unused: 1 };
/** Tags of GeneralName. */
const DNS_NAME = 2;
const IP_ADDRESS = 7;

/** Of TBSCertificate with a version, as every one of version 3 has. */
const SUBJECT_POSITION = 5;

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

/** Whom a certificate is of. */
export interface Subject {
  commonName: string;
  /** Kubernetes reads the groups of a client certificate here. */
  organization?: string;
}

export interface LeafRequest extends Subject {
  usage: "server" | "client";
  names?: SubjectAlternativeNames;
  validity: Validity;
}

/** Makes a self-signed authority that signs leaves alone. @param subject its common name, or the certificate that it has the whole name of */
export function createAuthority(
  subject: string | { of: string },
  validity: Validity,
): KeyPairPem {
  const { privateKey, publicKey } = generateKeyPair();
  const name = typeof subject === "string"
    ? nameOf({ commonName: subject })
    : subjectOf(subject.of);
  const publicKeyDer = spki(publicKey);
  const certificate = signCertificate({
    subject: name,
    issuer: name,
    validity,
    publicKeyDer,
    signingKey: privateKey,
    extensions: [
      extension(OID.basicConstraints, sequence(new Asn1Boolean({ value: true }), integer(0)), true),
      extension(OID.keyUsage, flags(CERTIFICATE_AND_CRL_SIGN), true),
      extension(OID.subjectKeyIdentifier, octets(keyIdentifier(publicKeyDer))),
    ],
  });
  return { certificate, key: pkcs8(privateKey) };
}

/** Issues a leaf with a key of its own. */
export function issueLeaf(authority: KeyPairPem, request: LeafRequest): KeyPairPem {
  const { privateKey, publicKey } = generateKeyPair();
  const certificate = signLeaf(authority, { ...request, publicKeyDer: spki(publicKey) });
  return { certificate, key: pkcs8(privateKey) };
}

/** Signs somebody's key. @param request with the SubjectPublicKeyInfo */
export function signLeaf(
  authority: KeyPairPem,
  request: LeafRequest & { publicKeyDer: Uint8Array },
): string {
  const names = generalNames(request.names ?? {});
  return signCertificate({
    subject: nameOf(request),
    issuer: subjectOf(authority.certificate),
    validity: request.validity,
    publicKeyDer: request.publicKeyDer,
    signingKey: createPrivateKey(authority.key),
    extensions: [
      extension(OID.basicConstraints, sequence(), true),
      extension(OID.keyUsage, flags(DIGITAL_SIGNATURE), true),
      extension(OID.extendedKeyUsage, sequence(oid(OID[request.usage]))),
      ...(names.length === 0 ? [] : [extension(OID.subjectAlternativeName, sequence(...names))]),
    ],
  });
}

/** When a certificate is valid. Throws a TypeError when the text is not one. */
export function readValidity(pem: string): Validity {
  const { validFromDate, validToDate } = parseCertificate(pem);
  return { notBefore: validFromDate, notAfter: validToDate };
}

/** True when `pem` carries a signature by the key of the authority, ECDSA with SHA-256. Says nothing about time. */
export function isSignedBy(pem: string, authorityPem: string): boolean {
  const [toBeSigned, , signature] = partsOf(parseDer(derOf(pem)));
  if (!(toBeSigned instanceof Sequence && signature instanceof BitString)) return false;
  const { publicKey } = parseCertificate(authorityPem);
  const { valueHexView } = signature.valueBlock;
  return verify("sha256", toBeSigned.valueBeforeDecodeView, publicKey, valueHexView);
}

/** The certificates of a bundle, one PEM each, in order. */
export function splitBundle(bundle: string): string[] {
  return bundle.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
}

interface CertificateParts {
  subject: Block;
  issuer: Block;
  validity: Validity;
  publicKeyDer: Uint8Array;
  signingKey: KeyObject;
  extensions: readonly Sequence[];
}

/** RFC 5280, 4.1. */
function signCertificate(parts: CertificateParts): string {
  const { subject, issuer, validity, publicKeyDer, signingKey, extensions } = parts;
  const algorithm = () => sequence(oid(OID.ecdsaWithSha256));
  const toBeSigned = sequence(
    tagged(0, integer(VERSION_3)),
    new Integer({ valueHex: serialNumber() }),
    algorithm(),
    issuer,
    sequence(time(validity.notBefore), time(validity.notAfter)),
    subject,
    parseDer(publicKeyDer),
    tagged(3, sequence(...extensions)),
  );
  const valueHex = sign("sha256", new Uint8Array(toBeSigned.toBER()), signingKey);
  const certificate = sequence(toBeSigned, algorithm(), new BitString({ valueHex }));
  return pemOf(new Uint8Array(certificate.toBER()));
}

function generateKeyPair(): { privateKey: KeyObject; publicKey: KeyObject } {
  return generateKeyPairSync("ec", { namedCurve: CURVE });
}

function spki(publicKey: KeyObject): Uint8Array {
  return publicKey.export({ type: "spki", format: "der" });
}

function pkcs8(privateKey: KeyObject): string {
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString().trim();
}

/** RFC 5280, 4.2.1.2, the first way: a hash of the key's bits. Nobody but us compares it, so it may be of all that says the key. */
function keyIdentifier(publicKeyDer: Uint8Array): Uint8Array {
  return createHash("sha1").update(publicKeyDer).digest();
}

function parseCertificate(text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (cause) {
    throw new TypeError("Cannot read certificate: the text is no PEM certificate", { cause });
  }
}

/** As it stands in the certificate: chains are built by comparing it. */
function subjectOf(certificate: string): Block {
  const [toBeSigned] = partsOf(parseDer(derOf(certificate)));
  const subject = partsOf(toBeSigned)[SUBJECT_POSITION];
  if (subject === undefined) throw new TypeError("Cannot read certificate: it has no subject");
  return subject;
}

function nameOf({ commonName, organization }: Subject): Sequence {
  const attribute = (type: string, value: string) =>
    new Asn1Set({ value: [sequence(oid(type), new Utf8String({ value }))] });
  return sequence(
    ...(organization === undefined ? [] : [attribute(OID.organization, organization)]),
    attribute(OID.commonName, commonName),
  );
}

function generalNames({ dns = [], ip = [] }: SubjectAlternativeNames): Primitive[] {
  const name = (tagNumber: number, valueHex: Uint8Array) =>
    new Primitive({ idBlock: { tagClass: CONTEXT_SPECIFIC, tagNumber }, valueHex });
  return [
    ...dns.map((value) => name(DNS_NAME, new TextEncoder().encode(value))),
    ...ip.map((value) => name(IP_ADDRESS, addressBytes(value))),
  ];
}

function extension(id: string, value: Block, critical = false): Sequence {
  return sequence(
    oid(id),
    ...(critical ? [new Asn1Boolean({ value: true })] : []),
    octets(new Uint8Array(value.toBER())),
  );
}

function time(date: Date): UTCTime | GeneralizedTime {
  const valueDate = new Date(Math.floor(date.getTime() / 1000) * 1000);
  return valueDate.getUTCFullYear() < GENERALIZED_TIME_FROM_YEAR
    ? new UTCTime({ valueDate })
    : new GeneralizedTime({ valueDate });
}

function flags({ bits, unused }: { bits: number; unused: number }): BitString {
  return new BitString({ valueHex: Uint8Array.of(bits), unusedBits: unused });
}

function serialNumber(): Uint8Array {
  const bytes = randomBytes(SERIAL_NUMBER_BYTES);
  bytes[0] = (bytes[0] ?? 0) & 0x7f | 0x40; // positive, and no leading zero octet
  return bytes;
}

function sequence(...value: Block[]): Sequence {
  return new Sequence({ value });
}

function tagged(tagNumber: number, value: Block): Constructed {
  return new Constructed({ idBlock: { tagClass: CONTEXT_SPECIFIC, tagNumber }, value: [value] });
}

function integer(value: number): Integer {
  return new Integer({ value });
}

function oid(value: string): ObjectIdentifier {
  return new ObjectIdentifier({ value });
}

function octets(valueHex: Uint8Array): OctetString {
  return new OctetString({ valueHex });
}

function partsOf(block: Block | undefined): Block[] {
  return block instanceof Constructed ? block.valueBlock.value : [];
}

function parseDer(der: Uint8Array): Block {
  const { offset, result } = fromBER(der);
  if (offset === der.length) return result;
  throw new TypeError(`Cannot read DER: ${result.error || "something follows it"}`);
}

function pemOf(der: Uint8Array): string {
  const lines = der.toBase64().match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----"].join("\n");
}

/** Of the first certificate in the text. Deno 2.6's `X509Certificate` has neither `raw` nor `verify`. */
function derOf(text: string): Uint8Array {
  const [certificate] = splitBundle(text);
  if (certificate === undefined) {
    throw new TypeError("Cannot read certificate: the text is no PEM certificate");
  }
  return Uint8Array.fromBase64(certificate.replace(/-----.*-----/g, ""));
}
