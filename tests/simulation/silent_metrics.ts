/** Metrics that count nothing: nobody reads those of a schedule, and making them costs more than starting a process. */
import { Counter, Gauge, Histogram, MetricsRegistry } from "../../src/runtime/metrics.ts";

class SilentCounter extends Counter {
  override init(): void {}
  override inc(): void {}
}

class SilentGauge extends Gauge {
  override init(): void {}
  override set(): void {}
  override add(): void {}
}

class SilentHistogram extends Histogram {
  override init(): void {}
  override observe(): void {}
}

const COUNTER = new SilentCounter("none", "", []);
const GAUGE = new SilentGauge("none", "", []);
const HISTOGRAM = new SilentHistogram("none", "", [], []);

class SilentMetrics extends MetricsRegistry {
  override counter(): Counter {
    return COUNTER;
  }
  override gauge(): Gauge {
    return GAUGE;
  }
  override histogram(): Histogram {
    return HISTOGRAM;
  }
}

export const METRICS: MetricsRegistry = new SilentMetrics();
