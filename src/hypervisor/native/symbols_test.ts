import assert from "node:assert/strict";
import { ABI_VERSION, STATUS, symbols } from "./symbols.ts";

const header = await Deno.readTextFile(new URL("../../../ffi/abi.h", import.meta.url));

/** What a C type of the header is to Deno. */
const TYPES: Record<string, string> = {
  "uint32_t": "u32",
  "int32_t": "i32",
  "uint64_t": "u64",
};

function typeOf(declaration: string): string {
  if (declaration.includes("*")) return "buffer";
  const [name] = declaration.trim().split(/\s+/);
  const type = TYPES[name!];
  assert.ok(type, `unknown C type in abi.h: ${declaration}`);
  return type;
}

function declarations(): Record<string, { parameters: string[]; result: string }> {
  const found: Record<string, { parameters: string[]; result: string }> = {};
  const text = header.replaceAll(/\/\*[\s\S]*?\*\//g, "");
  for (const match of text.matchAll(/^(\w+) (shim_\w+)\(([^)]*)\);/gm)) {
    const [, result, name, parameters] = match;
    const list = parameters!.trim() === "void" ? [] : parameters!.split(",");
    found[name!] = { parameters: list.map(typeOf), result: typeOf(result!) };
  }
  return found;
}

function constant(name: string): number {
  const value = header.match(new RegExp(`#define ${name} (\\d+)`))?.[1];
  assert.ok(value !== undefined, `abi.h has no ${name}`);
  return Number(value);
}

Deno.test("symbols declare exactly what abi.h does", () => {
  const declared = Object.fromEntries(
    Object.entries(symbols).map(([name, { parameters, result }]) => [name, {
      parameters: [...parameters],
      result,
    }]),
  );
  assert.deepEqual(declared, declarations());
});

Deno.test("STATUS and ABI_VERSION are those of abi.h", () => {
  assert.equal(ABI_VERSION, constant("SHIM_ABI_VERSION"));
  assert.deepEqual(STATUS, {
    ok: constant("SHIM_OK"),
    error: constant("SHIM_ERROR"),
    pending: constant("SHIM_PENDING"),
    tooLarge: constant("SHIM_TOO_LARGE"),
    absent: constant("SHIM_ABSENT"),
    foreign: constant("SHIM_FOREIGN"),
  });
});
