import assert from "node:assert/strict";
import { MetricsRegistry, SERIES_MAX } from "./metrics.ts";

Deno.test("MetricsRegistry.render() writes Prometheus text", () => {
  const registry = new MetricsRegistry();
  registry.counter("jobs_total", "Jobs", ["kind"]).inc({ kind: 'a"b\\c\n' }, 2);
  registry.gauge("depth", "Depth").set(-1);
  const histogram = registry.histogram("seconds", "Time", [], [0.1, 1]);
  for (const value of [0.05, 0.1, 0.5, 7]) histogram.observe(value);
  assert.equal(
    registry.render(),
    `# HELP jobs_total Jobs
# TYPE jobs_total counter
jobs_total{kind="a\\"b\\\\c\\n"} 2
# HELP depth Depth
# TYPE depth gauge
depth -1
# HELP seconds Time
# TYPE seconds histogram
seconds_bucket{le="0.1"} 2
seconds_bucket{le="1"} 3
seconds_bucket{le="+Inf"} 4
seconds_sum 7.65
seconds_count 4
`,
  );
});

Deno.test("Counter.init() makes a series exist at 0", () => {
  const registry = new MetricsRegistry();
  registry.counter("errors_total", "Errors", ["code"]).init({ code: "500" });
  assert.ok(registry.render().includes('errors_total{code="500"} 0\n'));
});

Deno.test("MetricsRegistry gives the same metric for the same name and refuses another shape", () => {
  const registry = new MetricsRegistry();
  const counter = registry.counter("x_total", "X", ["a"]);
  assert.equal(registry.counter("x_total", "X", ["a"]), counter);
  assert.throws(() => registry.counter("x_total", "X", ["b"]), TypeError);
  assert.throws(() => registry.gauge("x_total", "X", ["a"]), TypeError);
});

Deno.test("Counter.inc() refuses labels that were not declared", () => {
  const counter = new MetricsRegistry().counter("x_total", "X", ["a"]);
  assert.throws(() => counter.inc({}), TypeError);
});

Deno.test("Counter keeps a bounded number of series", () => {
  const registry = new MetricsRegistry();
  const counter = registry.counter("x_total", "X", ["name"]);
  for (let i = 0; i < SERIES_MAX + 10; i++) counter.inc({ name: `${i}` });
  assert.equal(registry.render().match(/^x_total/gm)?.length, SERIES_MAX);
  assert.ok(registry.render().includes("# x_total: 10 updates dropped"));
});
