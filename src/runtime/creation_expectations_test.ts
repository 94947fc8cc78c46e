import assert from "node:assert/strict";
import { CreationExpectations, EXPECTATION_AGE_MS_MAX } from "./creation_expectations.ts";
import { FakeClock } from "./fake_clock.ts";

Deno.test("CreationExpectations are pending until as many objects were seen", () => {
  const expectations = new CreationExpectations({ clock: new FakeClock() });
  assert.equal(expectations.state("vmi"), "none");
  expectations.expect("vmi");
  expectations.expect("vmi");
  expectations.settle("vmi");
  assert.equal(expectations.state("vmi"), "pending");
  expectations.settle("vmi");
  expectations.settle("vmi");
  assert.equal(expectations.state("vmi"), "none");
  assert.equal(expectations.size, 0);
});

Deno.test("CreationExpectations become overdue rather than block for ever", () => {
  const clock = new FakeClock();
  const expectations = new CreationExpectations({ clock });
  expectations.expect("vmi");
  clock.advance(EXPECTATION_AGE_MS_MAX);
  assert.equal(expectations.state("vmi"), "overdue");
  expectations.forget("vmi");
  assert.equal(expectations.state("vmi"), "none");
});
