import "reflect-metadata";
import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate as PeculiarCertificate,
} from "@peculiar/x509";
import { addressBytes } from "./address_bytes.ts";
import { createAuthority, isSignedBy, issueLeaf, readValidity, splitBundle } from "./x509.ts";

const VALIDITY = {
  notBefore: new Date("2026-01-01T00:00:00Z"),
  notAfter: new Date("2036-12-31T23:59:59Z"),
};
const authority = createAuthority("ca of a test", VALIDITY);

Deno.test("createAuthority() makes what another implementation reads as one that signs leaves alone", async () => {
  const seen = new PeculiarCertificate(authority.certificate);
  assert.equal(seen.subject, "CN=ca of a test");
  assert.equal(seen.issuer, seen.subject);
  assert.deepEqual([seen.notBefore, seen.notAfter], [VALIDITY.notBefore, VALIDITY.notAfter]);
  assert.match(seen.serialNumber, /^[4-7][0-9a-f]{31}$/);
  const { ca, pathLength, critical } = seen.getExtension(BasicConstraintsExtension)!;
  assert.deepEqual({ ca, pathLength, critical }, { ca: true, pathLength: 0, critical: true });
  const usages = seen.getExtension(KeyUsagesExtension)!;
  assert.equal(usages.usages, KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign);
  assert.ok(usages.critical);
  assert.match(seen.getExtension(SubjectKeyIdentifierExtension)!.keyId, /^[0-9a-f]{40}$/);
  assert.ok(await seen.verify());
  const own = new X509Certificate(authority.certificate);
  assert.ok(own.ca && own.checkPrivateKey(createPrivateKey(authority.key)));
});

Deno.test("issueLeaf() makes what another implementation reads as asked for", async () => {
  const leaf = issueLeaf(authority, {
    commonName: "näme, O=system:masters",
    organization: "system:nodes",
    usage: "server",
    names: { dns: ["localhost", "a.b.svc"], ip: ["127.0.0.1", "fd00::1", "::ffff:10.0.0.1"] },
    validity: VALIDITY,
  });
  const seen = new PeculiarCertificate(leaf.certificate);
  assert.deepEqual(seen.subjectName.getField("CN"), ["näme, O=system:masters"]);
  assert.deepEqual(seen.subjectName.getField("O"), ["system:nodes"]);
  assert.equal(seen.issuer, "CN=ca of a test");
  const { ca, critical } = seen.getExtension(BasicConstraintsExtension)!;
  assert.deepEqual({ ca, critical }, { ca: false, critical: true });
  assert.equal(seen.getExtension(KeyUsagesExtension)!.usages, KeyUsageFlags.digitalSignature);
  assert.deepEqual([...seen.getExtension(ExtendedKeyUsageExtension)!.usages], [
    "1.3.6.1.5.5.7.3.1",
  ]);
  const names = seen.getExtension(SubjectAlternativeNameExtension)!.names.items;
  assert.deepEqual(names.map(({ type, value }) => [type, value]), [
    ["dns", "localhost"],
    ["dns", "a.b.svc"],
    ["ip", "127.0.0.1"],
    ["ip", "fd00::1"],
    ["ip", "::ffff:a00:1"],
  ]);
  const issuer = new PeculiarCertificate(authority.certificate);
  assert.ok(await seen.verify({ publicKey: issuer, signatureOnly: true }));
  const own = new X509Certificate(leaf.certificate);
  assert.ok(own.checkIssued(new X509Certificate(authority.certificate)));
  assert.ok(own.checkPrivateKey(createPrivateKey(leaf.key)));
});

Deno.test("issueLeaf() leaves out the names that there are none of, and tells clients from servers", () => {
  const { certificate } = issueLeaf(authority, {
    commonName: "c",
    usage: "client",
    validity: VALIDITY,
  });
  const seen = new PeculiarCertificate(certificate);
  assert.equal(seen.getExtension(SubjectAlternativeNameExtension), null);
  assert.deepEqual([...seen.getExtension(ExtendedKeyUsageExtension)!.usages], [
    "1.3.6.1.5.5.7.3.2",
  ]);
});

Deno.test("isSignedBy() goes by the key, not by the name", () => {
  const { certificate } = issueLeaf(authority, {
    commonName: "c",
    usage: "client",
    validity: VALIDITY,
  });
  const stranger = createAuthority({ of: authority.certificate }, VALIDITY);
  const [own, other] = [authority, stranger].map((each) => new X509Certificate(each.certificate));
  assert.equal(other!.subject, own!.subject);
  assert.ok(isSignedBy(certificate, authority.certificate));
  assert.ok(!isSignedBy(certificate, stranger.certificate));
});

Deno.test("readValidity() reads years before and after 2050, to the second", () => {
  const rows = [["2026-11-29T01:02:03Z", "2049-12-31T23:59:59Z"], [
    "2050-01-01T00:00:00Z",
    "2076-01-01T00:00:00Z",
  ]];
  for (const [from, to] of rows) {
    const validity = { notBefore: new Date(from!), notAfter: new Date(to!) };
    assert.deepEqual(readValidity(createAuthority("ca", validity).certificate), validity);
    const seen = new PeculiarCertificate(createAuthority("ca", validity).certificate);
    assert.deepEqual([seen.notBefore, seen.notAfter], [validity.notBefore, validity.notAfter]);
  }
  for (const text of ["", "nonsense", authority.certificate.slice(0, 200)]) {
    assert.throws(() => readValidity(text), TypeError, text);
  }
});

Deno.test("splitBundle() finds each certificate", () => {
  const other = createAuthority("other", VALIDITY).certificate;
  assert.deepEqual(splitBundle(`${authority.certificate}\n# other\n${other}\n`), [
    authority.certificate,
    other,
  ]);
});

Deno.test("addressBytes() gives the octets of an address", () => {
  const rows: [string, string][] = [
    ["127.0.0.1", "7f000001"],
    ["::", "0".repeat(32)],
    ["::1", `${"0".repeat(31)}1`],
    ["fd00::", `fd00${"0".repeat(28)}`],
    ["2001:db8::1:0:0:2", "20010db8000000000001000000000002"],
    ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
    ["::ffff:10.0.0.1", "00000000000000000000ffff0a000001"],
  ];
  for (const [address, hex] of rows) assert.equal(addressBytes(address).toHex(), hex, address);
  for (const text of ["", "localhost", "1.2.3", "fe80::1%eth0", "1:2"]) {
    assert.throws(() => addressBytes(text), TypeError, text);
  }
});
