import assert from "node:assert/strict";
import fc from "fast-check";
import {
  formatBytes,
  formatMilliCpu,
  parseBytes,
  parseMilliCpu,
  parseQuantity,
} from "./quantity.ts";
import { Quantity } from "./quantity_schema.ts";

const AMOUNTS: readonly (readonly [Quantity, bigint])[] = [
  [0, 0n],
  [4, 4n],
  ["4", 4n],
  ["+4", 4n],
  ["-4", -4n],
  ["1Ki", 1024n],
  ["1k", 1000n],
  ["1.5Gi", 1610612736n],
  [".5Mi", 524288n],
  ["2.M", 2000000n],
  ["1e3", 1000n],
  ["1E3", 1000n],
  ["1E", 10n ** 18n],
  ["1Ei", 2n ** 60n],
  ["12e-1", 2n],
  ["100m", 1n],
  ["-100m", -1n],
  ["1n", 1n],
  ["0.000", 0n],
  [1e21, 10n ** 21n],
];

for (const [quantity, bytes] of AMOUNTS) {
  Deno.test(`parseQuantity(${JSON.stringify(quantity)}) is ${bytes}`, () => {
    assert.equal(parseQuantity(quantity), bytes);
  });
}

for (
  const text of ["", " 1", "1 Gi", "Gi", ".", "1GiB", "1K", "0x10", "1e", "1e1.5", "1e31", "١"]
) {
  Deno.test(`parseQuantity(${JSON.stringify(text)}) names the grammar`, () => {
    assert.throws(() => parseQuantity(text), (error) => {
      assert.ok(error instanceof RangeError);
      assert.match(error.message, /^Cannot parse quantity: must be a number .*: got "/);
      assert.ok(error.message.endsWith(JSON.stringify(text)));
      return true;
    });
  });
}

Deno.test("parseBytes() refuses what a number cannot hold", () => {
  assert.equal(parseBytes("7Pi"), 7 * 2 ** 50);
  assert.throws(() => parseBytes("1Ei"), /Cannot use quantity: .*: got "1Ei"/);
});

const CPUS: readonly (readonly [Quantity, number])[] = [
  [2, 2000],
  ["1.5", 1500],
  ["100m", 100],
  ["0.1", 100],
  ["1u", 1],
  ["2k", 2_000_000],
];

for (const [quantity, milliCpu] of CPUS) {
  Deno.test(`parseMilliCpu(${JSON.stringify(quantity)}) is ${milliCpu}`, () => {
    assert.equal(parseMilliCpu(quantity), milliCpu);
  });
}

Deno.test("formatBytes() uses the largest suffix that loses nothing", () => {
  const cases: readonly (readonly [bigint | number, string])[] = [
    [0, "0"],
    [1000, "1000"],
    [512 * 1024 ** 2, "512Mi"],
    [1536 * 1024 ** 2, "1536Mi"],
    [1024, "1Ki"],
    [-2048, "-2Ki"],
    [2n ** 70n, "1024Ei"],
  ];
  for (const [bytes, text] of cases) assert.equal(formatBytes(bytes), text);
});

Deno.test("formatBytes() is undone by parseQuantity()", () => {
  fc.assert(fc.property(fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }), (bytes) => {
    assert.equal(parseQuantity(formatBytes(bytes)), bytes);
  }));
});

Deno.test("formatMilliCpu() is undone by parseMilliCpu()", () => {
  fc.assert(fc.property(fc.integer({ min: 0 }), (milliCpu) => {
    assert.equal(parseMilliCpu(formatMilliCpu(milliCpu)), milliCpu);
  }));
});

/** Every text of the grammar without a fractional exponent, which Kubernetes does not parse either. */
const quantityText = fc.tuple(
  fc.constantFrom("", "+", "-"),
  fc.stringMatching(/^([0-9]{1,12}(\.[0-9]{0,6})?|\.[0-9]{1,6})$/),
  fc.constantFrom(..."Ki Mi Gi Ti Pi Ei n u m k M G T P E e3 E-3 e+2".split(" "), ""),
).map((parts) => parts.join(""));

Deno.test("parseQuantity() accepts whatever the schema accepts", () => {
  fc.assert(fc.property(quantityText, (text) => {
    assert.ok(Quantity.safeParse(text).success, text);
    assert.equal(typeof parseQuantity(text), "bigint");
  }));
});

Deno.test("parseQuantity() accepts nothing that the schema refuses", () => {
  fc.assert(fc.property(fc.stringMatching(/^[-+.0-9eEKMGimnk ]{0,8}$/), (text) => {
    if (Quantity.safeParse(text).success) return;
    assert.throws(() => parseQuantity(text), RangeError);
  }));
});

Deno.test("parseQuantity() keeps the order of amounts", () => {
  fc.assert(fc.property(fc.nat(), fc.nat(), (a, b) => {
    assert.equal(
      parseQuantity(`${a}m`) <= parseQuantity(`${b}m`),
      Math.ceil(a / 1000) <= Math.ceil(b / 1000),
    );
  }));
});

Deno.test("Quantity explains its grammar", () => {
  for (const value of ["1GiB", null, true]) {
    const message = Quantity.safeParse(value).error?.issues[0]?.message ?? "";
    assert.match(message, /^Invalid quantity: must be a number /);
    assert.ok(message.endsWith(`: got ${JSON.stringify(value)}`));
  }
});
