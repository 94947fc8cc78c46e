import assert from "node:assert/strict";
import { AddressPool } from "./address_pool.ts";
import { parseIpv4Range } from "../../ipv4_range.ts";

const SMALL = parseIpv4Range("10.9.8.0/29")!;

Deno.test("AddressPool.take() gives each pod its own, and remembers it over a restart", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/addresses.json`;
    const pool = await AddressPool.open(path, SMALL);
    const taken = await Promise.all(["a", "b", "c"].map((uid) => pool.take(uid)));
    assert.deepEqual(taken, ["10.9.8.2", "10.9.8.3", "10.9.8.4"]);
    const next = await AddressPool.open(path, SMALL);
    assert.equal(await next.take("b"), "10.9.8.3");
    await next.giveBack("b");
    // Not at once to another: somebody may still send to it.
    assert.equal(await next.take("d"), "10.9.8.5");
    assert.equal(await next.take("e"), "10.9.8.6");
    assert.equal(await next.take("f"), "10.9.8.3");
    await assert.rejects(next.take("g"), /all 5 are in use/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("AddressPool.take() does not resolve before the address is kept, though keeping it has failed before", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/kept/addresses.json`;
    const pool = await AddressPool.open(path, SMALL);
    await assert.rejects(pool.take("a"), Deno.errors.NotFound);
    await assert.rejects(pool.take("a"), Deno.errors.NotFound);
    await Deno.mkdir(`${directory}/kept`);
    const address = await pool.take("a");
    const next = await AddressPool.open(path, SMALL);
    assert.equal(next.find("a"), address);
    await Deno.remove(`${directory}/kept`, { recursive: true });
    await assert.rejects(pool.giveBack("a"), Deno.errors.NotFound);
    await Deno.mkdir(`${directory}/kept`);
    await pool.giveBack("a");
    assert.equal((await AddressPool.open(path, SMALL)).find("a"), undefined);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("AddressPool.open() refuses a file that it cannot read", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${directory}/addresses.json`, "{");
    await assert.rejects(AddressPool.open(`${directory}/addresses.json`, SMALL), /must hold/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("parseIpv4Range() takes networks that pods fit in", () => {
  assert.deepEqual(parseIpv4Range("10.1.2.3/24"), { first: 0x0a010200, prefixLength: 24 });
  for (const text of ["10.0.0.0/31", "10.0.0.0/4", "10.0.0.256/24", "10.0.0.0", "x; y"]) {
    assert.equal(parseIpv4Range(text), undefined, text);
  }
});
