import assert from "node:assert/strict";
import {
  formatImageReference,
  isLoopbackRegistry,
  parseImageReference,
} from "./image_reference.ts";

const DIGEST = `sha256:${"0a".repeat(32)}`;
const ROWS: [text: string, expected: string | undefined][] = [
  ["debian", "docker.io/library/debian:latest"],
  ["debian:12", "docker.io/library/debian:12"],
  ["quay.io/containerdisks/fedora:42", "quay.io/containerdisks/fedora:42"],
  ["kubevirt/cirros", "docker.io/kubevirt/cirros:latest"],
  ["localhost/x", "localhost/x:latest"],
  ["127.0.0.1:5000/a/b:c", "127.0.0.1:5000/a/b:c"],
  ["127.0.0.1:5000/a", "127.0.0.1:5000/a:latest"],
  [`quay.io/a/b@${DIGEST}`, `quay.io/a/b@${DIGEST}`],
  [`quay.io/a/b:tag@${DIGEST}`, `quay.io/a/b@${DIGEST}`],
  ["", undefined],
  ["Debian", undefined],
  ["quay.io/../etc", undefined],
  ["quay.io//b", undefined],
  ["quay.io/a:b c", undefined],
  ["-flag", undefined],
  ["quay.io/a@sha256:0a", undefined],
  [`quay.io/a@${DIGEST}@${DIGEST}`, undefined],
  ["a".repeat(600), undefined],
];

for (const [text, expected] of ROWS) {
  Deno.test(`parseImageReference() of ${text.slice(0, 40)}`, () => {
    const parsed = parseImageReference(text);
    assert.equal(parsed === undefined ? undefined : formatImageReference(parsed), expected);
  });
}

Deno.test("isLoopbackRegistry() of this machine's registries", () => {
  const of = (text: string) => isLoopbackRegistry(parseImageReference(text)!);
  assert.deepEqual(
    ["127.0.0.1:5000/a", "localhost:5000/a", "127.example.org/a", "quay.io/a"].map(of),
    [true, true, false, false],
  );
});
